import { createAttemptLimit } from "../platform/attempt-limit.ts";
import type { Clock } from "../platform/clock.ts";
import { DomainError } from "../platform/errors.ts";

/** Wrong passwords within `signInWindowMs`: at one account from one address, from one address, and at one account. */
export const signInsPerPairMax = 5;
export const signInsPerAddressMax = 30;
/** Wide, so that a stranger cannot easily lock the owner out, yet far too few to guess a password. */
export const signInsPerAccountMax = 50;
export const signInWindowMs = 5 * 60_000;
const keysMax = 50_000;

export interface SignInLimit {
  /** Counts an attempt; refuses with `rate-limited` and `details.retryAfterSeconds`. */
  take(attempt: SignInAttempt): void;
  /** Forgets an account's attempts from this address, after a right password. */
  succeed(attempt: SignInAttempt): void;
}

export interface SignInAttempt {
  readonly account: string;
  readonly address: string | undefined;
}

export function createSignInLimit(deps: { readonly clock: Clock }): SignInLimit {
  const limitOf = (attemptsMax: number) =>
    createAttemptLimit({ clock: deps.clock, attemptsMax, windowMs: signInWindowMs, keysMax });
  const byPair = limitOf(signInsPerPairMax);
  const byAddress = limitOf(signInsPerAddressMax);
  const byAccount = limitOf(signInsPerAccountMax);
  const pairOf = ({ account, address }: SignInAttempt) => JSON.stringify([account, address ?? null]);
  return {
    take: (attempt) => {
      const pair = pairOf(attempt);
      refuseUnless(byPair.take(pair), () => byPair.retryAfterSeconds(pair));
      const { address, account } = attempt;
      if (address !== undefined)
        refuseUnless(byAddress.take(address), () => byAddress.retryAfterSeconds(address));
      refuseUnless(byAccount.take(account), () => byAccount.retryAfterSeconds(account));
    },
    succeed: (attempt) => byPair.forget(pairOf(attempt)),
  };
}

function refuseUnless(isTaken: boolean, retryAfter: () => number): void {
  if (isTaken) return;
  const retryAfterSeconds = retryAfter();
  throw new DomainError(
    "rate-limited",
    {
      en: `Too many attempts. Please try again in ${retryAfterSeconds} s.`,
      zh: `尝试次数过多，请在 ${retryAfterSeconds} 秒后重试。`,
    },
    { retryAfterSeconds },
  );
}
