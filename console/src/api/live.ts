import type { QueryClient } from "@tanstack/react-query";
import type { LiveEvent } from "@waremind/contract";
import { now } from "../clock.ts";

export type LiveState = "connecting" | "open" | "lost";
export interface HeardEvent {
  readonly id: number;
  readonly at: number;
  readonly event: LiveEvent;
}
export interface Live {
  start(): void;
  stop(): void;
  state(): LiveState;
  /** The latest events, newest first; at most `heardMax`. */
  heard(): readonly HeardEvent[];
  onChange(listener: () => void): () => void;
  onEvent(listener: (event: LiveEvent) => void): () => void;
}

const heardMax = 40;
/** Readings come many a second: what shows their last value is read again at most this often, and within a second. */
const readingsRefreshMs = 700;
const eventsRefreshMs = 150;

const kinds = [
  "readings-stored",
  "shipment-condition-changed",
  "cell-counted",
  "alarm-changed",
  "alarm-told",
  "device-connection-changed",
  "conversation-changed",
  "approval-changed",
  "order-changed",
  "scenario-changed",
  "device-attributes-changed",
  "command-changed",
  "rollout-changed",
  "anomalies-changed",
  "suite-changed",
] as const satisfies readonly LiveEvent["kind"][];

/** Which resources (first word of a query key) an event makes old. */
const touched: Record<LiveEvent["kind"], readonly string[]> = {
  "readings-stored": ["shipment", "device", "devices"],
  "shipment-condition-changed": ["shipments", "shipment", "overview"],
  "cell-counted": ["locations", "stock", "overview"],
  "alarm-changed": ["alarms", "alarm-escalation", "overview", "shipment"],
  "alarm-told": ["alarm-escalation"],
  "device-connection-changed": ["devices", "device", "device-history", "overview"],
  "conversation-changed": ["conversations", "conversation", "overview"],
  "approval-changed": ["approvals", "overview", "shipment", "audit", "conversation", "device-commands"],
  "order-changed": ["orders", "order", "overview", "shipments", "shipment"],
  "scenario-changed": ["scenarios", "overview"],
  "device-attributes-changed": ["device-attributes"],
  "command-changed": ["device-commands"],
  "rollout-changed": ["rollouts", "rollout", "releases"],
  "anomalies-changed": ["anomalies"],
  "suite-changed": ["suites"],
};

/** The live stream: keeps one connection, tells listeners, and marks what they show as old. */
export function createLive(client: QueryClient): Live {
  let source: EventSource | null = null;
  let state: LiveState = "connecting";
  let heard: readonly HeardEvent[] = [];
  let count = 0;
  const changeListeners = new Set<() => void>();
  const eventListeners = new Set<(event: LiveEvent) => void>();
  const refresh = createRefresher(client);

  const setState = (next: LiveState): void => {
    // What was read before the stream opened may have missed a change in between.
    if (next === "open" && state !== "open") void client.invalidateQueries();
    state = next;
    for (const listener of changeListeners) listener();
  };
  const take = (message: MessageEvent<string>): void => {
    const event = parseEvent(message.data);
    if (event === null) return;
    if (event.kind !== "readings-stored") {
      count += 1;
      const subject = subjectOf(event);
      const others = heard.filter((one) => subjectOf(one.event) !== subject);
      heard = [{ id: count, at: now(), event }, ...others].slice(0, heardMax);
    }
    refresh(touched[event.kind], event.kind === "readings-stored" ? readingsRefreshMs : eventsRefreshMs);
    for (const listener of eventListeners) listener(event);
    if (event.kind !== "readings-stored") for (const listener of changeListeners) listener();
  };

  return {
    start() {
      if (source !== null) return;
      source = new EventSource("/api/live");
      source.addEventListener("open", () => setState("open"));
      source.addEventListener("error", () => setState("lost"));
      for (const kind of kinds) source.addEventListener(kind, take);
    },
    stop() {
      source?.close();
      source = null;
      state = "connecting";
    },
    state: () => state,
    heard: () => heard,
    onChange: (listener) => subscribe(changeListeners, listener),
    onEvent: (listener) => subscribe(eventListeners, listener),
  };
}

function subscribe<T>(listeners: Set<T>, listener: T): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** What an event is about: the feed keeps the latest word on each thing instead of a hundred counts of one shelf. */
function subjectOf(event: LiveEvent): string {
  switch (event.kind) {
    case "readings-stored":
      return event.kind;
    case "shipment-condition-changed":
      return `${event.kind}/${event.shipmentId}`;
    case "cell-counted":
      return `${event.kind}/${event.cellId}`;
    case "alarm-changed":
    case "alarm-told":
      return `${event.kind}/${event.alarmId}`;
    case "device-connection-changed":
      return `${event.kind}/${event.deviceName}`;
    case "conversation-changed":
      return `${event.kind}/${event.conversationId}`;
    case "approval-changed":
      return `${event.kind}/${event.approvalId}`;
    case "order-changed":
      return `${event.kind}/${event.orderId}`;
    case "scenario-changed":
      return `${event.kind}/${event.scenarioId}`;
    case "device-attributes-changed":
      return `${event.kind}/${event.deviceName}`;
    case "command-changed":
      return `${event.kind}/${event.commandId}`;
    case "rollout-changed":
      return `${event.kind}/${event.rolloutId}`;
    case "anomalies-changed":
      return `${event.kind}/${event.seriesId}`;
    case "suite-changed":
      return `${event.kind}/${event.suite}`;
  }
}

function parseEvent(text: string): LiveEvent | null {
  try {
    const body: unknown = JSON.parse(text);
    const isEvent = typeof body === "object" && body !== null && "kind" in body;
    return isEvent && kinds.some((kind) => kind === body.kind) ? (body as LiveEvent) : null;
  } catch {
    return null;
  }
}

/** Gathers resources that became old and has them read again once per delay, not once per event. */
function createRefresher(client: QueryClient): (resources: readonly string[], delayMs: number) => void {
  const waiting = new Set<string>();
  return (resources, delayMs) => {
    for (const resource of resources) {
      if (waiting.has(resource) && delayMs >= readingsRefreshMs) continue;
      waiting.add(resource);
      setTimeout(() => {
        if (!waiting.delete(resource)) return;
        void client.invalidateQueries({ queryKey: [resource] });
      }, delayMs);
    }
  };
}
