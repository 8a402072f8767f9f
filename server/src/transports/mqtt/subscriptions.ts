// What a device listens to. No broker: a filter is not matched with messages, it says which form a push takes.
import { matchesFilter, type PayloadForm, type RenamedTopics, requestIdPattern } from "./topics.ts";

type Meaning =
  /** Commands, sent to `topicPrefix` and the command's number. */
  | { readonly kind: "commands"; readonly form: PayloadForm; readonly topicPrefix: string }
  /** Changes of shared attributes, sent to `topic`. */
  | { readonly kind: "attributes"; readonly form: PayloadForm; readonly topic: string }
  /** Answers, which come whether subscribed or not. */
  | { readonly kind: "answers" };

const answers: Meaning = { kind: "answers" };

const knownFilters: ReadonlyMap<string, Meaning> = new Map<string, Meaning>([
  ["v1/devices/me/attributes", { kind: "attributes", form: "profile", topic: "v1/devices/me/attributes" }],
  ["v2/a", { kind: "attributes", form: "profile", topic: "v2/a" }],
  ["v2/a/j", { kind: "attributes", form: "json", topic: "v2/a/j" }],
  ["v2/a/p", { kind: "attributes", form: "protobuf", topic: "v2/a/p" }],
  ["v1/devices/me/rpc/request/+", commands("profile", "v1/devices/me/rpc/request/")],
  ["v2/r/req/+", commands("profile", "v2/r/req/")],
  ["v2/r/req/j/+", commands("json", "v2/r/req/j/")],
  ["v2/r/req/p/+", commands("protobuf", "v2/r/req/p/")],
  ...[
    ...["v1/devices/me/attributes/response/+", "v2/a/res/+", "v2/a/res/j/+", "v2/a/res/p/+"],
    ...["v1/devices/me/rpc/response/+", "v2/r/res/+", "v2/r/res/j/+", "v2/r/res/p/+"],
    ...["v2/fw/response/+", "v2/fw/response/+/chunk/+", "v2/fw/error"],
    ...["v2/sw/response/+", "v2/sw/response/+/chunk/+", "v2/sw/error"],
    ...["/provision/response", "/provision/response/+"],
  ].map((filter): [string, Meaning] => [filter, answers]),
]);

function commands(form: PayloadForm, topicPrefix: string): Meaning {
  return { kind: "commands", form, topicPrefix };
}

export type PushTarget<Kind extends "commands" | "attributes"> = Extract<Meaning, { kind: Kind }> & {
  readonly qos: 0 | 1;
};

/** The device as far as its subscriptions go. */
export interface Subscriber {
  readonly deviceName: string;
  readonly renamed: RenamedTopics;
  /** Filters of the gateway API; empty for a plain device. */
  readonly gatewayFilters: ReadonlySet<string>;
}

/** More filters than the API has, so that only a runaway client meets it. */
const filtersMax = 64;

export type SubscribeOutcome = { readonly qos: 0 | 1 } | "unknown" | "too-many";

export class Subscriptions {
  private readonly granted = new Map<string, Meaning & { readonly qos: 0 | 1 }>();
  /** Where commands and attribute changes go: the form subscribed to last; null while the device does not listen. */
  commands: PushTarget<"commands"> | null = null;
  attributes: PushTarget<"attributes"> | null = null;

  /** QoS ends at 1. */
  add(filter: string, qos: number, subscriber: Subscriber): SubscribeOutcome {
    const meaning = meaningOf(filter, subscriber);
    if (meaning === null) return "unknown";
    if (this.granted.size >= filtersMax && !this.granted.has(filter)) return "too-many";
    const grantedQos = qos > 0 ? 1 : 0;
    // Taken out first: a filter subscribed to again counts as the latest.
    this.granted.delete(filter);
    this.granted.set(filter, { ...meaning, qos: grantedQos });
    this.chooseTargets();
    return { qos: grantedQos };
  }

  /** False when there was no such subscription. */
  remove(filter: string): boolean {
    const isRemoved = this.granted.delete(filter);
    this.chooseTargets();
    return isRemoved;
  }

  qosOf(filter: string): 0 | 1 | null {
    return this.granted.get(filter)?.qos ?? null;
  }

  private chooseTargets(): void {
    this.commands = null;
    this.attributes = null;
    for (const meaning of this.granted.values()) {
      if (meaning.kind === "commands") this.commands = meaning;
      else if (meaning.kind === "attributes") this.attributes = meaning;
    }
  }
}

function meaningOf(filter: string, subscriber: Subscriber): Meaning | null {
  const known = knownFilters.get(filter);
  if (known !== undefined) return known;
  if (isOneAnswer(filter)) return answers;
  if (subscriber.gatewayFilters.has(filter)) return answers;
  if (subscriber.renamed.attributesSubscribe?.(filter) !== true) return null;
  return { kind: "attributes", form: "profile", topic: topicUnder(filter, subscriber.deviceName) };
}

/** A client may listen to nothing but the answer to the request it is about to send, as mosquitto_rr does. */
function isOneAnswer(filter: string): boolean {
  const levels = filter.split("/").map((level) => (requestIdPattern.test(level) ? "+" : level));
  return knownFilters.get(levels.join("/"))?.kind === "answers";
}

/** A topic that the filter matches: a device with wildcards in it is told by its own name. */
function topicUnder(filter: string, deviceName: string): string {
  const level = deviceName.replaceAll(/[/+#]/g, "_");
  const topic = filter
    .split("/")
    .map((part) => (part === "+" ? level : part === "#" ? "attributes" : part))
    .join("/");
  return matchesFilter(topic, filter) ? topic : filter;
}
