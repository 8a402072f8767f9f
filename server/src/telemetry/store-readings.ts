import { sql } from "kysely";
import { type Connection, tablesOf } from "../platform/database.ts";
import { uniqueViolation } from "../platform/violations.ts";
import type { Reading, StoredReading } from "./reading.ts";
import { insertReadings, selectSameMoments, storeNumbers, updateLatest } from "./reading-store.ts";
import { momentsOf, newInBatch, newReadings } from "./same-moment.ts";
import type { TelemetryTables } from "./tables.ts";

/** Each further attempt means that another process stored the same moments meanwhile. */
const attemptsMax = 5;

/**
 * A plain INSERT is one and a half times cheaper than ON CONFLICT and nearly always passes; only when the store holds
 * one of the moments already is it asked what it holds, and what is new decided here.
 */
export async function storeReadings(
  connection: Connection,
  readings: readonly Reading[],
  options: { readonly now: number; readonly isBare: boolean },
): Promise<readonly StoredReading[]> {
  if (readings.length === 0) return [];
  const tables = tablesOf<TelemetryTables>(connection);
  const batch = newInBatch(readings);
  let fresh: readonly StoredReading[] = batch;
  for (let attempt = 1; ; attempt += 1) {
    const conflict = await tryStore(connection, fresh, options);
    if (conflict === null) return fresh;
    if (attempt === attemptsMax) throw conflict;
    fresh = newReadings(batch, momentsOf(await selectSameMoments(tables, batch)));
    if (fresh.length === 0) return [];
  }
}

/**
 * Answers the unique violation, if that is what happened, else null; the transaction goes on as it was before. Numbers
 * alone, nearly every batch, bring their savepoint with them; that of the others is left to the commit: releasing it costs
 * a round trip and gains nothing.
 */
async function tryStore(
  connection: Connection,
  readings: readonly StoredReading[],
  options: { readonly now: number; readonly isBare: boolean },
): Promise<Error | null> {
  const tables = tablesOf<TelemetryTables>(connection);
  const isStored = await storeNumbers(tables, readings, options);
  if (isStored === true) return null;
  if (isStored === false) return new Error("the store holds a moment of this batch already");
  await sql`savepoint before_readings`.execute(tables);
  try {
    await insertReadings(tables, readings);
  } catch (error) {
    const violation = uniqueViolation(error);
    if (violation === null) throw error;
    await sql`rollback to savepoint before_readings`.execute(tables);
    return error instanceof Error ? error : new Error("the store holds a moment of this batch already");
  }
  if (!options.isBare) await updateLatest(tables, readings, options.now);
  return null;
}
