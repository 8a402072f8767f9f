// Protobuf's bytes by a plan: messages as JSON values and back. Integers that a double cannot hold are text.
import { isUtf8 } from "node:buffer";
import type { JsonValue } from "@waremind/contract";
import protobuf from "protobufjs";
import type { MalformedReason } from "../malformed-reasons.ts";
import { telemetryLimits } from "../telemetry-json.ts";
import type { FieldPlan, MessagePlan, Scalar } from "./schema.ts";

export const wireLimits = {
  /** Values that one message may decode to, zero values of unset fields included: two bytes may stand for many. */
  valuesMax: 50_000,
  /** Messages within messages. */
  depthMax: telemetryLimits.jsonDepthMax,
} as const;

export type JsonObject = { readonly [key: string]: JsonValue };

/** Bytes that do not follow the plan, or values that do not fit it. */
export class WireFault extends Error {
  readonly reason: MalformedReason;
  readonly position: number;

  constructor(reason: MalformedReason, position: number) {
    super(reason);
    this.reason = reason;
    this.position = position;
  }
}

const wireTypes = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

const wireTypeOf: Readonly<Record<Scalar | "enum" | "message", number>> = {
  ...{ double: wireTypes.fixed64, fixed64: wireTypes.fixed64, sfixed64: wireTypes.fixed64 },
  ...{ float: wireTypes.fixed32, fixed32: wireTypes.fixed32, sfixed32: wireTypes.fixed32 },
  ...{ int32: wireTypes.varint, uint32: wireTypes.varint, sint32: wireTypes.varint },
  ...{ int64: wireTypes.varint, uint64: wireTypes.varint, sint64: wireTypes.varint },
  ...{ bool: wireTypes.varint, enum: wireTypes.varint },
  ...{ string: wireTypes.bytes, bytes: wireTypes.bytes, message: wireTypes.bytes },
};

interface Budget {
  left: number;
}

/** One message as JSON, its fields under their names. @throws WireFault */
export function decodeMessage(plan: MessagePlan, bytes: Uint8Array): JsonObject {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const reader = protobuf.Reader.create(buffer);
  try {
    return readMessage(reader, buffer.length, plan, { depth: 0, budget: { left: wireLimits.valuesMax } });
  } catch (error) {
    if (error instanceof WireFault) throw error;
    // The reader throws plain errors at bytes that end too early or are no number.
    throw new WireFault("protobuf-wire", Math.min(reader.pos, buffer.length));
  }
}

interface Place {
  readonly depth: number;
  readonly budget: Budget;
}

function readMessage(reader: protobuf.Reader, end: number, plan: MessagePlan, place: Place): JsonObject {
  if (place.depth > wireLimits.depthMax) throw new WireFault("protobuf-too-deep", reader.pos);
  const read = new Map<FieldPlan, JsonValue>();
  const inner = { depth: place.depth + 1, budget: place.budget };
  while (reader.pos < end) {
    const tag = reader.uint32();
    const field = plan.byId.get(tag >>> 3);
    if (field === undefined) skip(reader, tag, end);
    else readField(reader, end, { field, wireType: tag & 7, read, place: inner });
  }
  if (reader.pos !== end) throw new WireFault("protobuf-wire", end);
  return withZeros(plan, read, place.budget);
}

/** A field of a newer schema. */
function skip(reader: protobuf.Reader, tag: number, end: number): void {
  if (tag >>> 3 === 0) throw new WireFault("protobuf-wire", reader.pos);
  reader.skipType(tag & 7);
  if (reader.pos > end) throw new WireFault("protobuf-wire", end);
}

interface FieldRead {
  readonly field: FieldPlan;
  readonly wireType: number;
  /** A map is kept as the list of its entries until all of them are there. */
  readonly read: Map<FieldPlan, JsonValue>;
  readonly place: Place;
}

function readField(reader: protobuf.Reader, end: number, { field, wireType, read, place }: FieldRead): void {
  if (!field.isRepeated && field.mapKey === null) {
    if (field.oneOf !== null) forgetSiblings(field, read);
    read.set(field, readValue(reader, end, field, wireType, place));
    return;
  }
  const known = read.get(field);
  const list = Array.isArray(known) ? known : [];
  read.set(field, list);
  if (field.mapKey !== null) {
    list.push(readMapEntry(reader, end, field, wireType, place));
    return;
  }
  if (wireType !== wireTypes.bytes || wireTypeOf[field.kind] === wireTypes.bytes) {
    list.push(readValue(reader, end, field, wireType, place));
    return;
  }
  const packedEnd = endOfPart(reader, end);
  while (reader.pos < packedEnd)
    list.push(readValue(reader, packedEnd, field, wireTypeOf[field.kind], place));
}

function forgetSiblings(field: FieldPlan, read: Map<FieldPlan, JsonValue>): void {
  for (const other of read.keys()) if (other.oneOf === field.oneOf) read.delete(other);
}

