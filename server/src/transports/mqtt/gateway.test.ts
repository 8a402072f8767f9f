import fc from "fast-check";
import { connectAsync } from "mqtt";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  type MemoryMqtt,
  nextAcknowledgement,
  nextMessage,
  startMemoryMqtt,
  subscribe,
} from "../../../../tests/support/memory-mqtt.ts";
import { publishPacket, type RawClient, signIn } from "../../../../tests/support/raw-mqtt.ts";
import { DomainError } from "../../platform/errors.ts";
import { joinChanges } from "./gateway-downlink.ts";
import { gatewayTopics } from "./gateway-topics.ts";

let mqtt: MemoryMqtt;

beforeEach(async () => {
  mqtt = await startMemoryMqtt();
  mqtt.desk.change(1, { device: { isGateway: true } });
});
afterEach(() => mqtt.server.stop());

const telemetry = "v1/gateway/telemetry";

function send(client: RawClient, messageId: number, topic: string, message: unknown): void {
  client.send(publishPacket(messageId, JSON.stringify(message), topic));
}

async function sent(client: RawClient, topic: string, message: unknown): Promise<void> {
  send(client, 77, topic, message);
  expect(await nextAcknowledgement(client)).toMatchObject({ messageId: 77, reasonCode: 0 });
}

/** What was stored, by device name. */
function stored(): Record<string, unknown[]> {
  const byName: Record<string, unknown[]> = {};
  for (const { identity, points, transport } of mqtt.sink.messages) {
    expect(transport).toBe("gateway");
    const list = byName[identity.device.name] ?? [];
    byName[identity.device.name] = [
      ...list,
      ...points.map(({ key, value, observedAt }) => [key, value, observedAt]),
    ];
  }
  return byName;
}

