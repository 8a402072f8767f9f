// A device of the shop: readings that are never lost, attributes both ways, commands, calls and releases.
import { type Clock, systemClock } from "./clock.ts";
import { type CommandHandler, createCommands } from "./commands.ts";
import { createLink, type Link, type LinkAddress } from "./link.ts";
import { createPump, type Pump } from "./pump.ts";
import { createReleaseAgent } from "./release-agent.ts";
import { type ReleaseOptions, releaseAttributeKeys } from "./releases.ts";
import {
  type AttributeKeys,
  type Attributes,
  createServerTalk,
  type ServerTalk,
  subscriptions,
} from "./server-talk.ts";
import { type DeviceStore, openStore, type RefusedReading, storeLimits } from "./store.ts";
import {
  type DeviceValue,
  type DeviceValues,
  encodeValues,
  type ReceivedJson,
  type ReceivedValues,
  valueLimits,
} from "./values.ts";

export interface DeviceOptions extends Omit<LinkAddress, "userName" | "password"> {
  /** An access token; or `basic` credentials, or a certificate in `tls`. */
  readonly token?: string;
  readonly basic?: { readonly userName?: string; readonly password?: string };
  /** File of the outbox; absent: in memory, which loses what is not acknowledged when the program ends. */
  readonly store?: string;
  /** Readings the outbox may hold; `send` refuses above it. */
  readonly readingsMax?: number;
  readonly releases?: ReleaseOptions;
  readonly clock?: Clock;
}

export interface DeviceEvents {
  connected(): void;
  disconnected(reason: string): void;
  /** The server will never take this reading; it is kept among `refused`. */
  refused(reading: RefusedReading): void;
  /** What the shop wants of the device has changed: values, and keys that are gone. */
  desired(values: ReceivedValues, deletedKeys: readonly string[]): void;
  /** A release could not be fetched, verified or installed. */
  releaseFailed(reason: string): void;
}

export interface DeviceClient {
  readonly isConnected: boolean;
  /** Readings that are not acknowledged yet. */
  readonly waitingCount: number;
  /**
   * Takes readings of one moment into the outbox; on disk when it returns. `at`: epoch milliseconds, now when absent.
   *
   * @throws RangeError when a value cannot be sent, the message is too large, or the outbox is full
   */
  send(values: DeviceValues, at?: number): void;
  /** Resolves when everything is acknowledged (or refused for good), rejects when the signal aborts first. */
  flush(signal?: AbortSignal): Promise<void>;
  /** Says what is true of the device (client attributes). Resolves when the server has it on disk. */
  report(attributes: DeviceValues): Promise<void>;
  /** What the shop wants of it (shared attributes), and what it said of itself; all keys when none are named. */
  attributes(keys?: AttributeKeys): Promise<Attributes>;
  /** Serves a command; the handler's answer goes back to whoever sent it. Register before `start`. */
  onCommand(method: string, handler: CommandHandler): void;
  on<Event extends keyof DeviceEvents>(event: Event, listener: DeviceEvents[Event]): void;
  /** Calls the server: `getSessionLimits`, `getServerTime`, … */
  call(method: string, params?: DeviceValue): Promise<ReceivedJson>;
  /** Opens the window in which a person who knows the secret can claim the device. */
  openClaim(secret: string, durationMs?: number): Promise<void>;
  /** Newest first. */
  refused(limit?: number): readonly RefusedReading[];
  start(): void;
  /** Disconnects and closes the outbox; what waits stays in its file. */
  stop(): Promise<void>;
  /** Cuts the connection; it comes back by itself. */
  dropConnection(): void;
}

const refreshesMax = 5;

