// A message that is not taken as it came: told to who can be told, kept in quarantine otherwise, never dropped.
import type { Admission, MessageCost } from "../../flows/device-limits.ts";
import { DomainError } from "../../platform/errors.ts";
import { type MalformedPayload, telemetryLimits } from "../telemetry-json.ts";
import type { Publish } from "./frames.ts";
import type { Held } from "./in-order.ts";
import type { PublishOrigin } from "./origin.ts";
import { acknowledgeRefused } from "./packets.ts";
import { publishReasons } from "./topics.ts";

export interface Refusal {
  /** MQTT 5. */
  readonly reasonCode: number;
  /** For the quarantine. */
  readonly reason: string;
  readonly detail: string;
}

/** A client that can be told is told; for the others the message is kept where the owner sees it. */
export function refuse(origin: PublishOrigin, held: Held, publish: Publish, refusal: Refusal): void {
  if (!isToldReasons(origin, publish)) {
    quarantine(origin, held, publish, refusal);
    return;
  }
  held.refusal = acknowledgeRefused(origin.traits, held, refusal);
  origin.done(held);
}

/** A payload that cannot be read: told where possible, and in quarantine in any case. */
export function refuseMalformed(
  origin: PublishOrigin,
  held: Held,
  publish: Publish,
  malformed: MalformedPayload,
): void {
  const refusal = refusalOf(malformed);
  if (malformed.reason === "payload-too-large") {
    const { payloadBytesMax } = telemetryLimits;
    origin.desk.limiter.note(
      origin.identity.device.id,
      "payload-bytes",
      String(payloadBytesMax),
      publish.payload.length,
    );
  }
  if (isToldReasons(origin, publish)) held.refusal = acknowledgeRefused(origin.traits, held, refusal);
  quarantine(origin, held, publish, refusal);
}

function refusalOf(malformed: MalformedPayload): Refusal {
  const isTooMuch = malformed.reason === "payload-too-large" || malformed.reason === "too-many-points";
  return {
    reasonCode: isTooMuch ? publishReasons.quotaExceeded : publishReasons.payloadFormatInvalid,
    reason: malformed.reason,
    detail: malformed.detail.en,
  };
}

export function isToldReasons(origin: PublishOrigin, publish: Publish): boolean {
  return origin.traits.protocolVersion === 5 && publish.qos === 1;
}

export function quarantine(origin: PublishOrigin, held: Held, publish: Publish, refusal: Refusal): void {
  origin.settle(held, keep(origin, publish, refusal));
}

function keep(origin: PublishOrigin, publish: Publish, refusal: Refusal): Promise<void> {
  return origin.sink.appendMalformed({
    identity: origin.identity,
    transport: "mqtt",
    receivedAt: origin.clock.now(),
    payload: publish.payload,
    reason: refusal.reason,
    detail: refusal.detail,
  });
}

/**
 * Asks the device's limits, then proceeds. Over a limit, MQTT 5 at QoS 1 is refused with the reason; anything else is
 * held back, and its connection with it, until the limit has room.
 */
export function admit(
  origin: PublishOrigin,
  message: { readonly held: Held; readonly publish: Publish; readonly cost: MessageCost },
  proceed: () => void,
): void {
  const admission = origin.desk.limiter.admit(origin.identity, message.cost);
  if (admission.isAdmitted) proceed();
  else meetLimit(origin, { ...message, admission, again: () => admit(origin, message, proceed) });
}

/** For the quarantine: readings that were acknowledged may be let in later, anything else holds none. */
export function limitReason({ kind }: Pick<MessageCost, "kind">): string {
  return kind === "telemetry" ? "telemetry-limit-reached" : "limit-reached";
}

/** What becomes of a message that a limit refused; `again` asks the limit once more. */
export function meetLimit(
  origin: PublishOrigin,
  message: {
    readonly held: Held;
    readonly publish: Publish;
    readonly cost: Pick<MessageCost, "kind">;
    readonly admission: Exclude<Admission, { isAdmitted: true }>;
    readonly again: () => void;
  },
): void {
  const { held, publish, cost, admission, again } = message;
  const refusal: Refusal = {
    reasonCode: publishReasons.quotaExceeded,
    reason: limitReason(cost),
    detail: limitSentence(admission),
  };
  if (isToldReasons(origin, publish)) refuse(origin, held, publish, refusal);
  else {
    const giveUp = (): void => quarantine(origin, held, publish, refusal);
    origin.holdBack({ held, publish, again, giveUp }, admission.retryAfterMs);
  }
}

export function limitSentence({
  limitName,
  allowed,
  retryAfterMs,
}: Exclude<Admission, { isAdmitted: true }>): string {
  const seconds = Math.max(1, Math.ceil(retryAfterMs / 1_000));
  return `The limit of ${limitName.replaceAll("-", " ")} (${allowed}) is reached; send it again in ${seconds} s.`;
}

/**
 * The message is settled once `stored` resolves. What the shop refuses is refused with its sentence; any other failure
 * ends the connection without acknowledging.
 */
export function settleOrRefuse(
  origin: PublishOrigin,
  held: Held,
  publish: Publish,
  stored: Promise<void>,
): void {
  const orRefused = stored.catch((error: unknown) => {
    if (!(error instanceof DomainError) || error.code === "store-unavailable" || error.code === "overloaded")
      throw error;
    const refusal: Refusal = {
      reasonCode: reasonCodes[error.code] ?? publishReasons.implementationError,
      reason: error.code,
      detail: error.sentence.en,
    };
    if (!isToldReasons(origin, publish)) return keep(origin, publish, refusal);
    held.refusal = acknowledgeRefused(origin.traits, held, refusal);
    return undefined;
  });
  origin.settle(held, orRefused);
}

const reasonCodes: Partial<Record<DomainError["code"], number>> = {
  "limit-reached": publishReasons.quotaExceeded,
  "invalid-input": publishReasons.payloadFormatInvalid,
  "not-allowed": publishReasons.notAuthorized,
};