describe.each([4, 5] as const)("a gateway on MQTT level %i", (version) => {
  test("has the readings of every device stored under its own name", async () => {
    const client = await signIn(mqtt.port, "token-1", version);
    await sent(client, telemetry, {
      "dev-a": [
        { t: 4.5 },
        { ts: 1_600_000_000_000, values: { gtin: "00012" }, metadata: { connector: "modbus" } },
      ],
      "dev-b": [{ ts: 1_600_000_000_001, values: { open: true } }],
    });
    expect(stored()).toEqual({
      "dev-a": [
        ["t", { type: "number", number: 4.5 }, undefined],
        ["gtin", { type: "text", text: "00012" }, 1_600_000_000_000],
      ],
      "dev-b": [["open", { type: "boolean", boolean: true }, 1_600_000_000_001]],
    });
    expect(mqtt.desk.children.map(({ name }) => name)).toEqual(["dev-a", "dev-b"]);
    expect(mqtt.desk.admitted.map(({ cost, viaId }) => [cost.points, viaId])).toEqual([
      [2, 1],
      [1, 1],
    ]);
    client.end();
  });

  test("is acknowledged once, after the last of its devices is stored", async () => {
    mqtt.sink.mode = "by-hand";
    const client = await signIn(mqtt.port, "token-1", version);
    send(client, 1, telemetry, { "dev-a": [{ t: 1 }], "dev-b": [{ t: 2 }] });
    await mqtt.sink.received(2);
    mqtt.sink.commit([0]);
    client.send({ cmd: "pingreq" });
    expect((await client.next()).cmd).toBe("pingresp");
    mqtt.sink.commit();
    expect(await nextAcknowledgement(client)).toMatchObject({ messageId: 1, reasonCode: 0 });
    client.end();
  });

  test("is not acknowledged when one of its devices could not be stored, and sends again", async () => {
    mqtt.sink.mode = "by-hand";
    const client = await signIn(mqtt.port, "token-1", version);
    send(client, 1, telemetry, { "dev-a": [{ t: 1 }], "dev-b": [{ t: 2 }] });
    await mqtt.sink.received(2);
    mqtt.sink.commit([0]);
    mqtt.sink.fail(new Error("disk full"));
    await client.closed;
    expect(client.unread.filter(({ cmd }) => cmd === "puback")).toEqual([]);
  });

  test("has bad parts kept with their reason and the good ones stored", async () => {
    const client = await signIn(mqtt.port, "token-1", version);
    send(client, 5, telemetry, { good: [{ t: 1 }], flat: { t: 1 }, list: [[1]], "": [{ t: 1 }] });
    const answer = await nextAcknowledgement(client);
    expect(answer.messageId).toBe(5);
    if (version === 5) {
      expect(answer.reasonCode).toBe(0x99);
      expect(answer.reason).toMatch(/^flat: The entry at byte 25 is not an array.*list: At byte \d+/);
    }
    expect(stored()).toEqual({ good: [["t", { type: "number", number: 1 }, undefined]] });
    const kept = mqtt.sink.malformed.map(({ identity, reason, payload }) => [
      ...[identity.device.name, reason, Buffer.from(payload).toString()],
    ]);
    expect(kept.toSorted()).toEqual([
      ["flat", "gateway-entry-not-an-array", '{"t":1}'],
      ["list", "not-an-object", "[[1]]"],
      ["logger-1", "gateway-device-name-invalid", '{"":[{"t":1}]}'],
    ]);
    client.end();
  });

  test("learns which quota a new device met, while the others are stored", async () => {
    const { openChild } = mqtt.desk;
    mqtt.desk.openChild = (gateway, child) =>
      child.name === "new"
        ? Promise.reject(
            new DomainError("limit-reached", { en: "The quota of 5 devices is used up.", zh: "配额已满。" }),
          )
        : openChild(gateway, child);
    const client = await signIn(mqtt.port, "token-1", version);
    send(client, 5, telemetry, { new: [{ t: 1 }], known: [{ t: 2 }] });
    const answer = await nextAcknowledgement(client);
    if (version === 5)
      expect(answer).toMatchObject({ reasonCode: 0x97, reason: "new: The quota of 5 devices is used up." });
    expect(Object.keys(stored())).toEqual(["known"]);
    expect(mqtt.sink.malformed).toMatchObject([{ reason: "limit-reached", transport: "mqtt" }]);
    client.end();
  });

  test("connects and disconnects its devices, all of them when it goes", async () => {
    const client = await signIn(mqtt.port, "token-1", version);
    await sent(client, "v1/gateway/connect", { device: "dev-a", type: "freezer" });
    expect(mqtt.desk.children).toMatchObject([{ gatewayId: 1, name: "dev-a", profileName: "freezer" }]);
    expect(await mqtt.desk.marked("connected 1001")).toBe("connected 1001");
    await sent(client, "v1/gateway/disconnect", { device: "dev-a" });
    expect(await mqtt.desk.marked("disconnected 1001")).toBe("disconnected 1001 gateway-disconnected");
    await sent(client, "v1/gateway/connect", { device: "dev-b" });
    client.end();
    expect(await mqtt.desk.marked("disconnected 1002")).toBe("disconnected 1002 connection-lost");
  });

  test("has attributes stored for each device, in the order in which they came", async () => {
    mqtt.desk.mode = "by-hand";
    const client = await signIn(mqtt.port, "token-1", version);
    send(client, 1, "v1/gateway/attributes", { "dev-a": { reason: "x", detail: 1 }, "dev-b": { n: 1 } });
    send(client, 2, "v1/gateway/attributes", { "dev-b": { n: 2 }, "dev-c": [1] });
    await mqtt.desk.until(() => mqtt.desk.reported.length === 2);
    client.send({ cmd: "pingreq" });
    expect((await client.next()).cmd).toBe("pingresp");
    // The later report of dev-b has arrived, and waits for the earlier one to be on disk.
    expect(mqtt.desk.reported).toHaveLength(2);
    mqtt.desk.mode = "at-once";
    mqtt.desk.commit();
    expect((await nextAcknowledgement(client)).messageId).toBe(1);
    const second = await nextAcknowledgement(client);
    if (version === 5) expect(second.reasonCode).toBe(0x99);
    expect(mqtt.desk.reported.map(({ values }) => values)).toEqual([
      { reason: "x", detail: 1 },
      { n: 1 },
      { n: 2 },
    ]);
    expect(mqtt.sink.malformed).toMatchObject([{ reason: "attributes-not-an-object", transport: "gateway" }]);
    client.end();
  });

  test("asks for attributes of a device; an absent key comes back absent", async () => {
    const client = await signIn(mqtt.port, "token-1", version);
    await sent(client, "v1/gateway/connect", { device: "dev-a" });
    mqtt.desk.setAttributes(1001, "shared", { relay: true, off: null, n: 2 });
    mqtt.desk.setAttributes(1001, "client", { model: "x" });
    const ask = async (id: number, more: object): Promise<unknown> => {
      send(client, id, "v1/gateway/attributes/request", { id, device: "dev-a", ...more });
      const { payload, topic } = await nextMessage(client);
      expect(topic).toBe("v1/gateway/attributes/response");
      return JSON.parse(payload);
    };
    const head = { device: "dev-a" };
    expect(await ask(1, { client: false, key: "relay" })).toEqual({ ...head, id: 1, value: true });
    expect(await ask(2, { client: false, key: "absent" })).toEqual({ ...head, id: 2 });
    expect(await ask(3, { client: true, key: "relay" })).toEqual({ ...head, id: 3 });
    expect(await ask(4, { client: false, keys: ["relay", "n", "absent"] })).toEqual({
      ...{ ...head, id: 4, values: { relay: true, n: 2 } },
    });
    expect(await ask(5, { client: true })).toEqual({ ...head, id: 5, values: { model: "x" } });
    client.end();
  });

  test("carries commands down and answers up", async () => {
    const client = await signIn(mqtt.port, "token-1", version);
    const delivered = mqtt.desk.queueCommand(1001, { number: 9, method: "open", params: { door: 3 } });
    await sent(client, "v1/gateway/connect", { device: "dev-a" });
    expect(mqtt.desk.channelsOf(1001)[0]?.wantsCommands).toBe(false);
    expect(await subscribe(client, ["v1/gateway/rpc"])).toEqual([1]);
    const command = await nextMessage(client);
    expect(command.topic).toBe("v1/gateway/rpc");
    expect(JSON.parse(command.payload)).toEqual({
      ...{ device: "dev-a", data: { id: 9, method: "open", params: { door: 3 } } },
    });
    client.send({ cmd: "puback", messageId: command.messageId, reasonCode: 0 });
    expect(await delivered).toBe("acknowledged");
    await sent(client, "v1/gateway/rpc", { device: "dev-a", id: 9, data: { success: true } });
    await sent(client, "v1/gateway/rpc", { device: "dev-a", id: 10, error: "no such door" });
    expect(mqtt.desk.answers).toEqual([
      { deviceId: 1001, number: 9, answer: { success: true } },
      { deviceId: 1001, number: 10, answer: { error: "no such door" } },
    ]);
    client.end();
  });

  test("carries changes of shared attributes down, joined while it is slow", async () => {
    const client = await signIn(mqtt.port, "token-1", version);
    await sent(client, "v1/gateway/connect", { device: "dev-a" });
    await subscribe(client, ["v1/gateway/attributes"], 0);
    mqtt.desk.hub.pushAttributes(1001, { values: { relay: true }, deletedKeys: ["old"] });
    const { topic, payload } = await nextMessage(client);
    expect(topic).toBe("v1/gateway/attributes");
    expect(JSON.parse(payload)).toEqual({ device: "dev-a", data: { relay: true, deleted: ["old"] } });
    client.end();
  });

  test("opens a claim for each device that asks", async () => {
    const client = await signIn(mqtt.port, "token-1", version);
    await sent(client, "v1/gateway/claim", { "dev-a": { secretKey: "s", durationMs: 60_000 }, "dev-b": {} });
    expect(mqtt.desk.claims).toEqual([
      { deviceId: 1001, secret: "s", durationMs: 60_000 },
      { deviceId: 1002, secret: "", durationMs: null },
    ]);
    client.end();
  });

  test.each([
    [telemetry, "[]"],
    [telemetry, '{"a":[1}'],
    ["v1/gateway/connect", '{"type":"x"}'],
    ["v1/gateway/connect", '{"device":"a","type":5}'],
    ["v1/gateway/disconnect", "5"],
    ["v1/gateway/attributes/request", '{"device":"a"}'],
    ["v1/gateway/attributes/request", '{"device":"a","id":1,"keys":[5]}'],
    ["v1/gateway/rpc", '{"device":"a","data":1}'],
    ["v1/gateway/claim", ""],
  ])("has nonsense on %s kept and answered: %s", async (topic, payload) => {
    const client = await signIn(mqtt.port, "token-1", version);
    client.send(publishPacket(1, payload, topic));
    const answer = await nextAcknowledgement(client);
    if (version === 5) expect(answer.reasonCode).toBe(0x99);
    expect(mqtt.sink.malformed).toHaveLength(1);
    expect(mqtt.desk.children).toEqual([]);
    client.end();
  });

  test("is told of an unknown topic, as a plain device is told that it is no gateway", async () => {
    const client = await signIn(mqtt.port, "token-1", version);
    client.send(publishPacket(1, "{}", "v1/gateway/nonsense"));
    const unknown = await nextAcknowledgement(client);
    const plain = await signIn(mqtt.port, "token-2", version);
    plain.send(publishPacket(2, '{"a":[{"t":1}]}', telemetry));
    const refused = await nextAcknowledgement(plain);
    if (version === 5) {
      expect(unknown.reasonCode).toBe(0x90);
      expect(refused).toMatchObject({ messageId: 2, reasonCode: 0x87 });
      expect(await subscribe(plain, ["v1/gateway/rpc"])).toEqual([0x8f]);
    } else {
      expect(mqtt.sink.malformed.map(({ reason }) => reason)).toEqual(["topic-unknown", "not-a-gateway"]);
      expect(await subscribe(plain, ["v1/gateway/rpc"])).toEqual([0x80]);
    }
    expect(mqtt.desk.children).toEqual([]);
    client.end();
    plain.end();
  });
});

