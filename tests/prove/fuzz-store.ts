// What stands in the store of the fuzzed server, table by table, so that a write that nobody was allowed is seen.
import { sql } from "kysely";
import { type Database, tablesOf } from "../../server/src/platform/database.ts";

/** By table: how many rows, and a checksum over all of them. */
export type Census = Readonly<Record<string, string>>;

/** Counts of what came in, over all devices: they grow with every message and belong to nobody. */
const tablesOfAll = new Set(["intake_count", "rollup_progress"]);

/**
 * Every table of the store without the rows of the named devices and of those that came through them as children of a
 * gateway: what they wrote is their own.
 */
export async function censusOf(database: Database, names: readonly string[]): Promise<Census> {
  const tables = tablesOf<unknown>(database);
  const { rows } = await sql<{ tableName: string; columns: string }>`
    select table_name, string_agg(column_name, ',') as columns from information_schema.columns
    where table_schema = 'public' group by table_name order by table_name`.execute(tables);
  const census: Record<string, string> = {};
  for (const { tableName, columns } of rows) {
    if (tablesOfAll.has(tableName)) continue;
    const foreign = conditionOf(tableName, new Set(columns.split(",")));
    const { rows: counted } = await sql<{ count: string; checksum: string | null }>`
      with own as (
        select id from device where name = any(${[...names]}::text[])
          or gateway_id in (select id from device where name = any(${[...names]}::text[]))
      )
      select count(*) as count, md5(string_agg(line, '' order by line)) as checksum
      from (select md5(one::text) as line from ${sql.table(tableName)} as one where ${sql.raw(foreign)}) as lines`.execute(
      tables,
    );
    census[tableName] = `${counted[0]?.count} rows, ${counted[0]?.checksum ?? "none"}`;
  }
  return census;
}

function conditionOf(table: string, columns: ReadonlySet<string>): string {
  if (table === "device") return "not exists (select 1 from own where own.id = one.id)";
  // A message of nobody would be foreign too.
  if (columns.has("device_id")) return "not exists (select 1 from own where own.id = one.device_id)";
  if (columns.has("series_id"))
    return "not exists (select 1 from series join own on own.id = series.device_id where series.id = one.series_id)";
  return "true";
}

/** The numbers that stand in the store under the key `n` of a device. */
export async function numbersStored(database: Database, name: string): Promise<readonly number[]> {
  const { rows } = await sql<{ number: number }>`
    select reading.number from reading join series on series.id = reading.series_id
    join device on device.id = series.device_id
    where device.name = ${name} and series.key = 'n'`.execute(tablesOf<unknown>(database));
  return rows.map(({ number }) => Number(number));
}

export async function countSeries(database: Database): Promise<number> {
  const { rows } = await sql<{ count: string }>`select count(*) as count from series`.execute(
    tablesOf<unknown>(database),
  );
  return Number(rows[0]?.count ?? 0);
}
