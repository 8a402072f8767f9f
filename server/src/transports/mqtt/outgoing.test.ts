import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  type MemoryMqtt,
  nextMessage,
  startMemoryMqtt,
  subscribe,
} from "../../../../tests/support/memory-mqtt.ts";
import { publishPacket, signIn } from "../../../../tests/support/raw-mqtt.ts";

let mqtt: MemoryMqtt;

async function restart(limits: Parameters<typeof startMemoryMqtt>[0]): Promise<void> {
  await mqtt.server.stop();
  mqtt = await startMemoryMqtt(limits);
}

beforeEach(async () => {
  mqtt = await startMemoryMqtt();
});
afterEach(() => mqtt.server.stop());

describe.each([3, 4, 5] as const)("a device on MQTT level %i", (version) => {
  test.each([
    ["v1/devices/me/rpc/request/+", "v1/devices/me/rpc/request/17"],
    ["v2/r/req/+", "v2/r/req/17"],
    ["v2/r/req/j/+", "v2/r/req/j/17"],
  ])("gets a command on the form of %s and acknowledges it", async (filter, topic) => {
    const client = await signIn(mqtt.port, "token-1", version);
    await subscribe(client, [filter]);
    const delivered = mqtt.desk.sendCommand(1, { number: 17, method: "unlock", params: { door: 2 } });
    const command = await nextMessage(client);
    expect(command).toMatchObject({ topic, payload: '{"method":"unlock","params":{"door":2}}', qos: 1 });
    client.send({ cmd: "puback", messageId: command.messageId });
    expect(await delivered).toBe("acknowledged");
    client.end();
  });

  test("gets what was queued while it was away as soon as it listens, and not before", async () => {
    const delivered = mqtt.desk.queueCommand(1, { number: 5 });
    const client = await signIn(mqtt.port, "token-1", version);
    client.send({ cmd: "pingreq" });
    expect((await client.next()).cmd).toBe("pingresp");
    expect(client.unread).toEqual([]);
    await subscribe(client, ["v2/r/req/+"]);
    const command = await nextMessage(client);
    expect(command.topic).toBe("v2/r/req/5");
    client.send({ cmd: "puback", messageId: command.messageId });
    expect(await delivered).toBe("acknowledged");
    client.end();
  });

  test("that subscribed at QoS 0 gets commands that count as written", async () => {
    const client = await signIn(mqtt.port, "token-1", version);
    await subscribe(client, ["v2/r/req/+"], 0);
    expect(await mqtt.desk.sendCommand(1, { number: 3 })).toBe("written");
    expect(await nextMessage(client)).toMatchObject({ topic: "v2/r/req/3", qos: 0 });
    client.end();
  });

  test("that goes away before it acknowledged has not taken the command", async () => {
    const client = await signIn(mqtt.port, "token-1", version);
    await subscribe(client, ["v2/r/req/+"]);
    const delivered = mqtt.desk.sendCommand(1, {});
    await nextMessage(client);
    client.end();
    expect(await delivered).toBe("not-taken");
  });

  test("that unsubscribed, or never subscribed, takes none", async () => {
    const client = await signIn(mqtt.port, "token-1", version);
    expect(await mqtt.desk.sendCommand(1, {})).toBe("not-taken");
    await subscribe(client, ["v2/r/req/+", "v2/a"]);
    client.send({ cmd: "unsubscribe", messageId: 9, unsubscriptions: ["v2/r/req/+", "v2/a", "nothing"] });
    const answer = await client.next();
    expect(answer).toMatchObject({ cmd: "unsuback", messageId: 9 });
    if (version === 5) expect(answer).toMatchObject({ granted: [0, 0, 0x11] });
    expect(await mqtt.desk.sendCommand(1, {})).toBe("not-taken");
    mqtt.desk.hub.pushAttributes(1, { values: { a: 1 }, deletedKeys: [] });
    client.send({ cmd: "pingreq" });
    expect((await client.next()).cmd).toBe("pingresp");
    client.end();
  });

  test.each(["v1/devices/me/attributes", "v2/a", "v2/a/j"])(
    "is told of changed and deleted attributes on %s",
    async (topic) => {
      const client = await signIn(mqtt.port, "token-1", version);
      await subscribe(client, [topic], 0);
      mqtt.desk.hub.pushAttributes(1, { values: { relay: true }, deletedKeys: [] });
      mqtt.desk.hub.pushAttributes(1, { values: {}, deletedKeys: ["relay", "mode"] });
      expect(await nextMessage(client)).toMatchObject({ topic, payload: '{"relay":true}' });
      expect(await nextMessage(client)).toMatchObject({ topic, payload: '{"deleted":["relay","mode"]}' });
      client.end();
    },
  );
});