test("a child that is deleted is gone, and MQTT 5 hears of it", async () => {
  const client = await signIn(mqtt.port, "token-1", 5);
  await sent(client, "v1/gateway/connect", { device: "dev-a" });
  mqtt.desk.hub.close(1001, "device-deleted");
  const { topic, payload } = await nextMessage(client);
  expect([topic, JSON.parse(payload)]).toEqual(["v1/gateway/disconnect", { device: "dev-a", reason: 0x98 }]);
  expect(await mqtt.desk.marked("disconnected 1001")).toBe("disconnected 1001 device-deleted");
  client.end();
});

test("a disabled child is refused by name", async () => {
  const client = await signIn(mqtt.port, "token-1", 5);
  await sent(client, "v1/gateway/connect", { device: "dev-a" });
  await sent(client, "v1/gateway/disconnect", { device: "dev-a" });
  const { openChild } = mqtt.desk;
  mqtt.desk.openChild = async (gateway, child) => {
    const identity = await openChild(gateway, child);
    return { ...identity, device: { ...identity.device, state: "disabled" } };
  };
  send(client, 3, telemetry, { "dev-a": [{ t: 1 }] });
  const answer = await nextAcknowledgement(client);
  expect(answer).toMatchObject({
    reasonCode: 0x87,
    reason: "dev-a: The device dev-a is disabled; enable it in the console first.",
  });
  expect(mqtt.sink.messages).toEqual([]);
  expect(mqtt.sink.malformed).toHaveLength(1);
  client.end();
});

