import type { Clock } from "./clock.ts";

export interface AttemptLimit {
  /** Counts one attempt under each key; false when any of them has used up its attempts (then none is counted). */
  take(...keys: readonly string[]): boolean;
  /** Whole seconds until every key has an attempt again; 0 when they have. */
  retryAfterSeconds(...keys: readonly string[]): number;
  /** Forgets a key, after a success. */
  forget(key: string): void;
}

/**
 * Bounds guessing: at most `attemptsMax` under a key within a window that starts with its first attempt. Holds at most
 * `keysMax` keys; when more come, the oldest windows are forgotten first, so callers that can be asked with endless new
 * keys (addresses, e-mails) add one key for all of them.
 */
export function createAttemptLimit(options: {
  readonly clock: Clock;
  readonly attemptsMax: number;
  readonly windowMs: number;
  readonly keysMax: number;
}): AttemptLimit {
  const { clock, attemptsMax, windowMs, keysMax } = options;
  const windows = new Map<string, { readonly startedAt: number; attempts: number }>();
  const current = (key: string) => {
    const window = windows.get(key);
    if (window === undefined) return null;
    if (clock.now() - window.startedAt < windowMs) return window;
    windows.delete(key);
    return null;
  };
  const isUsedUp = (key: string) => (current(key)?.attempts ?? 0) >= attemptsMax;
  const count = (key: string) => {
    const window = current(key);
    if (window !== null) window.attempts += 1;
    else windows.set(key, { startedAt: clock.now(), attempts: 1 });
  };
  // A Map keeps the order of insertion: the first keys have the oldest windows.
  const makeRoom = () => {
    for (const key of windows.keys()) {
      if (windows.size <= keysMax) return;
      windows.delete(key);
    }
  };
  return {
    take: (...keys) => {
      if (keys.some(isUsedUp)) return false;
      for (const key of keys) count(key);
      makeRoom();
      return true;
    },
    retryAfterSeconds: (...keys) =>
      Math.max(
        0,
        ...keys.filter(isUsedUp).map((key) => {
          const startedAt = windows.get(key)?.startedAt ?? clock.now();
          return Math.ceil((startedAt + windowMs - clock.now()) / 1000);
        }),
      ),
    forget: (key) => {
      windows.delete(key);
    },
  };
}
