// Short work at a start that two processes must not do at once.
import type { Database } from "./database.ts";

/** Waits its turn among all processes on this store; the embedded store has one process. */
export async function exclusively<Result>(
  database: Database,
  name: string,
  work: () => Promise<Result>,
): Promise<Result> {
  if (database.kind === "embedded") return work();
  // Of a session, not of a transaction: the work has transactions of its own. A death releases it.
  const client = await database.pool.connect();
  try {
    await client.query("select pg_advisory_lock(hashtextextended($1, 0))", [name]);
    return await work();
  } finally {
    await client.query("select pg_advisory_unlock(hashtextextended($1, 0))", [name]).catch(() => undefined);
    client.release();
  }
}
