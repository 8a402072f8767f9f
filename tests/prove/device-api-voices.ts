// One way to speak MQTT for each client and version: the npm client and the programs of Mosquitto.
import { type Case, type Program, type Scope, so } from "./device-api-case.ts";
import { createMosquittoVoice } from "./device-api-mosquitto.ts";
import { createMqttJsVoice } from "./device-api-mqtt-js.ts";

export type MqttVersion = "3.1" | "3.1.1" | "5";
export const mqttVersions: readonly MqttVersion[] = ["3.1", "3.1.1", "5"];

/** How a client says who it is. */
export interface Sign {
  readonly userName?: string;
  readonly password?: string;
  readonly clientId?: string;
  /** Present: over TLS, checking the server; with its own certificate when it has one. */
  readonly tls?: { readonly certificateFile: string; readonly keyFile: string } | "no-certificate";
  readonly will?: { readonly topic: string; readonly payload: string };
  readonly keepAliveSeconds?: number;
}

export interface Heard {
  readonly topic: string;
  readonly payload: Buffer;
}

export interface Acknowledged {
  /** 0 on versions that know no other. */
  readonly reasonCode: number;
  readonly reason: string;
}

/** An open connection that listens. */
export interface Listening {
  /** By filter: the granted QoS, or the code of a refusal. */
  readonly granted: readonly number[];
  /** The next message. */
  next(): Promise<Heard>;
  /** When the server ended it: the reason code on version 5, null on others. */
  readonly ended: Promise<number | null>;
  /** On this very connection; null for a program that only listens. */
  readonly publish: ((topic: string, payload: string | Buffer) => Promise<Acknowledged>) | null;
  /** A program that would connect again by itself is held in between. */
  holdStill(): void;
  goOn(): void;
  /** Dies without a DISCONNECT. */
  kill(): void;
  /** Ends as it should. */
  end(): Promise<void>;
}

export interface MqttVoice {
  readonly client: "mqtt.js" | "mosquitto";
  readonly version: MqttVersion;
  readonly is5: boolean;
  /** On a connection of its own, at QoS 1, all at once; answers the acknowledgements in the order sent. */
  publish(
    sign: Sign,
    topic: string,
    payloads: readonly (string | Buffer)[],
  ): Promise<readonly Acknowledged[]>;
  /** One that stays, and is subscribed at QoS 1. */
  listen(sign: Sign, filters: readonly string[]): Promise<Listening>;
  /** Publishes on a connection that listens to `answerTopic` and answers what comes on it. */
  ask(
    sign: Sign,
    request: { readonly topic: string; readonly payload: string | Buffer; readonly answerTopic: string },
  ): Promise<Heard>;
  /** The code of the refusal to connect, 0 when it was let in. */
  connect(sign: Sign): Promise<number>;
}

type MqttBody = (scope: Scope, voice: MqttVoice) => Promise<void>;

/** The same behaviour through every client and version, or through those named. */
export function overMqtt(
  behaviour: string,
  body: MqttBody,
  only: {
    readonly clients?: readonly MqttVoice["client"][];
    readonly versions?: readonly MqttVersion[];
    readonly needs?: readonly Program[];
  } = {},
): Case[] {
  const { clients = ["mqtt.js", "mosquitto"], versions = mqttVersions, needs = [] } = only;
  const programs = {
    "mqtt.js": [],
    mosquitto: ["mosquitto_pub", "mosquitto_sub", "mosquitto_rr", "stdbuf"],
  } as const;
  const makers = { "mqtt.js": createMqttJsVoice, mosquitto: createMosquittoVoice } as const;
  return clients.flatMap((client) =>
    versions.map((version) => ({
      ...{ behaviour: `MQTT ${behaviour}`, client, version, needs: [...programs[client], ...needs] },
      run: (scope: Scope) => body(scope, makers[client](scope, version)),
    })),
  );
}

/** What a device answers: on the connection it listens on, or with a program of its own. */
export async function reply(
  voice: MqttVoice,
  device: { readonly sign: Sign; readonly listening: Listening },
  topic: string,
  payload: string,
): Promise<Acknowledged> {
  if (device.listening.publish !== null) return device.listening.publish(topic, payload);
  const [acknowledged] = await voice.publish(device.sign, topic, [payload]);
  so(acknowledged !== undefined, "there was no acknowledgement");
  return acknowledged;
}

export const jsonOf = (heard: { readonly payload: Buffer }): unknown => JSON.parse(heard.payload.toString());
