// The npm client `mqtt`.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { connect, type IClientOptions, type MqttClient } from "mqtt";
import { certificateFolder } from "../support/device-product.ts";
import { type Scope, so, within } from "./device-api-case.ts";
import type { Acknowledged, Heard, Listening, MqttVersion, MqttVoice, Sign } from "./device-api-voices.ts";

const levels = { "3.1": 3, "3.1.1": 4, "5": 5 } as const satisfies Record<MqttVersion, number>;

/** A connection with everything it says. */
export interface JsConnection extends Listening {
  readonly client: MqttClient;
  /** From its CONNACK. */
  readonly assignedClientId: string | null;
  readonly publish: (topic: string, payload: string | Buffer) => Promise<Acknowledged>;
  subscribe(filters: readonly string[]): Promise<readonly number[]>;
}

export function createMqttJsVoice(scope: Scope, version: MqttVersion): MqttVoice {
  const open = (sign: Sign): Promise<JsConnection> => openMqttJs(scope, version, sign);
  return {
    ...{ client: "mqtt.js", version, is5: version === "5" },
    publish: async (sign, topic, payloads) => {
      const connection = await open(sign);
      const acknowledged = await Promise.all(payloads.map((payload) => connection.publish(topic, payload)));
      await connection.end();
      return acknowledged;
    },
    listen: async (sign, filters) => {
      const connection = await open(sign);
      const granted = await connection.subscribe(filters);
      return { ...connection, granted };
    },
    ask: async (sign, { topic, payload, answerTopic }) => {
      const connection = await open(sign);
      await connection.subscribe([answerTopic]);
      const answer = connection.next();
      await connection.publish(topic, payload);
      const heard = await answer;
      await connection.end();
      return heard;
    },
    connect: async (sign) => {
      const outcome = await open(sign).catch((error: unknown) => error);
      if (outcome instanceof Error) {
        so(
          "code" in outcome && typeof outcome.code === "number",
          `the connection failed: ${outcome.message}`,
        );
        return outcome.code;
      }
      await (outcome as JsConnection).end();
      return 0;
    },
  };
}

/** Rejects with the CONNACK's code when it is refused. */
export async function openMqttJs(scope: Scope, version: MqttVersion, sign: Sign): Promise<JsConnection> {
  const client = connect(optionsOf(scope, version, sign));
  scope.defer(() => client.end(true));
  const messages = createQueue<Heard>();
  client.on("message", (topic, payload) => messages.put({ topic, payload }));
  const acknowledgements = new Map<number, (acknowledged: Acknowledged) => void>();
  let grant: (granted: readonly number[]) => void = () => undefined;
  let goneWith: number | null = null;
  let assignedClientId: string | null = null;
  client.on("packetreceive", (packet) => {
    if (packet.cmd === "connack") assignedClientId = packet.properties?.assignedClientIdentifier ?? null;
    if (packet.cmd === "puback") {
      const { reasonCode = 0, properties, messageId = 0 } = packet;
      acknowledgements.get(messageId)?.({ reasonCode, reason: properties?.reasonString ?? "" });
    } else if (packet.cmd === "suback") grant(packet.granted.map(Number));
    else if (packet.cmd === "disconnect") goneWith = packet.reasonCode ?? null;
  });
  const ended = new Promise<number | null>((resolve) => client.once("close", () => resolve(goneWith)));
  await within(
    new Promise<void>((resolve, reject) => {
      client.once("connect", () => resolve());
      client.once("error", reject);
      client.once("close", () => reject(new Error("The server closed the connection before its CONNACK.")));
    }),
    "a CONNACK",
  );
  client.on("error", () => undefined);
  return {
    ...{ client, ended, assignedClientId, granted: [] },
    next: () => within(messages.take(), "a message"),
    holdStill: () => undefined,
    goOn: () => undefined,
    kill: () => client.stream.destroy(),
    end: async () => {
      if (client.connected) await client.endAsync().catch(() => undefined);
    },
    publish: (topic, payload) => {
      const acknowledged = new Promise<Acknowledged>((resolve) => {
        // The client gives out its ids in order, from 1 to 65,535 and again.
        acknowledgements.set((client.getLastMessageId() % 65_535) + 1, resolve);
      });
      client.publish(topic, payload, { qos: 1 }, () => undefined);
      return within(acknowledged, `a PUBACK for ${topic}`);
    },
    subscribe: (filters) => {
      const granted = new Promise<readonly number[]>((resolve) => {
        grant = resolve;
      });
      client.subscribe([...filters], { qos: 1 }, () => undefined);
      return within(granted, "a SUBACK");
    },
  };
}

function optionsOf({ product }: Scope, version: MqttVersion, sign: Sign): IClientOptions {
  const protocolVersion = levels[version];
  const { userName, password, clientId, tls, will } = sign;
  const certificates =
    tls === undefined || tls === "no-certificate"
      ? {}
      : { cert: readFileSync(tls.certificateFile), key: readFileSync(tls.keyFile) };
  return {
    ...{ host: "127.0.0.1", protocolVersion, reconnectPeriod: 0, connectTimeout: 8_000 },
    protocol: tls === undefined ? "mqtt" : "mqtts",
    port: tls === undefined ? product.mqttPort : product.mqttTlsPort,
    protocolId: version === "3.1" ? "MQIsdp" : "MQTT",
    keepalive: sign.keepAliveSeconds ?? 120,
    ...(tls === undefined
      ? {}
      : { ca: readFileSync(join(certificateFolder, "issuer.pem")), ...certificates }),
    ...(userName === undefined ? {} : { username: userName }),
    ...(password === undefined ? {} : { password }),
    ...(clientId === undefined ? {} : { clientId }),
    ...(will === undefined
      ? {}
      : { will: { ...will, payload: Buffer.from(will.payload), qos: 1, retain: false } }),
  };
}

export interface Queue<Item> {
  put(item: Item): void;
  take(): Promise<Item>;
}

export function createQueue<Item>(): Queue<Item> {
  const items: Item[] = [];
  const takers: ((item: Item) => void)[] = [];
  return {
    put: (item) => {
      const taker = takers.shift();
      if (taker === undefined) items.push(item);
      else taker(item);
    },
    take: () => {
      const item = items.shift();
      return item === undefined ? new Promise((resolve) => takers.push(resolve)) : Promise.resolve(item);
    },
  };
}
