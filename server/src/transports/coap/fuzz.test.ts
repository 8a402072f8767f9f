// Broken, cut and random datagrams: the server stays up, forgets them, stores nothing without a token, and goes on.

import { generate, type Packet } from "coap-packet";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createMemoryDesk, type MemoryDesk } from "../../../../tests/support/memory-desk.ts";
import { createMemorySink, type MemorySink } from "../../../../tests/support/memory-intake.ts";
import { openRawCoap, pathOptions, type RawCoap } from "../../../../tests/support/raw-coap.ts";
import { type ManualClock, manualClock } from "../../platform/clock.ts";
import type { Log } from "../../platform/log.ts";
import { silentLog } from "../../platform/log.ts";
import { type CoapServer, createCoapServer } from "./index.ts";

let desk: MemoryDesk;
let sink: MemorySink;
let clock: ManualClock;
let server: CoapServer;
let peer: RawCoap;
let port: number;
const faults: unknown[] = [];
const log = {
  ...silentLog,
  debug: () => undefined,
  error: (fault: unknown) => faults.push(fault),
  child: () => log,
} as unknown as Log;
log.warn = () => undefined;

beforeEach(async () => {
  faults.length = 0;
  sink = createMemorySink();
  desk = createMemoryDesk(3);
  clock = manualClock(1_700_000_000_000);
  // Limits stand below what arrives, so that every bound is met.
  const limits = {
    exchangesMax: 200,
    assembliesMax: 4,
    keptBodiesMax: 4,
    observersMax: 5,
    sweepIntervalMs: 2,
  };
  server = createCoapServer({
    desk,
    sink,
    clock,
    log,
    limits: { ...limits, ackTimeoutMs: 1, retransmitsMax: 1 },
  });
  port = (await server.start({ port: 0, host: "127.0.0.1" })).port;
  peer = await openRawCoap(port);
});
afterEach(async () => {
  await server.stop();
  peer.close();
});

const option = fc.record({
  name: fc.constantFrom(
    "Observe",
    "Block1",
    "Block2",
    "Size1",
    "Uri-Query",
    "Content-Format",
    "Accept",
    "Uri-Path",
    "2048",
  ),
  value: fc.uint8Array({ maxLength: 5 }).map((bytes) => Buffer.from(bytes)),
});
const seldom = fc.nat(9).map((number) => number === 0);
const packetOf = (tokens: readonly string[]): fc.Arbitrary<Packet> =>
  fc.record({
    code: fc.constantFrom("0.01", "0.01", "0.02", "0.02", "0.02", "0.03", "0.05", "2.05", "0.31"),
    confirmable: fc.boolean(),
    ack: seldom,
    reset: seldom,
    messageId: fc.nat(65_535),
    token: fc.uint8Array({ maxLength: 8 }).map((bytes) => Buffer.from(bytes)),
    options: fc
      .tuple(
        fc.constantFrom(
          ...tokens.flatMap((token) => [
            `api/v1/${token}/telemetry`,
            `api/v1/${token}/attributes`,
            `api/v1/${token}/rpc`,
            `fw/${token}`,
          ]),
          "api/v1/provision",
        ),
        fc.array(option, { maxLength: 3 }),
      )
      .map(([path, options]) => [...(pathOptions(path) ?? []), ...options]),
    payload: fc.oneof(
      fc.constantFrom('{"a":1}', "{", "[{}]", '{"method":"x"}').map((text) => Buffer.from(text)),
      fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
    ),
  });

/** Whole, cut short, with bytes changed, or nothing but noise. */
const datagramOf = (tokens: readonly string[]): fc.Arbitrary<Buffer> =>
  fc.oneof(
    packetOf(tokens).map((packet) => generate(packet)),
    fc.tuple(packetOf(tokens), fc.nat(80)).map(([packet, length]) => generate(packet).subarray(0, length)),
    fc
      .tuple(packetOf(tokens), fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { minLength: 1, maxLength: 4 }))
      .map(([packet, changes]) => {
        const bytes = generate(packet);
        for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
        return bytes;
      }),
    fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
  );

async function throwAll(tokens: readonly string[], count: number): Promise<void> {
  const datagrams = fc.sample(datagramOf(tokens), { numRuns: count, seed: 20_261 });
  for (const [index, datagram] of datagrams.entries()) {
    peer.send(datagram);
    // The socket's buffer is finite: the server gets time to empty it.
    if (index % 50 === 49) await peer.roundTrip();
  }
  await peer.roundTrip();
}

async function isServing(): Promise<boolean> {
  const other = await openRawCoap(port);
  const before = sink.messages.length;
  other.send({
    ...{ code: "0.02", confirmable: true, messageId: 1, payload: Buffer.from('{"ok":1}') },
    options: pathOptions("api/v1/token-3/telemetry") ?? [],
  });
  const { code } = await other.next();
  other.close();
  return code === "2.01" && sink.messages.length === before + 1;
}

test("5,000 mutated datagrams of a known device: no fault, every bound kept, and the next request is served", async () => {
  desk.setRelease("firmware", { title: "t", version: "1", bytes: Buffer.alloc(5_000) });
  desk.setAttributes(1, "shared", { text: "x".repeat(3_000) });
  await throwAll(["token-1", "token-2", "nobody"], 5_000);
  expect(faults).toEqual([]);
  expect(server.counts.exchanges).toBeLessThanOrEqual(200);
  expect(server.counts.assemblies).toBeLessThanOrEqual(4);
  expect(server.counts.keptBodies).toBeLessThanOrEqual(4);
  expect(server.counts.observers).toBeLessThanOrEqual(5);
  expect(sink.messages.length).toBeGreaterThan(10);
  expect(await isServing()).toBe(true);
  clock.advance(1_000_000);
  while (Object.values(server.counts).some((count) => count > 0)) {
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
});

test("3,000 mutated datagrams without a token that is known: nothing is stored, kept or observed", async () => {
  await throwAll(["nobody", "token-", "token-99"], 3_000);
  expect(faults).toEqual([]);
  expect([...sink.messages, ...sink.malformed, ...desk.reported, ...desk.calls, ...desk.claims]).toEqual([]);
  expect(desk.channelsOf(1)).toEqual([]);
  expect(server.counts).toMatchObject({ observers: 0, keptBodies: 0 });
  expect(await isServing()).toBe(true);
});
