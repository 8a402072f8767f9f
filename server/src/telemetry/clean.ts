// What a point must satisfy to become a reading; what fails is quarantined with its reason, never dropped.
import type { ReadingValue, ValueType } from "@waremind/contract";

/** A device's clock may run ahead of ours by this much before its times mean nothing. */
export const aheadMsMax = 24 * 60 * 60_000;
/** A device without a battery for its clock starts in 1970. */
export const behindMsMax = 20 * 365 * 24 * 60 * 60_000;
export const keyLengthMax = 255;

export interface Fault {
  /** Kebab-case, as in `QuarantinedMessage.reason`. */
  readonly reason: string;
  readonly detail: string;
}

/** What a series expects: its type, and the profile's range for it. */
export interface Expected {
  readonly valueType: ValueType;
  readonly min: number | null;
  readonly max: number | null;
}

export function faultOfKey(key: string): Fault | undefined {
  if (key === "") return { reason: "key-empty", detail: "A key has no characters." };
  if (key.length > keyLengthMax) {
    return {
      reason: "key-too-long",
      detail: `Key ${key.slice(0, 40)}… has more than ${keyLengthMax} characters.`,
    };
  }
  return isStorableText(key)
    ? undefined
    : { reason: "text-not-storable", detail: "A key holds characters that are not text." };
}

export function faultOfTime(key: string, observedAt: number, receivedAt: number): Fault | undefined {
  if (!Number.isSafeInteger(observedAt)) {
    return { reason: "clock-implausible", detail: `${key}: ${observedAt} is not a time in milliseconds.` };
  }
  if (observedAt - receivedAt > aheadMsMax) {
    return { reason: "clock-implausible", detail: `${key}: ${observedAt} is more than 24 h in the future.` };
  }
  if (receivedAt - observedAt > behindMsMax) {
    return {
      reason: "clock-implausible",
      detail: `${key}: ${observedAt} is more than 20 years in the past.`,
    };
  }
  return;
}

/** Text is never turned into a number, nor anything into another type. */
export function faultOfValue(key: string, value: ReadingValue, expected: Expected): Fault | undefined {
  if (value.type !== expected.valueType) {
    return { reason: "type-mismatch", detail: `${key}: expected ${expected.valueType}, got ${value.type}.` };
  }
  switch (value.type) {
    case "number":
      return faultOfNumber(key, value.number, expected);
    case "text":
      return isStorableText(value.text) ? undefined : notText(key);
    case "json":
      return isStorableJson(JSON.stringify(value.json)) ? undefined : notText(key);
    case "boolean":
      return;
  }
}

function faultOfNumber(key: string, value: number, expected: Expected): Fault | undefined {
  if (!Number.isFinite(value)) {
    return { reason: "not-finite", detail: `${key}: ${value} is not a finite number.` };
  }
  const { min, max } = expected;
  if ((min === null || value >= min) && (max === null || value <= max)) return;
  const range = `${min ?? "−∞"} … ${max ?? "∞"}`;
  return { reason: "out-of-range", detail: `${key}: ${value} is outside ${range}.` };
}

function notText(key: string): Fault {
  return { reason: "text-not-storable", detail: `${key}: holds U+0000 or half a surrogate pair.` };
}

/** PostgreSQL's text takes every character but U+0000; half a surrogate pair is none. */
function isStorableText(text: string): boolean {
  return text.isWellFormed() && !text.includes("\0");
}

/** `JSON.stringify` escapes exactly the characters that jsonb refuses: U+0000 and lone surrogates. */
function isStorableJson(text: string): boolean {
  return !/(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f])/.test(text);
}
