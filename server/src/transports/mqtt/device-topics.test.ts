import { connectAsync } from "mqtt";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  type MemoryMqtt,
  nextAcknowledgement,
  nextMessage,
  startMemoryMqtt,
  subscribe,
} from "../../../../tests/support/memory-mqtt.ts";
import { publishPacket, signIn } from "../../../../tests/support/raw-mqtt.ts";

let mqtt: MemoryMqtt;

beforeEach(async () => {
  mqtt = await startMemoryMqtt();
});
afterEach(() => mqtt.server.stop());

describe.each([3, 4, 5] as const)("a device on MQTT level %i", (version) => {
  test.each(["v1/devices/me/attributes", "v2/a", "v2/a/j"])(
    "reports attributes on %s and is acknowledged after the commit",
    async (topic) => {
      const { desk, port } = mqtt;
      desk.mode = "by-hand";
      const client = await signIn(port, "token-1", version);
      client.send(publishPacket(1, '{"model":"x","depth":{"cm":3}}', topic));
      await desk.until(() => desk.reported.length === 1);
      client.send({ cmd: "pingreq" });
      // Its ping is answered first: nothing is acknowledged before the commit.
      expect((await client.next()).cmd).toBe("pingresp");
      desk.commit();
      expect(await nextAcknowledgement(client)).toMatchObject({ messageId: 1, reasonCode: 0 });
      expect(desk.reported).toEqual([
        { deviceId: 1, values: { model: "x", depth: { cm: 3 } }, transport: "mqtt" },
      ]);
      client.end();
    },
  );

  test("has attributes in an array refused or quarantined, and its session kept", async () => {
    const client = await signIn(mqtt.port, "token-1", version);
    client.send(publishPacket(1, '[{"model":"x"}]', "v1/devices/me/attributes"));
    const answer = await nextAcknowledgement(client);
    expect(answer.messageId).toBe(1);
    if (version === 5) expect(answer.reasonCode).toBe(0x99);
    expect(mqtt.sink.malformed).toMatchObject([{ reason: "attributes-not-an-object" }]);
    expect(mqtt.desk.reported).toEqual([]);
    client.end();
  });

  test.each([
    ["v1/devices/me/attributes/request/7", "v1/devices/me/attributes/response/7"],
    ["v2/a/req/8", "v2/a/res/8"],
    ["v2/a/req/j/9", "v2/a/res/j/9"],
  ])("is answered what it asks for on %s, without a subscription", async (request, response) => {
    mqtt.desk.setAttributes(1, "client", { model: "x", serial: "00012345600012" });
    mqtt.desk.setAttributes(1, "shared", { relay: true });
    const client = await signIn(mqtt.port, "token-1", version);
    client.send(publishPacket(1, '{"clientKeys":"serial,absent","sharedKeys":"relay"}', request));
    const answer = await nextMessage(client);
    expect(answer.topic).toBe(response);
    expect(JSON.parse(answer.payload)).toEqual({
      client: { serial: "00012345600012" },
      shared: { relay: true },
    });
    client.send(publishPacket(2, "{}", request));
    expect(JSON.parse((await nextMessage(client)).payload)).toEqual({
      client: { model: "x", serial: "00012345600012" },
      shared: { relay: true },
    });
    client.send(publishPacket(3, '{"sharedKeys":"absent"}', request));
    expect((await nextMessage(client)).payload).toBe("{}");
    client.end();
  });

  test.each([
    ["v1/devices/me/rpc/request/1", "v1/devices/me/rpc/response/1"],
    ["v2/r/req/2", "v2/r/res/2"],
    ["v2/r/req/j/3", "v2/r/res/j/3"],
  ])("gets the answer to a call on %s, without a subscription", async (request, response) => {
    const client = await signIn(mqtt.port, "token-1", version);
    client.send(publishPacket(1, '{"method":"getSessionLimits","params":{}}', request));
    const answer = await nextMessage(client);
    expect(answer.topic).toBe(response);
    expect(JSON.parse(answer.payload)).toEqual(mqtt.desk.limits);
    expect(mqtt.desk.calls).toEqual([{ deviceId: 1, method: "getSessionLimits", params: {} }]);
    client.end();
  });

  test("has its answer to a command acknowledged after the commit", async () => {
    const { desk } = mqtt;
    desk.mode = "by-hand";
    const client = await signIn(mqtt.port, "token-1", version);
    const topics = ["v1/devices/me/rpc/response/41", "v2/r/res/42", "v2/r/res/j/43"];
    for (const [index, topic] of topics.entries())
      client.send(publishPacket(index + 1, '{"ok":true}', topic));
    await desk.until(() => desk.answers.length === 3);
    client.send({ cmd: "pingreq" });
    expect((await client.next()).cmd).toBe("pingresp");
    desk.commit();
    for (const messageId of [1, 2, 3]) expect(await nextAcknowledgement(client)).toMatchObject({ messageId });
    expect(desk.answers).toEqual(
      [41, 42, 43].map((number) => ({ deviceId: 1, number, answer: { ok: true } })),
    );
    client.end();
  });

  test("opens a claim, with and without a secret", async () => {
    const client = await signIn(mqtt.port, "token-1", version);
    client.send(publishPacket(1, '{"secretKey":"s","durationMs":60000}', "v1/devices/me/claim"));
    expect(await nextAcknowledgement(client)).toMatchObject({ messageId: 1, reasonCode: 0 });
    client.send(publishPacket(2, "", "v1/devices/me/claim"));
    expect(await nextAcknowledgement(client)).toMatchObject({ messageId: 2, reasonCode: 0 });
    expect(mqtt.desk.claims).toEqual([
      { deviceId: 1, secret: "s", durationMs: 60_000 },
      { deviceId: 1, secret: "", durationMs: null },
    ]);
    client.end();
  });

  test("may listen on all topics of the API, and on no other", async () => {
    const client = await signIn(mqtt.port, "token-1", version);
    const refused = version === 5 ? 0x8f : 0x80;
    const known = [
      ...["v1/devices/me/attributes", "v2/a", "v2/a/j", "v2/a/p"],
      ...["v1/devices/me/attributes/response/+", "v2/a/res/+", "v2/a/res/j/+", "v2/a/res/p/+"],
      ...["v1/devices/me/rpc/request/+", "v2/r/req/+", "v2/r/req/j/+", "v2/r/req/p/+"],
      ...["v1/devices/me/rpc/response/+", "v2/r/res/+", "v2/r/res/j/+", "v2/r/res/p/+"],
      ...["v2/fw/response/+", "v2/fw/response/+/chunk/+", "v2/fw/error"],
      ...["v2/sw/response/+", "v2/sw/response/+/chunk/+", "v2/sw/error", "/provision/response"],
    ];
    expect(await subscribe(client, known)).toEqual(known.map(() => 1));
    // A client may listen to nothing but the one answer it is about to ask for.
    const single = ["v1/devices/me/rpc/response/7", "v2/a/res/p/12", "v2/fw/response/3/chunk/0"];
    expect(await subscribe(client, single)).toEqual([1, 1, 1]);
    const strange = ["v1/devices/me/rpc/response/x", "v1/devices/me/rpc/request/7"];
    expect(await subscribe(client, strange)).toEqual([refused, refused]);
    expect(await subscribe(client, ["#", "v1/gateway/rpc", "$share/a/v2/a"])).toEqual([
      refused,
      refused,
      refused,
    ]);
    client.end();
  });

  test("is told when its credentials, or it, are gone", async () => {
    const closings = ["device-deleted", "device-disabled", "credentials-revoked"] as const;
    for (const [index, reason] of closings.entries()) {
      const client = await signIn(mqtt.port, `token-${index + 1}`, version);
      mqtt.desk.hub.close(index + 1, reason);
      if (version === 5) expect(await client.next()).toMatchObject({ cmd: "disconnect", reasonCode: 0x87 });
      await client.closed;
      expect(mqtt.desk.marks.at(-1)).toBe(`disconnected ${index + 1} ${reason}`);
    }
  });

  test("signs in with any combination of client id, user name and password", async () => {
    mqtt.desk.addBasic(4, { clientId: "meter", userName: "u", password: "p" });
    mqtt.desk.addBasic(5, { clientId: "only-id" });
    const whole = await signIn(mqtt.port, "u", version, { clientId: "meter", password: Buffer.from("p") });
    const byId = await signIn(mqtt.port, "", version, { clientId: "only-id" });
    expect(mqtt.desk.marks).toEqual(["connected 4", "connected 5"]);
    await expect(
      signIn(mqtt.port, "u", version, { clientId: "meter", password: Buffer.from("wrong") }),
    ).rejects.toThrow("refused");
    for (const client of [whole, byId]) client.end();
  });

  test("may announce a will, and is offline once its socket dies", async () => {
    const will = {
      topic: "v1/devices/me/telemetry",
      payload: Buffer.from("{}"),
      qos: 1 as const,
      retain: false,
    };
    const client = await signIn(mqtt.port, "token-1", version, { will });
    client.socket.resetAndDestroy();
    expect(await mqtt.desk.marked("disconnected 1")).toBe("disconnected 1 connection-lost");
    expect(mqtt.sink.messages).toEqual([]);
  });

  test("of the real client asks, calls and is answered", async () => {
    mqtt.desk.setAttributes(1, "shared", { relay: true });
    const client = await connectAsync({
      ...{ host: "127.0.0.1", port: mqtt.port, username: "token-1", reconnectPeriod: 0 },
      ...{ protocolVersion: version, protocolId: version === 3 ? "MQIsdp" : "MQTT" },
    });
    const arrived: string[] = [];
    const bothArrived = new Promise<void>((resolve) =>
      client.on("message", (topic, payload) => {
        arrived.push(`${topic} ${payload.toString()}`);
        if (arrived.length === 2) resolve();
      }),
    );
    await client.subscribeAsync(["v1/devices/me/attributes/response/+", "v1/devices/me/rpc/response/+"], {
      qos: 1,
    });
    await client.publishAsync("v1/devices/me/attributes/request/1", '{"sharedKeys":"relay"}', { qos: 1 });
    await client.publishAsync("v1/devices/me/rpc/request/1", '{"method":"openSesame","params":1}', {
      qos: 1,
    });
    await bothArrived;
    expect(arrived).toEqual([
      'v1/devices/me/attributes/response/1 {"shared":{"relay":true}}',
      'v1/devices/me/rpc/response/1 {"error":"The method openSesame is not served."}',
    ]);
    await client.endAsync();
  });
});

