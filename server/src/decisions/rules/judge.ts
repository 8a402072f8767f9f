// What each kind of rule looks at in a moment, and what it remembers for the next one.
import type { CountedReading, CountRule, GeofenceRule, RateRule, ThresholdRule } from "@waremind/contract";
import type { Condition } from "./expression.ts";
import { fenceTest } from "./fence.ts";
import { inMs } from "./in-ms.ts";
import type { Moment, RuleValue } from "./moment.ts";
import type { MemoryCell } from "./rule-state.ts";

/** Numbers, so that the answer of every reading costs nothing to hand over. */
export const verdicts = {
  /** Nothing for this rule in the moment. */
  unheard: 0,
  /** Not true, and an open alarm may end. */
  clear: 1,
  /** Not true, and not yet far enough back for an open alarm to end. */
  between: 2,
  holds: 3,
} as const;
export type Verdict = (typeof verdicts)[keyof typeof verdicts];

/** Filled by a judge, read at once by who asked it; one for each rule, so that nothing is allocated. */
export interface Measure {
  /** The value of the moment as an alarm would say it; null where there is no number to say. */
  value: number | null;
  /** How far beyond it is, to find the peak; the larger the worse. */
  excess: number;
}

export type Judge = (memory: MemoryCell[], moment: Moment, measure: Measure) => Verdict;

export function judgeThreshold({ key, above, below, clearAbove, clearBelow }: ThresholdRule): Judge {
  const upper = above ?? Number.POSITIVE_INFINITY;
  const lower = below ?? Number.NEGATIVE_INFINITY;
  const clearUpper = clearAbove ?? upper;
  const clearLower = clearBelow ?? lower;
  return (_memory, { values }, measure) => {
    // Of several values of one instant the worst counts.
    let excess = Number.NEGATIVE_INFINITY;
    let clearExcess = Number.NEGATIVE_INFINITY;
    let worst = 0;
    for (const { key: heard, value } of values) {
      if (heard !== key || typeof value !== "number") continue;
      const own = Math.max(value - upper, lower - value);
      if (own > excess) {
        excess = own;
        worst = value;
      }
      clearExcess = Math.max(clearExcess, value - clearUpper, clearLower - value);
    }
    if (excess === Number.NEGATIVE_INFINITY) return verdicts.unheard;
    if (excess <= 0) return insideBy(clearExcess);
    // Said only where it holds: a number in such a field is allocated each time.
    measure.value = worst;
    measure.excess = excess;
    return verdicts.holds;
  };
}

const insideBy = (clearExcess: number): Verdict => (clearExcess <= 0 ? verdicts.clear : verdicts.between);

/** Of the window so many parts remember their last reading each, whatever the number of readings. */
const rateParts = 16;

/**
 * Memory: instant and value of remembered readings in turn, oldest first. The first is what the present is compared with:
 * the last of its part of time that is at least the window old.
 */
export function judgeRate({ key, perHour, direction, overSeconds }: RateRule): Judge {
  const overMs = inMs(overSeconds);
  return (memory, { at, values }, measure) => {
    const value = lastNumber(values, key);
    if (value === null) return verdicts.unheard;
    const [fromAt, from] = rememberRate(memory, { at, value, overMs });
    if (fromAt === null || fromAt > at - overMs) return verdicts.clear;
    const rate = ((value - from) * 3_600_000) / (at - fromAt);
    const beyond = direction === "up" ? rate : direction === "down" ? -rate : Math.abs(rate);
    if (beyond <= perHour) return verdicts.clear;
    measure.excess = beyond;
    measure.value = rate;
    return verdicts.holds;
  };
}

/** Adds a reading, forgets what no later one is compared with, and gives what this one is. */
function rememberRate(
  memory: MemoryCell[],
  { at, value, overMs }: { readonly at: number; readonly value: number; readonly overMs: number },
): readonly [number | null, number] {
  while (memory.length > 2 && Number(memory[2]) <= at - overMs) memory.splice(0, 2);
  const first = memory.length === 0 ? null : Number(memory[0]);
  const from = Number(memory[1]);
  const last = memory.length - 2;
  const partMs = overMs / rateParts;
  const isSamePart = last >= 0 && Math.floor(Number(memory[last]) / partMs) === Math.floor(at / partMs);
  if (isSamePart) memory.splice(last, 2);
  memory.push(at, value);
  return [first, from];
}

/** Memory: whether the other side of the fence was seen. */
export function judgeGeofence({ latitudeKey, longitudeKey, fence, on }: GeofenceRule): Judge {
  const isInside = fenceTest(fence);
  const wantsInside = on === "enter" || on === "inside";
  const wantsOtherFirst = on === "enter" || on === "leave";
  return (memory, { values }, measure) => {
    const latitude = lastNumber(values, latitudeKey);
    const longitude = lastNumber(values, longitudeKey);
    if (latitude === null || longitude === null) return verdicts.unheard;
    measure.value = null;
    if (isInside(longitude, latitude) !== wantsInside) {
      memory[0] = true;
      return verdicts.clear;
    }
    return wantsOtherFirst && memory[0] !== true ? verdicts.clear : verdicts.holds;
  };
}

/** Memory: the instants of the last `count` readings that fit, oldest first. */
export function judgeCount({ key, condition, count, windowSeconds }: CountRule): Judge {
  const windowMs = inMs(windowSeconds);
  const fits = fitting(condition);
  return (memory, { at, values }, measure) => {
    measure.value = null;
    let isHeard = false;
    for (const { key: heard, value } of values) {
      if (heard !== key) continue;
      isHeard = true;
      if (fits(value)) remember(memory, at, count);
    }
    if (!isHeard) return verdicts.unheard;
    return memory.length === count && at - Number(memory[0]) <= windowMs ? verdicts.holds : verdicts.clear;
  };
}

function remember(memory: MemoryCell[], at: number, count: number): void {
  if (memory.length === count) memory.shift();
  memory.push(at);
}

function fitting(condition: CountedReading): (value: RuleValue) => boolean {
  switch (condition.is) {
    case "any":
      return () => true;
    case "above":
      return (value) => typeof value === "number" && value > condition.limit;
    case "below":
      return (value) => typeof value === "number" && value < condition.limit;
    case "equals":
      return (value) => value === condition.value;
  }
}

/** Memory: the last value of each key. */
export function judgeExpression(keys: readonly string[], isTrue: Condition): Judge {
  return (memory, { values }, measure) => {
    while (memory.length < keys.length) memory.push(null);
    let isHeard = false;
    for (const { key, value } of values) {
      const place = keys.indexOf(key);
      if (place === -1) continue;
      memory[place] = value;
      isHeard = true;
    }
    measure.value = null;
    if (!isHeard) return verdicts.unheard;
    return !memory.includes(null) && isTrue(memory) ? verdicts.holds : verdicts.clear;
  };
}

/** Any word of the key, or of the device when it is null, ends a silence. */
export function judgeAbsence(key: string | null): Judge {
  return (_memory, { values }, measure) => {
    measure.value = null;
    const isHeard = key === null ? values.length > 0 : values.some((one) => one.key === key);
    return isHeard ? verdicts.clear : verdicts.unheard;
  };
}

function lastNumber(values: Moment["values"], key: string): number | null {
  for (let index = values.length - 1; index >= 0; index -= 1) {
    const one = values[index];
    if (one?.key === key && typeof one.value === "number") return one.value;
  }
  return null;
}
