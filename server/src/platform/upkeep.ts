// PGlite has no background workers: what autovacuum and the checkpointer do in PostgreSQL is done here, in small steps.
import { sql } from "kysely";
import { type Database, tablesOf } from "./database.ts";
import { DomainError } from "./errors.ts";
import type { Log } from "./log.ts";

const tickMs = 5_000;
const checkpointEveryMs = 5 * 60_000;
const walBytesMax = 256 * 1024 * 1024;
const vacuumEveryMs = 60_000;
/** Autovacuum's own defaults: a fixed number of rows and a share of the table. */
const deadRowsMin = 1_000;
const deadShare = 0.2;
const changedRowsMin = 500;
const changedShare = 0.1;

export interface Upkeep {
  start(): void;
  stop(): Promise<void>;
  /**
   * Holds checkpoints back while the store's files are copied; the answer lets them come again.
   *
   * @throws DomainError `conflict` while another copy is made.
   */
  suspendCheckpoints(): Promise<() => void>;
}

/** CHECKPOINT every five minutes or 256 MB of log; one table at a time vacuumed or analysed when it needs it. */
export function createUpkeep(options: { readonly database: Database; readonly log: Log }): Upkeep {
  const { database, log } = options;
  let timer: NodeJS.Timeout | undefined;
  let current: Promise<void> = Promise.resolve();
  let sinceCheckpointMs = 0;
  let sinceVacuumMs = 0;
  let checkpointAt = "0/0";
  let isSuspended = false;

  async function tick(): Promise<void> {
    sinceCheckpointMs += tickMs;
    sinceVacuumMs += tickMs;
    const written = await walBytesSince(database, checkpointAt);
    const isDue = sinceCheckpointMs >= checkpointEveryMs && written.bytes > 0;
    if (!isSuspended && (isDue || written.bytes >= walBytesMax)) {
      await sql`checkpoint`.execute(tablesOf(database));
      sinceCheckpointMs = 0;
      checkpointAt = written.position;
    }
    if (sinceVacuumMs < vacuumEveryMs) return;
    sinceVacuumMs = 0;
    await tidyOneTable(database);
  }

  return {
    start: () => {
      timer = setInterval(() => {
        current = current
          .then(tick)
          .catch((error: unknown) => log.warn({ error }, "upkeep of the store failed"));
      }, tickMs);
      timer.unref();
    },
    stop: async () => {
      clearInterval(timer);
      await current;
    },
    suspendCheckpoints: async () => {
      if (isSuspended) throw isCopied();
      isSuspended = true;
      // One that is under way ends first.
      await current;
      return () => {
        isSuspended = false;
      };
    },
  };
}

function isCopied(): DomainError {
  return new DomainError("conflict", {
    en: "Another backup of this store is being made. Wait for its end.",
    zh: "此存储正在进行另一个备份，请等待其结束。",
  });
}

async function walBytesSince(
  database: Database,
  position: string,
): Promise<{ position: string; bytes: number }> {
  const { rows } = await sql<{ position: string; bytes: string }>`
    select pg_current_wal_insert_lsn()::text as position,
      pg_current_wal_insert_lsn() - ${position}::pg_lsn as bytes`.execute(tablesOf(database));
  return { position: rows[0]?.position ?? position, bytes: Number(rows[0]?.bytes ?? 0) };
}

interface TableState {
  readonly name: string;
  readonly isFull: boolean;
}

async function tidyOneTable(database: Database): Promise<void> {
  const isFull = sql`n_dead_tup > ${deadRowsMin}::float8 + ${deadShare}::float8 * n_live_tup`;
  const isStale = sql`n_mod_since_analyze > ${changedRowsMin}::float8 + ${changedShare}::float8 * n_live_tup`;
  const { rows } = await sql<TableState>`
    select relname as name, ${isFull} as is_full from pg_stat_user_tables
    where ${isFull} or ${isStale} order by n_dead_tup desc limit 1`.execute(tablesOf(database));
  const [table] = rows;
  if (table === undefined) return;
  const name = sql.table(table.name);
  await (table.isFull ? sql`vacuum (analyze) ${name}` : sql`analyze ${name}`).execute(tablesOf(database));
}
