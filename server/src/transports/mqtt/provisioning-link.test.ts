import { connectAsync } from "mqtt";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  type MemoryMqtt,
  nextAcknowledgement,
  nextMessage,
  startMemoryMqtt,
  subscribe,
} from "../../../../tests/support/memory-mqtt.ts";
import { connectPacket, openRaw, publishPacket, signIn } from "../../../../tests/support/raw-mqtt.ts";
import { silentLog } from "../../platform/log.ts";
import { mqttLimits } from "./limits.ts";
import { ProvisioningLink } from "./provisioning-link.ts";

let mqtt: MemoryMqtt;
const request = JSON.stringify({
  deviceName: "meter-1",
  provisionDeviceKey: "key",
  provisionDeviceSecret: "secret",
});

async function restart(limits: Parameters<typeof startMemoryMqtt>[0] = {}): Promise<void> {
  await mqtt?.server.stop();
  mqtt = await startMemoryMqtt(limits);
  mqtt.desk.provisionAnswer = {
    status: "SUCCESS",
    device: mqtt.desk.identity(1).device,
    credential: { kind: "access-token", id: 1, token: "fresh-token", hint: "oken" },
  };
}

beforeEach(() => restart());
afterEach(() => mqtt.server.stop());

describe.each([3, 4, 5] as const)("a device without credentials on MQTT level %i", (version) => {
  test.each([
    ["user name", { username: "provision", clientId: "any" }],
    ["client id", { username: "", clientId: "provision" }],
  ])("that connects with the %s provision gets its credentials", async (_name, connect) => {
    const client = await signIn(mqtt.port, "", version, connect);
    expect(await subscribe(client, ["/provision/response", "v2/a"])).toEqual([
      1,
      version === 5 ? 0x8f : 0x80,
    ]);
    client.send(publishPacket(1, request, "/provision/request"));
    const answer = await nextMessage(client);
    expect(answer.topic).toBe("/provision/response");
    expect(JSON.parse(answer.payload)).toMatchObject({
      status: "SUCCESS",
      credentialsType: "ACCESS_TOKEN",
      credentialsValue: "fresh-token",
    });
    expect(mqtt.desk.provisions).toMatchObject([{ deviceName: "meter-1", key: "key", secret: "secret" }]);
    expect(mqtt.server.sessionCount).toBe(0);
    expect(mqtt.desk.marks).toEqual([]);
    client.end();
  });

  test("may do nothing else", async () => {
    const client = await signIn(mqtt.port, "provision", version);
    for (const [index, topic] of ["v1/devices/me/telemetry", "v2/a", "v2/r/req/1"].entries()) {
      client.send(publishPacket(index + 1, '{"a":1}', topic));
      const answer = await nextAcknowledgement(client);
      if (version === 5) expect(answer.reasonCode).toBe(0x83);
    }
    expect([mqtt.sink.messages, mqtt.sink.malformed, mqtt.desk.reported]).toEqual([[], [], []]);
    client.end();
  });

  test("is told why it gets none", async () => {
    mqtt.desk.provisionAnswer = { status: "NOT_FOUND" };
    const client = await signIn(mqtt.port, "provision", version);
    client.send(publishPacket(1, request, "/provision/request"));
    expect(JSON.parse((await nextMessage(client)).payload)).toMatchObject({ status: "NOT_FOUND" });
    client.send(publishPacket(2, "{", "/provision/request"));
    expect(JSON.parse((await nextMessage(client)).payload)).toMatchObject({ status: "FAILURE" });
    client.end();
  });

  test("is disconnected a while after its answer", async () => {
    await restart({ provisioningLingerMs: 20 });
    const client = await signIn(mqtt.port, "provision", version);
    client.send(publishPacket(0, request, "/provision/request"));
    expect(JSON.parse((await nextMessage(client)).payload)).toMatchObject({ status: "SUCCESS" });
    if (version === 5) expect(await client.next()).toMatchObject({ cmd: "disconnect" });
    await client.closed;
  });

  test("of the real client is provisioned", async () => {
    const client = await connectAsync({
      ...{ host: "127.0.0.1", port: mqtt.port, username: "provision", reconnectPeriod: 0 },
      ...{ protocolVersion: version, protocolId: version === 3 ? "MQIsdp" : "MQTT" },
    });
    const answer = new Promise<string>((resolve) =>
      client.once("message", (_, payload) => resolve(payload.toString())),
    );
    await client.subscribeAsync("/provision/response", { qos: 1 });
    await client.publishAsync("/provision/request", request, { qos: 1 });
    expect(JSON.parse(await answer)).toMatchObject({ status: "SUCCESS" });
    await client.endAsync();
  });
});

test("only so many may ask at once; the others are told to come back, and known devices do not count", async () => {
  await restart({ provisioningSessionsMax: 1 });
  const asking = await signIn(mqtt.port, "provision");
  const surplus = await openRaw(mqtt.port, 5);
  surplus.send(connectPacket("provision", { protocolVersion: 5 }));
  expect(await surplus.next()).toMatchObject({ cmd: "connack", reasonCode: 0x89 });
  const known = await signIn(mqtt.port, "token-1");
  asking.end();
  known.end();
});

test("a connection may ask only so often", async () => {
  await restart({ provisioningRequestsMax: 1 });
  const client = await signIn(mqtt.port, "provision", 5);
  client.send(publishPacket(1, request, "/provision/request"));
  expect(await nextAcknowledgement(client)).toMatchObject({ messageId: 1, reasonCode: 0 });
  client.send(publishPacket(2, request, "/provision/request"));
  expect(await nextAcknowledgement(client)).toMatchObject({ messageId: 2, reasonCode: 0x83 });
  expect(mqtt.desk.provisions).toHaveLength(1);
  client.end();
});

test("wrong keys count like wrong tokens: who guesses too often is refused for a while", async () => {
  await restart({ refusedPerAddressMax: 2 });
  mqtt.desk.provisionAnswer = { status: "NOT_FOUND" };
  const client = await signIn(mqtt.port, "provision", 5);
  for (const id of [1, 2]) {
    client.send(publishPacket(id, request, "/provision/request"));
    await nextAcknowledgement(client);
  }
  const next = await openRaw(mqtt.port, 5);
  next.send(connectPacket("provision", { protocolVersion: 5 }));
  expect(await next.next()).toMatchObject({ cmd: "connack", reasonCode: 0x9f });
  client.end();
});

test("an answer that comes when the connection is gone keeps no timer, and with it no session, alive", async () => {
  const answers: (() => void)[] = [];
  const line = {
    ...{ traits: { protocolVersion: 5, wantsReasons: true, packetBytesMax: 1_000, receiveMaximum: 10 } },
    ...{ address: "", write: () => undefined, stream: () => Promise.resolve(), end: () => undefined },
    ...{ flushSoon: () => undefined, proceed: () => undefined },
  };
  const provision = () =>
    new Promise((resolve) => answers.push(() => resolve({ status: "NOT_FOUND" }))) as ReturnType<
      typeof mqtt.desk.provision
    >;
  const desk = { ...mqtt.desk, provision };
  const timers = (): number =>
    process.getActiveResourcesInfo().filter((resource) => resource === "Timeout").length;
  const timersBefore = timers();
  const link = new ProvisioningLink(line, { desk, limits: mqttLimits, log: silentLog }, () => undefined);
  link.publish({ topic: "/provision/request", payload: Buffer.from(request), qos: 1, messageId: 1 });
  link.ended();
  for (const answer of answers) answer();
  await new Promise((resolve) => setImmediate(resolve));
  expect(answers).toHaveLength(1);
  expect(timers()).toBe(timersBefore);
});
