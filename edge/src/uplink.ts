// One device's way to the server: a real MQTT connection that is kept up, and an outbox that empties through it.
import { connect, type IClientOptions, type MqttClient } from "mqtt";
import { type Clock, wait } from "./clock.ts";
import type { Log } from "./log.ts";
import type { Outbox, OutboxMessage, ReadingSet } from "./outbox.ts";

export interface Uplink {
  start(): void;
  /** Sends what waits in the outbox; call after an append. */
  flush(): void;
  /** False drops the connection and keeps it down until it is true again. */
  setCoverage(hasCoverage: boolean): void;
  readonly isConnected: boolean;
  /** Resolves when the outbox is empty, after `ms`, or when the signal aborts. */
  drain(ms: number, signal?: AbortSignal): Promise<void>;
  /** Disconnects properly and ends. */
  stop(): Promise<void>;
}

export interface UplinkObserver {
  connected(): void;
  disconnected(reason: string): void;
  refused(readings: number, reason: string): void;
}

export interface UplinkAddress {
  readonly host: string;
  readonly port: number;
  readonly protocol: "mqtt-5" | "mqtt-3.1.1";
  readonly token: string;
  readonly clientId: string;
}

const telemetryTopic = "v1/devices/me/telemetry";
const connectTimeoutMs = 10_000;
const keepAliveSeconds = 30;
const retryDelayMsMin = 250;
const retryDelayMsMax = 10_000;
/** How long to leave the server alone after it answered that it has too much. */
const slowDownMs = 1000;
const drainCheckMs = 20;
/** PUBACK reasons that ask for patience: busy, unavailable, too fast, over a quota. */
const retryReasons = new Set([136, 137, 150, 151]);

/** An uplink over MQTT, QoS 1; a new client per connection, so that only the outbox decides what is sent again. */
export function createUplink(deps: {
  address: UplinkAddress;
  outbox: Outbox;
  observer: UplinkObserver;
  clock: Clock;
  log: Log;
}): Uplink {
  const { outbox, observer } = deps;
  const life = new AbortController();
  let coverage = Promise.withResolvers<void>();
  coverage.resolve();
  let hasCoverage = true;
  let client: MqttClient | undefined;
  let running: Promise<void> | undefined;

  const settle = (message: OutboxMessage, error: Error | undefined, from: MqttClient): void => {
    if (error === undefined) {
      outbox.acknowledge(message.id);
      flush();
      return;
    }
    const reason = reasonOf(error);
    if (reason === undefined || from !== client) return;
    if (retryReasons.has(reason)) {
      outbox.returnToWaiting(message.id);
      void wait(slowDownMs, life.signal).then(flush);
      return;
    }
    observer.refused(outbox.giveUp(message.id), error.message);
    flush();
  };

  const flush = (): void => {
    const through = client;
    if (through?.connected !== true) return;
    for (let message = outbox.takeNext(); message !== undefined; message = outbox.takeNext()) {
      const sent = message;
      through.publish(telemetryTopic, payloadOf(sent.readings), { qos: 1 }, (error) =>
        settle(sent, error ?? undefined, through),
      );
    }
  };

  const holdConnection = async (): Promise<boolean> => {
    const { wasConnected, reason } = await oneConnection(deps.address, {
      opened: (next) => {
        client = next;
      },
      connected: () => {
        observer.connected();
        flush();
      },
    });
    client = undefined;
    outbox.returnAllToWaiting();
    const ownReason = life.signal.aborted ? "stopped" : hasCoverage ? undefined : "out of coverage";
    if (wasConnected) observer.disconnected(ownReason ?? reason);
    else deps.log.warn("not connected", { device: deps.address.clientId, reason });
    return wasConnected;
  };

  const run = async (): Promise<void> => {
    let delayMs = retryDelayMsMin;
    while (!life.signal.aborted) {
      await coverage.promise;
      if (life.signal.aborted) return;
      const wasConnected = await holdConnection();
      delayMs = wasConnected ? retryDelayMsMin : Math.min(delayMs * 2, retryDelayMsMax);
      if (hasCoverage) await wait(delayMs, life.signal);
    }
  };

  return {
    start: () => {
      running ??= run();
    },
    flush,
    setCoverage: (next) => {
      if (next === hasCoverage) return;
      hasCoverage = next;
      if (next) {
        coverage.resolve();
        return;
      }
      coverage = Promise.withResolvers();
      client?.end(true);
    },
    get isConnected() {
      return client?.connected === true;
    },
    drain: (ms, signal = life.signal) => drain(outbox, deps.clock, ms, signal),
    stop: async () => {
      life.abort();
      coverage.resolve();
      // A forced end does not wait for acknowledgements that may never come.
      client?.end(outbox.size > 0 || !client.connected);
      await running;
    },
  };
}

async function drain(outbox: Outbox, clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  const deadline = clock.now() + ms;
  while (outbox.size > 0 && !signal.aborted && clock.now() < deadline) await wait(drainCheckMs, signal);
}

/** One client from its opening to its close; the client's own reconnecting is off. */
async function oneConnection(
  address: UplinkAddress,
  on: { opened(client: MqttClient): void; connected(): void },
): Promise<{ wasConnected: boolean; reason: string }> {
  const client = connect(clientOptions(address));
  on.opened(client);
  const closed = Promise.withResolvers<void>();
  let reason = "the connection closed";
  let wasConnected = false;
  client.on("connect", () => {
    wasConnected = true;
    on.connected();
  });
  client.on("disconnect", (packet) => {
    reason = `the server ended the session (reason ${packet.reasonCode ?? 0})`;
  });
  client.on("error", (error) => {
    reason = error.message;
  });
  client.on("close", closed.resolve);
  client.on("end", closed.resolve);
  await closed.promise;
  client.end(true);
  return { wasConnected, reason };
}

function clientOptions(address: UplinkAddress): IClientOptions {
  return {
    protocol: "mqtt",
    host: address.host,
    port: address.port,
    protocolVersion: address.protocol === "mqtt-5" ? 5 : 4,
    clientId: address.clientId,
    username: address.token,
    clean: true,
    keepalive: keepAliveSeconds,
    connectTimeout: connectTimeoutMs,
    reconnectPeriod: 0,
    queueQoSZero: false,
  };
}

function payloadOf(readings: readonly ReadingSet[]): string {
  return JSON.stringify(readings.length === 1 ? readings[0] : readings);
}

/** The MQTT reason of a refusal; undefined when the connection went away before any answer. */
function reasonOf(error: Error & { readonly code?: unknown }): number | undefined {
  return typeof error.code === "number" && error.code >= 128 ? error.code : undefined;
}