test("the form subscribed to last is the one used, and an older one again once it is given up", async () => {
  const client = await signIn(mqtt.port, "token-1", 5);
  await subscribe(client, ["v1/devices/me/rpc/request/+", "v2/r/req/+"], 0);
  await mqtt.desk.sendCommand(1, { number: 1 });
  expect((await nextMessage(client)).topic).toBe("v2/r/req/1");
  client.send({ cmd: "unsubscribe", messageId: 9, unsubscriptions: ["v2/r/req/+"] });
  await client.next();
  await mqtt.desk.sendCommand(1, { number: 2 });
  expect((await nextMessage(client)).topic).toBe("v1/devices/me/rpc/request/2");
  client.end();
});

test("no more are sent at once than the client takes; the next follow its acknowledgements", async () => {
  const client = await signIn(mqtt.port, "token-1", 5, { properties: { receiveMaximum: 2 } });
  await subscribe(client, ["v2/r/req/+"]);
  const delivered = [1, 2, 3, 4].map((number) => mqtt.desk.sendCommand(1, { number }));
  const first = await nextMessage(client);
  const second = await nextMessage(client);
  client.send({ cmd: "pingreq" });
  expect((await client.next()).cmd).toBe("pingresp");
  expect(client.unread).toEqual([]);
  client.send({ cmd: "puback", messageId: second.messageId });
  const third = await nextMessage(client);
  expect(third.topic).toBe("v2/r/req/3");
  client.send({ cmd: "puback", messageId: first.messageId });
  const fourth = await nextMessage(client);
  for (const { messageId } of [third, fourth]) client.send({ cmd: "puback", messageId });
  expect(await Promise.all(delivered)).toEqual(Array(4).fill("acknowledged"));
  client.end();
});

test("more commands than may wait are not taken, and those sent before are", async () => {
  await restart({ outgoingInflightMax: 1, outgoingWaitingMax: 1 });
  const client = await signIn(mqtt.port, "token-1");
  await subscribe(client, ["v2/r/req/+"]);
  const delivered = [1, 2, 3].map((number) => mqtt.desk.sendCommand(1, { number }));
  expect(await delivered[2]).toBe("not-taken");
  for (const number of [1, 2]) {
    const { topic, messageId } = await nextMessage(client);
    expect(topic).toBe(`v2/r/req/${number}`);
    client.send({ cmd: "puback", messageId });
  }
  expect(await Promise.all(delivered.slice(0, 2))).toEqual(["acknowledged", "acknowledged"]);
  client.end();
});

test("a command that a client refuses, never acknowledges or has no room for is not taken", async () => {
  await restart({ acknowledgeTimeMsMax: 20, sweepIntervalMs: 10 });
  const client = await signIn(mqtt.port, "token-1", 5, { properties: { maximumPacketSize: 100 } });
  await subscribe(client, ["v2/r/req/+"]);
  const refused = mqtt.desk.sendCommand(1, { number: 1 });
  client.send({ cmd: "puback", messageId: (await nextMessage(client)).messageId, reasonCode: 0x83 });
  expect(await refused).toBe("not-taken");
  expect(await mqtt.desk.sendCommand(1, { params: "x".repeat(200) })).toBe("not-taken");
  expect(await mqtt.desk.sendCommand(1, { number: 2 })).toBe("not-taken");
  client.end();
});

test("attribute changes behind an unacknowledged one are joined into one", async () => {
  const client = await signIn(mqtt.port, "token-1");
  await subscribe(client, ["v2/a"]);
  const push = (values: Record<string, number>, deletedKeys: string[] = []): void =>
    mqtt.desk.hub.pushAttributes(1, { values, deletedKeys });
  push({ a: 1 });
  const first = await nextMessage(client);
  push({ a: 2, b: 2 });
  push({ c: 3 }, ["b"]);
  push({ a: 4 }, ["d", "constructor"]);
  push({ d: 5 });
  client.send({ cmd: "pingreq" });
  expect((await client.next()).cmd).toBe("pingresp");
  expect(client.unread).toEqual([]);
  client.send({ cmd: "puback", messageId: first.messageId });
  expect(JSON.parse((await nextMessage(client)).payload)).toEqual({
    ...{ a: 4, c: 3, d: 5 },
    deleted: ["b", "constructor"],
  });
  client.end();
});

test("an answer larger than the client takes ends the connection with that reason", async () => {
  mqtt.desk.setAttributes(1, "shared", { text: "x".repeat(300) });
  const client = await signIn(mqtt.port, "token-1", 5, { properties: { maximumPacketSize: 200 } });
  client.send(publishPacket(1, "{}", "v2/a/req/1"));
  expect(await client.next()).toMatchObject({ cmd: "puback", messageId: 1 });
  expect(await client.next()).toMatchObject({ cmd: "disconnect", reasonCode: 0x95 });
  await client.closed;
});
