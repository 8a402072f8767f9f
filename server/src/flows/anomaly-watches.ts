// Which series are watched, known without asking the store for every reading; shared by all followers of a process.
import type { Bus } from "../platform/bus.ts";
import type { Clock } from "../platform/clock.ts";
import type { Connection } from "../platform/database.ts";
import type { AnomalyWatch, Telemetry } from "../telemetry/index.ts";

/** Each has some ten kilobytes in memory. */
export const watchesMax = 2_000;
/** What another process switched is noticed no later, however messages between them fare. */
const listKeptMs = 10_000;

export interface AnomalyWatches {
  /** From memory. While the list is too old everything may be. */
  isMaybeWatched(seriesId: number): boolean;
  /** Read again through `connection` when it is too old. */
  present(connection: Connection): Promise<ReadonlyMap<number, AnomalyWatch>>;
}

export function createAnomalyWatches({
  telemetry,
  clock,
  bus,
}: {
  readonly telemetry: Pick<Telemetry, "anomalies">;
  readonly clock: Clock;
  readonly bus: Bus;
}): AnomalyWatches {
  let list: { readonly of: ReadonlyMap<number, AnomalyWatch>; readonly readAt: number } | undefined;
  let changes = 0;
  bus.subscribe((event) => {
    if (event.kind !== "anomalies-changed") return;
    changes += 1;
    list = undefined;
  });
  const fresh = () => {
    const age = clock.now() - (list?.readAt ?? Number.NEGATIVE_INFINITY);
    return age >= 0 && age < listKeptMs ? list?.of : undefined;
  };
  return {
    isMaybeWatched: (seriesId) => fresh()?.has(seriesId) ?? true,
    present: async (connection) => {
      const known = fresh();
      if (known !== undefined) return known;
      const before = changes;
      const watches = await telemetry.anomalies.watches(connection, watchesMax);
      const of = new Map(watches.map((watch) => [watch.seriesId, watch]));
      // What was read before a change must not pass for what is there after it.
      if (before === changes) list = { of, readAt: clock.now() };
      return of;
    },
  };
}
