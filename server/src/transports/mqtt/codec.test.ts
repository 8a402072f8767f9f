import { generate, type Packet } from "mqtt-packet";
import { expect, test } from "vitest";
import { createCodec } from "./codec.ts";

const bytesOf = (packet: Packet, protocolVersion: number): Buffer => generate(packet, { protocolVersion });

const subscribe = bytesOf({ cmd: "subscribe", messageId: 7, subscriptions: [{ topic: "v2/a", qos: 1 }] }, 4);
const connect = (protocolVersion: 4 | 5): Buffer =>
  bytesOf(
    { cmd: "connect", protocolId: "MQTT", protocolVersion, clientId: "c", clean: true },
    protocolVersion,
  );

const asked = { cmd: "subscribe", messageId: 7, subscriptions: [{ topic: "v2/a", qos: 1 }] };

test("a CONNECT of another version, first or second, changes nothing for the other connections", () => {
  const codec = createCodec();
  expect(codec.decode(connect(5), 4)).toMatchObject({ cmd: "connect", protocolVersion: 5 });
  expect(codec.decode(subscribe, 4)).toMatchObject(asked);
  expect(codec.decode(connect(5), 4)).toMatchObject({ cmd: "connect" });
  expect(codec.decode(subscribe, 4)).toMatchObject(asked);
});

test("versions are read each in its own way", () => {
  const codec = createCodec();
  const acknowledged = { cmd: "puback", messageId: 9, reasonCode: 0x83 } as const;
  expect(codec.decode(bytesOf(acknowledged, 5), 5)).toMatchObject(acknowledged);
  expect(codec.decode(subscribe, 4)).toMatchObject(asked);
  expect(codec.decode(bytesOf({ cmd: "puback", messageId: 9 }, 4), 4)).toMatchObject({ messageId: 9 });
});

test.each([
  ["is shorter than it says", Buffer.from([0x82, 0x0a, 0, 7, 0, 9])],
  ["has flags that are reserved", Buffer.from([0x80, ...subscribe.subarray(1)])],
  ["lies about the length of its topic", Buffer.from([0x82, 0x05, 0, 7, 0, 200, 1])],
])("a packet that %s is refused, and the next connection's is read", (_, broken) => {
  const codec = createCodec();
  expect(codec.decode(broken, 4)).toBeNull();
  expect(codec.fault).not.toBe("");
  expect(codec.decode(subscribe, 4)).toMatchObject(asked);
  expect(codec.fault).toBe("");
});