test("a call that takes too long is answered with a timeout, and holds up no acknowledgement", async () => {
  await mqtt.server.stop();
  mqtt = await startMemoryMqtt({ callTimeMsMax: 40 });
  mqtt.desk.onCall = () => new Promise(() => undefined);
  const client = await signIn(mqtt.port, "token-1", 5);
  client.send(publishPacket(1, '{"method":"slow"}', "v2/r/req/1"));
  client.send(publishPacket(2, '{"a":1}'));
  expect(await client.next()).toMatchObject({ cmd: "puback", messageId: 1 });
  expect(await client.next()).toMatchObject({ cmd: "puback", messageId: 2 });
  expect(await nextMessage(client)).toMatchObject({ topic: "v2/r/res/1", payload: '{"error":"timeout"}' });
  client.end();
});

test("a connection that waits for too many answers is read no further until one came, and its ledger says so", async () => {
  await mqtt.server.stop();
  mqtt = await startMemoryMqtt({ requestsUnderWayMax: 2 });
  const { desk } = mqtt;
  const answers: (() => void)[] = [];
  desk.onCall = () => new Promise((resolve) => answers.push(() => resolve("done")));
  const client = await signIn(mqtt.port, "token-1", 5);
  const other = await signIn(mqtt.port, "token-2", 5);
  for (const id of [1, 2, 3]) client.send(publishPacket(id, '{"method":"m"}', `v2/r/req/${id}`));
  await desk.until(() => desk.calls.length === 2);
  other.send({ cmd: "pingreq" });
  await other.next();
  expect(desk.calls).toHaveLength(2);
  expect(desk.notes).toMatchObject([{ deviceId: 1, limitName: "requests-under-way", allowed: "2" }]);
  answers[0]?.();
  await desk.until(() => desk.calls.length === 3);
  for (const answer of answers) answer();
  for (const client of [other]) client.end();
  client.end();
});

