// Protobuf payloads of devices, by the schemas of their profile or ours.
import type { BilingualText, JsonValue, Point, ProfileTransport, ReadingValue } from "@waremind/contract";
import {
  type AttributeChange,
  type AttributeRequest,
  type AttributeValues,
  attributeLimits,
  type Profile,
} from "../../devices/index.ts";
import type { OutgoingCommand } from "../../flows/device-hub.ts";
import { DomainError } from "../../platform/errors.ts";
import { attributeRequestOf, decodeJson, readJson } from "../device-json.ts";
import {
  isMalformed,
  isStorable,
  type MalformedPayload,
  malformed,
  telemetryLimits,
} from "../telemetry-json.ts";
import { type MessagePlan, readSchema, type SchemaFault } from "./schema.ts";
import { builtInSchemas } from "./schemas.ts";
import { decodeMessage, encodeMessage, type JsonObject, WireFault } from "./wire.ts";

/** Reads and writes what a device of one profile says. No decoder throws. */
export interface ProtobufCodec {
  decodeTelemetry(bytes: Uint8Array): readonly Point[] | MalformedPayload;
  decodeAttributes(bytes: Uint8Array): AttributeValues | MalformedPayload;
  decodeAttributeRequest(bytes: Uint8Array): AttributeRequest | MalformedPayload;
  decodeCommandAnswer(bytes: Uint8Array): { readonly value: JsonValue } | MalformedPayload;
  decodeCall(bytes: Uint8Array): { readonly method: string; readonly params: JsonValue } | MalformedPayload;
  /** Always by our schema: a schema of the profile could not name every key, nor those that are gone. */
  encodeAttributes(change: AttributeChange): Uint8Array;
  encodeAttributeAnswer(answer: {
    readonly client: AttributeValues;
    readonly shared: AttributeValues;
  }): Uint8Array;
  /** Null when the profile's schema cannot say this command: then it must not be sent at all. */
  encodeCommand(command: OutgoingCommand): Uint8Array | null;
  encodeCallAnswer(answer: JsonValue): Uint8Array;
}

export const codecLimits = {
  /** Schemas kept parsed, one per version of a profile. */
  codecsMax: 256,
  methodLengthMax: 100,
} as const;

type Schemas = NonNullable<ProfileTransport["protobuf"]>;
type Purpose = keyof Schemas;

const noSchemas: Schemas = { telemetry: "", attributes: "", commandRequest: "", commandResponse: "" };
const purposes = ["telemetry", "attributes", "commandRequest", "commandResponse"] as const;

const purposeNames: Readonly<Record<Purpose, BilingualText>> = {
  telemetry: { en: "telemetry", zh: "遥测" },
  attributes: { en: "attributes", zh: "属性" },
  commandRequest: { en: "command requests", zh: "命令请求" },
  commandResponse: { en: "command answers", zh: "命令应答" },
};

interface Kept {
  readonly schemas: Schemas;
  readonly codec: ProtobufCodec;
}

const kept = new Map<string, Kept>();

/** The codec of a profile; parsed once per version. */
export function protobufCodecOf(profile: Pick<Profile, "id" | "version" | "transport">): ProtobufCodec {
  const schemas = profile.transport.protobuf ?? noSchemas;
  const name = `${profile.id}:${profile.version}`;
  const known = kept.get(name);
  if (known !== undefined && isSame(known.schemas, schemas)) return known.codec;
  const codec = createProtobufCodec(schemas);
  kept.delete(name);
  kept.set(name, { schemas, codec });
  const oldest = kept.size > codecLimits.codecsMax ? kept.keys().next().value : undefined;
  if (oldest !== undefined) kept.delete(oldest);
  return codec;
}

function isSame(left: Schemas, right: Schemas): boolean {
  return left === right || purposes.every((purpose) => left[purpose] === right[purpose]);
}

