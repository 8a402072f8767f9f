// ThingsBoard's gateway API: one connection that speaks for many devices.
import type { JsonValue } from "@waremind/contract";
import type { AttributeRequest, DeviceIdentity } from "../../devices/index.ts";
import { attributeLimits } from "../../devices/index.ts";
import { decodeAttributes, decodeClaim, type ReadJson, readJson } from "../device-json.ts";
import { isObject, type MalformedPayload, malformed } from "../telemetry-json.ts";
import type { Publish } from "./frames.ts";
import { childrenOf } from "./gateway-children.ts";
import { forEachEntry, takeGatewayTelemetry } from "./gateway-each.ts";
import { isDeviceName } from "./gateway-entries.ts";
import {
  domainRefusal,
  type GatewayCall,
  keep,
  named,
  type Outcome,
  refusalByLimit,
  refuseWhole,
  summaryOf,
} from "./gateway-outcome.ts";
import { gatewayTopics } from "./gateway-topics.ts";
import type { Held } from "./in-order.ts";
import type { PublishOrigin } from "./origin.ts";
import { acknowledgeRefused } from "./packets.ts";
import { isToldReasons, type Refusal, refuse } from "./refusals.ts";
import { publishReasons } from "./topics.ts";

/** What a gateway subscribes to. */
export const gatewayFilters: ReadonlySet<string> = new Set([
  gatewayTopics.attributes,
  gatewayTopics.attributesResponse,
  gatewayTopics.rpc,
  gatewayTopics.disconnect,
]);

export function isGatewayTopic(topic: string): boolean {
  return topic.startsWith("v1/gateway/");
}

const handlers: ReadonlyMap<string, (call: GatewayCall) => Promise<Outcome>> = new Map([
  [gatewayTopics.connect, takeConnect],
  [gatewayTopics.disconnect, takeDisconnect],
  [gatewayTopics.telemetry, takeGatewayTelemetry],
  [gatewayTopics.attributes, takeAttributes],
  [gatewayTopics.attributesRequest, answerAttributesRequest],
  [gatewayTopics.rpc, takeCommandAnswer],
  [gatewayTopics.claim, takeClaims],
]);

/**
 * Handles a message on a topic of `isGatewayTopic`. It is acknowledged once, after everything it says is stored for every
 * device it names. What is refused is told on MQTT 5 at QoS 1 and kept in quarantine; if anything could not be stored, the
 * connection ends without an acknowledgement and the gateway sends the message again.
 */
export function handleGatewayPublish(origin: PublishOrigin, held: Held, publish: Publish): void {
  const handler = handlers.get(publish.topic);
  if (!origin.identity.device.isGateway) refuse(origin, held, publish, notGateway);
  else if (handler === undefined) refuse(origin, held, publish, unknownTopic);
  else {
    const isTold = isToldReasons(origin, publish);
    const receivedAt = origin.clock.now();
    const call: GatewayCall = {
      origin,
      children: childrenOf(origin),
      held,
      publish,
      receivedAt,
      isTold,
      pause: null,
    };
    const settled = handler(call).then((outcome) => {
      const refusal = summaryOf(outcome);
      if (refusal !== null && isTold) held.refusal = acknowledgeRefused(origin.traits, held, refusal);
    });
    origin.settle(held, settled);
  }
}

const notGateway: Refusal = {
  reasonCode: publishReasons.notAuthorized,
  reason: "not-a-gateway",
  detail: "This device is no gateway; mark it as one in the console, or publish on v1/devices/me topics.",
};

const unknownTopic: Refusal = {
  reasonCode: publishReasons.topicNameInvalid,
  reason: "topic-unknown",
  detail: "This topic is not part of the gateway API; publish telemetry on v1/gateway/telemetry.",
};

async function takeConnect(call: GatewayCall): Promise<Outcome> {
  const read = readDeviceMessage(call);
  if ("reason" in read) return refuseWhole(call, read);
  const { type } = read.message;
  if (type !== undefined && type !== null && typeof type !== "string") {
    return refuseWhole(call, read.json.refuse("gateway-request-malformed", ["type"]));
  }
  const profileName = type === undefined || type === null || type === "" ? null : type;
  return forChild(call, { name: read.name, profileName }, () => Promise.resolve(null));
}

async function takeDisconnect(call: GatewayCall): Promise<Outcome> {
  const read = readDeviceMessage(call);
  if ("reason" in read) return refuseWhole(call, read);
  await call.children.inTurn(read.name, async () => call.children.disconnect(read.name));
  return [];
}

function takeAttributes(call: GatewayCall): Promise<Outcome> {
  const { desk } = call.origin;
  return forEachEntry(call, decodeAttributes, (identity, values) =>
    desk.reportAttributes(identity, values, "gateway"),
  );
}

function takeClaims(call: GatewayCall): Promise<Outcome> {
  return forEachEntry(call, decodeClaim, (identity, claim) => call.origin.desk.openClaim(identity, claim));
}

