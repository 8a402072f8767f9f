// What each topic of ThingsBoard's device API means here, upwards; downwards see subscriptions.ts.
import type { ProfileTransport } from "@waremind/contract";
import type { ReleaseKind } from "../../devices/index.ts";

/** Reason codes of MQTT 5 for a PUBACK. */
export const publishReasons = {
  implementationError: 0x83,
  notAuthorized: 0x87,
  topicNameInvalid: 0x90,
  quotaExceeded: 0x97,
  payloadFormatInvalid: 0x99,
} as const;

/** How a payload is written: as its topic says, or else as the profile says. */
export type PayloadForm = "json" | "protobuf" | "profile";

export type Route =
  | { readonly kind: "telemetry"; readonly form: PayloadForm }
  | { readonly kind: "attributes"; readonly form: PayloadForm }
  /** A call from device to server; its answer goes to `answerTopic`. */
  | { readonly kind: "call"; readonly form: PayloadForm; readonly answerTopic: string }
  | { readonly kind: "attributes-request"; readonly form: PayloadForm; readonly answerTopic: string }
  /** The device's answer to the command of that number. */
  | { readonly kind: "command-answer"; readonly form: PayloadForm; readonly number: number }
  | { readonly kind: "claim" }
  | {
      readonly kind: "release-chunk";
      readonly releaseKind: ReleaseKind;
      readonly requestId: string;
      readonly chunk: number;
    }
  | { readonly kind: "gateway" }
  /** Acknowledged as refused: `reasonCode` and `detail` on MQTT 5, quarantined with `reason` on older versions. */
  | {
      readonly kind: "refused";
      readonly reasonCode: number;
      readonly reason: "topic-unknown" | "topic-not-served";
      readonly detail: string;
    };

const fixedTopics: ReadonlyMap<string, Route> = new Map<string, Route>([
  ["v1/devices/me/telemetry", { kind: "telemetry", form: "profile" }],
  ["v2/t", { kind: "telemetry", form: "profile" }],
  ["v2/t/j", { kind: "telemetry", form: "json" }],
  ["v2/t/p", { kind: "telemetry", form: "protobuf" }],
  ["v1/devices/me/attributes", { kind: "attributes", form: "profile" }],
  ["v2/a", { kind: "attributes", form: "profile" }],
  ["v2/a/j", { kind: "attributes", form: "json" }],
  ["v2/a/p", { kind: "attributes", form: "protobuf" }],
  ["v1/devices/me/claim", { kind: "claim" }],
]);

type NumberedKind = "call" | "attributes-request" | "command-answer";
/** Topics that end in a request's id, with the topic its answer goes to. */
const numberedTopics: readonly (readonly [string, NumberedKind, PayloadForm, string])[] = [
  ["v1/devices/me/rpc/request/", "call", "profile", "v1/devices/me/rpc/response/"],
  ["v2/r/req/j/", "call", "json", "v2/r/res/j/"],
  ["v2/r/req/p/", "call", "protobuf", "v2/r/res/p/"],
  ["v2/r/req/", "call", "profile", "v2/r/res/"],
  [
    "v1/devices/me/attributes/request/",
    "attributes-request",
    "profile",
    "v1/devices/me/attributes/response/",
  ],
  ["v2/a/req/j/", "attributes-request", "json", "v2/a/res/j/"],
  ["v2/a/req/p/", "attributes-request", "protobuf", "v2/a/res/p/"],
  ["v2/a/req/", "attributes-request", "profile", "v2/a/res/"],
  ["v1/devices/me/rpc/response/", "command-answer", "profile", ""],
  ["v2/r/res/j/", "command-answer", "json", ""],
  ["v2/r/res/p/", "command-answer", "protobuf", ""],
  ["v2/r/res/", "command-answer", "profile", ""],
];
export const requestIdPattern = /^\d{1,10}$/;
const releasePattern = /^v2\/(fw|sw)\/request\/([^/]{1,40})\/chunk\/(\d{1,9})$/;