test("an answer to no command is told on MQTT 5 and kept for the owner on older versions", async () => {
  mqtt.desk.answerCommand = () => Promise.resolve(false);
  const newer = await signIn(mqtt.port, "token-1", 5);
  newer.send(publishPacket(1, "1", "v2/r/res/99"));
  expect(await nextAcknowledgement(newer)).toMatchObject({
    reasonCode: 0x83,
    reason: "No command 99 is waiting for this answer.",
  });
  const older = await signIn(mqtt.port, "token-2", 4);
  older.send(publishPacket(1, "1", "v2/r/res/99"));
  expect(await nextAcknowledgement(older)).toMatchObject({ messageId: 1 });
  expect(mqtt.sink.malformed).toMatchObject([{ reason: "state-forbids", identity: { device: { id: 2 } } }]);
  for (const client of [newer, older]) client.end();
});

test("attributes that could not be stored are not acknowledged and end the connection", async () => {
  mqtt.desk.mode = "by-hand";
  const client = await signIn(mqtt.port, "token-1", 5);
  client.send(publishPacket(1, '{"a":1}', "v2/a"));
  await mqtt.desk.until(() => mqtt.desk.reported.length === 1);
  mqtt.desk.fail(new Error("disk full"));
  expect(await client.next()).toMatchObject({ cmd: "disconnect", reasonCode: 0x89 });
  await client.closed;
});