test("over a limit MQTT 5 is told which device it was; the others are stored", async () => {
  mqtt.desk.refusing = ({ device }, _cost, via) =>
    device.name === "busy" && via?.device.id === 1
      ? { isAdmitted: false, limitName: "telemetry-points", allowed: "20:1", retryAfterMs: 1_500 }
      : null;
  const client = await signIn(mqtt.port, "token-1", 5);
  send(client, 3, telemetry, { busy: [{ t: 1 }], calm: [{ t: 2 }] });
  expect(await nextAcknowledgement(client)).toMatchObject({
    reasonCode: 0x97,
    reason: "busy: The limit of telemetry points (20:1) is reached; send it again in 2 s.",
  });
  expect(Object.keys(stored())).toEqual(["calm"]);
  client.end();
});

test("over a limit MQTT 3 waits, and every device of the message is stored in the end", async () => {
  let refusals = 0;
  mqtt.desk.refusing = (_identity, cost) => {
    if (cost.kind !== "telemetry" || refusals === 3) return null;
    refusals += 1;
    return { isAdmitted: false, limitName: "gateway-messages", allowed: "2:1", retryAfterMs: 1 };
  };
  const client = await signIn(mqtt.port, "token-1", 4);
  await sent(client, telemetry, { "dev-a": [{ t: 1 }], "dev-b": [{ t: 2 }], "dev-c": [{ t: 3 }] });
  expect(refusals).toBe(3);
  expect(Object.keys(stored()).toSorted()).toEqual(["dev-a", "dev-b", "dev-c"]);
  client.end();
});

test("an outage's backlog comes as one message, and one too large is refused whole", async () => {
  const client = await signIn(mqtt.port, "token-1", 5);
  const burst = Array.from({ length: 900 }, (_, index) => ({
    ts: 1_600_000_000_000 + index,
    values: { t: index },
  }));
  await sent(client, telemetry, {
    "dev-a": burst,
    "dev-b": [
      { ts: 1, values: { t: 1 } },
      { ts: 2, values: { u: 1 } },
    ],
  });
  expect(stored()["dev-a"]).toHaveLength(900);
  expect(stored()["dev-b"]).toHaveLength(2);
  const many = Array.from({ length: 3_000 }, () => ({ t: 1 }));
  send(client, 9, telemetry, { "dev-a": many, "dev-b": many });
  expect(await nextAcknowledgement(client)).toMatchObject({ messageId: 9, reasonCode: 0x97 });
  expect(mqtt.sink.malformed).toMatchObject([{ reason: "too-many-points", transport: "mqtt" }]);
  expect(stored()["dev-a"]).toHaveLength(900);
  client.end();
});

