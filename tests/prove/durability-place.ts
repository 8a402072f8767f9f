// Where the durability suite keeps its store, and what it reads back from it.
import { sql } from "kysely";
import { type Database, tablesOf } from "../../server/src/platform/database.ts";
import { openEmbedded } from "../../server/src/platform/embedded.ts";
import type { Log } from "../../server/src/platform/log.ts";
import { openPostgresql } from "../../server/src/platform/postgresql.ts";

export type Place =
  | { readonly kind: "embedded"; readonly directory: string }
  | { readonly kind: "postgresql"; readonly url: string };

export function openStore(place: Place, log: Log): Promise<Database> {
  return place.kind === "embedded"
    ? openEmbedded({ directory: place.directory, log })
    : openPostgresql({ url: place.url });
}

export const tokenOf = (index: number): string => `prove-durability-${index}`;

export interface StoredPoint {
  readonly device: string;
  readonly key: string;
  readonly observedAt: number;
  readonly sequence: number;
  readonly number: number;
}

const pageSize = 20_000;

/** Every reading of the store, page by page. */
export async function* readEverything(database: Database): AsyncGenerator<readonly StoredPoint[]> {
  let after = { seriesId: 0, observedAt: 0, sequence: -1 };
  for (;;) {
    const { rows } = await sql<StoredPoint & { readonly seriesId: number }>`
      select device.name as device, series.key, reading.series_id, observed_at, sequence, number
      from reading join series on series.id = reading.series_id join device on device.id = series.device_id
      where (reading.series_id, observed_at, sequence) > (${after.seriesId}, ${after.observedAt}, ${after.sequence})
      order by reading.series_id, observed_at, sequence limit ${pageSize}`.execute(tablesOf(database));
    const last = rows.at(-1);
    if (last === undefined) return;
    yield rows;
    after = last;
  }
}

/** Series whose derived state (the count of a follower, the latest value) does not agree with their readings. */
export async function findDisagreements(database: Database): Promise<readonly string[]> {
  const { rows } = await sql<{
    id: number;
    stored: number;
    counted: number | null;
    isLatest: boolean | null;
  }>`
    select series.id, stored, (setting.value)::int as counted, newest = array[latest.observed_at, latest.sequence] as is_latest
    from series
    join (
      select series_id, count(*) as stored, max(array[observed_at, sequence]) as newest from reading group by series_id
    ) as total on total.series_id = series.id
    left join setting on setting.key = 'count/' || series.id
    left join latest on latest.series_id = series.id
    where setting.value is null or (setting.value)::int <> stored
      or latest.series_id is null or newest <> array[latest.observed_at, latest.sequence]`.execute(
    tablesOf(database),
  );
  return rows.map(
    (row) =>
      `series ${row.id}: ${row.stored} readings stored, ${row.counted} counted, latest agrees: ${row.isLatest}`,
  );
}
