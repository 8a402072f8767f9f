import { connect, type MqttClient } from "mqtt";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createMemoryDesk, type MemoryDesk } from "../../../../tests/support/memory-desk.ts";
import { createMemorySink, type MemorySink } from "../../../../tests/support/memory-intake.ts";
import { connectPacket, openRaw, publishPacket, signIn } from "../../../../tests/support/raw-mqtt.ts";
import { manualClock } from "../../platform/clock.ts";
import { silentLog } from "../../platform/log.ts";
import { createMqttServer, type MqttLimits, type MqttServer } from "./index.ts";

const now = 1_700_000_000_000;
let sink: MemorySink;
let desk: MemoryDesk;
let server: MqttServer;
let port: number;

async function startServer(limits: Partial<MqttLimits> = {}): Promise<void> {
  await server?.stop();
  sink = createMemorySink();
  desk = createMemoryDesk(20);
  server = createMqttServer({ desk, sink, clock: manualClock(now), log: silentLog, limits });
  ({ port } = await server.start({ port: 0, host: "127.0.0.1" }));
}

beforeEach(() => startServer());
afterEach(() => server.stop());

async function mqttClient(token: string, protocolVersion: 3 | 4 | 5): Promise<MqttClient> {
  const client = connect({
    host: "127.0.0.1",
    port,
    username: token,
    protocolVersion,
    protocolId: protocolVersion === 3 ? "MQIsdp" : "MQTT",
    reconnectPeriod: 0,
  });
  await new Promise<void>((resolve, reject) => {
    client.once("connect", () => resolve());
    client.once("error", reject);
  });
  return client;
}

