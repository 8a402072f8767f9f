import pg from "pg";
import { type Database, databaseOverPool } from "./database.ts";
import { parserOf } from "./pg-types.ts";
import { asStoreError } from "./store-errors.ts";

const poolSizeMax = 10;
const intakeSlots = 3;
const connectTimeoutMs = 60_000;

/** Opens PostgreSQL 15 or later. */
export async function openPostgresql(options: { readonly url: string }): Promise<Database> {
  const pool = new pg.Pool({
    // Every statement here is short: compiling one took longer than all of the rest. What the address says goes first.
    options: "-c jit=off",
    connectionString: options.url,
    max: poolSizeMax,
    connectionTimeoutMillis: connectTimeoutMs,
    types: { getTypeParser: parserOf },
  });
  // An idle connection that breaks must not end the process; the next query reports it.
  pool.on("error", () => undefined);
  // Nor may one that breaks while lent: whoever holds it hears of it from the query.
  pool.on("connect", (client) => client.on("error", () => undefined));
  try {
    const check = await pool.connect();
    check.release();
  } catch (error) {
    await pool.end();
    throw asStoreError(error);
  }
  return databaseOverPool({ kind: "postgresql", slots: intakeSlots, pool, close: () => pool.end() });
}
