import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { migrations } from "../../server/src/migrations/index.ts";
import type { Database } from "../../server/src/platform/database.ts";
import { openEmbedded } from "../../server/src/platform/embedded.ts";
import { silentLog } from "../../server/src/platform/log.ts";
import { openPostgresql } from "../../server/src/platform/postgresql.ts";
import { createOwnDatabase, hashOfSchema } from "./postgresql.ts";

const templateKeptMs = 24 * 60 * 60_000;

/**
 * A migrated, empty database of a test's own. With WAREMIND_TEST_DATABASE_URL: on that PostgreSQL, dropped on close.
 * Without it: the embedded store in memory.
 */
export async function openTestDatabase(): Promise<Database> {
  const url = process.env["WAREMIND_TEST_DATABASE_URL"];
  return url === undefined ? openEmbeddedForTest() : openPostgresqlForTest(url);
}

/** On the PostgreSQL behind `url`; dropped on close. */
export async function openPostgresqlForTest(url: string): Promise<Database> {
  const own = await createOwnDatabase(url, { isMigrated: true });
  const database = await openPostgresql({ url: own.url });
  return {
    ...database,
    close: async () => {
      await database.close();
      await own.drop();
    },
  };
}

/** In memory. */
export async function openEmbeddedForTest(): Promise<Database> {
  return openEmbedded({ inMemory: true, templateFile: await findOrMakeTemplate(), log: silentLog });
}

/** Making a cluster takes seconds, loading one a fraction: the first test of a schema leaves it for all others. */
async function findOrMakeTemplate(): Promise<string> {
  const directory = join(tmpdir(), "waremind-test-stores");
  const file = join(directory, `${hashOfSchema()}.tar`);
  if (existsSync(file)) return file;
  await mkdir(directory, { recursive: true });
  const database = await openEmbedded({ inMemory: true, log: silentLog });
  try {
    await database.migrate(migrations);
    const draft = `${file}.${randomBytes(4).toString("hex")}`;
    await writeFile(draft, await database.dump());
    await rename(draft, file);
    await removeOldTemplates(directory, file);
  } finally {
    await database.close();
  }
  return file;
}

/** Each schema leaves forty megabytes; those that nobody used today go. */
async function removeOldTemplates(directory: string, current: string): Promise<void> {
  for (const name of await readdir(directory)) {
    const path = join(directory, name);
    const { atimeMs, mtimeMs } = await stat(path);
    const usedAt = Math.max(atimeMs, mtimeMs);
    if (path !== current && Date.now() - usedAt > templateKeptMs) await rm(path, { force: true });
  }
}
