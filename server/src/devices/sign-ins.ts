// Who stands behind the secrets that devices show, asked for in batches: five thousand devices that come back at once
// cost ten statements, not five thousand. One statement is under way at a time; who asks meanwhile forms the next.
import type { Clock } from "../platform/clock.ts";
import type { Database } from "../platform/database.ts";
import { storeUnavailable } from "../platform/store-errors.ts";
import { type Holder, selectHolders } from "./credential-store.ts";
import type { DeviceIdentity } from "./device.ts";
import type { UnknownSecrets } from "./unknown-secrets.ts";

export const signInLimits = {
  /** Devices looked up with one statement. */
  askersPerStatementMax: 500,
  /** Devices that wait for theirs; more are told to come back. */
  waitingMax: 20_000,
} as const satisfies Record<string, number>;
export type SignInLimits = { readonly [Name in keyof typeof signInLimits]: number };

export interface Found {
  /** Of the first hash that stands for an active device; null when none does. */
  readonly identity: DeviceIdentity | null;
  /** Hashes that stand nowhere, neither revoked nor of a disabled device. */
  readonly unknown: readonly Buffer[];
}

export interface SignIns {
  /** @throws DomainError `store-unavailable` when too many wait; what the store throws, for all of a batch. */
  lookUp(hashes: readonly Buffer[]): Promise<Found>;
  /** The same, but secrets that were unknown a moment ago are not asked for again. */
  find(hashes: readonly Buffer[]): Promise<DeviceIdentity | null>;
}

interface Asker {
  readonly hashes: readonly Buffer[];
  resolve(found: Found): void;
  reject(error: unknown): void;
}

export function createSignIns(deps: {
  readonly database: Database;
  readonly clock: Clock;
  readonly unknownSecrets: UnknownSecrets;
  readonly limits?: SignInLimits;
}): SignIns {
  const { database, clock, unknownSecrets, limits = signInLimits } = deps;
  let waiting: Asker[] = [];
  let isAsking = false;

  async function askAll(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, limits.askersPerStatementMax);
      waiting = waiting.slice(batch.length);
      await answer(database, batch);
    }
    isAsking = false;
  }

  function lookUp(hashes: readonly Buffer[]): Promise<Found> {
    if (waiting.length >= limits.waitingMax)
      return Promise.reject(storeUnavailable(`${limits.waitingMax} devices wait to be looked up`));
    return new Promise((resolve, reject) => {
      waiting.push({ hashes, resolve, reject });
      if (isAsking) return;
      isAsking = true;
      // In a turn of its own, so that who asks in the same moment is looked up with the same statement.
      setImmediate(() => void askAll());
    });
  }

  return {
    lookUp,
    find: async (hashes) => {
      if (hashes.every(unknownSecrets.has)) return null;
      const readAt = clock.now();
      const { identity, unknown } = await lookUp(hashes);
      if (identity === null) unknownSecrets.note(unknown, readAt);
      return identity;
    },
  };
}

async function answer(database: Database, batch: readonly Asker[]): Promise<void> {
  try {
    const holderOf = await selectHolders(
      database,
      batch.flatMap(({ hashes }) => hashes),
    );
    for (const { hashes, resolve } of batch) resolve(foundOf(hashes, holderOf));
  } catch (error) {
    for (const { reject } of batch) reject(error);
  }
}

function foundOf(hashes: readonly Buffer[], holderOf: (hash: Buffer) => Holder): Found {
  const unknown: Buffer[] = [];
  let identity: DeviceIdentity | null = null;
  for (const hash of hashes) {
    const holder = holderOf(hash);
    if (holder === "unknown") unknown.push(hash);
    else if (holder !== "shut-out") identity ??= holder;
  }
  return { identity, unknown };
}
