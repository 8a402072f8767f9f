import type { CurvePoint, Gap } from "@waremind/contract";

/** A gap is three expected intervals without a reading (specs: cold chain). */
export const gapIntervals = 3;
/** Of a downsampled curve, this many times the average spacing must pass before it is called a gap. */
const gapSpacingsDownsampled = 12;

export interface KnownGap {
  readonly from: number;
  readonly to: number;
  /** True while nothing has been heard since. */
  readonly isOpen: boolean;
}

/** What the chart draws: two aligned columns with a null where the line must break, and what the words say about it. */
export interface PreparedCurve {
  /** Epoch milliseconds, ascending. */
  readonly times: readonly number[];
  /** Null breaks the line: nothing was measured there. */
  readonly values: readonly (number | null)[];
  readonly gaps: readonly KnownGap[];
  readonly pointCount: number;
  readonly min: { readonly at: number; readonly value: number } | null;
  readonly max: { readonly at: number; readonly value: number } | null;
  readonly last: { readonly at: number; readonly value: number } | null;
}

export interface CurveInput {
  readonly points: readonly CurvePoint[];
  /** Gaps the server found. Absent: found here from the interval. */
  readonly gaps?: readonly Gap[] | undefined;
  /** Absent or null: nothing is said about gaps. */
  readonly expectedIntervalSeconds?: number | null | undefined;
  /** True where the server kept only some of the points: their spacing is then wider than the device's pace. */
  readonly isDownsampled?: boolean | undefined;
  /** Where an open gap ends on the screen. */
  readonly nowAt: number;
}

/** Sorts the points, finds the gaps and puts a break into each: a line over a gap would claim what nobody measured. */
export function prepareCurve(input: CurveInput): PreparedCurve {
  const points = input.points.toSorted((one, other) => one[0] - other[0]);
  const gaps = input.gaps === undefined ? findGaps(points, input) : closeGaps(input.gaps, input.nowAt);
  const times: number[] = [];
  const values: (number | null)[] = [];
  let gapIndex = 0;
  for (const [at, value] of points) {
    const previous = times.at(-1);
    while (gaps[gapIndex] !== undefined && (gaps[gapIndex]?.to ?? 0) < (previous ?? at)) gapIndex += 1;
    const gap = gaps[gapIndex];
    if (previous !== undefined && gap !== undefined && liesBetween(gap, previous, at)) {
      times.push(previous + (at - previous) / 2);
      values.push(null);
      gapIndex += 1;
    }
    times.push(at);
    values.push(value);
  }
  return { times, values, gaps, pointCount: points.length, ...extremes(points) };
}

/** Indexes of the points that stand alone, between two breaks or ends: a line does not show them. */
export function lonePoints(values: ArrayLike<number | null | undefined>): number[] {
  const isBreak = (index: number): boolean => values[index] == null;
  return Array.from(values, (_value, index) => index).flatMap((index) =>
    !isBreak(index) && isBreak(index - 1) && isBreak(index + 1) ? [index] : [],
  );
}

/** A gap belongs between two neighbours when most of it lies there (its ends are the neighbours' own times). */
function liesBetween(gap: KnownGap, previous: number, at: number): boolean {
  const middle = gap.from + (gap.to - gap.from) / 2;
  return middle > previous && middle < at;
}

function closeGaps(gaps: readonly Gap[], nowAt: number): readonly KnownGap[] {
  return gaps
    .map((gap) => ({ from: gap.from, to: gap.to ?? Math.max(nowAt, gap.from), isOpen: gap.to === null }))
    .toSorted((one, other) => one.from - other.from);
}

/** Silences longer than three expected intervals; the open one at the end too when `nowAt` is late enough. */
export function findGaps(points: readonly CurvePoint[], input: CurveInput): readonly KnownGap[] {
  const longestMs = longestSilenceMs(points, input);
  if (longestMs === null) return [];
  const gaps: KnownGap[] = [];
  for (let index = 1; index < points.length; index += 1) {
    const from = points[index - 1]?.[0] ?? 0;
    const to = points[index]?.[0] ?? 0;
    if (to - from > longestMs) gaps.push({ from, to, isOpen: false });
  }
  const last = points.at(-1)?.[0];
  if (last !== undefined && input.nowAt - last > longestMs) {
    gaps.push({ from: last, to: input.nowAt, isOpen: true });
  }
  return gaps;
}

/**
 * How long may pass between two points before it is a gap; null where nothing is known of the device's pace. The points'
 * own spacing never decides: a logger that sends its backlog by the minute and then speaks every second has no gap.
 */
function longestSilenceMs(points: readonly CurvePoint[], input: CurveInput): number | null {
  const { expectedIntervalSeconds: interval, isDownsampled = false } = input;
  if (interval === null || interval === undefined) return null;
  const expected = interval * 1000 * gapIntervals;
  if (!isDownsampled) return expected;
  const span = (points.at(-1)?.[0] ?? 0) - (points[0]?.[0] ?? 0);
  return Math.max(expected, (span / Math.max(1, points.length)) * gapSpacingsDownsampled);
}

function extremes(points: readonly CurvePoint[]): Pick<PreparedCurve, "min" | "max" | "last"> {
  let min: CurvePoint | undefined;
  let max: CurvePoint | undefined;
  for (const point of points) {
    if (min === undefined || point[1] < min[1]) min = point;
    if (max === undefined || point[1] > max[1]) max = point;
  }
  const asExtreme = (point: CurvePoint | undefined) =>
    point === undefined ? null : { at: point[0], value: point[1] };
  return { min: asExtreme(min), max: asExtreme(max), last: asExtreme(points.at(-1)) };
}

/** Adds points heard live to those already drawn; a time that is there already keeps its first place. */
export function appendPoints(
  points: readonly CurvePoint[],
  fresh: readonly CurvePoint[],
): readonly CurvePoint[] {
  const lastAt = points.at(-1)?.[0] ?? Number.NEGATIVE_INFINITY;
  const newer = fresh.filter(([at]) => at > lastAt).toSorted((one, other) => one[0] - other[0]);
  return newer.length === 0 ? points : [...points, ...newer];
}

/** At most `count` of the points, evenly taken, always with the first and the last: for the table beside the curve. */
export function samplePoints(points: readonly CurvePoint[], count: number): readonly CurvePoint[] {
  if (points.length <= count) return points;
  const step = (points.length - 1) / (count - 1);
  return Array.from({ length: count }, (_, index) => points[Math.round(index * step)]).filter(
    (point) => point !== undefined,
  );
}

/** The point drawn nearest to a time, to put a mark on the line itself. */
export function nearestValue(curve: PreparedCurve, at: number): { at: number; value: number } | null {
  let best: { at: number; value: number } | null = null;
  for (let index = 0; index < curve.times.length; index += 1) {
    const time = curve.times[index];
    const value = curve.values[index];
    if (time === undefined || value === undefined || value === null) continue;
    if (best === null || Math.abs(time - at) < Math.abs(best.at - at)) best = { at: time, value };
  }
  return best;
}
