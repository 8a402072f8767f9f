// The identity of a reading: series, device time, and the order of arrival among different values of one millisecond.
import type { JsonValue, ReadingValue } from "@waremind/contract";
import { assert } from "../platform/errors.ts";
import type { Reading, StoredReading } from "./reading.ts";

/** The column is a smallint. */
export const sequenceMax = 32_767;

/** Readings by series and time; most moments hold one value. */
export type Moments = Map<number, Map<number, StoredReading[]>>;

/** What is in the store already for some of the batch's moments. */
export function momentsOf(stored: readonly StoredReading[]): Moments {
  const moments: Moments = new Map();
  for (const reading of stored) valuesAt(moments, reading).push(reading);
  return moments;
}

/**
 * The readings of a batch that are new, in arrival order: an equal value of the same series and millisecond is a
 * redelivery, a different one gets the next sequence. `known` gains what is new.
 */
export function newReadings(readings: readonly Reading[], known: Moments): StoredReading[] {
  const fresh: StoredReading[] = [];
  for (const reading of readings) {
    const values = valuesAt(known, reading);
    if (values.length > 0 && values.some((other) => isSameValue(other.value, reading.value))) continue;
    const { seriesId, observedAt, receivedAt, value } = reading;
    const stored = { seriesId, observedAt, receivedAt, value, sequence: nextSequence(values) };
    values.push(stored);
    fresh.push(stored);
  }
  return fresh;
}

/**
 * The same for a batch of which nothing is known yet. Where the times of each series only grow, as nearly always, no
 * moment holds two readings and none needs to be looked up.
 */
export function newInBatch(readings: readonly Reading[]): StoredReading[] {
  const lastAt = new Map<number, number>();
  const fresh: StoredReading[] = [];
  for (const { seriesId, observedAt, receivedAt, value } of readings) {
    const before = lastAt.get(seriesId);
    if (before !== undefined && observedAt <= before) return newReadings(readings, new Map());
    lastAt.set(seriesId, observedAt);
    fresh.push({ seriesId, observedAt, receivedAt, value, sequence: 0 });
  }
  return fresh;
}

function valuesAt(moments: Moments, reading: Reading): StoredReading[] {
  let times = moments.get(reading.seriesId);
  if (times === undefined) {
    times = new Map();
    moments.set(reading.seriesId, times);
  }
  let values = times.get(reading.observedAt);
  if (values === undefined) {
    values = [];
    times.set(reading.observedAt, values);
  }
  return values;
}

function nextSequence(values: readonly StoredReading[]): number {
  let next = 0;
  for (const { sequence } of values) next = Math.max(next, sequence + 1);
  assert(next <= sequenceMax, `a series has more than ${sequenceMax} values in one millisecond`);
  return next;
}

export function isSameValue(left: ReadingValue, right: ReadingValue): boolean {
  switch (left.type) {
    case "number":
      return right.type === "number" && left.number === right.number && left.literal === right.literal;
    case "text":
      return right.type === "text" && left.text === right.text;
    case "boolean":
      return right.type === "boolean" && left.boolean === right.boolean;
    case "json":
      return right.type === "json" && canonicalJson(left.json) === canonicalJson(right.json);
  }
}

/** JSON with its keys in order: the store does not keep the order in which a device wrote them. */
export function canonicalJson(value: JsonValue): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const members = Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key] ?? null)}`);
  return `{${members.join(",")}}`;
}
