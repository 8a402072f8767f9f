// Backup and restore of PostgreSQL: needs one, named in WAREMIND_TEST_DATABASE_URL.
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import { beforeEach, describe, expect, test } from "vitest";
import { migrations } from "../server/src/migrations/index.ts";
import { copyTables } from "../server/src/platform/backup/copy-tables.ts";
import type { BackupEvent } from "../server/src/platform/backup/format.ts";
import { restoreBackup } from "../server/src/platform/backup/restore.ts";
import { tablesOf } from "../server/src/platform/database.ts";
import { silentLog } from "../server/src/platform/log.ts";
import { openPostgresql } from "../server/src/platform/postgresql.ts";
import { createOwnDatabase, onPostgresql } from "./support/postgresql.ts";

let directory = "";
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "waremind-restore-"));
  return () => rm(directory, { recursive: true, force: true });
});

const restore = (events: AsyncIterable<BackupEvent>, databaseUrl: string) =>
  restoreBackup(events, { dataDirectory: directory, databaseUrl, migrations, log: silentLog });

const url = process.env["WAREMIND_TEST_DATABASE_URL"];
/** What stands for the rows of this table cannot be read. */
async function* withoutRows(events: AsyncIterable<BackupEvent>, table: string): AsyncGenerator<BackupEvent> {
  let name = "";
  for await (const event of events) {
    if (event.kind === "entry") name = event.entry.name;
    const isRow = event.kind === "data" && name === table;
    yield isRow ? { kind: "data", bytes: Buffer.from("no row\n") } : event;
  }
}

describe.skipIf(url === undefined)("with PostgreSQL", () => {
  const awkward = "tab\t, newline\n, backslash \\N, 引号 \" and ' and 🚚";

  async function withDatabases(work: (from: string, to: string) => Promise<void>): Promise<void> {
    const from = await createOwnDatabase(url ?? "", { isMigrated: true });
    const to = await createOwnDatabase(url ?? "", { isMigrated: false });
    try {
      await work(from.url, to.url);
    } finally {
      await from.drop();
      await to.drop();
    }
  }

  async function fill(from: string): Promise<void> {
    await onPostgresql(from, async (client) => {
      await client.query(
        "insert into setting (key, value, updated_at) values ('a', $1, 1), ('b', 'null', 2)",
        [JSON.stringify({ text: awkward, number: 1e308 })],
      );
      await client.query(
        "insert into profile (id, name_en, name_zh, keys, expected_interval_seconds, created_at) values ('p', $1, '', '[]', 0.1, 0)",
        [awkward],
      );
      await client.query(
        "insert into device (name, profile_id, created_at) select 'd' || n, 'p', n from generate_series(1, 5000) as n",
      );
      await client.query("delete from device where id > 4990");
      await client.query("insert into event (kind, body, at) values ('k', '{}', 1)");
    });
  }

  const backup = (from: string) => copyTables(from, { product: "0.1.0", createdAt: 1 });

  async function digest(of: string): Promise<unknown> {
    return onPostgresql(of, async (client) => {
      const { rows } = await client.query<{ name: string }>(
        "select relname as name from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace and relname !~ '^kysely' order by 1",
      );
      const tables: Record<string, unknown> = {};
      for (const { name } of rows)
        tables[name] = (
          await client.query(
            `select count(*), md5(string_agg(t::text, '|' order by t::text)) from "${name}" as t`,
          )
        ).rows[0];
      return tables;
    });
  }

  test("every row of every table comes back as it was, numbers go on, keys still bind", async () => {
    await withDatabases(async (from, to) => {
      await fill(from);
      await restore(backup(from), to);
      expect(await digest(to)).toEqual(await digest(from));
      const database = await openPostgresql({ url: to });
      try {
        const { rows } = await sql<{ id: number }>`insert into device (name, profile_id, created_at)
          values ('next', 'p', 1) returning id`.execute(tablesOf(database));
        expect(rows).toEqual([{ id: 5_001 }]);
        const orphan = sql`insert into device (name, profile_id, created_at) values ('x', 'no such', 1)`;
        await expect(orphan.execute(tablesOf(database))).rejects.toThrow(/foreign key/u);
      } finally {
        await database.close();
      }
    });
  });

  test("a database that is not empty is refused, and what is there is named", async () => {
    await withDatabases(async (from, to) => {
      await onPostgresql(to, (client) => client.query("create table somebody_elses (id int)"));
      await expect(restore(backup(from), to)).rejects.toThrow(/somebody_elses/u);
      expect(await readdir(directory)).toEqual([]);
      const { rows } = await onPostgresql(to, (client) =>
        client.query(
          "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace",
        ),
      );
      expect(rows).toEqual([{ relname: "somebody_elses" }]);
    });
  });

  test("a restore that fails midway leaves an empty database, and the next one passes", async () => {
    await withDatabases(async (from, to) => {
      await fill(from);
      async function* breaking(): AsyncGenerator<BackupEvent> {
        for await (const event of backup(from)) {
          yield event;
          if (event.kind === "entry" && event.entry.name === "series") throw new Error("the file is damaged");
        }
      }
      await expect(restore(breaking(), to)).rejects.toThrow("the file is damaged");
      expect(await digest(to)).toEqual({});
      expect(await readdir(directory)).toEqual([]);
      await restore(backup(from), to);
      expect(await digest(to)).toEqual(await digest(from));
    });
  });

  test("what a restore left that died is recognised and begun anew", async () => {
    await withDatabases(async (from, to) => {
      await fill(from);
      await onPostgresql(to, (client) =>
        client.query("create table restore_unfinished (); create table device (half int)"),
      );
      await restore(backup(from), to);
      expect(await digest(to)).toEqual(await digest(from));
    });
  });

  test("rows that the store refuses fail the restore with its reason", async () => {
    await withDatabases(async (from, to) => {
      await fill(from);
      await expect(restore(withoutRows(backup(from), "profile"), to)).rejects.toThrow(/column/u);
      expect(await digest(to)).toEqual({});
    });
  });

  test("the copy is of one moment: what comes while it is read is not in it", async () => {
    await withDatabases(async (from, to) => {
      await fill(from);
      const before = await digest(from);
      async function* disturbed(): AsyncGenerator<BackupEvent> {
        for await (const event of backup(from)) {
          if (event.kind === "header")
            await onPostgresql(from, (client) => client.query("delete from device; delete from profile"));
          yield event;
        }
      }
      await restore(disturbed(), to);
      expect(await digest(to)).toEqual(before);
    });
  });
});
