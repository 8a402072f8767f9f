// Device messages as one message of a stream: a header in JSON, then their payloads byte for byte.
import type { JsonValue, Point, ReadingValue } from "@waremind/contract";
import type { Transport } from "../devices/index.ts";

/** One device message on its way from an ingest process to a worker. `fault` set: it could not be decoded. */
export interface StreamedMessage {
  readonly deviceId: number;
  readonly transport: Transport;
  readonly receivedAt: number;
  readonly points: readonly Point[];
  readonly payload: Uint8Array;
  readonly fault: { readonly reason: string; readonly detail: string } | undefined;
}

/** `number` grows by one with each batch that `publisher` sends to a partition, and never goes back. */
export interface ReadingBatch {
  readonly publisher: string;
  readonly number: number;
  readonly messages: readonly StreamedMessage[];
}

/** What cannot be read as a batch, whenever it is tried. */
export class UnreadableBatch extends Error {}

const formatVersion = 1;
const lengthBytes = 4;
const transports: ReadonlySet<unknown> = new Set<Transport>(["mqtt", "http", "coap", "gateway"]);

/** A plain value stands for itself; `n` a number JSON would change, `l` its digits as sent, `j` JSON. */
type WireValue =
  | number
  | string
  | boolean
  | { readonly n: number | "-0"; readonly l?: string }
  | { readonly j: JsonValue };
type WirePoint = readonly [key: string, observedAt: number | null, value: WireValue];
type WireMessage = readonly [
  deviceId: number,
  transport: string,
  receivedAt: number,
  payloadBytes: number,
  points: readonly WirePoint[],
  reason?: string,
  detail?: string,
];

export function encodeBatch({ publisher, number, messages }: ReadingBatch): Uint8Array {
  const header = Buffer.from(JSON.stringify([formatVersion, publisher, number, messages.map(wireMessage)]));
  const length = Buffer.alloc(lengthBytes);
  length.writeUInt32LE(header.length);
  return Buffer.concat([length, header, ...messages.map(({ payload }) => payload)]);
}

function wireMessage({ deviceId, transport, receivedAt, payload, points, fault }: StreamedMessage) {
  const wire = [deviceId, transport, receivedAt, payload.byteLength, points.map(wirePoint)] as const;
  return fault === undefined ? wire : [...wire, fault.reason, fault.detail];
}

const wirePoint = ({ key, observedAt, value }: Point): WirePoint => [
  key,
  observedAt ?? null,
  wireValue(value),
];

function wireValue(value: ReadingValue): WireValue {
  switch (value.type) {
    case "number": {
      const { number, literal } = value;
      const isPlain = literal === undefined && !Object.is(number, -0);
      if (isPlain) return number;
      return { n: Object.is(number, -0) ? "-0" : number, ...(literal === undefined ? {} : { l: literal }) };
    }
    case "text":
      return value.text;
    case "boolean":
      return value.boolean;
    case "json":
      return { j: value.json };
  }
}

/** @throws UnreadableBatch for anything that `encodeBatch` did not make. */
export function decodeBatch(bytes: Uint8Array): ReadingBatch {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerEnd = buffer.length < lengthBytes ? Infinity : lengthBytes + buffer.readUInt32LE();
  if (headerEnd > buffer.length) throw new UnreadableBatch("it is cut off");
  const header = headerOf(buffer.subarray(lengthBytes, headerEnd).toString());
  const [version, publisher, number, wires] = header;
  if (version !== formatVersion) throw new UnreadableBatch(`its version is ${String(version)}`);
  if (typeof publisher !== "string" || !isCount(number) || !Array.isArray(wires))
    throw new UnreadableBatch("its header is not that of a batch");
  let offset = headerEnd;
  const messages = (wires as readonly unknown[]).map((wire) => {
    const { payloadBytes, ...message } = messageOf(wire);
    const payload = buffer.subarray(offset, offset + payloadBytes);
    offset += payloadBytes;
    if (payload.length < payloadBytes) throw new UnreadableBatch("a payload is cut off");
    return { ...message, payload };
  });
  return { publisher, number, messages };
}

function headerOf(text: string): readonly unknown[] {
  try {
    const header: unknown = JSON.parse(text);
    if (Array.isArray(header)) return header as readonly unknown[];
  } catch (error) {
    throw new UnreadableBatch("its header is not JSON", { cause: error });
  }
  throw new UnreadableBatch("its header is not a list");
}

function messageOf(wire: unknown): Omit<StreamedMessage, "payload"> & { readonly payloadBytes: number } {
  if (!Array.isArray(wire)) throw new UnreadableBatch("a message is not a list");
  const [deviceId, transport, receivedAt, payloadBytes, points, reason, detail] =
    wire as unknown as WireMessage;
  const isWhole =
    isCount(deviceId) &&
    isTransport(transport) &&
    Number.isSafeInteger(receivedAt) &&
    isCount(payloadBytes) &&
    Array.isArray(points);
  if (!isWhole) throw new UnreadableBatch("a message lacks a part");
  const fault = typeof reason === "string" ? { reason, detail: String(detail ?? "") } : undefined;
  return { deviceId, transport, receivedAt, payloadBytes, points: points.map(pointOf), fault };
}

function pointOf(wire: unknown): Point {
  if (!Array.isArray(wire)) throw new UnreadableBatch("a point is not a list");
  const [key, observedAt, value] = wire as unknown as WirePoint;
  const isWhole = typeof key === "string" && (observedAt === null || typeof observedAt === "number");
  if (!isWhole) throw new UnreadableBatch("a point lacks a part");
  return { key, observedAt: observedAt ?? undefined, value: readingValue(value) };
}

function readingValue(value: WireValue): ReadingValue {
  if (typeof value === "number") return { type: "number", number: value };
  if (typeof value === "string") return { type: "text", text: value };
  if (typeof value === "boolean") return { type: "boolean", boolean: value };
  if (typeof value !== "object" || value === null) throw new UnreadableBatch("a value is none");
  if ("j" in value) return { type: "json", json: value.j };
  const number = value.n === "-0" ? -0 : value.n;
  if (typeof number !== "number") throw new UnreadableBatch("a number is none");
  return { type: "number", number, ...(value.l === undefined ? {} : { literal: value.l }) };
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
const isTransport = (value: unknown): value is Transport => transports.has(value);