/** For whoever saves a profile. @throws DomainError `invalid-input` that names the schema and what is wrong with it. */
export function checkProtoSchemas(transport: Pick<ProfileTransport, "protobuf">): void {
  const schemas = transport.protobuf ?? noSchemas;
  for (const purpose of purposes) {
    const plan = planFor(schemas, purpose);
    const fault = "fault" in plan ? plan.fault : purpose === "commandRequest" ? commandFault(plan) : null;
    if (fault === null) continue;
    const { en, zh } = purposeNames[purpose];
    throw new DomainError(
      "invalid-input",
      {
        en: `The Protobuf schema for ${en} cannot be used: ${fault.en}. Correct it and save again.`,
        zh: `${zh}的 Protobuf 模式无法使用：${fault.zh}。请更正后重新保存。`,
      },
      { field: `transport.protobuf.${purpose}` },
    );
  }
}

function planFor(schemas: Schemas, purpose: Purpose): MessagePlan | SchemaFault {
  return readSchema(schemas[purpose].trim() === "" ? builtInSchemas[purpose] : schemas[purpose]);
}

function commandFault(plan: MessagePlan): BilingualText | null {
  const method = plan.fields.find(({ name }) => name === "method");
  const params = plan.fields.find(({ name }) => name === "params");
  const isParams = params !== undefined && (params.kind === "string" || params.kind === "message");
  return method?.kind === "string" && isParams
    ? null
    : {
        en: `${plan.name} needs a field "method" of type string and a field "params" of type string or of a message`,
        zh: `${plan.name} 需要 string 类型的字段 "method"，以及 string 或消息类型的字段 "params"`,
      };
}

/** The plan of one of our own schemas; they are tested to be readable. */
function ownPlan(name: keyof typeof builtInSchemas): MessagePlan {
  const plan = readSchema(builtInSchemas[name]);
  if ("fault" in plan) throw new Error(`The built-in schema ${name} is broken: ${plan.fault.en}`);
  return plan;
}

const own = {
  attributes: ownPlan("attributes"),
  attributeRequest: ownPlan("attributeRequest"),
  attributeAnswer: ownPlan("attributeAnswer"),
  call: ownPlan("call"),
  callAnswer: ownPlan("callAnswer"),
};

function createProtobufCodec(schemas: Schemas): ProtobufCodec {
  const plans = {
    telemetry: planFor(schemas, "telemetry"),
    attributes: planFor(schemas, "attributes"),
    commandRequest: planFor(schemas, "commandRequest"),
    commandResponse: planFor(schemas, "commandResponse"),
  };
  const isOwn = (purpose: Purpose): boolean => schemas[purpose].trim() === "";
  return {
    decodeTelemetry: (bytes) =>
      reading(
        plans.telemetry,
        bytes,
        isOwn("telemetry") ? ownPoints : (json) => pointsOf(plans.telemetry, json),
      ),
    decodeAttributes: (bytes) =>
      reading(plans.attributes, bytes, isOwn("attributes") ? ownAttributes : (json) => json),
    decodeAttributeRequest: (bytes) => reading(own.attributeRequest, bytes, requestOf),
    decodeCommandAnswer: (bytes) =>
      reading(plans.commandResponse, bytes, (json) => answerOf(plans.commandResponse, json)),
    decodeCall: (bytes) => reading(own.call, bytes, callOf),
    encodeAttributes: ({ values, deletedKeys }) =>
      encodeMessage(own.attributes, { values: attributeEntries(values), deleted: [...deletedKeys] }),
    encodeAttributeAnswer: ({ client, shared }) =>
      encodeMessage(own.attributeAnswer, {
        client: attributeEntries(client),
        shared: attributeEntries(shared),
      }),
    encodeCommand: (command) => encodeCommand(plans.commandRequest, command),
    encodeCallAnswer: (answer) => encodeMessage(own.callAnswer, { payload: JSON.stringify(answer) }),
  };
}

