// Whether a temperature is on its way to a limit, or only goes up and down as it always does.
import type { Band } from "@waremind/contract";
import { type Course, type Range, rangeBefore, samplesOf } from "./course.ts";
import { lineThrough, noiseOf, type Sample } from "./trend.ts";

export type Side = "above" | "below";

/** A movement towards a limit that stands out of the noise and of what is usual. */
export interface Approach {
  readonly side: Side;
  /** °C per hour, signed. */
  readonly ratePerHour: number;
  /** Until the limit is met at that rate, and at the slow end of what the rate may be. */
  readonly minutesToLimit: number;
  readonly minutesToLimitMax: number;
}

/** A warning that is on. */
export interface Warning {
  readonly side: Side;
  readonly raisedAt: number;
  /** Since when the movement is gone; null while it goes on. */
  readonly fadingSince: number | null;
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/**
 * How long the course must be known before a movement within it can stand out: the longest cycle of a compressor that
 * is expected. Half a cycle looks like a trend to every test that has not seen a whole one.
 */
const learningMs = 20 * minuteMs;
/** Lengths at which the newest samples are looked at: short ones see a door left open, long ones a weak cooling. */
const windowSamples = [3, 4, 6, 9, 14, 21, 30] as const;
const windowMsMin = 3 * minuteMs;
/** The movement must have been beyond the usual range for this long, with two samples at least: no spike, no hand. */
const beyondMsMin = 2 * minuteMs;
const beyondSamplesMin = 2;
/** How far beyond the usual range is unusual: the most of an amount in °C, a share of the range, and of the noise. */
const beyondCelsiusMin = 0.15;
const beyondRangeShare = 0.25;
const beyondNoises = 3;
/** Beyond the usual range the movement still goes on, at this share of the line's slope: a step to a new level does not. */
const goingOnShare = 0.75;
const goingOnNoises = 2;
/** The slope is reduced by this many of its standard errors before it is extended to the limit. */
const slopeErrors = 3;
/** Least agreement of the pairs on the direction (Mann and Kendall's test uses the same sum). */
const agreementMin = 0.65;

/** A warning fades while the limit is more than this many times `warnAheadMinutes` away, or the movement turned. */
const fadeFactor = 2;
/** It ends when it has faded for this long, and no new one begins for some time after. */
const fadeMs = 10 * minuteMs;
const restMs = 15 * minuteMs;
/** The rate shown, and the fading, look at this long and at least this many samples. */
const rateMs = 10 * minuteMs;
const rateSamples = 4;

/**
 * The movement towards a limit, or null. Three things must hold together, in any one of several windows of time:
 *
 * 1. New ground: the last two minutes lie beyond all that was seen before the window, by more than the noise and a
 *    share of the usual range. Records are a distribution-free test of trend (Foster and Stuart, J. R. Stat. Soc. B 16,
 *    1954, 1–22); a cycle of any shape sets none once it was seen whole.
 * 2. A line: the Theil–Sen slope less three standard errors still leads to the limit, and the pairs agree (Kendall).
 * 3. It goes on: beyond the usual range it moves at about the line's pace. A step to a new level does not.
 */
export function approachOf(course: Course, band: Band): Approach | null {
  const samples = samplesOf(course);
  const newestAt = samples.at(-1)?.[0] ?? course.startedAt;
  if (newestAt - course.startedAt < learningMs + windowMsMin) return null;
  return approachOn("above", { course, samples, band }) ?? approachOn("below", { course, samples, band });
}

interface Seen {
  readonly course: Course;
  readonly samples: readonly Sample[];
  readonly band: Band;
}

function approachOn(side: Side, { course, samples, band }: Seen): Approach | null {
  // Turned so that the limit is always up.
  const sign = side === "above" ? 1 : -1;
  const limit = side === "above" ? band.maxCelsius : -band.minCelsius;
  const climbing = samples.map(([at, celsius]): Sample => [at, sign * celsius]);
  const usual = turned(rangeBefore(course), side);
  let noise: number | null = null;
  let found: Approach | null = null;
  for (const size of windowSamples) {
    const start = climbing.length - size;
    const window = climbing.slice(Math.max(0, start));
    const fromAt = window[0]?.[0] ?? 0;
    if (start < 0 || fromAt - course.startedAt < learningMs) break;
    const range = widened(usual, climbing.slice(0, start + 1));
    // The cheap question first: almost always nothing is beyond what was seen before.
    if ((window.at(-1)?.[1] ?? 0) <= range.high + beyondCelsiusMin) continue;
    noise ??= noiseOf(climbing);
    const line = climbOf(window, range, noise);
    const approach = line === null ? null : towards(limit, { side, sign, line, window });
    found = sooner(found, approach);
  }
  return found;
}

const turned = ({ low, high }: Range, side: Side): Range =>
  side === "above" ? { low, high } : { low: -high, high: -low };

function sooner(a: Approach | null, b: Approach | null): Approach | null {
  if (a === null || b === null) return a ?? b;
  return b.minutesToLimitMax < a.minutesToLimitMax ? b : a;
}

function widened(range: Range, samples: readonly Sample[]): Range {
  let { low, high } = range;
  for (const [, celsius] of samples) {
    low = Math.min(low, celsius);
    high = Math.max(high, celsius);
  }
  return { low, high };
}

interface Climb {
  readonly slope: number;
  readonly slopeMin: number;
  readonly celsiusAt: (at: number) => number;
}

function climbOf(window: readonly Sample[], usual: Range, noise: number): Climb | null {
  const [firstAt, newestAt] = [window[0]?.[0] ?? 0, window.at(-1)?.[0] ?? 0];
  if (newestAt - firstAt < windowMsMin) return null;
  const margin = Math.max(
    beyondCelsiusMin,
    beyondRangeShare * (usual.high - usual.low),
    beyondNoises * noise,
  );
  const beyond = window.slice(window.findLastIndex(([, celsius]) => celsius <= usual.high + margin) + 1);
  const [beyondAt, beyondCelsius] = beyond[0] ?? [newestAt, 0];
  if (beyond.length < beyondSamplesMin || newestAt - beyondAt < beyondMsMin) return null;
  const line = lineThrough(window, noise);
  if (line === null || line.agreement < agreementMin) return null;
  const gone = (beyond.at(-1)?.[1] ?? 0) - beyondCelsius;
  const isGoingOn =
    gone >= Math.max(goingOnShare * line.slope * (newestAt - beyondAt), goingOnNoises * noise);
  const slopeMin = line.slope - slopeErrors * line.slopeError;
  return isGoingOn && slopeMin > 0 ? { slope: line.slope, slopeMin, celsiusAt: line.celsiusAt } : null;
}

function towards(
  limit: number,
  { side, sign, line, window }: { side: Side; sign: number; line: Climb; window: readonly Sample[] },
): Approach {
  const left = Math.max(0, limit - line.celsiusAt(window.at(-1)?.[0] ?? 0));
  return {
    side,
    ratePerHour: sign * line.slope * hourMs,
    minutesToLimit: left / line.slope / minuteMs,
    minutesToLimitMax: left / line.slopeMin / minuteMs,
  };
}

/** The rate over the last ten minutes, °C per hour, and the minutes to the limit it leads to; null with few samples. */
export function presentPace(course: Course, band: Band): Omit<Approach, "minutesToLimitMax"> | null {
  const samples = samplesOf(course);
  const newestAt = samples.at(-1)?.[0] ?? 0;
  const recent = samples.filter(
    ([at], index) => newestAt - at <= rateMs || index >= samples.length - rateSamples,
  );
  const line = lineThrough(recent);
  if (line === null) return null;
  const side = line.slope > 0 ? "above" : "below";
  const limit = line.slope > 0 ? band.maxCelsius : band.minCelsius;
  const minutesToLimit =
    line.slope === 0
      ? Number.POSITIVE_INFINITY
      : Math.max(0, (limit - line.celsiusAt(newestAt)) / line.slope / minuteMs);
  return { side, ratePerHour: line.slope * hourMs, minutesToLimit };
}

export interface Warned {
  readonly warning: Warning | null;
  readonly endedAt: number | null;
}

/**
 * The warning after a reading within the band. It begins when even the slow end of the rate meets the limit within
 * `warnAheadMinutes`; it ends when the movement has been gone for ten minutes, and none begins in the next fifteen.
 */
export function nextWarning(before: Warned, course: Course, band: Band, at: number): Warned {
  if (before.warning !== null) return { ...before, ...faded(before.warning, course, band, at) };
  if (before.endedAt !== null && at - before.endedAt < restMs) return before;
  const approach = approachOf(course, band);
  return approach !== null && approach.minutesToLimitMax <= band.warnAheadMinutes
    ? { ...before, warning: { side: approach.side, raisedAt: at, fadingSince: null } }
    : before;
}

function faded(warning: Warning, course: Course, band: Band, at: number): Partial<Warned> {
  const pace = presentPace(course, band);
  const isGoingOn = pace?.side === warning.side && pace.minutesToLimit <= band.warnAheadMinutes * fadeFactor;
  if (isGoingOn) return { warning: { ...warning, fadingSince: null } };
  const fadingSince = warning.fadingSince ?? at;
  return at - fadingSince >= fadeMs
    ? { warning: null, endedAt: at }
    : { warning: { ...warning, fadingSince } };
}
