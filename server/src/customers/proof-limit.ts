import { type AttemptLimit, createAttemptLimit } from "../platform/attempt-limit.ts";
import type { Clock } from "../platform/clock.ts";
import { DomainError } from "../platform/errors.ts";

/** Guesses at who somebody is, within `proofWindowMs`: from one network address, and at one order or e-mail. */
export const proofsPerAddressMax = 20;
export const proofsPerSubjectMax = 5;
export const proofWindowMs = 15 * 60_000;
const keysMax = 50_000;

export interface ProofLimit {
  /** Counts an attempt, known order or not; refuses with `rate-limited` and `details.retryAfterSeconds`. */
  take(attempt: { readonly address: string; readonly subject: string }): void;
  /** After a proof that held: the attempts at this subject no longer count. Those of the address do. */
  forget(subject: string): void;
}

export function createProofLimit(deps: { readonly clock: Clock }): ProofLimit {
  const limitOf = (attemptsMax: number) =>
    createAttemptLimit({ clock: deps.clock, attemptsMax, windowMs: proofWindowMs, keysMax });
  const byAddress = limitOf(proofsPerAddressMax);
  const bySubject = limitOf(proofsPerSubjectMax);
  return {
    take: ({ address, subject }) => {
      takeOrRefuse(byAddress, address);
      takeOrRefuse(bySubject, subjectKey(subject));
    },
    forget: (subject) => bySubject.forget(subjectKey(subject)),
  };
}

const subjectKey = (subject: string): string => subject.trim().toLowerCase();

function takeOrRefuse(limit: AttemptLimit, key: string): void {
  if (limit.take(key)) return;
  const retryAfterSeconds = limit.retryAfterSeconds(key);
  const minutes = Math.ceil(retryAfterSeconds / 60);
  throw new DomainError(
    "rate-limited",
    {
      en: `Too many attempts. Please try again in ${minutes} min.`,
      zh: `尝试次数过多，请在 ${minutes} 分钟后重试。`,
    },
    { retryAfterSeconds },
  );
}

/** The one answer to every failed proof: it does not tell an unknown order from a wrong e-mail. */
export function proofRefused(): DomainError {
  return new DomainError("credentials-wrong", {
    en: "We could not match these details to an order. Please check the order number and the e-mail address.",
    zh: "未能找到与所填信息一致的订单，请核对订单号和邮箱地址。",
  });
}
