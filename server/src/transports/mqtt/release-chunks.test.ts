import { randomBytes } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type MemoryMqtt, startMemoryMqtt } from "../../../../tests/support/memory-mqtt.ts";
import { publishPacket, type RawClient, signIn } from "../../../../tests/support/raw-mqtt.ts";

let mqtt: MemoryMqtt;
const bytes = randomBytes(700_000);

async function restart(limits: Parameters<typeof startMemoryMqtt>[0] = {}): Promise<void> {
  await mqtt?.server.stop();
  mqtt = await startMemoryMqtt(limits);
  mqtt.desk.setRelease("firmware", { title: "meter", version: "1.2", bytes });
}

beforeEach(() => restart());
afterEach(() => mqtt.server.stop());

async function chunk(client: RawClient, topic: string): Promise<Buffer> {
  for (;;) {
    const packet = await client.next();
    if (packet.cmd !== "publish") continue;
    expect(packet.topic).toBe(topic);
    return Buffer.from(packet.payload);
  }
}

describe.each([3, 4, 5] as const)("a device on MQTT level %i", (version) => {
  test("gets its package in chunks, whose size it gives once", async () => {
    const client = await signIn(mqtt.port, "token-1", version);
    const parts: Buffer[] = [];
    for (let number = 0; number < 3; number += 1) {
      const size = number === 0 ? "300000" : "";
      client.send(publishPacket(number + 1, size, `v2/fw/request/9/chunk/${number}`));
      parts.push(await chunk(client, `v2/fw/response/9/chunk/${number}`));
    }
    expect(parts.map((part) => part.length)).toEqual([300_000, 300_000, 100_000]);
    expect(Buffer.concat(parts).equals(bytes)).toBe(true);
    // Fixed by the first chunk: no package is put together from two versions.
    expect(mqtt.desk.releaseAsks.map((ask) => ask.version)).toEqual([null, "1.2", "1.2"]);
    client.end();
  });

  test("gets the whole package in one message when it gives no size, with other packets behind it", async () => {
    const client = await signIn(mqtt.port, "token-1", version);
    client.send(publishPacket(0, "", "v2/fw/request/1/chunk/0"));
    client.send({ cmd: "pingreq" });
    const packets = [await client.next(), await client.next()];
    const whole = packets.find((packet) => packet.cmd === "publish");
    expect(Buffer.from(whole?.payload ?? "").equals(bytes)).toBe(true);
    expect(packets.some((packet) => packet.cmd === "pingresp")).toBe(true);
    client.end();
  });

  test.each([
    ["none is assigned", "v2/sw/request/1/chunk/0", "100", "v2/sw/error"],
    ["there is no such chunk", "v2/fw/request/1/chunk/9", "300000", "v2/fw/error"],
    ["the size is no number", "v2/fw/request/1/chunk/0", "many", "v2/fw/error"],
    ["the size is too large", "v2/fw/request/1/chunk/0", "2000000", "v2/fw/error"],
    ["no size was given for a later chunk", "v2/fw/request/1/chunk/2", "", "v2/fw/error"],
  ])("is told on the error topic that %s, and disconnected", async (_name, topic, size, errorTopic) => {
    const client = await signIn(mqtt.port, "token-1", version);
    client.send(publishPacket(0, size, topic));
    expect((await chunk(client, errorTopic)).toString()).toMatch(/\.$/);
    if (version === 5) expect(await client.next()).toMatchObject({ cmd: "disconnect", reasonCode: 0x83 });
    await client.closed;
    expect(mqtt.desk.marks.at(-1)).toBe("disconnected 1 release-refused");
  });
});

test("a package that was replaced during its download is not mixed with the new one", async () => {
  const client = await signIn(mqtt.port, "token-1");
  client.send(publishPacket(0, "1000", "v2/fw/request/1/chunk/0"));
  await chunk(client, "v2/fw/response/1/chunk/0");
  mqtt.desk.setRelease("firmware", { title: "meter", version: "1.3", bytes });
  client.send(publishPacket(0, "", "v2/fw/request/1/chunk/1"));
  expect((await chunk(client, "v2/fw/error")).toString()).toMatch(/Another package/);
  await client.closed;
  const again = await signIn(mqtt.port, "token-1");
  again.send(publishPacket(0, "1000", "v2/fw/request/1/chunk/0"));
  expect((await chunk(again, "v2/fw/response/1/chunk/0")).equals(bytes.subarray(0, 1_000))).toBe(true);
  again.end();
});

test("a download goes on after a dropped connection where it stopped", async () => {
  const client = await signIn(mqtt.port, "token-1");
  client.send(publishPacket(0, "400000", "v2/fw/request/1/chunk/0"));
  const first = await chunk(client, "v2/fw/response/1/chunk/0");
  client.socket.resetAndDestroy();
  const again = await signIn(mqtt.port, "token-1");
  again.send(publishPacket(0, "400000", "v2/fw/request/1/chunk/1"));
  const second = await chunk(again, "v2/fw/response/1/chunk/1");
  expect(Buffer.concat([first, second]).equals(bytes)).toBe(true);
  again.end();
});

test("what is due while a package is on its way follows it, and does not land in its middle", async () => {
  const large = randomBytes(24 * 1024 * 1024);
  mqtt.desk.setRelease("firmware", { title: "meter", version: "2", bytes: large });
  const client = await signIn(mqtt.port, "token-1");
  client.socket.pause();
  client.send(publishPacket(0, "", "v2/fw/request/1/chunk/0"));
  await mqtt.desk.until(() => mqtt.desk.releaseAsks.length > 1);
  client.send(publishPacket(7, '{"a":1}'));
  await mqtt.sink.received(1);
  client.socket.resume();
  const whole = await client.next();
  expect(whole.cmd === "publish" && Buffer.from(whole.payload).equals(large)).toBe(true);
  expect(await client.next()).toMatchObject({ cmd: "puback", messageId: 7 });
  client.end();
});

test("a client that fetches nothing keeps no more than a piece in memory, and is let go", async () => {
  await restart({ fetchTimeMsMax: 30, pieceBytes: 65_536 });
  const large = Buffer.alloc(32 * 1024 * 1024);
  mqtt.desk.setRelease("firmware", { title: "meter", version: "2", bytes: large });
  const client = await signIn(mqtt.port, "token-1");
  client.socket.pause();
  client.send(publishPacket(0, "", "v2/fw/request/1/chunk/0"));
  expect(await mqtt.desk.marked("disconnected 1")).toBe("disconnected 1 answers-unread");
  // What the kernel holds on both sides has been read, not the package.
  expect(mqtt.desk.releaseAsks.length).toBeLessThan(large.length / 65_536);
  client.end();
});

test("a chunk larger than a MQTT 5 client takes is refused on the error topic", async () => {
  const client = await signIn(mqtt.port, "token-1", 5, { properties: { maximumPacketSize: 500 } });
  client.send(publishPacket(0, "1000", "v2/fw/request/1/chunk/0"));
  expect((await chunk(client, "v2/fw/error")).toString()).toMatch(/maximum packet size/);
  await client.closed;
});
