// The MQTT connection, kept up: one client per connection, so that only the store decides what is sent again.
import { connect, type IClientOptions, type MqttClient } from "mqtt";
import { wait } from "./clock.ts";

export interface LinkAddress {
  /** `mqtt://host:1883` or `mqtts://host:8883`. */
  readonly url: string;
  readonly userName?: string | undefined;
  readonly password?: string | undefined;
  readonly clientId?: string | undefined;
  readonly protocolVersion?: 4 | 5 | undefined;
  /** For `mqtts`: PEM of the authority, and of the device's own certificate and key. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string } | undefined;
}

export interface LinkObserver {
  /** Connected and subscribed. */
  up(): void;
  down(reason: string): void;
  message(topic: string, payload: Buffer): void;
}

export interface Link {
  start(): void;
  readonly isUp: boolean;
  /** Null: acknowledged. A number: the reason with which it was refused (MQTT 5). Rejects when the connection broke. */
  publish(topic: string, payload: string | Buffer): Promise<number | null>;
  /** Disconnects properly and ends; `drop` cuts the connection and lets it come back. */
  stop(): Promise<void>;
  drop(): void;
}

const connectTimeoutMs = 10_000;
const keepAliveSeconds = 30;
const retryDelayMsMin = 250;
const retryDelayMsMax = 30_000;

export function createLink(
  address: LinkAddress,
  subscriptions: readonly string[],
  observer: LinkObserver,
): Link {
  const life = new AbortController();
  let client: MqttClient | null = null;
  let isUp = false;
  let running: Promise<void> | null = null;

  async function hold(): Promise<boolean> {
    const opening = open(address);
    client = opening;
    const ended = Promise.withResolvers<string>();
    let reason = "connection lost";
    opening.on("error", (error) => {
      reason = error.message;
    });
    opening.on("message", (topic, payload) => observer.message(topic, payload));
    opening.on("close", () => ended.resolve(reason));
    let wasUp = false;
    opening.once("connect", () => {
      opening.subscribe([...subscriptions], { qos: 1 }, () => {
        // A filter that the server refuses is not a reason to stay away: its answers come to the session anyway.
        if (!opening.connected) return;
        wasUp = true;
        isUp = true;
        observer.up();
      });
    });
    const why = await ended.promise;
    isUp = false;
    client = null;
    opening.end(true);
    if (wasUp) observer.down(life.signal.aborted ? "stopped" : why);
    return wasUp;
  }

  async function run(): Promise<void> {
    let delayMs = retryDelayMsMin;
    while (!life.signal.aborted) {
      const wasUp = await hold();
      delayMs = wasUp ? retryDelayMsMin : Math.min(delayMs * 2, retryDelayMsMax);
      // Spread over half the delay, so that a thousand devices do not come back in one moment.
      await wait(delayMs * (0.75 + Math.random() / 2), life.signal);
    }
  }

  return {
    start: () => {
      running ??= run();
    },
    get isUp() {
      return isUp;
    },
    publish: (topic, payload) => publishThrough(client, topic, payload),
    stop: async () => {
      life.abort();
      client?.end(!isUp);
      await running;
    },
    drop: () => {
      client?.stream.destroy();
    },
  };
}

function open(address: LinkAddress): MqttClient {
  const options: IClientOptions = {
    protocolVersion: address.protocolVersion ?? 5,
    clientId: address.clientId ?? "",
    clean: true,
    reconnectPeriod: 0,
    resubscribe: false,
    queueQoSZero: false,
    connectTimeout: connectTimeoutMs,
    keepalive: keepAliveSeconds,
    ...(address.userName === undefined ? {} : { username: address.userName }),
    ...(address.password === undefined ? {} : { password: address.password }),
    ...address.tls,
  };
  const client = connect(address.url, options);
  // Each message under way waits for the end of the connection.
  client.setMaxListeners(0);
  return client;
}

function publishThrough(
  client: MqttClient | null,
  topic: string,
  payload: string | Buffer,
): Promise<number | null> {
  if (client?.connected !== true) return Promise.reject(new Error("There is no connection."));
  return new Promise((resolve, reject) => {
    const whenClosed = (): void => reject(new Error("The connection broke before an acknowledgement."));
    client.once("close", whenClosed);
    client.publish(topic, payload, { qos: 1 }, (error) => {
      client.off("close", whenClosed);
      if (error === undefined || error === null) {
        resolve(null);
        return;
      }
      const code = (error as { code?: unknown }).code;
      if (typeof code === "number") resolve(code);
      else reject(error);
    });
  });
}
