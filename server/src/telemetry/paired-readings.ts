// Pairs of numeric series of one device that belong together by instant, as a latitude and a longitude do.
import { sql } from "kysely";
import { type Database, tablesOf } from "../platform/database.ts";
import { int4Array } from "../platform/wire-arrays.ts";

export interface SeriesPair {
  readonly deviceId: number;
  readonly firstSeriesId: number;
  readonly secondSeriesId: number;
}

/** Both readings of one instant; of several values of one instant the last that came. */
export interface PairedReading {
  readonly deviceId: number;
  readonly observedAt: number;
  readonly first: number;
  readonly second: number;
}

export interface PairedReadings {
  /**
   * Of each device the first of `keyPairs` that it has both numeric series of, by device id; of all devices, or of one.
   */
  pairs(
    keyPairs: readonly (readonly [first: string, second: string])[],
    deviceId?: number,
  ): Promise<readonly SeriesPair[]>;
  /**
   * The newest instants of each pair at which both were read, newest first, at most `instantsPerPair`; looked for among the
   * newest `lookBack` readings of the first series. One statement for all pairs.
   */
  newest(
    pairs: readonly SeriesPair[],
    options: { readonly lookBack: number; readonly instantsPerPair: number },
  ): Promise<readonly PairedReading[]>;
}

export function createPairedReadings({ database }: { readonly database: Database }): PairedReadings {
  const tables = tablesOf<unknown>(database);
  return {
    pairs: async (keyPairs, deviceId) => {
      // Spelled out, not passed: only then does the store see that the index over these keys fits.
      const keys = sql.join(keyPairs.flat().map((key) => sql.lit(key)));
      const wanted = sql.join(
        keyPairs.map(
          ([first, second], rank) => sql`(${sql.lit(rank)}, ${sql.lit(first)}, ${sql.lit(second)})`,
        ),
      );
      const ofDevice = deviceId === undefined ? sql`` : sql`and one.device_id = ${deviceId}`;
      const { rows } = await sql<SeriesPair>`
        select distinct on (one.device_id)
          one.device_id, one.id as first_series_id, other.id as second_series_id
        from (values ${wanted}) as wanted (rank, first_key, second_key)
        join series one on one.key = wanted.first_key
        join series other on other.device_id = one.device_id and other.key = wanted.second_key
        where one.key in (${keys}) and other.key in (${keys})
          and one.value_type = 'number' and other.value_type = 'number' ${ofDevice}
        order by one.device_id, wanted.rank`.execute(tables);
      return rows;
    },
    newest: async (pairs, { lookBack, instantsPerPair }) => {
      if (pairs.length === 0) return [];
      const { rows } = await sql<PairedReading>`
        select pair.device_id, found.observed_at, found.first, found.second
        from unnest(${int4Array(pairs, (pair) => pair.deviceId)}::int4[],
          ${int4Array(pairs, (pair) => pair.firstSeriesId)}::int4[],
          ${int4Array(pairs, (pair) => pair.secondSeriesId)}::int4[]) as pair (device_id, first_id, second_id)
        cross join lateral (
          select distinct on (one.observed_at) one.observed_at, one.number as first, other.number as second
          from (
            select observed_at, sequence, number from reading
            where series_id = pair.first_id and number is not null
            order by observed_at desc, sequence desc limit ${lookBack}
          ) one
          cross join lateral (
            select number from reading
            where series_id = pair.second_id and observed_at = one.observed_at and number is not null
            order by sequence desc limit 1
          ) other
          order by one.observed_at desc, one.sequence desc limit ${instantsPerPair}
        ) found
        order by pair.device_id, found.observed_at desc`.execute(tables);
      return rows;
    },
  };
}
