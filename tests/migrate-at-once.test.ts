import { sql } from "kysely";
import { expect, test } from "vitest";
import { migrations } from "../server/src/migrations/index.ts";
import { type Database, tablesOf } from "../server/src/platform/database.ts";
import { openPostgresql } from "../server/src/platform/postgresql.ts";
import { createOwnDatabase } from "./support/postgresql.ts";

const url = process.env["WAREMIND_TEST_DATABASE_URL"];
const processesAtOnce = 4;

/** The embedded store lets one process in at a time; only PostgreSQL can be migrated by two. */
test.skipIf(url === undefined)(
  "processes that start at once on a fresh database all find it migrated",
  async () => {
    const own = await createOwnDatabase(url ?? "", { isMigrated: false });
    const databases: Database[] = [];
    try {
      for (let count = 0; count < processesAtOnce; count += 1)
        databases.push(await openPostgresql({ url: own.url }));
      await Promise.all(databases.map((database) => database.migrate(migrations)));
      for (const database of databases) {
        const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(
          tablesOf<object>(database),
        );
        expect(rows.map(({ name }) => name)).toEqual(Object.keys(migrations));
      }
    } finally {
      await Promise.all(databases.map((database) => database.close()));
      await own.drop();
    }
  },
);
