import type { IPublishPacket } from "mqtt-packet";
import protobuf from "protobufjs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  type MemoryMqtt,
  nextAcknowledgement,
  startMemoryMqtt,
  subscribe,
} from "../../../../tests/support/memory-mqtt.ts";
import { publishPacket, type RawClient, signIn } from "../../../../tests/support/raw-mqtt.ts";
import { builtInSchemas } from "../protobuf/index.ts";

let mqtt: MemoryMqtt;

beforeEach(async () => {
  mqtt = await startMemoryMqtt();
  mqtt.desk.change(1, { profile: { id: "compact", transport: { payloadType: "protobuf", protobuf: null } } });
});
afterEach(() => mqtt.server.stop());

/** What a device does: the library's own encoder and decoder, which the product does not use. */
function typeOf(schema: keyof typeof builtInSchemas, name: string): protobuf.Type {
  return protobuf.parse(builtInSchemas[schema], { keepCase: true }).root.lookupType(name);
}

function encoded(schema: keyof typeof builtInSchemas, name: string, value: object): Buffer {
  return Buffer.from(typeOf(schema, name).encode(value).finish());
}

function send(client: RawClient, messageId: number, topic: string, payload: Buffer): void {
  client.send({ ...(publishPacket(messageId, "", topic) as IPublishPacket), payload });
}

async function answerOn(client: RawClient, topic: string): Promise<Buffer> {
  for (;;) {
    const packet = await client.next();
    if (packet.cmd !== "publish") continue;
    expect(packet.topic).toBe(topic);
    return Buffer.from(packet.payload);
  }
}

const telemetry = encoded("telemetry", "Telemetry", { points: [{ key: "temperature", number: 4.5 }] });

describe.each([3, 4, 5] as const)("on MQTT level %i", (version) => {
  test("a profile's payload type holds on bare topics, and a topic that names one overrules it", async () => {
    const compact = await signIn(mqtt.port, "token-1", version);
    send(compact, 1, "v1/devices/me/telemetry", telemetry);
    send(compact, 2, "v2/t", telemetry);
    send(compact, 3, "v2/t/j", Buffer.from('{"temperature":4.5}'));
    const plain = await signIn(mqtt.port, "token-2", version);
    send(plain, 1, "v2/t/p", telemetry);
    for (let id = 1; id <= 3; id += 1) await nextAcknowledgement(compact);
    await nextAcknowledgement(plain);
    expect(mqtt.sink.malformed).toEqual([]);
    expect(mqtt.sink.messages.map(({ points }) => points)).toEqual(
      Array(4).fill([{ key: "temperature", value: { type: "number", number: 4.5 }, observedAt: undefined }]),
    );
    for (const client of [compact, plain]) client.end();
  });

  test("attributes, calls and commands are Protobuf as well", async () => {
    const client = await signIn(mqtt.port, "token-1", version);
    send(client, 1, "v2/a", encoded("attributes", "Attributes", { values: [{ key: "model", text: "x" }] }));
    await nextAcknowledgement(client);
    expect(mqtt.desk.reported).toMatchObject([{ values: { model: "x" } }]);
    send(
      client,
      2,
      "v2/a/req/5",
      encoded("attributeRequest", "AttributeRequest", { client_keys: ["model"] }),
    );
    const attributes = await answerOn(client, "v2/a/res/5");
    expect(typeOf("attributeAnswer", "AttributeAnswer").decode(attributes).toJSON()).toEqual({
      client: [{ key: "model", text: "x" }],
    });
    send(client, 3, "v2/r/req/6", encoded("call", "Call", { method: "openSesame", params: "{}" }));
    const answer = typeOf("callAnswer", "CallAnswer")
      .decode(await answerOn(client, "v2/r/res/6"))
      .toJSON();
    expect(JSON.parse(answer["payload"])).toEqual({ error: "The method openSesame is not served." });
    expect(await subscribe(client, ["v2/r/req/+"], 0)).toEqual([0]);
    await mqtt.desk.sendCommand(1, { number: 7, method: "unlock", params: { door: 2 } });
    const command = typeOf("commandRequest", "RpcRequestMsg").decode(await answerOn(client, "v2/r/req/7"));
    expect(command.toJSON()).toEqual({ method: "unlock", requestId: 7, params: '{"door":2}' });
    client.end();
  });
});

test("what is not Protobuf is quarantined and told", async () => {
  const client = await signIn(mqtt.port, "token-1", 5);
  send(client, 1, "v2/t/p", Buffer.from('{"temperature":4.5}'));
  expect(await nextAcknowledgement(client)).toMatchObject({ reasonCode: 0x99 });
  expect(mqtt.sink.malformed).toHaveLength(1);
  client.end();
});

test("a command that the profile's schema cannot say is not sent", async () => {
  const commandRequest =
    'syntax = "proto3"; message Params { int32 steps = 1; } message Move { string method = 1; Params params = 2; }';
  mqtt.desk.change(1, {
    profile: {
      version: 2,
      transport: {
        payloadType: "protobuf",
        protobuf: { telemetry: "", attributes: "", commandRequest, commandResponse: "" },
      },
    },
  });
  const client = await signIn(mqtt.port, "token-1");
  await subscribe(client, ["v1/devices/me/rpc/request/+"], 0);
  expect(await mqtt.desk.sendCommand(1, { params: { colour: "red" } })).toBe("not-taken");
  expect(await mqtt.desk.sendCommand(1, { params: { steps: 3 } })).toBe("written");
  client.end();
});
