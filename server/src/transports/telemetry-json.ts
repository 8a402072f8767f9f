// ThingsBoard's JSON telemetry, as every transport takes it: `{k:v}`, `{"ts":ms,"values":{}}` and arrays of both.
import { isUtf8 } from "node:buffer";
import type { BilingualText, JsonValue, Point, ReadingValue } from "@waremind/contract";
import { numberValue } from "../telemetry/index.ts";
import { type JsonPath, offsetOfPath, offsetOfSyntaxFault } from "./json-position.ts";
import { type MalformedReason, malformedSentences } from "./malformed-reasons.ts";

export const telemetryLimits = {
  /** ThingsBoard's own MQTT default; the backlog of an outage is sent in pieces of at most this size. */
  payloadBytesMax: 65_536,
  /** One message is stored in one transaction, and a transaction takes at most this many points. */
  pointsPerMessageMax: 5_000,
  /** How deep an object or array that is a value may nest. */
  jsonDepthMax: 16,
  keyLengthMax: 255,
} as const;

/** Why a payload was refused: what is wrong in both languages, and the byte at which it stands. */
export interface MalformedPayload {
  readonly reason: MalformedReason;
  readonly detail: BilingualText;
  /** Byte offset into the payload, from 0. */
  readonly position: number;
}

/** The largest instant a Date can hold; what is implausible within it is for the intake to judge. */
const instantMax = 8.64e15;

/**
 * Decodes one message. A quoted value stays text whatever it looks like; null is dropped; objects and arrays are JSON
 * values. A number whose digits a double does not give back (17 decimals, an 18-digit SSCC) carries them as `literal`;
 * whether such a whole number is a number or an identifier is for its series to say. Within a JSON value, where no literal
 * can stand beside it, such a number becomes the text of its digits. `{}` and `[]` are messages without points.
 */
export function decodeTelemetry(bytes: Uint8Array): readonly Point[] | MalformedPayload {
  if (bytes.length === 0) return malformed("payload-empty", 0);
  if (bytes.length > telemetryLimits.payloadBytesMax) {
    return malformed("payload-too-large", telemetryLimits.payloadBytesMax);
  }
  const text = textOf(bytes);
  if (text.includes("\uFFFD") && !isUtf8(bytes)) {
    return malformed("not-utf8", byteOffset(text, text.indexOf("\uFFFD")));
  }
  const parsed = parseExactly(text);
  if (parsed === undefined) return malformed("json-syntax", byteOffset(text, offsetOfSyntaxFault(text)));
  const walk = createWalk(text);
  const fault = walk.root(parsed);
  if (fault === null) return walk.points;
  return malformed(fault.reason, byteOffset(text, offsetOfPath(text, fault.path)));
}

interface Fault {
  readonly reason: MalformedReason;
  readonly path: JsonPath;
}

type NumberValue = Extract<ReadingValue, { type: "number" }>;

/** Stands in a parsed message for a number whose digits a double does not give back. */
class ExactNumber {
  readonly value: NumberValue;

  constructor(value: NumberValue) {
    this.value = value;
  }
}

/** JSON as it was parsed, where some numbers stand with their digits. */
type Parsed = null | boolean | number | string | ExactNumber | Parsed[] | { [key: string]: Parsed };

function createWalk(text: string) {
  const points: Point[] = [];
  // Only an escape can smuggle in what the store's text cannot hold: U+0000 or half a surrogate pair.
  const checksText = text.includes("\\u");

  function root(parsed: Parsed): Fault | null {
    if (!Array.isArray(parsed)) return entry(parsed);
    for (let index = 0; index < parsed.length; index += 1) {
      const fault = entry(parsed[index] ?? null);
      if (fault !== null) return under(index, fault);
    }
    return null;
  }

  function entry(parsed: Parsed): Fault | null {
    if (!isMap(parsed)) return { reason: "not-an-object", path: [] };
    if (parsed["ts"] === undefined || parsed["values"] === undefined) return values(parsed, undefined);
    const observedAt = instantOf(parsed["ts"]);
    if (observedAt === null) return { reason: "ts-invalid", path: ["ts"] };
    const inner = parsed["values"];
    if (!isMap(inner)) return { reason: "values-not-an-object", path: ["values"] };
    const fault = values(inner, observedAt);
    return fault === null ? null : under("values", fault);
  }

  function values(parsed: { [key: string]: Parsed }, observedAt: number | undefined): Fault | null {
    for (const key in parsed) {
      const value = parsed[key];
      if (value === null || value === undefined) continue;
      const reason = keyFault(key) ?? valueFault(value, 1);
      if (reason !== null) return { reason, path: [key] };
      if (points.length >= telemetryLimits.pointsPerMessageMax) {
        return { reason: "too-many-points", path: [key] };
      }
      points.push({ key, value: readingValue(value), observedAt });
    }
    return null;
  }

  function keyFault(key: string): Fault["reason"] | null {
    if (key.length === 0) return "key-empty";
    if (key.length > telemetryLimits.keyLengthMax) return "key-too-long";
    return checksText && !isStorable(key) ? "text-unstorable" : null;
  }

  function valueFault(value: Parsed, depth: number): Fault["reason"] | null {
    if (typeof value === "number") return Number.isFinite(value) ? null : "number-not-finite";
    if (typeof value === "string") return checksText && !isStorable(value) ? "text-unstorable" : null;
    return typeof value === "object" && value !== null ? nestedFault(value, depth) : null;
  }

  function nestedFault(
    value: ExactNumber | Parsed[] | { [key: string]: Parsed },
    depth: number,
  ): Fault["reason"] | null {
    if (value instanceof ExactNumber) return null;
    if (depth > telemetryLimits.jsonDepthMax) return "nesting-too-deep";
    for (const [key, inner] of Object.entries(value)) {
      if (checksText && !isStorable(key)) return "text-unstorable";
      const reason = valueFault(inner, depth + 1);
      if (reason !== null) return reason;
    }
    return null;
  }

  return { points, root };
}

