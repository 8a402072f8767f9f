// What becomes of a PUBLISH of a device: stored, answered, or refused so that its sender or its owner knows.
import { codecOf } from "./codecs.ts";
import {
  answerAttributes,
  answerCall,
  openClaim,
  reportAttributes,
  takeCommandAnswer,
} from "./device-requests.ts";
import { endings } from "./endings.ts";
import type { Publish } from "./frames.ts";
import { handleGatewayPublish } from "./gateway.ts";
import type { Held } from "./in-order.ts";
import type { PublishOrigin } from "./origin.ts";
import { admit, meetLimit, refuse, refuseMalformed } from "./refusals.ts";
import { type Route, routeOf } from "./topics.ts";

/** A connection of a device that also sends packages. */
export interface DeviceOrigin extends PublishOrigin {
  sendChunk(held: Held, publish: Publish, route: Extract<Route, { kind: "release-chunk" }>): void;
}

const otherCost = { kind: "other", points: 0 } as const;

export function handlePublish(origin: DeviceOrigin, publish: Publish): void {
  if (publish.qos === 2) {
    origin.end(endings.qos);
    return;
  }
  const { device, profile } = origin.identity;
  const route = routeOf(publish.topic, profile.transport);
  const held = origin.hold(publish.messageId);
  if (route.kind === "telemetry") storeTelemetry(origin, held, publish, route);
  // A gateway's messages count for the devices they are about.
  else if (route.kind === "gateway" && device.isGateway) handleGatewayPublish(origin, held, publish);
  else admit(origin, { held, publish, cost: otherCost }, () => handleAdmitted(origin, held, publish, route));
}

function handleAdmitted(
  origin: DeviceOrigin,
  held: Held,
  publish: Publish,
  route: Exclude<Route, { kind: "telemetry" }>,
): void {
  switch (route.kind) {
    case "attributes":
      reportAttributes(origin, held, publish, route);
      break;
    case "attributes-request":
      answerAttributes(origin, held, publish, route);
      break;
    case "call":
      answerCall(origin, held, publish, route);
      break;
    case "command-answer":
      takeCommandAnswer(origin, held, publish, route);
      break;
    case "claim":
      openClaim(origin, held, publish);
      break;
    case "release-chunk":
      origin.sendChunk(held, publish, route);
      break;
    case "gateway":
      handleGatewayPublish(origin, held, publish);
      break;
    case "refused":
      refuse(origin, held, publish, route);
      break;
  }
}

/** Nearly all of the traffic, so without a closure per message. */
function storeTelemetry(
  origin: PublishOrigin,
  held: Held,
  publish: Publish,
  route: Extract<Route, { kind: "telemetry" }>,
): void {
  const { identity } = origin;
  const decoded = codecOf(route.form, identity.profile).telemetry(publish.payload);
  const points = "reason" in decoded ? 0 : decoded.length;
  const cost = { kind: "telemetry", points } as const;
  const admission = origin.desk.limiter.admit(identity, cost);
  if (!admission.isAdmitted) {
    const again = (): void => storeTelemetry(origin, held, publish, route);
    meetLimit(origin, { held, publish, cost, admission, again });
    return;
  }
  if ("reason" in decoded) {
    refuseMalformed(origin, held, publish, decoded);
    return;
  }
  const message = {
    identity,
    transport: "mqtt",
    points: decoded,
    receivedAt: origin.clock.now(),
    payload: publish.payload,
  } as const;
  origin.sink.take(message, held);
}