describe.each([3, 4, 5] as const)("a client of MQTT level %i", (version) => {
  test("publishes telemetry on every topic and form and is acknowledged", async () => {
    const client = await mqttClient("token-1", version);
    await client.publishAsync("v1/devices/me/telemetry", '{"temperature":4.5}', { qos: 1 });
    await client.publishAsync("v2/t", '[{"temperature":5}]', { qos: 1 });
    await client.publishAsync("v2/t/j", '{"ts":1699999999000,"values":{"door":true}}', { qos: 0 });
    await sink.received(3);
    expect(sink.messages.map((message) => message.points)).toEqual([
      [{ key: "temperature", value: { type: "number", number: 4.5 }, observedAt: undefined }],
      [{ key: "temperature", value: { type: "number", number: 5 }, observedAt: undefined }],
      [{ key: "door", value: { type: "boolean", boolean: true }, observedAt: 1_699_999_999_000 }],
    ]);
    expect(sink.messages[0]).toMatchObject({
      transport: "mqtt",
      receivedAt: now,
      identity: { device: { name: "logger-1" } },
    });
    expect(Buffer.from(sink.messages[0]?.payload ?? []).toString()).toBe('{"temperature":4.5}');
    await client.endAsync();
    expect(await desk.marked("disconnected 1")).toBe("disconnected 1 client-disconnected");
  });

  test("is refused with an unknown token", async () => {
    await expect(mqttClient("token-wrong", version)).rejects.toMatchObject({
      code: version === 5 ? 0x86 : 5,
    });
    expect(server.sessionCount).toBe(0);
  });

  test("is told to come back when the registry cannot be asked", async () => {
    desk.isDown = true;
    await expect(mqttClient("token-1", version)).rejects.toMatchObject({ code: version === 5 ? 0x88 : 3 });
  });

  test("gets its ping answered and its subscriptions granted at QoS 1 at most", async () => {
    const client = await signIn(port, "token-1", version);
    client.send({ cmd: "pingreq" });
    expect((await client.next()).cmd).toBe("pingresp");
    client.send({
      cmd: "subscribe",
      messageId: 7,
      subscriptions: [
        { topic: "v1/devices/me/rpc/request/+", qos: 2 },
        { topic: "v1/devices/me/attributes", qos: 0 },
        { topic: "some/other/topic", qos: 1 },
      ],
    });
    expect(await client.next()).toMatchObject({
      cmd: "suback",
      messageId: 7,
      granted: [1, 0, version === 5 ? 0x8f : 0x80],
    });
    client.send({ cmd: "unsubscribe", messageId: 8, unsubscriptions: ["v1/devices/me/attributes", "x"] });
    expect(await client.next()).toMatchObject({ cmd: "unsuback", messageId: 8 });
    client.end();
  });

  test("has its malformed payload quarantined and its session kept", async () => {
    const client = await signIn(port, "token-1", version);
    client.send(publishPacket(1, '{"temperature":}'));
    const answer = await client.next();
    expect(answer).toMatchObject({ cmd: "puback", messageId: 1 });
    if (version === 5) {
      expect(answer).toMatchObject({
        reasonCode: 0x99,
        properties: { reasonString: "The message is not JSON: it breaks at byte 15." },
      });
    }
    expect(sink.malformed).toMatchObject([{ reason: "json-syntax", transport: "mqtt" }]);
    client.send(publishPacket(2, '{"temperature":4}'));
    expect(await client.next()).toMatchObject({ cmd: "puback", messageId: 2 });
    client.end();
  });

  test("is answered clearly on topics that are unknown or not served", async () => {
    const client = await signIn(port, "token-1", version);
    const cases: [string, number][] = [
      ["some/topic", 0x90],
      ["v1/devices/me/telemetry/more", 0x90],
      ["/provision/request", 0x83],
      ["spBv1.0/shop/DBIRTH/node/device", 0x83],
      ["v1/gateway/telemetry", 0x87],
    ];
    for (const [index, [topic, reasonCode]] of cases.entries()) {
      client.send(publishPacket(index + 1, '{"a":1}', topic));
      const answer = await client.next();
      expect(answer).toMatchObject({ cmd: "puback", messageId: index + 1 });
      if (version === 5) expect(answer).toMatchObject({ reasonCode });
    }
    // Who cannot be told a reason finds the message in quarantine.
    expect(sink.malformed).toHaveLength(version === 5 ? 0 : cases.length);
    expect(sink.messages).toEqual([]);
    client.end();
  });

  test("is marked offline at once when its socket dies without a DISCONNECT", async () => {
    const client = await signIn(port, "token-1", version);
    await desk.marked("connected 1");
    client.socket.resetAndDestroy();
    expect(await desk.marked("disconnected 1")).toBe("disconnected 1 connection-lost");
  });

  test("loses its session to a newer one of the same device, which stays online", async () => {
    const older = await signIn(port, "token-1", version);
    const newer = await signIn(port, "token-1", version);
    if (version === 5) expect(await older.next()).toMatchObject({ cmd: "disconnect", reasonCode: 0x8e });
    await older.closed;
    newer.send(publishPacket(1, '{"a":1}'));
    expect(await newer.next()).toMatchObject({ cmd: "puback" });
    expect(server.sessionCount).toBe(1);
    expect(desk.marks.filter((mark) => mark.startsWith("disconnected"))).toEqual([]);
    newer.end();
  });

  test("has its connection closed for QoS 2", async () => {
    const client = await signIn(port, "token-1", version);
    client.send({
      cmd: "publish",
      topic: "v2/t",
      payload: "{}",
      qos: 2,
      messageId: 1,
      dup: false,
      retain: false,
    });
    if (version === 5) expect(await client.next()).toMatchObject({ cmd: "disconnect", reasonCode: 0x9b });
    await client.closed;
  });
});

test("nothing is acknowledged before it is stored, and then in the order of arrival", async () => {
  sink.mode = "by-hand";
  const client = await signIn(port, "token-1");
  for (let id = 1; id <= 4; id += 1) client.send(publishPacket(id, `{"a":${id}}`));
  await sink.received(4);
  // Commits 2 and 4 end first; nothing may leave before 1.
  sink.commit([1, 3]);
  client.send({ cmd: "pingreq" });
  expect((await client.next()).cmd).toBe("pingresp");
  expect(client.unread).toEqual([]);
  const chunks: number[] = [];
  client.socket.on("data", (chunk) => chunks.push(chunk.length));
  sink.commit();
  const order = [];
  for (let count = 0; count < 4; count += 1) order.push((await client.next()).messageId);
  expect(order).toEqual([1, 2, 3, 4]);
  // One write for all of them.
  expect(chunks).toEqual([16]);
  client.end();
});

