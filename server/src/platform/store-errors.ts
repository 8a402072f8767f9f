import { DomainError } from "./errors.ts";

/** SQLSTATE classes and codes that speak of the store, not of what was asked of it. */
const unavailableClasses = new Set(["08", "53", "58"]);
const unavailableCodes = new Set(["57P01", "57P02", "57P03", "57P05", "25006", "55006"]);
/** Worth trying again as it is: another transaction was in the way, or a time-out that an operator set. */
const contentionCodes = new Set(["40001", "40P01", "55P03", "57014", "25P03"]);
const dataClasses = new Set(["21", "22", "23", "42", "54", "0A"]);
const networkCodes = /^(?:E[A-Z]+|UND_ERR)/;
/** `pg` gives these no code. */
const networkSentences =
  /^(?:Connection terminated|Client has encountered a connection error|Client was closed|timeout exceeded when trying to connect|Cannot use a pool after)/;

export type StoreErrorKind =
  /** The store is down, full or restarting. */
  | "unavailable"
  /** Another transaction was in the way; the same work may pass next time. */
  | "contention"
  /** The store refused these very values. */
  | "data"
  /** Anything else: a bug. */
  | "other";

/** Says what a failed query means for whoever may try again. */
export function storeErrorKind(error: unknown): StoreErrorKind {
  if (error instanceof DomainError) return error.code === "store-unavailable" ? "unavailable" : "other";
  if (!(error instanceof Error)) return "other";
  const { code } = error as { readonly code?: unknown };
  if (typeof code !== "string") return networkSentences.test(error.message) ? "unavailable" : "other";
  if (contentionCodes.has(code)) return "contention";
  if (unavailableCodes.has(code) || unavailableClasses.has(code.slice(0, 2))) return "unavailable";
  if (code.length === 5 && dataClasses.has(code.slice(0, 2))) return "data";
  return networkCodes.test(code) ? "unavailable" : "other";
}

/** The driver's own words for a store that cannot be reached become one refusal; every other error stays as it is. */
export function asStoreError(error: unknown): unknown {
  if (error instanceof DomainError || storeErrorKind(error) !== "unavailable") return error;
  return storeUnavailable(error instanceof Error ? error.message : String(error), error);
}

export function storeUnavailable(reason: string, cause?: unknown): DomainError {
  return new DomainError(
    "store-unavailable",
    {
      en: `The store cannot be reached just now (${reason}). Try again in a moment.`,
      zh: `存储暂时无法访问（${reason}），请稍后重试。`,
    },
    { reason },
    cause,
  );
}