/** `{"id","device","client":bool,"key":k}` or `"keys":[..]`; neither: all keys of the scope. */
async function answerAttributesRequest(call: GatewayCall): Promise<Outcome> {
  const read = readDeviceMessage(call);
  if ("reason" in read) return refuseWhole(call, read);
  const { id, client } = read.message;
  const keys = requestedKeys(read.message);
  if (typeof id !== "number" || keys === null) {
    return refuseWhole(
      call,
      read.json.refuse("gateway-request-malformed", [typeof id === "number" ? "keys" : "id"]),
    );
  }
  const scope = client === true ? "client" : "shared";
  const none: AttributeRequest = { client: "none", shared: "none" };
  return forChild(call, { name: read.name, profileName: null }, async (identity) => {
    const values = await call.origin.desk.readAttributes(identity, { ...none, [scope]: keys });
    const answer = { id, device: read.name, ...answerPart(keys, values[scope]) };
    const isSent = call.origin.reply(gatewayTopics.attributesResponse, JSON.stringify(answer));
    return isSent ? null : answerTooLarge;
  });
}

const answerTooLarge: Refusal = {
  reasonCode: publishReasons.quotaExceeded,
  reason: "answer-too-large",
  detail: "The answer is larger than the maximum packet size of this connection; ask for fewer keys at once.",
};

/** Null when `key` or `keys` is of the wrong kind. */
function requestedKeys(message: { readonly [key: string]: JsonValue }): readonly string[] | "all" | null {
  const { key, keys } = message;
  if (typeof key === "string") return [key];
  if (key !== undefined && key !== null) return null;
  if (keys === undefined || keys === null) return "all";
  if (!Array.isArray(keys) || keys.length > attributeLimits.keysPerScopeMax) return null;
  const texts = [...new Set(keys.filter((item) => typeof item === "string"))];
  return keys.every((item) => typeof item === "string") ? texts : null;
}

/** A key that does not exist is absent, never null: the gateway takes null for a value. */
function answerPart(
  keys: readonly string[] | "all",
  values: Readonly<Record<string, JsonValue>>,
): { readonly value?: JsonValue; readonly values?: Readonly<Record<string, JsonValue>> } {
  const [key] = keys;
  if (keys === "all" || keys.length !== 1 || key === undefined) return { values };
  return Object.hasOwn(values, key) ? { value: values[key] ?? null } : {};
}

/** The answer to a command: `{"device","id","data"}`, or `"error"` in place of the data. */
async function takeCommandAnswer(call: GatewayCall): Promise<Outcome> {
  const read = readDeviceMessage(call);
  if ("reason" in read) return refuseWhole(call, read);
  const { id, data, error } = read.message;
  const number = typeof id === "string" && /^\d{1,15}$/.test(id) ? Number(id) : id;
  if (typeof number !== "number" || !Number.isSafeInteger(number)) {
    return refuseWhole(call, read.json.refuse("gateway-request-malformed", ["id"]));
  }
  const answer = data ?? (error === undefined ? null : { error });
  return forChild(call, { name: read.name, profileName: null }, async (identity) => {
    const isAwaited = await call.origin.desk.answerCommand(identity, number, answer);
    return isAwaited ? null : notAwaited;
  });
}

const notAwaited: Refusal = {
  reasonCode: publishReasons.implementationError,
  reason: "answer-not-awaited",
  detail: "No command of this device is waiting for this answer.",
};

/** A message about one device, `{"device": name, …}`. */
function readDeviceMessage(call: GatewayCall):
  | {
      readonly name: string;
      readonly message: { readonly [key: string]: JsonValue };
      readonly json: ReadJson;
    }
  | MalformedPayload {
  const { payload } = call.publish;
  if (payload.length === 0) return malformed("payload-empty", 0);
  const json = readJson(payload, 1);
  if ("reason" in json) return json;
  const { value } = json;
  if (!isObject(value)) return json.refuse("gateway-not-an-object", []);
  const name = value["device"];
  if (typeof name !== "string" || !isDeviceName(name)) {
    return json.refuse("gateway-device-name-invalid", ["device"]);
  }
  return { name, message: value, json };
}

/** One device; what the shop refuses is kept under the gateway's name when the gateway cannot be told. */
async function forChild(
  call: GatewayCall,
  child: { readonly name: string; readonly profileName: string | null },
  task: (identity: DeviceIdentity) => Promise<Refusal | null>,
): Promise<Outcome> {
  const refusal = await call.children.inTurn(child.name, async () => {
    try {
      const identity = await call.children.open(child.name, child.profileName);
      return (await refusalByLimit(call, identity, { kind: "other", points: 0 })) ?? (await task(identity));
    } catch (error) {
      return domainRefusal(error);
    }
  });
  if (refusal === null) return [];
  if (!call.isTold) await keep(call, call.origin.identity, call.publish.payload, refusal);
  return [named(child.name, refusal)];
}