test("a message that could not be stored is not acknowledged and its connection closes with a reason", async () => {
  sink.mode = "by-hand";
  const client = await signIn(port, "token-1", 5);
  client.send(publishPacket(1, '{"a":1}'));
  await sink.received(1);
  sink.fail(new Error("disk full"));
  expect(await client.next()).toMatchObject({ cmd: "disconnect", reasonCode: 0x89 });
  await client.closed;
  expect(client.unread).toEqual([]);
});

test("a connection with too much in flight is read no further until something is stored", async () => {
  await startServer({ inflightMax: 3 });
  sink.mode = "by-hand";
  const client = await signIn(port, "token-1");
  const other = await signIn(port, "token-2");
  for (let id = 1; id <= 8; id += 1) client.send(publishPacket(id, "{}"));
  await sink.received(3);
  // Another connection is not held up, and by the time it is answered the first could have gone on.
  other.send({ cmd: "pingreq" });
  expect((await other.next()).cmd).toBe("pingresp");
  expect(sink.messages).toHaveLength(3);
  sink.commit();
  await sink.received(6);
  expect(sink.messages).toHaveLength(6);
  sink.commit();
  await sink.received(8);
  sink.commit();
  for (let id = 1; id <= 8; id += 1) expect((await client.next()).messageId).toBe(id);
  client.end();
  other.end();
});

test("when the sink is full every connection waits, and all go on when it has room", async () => {
  sink.mode = "by-hand";
  sink.pendingCountMax = 2;
  const first = await signIn(port, "token-1");
  const second = await signIn(port, "token-2");
  for (let id = 1; id <= 3; id += 1) first.send(publishPacket(id, "{}"));
  await sink.received(2);
  for (let id = 1; id <= 3; id += 1) second.send(publishPacket(id, "{}"));
  expect(sink.pendingCount).toBe(2);
  for (let total = 4; total <= 6; total += 2) {
    sink.commit();
    await sink.received(total);
    expect(sink.pendingCount).toBeLessThanOrEqual(2);
  }
  sink.commit();
  for (const client of [first, second]) {
    for (let id = 1; id <= 3; id += 1) expect((await client.next()).messageId).toBe(id);
    client.end();
  }
});

test("a client that goes silent is closed after one and a half keep-alives and marked offline", async () => {
  await startServer({ sweepIntervalMs: 50 });
  const client = await signIn(port, "token-1", 5, { keepalive: 1 });
  const startedAt = performance.now();
  expect(await client.next()).toMatchObject({ cmd: "disconnect", reasonCode: 0x8d });
  expect(performance.now() - startedAt).toBeGreaterThan(1_400);
  expect(await desk.marked("disconnected 1")).toBe("disconnected 1 keep-alive-timeout");
});

test("MQTT 5 is told the limits and a client id of its own", async () => {
  const client = await openRaw(port, 5);
  client.send(connectPacket("token-1", { protocolVersion: 5, clientId: "" }));
  expect(await client.next()).toMatchObject({
    cmd: "connack",
    reasonCode: 0,
    sessionPresent: false,
    properties: {
      receiveMaximum: 100,
      maximumQoS: 1,
      retainAvailable: false,
      maximumPacketSize: 262_144,
      assignedClientIdentifier: "device-1",
    },
  });
  client.end();
});

test("a payload above its limit is answered, one above the packet limit ends the connection", async () => {
  const client = await signIn(port, "token-1", 5);
  client.send(publishPacket(1, `{"a":"${"x".repeat(70_000)}"}`));
  expect(await client.next()).toMatchObject({ cmd: "puback", reasonCode: 0x97 });
  client.send(publishPacket(2, `{"a":"${"x".repeat(65_000)}"}`));
  expect(await client.next()).toMatchObject({ cmd: "puback", messageId: 2, reasonCode: 0 });
  client.send(publishPacket(3, "x".repeat(300_000)));
  expect(await client.next()).toMatchObject({ cmd: "disconnect", reasonCode: 0x95 });
  await client.closed;
});

