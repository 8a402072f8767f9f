import type { Clock } from "../platform/clock.ts";

export const unknownSecretLimits = {
  /** A credential that another process made is refused here for this long at most. */
  keptMs: 5_000,
  /** Between the insert of a credential and its commit a look-up still finds nothing: not believed until that is surely past. */
  distrustedMs: 5_000,
  /** Secrets remembered; above it the one noted first is asked for again. */
  secretsMax: 20_000,
  /** New credentials remembered; above it nothing is remembered as unknown until they are old. */
  addedMax: 10_000,
} as const;

/**
 * Secrets that were looked up a moment ago and stand nowhere, neither revoked nor of a disabled device, so that a device
 * with a wrong token that tries again and again does not cost a query each time.
 */
export interface UnknownSecrets {
  has(hash: Buffer): boolean;
  /** `readAt`: when the look-up that did not find them began, epoch ms. */
  note(hashes: readonly Buffer[], readAt: number): void;
  /** Call in the transaction that adds a credential or after it: it works at once. */
  added(hash: Buffer): void;
}

export function createUnknownSecrets({ clock }: { readonly clock: Clock }): UnknownSecrets {
  const { keptMs, distrustedMs, secretsMax, addedMax } = unknownSecretLimits;
  /** By hash, oldest first: when it was looked up. */
  const unknown = new Map<string, number>();
  /** By hash, oldest first: when it was added. */
  const added = new Map<string, number>();
  let allDistrustedAt = Number.NEGATIVE_INFINITY;
  let lastAt = Number.NEGATIVE_INFINITY;

  /** Of a clock that was set back nothing can be told from times. */
  function present(): number {
    const now = clock.now();
    if (now < lastAt) unknown.clear();
    lastAt = now;
    return now;
  }

  function isBelieved(name: string, readAt: number): boolean {
    const addedAt = Math.max(allDistrustedAt, added.get(name) ?? Number.NEGATIVE_INFINITY);
    return readAt - addedAt > distrustedMs;
  }

  return {
    has: (hash) => {
      const now = present();
      const readAt = unknown.get(nameOf(hash));
      return readAt !== undefined && now - readAt <= keptMs;
    },
    note: (hashes, readAt) => {
      const now = present();
      if (readAt > now) return;
      dropBefore(unknown, now - keptMs);
      for (const name of hashes.map(nameOf)) {
        if (!isBelieved(name, readAt)) continue;
        unknown.delete(name);
        unknown.set(name, readAt);
        dropAbove(unknown, secretsMax);
      }
    },
    added: (hash) => {
      const now = present();
      const name = nameOf(hash);
      unknown.delete(name);
      dropBefore(added, now - distrustedMs);
      added.delete(name);
      if (added.size < addedMax) added.set(name, now);
      else {
        allDistrustedAt = now;
        unknown.clear();
      }
    },
  };
}

const nameOf = (hash: Buffer): string => hash.toString("latin1");

function dropBefore(times: Map<string, number>, at: number): void {
  for (const [name, time] of times) {
    if (time >= at) return;
    times.delete(name);
  }
}

function dropAbove(times: Map<string, number>, max: number): void {
  if (times.size <= max) return;
  const [oldest] = times.keys();
  if (oldest !== undefined) times.delete(oldest);
}