/** Decodes by a plan and hands on the JSON; whatever is wrong becomes a refusal. */
function reading<Content extends object>(
  plan: MessagePlan | SchemaFault,
  bytes: Uint8Array,
  take: (json: JsonObject) => Content | MalformedPayload,
): Content | MalformedPayload {
  if (bytes.length > telemetryLimits.payloadBytesMax) {
    return malformed("payload-too-large", telemetryLimits.payloadBytesMax);
  }
  if ("fault" in plan) return malformed("protobuf-schema-broken", 0);
  try {
    return take(decodeMessage(plan, bytes));
  } catch (error) {
    if (error instanceof WireFault) return malformed(error.reason, error.position);
    throw error;
  }
}

/** Our own telemetry: points with a key, one of five kinds of value, and perhaps a time. */
function ownPoints(json: JsonObject): readonly Point[] | MalformedPayload {
  const list = objectsIn(json["points"]);
  if (list.length > telemetryLimits.pointsPerMessageMax) return malformed("protobuf-too-many-values", 0);
  const points: Point[] = [];
  for (const entry of list) {
    const value = ownValue(entry);
    if (value === null) continue;
    if (isMalformed(value)) return value;
    const observedAt = instantOf(entry["ts"]);
    if (observedAt === null) return malformed("protobuf-ts-invalid", 0);
    const key = keyOf(entry);
    if (key === null) return malformed("protobuf-key-invalid", 0);
    points.push({ key, value, observedAt });
  }
  return points;
}

function ownAttributes(json: JsonObject): AttributeValues | MalformedPayload {
  const values: [string, JsonValue][] = [];
  for (const entry of objectsIn(json["values"])) {
    const value = ownValue(entry);
    if (value === null) continue;
    if (isMalformed(value)) return value;
    const key = keyOf(entry);
    if (key === null) return malformed("protobuf-key-invalid", 0);
    values.push([key, plainValue(value)]);
  }
  return Object.fromEntries(values);
}

function keyOf(entry: JsonObject): string | null {
  const { key } = entry;
  return typeof key === "string" && key !== "" && key.length <= attributeLimits.keyLengthMax ? key : null;
}

/** Null for an entry without a value, which says nothing, like null in JSON. */
function ownValue(entry: JsonObject): ReadingValue | MalformedPayload | null {
  const { json } = entry;
  if (typeof json === "string") {
    const read = readJson(Buffer.from(json));
    if (isMalformed(read)) return malformed("protobuf-json-invalid", 0);
    return readingValue(read.value);
  }
  return readingValue(entry["number"] ?? entry["text"] ?? entry["boolean"] ?? entry["integer"] ?? null);
}

function readingValue(value: JsonValue): ReadingValue | null {
  if (value === null) return null;
  if (typeof value === "number") return { type: "number", number: value };
  if (typeof value === "string") return { type: "text", text: value };
  if (typeof value === "boolean") return { type: "boolean", boolean: value };
  return { type: "json", json: value };
}

function plainValue(value: ReadingValue): JsonValue {
  switch (value.type) {
    case "number":
      return value.number;
    case "text":
      return value.text;
    case "boolean":
      return value.boolean;
    case "json":
      return value.json;
  }
}

/** Epoch milliseconds, undefined when absent, null when it is no instant. */
function instantOf(ts: JsonValue | undefined): number | undefined | null {
  if (ts === undefined) return undefined;
  return typeof ts === "number" && Math.abs(ts) <= 8.64e15 ? ts : null;
}

/**
 * A message of the profile's own: its fields are keys. As with ThingsBoard, a message that has an integer `ts` and a
 * message `values` gives the time of what is in `values`; fields beside them are readings of the same time.
 */
function pointsOf(plan: MessagePlan | SchemaFault, json: JsonObject): readonly Point[] | MalformedPayload {
  if (!("fields" in plan) || !isTimed(plan)) return pointsIn(json, undefined);
  const { ts, values, ...beside } = json;
  // Without presence an unset time is 0: nobody measured in 1970.
  const observedAt = ts === 0 ? undefined : instantOf(ts);
  if (observedAt === null) return malformed("protobuf-ts-invalid", 0);
  return pointsIn({ ...beside, ...(isObject(values) ? values : {}) }, observedAt);
}