test("what ThingsBoard's own gateway does on connecting works with a real client", async () => {
  const client = await connectAsync(`mqtt://127.0.0.1:${mqtt.port}`, {
    ...{ username: "token-1", clientId: "", protocolVersion: 5, keepalive: 120, reconnectPeriod: 0 },
  });
  const answers: [string, unknown][] = [];
  let arrived = (): void => undefined;
  client.on("message", (topic, payload) => {
    answers.push([topic, JSON.parse(payload.toString())]);
    arrived();
  });
  const answered = async (count: number): Promise<void> => {
    while (answers.length < count) await new Promise<void>((resolve) => (arrived = resolve));
  };
  const filters = ["v1/gateway/attributes", "v1/gateway/attributes/response", "v1/gateway/rpc"];
  await client.subscribeAsync([...filters, "v1/devices/me/rpc/response/+"], { qos: 1 });
  const publish = (topic: string, message: object): Promise<unknown> =>
    client.publishAsync(topic, JSON.stringify(message), { qos: 1 });
  await publish("v1/devices/me/rpc/request/1", { method: "getSessionLimits", params: { timeout: 5_000 } });
  await publish("v1/gateway/connect", { device: "relay-1", type: "default" });
  await publish("v1/gateway/attributes/request", { id: 1, device: "relay-1", client: false, key: "relay" });
  await answered(2);
  expect(answers).toMatchObject([
    ["v1/devices/me/rpc/response/1", { maxPayloadSize: 65_536 }],
    ["v1/gateway/attributes/response", { id: 1, device: "relay-1" }],
  ]);
  expect(answers[1]?.[1]).not.toHaveProperty("value");
  await publish("v1/devices/me/telemetry", {
    machineStats: { cpu: { load: 0.5 }, disk: [1, 2] },
    eventsSent: 3,
  });
  await publish(telemetry, {
    "relay-1": [
      { ts: 1_700_000_000_000, values: { t: 4.1 } },
      { ts: 1_700_000_000_001, values: { humidity: 61 } },
    ],
  });
  const [own, child] = mqtt.sink.messages;
  expect(own?.points.map(({ value }) => value.type)).toEqual(["json", "number"]);
  expect(child?.points.map(({ observedAt }) => observedAt)).toEqual([1_700_000_000_000, 1_700_000_000_001]);
  await client.endAsync();
});

test("whatever a gateway says on its topics, it is answered and stays connected", async () => {
  const client = await signIn(mqtt.port, "token-1", 5);
  const named = fc.record(
    {
      device: fc.oneof(fc.constant("dev-a"), fc.jsonValue()),
      id: fc.oneof(fc.nat(), fc.jsonValue()),
      data: fc.jsonValue(),
      keys: fc.oneof(fc.array(fc.string()), fc.jsonValue()),
    },
    { requiredKeys: [] },
  );
  const readings = fc.dictionary(fc.constantFrom("dev-a", "dev-b", "", "__proto__"), fc.jsonValue());
  const text = fc.oneof(named, readings, fc.jsonValue()).map((message) => JSON.stringify(message));
  const topic = fc.constantFrom(...Object.values(gatewayTopics), "v1/gateway/", "v1/gateway/telemetry/x");
  let messageId = 0;
  await fc.assert(
    fc.asyncProperty(topic, fc.oneof(text, fc.string({ unit: "binary" })), async (to, payload) => {
      messageId += 1;
      client.send(publishPacket(messageId, payload, to));
      expect((await nextAcknowledgement(client)).messageId).toBe(messageId);
    }),
    { numRuns: 500 },
  );
  client.end();
});

test("two changes of one device are one, the newer key by key", () => {
  const older = { values: { a: 1, b: 1, constructor: 1 }, deletedKeys: ["c", "d"] };
  expect(joinChanges(older, { values: { a: 2, c: 3 }, deletedKeys: ["b"] })).toEqual({
    values: { a: 2, c: 3, constructor: 1 },
    deletedKeys: ["d", "b"],
  });
});
