// What a device asks of the shop besides storing telemetry: attributes, calls, answers to commands, claims.
import type { JsonValue } from "@waremind/contract";
import { DomainError } from "../../platform/errors.ts";
import { decodeClaim } from "../device-json.ts";
import { isMalformed } from "../telemetry-json.ts";
import { codecOf } from "./codecs.ts";
import { endings } from "./endings.ts";
import type { Publish } from "./frames.ts";
import type { Held } from "./in-order.ts";
import type { PublishOrigin } from "./origin.ts";
import { refuseMalformed, settleOrRefuse } from "./refusals.ts";
import type { Route } from "./topics.ts";

type RouteOf<Kind extends Route["kind"]> = Extract<Route, { kind: Kind }>;

/** Acknowledged once the attributes are on disk. */
export function reportAttributes(
  origin: PublishOrigin,
  held: Held,
  publish: Publish,
  route: RouteOf<"attributes">,
): void {
  const values = codecOf(route.form, origin.identity.profile).attributes(publish.payload);
  if (isMalformed(values)) refuseMalformed(origin, held, publish, values);
  else settleOrRefuse(origin, held, publish, origin.desk.reportAttributes(origin.identity, values, "mqtt"));
}

/** Acknowledged when it was understood; the answer follows and holds up no acknowledgement. */
export function answerAttributes(
  origin: PublishOrigin,
  held: Held,
  publish: Publish,
  route: RouteOf<"attributes-request">,
): void {
  const codec = codecOf(route.form, origin.identity.profile);
  const request = codec.attributeRequest(publish.payload);
  if ("reason" in request) {
    refuseMalformed(origin, held, publish, request);
    return;
  }
  origin.done(held);
  origin.serve(
    origin.desk.readAttributes(origin.identity, request).then((answer) => {
      reply(origin, route.answerTopic, codec.writeAttributes(answer));
    }),
  );
}

/** As above; no answer within the time is answered `{"error":"timeout"}`. */
export function answerCall(
  origin: PublishOrigin,
  held: Held,
  publish: Publish,
  route: RouteOf<"call">,
): void {
  const codec = codecOf(route.form, origin.identity.profile);
  const call = codec.call(publish.payload);
  if ("reason" in call) {
    refuseMalformed(origin, held, publish, call);
    return;
  }
  origin.done(held);
  origin.serve(
    callInTime(origin, call).then((answer) => {
      reply(origin, route.answerTopic, codec.writeCallAnswer(answer));
    }),
  );
}

async function callInTime(
  origin: PublishOrigin,
  call: Parameters<PublishOrigin["desk"]["call"]>[1],
): Promise<JsonValue> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<JsonValue>((resolve) => {
    timer = setTimeout(() => resolve({ error: "timeout" }), origin.limits.callTimeMsMax);
  });
  const answer = origin.desk.call(origin.identity, call).catch((error: unknown): JsonValue => {
    if (error instanceof DomainError) return { error: error.sentence.en };
    origin.log.warn({ err: error, device: origin.identity.device.name }, "A device's call failed.");
    return { error: "The call could not be answered; call again later." };
  });
  try {
    return await Promise.race([answer, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

/** The device's answer to a command; acknowledged once it is on disk. */
export function takeCommandAnswer(
  origin: PublishOrigin,
  held: Held,
  publish: Publish,
  route: RouteOf<"command-answer">,
): void {
  const answer = codecOf(route.form, origin.identity.profile).commandAnswer(publish.payload);
  if ("reason" in answer) {
    refuseMalformed(origin, held, publish, answer);
    return;
  }
  const taken = origin.desk.answerCommand(origin.identity, route.number, answer.value).then((isAwaited) => {
    if (!isAwaited) throw unawaited(route.number);
  });
  settleOrRefuse(origin, held, publish, taken);
}

function unawaited(number: number): DomainError {
  return new DomainError("state-forbids", {
    en: `No command ${number} is waiting for this answer.`,
    zh: `没有等待此应答的命令 ${number}。`,
  });
}

/** Opens a window in which a person who knows the secret may claim the device. */
export function openClaim(origin: PublishOrigin, held: Held, publish: Publish): void {
  const claim = decodeClaim(publish.payload);
  if ("reason" in claim) refuseMalformed(origin, held, publish, claim);
  else settleOrRefuse(origin, held, publish, origin.desk.openClaim(origin.identity, claim));
}

function reply(origin: PublishOrigin, topic: string, payload: string | Uint8Array): void {
  if (!origin.reply(topic, payload)) origin.end(endings.answerTooLarge);
}
