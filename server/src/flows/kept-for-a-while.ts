import type { Clock } from "../platform/clock.ts";

/** A small cache in memory: what was found is believed for `keptMs`, at most `entriesMax` of them. */
export function keptForAWhile<Value>(options: {
  readonly clock: Clock;
  readonly keptMs: number;
  readonly entriesMax: number;
}): { get(key: string, load: () => Promise<Value>): Promise<Value> } {
  const { clock, keptMs, entriesMax } = options;
  const entries = new Map<string, { readonly value: Value; readonly loadedAt: number }>();
  return {
    get: async (key, load) => {
      const kept = entries.get(key);
      const now = clock.now();
      if (kept !== undefined && now >= kept.loadedAt && now - kept.loadedAt < keptMs) return kept.value;
      const value = await load();
      if (entries.size >= entriesMax) entries.clear();
      entries.set(key, { value, loadedAt: now });
      return value;
    },
  };
}
