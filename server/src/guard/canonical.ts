// One spelling for every value, so that a hash or signature means the value and not its layout.
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { Action, Actor } from "@waremind/contract";

/**
 * JSON with sorted keys and without `undefined`. Strings lose NUL and lone surrogates, which the store cannot keep:
 * what is hashed is what can be read back.
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).filter(([, item]) => item !== undefined);
    // By UTF-16 unit, not by locale: the same on every machine.
    entries.sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([key, item]) => `${canonicalJson(key)}:${canonicalJson(item)}`).join(",")}}`;
  }
  if (typeof value === "string") return JSON.stringify(value.replaceAll("\0", "").toWellFormed());
  return JSON.stringify(value) ?? "null";
}

/** The same action, said one way: order lines and keys are sets. */
export function canonicalAction(action: Action): Action {
  if (action.name === "refund-excursion")
    return { ...action, orderLineIds: [...new Set(action.orderLineIds)].toSorted() };
  if (action.name === "set-attributes")
    return { ...action, deletedKeys: [...new Set(action.deletedKeys)].toSorted() };
  return action;
}

/** SHA-256 over the canonical arguments, hexadecimal. */
export function argumentsHash(action: Action): string {
  return sha256(canonicalJson(canonicalAction(action)));
}

export function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** Everything that a consent is given to; changing any of it breaks the signature. */
export interface SignedApproval {
  readonly id: string;
  readonly action: Action;
  readonly level: string;
  readonly clauseId: string;
  readonly clauseVersion: number;
  readonly requestedBy: Actor;
  readonly expiresAt: number;
}

export function signApproval(approval: SignedApproval, secret: string): string {
  const { id, level, clauseId, clauseVersion, requestedBy, expiresAt } = approval;
  const action = canonicalAction(approval.action);
  return seal(
    canonicalJson({ id, action, level, clauseId, clauseVersion, requestedBy, expiresAt }),
    `approval:${secret}`,
  );
}

/** HMAC-SHA256, hexadecimal. */
export function seal(text: string, secret: string): string {
  return createHmac("sha256", secret).update(text).digest("hex");
}

/** Compares two hexadecimal seals in constant time. */
export function isSameSeal(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
}