describe("a profile's own topic names", () => {
  beforeEach(() => {
    mqtt.desk.change(1, {
      profile: {
        transport: {
          payloadType: "json",
          telemetryTopic: "plant/+/values",
          attributesTopic: "plant/me/state",
          attributesSubscribeTopic: "plant/+/wanted",
        },
      },
    });
  });

  test("are served beside those of ThingsBoard, and to devices of that profile only", async () => {
    const { desk, sink } = mqtt;
    const client = await signIn(mqtt.port, "token-1", 5);
    client.send(publishPacket(1, '{"a":1}', "plant/7/values"));
    client.send(publishPacket(2, '{"b":1}', "plant/me/state"));
    client.send(publishPacket(3, '{"a":2}'));
    client.send(publishPacket(4, '{"a":3}', "plant/7/values/more"));
    for (const [messageId, reasonCode] of [
      [1, 0],
      [2, 0],
      [3, 0],
      [4, 0x90],
    ])
      expect(await nextAcknowledgement(client)).toMatchObject({ messageId, reasonCode });
    expect(sink.messages).toHaveLength(2);
    expect(desk.reported).toMatchObject([{ values: { b: 1 } }]);
    const other = await signIn(mqtt.port, "token-2", 5);
    other.send(publishPacket(1, '{"a":1}', "plant/7/values"));
    expect(await nextAcknowledgement(other)).toMatchObject({ reasonCode: 0x90 });
    for (const one of [client, other]) one.end();
  });

  test("say where attribute changes go", async () => {
    const client = await signIn(mqtt.port, "token-1", 5);
    expect(await subscribe(client, ["plant/me/wanted", "plant/me/other"])).toEqual([1, 0x8f]);
    mqtt.desk.hub.pushAttributes(1, { values: { relay: true }, deletedKeys: [] });
    expect(await nextMessage(client)).toMatchObject({ topic: "plant/me/wanted", payload: '{"relay":true}' });
    expect(await subscribe(client, ["plant/+/wanted"])).toEqual([1]);
    client.send({ cmd: "puback", messageId: 1 });
    mqtt.desk.hub.pushAttributes(1, { values: { relay: false }, deletedKeys: [] });
    expect(await nextMessage(client)).toMatchObject({ topic: "plant/logger-1/wanted" });
    client.end();
  });
});

test("a revoked credential ends its session, and a changed profile reaches it", async () => {
  await mqtt.server.stop();
  mqtt = await startMemoryMqtt({ revalidateIntervalMs: 10 });
  const client = await signIn(mqtt.port, "token-1", 5);
  mqtt.desk.change(1, { profile: { transport: { payloadType: "json", telemetryTopic: "mine" } } });
  const seen = mqtt.desk.presented.length;
  await mqtt.desk.until(() => mqtt.desk.presented.length > seen + 1);
  client.send(publishPacket(1, '{"a":1}', "mine"));
  expect(await nextAcknowledgement(client)).toMatchObject({ reasonCode: 0 });
  mqtt.desk.revoke("token-1");
  expect(await client.next()).toMatchObject({ cmd: "disconnect", reasonCode: 0x87 });
});
