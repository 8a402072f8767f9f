// What of a gateway's message was not taken, and how its gateway and its owner learn of it.
import type { DeviceIdentity } from "../../devices/index.ts";
import type { MessageCost } from "../../flows/device-limits.ts";
import { DomainError } from "../../platform/errors.ts";
import { malformedSentences } from "../malformed-reasons.ts";
import type { MalformedPayload } from "../telemetry-json.ts";
import type { Publish } from "./frames.ts";
import type { GatewayChildren } from "./gateway-children.ts";
import type { Held } from "./in-order.ts";
import type { PublishOrigin } from "./origin.ts";
import { limitReason, limitSentence, type Refusal } from "./refusals.ts";
import { publishReasons } from "./topics.ts";

/** One message of a gateway while it is being handled. */
export interface GatewayCall {
  readonly origin: PublishOrigin;
  readonly children: GatewayChildren;
  readonly held: Held;
  readonly publish: Publish;
  readonly receivedAt: number;
  /** Whether the gateway can be told reasons (MQTT 5, QoS 1). */
  readonly isTold: boolean;
  /** While a limit holds the message back: resolves with whether it is worth asking again. */
  pause: Promise<boolean> | null;
}

/** Empty: all of it was taken. Each refusal names its device. */
export type Outcome = readonly Refusal[];

export const gatewayOutcomeLimits = {
  /** Length of the reason that the gateway is told; it names as many devices as fit. */
  detailLengthMax: 800,
} as const;

/** Refuses the message as a whole; it is kept under the gateway's name. */
export async function refuseWhole(call: GatewayCall, malformed: MalformedPayload): Promise<Outcome> {
  const refusal = malformedRefusal(malformed, 0);
  await keep(call, call.origin.identity, call.publish.payload, refusal);
  return [refusal];
}

/** `position`: where the malformed part begins in the message; the gateway is told bytes of its message. */
export function malformedRefusal(malformed: MalformedPayload, position: number): Refusal {
  const isTooMuch = malformed.reason === "payload-too-large" || malformed.reason === "too-many-points";
  const isMany = malformed.reason === "gateway-too-many-devices";
  return {
    reasonCode: isTooMuch || isMany ? publishReasons.quotaExceeded : publishReasons.payloadFormatInvalid,
    reason: malformed.reason,
    detail: isTooMuch
      ? malformed.detail.en
      : malformedSentences[malformed.reason](malformed.position + position).en,
  };
}

/** What the shop refused, as a refusal; anything else (the store is down) is thrown on and ends the connection. */
export function domainRefusal(error: unknown): Refusal {
  if (!(error instanceof DomainError) || error.code === "store-unavailable" || error.code === "overloaded")
    throw error;
  return {
    reasonCode: reasonCodes[error.code] ?? publishReasons.implementationError,
    reason: error.code,
    detail: error.sentence.en,
  };
}

const reasonCodes: Partial<Record<DomainError["code"], number>> = {
  "limit-reached": publishReasons.quotaExceeded,
  "invalid-input": publishReasons.payloadFormatInvalid,
  "not-allowed": publishReasons.notAuthorized,
};

/** Keeps what was not taken in quarantine, under the device it belongs to. */
export function keep(
  { origin, receivedAt }: GatewayCall,
  identity: DeviceIdentity,
  payload: Uint8Array,
  { reason, detail }: Refusal,
): Promise<void> {
  const transport = identity.device.id === origin.identity.device.id ? "mqtt" : "gateway";
  return origin.sink.appendMalformed({ identity, transport, receivedAt, payload, reason, detail });
}

/** A refusal with the name of its device in front. */
export function named(name: string, refusal: Refusal): Refusal {
  return { ...refusal, detail: `${name.slice(0, 60)}: ${refusal.detail}` };
}

/**
 * Null once the limits of the device and its gateway admit the message. A gateway that can be told is refused; any other
 * is read no further until there is room, and when that takes too long the refusal says so.
 */
export async function refusalByLimit(
  call: GatewayCall,
  identity: DeviceIdentity,
  cost: MessageCost,
): Promise<Refusal | null> {
  const { origin, isTold } = call;
  const via = identity.device.id === origin.identity.device.id ? undefined : origin.identity;
  for (;;) {
    const admission = origin.desk.limiter.admit(identity, cost, via);
    if (admission.isAdmitted) return null;
    const refusal: Refusal = {
      reasonCode: publishReasons.quotaExceeded,
      reason: limitReason(cost),
      detail: limitSentence(admission),
    };
    if (isTold || !(await paused(call, admission.retryAfterMs))) return refusal;
  }
}

/** A message is held back as a whole: devices that meet a limit meanwhile wait for the same moment. */
function paused(call: GatewayCall, retryAfterMs: number): Promise<boolean> {
  const { origin, held, publish } = call;
  call.pause ??= new Promise((resolve) => {
    const end = (isWorthAsking: boolean) => (): void => {
      call.pause = null;
      resolve(isWorthAsking);
    };
    // What is held back may be given up at once, before there is a promise to forget.
    queueMicrotask(() =>
      origin.holdBack({ held, publish, again: end(true), giveUp: end(false) }, retryAfterMs),
    );
  });
  return call.pause;
}

/** One reason for the acknowledgement of the whole message; null when all of it was taken. */
export function summaryOf(outcome: Outcome): Refusal | null {
  const [first] = outcome;
  if (first === undefined) return null;
  const isOverLimit = outcome.some(({ reasonCode }) => reasonCode === publishReasons.quotaExceeded);
  const reasonCode = isOverLimit ? publishReasons.quotaExceeded : first.reasonCode;
  let detail = "";
  let count = 0;
  for (const refusal of outcome) {
    if (count > 0 && detail.length + refusal.detail.length > gatewayOutcomeLimits.detailLengthMax) break;
    detail += `${count === 0 ? "" : " "}${refusal.detail}`;
    count += 1;
  }
  const left = outcome.length - count;
  return { reasonCode, reason: first.reason, detail: left === 0 ? detail : `${detail} And ${left} more.` };
}
