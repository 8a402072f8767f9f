// What must be so in any store that was restored, whatever was in it.
import { sql } from "kysely";
import { createGuard } from "../../server/src/guard/index.ts";
import { systemClock } from "../../server/src/platform/clock.ts";
import { type Connection, type Database, tablesOf } from "../../server/src/platform/database.ts";

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

interface IndexShape {
  readonly table: string;
  readonly name: string;
  readonly columns: readonly string[];
}

/** Each index must lead to as many rows as there are along the table. */
export async function indexFaults(database: Database): Promise<readonly string[]> {
  const { rows } = await sql<IndexShape>`
    select class.relname as "table", other.relname as name,
      array(select pg_get_indexdef(indexrelid, number, true) from generate_series(1, indnkeyatts) as number) as columns
    from pg_index join pg_class as class on class.oid = indrelid join pg_class as other on other.oid = indexrelid
    where class.relnamespace = current_schema()::regnamespace and class.relkind = 'r' and indpred is null
    order by 1, 2`.execute(tablesOf(database));
  return database.transaction(async (connection) => {
    const faults: string[] = [];
    for (const { table, name, columns } of rows) {
      const whole = await count(connection, `select count(*) from ${quoted(table)}`, "index");
      const order = columns.join(", ");
      const inOrder = `select count(*) from (select ${order} from ${quoted(table)} order by ${order} offset 0) as line`;
      const along = await count(connection, inOrder, "table");
      if (along !== whole)
        faults.push(`the index ${name} leads to ${along} of the ${whole} rows of ${table}`);
    }
    return faults;
  });
}

/** `forbidden`: which way the planner may not take. */
async function count(connection: Connection, text: string, forbidden: "index" | "table"): Promise<number> {
  const switches =
    forbidden === "index"
      ? {
          enable_seqscan: "on",
          enable_indexscan: "off",
          enable_indexonlyscan: "off",
          enable_bitmapscan: "off",
        }
      : { enable_seqscan: "off", enable_indexscan: "on", enable_bitmapscan: "off", enable_sort: "off" };
  const tables = tablesOf(connection);
  for (const [name, value] of Object.entries(switches))
    await sql`select set_config(${name}, ${value}, true)`.execute(tables);
  const { rows } = await sql.raw<{ count: string | number }>(text).execute(tables);
  return Number(rows[0]?.count ?? -1);
}

interface KeyShape {
  readonly table: string;
  readonly name: string;
  readonly other: string;
  readonly from: readonly string[];
  readonly to: readonly string[];
}

/** Foreign keys that point at nothing; sequences behind what they numbered. */
export async function integrityFaults(database: Database): Promise<readonly string[]> {
  const { rows: keys } = await sql<KeyShape>`
    select class.relname as "table", conname as name, other.relname as other,
      array(select attname::text from unnest(conkey) with ordinality as part (number, place)
        join pg_attribute on attrelid = conrelid and attnum = number order by place) as "from",
      array(select attname::text from unnest(confkey) with ordinality as part (number, place)
        join pg_attribute on attrelid = confrelid and attnum = number order by place) as "to"
    from pg_constraint join pg_class as class on class.oid = conrelid join pg_class as other on other.oid = confrelid
    where contype = 'f' and class.relnamespace = current_schema()::regnamespace order by 1, 2`.execute(
    tablesOf(database),
  );
  const faults: string[] = [];
  for (const { table, name, other, from, to } of keys) {
    const isSame = from.map((column, at) => `target.${quoted(to[at] ?? "")} = source.${quoted(column)}`);
    const isSet = from.map((column) => `source.${quoted(column)} is not null`);
    const { rows } = await sql
      .raw<{ count: string }>(
        `select count(*) from ${quoted(table)} as source where ${isSet.join(" and ")}
          and not exists (select from ${quoted(other)} as target where ${isSame.join(" and ")})`,
      )
      .execute(tablesOf(database));
    if (Number(rows[0]?.count ?? -1) !== 0)
      faults.push(`${name}: ${rows[0]?.count} rows of ${table} point at nothing`);
  }
  return [...faults, ...(await sequenceFaults(database))];
}

async function sequenceFaults(database: Database): Promise<readonly string[]> {
  const { rows } = await sql<{ table: string; column: string; sequence: string }>`
    select class.relname as "table", attname as "column",
      pg_get_serial_sequence(quote_ident(class.relname), attname) as sequence
    from pg_attribute join pg_class as class on class.oid = attrelid
    where class.relnamespace = current_schema()::regnamespace and attidentity <> '' and class.relkind = 'r'`.execute(
    tablesOf(database),
  );
  const faults: string[] = [];
  for (const { table, column, sequence } of rows) {
    const { rows: found } = await sql
      .raw<{ behind: boolean }>(
        `select coalesce((select max(${quoted(column)}) from ${quoted(table)}), 0) > last_value as behind from ${sequence}`,
      )
      .execute(tablesOf(database));
    if (found[0]?.behind !== false) faults.push(`the numbers of ${table} would be given again`);
  }
  return faults;
}

/** Minutes of rollups that are not what their readings make. */
export async function rollupFaults(database: Database): Promise<readonly string[]> {
  const { rows } = await sql<{ seriesId: number; beginsAt: number }>`
    with made as (
      select series_id, observed_at / 60000 * 60000 as begins_at, count(*) as count, min(number) as min, max(number) as max,
        sum(number) as sum
      from reading where number is not null group by 1, 2)
    select coalesce(made.series_id, kept.series_id) as series_id, coalesce(made.begins_at, kept.begins_at) as begins_at
    from made full join rollup_minute as kept on kept.series_id = made.series_id and kept.begins_at = made.begins_at
    where made.count is distinct from kept.count or made.min is distinct from kept.min or made.max is distinct from kept.max
      or abs(made.sum - kept.sum) > 1e-6 * greatest(1, abs(made.sum))
    limit 5`.execute(tablesOf(database));
  return rows.map(
    ({ seriesId, beginsAt }) => `minute ${beginsAt} of series ${seriesId} is not what its readings make`,
  );
}

export async function auditFaults(
  database: Database,
  { signingSecret, entriesMin }: { readonly signingSecret: string; readonly entriesMin: number },
): Promise<readonly string[]> {
  const { entryCount, firstBrokenSequence } = await createGuard({
    ...{ database, clock: systemClock, signingSecret },
  }).proveAudit();
  if (entryCount < entriesMin) return [`the audit chain has ${entryCount} entries, ${entriesMin} were made`];
  return firstBrokenSequence === null ? [] : [`the audit chain is broken at entry ${firstBrokenSequence}`];
}
