// Gaps of every series, kept as records in the transaction of the readings. Silence is data.
import type { LiveEvent } from "@waremind/contract";
import { intervalsPerGap } from "../decisions/plausibility/index.ts";
import type { DeviceIdentity } from "../devices/index.ts";
import type { Connection } from "../platform/database.ts";
import type { ReadingRun, Series, SeriesGaps, StoredReading } from "../telemetry/index.ts";
import type { IntakeFollower } from "./intake-sink.ts";

/**
 * Some hundred bytes each. Beyond this those that were not learned lately are forgotten; it is more than a cleaner knows at a
 * time, which tells of all it knows.
 */
const seriesKnownMax = 400_000;

interface KnownSeries {
  /** A longer silence is a gap, milliseconds. */
  longestMs: number;
  /** The time of the newest reading; undefined: the store is to be asked. */
  newestAt: number | undefined;
  /** The transaction that has added to it and is not over. */
  by: Connection | undefined;
}

export interface GapFollower extends IntakeFollower {
  isInterestedIn(seriesId: number): boolean;
  learn(identity: DeviceIdentity, series: readonly Series[]): void;
  settled(connection: Connection, isCommitted: boolean): void;
}

/** Silence of more than so many milliseconds is a gap of a series whose device sends every so many seconds. */
export const longestSilenceMs = (expectedIntervalSeconds: number): number =>
  Math.round(expectedIntervalSeconds * 1_000 * intervalsPerGap);

/**
 * A reading that follows the newest of its series soon enough costs a look into memory and nothing else. Around any other
 * (the first since a start, one after a silence, one that came late) the gaps are brought to what the store holds.
 *
 * Storing readings locks the row of what is latest of their series until the transaction is over, so of two transactions with
 * the same series the later sees in the store what the earlier stored; its memory it believes only when the earlier was
 * told its end. The memory knows what this follower followed: another process that stores newer readings of the series
 * meanwhile makes it ask again only when a silence seems too long.
 */
export function createGapFollower({ gaps }: { readonly gaps: SeriesGaps }): GapFollower {
  let known = new Map<number, KnownSeries>();
  let older: ReadonlyMap<number, KnownSeries> = new Map();
  const find = (seriesId: number) => known.get(seriesId) ?? older.get(seriesId);
  const touchedBy = new Map<Connection, Set<KnownSeries>>();

  /** What is known of a series, of which this transaction stored something. */
  function enter(connection: Connection, seriesId: number): KnownSeries | undefined {
    const series = find(seriesId);
    if (series === undefined || series.by === connection) return series;
    // Another transaction is not known to be over.
    if (series.by !== undefined) series.newestAt = undefined;
    series.by = connection;
    const touched = touchedBy.get(connection);
    if (touched === undefined) touchedBy.set(connection, new Set([series]));
    else touched.add(series);
    return series;
  }

  /** Takes what is in order into the memory; answers the times of all others by series, in order of arrival. */
  function goForward(connection: Connection, readings: readonly StoredReading[]) {
    const others = new Map<number, number[]>();
    for (const { seriesId, observedAt } of readings) {
      const series = enter(connection, seriesId);
      if (series === undefined || isNext(series, observedAt)) continue;
      const times = others.get(seriesId);
      if (times === undefined) others.set(seriesId, [observedAt]);
      else times.push(observedAt);
    }
    return others;
  }

  async function follow(
    connection: Connection,
    readings: readonly StoredReading[],
  ): Promise<readonly LiveEvent[]> {
    const others = goForward(connection, readings);
    if (others.size === 0) return nothing;
    const runs = [...others].flatMap(([seriesId, times]) => {
      const longestMs = find(seriesId)?.longestMs;
      return longestMs === undefined ? [] : runsOf(seriesId, times, longestMs);
    });
    await gaps.correct(connection, runs);
    const unknown = [...others.keys()].filter((id) => find(id)?.newestAt === undefined);
    for (const [seriesId, newestAt] of await gaps.newestAt(connection, unknown)) {
      const series = find(seriesId);
      if (series !== undefined) series.newestAt = newestAt;
    }
    return nothing;
  }

  return {
    isInterestedIn: (seriesId) => find(seriesId) !== undefined,
    learn: ({ profile }, series) => {
      if (known.size + series.length > seriesKnownMax) {
        older = known;
        known = new Map();
      }
      const longestMs = longestSilenceMs(profile.expectedIntervalSeconds);
      for (const { id } of series) {
        const one = find(id) ?? { longestMs, newestAt: undefined, by: undefined };
        one.longestMs = longestMs;
        known.set(id, one);
      }
    },
    follow,
    settled: (connection, isCommitted) => {
      for (const series of touchedBy.get(connection) ?? []) {
        // It did not happen, or not alone.
        if (!isCommitted || series.by !== connection) series.newestAt = undefined;
        if (series.by === connection) series.by = undefined;
      }
      touchedBy.delete(connection);
    },
  };
}

const nothing: readonly LiveEvent[] = [];

/** Takes in the time of a reading; answers whether it follows the newest one without a gap. */
function isNext(series: KnownSeries, at: number): boolean {
  const { newestAt, longestMs } = series;
  if (newestAt === undefined || at < newestAt) return false;
  series.newestAt = at;
  return at - newestAt <= longestMs;
}

/** Times as they came, put in order and cut where a silence is too long. */
export function runsOf(seriesId: number, times: readonly number[], longestMs: number): ReadingRun[] {
  const runs: { seriesId: number; from: number; to: number; longestMs: number }[] = [];
  for (const at of times.toSorted((a, b) => a - b)) {
    const last = runs.at(-1);
    if (last !== undefined && at - last.to <= longestMs) last.to = at;
    else runs.push({ seriesId, from: at, to: at, longestMs });
  }
  return runs;
}
