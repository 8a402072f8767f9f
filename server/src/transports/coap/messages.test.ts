// The CoAP server against peers that repeat, vanish, forget and break: single datagrams, sent by hand.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { promisify } from "node:util";
import type { Packet, ParsedPacket } from "coap-packet";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createMemoryDesk, type MemoryDesk } from "../../../../tests/support/memory-desk.ts";
import { createMemorySink, type MemorySink } from "../../../../tests/support/memory-intake.ts";
import { openRawCoap, pathOptions, type RawCoap } from "../../../../tests/support/raw-coap.ts";
import { type ManualClock, manualClock } from "../../platform/clock.ts";
import { silentLog } from "../../platform/log.ts";
import { type CoapLimits, type CoapServer, createCoapServer } from "./index.ts";

let desk: MemoryDesk;
let sink: MemorySink;
let clock: ManualClock;
let server: CoapServer;
let port: number;
let peers: RawCoap[] = [];

async function start(limits: Partial<CoapLimits> = {}): Promise<void> {
  sink = createMemorySink();
  desk = createMemoryDesk(20);
  clock = manualClock(1_700_000_000_000);
  server = createCoapServer({ desk, sink, clock, log: silentLog, limits });
  port = (await server.start({ port: 0, host: "127.0.0.1" })).port;
}
async function stop(): Promise<void> {
  await server.stop();
  for (const peer of peers) peer.close();
  peers = [];
}
async function restart(limits: Partial<CoapLimits>): Promise<void> {
  await stop();
  await start(limits);
}
beforeEach(() => start());
afterEach(stop);

async function open(): Promise<RawCoap> {
  const peer = await openRawCoap(port);
  peers.push(peer);
  return peer;
}

let lastMessageId = 0;
function message(code: string, path: string, parts: Packet = {}): Packet {
  lastMessageId = (lastMessageId + 1) % 50_000;
  return {
    code,
    confirmable: true,
    messageId: lastMessageId,
    token: Buffer.from("tok"),
    ...parts,
    options: [...(pathOptions(path) ?? []), ...(parts.options ?? [])],
  };
}
const telemetry = (payload: string, parts: Packet = {}): Packet =>
  message("0.02", "api/v1/token-1/telemetry", { payload: Buffer.from(payload), ...parts });
const observing = { options: [{ name: "Observe", value: Buffer.alloc(0) }] } satisfies Packet;
const optionOf = (packet: ParsedPacket, name: string): Buffer | undefined =>
  packet.options.find((option) => option.name === name)?.value;
const acknowledge = (peer: RawCoap, { messageId }: ParsedPacket): void =>
  peer.send({ code: "0.00", ack: true, messageId });
const reject = (peer: RawCoap, { messageId }: ParsedPacket): void =>
  peer.send({ code: "0.00", reset: true, messageId });
