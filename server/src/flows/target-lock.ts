import { sql } from "kysely";
import { type Connection, type Database, tablesOf } from "../platform/database.ts";

/**
 * Holds a target's derived state until the transaction ends, also when its row does not exist yet. The embedded store
 * runs one transaction at a time and needs none. Take several in a fixed order.
 */
export async function lockTarget(database: Database, connection: Connection, target: string): Promise<void> {
  if (database.kind === "embedded") return;
  await sql`select pg_advisory_xact_lock(hashtextextended(${target}, 0))`.execute(tablesOf(connection));
}