function isTimed(plan: MessagePlan): boolean {
  const ts = plan.fields.find(({ name }) => name === "ts");
  const values = plan.fields.find(({ name }) => name === "values");
  const isInteger = ts !== undefined && /(?:int|fixed)64$/.test(ts.kind) && !ts.isRepeated;
  return isInteger && values?.kind === "message" && !values.isRepeated && values.mapKey === null;
}

function pointsIn(json: JsonObject, observedAt: number | undefined): readonly Point[] | MalformedPayload {
  const points: Point[] = [];
  for (const [key, inner] of Object.entries(json)) {
    if (key.length > telemetryLimits.keyLengthMax) return malformed("protobuf-key-invalid", 0);
    const value = readingValue(inner);
    if (value !== null) points.push({ key, value, observedAt });
  }
  return points;
}

function requestOf(json: JsonObject): AttributeRequest | MalformedPayload {
  const client = textsIn(json["client_keys"]);
  const shared = textsIn(json["shared_keys"]);
  return Math.max(client.length, shared.length) > attributeLimits.keysPerScopeMax
    ? malformed("too-many-keys", 0)
    : attributeRequestOf(client, shared);
}

function callOf(
  json: JsonObject,
): { readonly method: string; readonly params: JsonValue } | MalformedPayload {
  const { method, params } = json;
  if (typeof method !== "string" || method === "" || method.length > codecLimits.methodLengthMax) {
    return malformed("call-malformed", 0);
  }
  if (typeof params !== "string" || params === "") return { method, params: {} };
  const read = readJson(Buffer.from(params));
  return isMalformed(read) ? malformed("protobuf-json-invalid", 0) : { method, params: read.value };
}

/** An answer that is one text is read like an answer in JSON; any other is the message itself. */
function answerOf(
  plan: MessagePlan | SchemaFault,
  json: JsonObject,
): { readonly value: JsonValue } | MalformedPayload {
  const only = "fields" in plan && plan.fields.length === 1 ? plan.fields[0] : undefined;
  if (only === undefined || only.kind !== "string" || only.isRepeated || only.mapKey !== null)
    return { value: json };
  const text = json[only.name];
  const read = decodeJson(Buffer.from(typeof text === "string" ? text : ""));
  return isMalformed(read) ? malformed("protobuf-json-invalid", 0) : read;
}

function encodeCommand(
  plan: MessagePlan | SchemaFault,
  { number, method, params }: OutgoingCommand,
): Uint8Array | null {
  if ("fault" in plan) return null;
  const named = (name: string) => plan.fields.find((field) => field.name === name);
  const idName = ["requestId", "request_id", "id"].find((name) => named(name) !== undefined);
  const paramsField = named("params");
  const isText = paramsField?.kind === "string";
  const isNothing = params === null || (isObject(params) && Object.keys(params).length === 0);
  const id =
    idName === undefined ? {} : { [idName]: named(idName)?.kind === "string" ? String(number) : number };
  const said = isText ? JSON.stringify(params) : isNothing ? null : params;
  try {
    return encodeMessage(plan, { method, ...id, params: said });
  } catch (error) {
    if (error instanceof WireFault) return null;
    throw error;
  }
}

function attributeEntries(values: AttributeValues): JsonValue[] {
  return Object.entries(values).map(([key, value]) => ({ key, ...attributeValue(value) }));
}

function attributeValue(value: JsonValue): { [kind: string]: JsonValue } {
  if (typeof value === "number") return { number: value };
  if (typeof value === "string") return { text: value };
  if (typeof value === "boolean") return { boolean: value };
  return { json: JSON.stringify(value) };
}

function isObject(value: JsonValue | undefined): value is { [key: string]: JsonValue } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function objectsIn(list: JsonValue | undefined): readonly JsonObject[] {
  return Array.isArray(list) ? list.filter(isObject) : [];
}

function textsIn(list: JsonValue | undefined): readonly string[] {
  return Array.isArray(list)
    ? list.filter((item) => typeof item === "string" && item !== "" && isStorable(item)).map(String)
    : [];
}
