// From a curve to what is drawn: a line, the spread around it, and breaks where nothing was measured.
import type { CurveBucket, CurvePoint } from "@waremind/contract";
import { findGaps, gapIntervals, lonePoints } from "../../../curve/prepare-curve.ts";
import type { TimeWindow } from "./window.ts";

/** Columns of one drawn series, aligned; null breaks the line. */
export interface DrawnSeries {
  readonly times: readonly number[];
  /** Of a stretch with several readings the last. */
  readonly values: readonly (number | null)[];
  readonly lows: readonly (number | null)[];
  readonly highs: readonly (number | null)[];
  readonly gaps: readonly TimeWindow[];
  /** When it was silent, as it is recorded. */
  readonly silences: readonly TimeWindow[];
  /** Whether what is drawn are stretches of time with all their readings. */
  readonly isSpread: boolean;
}

export interface SpreadInput {
  readonly points: readonly CurvePoint[];
  /** What all readings of each `bucketMs` have been; absent where the points are all the readings. */
  readonly buckets?: readonly CurveBucket[] | undefined;
  readonly bucketMs?: number | undefined;
  readonly expectedIntervalSeconds: number | null;
  /** Silences as the server recorded them; absent: not known yet, so that what is drawn must do. */
  readonly recorded?: readonly TimeWindow[] | undefined;
}

/** Every reading where the server answered all; else its buckets: the line through the last of each, between its extremes. */
export function spreadOf(input: SpreadInput): DrawnSeries {
  const { buckets, bucketMs } = input;
  if (buckets !== undefined && bucketMs !== undefined) return spreadOfBuckets(buckets, bucketMs, input);
  const points = input.points.toSorted((one, other) => one[0] - other[0]);
  const gaps = findGaps(points, { ...input, points, isDownsampled: false, nowAt: 0 });
  const slots = points.map(([at, last]): Slot => ({ at, last, low: last, high: last }));
  return { ...withBreaks(slots, gaps), gaps, silences: input.recorded ?? gaps, isSpread: false };
}

function spreadOfBuckets(
  buckets: readonly CurveBucket[],
  bucketMs: number,
  { expectedIntervalSeconds, recorded }: SpreadInput,
): DrawnSeries {
  const slots = buckets.map(
    ([beginsAt, low, high, last]): Slot => ({ at: beginsAt + bucketMs / 2, last, low, high }),
  );
  const gaps = gapsOfBuckets(buckets, bucketMs, expectedIntervalSeconds);
  return { ...withBreaks(slots, gaps), gaps, silences: recorded ?? gaps, isSpread: true };
}

/** What is empty between two buckets is a silence for certain; how long it went on within them is not known. */
function gapsOfBuckets(
  buckets: readonly CurveBucket[],
  bucketMs: number,
  expectedIntervalSeconds: number | null,
): readonly TimeWindow[] {
  if (expectedIntervalSeconds === null) return [];
  return buckets.flatMap(([to], index) => {
    const from = (buckets[index - 1]?.[0] ?? to) + bucketMs;
    return to - from > expectedIntervalSeconds * 1_000 * gapIntervals ? [{ from, to }] : [];
  });
}

interface Slot {
  readonly at: number;
  /** The last reading of it. */
  readonly last: number;
  readonly low: number;
  readonly high: number;
}

function withBreaks(slots: readonly Slot[], gaps: readonly TimeWindow[]) {
  const times: number[] = [];
  const values: (number | null)[] = [];
  const lows: (number | null)[] = [];
  const highs: (number | null)[] = [];
  let gap = 0;
  for (const [index, slot] of slots.entries()) {
    const previous = slots[index - 1];
    while ((gaps[gap]?.to ?? Number.POSITIVE_INFINITY) <= (previous?.at ?? slot.at)) gap += 1;
    const next = gaps[gap];
    const middle = next === undefined ? undefined : (next.from + next.to) / 2;
    if (previous !== undefined && middle !== undefined && middle > previous.at && middle < slot.at) {
      times.push(middle);
      values.push(null);
      lows.push(null);
      highs.push(null);
    }
    times.push(slot.at);
    values.push(slot.last);
    lows.push(slot.low);
    highs.push(slot.high);
  }
  return { times, values, lows, highs };
}

/** Rows of a table: the value of each series at each instant that one of them has, newest first, at most `rowsMax`. */
export function tableRows(
  series: readonly { readonly points: readonly CurvePoint[] }[],
  rowsMax: number,
): readonly { readonly at: number; readonly values: readonly (number | null)[] }[] {
  const byTime = new Map<number, (number | null)[]>();
  for (const [index, one] of series.entries()) {
    for (const [at, value] of one.points) {
      const row = byTime.get(at) ?? series.map(() => null);
      row[index] = value;
      byTime.set(at, row);
    }
  }
  const all = [...byTime.entries()].toSorted(([one], [other]) => other - one);
  const step = Math.max(1, Math.ceil(all.length / rowsMax));
  return all.filter((_, index) => index % step === 0).map(([at, values]) => ({ at, values }));
}

/**
 * Indexes of the readings that stand alone between two gaps, which a line does not show. Undefined: another series of the
 * chart has a time there, which says nothing about this one.
 */
export function loneReadings(values: ArrayLike<number | null | undefined>): number[] {
  const own = Array.from(values, (_value, index) => index).filter((index) => values[index] !== undefined);
  return lonePoints(own.map((index) => values[index])).flatMap((position) => own[position] ?? []);
}