function readValue(
  reader: protobuf.Reader,
  end: number,
  field: FieldPlan,
  wireType: number,
  place: Place,
): JsonValue {
  spend(place.budget, reader.pos);
  if (wireType !== wireTypeOf[field.kind]) throw new WireFault("protobuf-schema-mismatch", reader.pos);
  const value = readKind(reader, end, field, place);
  if (reader.pos > end) throw new WireFault("protobuf-wire", end);
  return value;
}

function readKind(reader: protobuf.Reader, end: number, field: FieldPlan, place: Place): JsonValue {
  if (field.message !== null) return readMessage(reader, endOfPart(reader, end), field.message, place);
  if (field.enumeration !== null) {
    const number = reader.int32();
    return field.enumeration.names.get(number) ?? number;
  }
  return field.kind === "message" || field.kind === "enum" ? null : readScalar(reader, field.kind);
}

function readMapEntry(
  reader: protobuf.Reader,
  end: number,
  field: FieldPlan,
  wireType: number,
  place: Place,
): [string, JsonValue] {
  spend(place.budget, reader.pos);
  if (wireType !== wireTypes.bytes) throw new WireFault("protobuf-schema-mismatch", reader.pos);
  const entryEnd = endOfPart(reader, end);
  const { mapKey } = field;
  let key: JsonValue = mapKey === null ? "" : zeroOf(mapKey);
  let value: JsonValue = zeroOfField(field);
  while (reader.pos < entryEnd) {
    const tag = reader.uint32();
    if (tag >>> 3 === 1 && mapKey !== null && (tag & 7) === wireTypeOf[mapKey])
      key = readScalar(reader, mapKey);
    else if (tag >>> 3 === 2) value = readValue(reader, entryEnd, field, tag & 7, place);
    else skip(reader, tag, entryEnd);
  }
  if (reader.pos !== entryEnd) throw new WireFault("protobuf-wire", entryEnd);
  return [String(key), value];
}

function endOfPart(reader: protobuf.Reader, end: number): number {
  const length = reader.uint32();
  const partEnd = reader.pos + length;
  if (partEnd > end) throw new WireFault("protobuf-wire", reader.pos);
  return partEnd;
}

function readScalar(reader: protobuf.Reader, kind: Scalar): JsonValue {
  switch (kind) {
    case "double":
      return finite(reader.double(), reader.pos);
    case "float":
      return shortest(finite(reader.float(), reader.pos));
    case "int64":
    case "uint64":
    case "sint64":
    case "fixed64":
    case "sfixed64":
      return integerOf(String(reader[kind]()));
    case "bool":
      return reader.bool();
    case "string":
      return textOf(reader.bytes(), reader.pos);
    case "bytes":
      return Buffer.from(reader.bytes()).toString("base64");
    case "int32":
    case "uint32":
    case "sint32":
    case "fixed32":
    case "sfixed32":
      return reader[kind]();
  }
}

function finite(value: number, position: number): number {
  if (!Number.isFinite(value)) throw new WireFault("number-not-finite", position);
  return value;
}

const floatDigits = [6, 7, 8, 9] as const;

/** The fewest digits that give the same float: 23.1 is not to become 23.100000381469727. */
function shortest(float: number): number {
  for (const digits of floatDigits) {
    const short = Number(float.toPrecision(digits));
    if (Math.fround(short) === float) return short;
  }
  return float;
}

/** Digits as a number where a double holds them, verbatim where it does not. */
function integerOf(digits: string): JsonValue {
  const number = Number(digits);
  return Number.isSafeInteger(number) ? number : digits;
}

function textOf(bytes: Uint8Array, position: number): string {
  if (!isUtf8(bytes)) throw new WireFault("not-utf8", position - bytes.length);
  if (bytes.includes(0)) throw new WireFault("text-unstorable", position - bytes.length);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
}

function spend(budget: Budget, position: number): void {
  budget.left -= 1;
  if (budget.left < 0) throw new WireFault("protobuf-too-many-values", position);
}

/** Fields without presence are zero when they are not on the wire; a temperature of exactly 0 arrives so. */
function withZeros(plan: MessagePlan, read: ReadonlyMap<FieldPlan, JsonValue>, budget: Budget): JsonObject {
  const entries: [string, JsonValue][] = [];
  for (const field of plan.fields) {
    const value = read.get(field);
    if (value !== undefined) entries.push([field.name, field.mapKey === null ? value : mapOf(value)]);
    else if (!field.hasPresence && !field.isRepeated && field.mapKey === null) {
      spend(budget, 0);
      entries.push([field.name, zeroOfField(field)]);
    }
  }
  return Object.fromEntries(entries);
}

function mapOf(entries: JsonValue): JsonValue {
  const pairs = Array.isArray(entries) ? entries.filter((entry) => Array.isArray(entry)) : [];
  return Object.fromEntries(pairs.map(([key, value]) => [String(key), value ?? null]));
}

