// What a copy of a PostgreSQL database consists of, asked of its catalogue. Names are quoted by the server itself.
import type pg from "pg";

/** Of the migrator: the level is in the header, and a restored store is migrated, not told that it was. */
const migratorTables = ["kysely_migration", "kysely_migration_lock"];
/** Stands in a database while it is restored; one that is found was left by a restore that died. */
export const unfinishedTable = "restore_unfinished";

export interface TableShape {
  readonly name: string;
  /** In the order of the table, without those that are computed. */
  readonly columns: readonly string[];
}

/** The tables of the current schema in the order of their names. */
export async function readTables(client: pg.ClientBase): Promise<readonly TableShape[]> {
  const { rows } = await client.query<TableShape>(
    `select class.relname as name, array_agg(attribute.attname::text order by attribute.attnum) as columns
    from pg_class as class join pg_attribute as attribute on attribute.attrelid = class.oid
    where class.relnamespace = current_schema()::regnamespace and class.relkind in ('r', 'p') and not class.relispartition
      and attribute.attnum > 0 and not attribute.attisdropped and attribute.attgenerated = ''
      and class.relname <> all ($1)
    group by class.relname order by class.relname`,
    [[...migratorTables, unfinishedTable]],
  );
  return rows;
}

/** Names of everything that stands in the current schema and would be in the way. */
export async function readOccupants(client: pg.ClientBase): Promise<readonly string[]> {
  const { rows } = await client.query<{ name: string }>(
    `select name from (
      select oid, relname as name from pg_class
      where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p', 'v', 'm', 'f', 'S')
      union all
      select oid, proname from pg_proc where pronamespace = current_schema()::regnamespace) as occupant
    where not exists (select from pg_depend where objid = occupant.oid and deptype in ('e', 'i', 'a'))
    order by name`,
  );
  return rows.map(({ name }) => name);
}

export async function readMigrations(client: pg.ClientBase): Promise<readonly string[]> {
  const { rows: found } = await client.query<{ isThere: boolean }>(
    `select to_regclass('kysely_migration') is not null as "isThere"`,
  );
  if (found[0]?.isThere !== true) return [];
  const { rows } = await client.query<{ name: string }>("select name from kysely_migration order by name");
  return rows.map(({ name }) => name);
}

export interface ForeignKey {
  readonly table: string;
  readonly name: string;
  readonly definition: string;
}

export async function readForeignKeys(client: pg.ClientBase): Promise<readonly ForeignKey[]> {
  const { rows } = await client.query<ForeignKey>(
    `select class.relname as table, conname as name, pg_get_constraintdef(pg_constraint.oid) as definition
    from pg_constraint join pg_class as class on class.oid = conrelid
    where contype = 'f' and conparentid = 0 and class.relnamespace = current_schema()::regnamespace
    order by 1, 2`,
  );
  return rows;
}

export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
export const listOf = (names: readonly string[]): string => names.map(quoted).join(", ");