/** Topics of the API that are answered clearly but not served, by prefix. */
const unservedTopics: readonly (readonly [string, string])[] = [
  ["/provision/", "Provisioning needs a connection of its own: connect with the user name provision."],
  ["spBv1.0/", "Sparkplug is not served."],
];

/** Finds what a topic means; the profile's own names add to those of ThingsBoard. */
export function routeOf(topic: string, transport: ProfileTransport): Route {
  const fixed = fixedTopics.get(topic);
  if (fixed !== undefined) return fixed;
  const renamed = renamedTopicsOf(transport);
  if (renamed.telemetry?.(topic) === true) return { kind: "telemetry", form: "profile" };
  if (renamed.attributes?.(topic) === true) return { kind: "attributes", form: "profile" };
  return numberedRoute(topic) ?? releaseRoute(topic) ?? otherRoute(topic);
}

function numberedRoute(topic: string): Route | null {
  for (const [prefix, kind, form, answer] of numberedTopics) {
    const id = topic.startsWith(prefix) ? topic.slice(prefix.length) : "";
    if (!requestIdPattern.test(id)) continue;
    if (kind === "command-answer") return { kind, form, number: Number(id) };
    return { kind, form, answerTopic: answer + id };
  }
  return null;
}

function releaseRoute(topic: string): Route | null {
  const match = releasePattern.exec(topic);
  if (match === null) return null;
  const [, kind, requestId = "", chunk = ""] = match;
  const releaseKind = kind === "fw" ? "firmware" : "software";
  return { kind: "release-chunk", releaseKind, requestId, chunk: Number(chunk) };
}

function otherRoute(topic: string): Route {
  if (topic.startsWith("v1/gateway/")) return { kind: "gateway" };
  const unserved = unservedTopics.find(([prefix]) => topic.startsWith(prefix));
  if (unserved !== undefined) {
    return {
      kind: "refused",
      reasonCode: publishReasons.implementationError,
      reason: "topic-not-served",
      detail: unserved[1],
    };
  }
  return {
    kind: "refused",
    reasonCode: publishReasons.topicNameInvalid,
    reason: "topic-unknown",
    detail: "This topic is not part of the device API; publish telemetry on v1/devices/me/telemetry.",
  };
}

/** The topics a profile gives other names to; null where it gives none. */
export interface RenamedTopics {
  readonly telemetry: ((topic: string) => boolean) | null;
  readonly attributes: ((topic: string) => boolean) | null;
  /** Filters under which a device listens for its attributes. */
  readonly attributesSubscribe: ((filter: string) => boolean) | null;
}

const renamedByTransport = new WeakMap<ProfileTransport, RenamedTopics>();

export function renamedTopicsOf(transport: ProfileTransport): RenamedTopics {
  const known = renamedByTransport.get(transport);
  if (known !== undefined) return known;
  const matcherOf = (filter: string | null | undefined): ((topic: string) => boolean) | null =>
    filter === null || filter === undefined || filter === ""
      ? null
      : (topic) => topic === filter || matchesFilter(topic, filter);
  const renamed = {
    telemetry: matcherOf(transport.telemetryTopic),
    attributes: matcherOf(transport.attributesTopic),
    attributesSubscribe: matcherOf(transport.attributesSubscribeTopic),
  };
  renamedByTransport.set(transport, renamed);
  return renamed;
}

/** MQTT 4.7: `+` stands for one level, a last `#` for any number of them, its parent included. */
export function matchesFilter(topic: string, filter: string): boolean {
  const levels = topic.split("/");
  const wanted = filter.split("/");
  for (const [index, level] of wanted.entries()) {
    if (level === "#") return true;
    if (index >= levels.length || (level !== "+" && level !== levels[index])) return false;
  }
  return levels.length === wanted.length;
}
