import fc from "fast-check";
import { generate, type Packet } from "mqtt-packet";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createMemoryDesk } from "../../../../tests/support/memory-desk.ts";
import { createMemorySink, type MemorySink } from "../../../../tests/support/memory-intake.ts";
import {
  connectPacket,
  openRaw,
  publishPacket,
  type RawClient,
  signIn,
} from "../../../../tests/support/raw-mqtt.ts";
import { systemClock } from "../../platform/clock.ts";
import { silentLog } from "../../platform/log.ts";
import { createMqttServer, type MqttServer } from "./index.ts";

const runs = 150;
let sink: MemorySink;
let server: MqttServer;
let port: number;
/** A well-behaved device that must notice nothing. */
let bystander: RawClient;
let messageId = 0;

beforeAll(async () => {
  sink = createMemorySink();
  server = createMqttServer({
    desk: createMemoryDesk(20),
    sink,
    clock: systemClock,
    log: silentLog,
    limits: { lingerMsMax: 50 },
  });
  ({ port } = await server.start({ port: 0, host: "127.0.0.1" }));
  bystander = await signIn(port, "token-1");
});
afterAll(async () => {
  bystander.end();
  await server.stop();
});

async function expectBystanderUndisturbed(): Promise<void> {
  messageId = (messageId % 65_535) + 1;
  bystander.send(publishPacket(messageId, '{"a":1}'));
  expect(await bystander.next()).toMatchObject({ cmd: "puback", messageId });
}

/** Sends the bytes, waits until the server has read them or hung up, and leaves. */
async function throwAt(client: RawClient, bytes: Uint8Array): Promise<void> {
  client.sendBytes(bytes);
  client.socket.end();
  await client.closed;
}

const validPackets: Packet[] = [
  connectPacket("token-3"),
  publishPacket(1, '{"a":1}'),
  publishPacket(0, "[]"),
  { cmd: "subscribe", messageId: 3, subscriptions: [{ topic: "v1/devices/me/attributes", qos: 1 }] },
  { cmd: "unsubscribe", messageId: 4, unsubscriptions: ["v1/devices/me/attributes"] },
  publishPacket(5, '{"model":"x"}', "v1/devices/me/attributes"),
  publishPacket(6, '{"sharedKeys":"a"}', "v2/a/req/1"),
  publishPacket(7, '{"method":"getSessionLimits"}', "v2/r/req/1"),
  publishPacket(8, "100", "v2/fw/request/1/chunk/0"),
  { cmd: "puback", messageId: 9 },
  { cmd: "pingreq" },
  { cmd: "disconnect" },
];

test("random bytes before sign-in crash nothing and disturb nobody", async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 400 }), async (bytes) => {
      await throwAt(await openRaw(port), bytes);
      await expectBystanderUndisturbed();
    }),
    { numRuns: runs },
  );
});

test("random bytes after sign-in crash nothing and disturb nobody", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(3 as const, 4 as const, 5 as const),
      fc.uint8Array({ minLength: 1, maxLength: 400 }),
      async (version, bytes) => {
        await throwAt(await signIn(port, "token-2", version), bytes);
        await expectBystanderUndisturbed();
      },
    ),
    { numRuns: runs },
  );
});

test("valid packets with flipped bytes crash nothing and disturb nobody", async () => {
  const flip = fc.tuple(fc.nat({ max: 200 }), fc.integer({ min: 1, max: 255 }));
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(3 as const, 4 as const, 5 as const),
      fc.array(fc.constantFrom(...validPackets), { minLength: 1, maxLength: 5 }),
      fc.array(flip, { maxLength: 4 }),
      async (version, packets, flips) => {
        const bytes = Buffer.concat(packets.map((packet) => generate(packet, { protocolVersion: version })));
        for (const [position, mask] of flips) {
          const index = position % bytes.length;
          bytes.writeUInt8((bytes[index] ?? 0) ^ mask, index);
        }
        await throwAt(await signIn(port, "token-2", version), bytes);
        await expectBystanderUndisturbed();
      },
    ),
    { numRuns: runs },
  );
  expect(server.sessionCount).toBe(1);
});