function zeroOfField(field: FieldPlan): JsonValue {
  if (field.kind === "message") return {};
  if (field.kind === "enum") return field.enumeration?.names.get(0) ?? 0;
  return zeroOf(field.kind);
}

function zeroOf(kind: Scalar): JsonValue {
  if (kind === "bool") return false;
  return kind === "string" || kind === "bytes" ? "" : 0;
}

/** A message from JSON; every value must fit its field and every key must have one. @throws WireFault */
export function encodeMessage(plan: MessagePlan, value: JsonObject): Uint8Array {
  const writer = protobuf.Writer.create();
  writeMessage(writer, plan, value, 0);
  return writer.finish();
}

const misfit = (): WireFault => new WireFault("protobuf-schema-mismatch", 0);

function writeMessage(writer: protobuf.Writer, plan: MessagePlan, value: JsonObject, depth: number): void {
  if (depth > wireLimits.depthMax) throw new WireFault("protobuf-too-deep", 0);
  const known = new Map(plan.fields.map((field) => [field.name, field]));
  for (const [name, inner] of Object.entries(value)) {
    if (inner === null) continue;
    const field = known.get(name);
    if (field === undefined) throw misfit();
    writeField(writer, field, inner, depth);
  }
}

function writeField(writer: protobuf.Writer, field: FieldPlan, value: JsonValue, depth: number): void {
  if (field.mapKey !== null) writeMap(writer, field, value, depth);
  else if (!field.isRepeated) writeValue(writer, field, value, depth);
  else if (!Array.isArray(value)) throw misfit();
  // One by one: every reader must take a repeated field so, packed or not.
  else for (const item of value) writeValue(writer, field, item, depth);
}

function writeValue(writer: protobuf.Writer, field: FieldPlan, value: JsonValue, depth: number): void {
  writer.uint32(((field.id << 3) | wireTypeOf[field.kind]) >>> 0);
  if (field.message !== null) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) throw misfit();
    writer.fork();
    writeMessage(writer, field.message, value, depth + 1);
    writer.ldelim();
  } else if (field.enumeration !== null) {
    const number = typeof value === "string" ? field.enumeration.numbers.get(value) : value;
    writer.int32(integerIn(number, -(2 ** 31), 2 ** 31 - 1));
  } else if (field.kind !== "message" && field.kind !== "enum") {
    writeScalar(writer, field.kind, value);
  }
}

function writeMap(writer: protobuf.Writer, field: FieldPlan, value: JsonValue, depth: number): void {
  if (typeof value !== "object" || value === null || Array.isArray(value) || field.mapKey === null)
    throw misfit();
  const inner: FieldPlan = { ...field, id: 2, mapKey: null, isRepeated: false };
  for (const [key, item] of Object.entries(value)) {
    writer.uint32(((field.id << 3) | wireTypes.bytes) >>> 0).fork();
    writer.uint32((1 << 3) | wireTypeOf[field.mapKey]);
    writeScalar(writer, field.mapKey, mapKeyValue(field.mapKey, key));
    writeValue(writer, inner, item, depth);
    writer.ldelim();
  }
}

function mapKeyValue(kind: Scalar, key: string): JsonValue {
  if (kind === "string") return key;
  return kind === "bool" ? key === "true" : integerOf(key);
}

function writeScalar(writer: protobuf.Writer, kind: Scalar, value: JsonValue): void {
  switch (kind) {
    case "string":
      if (typeof value !== "string") throw misfit();
      writer.string(value);
      break;
    case "bytes":
      if (typeof value !== "string") throw misfit();
      writer.bytes(Buffer.from(value, "base64"));
      break;
    case "bool":
      if (typeof value !== "boolean") throw misfit();
      writer.bool(value);
      break;
    case "double":
    case "float":
      if (typeof value !== "number") throw misfit();
      writer[kind](value);
      break;
    case "int64":
    case "uint64":
    case "sint64":
    case "fixed64":
    case "sfixed64":
      writer[kind](digitsOf(value, kind === "uint64" || kind === "fixed64"));
      break;
    case "uint32":
    case "fixed32":
      writer[kind](integerIn(value, 0, 2 ** 32 - 1));
      break;
    case "int32":
    case "sint32":
    case "sfixed32":
      writer[kind](integerIn(value, -(2 ** 31), 2 ** 31 - 1));
      break;
  }
}

function integerIn(value: JsonValue | undefined, min: number, max: number): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < min || value > max) throw misfit();
  return value;
}

function digitsOf(value: JsonValue, isUnsigned: boolean): string {
  const digits = typeof value === "number" && Number.isSafeInteger(value) ? String(value) : value;
  if (typeof digits !== "string" || !/^-?\d{1,20}$/.test(digits)) throw misfit();
  const integer = BigInt(digits);
  const isIn = isUnsigned
    ? integer >= 0n && integer < 2n ** 64n
    : integer >= -(2n ** 63n) && integer < 2n ** 63n;
  if (!isIn) throw misfit();
  return digits;
}
