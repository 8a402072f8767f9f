// ThingsBoard's JSON for everything that is not telemetry: attributes, requests, calls, answers, claims, provisioning.
import { isUtf8 } from "node:buffer";
import type { JsonValue } from "@waremind/contract";
import {
  type AttributeRequest,
  type AttributeValues,
  attributeLimits,
  type NewCredential,
  type ProvisionAnswer,
  type ProvisionRequest,
} from "../devices/index.ts";
import { mayBeInexact, parseKeepingDigits } from "../telemetry/index.ts";
import { type JsonPath, offsetOfPath, offsetOfSyntaxFault } from "./json-position.ts";
import type { MalformedReason } from "./malformed-reasons.ts";
import {
  byteOffset,
  isObject,
  isStorable,
  type MalformedPayload,
  malformed,
  parseJson,
  telemetryLimits,
  textOf,
} from "./telemetry-json.ts";

const deviceJsonLimits = {
  methodLengthMax: 100,
  /** Names, keys, secrets, user names. */
  fieldLengthMax: 255,
  /** A certificate as PEM. */
  certificateLengthMax: 16_384,
} as const;

type JsonObject = { readonly [key: string]: JsonValue };

interface Fault {
  readonly reason: MalformedReason;
  readonly path: JsonPath;
}

/** A payload that was read as JSON. `refuse` says where in it something stands that cannot be used. */
export interface ReadJson {
  readonly value: JsonValue;
  refuse(reason: MalformedReason, path: JsonPath): MalformedPayload;
}

/**
 * Reads any JSON: at most 64 KiB, at most 16 levels deep (and `outerLevels` around them, when values of devices stand
 * within a message of their gateway), text that the store can hold. A number whose digits a double cannot give back
 * (2^63, 17 decimals) becomes the text that was sent, wherever it stands.
 */
export function readJson(bytes: Uint8Array, outerLevels = 0): ReadJson | MalformedPayload {
  const text = readText(bytes);
  if (typeof text !== "string") return text;
  const parsed = parseJson(text);
  if (parsed === undefined) return malformed("json-syntax", byteOffset(text, offsetOfSyntaxFault(text)));
  const refuse = (reason: MalformedReason, path: JsonPath) =>
    malformed(reason, byteOffset(text, offsetOfPath(text, path)));
  const fault = valueFault(parsed, text.includes("\\u"), -outerLevels);
  if (fault !== null) return refuse(fault.reason, fault.path);
  return { value: mayBeInexact.test(text) ? (parseKeepingDigits(text) as JsonValue) : parsed, refuse };
}

/** Client attributes: one object; an array is an error; null says nothing about its key, as with ThingsBoard. */
export function decodeAttributes(bytes: Uint8Array): AttributeValues | MalformedPayload {
  if (bytes.length === 0) return malformed("payload-empty", 0);
  const read = readJson(bytes);
  if ("reason" in read) return read;
  if (!isObject(read.value)) return read.refuse("attributes-not-an-object", []);
  const kept: [string, JsonValue][] = [];
  for (const [key, inner] of Object.entries(read.value)) {
    if (key.length === 0) return read.refuse("key-empty", [key]);
    if (key.length > attributeLimits.keyLengthMax) return read.refuse("key-too-long", [key]);
    if (inner !== null) kept.push([key, inner]);
  }
  // Not a literal: `fromEntries` keeps a key named __proto__ as data.
  return Object.fromEntries(kept);
}

/** `{"clientKeys":"a,b","sharedKeys":"c"}`. Both absent, or an empty payload: all; only one given: none of the other. */
export function decodeAttributeRequest(bytes: Uint8Array): AttributeRequest | MalformedPayload {
  if (bytes.length === 0) return { client: "all", shared: "all" };
  const read = readJson(bytes);
  if ("reason" in read) return read;
  if (!isObject(read.value)) return read.refuse("request-malformed", []);
  const client = keyList(read, read.value, "clientKeys");
  const shared = keyList(read, read.value, "sharedKeys");
  if ("reason" in client) return client;
  if ("reason" in shared) return shared;
  return attributeRequestOf(client, shared);
}

/** A request as HTTP and CoAP state it in their query; keys are separated by commas. */
export function attributeRequestOf(client: readonly string[], shared: readonly string[]): AttributeRequest {
  if (client.length === 0 && shared.length === 0) return { client: "all", shared: "all" };
  return {
    client: client.length === 0 ? "none" : client,
    shared: shared.length === 0 ? "none" : shared,
  };
}