/** Makes a device; `start` connects it and keeps it connected. */
export function createDevice(options: DeviceOptions): DeviceClient {
  const clock = options.clock ?? systemClock;
  const life = new AbortController();
  const store = openStore(options.store ?? ":memory:", {
    readingsMax: options.readingsMax ?? storeLimits.readingsMax,
  });
  const events = createEvents();
  const idle = new Set<() => void>();
  let changes = 0;
  const link = createLink(addressOf(options), subscriptions, {
    up: () => {
      pump.run();
      commands.resend();
      void refreshOffers();
      events.emit("connected");
    },
    down: (reason) => {
      pump.reset();
      talk.brokeOff();
      if (!life.signal.aborted) events.emit("disconnected", reason);
    },
    message: (topic, payload) => talk.message(topic, payload),
  });
  const commands = createCommands({ store, link, clock });
  const talk = createServerTalk({
    publish: link.publish,
    signal: life.signal,
    desired: (values, deletedKeys) => {
      changes += 1;
      releases?.changed(values, deletedKeys);
      events.emit("desired", values, deletedKeys);
    },
    command: commands.received,
  });
  const pump = createPump({
    ...{ store, link, signal: life.signal },
    refused: ({ at, values }, reason) => events.emit("refused", { at, values, reason }),
    settled: () => {
      if (store.readingCount === 0) for (const resolve of idle) resolve();
    },
  });
  const send = createSend({ store, pump, clock });
  const releases =
    options.releases === undefined
      ? null
      : createReleaseAgent({
          ...{ options: options.releases, store, send, ask: talk.askChunk, signal: life.signal },
          failed: (reason) => events.emit("releaseFailed", reason),
        });

  /** What was offered while the device was away. */
  async function refreshOffers(): Promise<void> {
    if (releases === null) return;
    try {
      for (let ask = 0; ask < refreshesMax; ask += 1) {
        const before = changes;
        const { shared } = await talk.attributes({ shared: releaseAttributeKeys });
        // A change that came meanwhile may be newer than this answer.
        if (before !== changes && ask < refreshesMax - 1) continue;
        releases.known(shared);
        return;
      }
    } catch {
      // The connection broke; the next one asks again.
    }
  }

  return {
    get isConnected() {
      return link.isUp;
    },
    get waitingCount() {
      return store.readingCount;
    },
    send,
    flush: (signal) => flush(() => store.readingCount, idle, signal),
    ...serverVerbs(link, talk),
    onCommand: commands.handle,
    on: events.on,
    refused: (limit = 100) => store.refused(limit),
    start: () => {
      releases?.begin();
      link.start();
    },
    stop: async () => {
      life.abort();
      await link.stop();
      await releases?.settled();
      store.close();
    },
    dropConnection: link.drop,
  };
}

function createSend(deps: {
  readonly store: DeviceStore;
  readonly pump: Pump;
  readonly clock: Clock;
}): DeviceClient["send"] {
  return (values, at = deps.clock.now()) => {
    const text = encodeValues(values);
    const bytes = Buffer.byteLength(text);
    const { messageBytesMax } = valueLimits;
    if (bytes > messageBytesMax)
      throw new RangeError(
        `These values take ${bytes} bytes; at most ${messageBytesMax} can be sent at once.`,
      );
    deps.store.addReading(at, text);
    deps.pump.run();
  };
}

function serverVerbs(
  link: Link,
  talk: ServerTalk,
): Pick<DeviceClient, "report" | "attributes" | "call" | "openClaim"> {
  async function publish(topic: string, payload: string): Promise<void> {
    const refusal = await link.publish(topic, payload);
    if (refusal !== null) throw new Error(`The server refused it with reason 0x${refusal.toString(16)}.`);
  }
  return {
    report: (values) => publish("v1/devices/me/attributes", encodeValues(values)),
    attributes: (keys = {}) => talk.attributes(keys),
    call: (method, params = {}) => talk.call(method, params),
    openClaim: (secret, durationMs) =>
      publish("v1/devices/me/claim", JSON.stringify({ secretKey: secret, durationMs })),
  };
}

function addressOf(options: DeviceOptions): LinkAddress {
  const { url, clientId, protocolVersion, tls, token, basic } = options;
  return {
    ...{ url, clientId, protocolVersion, tls },
    userName: token ?? basic?.userName,
    password: basic?.password,
  };
}

function flush(count: () => number, idle: Set<() => void>, signal?: AbortSignal): Promise<void> {
  if (count() === 0) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      idle.delete(done);
      reject(signal?.reason instanceof Error ? signal.reason : new Error("Stopped while readings waited."));
    };
    const done = (): void => {
      idle.delete(done);
      signal?.removeEventListener("abort", stop);
      resolve();
    };
    idle.add(done);
    signal?.addEventListener("abort", stop, { once: true });
  });
}

function createEvents() {
  const listeners = new Map<keyof DeviceEvents, ((...parameters: never[]) => void)[]>();
  return {
    on: <Event extends keyof DeviceEvents>(event: Event, listener: DeviceEvents[Event]): void => {
      listeners.set(event, [...(listeners.get(event) ?? []), listener]);
    },
    emit: <Event extends keyof DeviceEvents>(
      event: Event,
      ...parameters: Parameters<DeviceEvents[Event]>
    ): void => {
      for (const listener of listeners.get(event) ?? [])
        (listener as (...values: Parameters<DeviceEvents[Event]>) => void)(...parameters);
    },
  };
}
