// The recent course of a temperature in bounded memory: the last half hour by the minute, before that its usual range.
import type { Sample } from "./trend.ts";

/**
 * The readings of one minute: `[first reading's time, how many, sum of their ages against the first in ms, sum of °C]`.
 * A series slower than one a minute has a minute for each reading.
 */
type Minute = readonly [from: number, count: number, ageSum: number, celsiusSum: number];

/** The lowest and highest minute of a longer stretch, °C. */
type Stretch = readonly [from: number, low: number, high: number];

/** Plain JSON of bounded size. */
export interface Course {
  /** Since when the course is known, but for gaps. */
  readonly startedAt: number;
  readonly minutes: readonly Minute[];
  readonly stretches: readonly Stretch[];
}

export interface Range {
  readonly low: number;
  readonly high: number;
}

const minuteMs = 60_000;
export const minutesKeptMax = 30;
const stretchMs = 10 * minuteMs;
/** What is usual looks back this far beyond the minutes; so long a memory holds several cycles of a compressor. */
const usualMs = 120 * minuteMs;
/** A longer silence leaves nothing to compare with. */
const gapMsMax = 60 * minuteMs;
/** Sums are kept to this many parts of a degree, so that their text stays short. */
const sumSteps = 1e6;

export function startCourse({ observedAt, celsius }: { observedAt: number; celsius: number }): Course {
  return { startedAt: observedAt, minutes: [[observedAt, 1, 0, celsius]], stretches: [] };
}

/** The course with one more reading, in time order. No line may be drawn across a gap; what was usual is remembered. */
export function withReading(
  course: Course,
  { observedAt, celsius, isGap }: { observedAt: number; celsius: number; isGap: boolean },
): Course {
  const { startedAt, minutes } = course;
  const newest = minutes.at(-1);
  if (newest === undefined) return { ...course, minutes: [[observedAt, 1, 0, celsius]] };
  const [from, count, ageSum, celsiusSum] = newest;
  const ageMs = observedAt - from;
  if (isGap && ageMs > gapMsMax) return startCourse({ observedAt, celsius });
  if (ageMs < minuteMs && !isGap) {
    const sum = Math.round((celsiusSum + celsius) * sumSteps) / sumSteps;
    return { ...course, minutes: [...minutes.slice(0, -1), [from, count + 1, ageSum + ageMs, sum]] };
  }
  const kept = isGap ? [] : minutes.slice(1 - minutesKeptMax);
  const stretches = minutes.slice(0, minutes.length - kept.length).reduce(withMinute, course.stretches);
  return {
    startedAt,
    minutes: [...kept, [observedAt, 1, 0, celsius]],
    stretches: stretches.filter((stretch) => observedAt - stretch[0] <= usualMs),
  };
}

function withMinute(stretches: readonly Stretch[], minute: Minute): readonly Stretch[] {
  const celsius = celsiusOf(minute);
  const newest = stretches.at(-1);
  if (newest === undefined || minute[0] - newest[0] >= stretchMs)
    return [...stretches, [minute[0], celsius, celsius]];
  const [from, low, high] = newest;
  return [...stretches.slice(0, -1), [from, Math.min(low, celsius), Math.max(high, celsius)]];
}

const celsiusOf = ([, count, , celsiusSum]: Minute): number => celsiusSum / count;

/** One sample a minute: the mean of its readings, at their mean time. */
export function samplesOf({ minutes }: Course): readonly Sample[] {
  return minutes.map((minute) => [minute[0] + minute[2] / minute[1], celsiusOf(minute)]);
}

/** The range of all that came before the minutes; nothing is an empty range. */
export function rangeBefore({ stretches }: Course): Range {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const [, lowest, highest] of stretches) {
    low = Math.min(low, lowest);
    high = Math.max(high, highest);
  }
  return { low, high };
}
