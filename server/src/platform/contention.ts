// Transactions that stand in each other's way: PostgreSQL ends one of them, and the same work passes a moment later.
import type { Connection, Database } from "./database.ts";
import { DomainError } from "./errors.ts";
import { storeErrorKind } from "./store-errors.ts";

const attemptsMax = 5;
const delayMsMax = 40;
const retryAfterSeconds = 1;

/**
 * Does the work again while another transaction stands in its way, at most five times. The work must leave nothing behind
 * when it fails: one transaction, and in memory only what the next attempt makes anew.
 */
export async function retryContention<Result>(work: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (attempt >= attemptsMax || storeErrorKind(error) !== "contention") throw error;
      // By chance, so that two that met do not meet again.
      await new Promise((resolve) => setTimeout(resolve, delayMsMax * Math.random()));
    }
  }
}

/** The same store, whose transactions are tried again as `retryContention` does. */
export function patientDatabase(database: Database): Database {
  return {
    ...database,
    transaction: <Result>(work: (connection: Connection) => Promise<Result>) =>
      retryContention(() => database.transaction(work)),
  };
}

/** What a caller is told when every attempt met another transaction; nothing was done. */
export function storeBusy(cause: unknown): DomainError {
  return new DomainError(
    "overloaded",
    {
      en: "Others changed the same data at the same moment, so nothing was done. Try again in a moment.",
      zh: "其他操作正在同时更改相同的数据，因此未执行任何操作。请稍后重试。",
    },
    { retryAfterSeconds },
    cause,
  );
}
