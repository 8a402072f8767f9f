// The embedded store: PostgreSQL in a worker thread, on disk, durable. See specs/store.md for what was measured.
import { mkdir } from "node:fs/promises";
import pg from "pg";
import { type Database, databaseOverPool } from "./database.ts";
import { type DirectoryLock, lockDirectory } from "./directory-lock.ts";
import { createEmbeddedLink, type EmbeddedLink } from "./embedded-link.ts";
import type { Log } from "./log.ts";
import { parserOf } from "./pg-types.ts";
import { createUpkeep } from "./upkeep.ts";

/** One session, so one client: whoever comes second waits here, and gives up after this long. */
const connectTimeoutMs = 60_000;

export type EmbeddedPlace =
  | { readonly directory: string }
  /** A store in memory for tests, empty or from a template that `dumpEmbedded` made. */
  | { readonly inMemory: true; readonly templateFile?: string };

export interface EmbeddedDatabase extends Database, ClusterHolder {
  /** A tar of the whole cluster. */
  dump(): Promise<Uint8Array>;
}

/** What a copy of the store's files needs of it while it works. */
export interface ClusterHolder {
  /** The data folder; undefined for a store in memory. */
  readonly directory: string | undefined;
  /** Resolves when no checkpoint is under way and none will come until the answer is called. */
  suspendCheckpoints(): Promise<() => void>;
}

/** Whether this is an embedded store, or a wrapper around one. */
export function isEmbedded(database: Database): database is Database & ClusterHolder {
  return "suspendCheckpoints" in database;
}

/**
 * Opens the embedded store. Rejects with `conflict` when another live process has the directory, and with
 * `store-unavailable` when it does not open or a commit would not reach the disk. `syncFailsAt` plants a fault for tests.
 */
export async function openEmbedded(
  options: EmbeddedPlace & { readonly log: Log; readonly syncFailsAt?: number },
): Promise<EmbeddedDatabase> {
  const directory = "directory" in options ? options.directory : undefined;
  const lock = directory === undefined ? undefined : await takeDirectory(directory, options.log);
  const templateFile = "directory" in options ? undefined : options.templateFile;
  const link = createEmbeddedLink({ directory, templateFile, syncFailsAt: options.syncFailsAt }, options.log);
  try {
    await link.start();
  } catch (error) {
    lock?.release();
    throw error;
  }
  return over({ link, lock, log: options.log, directory });
}

async function takeDirectory(directory: string, log: Log): Promise<DirectoryLock> {
  await mkdir(directory, { recursive: true });
  return lockDirectory(directory, () => {
    log.fatal(
      { directory },
      "the lock of the data directory was taken away; stopping before two writers meet",
    );
    process.exit(1);
  });
}

function over(options: {
  readonly link: EmbeddedLink;
  readonly lock: DirectoryLock | undefined;
  readonly log: Log;
  readonly directory: string | undefined;
}): EmbeddedDatabase {
  const { link, lock, log, directory } = options;
  const pool = new pg.Pool({
    max: 1,
    idleTimeoutMillis: 0,
    connectionTimeoutMillis: connectTimeoutMs,
    types: { getTypeParser: parserOf },
    stream: () => link.createSocket() as never,
  });
  // A client whose worker died leaves the pool by itself; the next query gets a new one.
  pool.on("error", () => undefined);
  // Nor may one that breaks while lent: whoever holds it hears of it from the query.
  pool.on("connect", (client) => client.on("error", () => undefined));
  const database = databaseOverPool({ kind: "embedded", slots: 1, pool, close: () => close() });
  const upkeep = createUpkeep({ database, log });
  if (directory !== undefined) upkeep.start();
  const close = async () => {
    await upkeep.stop();
    await pool.end();
    await link.close();
    lock?.release();
  };
  const { suspendCheckpoints } = upkeep;
  return Object.assign(database, { dump: () => link.dump(), directory, suspendCheckpoints });
}
