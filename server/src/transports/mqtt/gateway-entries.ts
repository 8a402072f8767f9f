// Cuts the message of a gateway into the parts that belong to single devices, so that each part is read by the same
// rules as a message of the device itself, and a bad part spoils no other.

import { readText } from "../device-json.ts";
import { offsetOfSyntaxFault } from "../json-position.ts";
import {
  byteOffset,
  isStorable,
  type MalformedPayload,
  malformed,
  parseJson,
  telemetryLimits,
} from "../telemetry-json.ts";

export const gatewayEntryLimits = {
  /** Devices that one message may name. */
  devicesPerMessageMax: 1_000,
} as const;

/** What a message says of one device. */
export interface GatewayEntry {
  readonly name: string;
  /** The JSON value that stands under the name, byte for byte. */
  readonly bytes: Uint8Array;
  /** Where `bytes` begins in the message. */
  readonly position: number;
}

const code = { quote: 0x22, comma: 0x2c, backslash: 0x5c, open: 0x5b, close: 0x5d, begin: 0x7b, end: 0x7d };

/** `{"device": value, …}`. A name that occurs twice is two entries: nothing of a message is lost. */
export function cutEntries(message: Uint8Array): readonly GatewayEntry[] | MalformedPayload {
  if (message.length === 0) return malformed("payload-empty", 0);
  const text = readText(message);
  if (typeof text !== "string") return text;
  const parsed = parseJson(text);
  if (parsed === undefined) return malformed("json-syntax", byteOffset(text, offsetOfSyntaxFault(text)));
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    return malformed("gateway-not-an-object", 0);
  }
  const entries = entriesOf(message);
  const surplus = entries[gatewayEntryLimits.devicesPerMessageMax];
  return surplus === undefined ? entries : malformed("gateway-too-many-devices", surplus.position);
}

/** Whether a device can be called so. */
export function isDeviceName(name: string): boolean {
  return (
    name.length > 0 && name.length <= telemetryLimits.keyLengthMax && isStorable(name) && !hasControl(name)
  );
}

function hasControl(name: string): boolean {
  return /\p{Cc}/u.test(name);
}

/** `message` is JSON and an object. What has structure in JSON is ASCII, so its bytes can be followed one by one. */
function entriesOf(message: Uint8Array): GatewayEntry[] {
  const entries: GatewayEntry[] = [];
  let at = afterSpace(message, message.indexOf(code.begin) + 1);
  while (message[at] === code.quote) {
    const nameEnd = endOfString(message, at);
    const name = JSON.parse(Buffer.from(message.subarray(at, nameEnd)).toString("utf8")) as string;
    const position = afterSpace(message, afterSpace(message, nameEnd) + 1);
    const end = endOfValue(message, position);
    entries.push({ name, bytes: message.subarray(position, end), position });
    at = afterSpace(message, end);
    if (message[at] === code.comma) at = afterSpace(message, at + 1);
  }
  return entries;
}

function afterSpace(message: Uint8Array, from: number): number {
  let at = from;
  while (at < message.length && (message[at] ?? 0) <= 0x20) at += 1;
  return at;
}

function endOfString(message: Uint8Array, from: number): number {
  let at = from + 1;
  while (at < message.length && message[at] !== code.quote) at += message[at] === code.backslash ? 2 : 1;
  return at + 1;
}

function endOfValue(message: Uint8Array, from: number): number {
  const first = message[from];
  if (first === code.quote) return endOfString(message, from);
  if (first === code.open || first === code.begin) return endOfNested(message, from);
  let at = from;
  // The comma or brace after a number or a word belongs to what is around it.
  while (at < message.length && !endsWord(message[at] ?? 0)) at += 1;
  return at;
}

function endsWord(byte: number): boolean {
  return byte <= 0x20 || byte === code.comma || byte === code.end;
}

function endOfNested(message: Uint8Array, from: number): number {
  let at = from;
  let depth = 0;
  do {
    const byte = message[at];
    if (byte === code.open || byte === code.begin) depth += 1;
    else if (byte === code.close || byte === code.end) depth -= 1;
    at = byte === code.quote ? endOfString(message, at) : at + 1;
  } while (depth > 0 && at < message.length);
  return at;
}
