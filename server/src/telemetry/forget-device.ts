// A device leaves with everything it measured: at once for everybody who asks, and piece by piece for the disk.
import { type Kysely, sql } from "kysely";
import type { Clock } from "../platform/clock.ts";
import { type Database, tablesOf } from "../platform/database.ts";
import { int4Array } from "../platform/wire-arrays.ts";
import type { TelemetryTables } from "./tables.ts";

type Tables = Kysely<TelemetryTables>;

/** One statement takes some tens of milliseconds: on the embedded store everybody else waits meanwhile. */
const rowsPerDelete = 10_000;
/** Of one run; the next goes on. */
const deletesPerRunMax = 100;
const seriesPerPage = 200;
/** A batch that was on its way when the device left is stored by then; what it left is taken too. */
const settledAfterMs = 10 * 60_000;

/**
 * Notes every series of a device for removal, in the transaction that deletes the device, and ends its open alarms; answers
 * how many series there are. The lock keeps others from making one more meanwhile.
 *
 * Whoever locks several of these takes them in this order, so that nobody waits for another crosswise: what is known of the
 * device's connection (the intake and presence begin with it), the device, its alarms.
 */
export async function noteForRemoval(tables: Tables, deviceId: number, at: number): Promise<number> {
  await sql`select device_id from device_connection where device_id = ${deviceId} for update`.execute(tables);
  await sql`select id from device where id = ${deviceId} for update`.execute(tables);
  const { numAffectedRows } = await sql`
    insert into series_removal (series_id, noted_at) select id, ${at}::int8 from series where device_id = ${deviceId}
    on conflict (series_id) do nothing`.execute(tables);
  await tables
    .updateTable("alarm")
    .set({ endedAt: at, endLearnedAt: at })
    .where("deviceId", "=", deviceId)
    .where("endedAt", "is", null)
    .execute();
  return Number(numAffectedRows ?? 0n);
}

/**
 * One run of the recurring job: deletes what noted series left, in statements that are on disk one by one, so a crash costs
 * nothing. Answers how many rows it deleted, and whether nothing is left to delete for now.
 */
export async function removeForgotten(
  database: Database,
  clock: Clock,
  deletesMax = deletesPerRunMax,
): Promise<{ readonly rows: number; readonly isDone: boolean }> {
  const tables = tablesOf<TelemetryTables>(database);
  let rows = 0;
  let deletes = 0;
  for (let afterId = 0; ; ) {
    const page = await selectNoted(tables, afterId);
    const last = page.at(-1);
    if (last === undefined) return { rows, isDone: true };
    const ids = page.map((one) => one.seriesId);
    for (const table of [
      "reading",
      "rollup",
      "rollup_late",
      "series_gap",
      "latest",
      "anomaly",
      "anomaly_watch",
    ] as const) {
      for (let count = rowsPerDelete; count === rowsPerDelete; deletes += 1) {
        if (deletes >= deletesMax) return { rows, isDone: false };
        count = await deleteSome(tables, table, ids);
        rows += count;
      }
    }
    const settledAt = clock.now() - settledAfterMs;
    await tables
      .deleteFrom("seriesRemoval")
      .where("seriesId", "in", ids)
      .where("notedAt", "<=", settledAt)
      .execute();
    afterId = last.seriesId;
  }
}

/** When the rest of what is noted can go, in epoch milliseconds: a batch that was under way is stored by then; null for nothing. */
export async function nextRemovalAt(database: Database): Promise<number | null> {
  const row = await tablesOf<TelemetryTables>(database)
    .selectFrom("seriesRemoval")
    .select((select) => select.fn.min("notedAt").as("at"))
    .executeTakeFirst();
  return row?.at === null || row?.at === undefined ? null : Number(row.at) + settledAfterMs;
}

async function selectNoted(tables: Tables, afterId: number): Promise<readonly { seriesId: number }[]> {
  return tables
    .selectFrom("seriesRemoval")
    .select("seriesId")
    .where("seriesId", ">", afterId)
    .orderBy("seriesId")
    .limit(seriesPerPage)
    .execute();
}

async function deleteSome(tables: Tables, table: string, seriesIds: readonly number[]): Promise<number> {
  const { numAffectedRows } = await sql`
    delete from ${sql.table(table)} where ctid = any(array(
      select ctid from ${sql.table(table)}
      where series_id = any(${int4Array(seriesIds, (id) => id)}::int4[]) limit ${rowsPerDelete}))`.execute(
    tables,
  );
  return Number(numAffectedRows ?? 0n);
}