test("a MQTT 5 client that wants no reasons gets none, and properties of a PUBLISH are read over", async () => {
  const client = await signIn(port, "token-1", 5, { properties: { requestProblemInformation: false } });
  client.send(publishPacket(1, "oops"));
  const refused = await client.next();
  expect(refused).toMatchObject({ cmd: "puback", reasonCode: 0x99 });
  expect(refused).not.toHaveProperty("properties.reasonString");
  client.send({
    ...publishPacket(2, '{"a":1}'),
    properties: { userProperties: { unit: "Cel" }, payloadFormatIndicator: true },
  } as never);
  expect(await client.next()).toMatchObject({ cmd: "puback", messageId: 2, reasonCode: 0 });
  expect(sink.messages).toHaveLength(1);
  client.end();
});

test("bytes that trickle in one by one make the same messages", async () => {
  const client = await signIn(port, "token-1");
  const { generate } = await import("mqtt-packet");
  const payload = `{"text":"${"y".repeat(300)}"}`;
  const bytes = Buffer.concat([generate(publishPacket(1, payload)), generate(publishPacket(2, '{"a":2}'))]);
  for (const byte of bytes) {
    client.sendBytes(Buffer.from([byte]));
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  expect(await client.next()).toMatchObject({ messageId: 1 });
  expect(await client.next()).toMatchObject({ messageId: 2 });
  expect(Buffer.from(sink.messages[0]?.payload ?? []).toString()).toBe(payload);
  client.end();
});

describe("before the token is known", () => {
  test("a socket that never connects is closed", async () => {
    await startServer({ connectTimeMsMax: 30 });
    const client = await openRaw(port);
    await client.closed;
  });

  test("a device whose CONNECT came in time is not cut off while the store is slow", async () => {
    await startServer({ connectTimeMsMax: 30 });
    const { authenticate } = desk;
    let answer: () => void = () => undefined;
    const isSlow = new Promise<void>((resolve) => {
      answer = resolve;
    });
    desk.authenticate = (presented) => isSlow.then(() => authenticate(presented));
    const client = await openRaw(port);
    client.send(connectPacket("token-1"));
    // By then the time for a CONNECT is over.
    await new Promise((resolve) => setTimeout(resolve, 120));
    answer();
    expect(await client.next()).toMatchObject({ cmd: "connack", returnCode: 0 });
    client.end();
  });

  test("an oversized CONNECT is cut off", async () => {
    const client = await openRaw(port);
    client.send(connectPacket("t".repeat(20_000)));
    await client.closed;
  });

  test("anything but a CONNECT ends the connection", async () => {
    const client = await openRaw(port);
    client.send(publishPacket(1, "{}"));
    await client.closed;
    expect(sink.messages).toEqual([]);
  });

  test("a device that comes while too many say nothing waits for its turn, and is let in", async () => {
    await startServer({ unauthenticatedMax: 2, sweepIntervalMs: 10, crowdedConnectTimeMsMax: 60_000 });
    const known = await signIn(port, "token-1");
    const idle = [await openRaw(port), await openRaw(port)];
    const late = await openRaw(port);
    late.send(connectPacket("token-2"));
    known.send({ cmd: "pingreq" });
    expect((await known.next()).cmd).toBe("pingresp");
    expect(desk.marks).toEqual(["connected 1"]);
    idle[0]?.end();
    expect(await late.next()).toMatchObject({ cmd: "connack", returnCode: 0 });
    for (const client of [known, late, ...idle]) client.end();
  });

  test("sockets that say nothing make room for those that wait", async () => {
    await startServer({ unauthenticatedMax: 2, sweepIntervalMs: 10, crowdedConnectTimeMsMax: 20 });
    const idle = [await openRaw(port), await openRaw(port)];
    const late = [await openRaw(port), await openRaw(port)];
    for (const [index, client] of late.entries()) client.send(connectPacket(`token-${index + 1}`));
    for (const client of late) expect(await client.next()).toMatchObject({ cmd: "connack", returnCode: 0 });
    await Promise.all(idle.map((client) => client.closed));
    for (const client of late) client.end();
  });

  test("sockets that say nothing may stay for their time while nobody waits", async () => {
    await startServer({ unauthenticatedMax: 2, sweepIntervalMs: 10, crowdedConnectTimeMsMax: 20 });
    const slow = await openRaw(port);
    // Enough sweeps for a session of one second's keep-alive to end.
    const silent = await openRaw(port);
    silent.send(connectPacket("token-1", { keepalive: 1 }));
    await silent.closed;
    slow.send(connectPacket("token-2"));
    expect(await slow.next()).toMatchObject({ cmd: "connack", returnCode: 0 });
    slow.end();
  });

  test("sockets above those that may wait are closed on arrival, and known devices do not count", async () => {
    await startServer({ unauthenticatedMax: 2, waitingSocketsMax: 1 });
    const known = await signIn(port, "token-1");
    const idle = [await openRaw(port), await openRaw(port), await openRaw(port)];
    const surplus = await openRaw(port);
    await surplus.closed;
    known.send({ cmd: "pingreq" });
    expect((await known.next()).cmd).toBe("pingresp");
    for (const client of [known, ...idle]) client.end();
  });

  test("a socket whose turn does not come in time is closed", async () => {
    await startServer({ unauthenticatedMax: 1, waitingTimeMsMax: 20 });
    const idle = await openRaw(port);
    const late = await openRaw(port);
    await late.closed;
    idle.end();
  });

  test("a storm of more devices than are read at once comes back without a refusal", async () => {
    await startServer({ unauthenticatedMax: 3 });
    const tokens = Array.from({ length: 20 }, (_, index) => `token-${index + 1}`);
    const first = await Promise.all(tokens.map((token) => signIn(port, token)));
    for (const client of first) client.end();
    const second = await Promise.all(tokens.map((token) => signIn(port, token)));
    expect(server.sessionCount).toBe(20);
    for (const client of second) client.end();
  });

  test("a full server refuses politely", async () => {
    await startServer({ sessionsMax: 1 });
    const client = await signIn(port, "token-1");
    const refused = await openRaw(port, 5);
    refused.send(connectPacket("token-2", { protocolVersion: 5 }));
    expect(await refused.next()).toMatchObject({ cmd: "connack", reasonCode: 0x89 });
    client.end();
  });

  test("a protocol version of the future is refused in a form that every client reads", async () => {
    const client = await openRaw(port);
    const bytes = Buffer.from([0x10, 0x0c, 0, 4, 0x4d, 0x51, 0x54, 0x54, 6, 2, 0, 0, 0, 0]);
    client.sendBytes(bytes);
    expect(await client.next()).toMatchObject({ cmd: "connack", returnCode: 1 });
    await client.closed;
  });
});

test("a second CONNECT is a protocol error", async () => {
  const client = await signIn(port, "token-1", 5);
  client.send(connectPacket("token-1", { protocolVersion: 5 }));
  expect(await client.next()).toMatchObject({ cmd: "disconnect", reasonCode: 0x82 });
});

test("a revoked token ends its session", async () => {
  await startServer({ revalidateIntervalMs: 20 });
  const client = await signIn(port, "token-1", 5);
  desk.revoke("token-1");
  expect(await client.next()).toMatchObject({ cmd: "disconnect", reasonCode: 0x87 });
  expect(await desk.marked("disconnected 1")).toBe("disconnected 1 credentials-revoked");
});

test("a stop acknowledges what is being stored, says goodbye and leaves every device offline", async () => {
  sink.mode = "by-hand";
  const client = await signIn(port, "token-1", 5);
  client.send(publishPacket(1, "{}"));
  await sink.received(1);
  const stopped = server.stop();
  sink.commit();
  expect(await client.next()).toMatchObject({ cmd: "puback", messageId: 1 });
  expect(await client.next()).toMatchObject({ cmd: "disconnect", reasonCode: 0x8b });
  await stopped;
  expect(desk.marks).toEqual(["connected 1", "disconnected 1 server-stopped"]);
  await expect(openRaw(port)).rejects.toThrow();
});

test("a port that is taken is an error", async () => {
  const second = createMqttServer({ desk, sink, clock: manualClock(now), log: silentLog });
  await expect(second.start({ port, host: "127.0.0.1" })).rejects.toMatchObject({ code: "EADDRINUSE" });
});