/** Lets timers and datagrams pass until it holds. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 2));
}

test("a request that arrives again while it is being stored is stored once and acknowledged", async () => {
  const peer = await open();
  sink.mode = "by-hand";
  const request = telemetry('{"a":1}');
  peer.send(request);
  await sink.received(1);
  peer.send(request);
  peer.send(request);
  const empty = await peer.next();
  expect([empty.code, empty.ack, empty.messageId]).toEqual(["0.00", true, request.messageId]);
  await peer.next();
  sink.commit();
  const answer = await peer.next();
  expect([answer.code, answer.confirmable, answer.token]).toEqual(["2.01", true, request.token]);
  acknowledge(peer, answer);
  await until(() => server.counts.confirmables === 0);
  expect(sink.messages).toHaveLength(1);
});

test("a request that arrives again after its answer gets the same answer, and is stored once", async () => {
  const peer = await open();
  const request = telemetry('{"a":1}');
  peer.send(request);
  const first = await peer.next();
  peer.send(request);
  expect(await peer.next()).toEqual(first);
  expect([first.code, first.ack]).toEqual(["2.01", true]);
  const other = await open();
  other.send(request);
  expect((await other.next()).code).toBe("2.01");
  expect(sink.messages).toHaveLength(2);
});

test("a repeated request without acknowledgement is stored once", async () => {
  const peer = await open();
  const request = telemetry('{"a":1}', { confirmable: false });
  peer.send(request);
  expect((await peer.next()).code).toBe("2.01");
  peer.send(request);
  await peer.roundTrip();
  expect(peer.unread).toBe(0);
  expect(sink.messages).toHaveLength(1);
});

test("a message id is forgotten after its lifetime", async () => {
  const peer = await open();
  const request = telemetry('{"a":1}');
  peer.send(request);
  await peer.next();
  clock.advance(247_000);
  peer.send(request);
  await peer.next();
  expect(sink.messages).toHaveLength(2);
});

test("remembered message ids are bounded, and those that are over are swept", async () => {
  await restart({ exchangesMax: 3, sweepIntervalMs: 2 });
  const peer = await open();
  for (let index = 0; index < 8; index += 1) {
    peer.send(telemetry('{"a":1}'));
    await peer.next();
  }
  expect(server.counts.exchanges).toBe(3);
  clock.advance(247_000);
  await until(() => server.counts.exchanges === 0);
});

test("above the requests that may be under way a device is turned away, not forgotten", async () => {
  await restart({ requestsMax: 1 });
  const peer = await open();
  sink.mode = "by-hand";
  peer.send(telemetry('{"a":1}'));
  await sink.received(1);
  const refused = telemetry('{"a":2}');
  peer.send(refused);
  expect((await peer.next()).code).toBe("5.03");
  sink.commit();
  expect((await peer.next()).code).toBe("2.01");
  sink.mode = "at-once";
  peer.send(refused);
  expect((await peer.next()).code).toBe("2.01");
  expect(sink.messages).toHaveLength(2);
});

test("an answer of its own is sent again until it is acknowledged", async () => {
  await restart({ piggybackMsMax: 1, ackTimeoutMs: 5 });
  const peer = await open();
  sink.mode = "by-hand";
  peer.send(telemetry('{"a":1}'));
  expect((await peer.next()).code).toBe("0.00");
  sink.commit();
  const first = await peer.next();
  expect(await peer.next()).toEqual(first);
  acknowledge(peer, first);
  await until(() => server.counts.confirmables === 0);
});

test("an answer of its own that nobody acknowledges is given up", async () => {
  await restart({ piggybackMsMax: 1, ackTimeoutMs: 1, retransmitsMax: 2 });
  const peer = await open();
  sink.mode = "by-hand";
  peer.send(telemetry('{"a":1}'));
  await peer.next();
  sink.commit();
  const copies = [await peer.next(), await peer.next(), await peer.next()];
  expect(new Set(copies.map(({ messageId }) => messageId)).size).toBe(1);
  await until(() => server.counts.confirmables === 0);
});

test("a ping is answered, a broken confirmable message rejected, everything else broken ignored", async () => {
  const peer = await open();
  peer.send({ code: "0.00", confirmable: true, messageId: 9 });
  expect(await peer.next()).toMatchObject({ reset: true, messageId: 9 });
  peer.send(Buffer.from([0x4f, 0x02, 0x00, 0x0a]));
  expect(await peer.next()).toMatchObject({ reset: true, messageId: 10 });
  for (const noise of ["", "00", "ffffffff", "80020001", "5f02000b"]) peer.send(Buffer.from(noise, "hex"));
  peer.send({ code: "2.05", ack: true, messageId: 77 });
  peer.send({ code: "0.00", reset: true, messageId: 78 });
  await peer.roundTrip();
  expect(peer.unread).toBe(0);
});

test("an option that must be understood and is not is a 4.02; others are passed over", async () => {
  const peer = await open();
  const value = Buffer.from("x");
  for (const name of ["If-Match", "Proxy-Uri", "2049"]) {
    peer.send(telemetry('{"a":1}', { options: [{ name, value }] }));
    expect((await peer.next()).code).toBe("4.02");
  }
  peer.send(telemetry('{"a":1}', { options: [{ name: "Block1", value: Buffer.from([7]) }] }));
  expect((await peer.next()).code).toBe("4.02");
  peer.send(telemetry('{"a":1}', { options: [{ name: "2050", value }] }));
  expect((await peer.next()).code).toBe("2.01");
});

const block1 = (number: number, hasMore: boolean, exponent = 0) => ({
  name: "Block1" as const,
  value: Buffer.from([number * 16 + (hasMore ? 8 : 0) + exponent]),
});
const blocks = ['{"text":"0123456', "789abcdef0123456", '"}'];

test("blocks may bear different tokens and come twice; a gap is a 4.08 and nothing is stored", async () => {
  const peer = await open();
  const send = async (number: number, hasMore: boolean) => {
    const token = Buffer.from([number]);
    peer.send(telemetry(blocks[number] ?? "", { token, options: [block1(number, hasMore)] }));
    return (await peer.next()).code;
  };
  expect(await send(0, true)).toBe("2.31");
  expect(await send(2, false)).toBe("4.08");
  expect(await send(1, true)).toBe("4.08");
  expect(await send(0, true)).toBe("2.31");
  expect(await send(1, true)).toBe("2.31");
  expect(await send(1, true)).toBe("2.31");
  expect(await send(2, false)).toBe("2.01");
  expect(sink.messages.map(({ points }) => points)).toEqual([
    [{ key: "text", value: { type: "text", text: "0123456789abcdef0123456" } }],
  ]);
  expect(server.counts.assemblies).toBe(0);
});

test("bodies in blocks are bounded in number, size and time", async () => {
  await restart({ assembliesMax: 1, sweepIntervalMs: 2 });
  const [first, second] = [await open(), await open()];
  first.send(telemetry(blocks[0] ?? "", { options: [block1(0, true)] }));
  await first.next();
  second.send(telemetry(blocks[0] ?? "", { options: [block1(0, true)] }));
  expect((await second.next()).code).toBe("5.03");
  const size1 = { name: "Size1" as const, value: Buffer.from([1, 0, 1]) };
  first.send(telemetry(blocks[0] ?? "", { options: [block1(0, true), size1] }));
  const refused = await first.next();
  expect(refused.code).toBe("4.13");
  expect(optionOf(refused, "Size1")).toEqual(Buffer.from([1, 0, 0]));
  first.send(telemetry(blocks[0] ?? "", { options: [block1(0, true)] }));
  await first.next();
  expect(server.counts.assemblies).toBe(1);
  clock.advance(60_000);
  await until(() => server.counts.assemblies === 0);
});

test("whoever shows no token takes no room from the bodies of devices", async () => {
  await restart({ assembliesMax: 3, assembliesOfStrangersMax: 1 });
  const stranger = await open();
  const codes: string[] = [];
  for (let attempt = 0; attempt < 4; attempt += 1) {
    const query = { name: "Uri-Query" as const, value: Buffer.from(`n=${attempt}`) };
    const options = [query, block1(0, true)];
    stranger.send(message("0.02", "api/v1/provision", { payload: Buffer.from(blocks[0] ?? ""), options }));
    codes.push((await stranger.next()).code);
  }
  expect(codes).toEqual(["2.31", "5.03", "5.03", "5.03"]);
  const device = await open();
  device.send(telemetry(blocks[0] ?? "", { options: [block1(0, true)] }));
  expect((await device.next()).code).toBe("2.31");
});

async function observe(peer: RawCoap, path: string, parts: Packet = {}): Promise<ParsedPacket> {
  const request = message("0.01", path, { ...observing, ...parts });
  peer.send(request);
  const answer = await peer.next();
  expect(answer.messageId).toBe(request.messageId);
  return answer;
}

test("an observer that rejects a notification is told nothing more, and the command was not taken", async () => {
  const peer = await open();
  const first = await observe(peer, "api/v1/token-1/rpc");
  expect([first.code, optionOf(first, "Observe") === undefined]).toEqual(["2.03", false]);
  const sent = desk.sendCommand(1, { number: 4 });
  const notification = await peer.next();
  expect([notification.code, notification.confirmable]).toEqual(["2.05", true]);
  reject(peer, notification);
  expect(await sent).toBe("not-taken");
  expect(server.counts.observers).toBe(0);
  expect(desk.channelsOf(1)).toEqual([]);
  expect(await desk.sendCommand(1, {})).toBe("not-taken");
});

test("an observer that acknowledges nothing is given up, and the command was not taken", async () => {
  await restart({ ackTimeoutMs: 1, retransmitsMax: 2 });
  const peer = await open();
  await observe(peer, "api/v1/token-1/rpc");
  const sent = [desk.sendCommand(1, { number: 4 }), desk.sendCommand(1, { number: 5 })];
  expect(await Promise.all(sent)).toEqual(["not-taken", "not-taken"]);
  expect(server.counts).toMatchObject({ observers: 0, confirmables: 0 });
});

test("one notification at a time: changes behind it are told together, the later value of each key", async () => {
  const peer = await open();
  await observe(peer, "api/v1/token-1/attributes");
  desk.hub.pushAttributes(1, { values: { a: 1 }, deletedKeys: [] });
  const first = await peer.next();
  desk.hub.pushAttributes(1, { values: { a: 2, b: 2, c: 2 }, deletedKeys: ["d"] });
  desk.hub.pushAttributes(1, { values: { a: 3, d: 3 }, deletedKeys: ["b"] });
  await peer.roundTrip();
  expect(peer.unread).toBe(0);
  acknowledge(peer, first);
  const second = await peer.next();
  acknowledge(peer, second);
  expect(first.payload.toString()).toBe('{"a":1}');
  expect(JSON.parse(second.payload.toString())).toEqual({ a: 3, c: 2, d: 3, deleted: ["b"] });
  const order = [first, second].map((packet) => optionOf(packet, "Observe")?.readUInt8());
  expect(order).toEqual([3, 4]);
});

test("a notification larger than a block is begun, and its other blocks are fetched", async () => {
  const peer = await open();
  await observe(peer, "api/v1/token-1/attributes");
  const text = "0123456789".repeat(300);
  desk.hub.pushAttributes(1, { values: { text }, deletedKeys: [] });
  const first = await peer.next();
  acknowledge(peer, first);
  const parts = [first.payload];
  for (const number of [1, 2]) {
    const value = Buffer.from([number * 16 + 6]);
    peer.send(message("0.01", "api/v1/token-1/attributes", { options: [{ name: "Block2", value }] }));
    parts.push((await peer.next()).payload);
  }
  expect(JSON.parse(Buffer.concat(parts).toString())).toEqual({ text });
});

test("observing again with the same token replaces, Observe 1 ends it", async () => {
  const peer = await open();
  const path = "api/v1/token-1/attributes";
  await observe(peer, path);
  await observe(peer, path);
  expect(server.counts.observers).toBe(1);
  peer.send(message("0.01", path, { options: [{ name: "Observe", value: Buffer.from([1]) }] }));
  expect(optionOf(await peer.next(), "Observe")).toBeUndefined();
  expect(server.counts.observers).toBe(0);
});

test("a device that observes too often ends its oldest, noted in its ledger; in all they are bounded too", async () => {
  await restart({ observersPerDeviceMax: 2, observersMax: 3 });
  const peer = await open();
  const observeAs = (device: number, token: string) =>
    observe(peer, `api/v1/token-${device}/attributes`, { token: Buffer.from(token) });
  for (const token of ["a", "b", "c"]) await observeAs(1, token);
  expect(server.counts.observers).toBe(2);
  expect(desk.notes).toMatchObject([{ deviceId: 1, limitName: "connections", allowed: "2" }]);
  desk.hub.pushAttributes(1, { values: { x: 1 }, deletedKeys: [] });
  const told = [await peer.next(), await peer.next()].map(({ token }) => token.toString());
  expect(told.sort()).toEqual(["b", "c"]);
  await observeAs(2, "d");
  const declined = await observeAs(3, "e");
  expect([declined.code, optionOf(declined, "Observe")]).toEqual(["2.05", undefined]);
  peer.send(message("0.01", "api/v1/token-3/rpc", observing));
  expect((await peer.next()).code).toBe("5.03");
});

test("an observer that was silent for long is asked whether it is there, and given up when it is not", async () => {
  await restart({ sweepIntervalMs: 2, ackTimeoutMs: 5, retransmitsMax: 1 });
  const [alive, gone] = [await open(), await open()];
  await observe(alive, "api/v1/token-1/attributes");
  await observe(gone, "api/v1/token-2/attributes");
  clock.advance(900_000);
  const ping = await alive.next();
  expect([ping.code, ping.confirmable]).toEqual(["0.00", true]);
  reject(alive, ping);
  await until(() => server.counts.observers === 1);
  expect(desk.channelsOf(1)).toHaveLength(1);
  expect(desk.channelsOf(2)).toEqual([]);
});

test("a device that is deleted while it observes is told 4.03, one whose token was revoked 4.01", async () => {
  const peer = await open();
  await observe(peer, "api/v1/token-1/rpc");
  desk.hub.close(1, "device-deleted");
  expect((await peer.next()).code).toBe("4.03");
  await observe(peer, "api/v1/token-1/rpc");
  desk.hub.close(1, "credentials-revoked");
  expect((await peer.next()).code).toBe("4.01");
  expect(server.counts.observers).toBe(0);
});

test("a stop tells every observer to register again", async () => {
  const peer = await open();
  await observe(peer, "api/v1/token-1/attributes");
  await server.stop();
  expect((await peer.next()).code).toBe("5.03");
});

const client = "/usr/bin/coap-client-notls";
const run = promisify(execFile);
test.skipIf(!existsSync(client))(
  "coap-client of libcoap: telemetry, attributes, blocks, releases",
  async () => {
    const at = `coap://127.0.0.1:${port}`;
    const body = JSON.stringify({ gtin: "00012345600012", text: "y".repeat(9_000) });
    await run(client, [
      "-m",
      "post",
      "-e",
      body.slice(0, 40).concat('"}'),
      `${at}/api/v1/token-1/attributes`,
    ]);
    expect(desk.reported).toHaveLength(1);
    const post = run(client, ["-m", "post", "-b", "512", "-f", "-", `${at}/api/v1/token-1/telemetry`]);
    post.child.stdin?.end(body);
    await post;
    expect(sink.messages[0]?.points[0]).toEqual({
      key: "gtin",
      value: { type: "text", text: "00012345600012" },
    });
    desk.setAttributes(1, "shared", { text: "z".repeat(9_000) });
    const read = await run(client, ["-m", "get", `${at}/api/v1/token-1/attributes?sharedKeys=text`]);
    expect(JSON.parse(read.stdout)).toEqual({ shared: { text: "z".repeat(9_000) } });
    const bytes = Buffer.from("0123456789".repeat(8_000));
    desk.setRelease("firmware", { title: "t", version: "1", bytes });
    const fetched = await run(client, ["-m", "get", `${at}/fw/token-1?title=t&version=1`]);
    expect(fetched.stdout.trimEnd()).toBe(bytes.toString());
    const refused = await run(client, ["-m", "post", "-e", "{", `${at}/api/v1/token-1/telemetry`]);
    expect(refused.stderr + refused.stdout).toContain("4.00");
  },
);

test.skipIf(!existsSync(client))("coap-client of libcoap observes commands", async () => {
  const observing = run(client, [
    ...["-m", "get", "-s", "2", "-w"],
    `coap://127.0.0.1:${port}/api/v1/token-1/rpc`,
  ]);
  await until(() => desk.channelsOf(1).some((channel) => channel.wantsCommands));
  expect(await desk.sendCommand(1, { number: 7, method: "open" })).toBe("acknowledged");
  expect((await observing).stdout).toContain('{"id":7,"method":"open","params":{}}');
});
