// A backup of PostgreSQL goes into an empty database: migrated to the level of the backup, filled in one transaction
// without its foreign keys, which are added again (and so proven) before the commit, then migrated on.
import type { Migration } from "kysely/migration";
import pg from "pg";
import { DomainError } from "../errors.ts";
import { openPostgresql } from "../postgresql.ts";
import { asStoreError } from "../store-errors.ts";
import { createChannel } from "./channel.ts";
import { type BackupEntry, type BackupFacts, damaged } from "./format.ts";
import { copyIn } from "./pg-copy.ts";
import type { DraftFile } from "./restore-place.ts";
import {
  type ForeignKey,
  listOf,
  quoted,
  readForeignKeys,
  readOccupants,
  readTables,
  type TableShape,
  unfinishedTable,
} from "./tables.ts";

const namesToldMax = 10;

export interface TableSide {
  openTable(entry: BackupEntry): DraftFile;
  /** After the last table: numbers go on where they were, every foreign key holds, committed, migrated to the present. */
  finish(sequences: NonNullable<BackupFacts["sequences"]>): Promise<void>;
  /** After everything else of the restore: the database is whole. */
  settled(): Promise<void>;
  /** Ends the connection; what was not settled is removed again. */
  close(): Promise<void>;
}

interface TableSideOptions {
  readonly url: string;
  /** Names of the migrations of the backup. */
  readonly level: readonly string[];
  readonly migrations: Readonly<Record<string, Migration>>;
}

/** @throws DomainError `state-forbids` when the database is not empty. */
export async function openTableSide(options: TableSideOptions): Promise<TableSide> {
  const client = new pg.Client({ connectionString: options.url });
  client.on("error", () => undefined);
  try {
    await client.connect();
    await takeEmpty(client);
    await migrateTo(options, options.level);
    await client.query("begin");
    const side = new FilledTables(client, options, await readTables(client), await readForeignKeys(client));
    await side.empty();
    return side;
  } catch (error) {
    await client.end().catch(() => undefined);
    throw error instanceof DomainError ? error : asStoreError(error);
  }
}

/** The mark comes before the first table and goes with the last step: what a death left is known by it. */
async function takeEmpty(client: pg.Client): Promise<void> {
  const found = await readOccupants(client);
  if (found.includes(unfinishedTable)) await removeEverything(client);
  else if (found.length > 0)
    throw new DomainError(
      "state-forbids",
      {
        en: `The database is not empty: ${shown(found)}. A restore overwrites nothing; make an empty database and name it in WAREMIND_DATABASE_URL.`,
        zh: `数据库不为空：${shown(found)}。恢复不会覆盖任何内容；请新建一个空数据库，并在 WAREMIND_DATABASE_URL 中指定。`,
      },
      { found: found.slice(0, namesToldMax) },
    );
  await client.query(`create table ${quoted(unfinishedTable)} ()`);
}

const shown = (names: readonly string[]): string =>
  names.length <= namesToldMax ? names.join(", ") : `${names.slice(0, namesToldMax).join(", ")}, …`;

/** Only in a database that bears the mark: everything in it came from a restore. */
async function removeEverything(client: pg.Client): Promise<void> {
  await client.query("begin");
  const { rows: functions } = await client.query<{ signature: string }>(
    `select oid::regprocedure::text as signature from pg_proc
    where pronamespace = current_schema()::regnamespace
      and not exists (select from pg_depend where objid = pg_proc.oid and deptype = 'e')`,
  );
  const { rows: tables } = await client.query<{ name: string; kind: string }>(
    `select relname as name, relkind as kind from pg_class
    where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p', 'v') and not relispartition
      and not exists (select from pg_depend where objid = pg_class.oid and deptype = 'e')`,
  );
  for (const { name, kind } of tables)
    await client.query(`drop ${kind === "v" ? "view" : "table"} if exists ${quoted(name)} cascade`);
  for (const { signature } of functions) await client.query(`drop function if exists ${signature} cascade`);
  await client.query("commit");
}

async function migrateTo({ url, migrations }: TableSideOptions, names: readonly string[]): Promise<void> {
  const database = await openPostgresql({ url });
  try {
    await database.migrate(
      Object.fromEntries(Object.entries(migrations).filter(([name]) => names.includes(name))),
    );
  } finally {
    await database.close();
  }
}

class FilledTables implements TableSide {
  readonly #client: pg.Client;
  readonly #options: TableSideOptions;
  readonly #tables: ReadonlyMap<string, TableShape>;
  readonly #foreignKeys: readonly ForeignKey[];
  #isSettled = false;

  constructor(
    client: pg.Client,
    options: TableSideOptions,
    tables: readonly TableShape[],
    foreignKeys: readonly ForeignKey[],
  ) {
    this.#client = client;
    this.#options = options;
    this.#tables = new Map(tables.map((table) => [table.name, table]));
    this.#foreignKeys = foreignKeys;
  }

  /** Without its keys and the rows that migrations made. */
  async empty(): Promise<void> {
    for (const { table, name } of this.#foreignKeys)
      await this.#client.query(`alter table ${quoted(table)} drop constraint ${quoted(name)}`);
    const names = [...this.#tables.keys()];
    if (names.length > 0) await this.#client.query(`truncate ${listOf(names)}`);
  }

  openTable({ name, columns }: BackupEntry): DraftFile {
    const shape = this.#tables.get(name);
    const isSame = JSON.stringify(shape?.columns) === JSON.stringify(columns);
    if (shape === undefined || !isSame)
      throw damaged(`its table ${name} has another shape than its schema.`, `其表 ${name} 与结构不符。`);
    const channel = createChannel();
    const text = `copy ${quoted(name)} (${listOf(shape.columns)}) from stdin`;
    const work = copyIn(this.#client, text, channel.pieces());
    // Whoever writes hears of it: the copy may end before its bytes do.
    work.catch((error: unknown) => channel.fail(error));
    return {
      write: (bytes) =>
        channel.write(bytes).catch((error: unknown) => {
          throw asStoreError(error);
        }),
      close: async () => {
        channel.end();
        await work.catch((error: unknown) => {
          throw asStoreError(error);
        });
      },
    };
  }

  async finish(sequences: NonNullable<BackupFacts["sequences"]>): Promise<void> {
    for (const { table, name, definition } of this.#foreignKeys)
      await this.#client.query(`alter table ${quoted(table)} add constraint ${quoted(name)} ${definition}`);
    for (const { name, value, isCalled } of sequences)
      await this.#client.query("select setval(quote_ident($1)::regclass, $2::bigint, $3)", [
        name,
        value,
        isCalled,
      ]);
    await this.#client.query("commit");
    await this.#client.query("analyze");
    await migrateTo(this.#options, Object.keys(this.#options.migrations));
  }

  async settled(): Promise<void> {
    await this.#client.query(`drop table ${quoted(unfinishedTable)}`);
    this.#isSettled = true;
  }

  async close(): Promise<void> {
    if (!this.#isSettled) await this.#undo().catch(() => undefined);
    await this.#client.end().catch(() => undefined);
  }

  async #undo(): Promise<void> {
    await this.#client.query("rollback");
    await removeEverything(this.#client);
  }
}