/** The keys of a list separated by commas, each once. */
export function splitKeys(list: string): readonly string[] {
  return distinct(list.split(","));
}

function keyList(read: ReadJson, request: JsonObject, name: string): readonly string[] | MalformedPayload {
  const list = request[name] ?? "";
  const keys = typeof list === "string" ? splitKeys(list) : textsOf(list);
  if (keys === null) return read.refuse("request-malformed", [name]);
  return keys.length > attributeLimits.keysPerScopeMax ? read.refuse("too-many-keys", [name]) : keys;
}

function textsOf(list: JsonValue): readonly string[] | null {
  if (!Array.isArray(list)) return null;
  const texts = list.filter((item) => typeof item === "string");
  return texts.length === list.length ? distinct(texts) : null;
}

function distinct(keys: readonly string[]): readonly string[] {
  return [...new Set(keys.map((key) => key.trim()).filter((key) => key !== ""))];
}

/**
 * The answer to a command: any JSON, or plain text as many devices send it (`OK`), which is taken as that text. What
 * begins like an object or array but is none is refused, since a part of it is missing.
 */
export function decodeJson(bytes: Uint8Array): { readonly value: JsonValue } | MalformedPayload {
  if (bytes.length === 0) return { value: "" };
  const read = readJson(bytes);
  if (!("reason" in read)) return { value: read.value };
  if (read.reason !== "json-syntax") return read;
  const text = textOf(bytes);
  if (/^\s*[[{]/.test(text)) return read;
  return isStorable(text) ? { value: text } : malformed("text-unstorable", Math.max(0, bytes.indexOf(0)));
}

/** A call from the device to the server. Absent `params` are an empty object. */
export function decodeCall(
  bytes: Uint8Array,
): { readonly method: string; readonly params: JsonValue } | MalformedPayload {
  if (bytes.length === 0) return malformed("call-malformed", 0);
  const read = readJson(bytes);
  if ("reason" in read) return read;
  if (!isObject(read.value)) return read.refuse("call-malformed", []);
  const { method, params } = read.value;
  if (typeof method !== "string" || method === "" || method.length > deviceJsonLimits.methodLengthMax) {
    return read.refuse("call-malformed", ["method"]);
  }
  return { method, params: params ?? {} };
}

/** The opening of a claim: `{"secretKey"?, "durationMs"?}` or nothing at all. */
export function decodeClaim(
  bytes: Uint8Array,
): { readonly secret: string; readonly durationMs: number | null } | MalformedPayload {
  if (bytes.length === 0) return { secret: "", durationMs: null };
  const read = readJson(bytes);
  if ("reason" in read) return read;
  const { value } = read;
  if (!isObject(value)) return read.refuse("claim-malformed", []);
  const secret = value["secretKey"] ?? "";
  if (typeof secret !== "string" || secret.length > deviceJsonLimits.fieldLengthMax) {
    return read.refuse("claim-malformed", ["secretKey"]);
  }
  const durationMs = value["durationMs"] ?? null;
  if (durationMs === null) return { secret, durationMs };
  if (typeof durationMs !== "number" || !Number.isSafeInteger(durationMs) || durationMs <= 0) {
    return read.refuse("claim-malformed", ["durationMs"]);
  }
  return { secret, durationMs };
}

/** A provisioning request with ThingsBoard's field names. */
export function decodeProvision(bytes: Uint8Array): ProvisionRequest | MalformedPayload {
  if (bytes.length === 0) return malformed("provision-malformed", 0);
  const read = readJson(bytes);
  if ("reason" in read) return read;
  const { value } = read;
  if (!isObject(value)) return read.refuse("provision-malformed", []);
  const faulty = provisionTexts.find((name) => !isProvisionText(name, value[name]));
  if (faulty !== undefined) return read.refuse("provision-malformed", [faulty]);
  const key = textIn(value, "provisionDeviceKey");
  const secret = textIn(value, "provisionDeviceSecret");
  if (key === null || secret === null) return read.refuse("provision-malformed", []);
  const credential = suppliedCredential(value);
  if (typeof credential === "string") {
    return read.refuse(credential, credential === "credentials-type-unknown" ? ["credentialsType"] : []);
  }
  const deviceName = textIn(value, "deviceName");
  return { deviceName, key, secret, credential, isGateway: value["gateway"] === true };
}

const provisionTexts = [
  ...["deviceName", "provisionDeviceKey", "provisionDeviceSecret", "credentialsType"],
  ...["token", "username", "password", "clientId", "hash"],
] as const;

function isProvisionText(name: string, value: JsonValue | undefined): boolean {
  if (value === undefined || value === null) return true;
  const { certificateLengthMax, fieldLengthMax } = deviceJsonLimits;
  return (
    typeof value === "string" && value.length <= (name === "hash" ? certificateLengthMax : fieldLengthMax)
  );
}

/** Null for a field that is absent or empty. */
function textIn(value: JsonObject, name: string): string | null {
  const text = value[name];
  return typeof text === "string" && text !== "" ? text : null;
}

/** Null when the device supplies none; a reason when what it supplies cannot be used. */
function suppliedCredential(
  value: JsonObject,
): NewCredential | null | "credentials-type-unknown" | "credentials-incomplete" {
  const token = textIn(value, "token");
  switch (textIn(value, "credentialsType")) {
    case null:
      return token === null ? null : { kind: "access-token", token };
    case "ACCESS_TOKEN":
      return token === null ? "credentials-incomplete" : { kind: "access-token", token };
    case "MQTT_BASIC":
      return suppliedBasic(value);
    case "X509_CERTIFICATE": {
      const pem = textIn(value, "hash");
      return pem === null ? "credentials-incomplete" : { kind: "x509", pem };
    }
    default:
      return "credentials-type-unknown";
  }
}

function suppliedBasic(value: JsonObject): NewCredential {
  const clientId = textIn(value, "clientId");
  const userName = textIn(value, "username");
  const password = textIn(value, "password");
  // None of the three: all are generated. Some: the others are not part of the credential.
  if (clientId === null && userName === null && password === null) return { kind: "basic" };
  return { kind: "basic", clientId, userName, password };
}

/** The answer to a provisioning request in ThingsBoard's form; `provisionDeviceStatus` is what its older clients read. */
export function provisionReply(answer: ProvisionAnswer): JsonObject {
  const status = { status: answer.status, provisionDeviceStatus: answer.status };
  if (answer.status === "NOT_FOUND") return { ...status, errorMsg: "Provision data was not found!" };
  if (answer.status === "FAILURE") return { ...status, errorMsg: answer.reason };
  const { credential } = answer;
  switch (credential.kind) {
    case "access-token":
      return { ...status, credentialsType: "ACCESS_TOKEN", credentialsValue: credential.token };
    case "basic": {
      const { clientId, userName, password } = credential;
      return { ...status, credentialsType: "MQTT_BASIC", credentialsValue: { clientId, userName, password } };
    }
    case "x509":
      return { ...status, credentialsType: "X509_CERTIFICATE", credentialsValue: credential.fingerprint };
  }
}

/** The text of a payload, or why it is none that JSON could be. */
export function readText(bytes: Uint8Array): string | MalformedPayload {
  if (bytes.length > telemetryLimits.payloadBytesMax) {
    return malformed("payload-too-large", telemetryLimits.payloadBytesMax);
  }
  const text = textOf(bytes);
  if (!text.includes("\uFFFD") || isUtf8(bytes)) return text;
  return malformed("not-utf8", byteOffset(text, text.indexOf("\uFFFD")));
}

/** Only an escape (`checksText`) can smuggle in what the store's text cannot hold. Depth 0 is the payload itself. */
function valueFault(value: JsonValue, checksText: boolean, depth: number): Fault | null {
  if (typeof value === "number") {
    return Number.isFinite(value) ? null : { reason: "number-not-finite", path: [] };
  }
  if (typeof value === "string") {
    return checksText && !isStorable(value) ? { reason: "text-unstorable", path: [] } : null;
  }
  if (typeof value !== "object" || value === null) return null;
  if (depth > telemetryLimits.jsonDepthMax) return { reason: "nesting-too-deep", path: [] };
  return Array.isArray(value) ? itemsFault(value, checksText, depth) : membersFault(value, checksText, depth);
}

function itemsFault(items: readonly JsonValue[], checksText: boolean, depth: number): Fault | null {
  for (let index = 0; index < items.length; index += 1) {
    const fault = valueFault(items[index] ?? null, checksText, depth + 1);
    if (fault !== null) return { reason: fault.reason, path: [index, ...fault.path] };
  }
  return null;
}

function membersFault(members: JsonObject, checksText: boolean, depth: number): Fault | null {
  for (const [key, value] of Object.entries(members)) {
    if (checksText && !isStorable(key)) return { reason: "text-unstorable", path: [key] };
    const fault = valueFault(value, checksText, depth + 1);
    if (fault !== null) return { reason: fault.reason, path: [key, ...fault.path] };
  }
  return null;
}
