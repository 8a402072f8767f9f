import type { Clock } from "../platform/clock.ts";
import type { DeviceIdentity } from "./device.ts";
import { createUnknownSecrets, type UnknownSecrets } from "./unknown-secrets.ts";

/** What another process changed (a revoked token, an edited profile) is known here after this long. */
const keptMs = 30_000;
/** Between a change and its commit a read still answers what was: nothing is kept until that is surely past. */
const distrustedMs = 5_000;
const entriesMax = 20_000;
const distrustedMax = 10_000;

export interface IdentityCache {
  /**
   * The identity known by this name, or what `load` answers. Null is not kept under a name, since many changes may end
   * it; of secrets that stand nowhere `unknownSecrets` knows.
   */
  find(name: string, load: () => Promise<DeviceIdentity | null>): Promise<DeviceIdentity | null>;
  /** Call in the transaction of a change or after it: nothing read until a moment later is believed. */
  forget(deviceId: number): void;
  forgetProfile(profileId: string): void;
  readonly unknownSecrets: UnknownSecrets;
}

interface Entry {
  readonly identity: DeviceIdentity;
  readonly readAt: number;
}

/**
 * Every way to name a device (a token, a certificate, its id) shares this one cache, so that one word forgets all of
 * them. Names are hashes: no secret is held.
 */
export function createIdentityCache(options: { readonly clock: Clock }): IdentityCache {
  const { clock } = options;
  const entries = new Map<string, Entry>();
  const distrusted = new Map<string, number>();
  let allDistrustedAt = Number.NEGATIVE_INFINITY;
  let lastAt = Number.NEGATIVE_INFINITY;

  /** Of a clock that was set back nothing can be told from times: what was read before a change would seem newer. */
  function present(): number {
    const now = clock.now();
    if (now < lastAt) entries.clear();
    lastAt = now;
    return now;
  }

  function isTrusted({ identity, readAt }: Entry): boolean {
    const { id, profileId } = identity.device;
    const lastChangeAt = Math.max(
      allDistrustedAt,
      distrusted.get(`device:${id}`) ?? Number.NEGATIVE_INFINITY,
      distrusted.get(`profile:${profileId}`) ?? Number.NEGATIVE_INFINITY,
    );
    return readAt - lastChangeAt > distrustedMs;
  }

  function distrust(subject: string): void {
    const now = present();
    // What was read before is itself too old by then.
    for (const [name, at] of distrusted) {
      if (now - at <= keptMs + distrustedMs) break;
      distrusted.delete(name);
    }
    distrusted.delete(subject);
    if (distrusted.size < distrustedMax) distrusted.set(subject, now);
    else allDistrustedAt = now;
  }

  return {
    find: async (name, load) => {
      const now = present();
      const entry = entries.get(name);
      if (entry !== undefined && now - entry.readAt <= keptMs && isTrusted(entry)) return entry.identity;
      const identity = await load();
      entries.delete(name);
      if (identity !== null && now <= present() && isTrusted({ identity, readAt: now })) {
        entries.set(name, { identity, readAt: now });
        dropOldest(entries);
      }
      return identity;
    },
    forget: (deviceId) => distrust(`device:${deviceId}`),
    forgetProfile: (profileId) => distrust(`profile:${profileId}`),
    unknownSecrets: createUnknownSecrets({ clock }),
  };
}

function dropOldest(entries: Map<string, unknown>): void {
  if (entries.size <= entriesMax) return;
  const [oldest] = entries.keys();
  if (oldest !== undefined) entries.delete(oldest);
}