function readingValue(value: Exclude<Parsed, null>): ReadingValue {
  if (typeof value === "number") return { type: "number", number: value };
  if (typeof value === "string") return { type: "text", text: value };
  if (typeof value === "boolean") return { type: "boolean", boolean: value };
  return value instanceof ExactNumber ? value.value : { type: "json", json: plainJson(value) };
}

/** Nested at most as deep as `jsonDepthMax`. */
function plainJson(value: Parsed): JsonValue {
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof ExactNumber) {
    const { number, literal } = value.value;
    return literal ?? number;
  }
  if (Array.isArray(value)) return value.map(plainJson);
  for (const key in value) value[key] = plainJson(value[key] ?? null);
  return value as { [key: string]: JsonValue };
}

/** Epoch milliseconds; ThingsBoard also takes them in quotes. Null for anything else. */
function instantOf(value: Parsed): number | null {
  const isQuoted = typeof value === "string" && /^-?\d{1,16}$/.test(value);
  const at = isQuoted ? Number(value) : value instanceof ExactNumber ? value.value.number : value;
  if (typeof at !== "number" || !(Math.abs(at) <= instantMax)) return null;
  return Math.floor(at);
}

function isMap(value: Parsed | undefined): value is { [key: string]: Parsed } {
  return (
    typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof ExactNumber)
  );
}

export function isObject(value: JsonValue | undefined): value is { [key: string]: JsonValue } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes("\0");
}

function under(step: string | number, fault: Fault): Fault {
  return { reason: fault.reason, path: [step, ...fault.path] };
}

export function parseJson(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    // The caller finds the place; the engine's own message often lacks it.
    return undefined;
  }
}

/** Doubles give back every decimal of 15 digits within their normal range. */
const digitsRunMin = 16;

/** Whether a run of sixteen digits and points, or a negative exponent, is anywhere in the text: one look per sixteen. */
function mayHoldExactNumber(text: string): boolean {
  for (let at = digitsRunMin - 1; at < text.length; at += digitsRunMin) {
    if (isDigitOrPoint(text, at) && runAround(text, at) >= digitsRunMin) return true;
  }
  return text.includes("e-") || text.includes("E-");
}

function runAround(text: string, at: number): number {
  let from = at;
  let to = at + 1;
  while (isDigitOrPoint(text, from - 1)) from -= 1;
  while (isDigitOrPoint(text, to)) to += 1;
  return to - from;
}

function isDigitOrPoint(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return (code >= 0x30 && code <= 0x39) || code === 0x2e;
}

function parseExactly(text: string): Parsed | undefined {
  if (!mayHoldExactNumber(text)) return parseJson(text);
  try {
    return JSON.parse(text, keepDigits) as Parsed;
  } catch {
    return undefined;
  }
}

function keepDigits(_key: string, value: unknown, context?: { source?: string }): unknown {
  const source = context?.source;
  if (typeof value !== "number" || source === undefined || !Number.isFinite(value)) return value;
  const exact = numberValue(source, value);
  return exact.literal === undefined ? value : new ExactNumber(exact);
}

export function textOf(bytes: Uint8Array): string {
  const buffer = Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return buffer.toString("utf8");
}

/** Turns an offset into the text (UTF-16 units) into one into its bytes. */
export function byteOffset(text: string, offset: number): number {
  return Buffer.byteLength(text.slice(0, offset));
}

export function malformed(reason: MalformedReason, position: number): MalformedPayload {
  const payload = { reason, detail: malformedSentences[reason](position), position };
  malformedPayloads.add(payload);
  return payload;
}

const malformedPayloads = new WeakSet<object>();

/** Whether a decoder refused: sure even for attributes, among which a device may call one `reason`. */
export function isMalformed(decoded: object): decoded is MalformedPayload {
  return malformedPayloads.has(decoded);
}
