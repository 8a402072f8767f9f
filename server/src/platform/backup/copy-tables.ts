// A copy of a PostgreSQL database while it works: every table as it was at one moment, from one snapshot.
import pg from "pg";
import { asStoreError } from "../store-errors.ts";
import type { BackupEvent, BackupHeader } from "./format.ts";
import { copyOut } from "./pg-copy.ts";
import { listOf, quoted, readMigrations, readTables } from "./tables.ts";

interface CopyHead {
  readonly product: string;
  /** Epoch milliseconds. */
  readonly createdAt: number;
}

/** Header, tables and facts. @throws DomainError `store-unavailable` */
export async function* copyTables(url: string, head: CopyHead): AsyncGenerator<BackupEvent> {
  const client = new pg.Client({ connectionString: url });
  // What breaks is told by the query that was under way.
  client.on("error", () => undefined);
  try {
    await client.connect();
    // Snapshot isolation for reading alone waits for nobody and lets nobody wait.
    await client.query("begin isolation level repeatable read, read only");
    yield { kind: "header", header: await readHeader(client, head) };
    for (const { name, columns } of await readTables(client)) {
      yield { kind: "entry", entry: { type: "table", name, columns: [...columns] } };
      const text = `copy (select ${listOf(columns)} from ${quoted(name)}) to stdout`;
      for await (const bytes of copyOut(client, text)) yield { kind: "data", bytes };
      yield { kind: "end" };
    }
    // Sequences know no snapshot: read last, they are never behind the rows.
    yield { kind: "facts", facts: { sequences: await readSequences(client) } };
  } catch (error) {
    throw asStoreError(error);
  } finally {
    // Also breaks off a copy that nobody reads to its end.
    await client.end().catch(() => undefined);
  }
}

async function readHeader(client: pg.Client, head: CopyHead): Promise<BackupHeader> {
  const { rows } = await client.query<{ version: string; bytes: string }>(
    `select current_setting('server_version') as version, coalesce((
      select sum(pg_table_size(oid)) from pg_class
      where relkind = 'r' and relnamespace = current_schema()::regnamespace), 0) as bytes`,
  );
  return {
    format: 1,
    product: head.product,
    engine: "postgresql",
    engineVersion: rows[0]?.version ?? "",
    createdAt: head.createdAt,
    migrations: [...(await readMigrations(client))],
    bytesExpected: Number(rows[0]?.bytes ?? 0),
  };
}

async function readSequences(
  client: pg.Client,
): Promise<{ name: string; value: string; isCalled: boolean }[]> {
  const { rows } = await client.query<{ name: string }>(
    `select relname as name from pg_class
    where relkind = 'S' and relnamespace = current_schema()::regnamespace order by relname`,
  );
  const sequences: { name: string; value: string; isCalled: boolean }[] = [];
  for (const { name } of rows) {
    const { rows: values } = await client.query<{ value: string; isCalled: boolean }>(
      `select last_value::text as value, is_called as "isCalled" from ${quoted(name)}`,
    );
    const [value] = values;
    if (value !== undefined) sequences.push({ name, ...value });
  }
  return sequences;
}
