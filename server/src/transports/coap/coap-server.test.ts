// The CoAP device API over real sockets, with the client of the npm package `coap`.
import { Agent, request as coapRequest, type IncomingMessage, type ObserveReadStream } from "coap";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createMemoryDesk, type MemoryDesk } from "../../../../tests/support/memory-desk.ts";
import { createMemorySink, type MemorySink } from "../../../../tests/support/memory-intake.ts";
import { type ManualClock, manualClock } from "../../platform/clock.ts";
import { silentLog } from "../../platform/log.ts";
import { type CoapLimits, type CoapServer, createCoapServer } from "./index.ts";

let desk: MemoryDesk;
let sink: MemorySink;
let clock: ManualClock;
let server: CoapServer;
let agent: Agent;
let port: number;

async function start(limits: Partial<CoapLimits> = {}): Promise<void> {
  sink = createMemorySink();
  desk = createMemoryDesk(3);
  clock = manualClock(1_700_000_000_000);
  server = createCoapServer({ desk, sink, clock, log: silentLog, limits });
  port = (await server.start({ port: 0, host: "127.0.0.1" })).port;
  agent = new Agent({ type: "udp4" });
}
async function restart(limits: Partial<CoapLimits>): Promise<void> {
  await stop();
  await start(limits);
}
async function stop(): Promise<void> {
  await server.stop();
  try {
    agent.close();
  } catch {
    // A client whose observation was ended has closed its socket already.
  }
}
beforeEach(() => start());
afterEach(stop);

interface Asked {
  readonly method?: "GET" | "POST" | "PUT" | "DELETE";
  readonly query?: string;
  readonly body?: string | Buffer;
  readonly isObserving?: boolean;
  readonly confirmable?: boolean;
}

function ask(path: string, asked: Asked = {}): Promise<IncomingMessage> {
  const { method = asked.body === undefined ? "GET" : "POST", query, confirmable = true } = asked;
  return new Promise((resolve, reject) => {
    const request = coapRequest({
      ...{ hostname: "127.0.0.1", port, pathname: `/${path}`, method, agent, confirmable },
      ...(query === undefined ? {} : { query }),
      ...(asked.isObserving === true ? { observe: true } : {}),
    });
    request.on("response", resolve);
    request.on("error", reject);
    const body = asked.body ?? "";
    if (body.length > 1_024) request.setOption("Block1", Buffer.from([0x06]));
    request.end(body);
  });
}

const optionOf = (message: IncomingMessage, name: "Max-Age" | "Content-Format"): unknown =>
  message.headers[name];
const jsonOf = (message: IncomingMessage): unknown => JSON.parse(message.payload.toString());
const api = "api/v1/token-1";

test("readings are answered 2.01, and only once they are stored", async () => {
  sink.mode = "by-hand";
  let isAnswered = false;
  const answer = ask(`${api}/telemetry`, { body: '[{"temperature":4.5},{"gtin":"00012345600012"}]' }).then(
    (response) => {
      isAnswered = true;
      return response;
    },
  );
  await sink.received(1);
  expect(isAnswered).toBe(false);
  sink.commit();
  const response = await answer;
  expect(response.code).toBe("2.01");
  expect(response.payload.length).toBe(0);
  expect(sink.messages).toMatchObject([
    {
      transport: "coap",
      receivedAt: clock.now(),
      identity: { device: { id: 1 } },
      points: [
        { key: "temperature", value: { type: "number", number: 4.5 } },
        { key: "gtin", value: { type: "text", text: "00012345600012" } },
      ],
    },
  ]);
  expect(desk.admitted).toEqual([{ deviceId: 1, cost: { kind: "telemetry", points: 2 }, viaId: null }]);
});

test("a store that is slow is waited for: the request is acknowledged at once, answered after the commit", async () => {
  await restart({ piggybackMsMax: 5 });
  sink.mode = "by-hand";
  const answer = ask(`${api}/telemetry`, { body: '{"a":1}' });
  await sink.received(1);
  await new Promise((resolve) => setTimeout(resolve, 20));
  sink.commit();
  expect((await answer).code).toBe("2.01");
  expect(sink.messages).toHaveLength(1);
});

test("a request that needs no acknowledgement is answered all the same", async () => {
  expect((await ask(`${api}/telemetry`, { body: '{"a":1}', confirmable: false })).code).toBe("2.01");
  expect(sink.messages).toHaveLength(1);
});

test("a payload that cannot be read is a 4.00 with its position, and kept for its owner", async () => {
  const response = await ask(`${api}/telemetry`, { body: '{"temperature":4.5,}' });
  expect(response.code).toBe("4.00");
  expect(response.payload.toString()).toBe("The message is not JSON: it breaks at byte 19.");
  expect(sink.malformed).toMatchObject([{ reason: "json-syntax", transport: "coap" }]);
  expect((await ask(`${api}/telemetry`, { method: "POST" })).code).toBe("4.00");
  expect((await ask(`${api}/telemetry`, { body: "{}" })).code).toBe("2.01");
});

test("an unknown token is a 4.01 everywhere, and nothing is stored", async () => {
  for (const path of ["telemetry", "attributes", "rpc", "rpc/1", "claim"]) {
    expect((await ask(`api/v1/nobody/${path}`, { body: "{}" })).code).toBe("4.01");
  }
  for (const path of ["api/v1/nobody/attributes", "fw/nobody", "sw/nobody"]) {
    expect((await ask(path)).code).toBe("4.01");
  }
  expect((await ask("api/v1/nobody/telemetry", { body: "x".repeat(3_000) })).code).toBe("4.01");
  expect(server.counts.assemblies).toBe(0);
  expect([...sink.messages, ...sink.malformed, ...desk.reported]).toEqual([]);
});

test("a path that names nothing is a 4.04, a method that a resource lacks a 4.05", async () => {
  for (const path of [
    "",
    "api",
    `${api}`,
    `${api}/other`,
    `${api}/telemetry/1`,
    `${api}/constructor`,
    "fw",
    "m",
  ]) {
    expect((await ask(path)).code).toBe("4.04");
  }
  expect((await ask(`${api}/telemetry`)).code).toBe("4.05");
  expect((await ask(`${api}/attributes`, { method: "DELETE" })).code).toBe("4.05");
  expect((await ask("api/v1/provision")).code).toBe("4.05");
});

test("a device above its rate is a 4.29 that says when to come back", async () => {
  desk.refusing = () => ({ isAdmitted: false, limitName: "messages", allowed: "20:1", retryAfterMs: 7_000 });
  const response = await ask(`${api}/telemetry`, { body: '{"a":1}' });
  expect(response.code).toBe("4.29");
  expect(optionOf(response, "Max-Age")).toBe(7);
  expect(response.payload.toString()).toContain("messages (20:1");
  expect(sink.messages).toEqual([]);
});

test("a store that is down, and a sink that is full, are a 5.03 that says when to come back", async () => {
  desk.isDown = true;
  const down = await ask(`${api}/telemetry`, { body: '{"a":1}' });
  expect([down.code, optionOf(down, "Max-Age")]).toEqual(["5.03", 5]);
  desk.isDown = false;
  sink.pendingCountMax = 0;
  const full = await ask(`${api}/telemetry`, { body: '{"a":1}' });
  expect([full.code, optionOf(full, "Max-Age")]).toEqual(["5.03", 1]);
});

test("a large message arrives in blocks and is stored once; one that is too large is a 4.13 with the limit", async () => {
  const text = "冷".repeat(20_000);
  expect((await ask(`${api}/telemetry`, { body: JSON.stringify({ text }) })).code).toBe("2.01");
  expect(sink.messages).toHaveLength(1);
  expect(sink.messages[0]?.points).toEqual([{ key: "text", value: { type: "text", text } }]);
  const refused = await ask(`${api}/telemetry`, { body: "x".repeat(70_000) });
  expect(refused.code).toBe("4.13");
  expect(sink.messages).toHaveLength(1);
  expect(desk.notes[0]).toMatchObject({ deviceId: 1, limitName: "payload-bytes", allowed: "65536" });
  expect(server.counts.assemblies).toBe(0);
});

test("client attributes are stored; attributes are read by name or all, absent ones stay absent", async () => {
  expect((await ask(`${api}/attributes`, { body: '{"serial":"00012345600012"}' })).code).toBe("2.01");
  expect(desk.reported).toEqual([{ deviceId: 1, values: { serial: "00012345600012" }, transport: "coap" }]);
  desk.setAttributes(1, "shared", { relay: true, interval: 60 });
  const all = await ask(`${api}/attributes`);
  expect(all.code).toBe("2.05");
  expect(optionOf(all, "Content-Format")).toBe("application/json");
  expect(jsonOf(all)).toEqual({
    client: { serial: "00012345600012" },
    shared: { relay: true, interval: 60 },
  });
  const some = await ask(`${api}/attributes`, { query: "clientKeys=nothing&sharedKeys=relay" });
  expect(jsonOf(some)).toEqual({ shared: { relay: true } });
});

test("an answer that is larger than a block is fetched in blocks", async () => {
  const text = "x".repeat(50_000);
  desk.setAttributes(1, "shared", { text });
  expect(jsonOf(await ask(`${api}/attributes`))).toEqual({ shared: { text } });
});

test("calls, answers to commands and claims", async () => {
  const call = await ask(`${api}/rpc`, { body: '{"method":"getSessionLimits","params":{}}' });
  expect(call.code).toBe("2.05");
  expect(jsonOf(call)).toMatchObject({ maxPayloadSize: 65_536 });
  expect((await ask(`${api}/rpc/7`, { body: '{"ok":true}' })).code).toBe("2.01");
  expect(desk.answers).toEqual([{ deviceId: 1, number: 7, answer: { ok: true } }]);
  expect((await ask(`${api}/rpc/x`, { body: "1" })).code).toBe("4.04");
  expect((await ask(`${api}/claim`, { body: '{"secretKey":"s"}' })).code).toBe("2.01");
  expect((await ask(`${api}/claim`, { method: "POST" })).code).toBe("2.01");
  expect(desk.claims).toHaveLength(2);
});

test("a call that is not answered in time is a 5.04", async () => {
  await restart({ callMsMax: 5 });
  desk.onCall = () => new Promise(() => undefined);
  expect((await ask(`${api}/rpc`, { body: '{"method":"slow"}' })).code).toBe("5.04");
});

test("provisioning answers in ThingsBoard's form, a refusal too", async () => {
  const body = '{"deviceName":"n","provisionDeviceKey":"k","provisionDeviceSecret":"s"}';
  const refused = await ask("api/v1/provision", { body });
  expect(refused.code).toBe("2.05");
  expect(jsonOf(refused)).toMatchObject({ status: "NOT_FOUND" });
  desk.provisionAnswer = {
    status: "SUCCESS",
    device: desk.identity(1).device,
    credential: { kind: "access-token", id: 1, token: "fresh", hint: "resh" },
  };
  expect(jsonOf(await ask("api/v1/provision", { body }))).toMatchObject({
    credentialsType: "ACCESS_TOKEN",
    credentialsValue: "fresh",
  });
  expect((await ask("api/v1/provision", { body: "{" })).code).toBe("4.00");
});

const bytes = Buffer.from(Array.from({ length: 150_000 }, (_, index) => (index * 7) % 251));
test("a release is fetched whole in blocks, reading each part of it once, or in chunks of a size", async () => {
  desk.setRelease("firmware", { title: "t", version: "2", bytes });
  const whole = await ask("fw/token-1", { query: "title=t&version=2" });
  expect(whole.code).toBe("2.05");
  expect(whole.payload.equals(bytes)).toBe(true);
  expect(desk.releaseAsks.map(({ chunk }) => chunk)).toEqual([0, 1, 2]);
  const chunk = await ask("fw/token-1", { query: "title=t&version=2&size=4000&chunk=37" });
  expect(chunk.payload.equals(bytes.subarray(148_000))).toBe(true);
  const small = await ask("fw/token-1", { query: "size=100&chunk=1" });
  expect(small.payload.equals(bytes.subarray(100, 200))).toBe(true);
});

test("a release that is not assigned, another one, and a chunk beyond its end are told apart", async () => {
  expect((await ask("sw/token-1", { query: "title=t&version=2" })).code).toBe("4.04");
  desk.setRelease("software", { title: "t", version: "2", bytes });
  expect((await ask("sw/token-1", { query: "title=t&version=3" })).code).toBe("4.00");
  expect((await ask("sw/token-1", { query: "size=50000&chunk=3" })).code).toBe("4.04");
  expect((await ask("sw/token-1", { query: "size=abc" })).code).toBe("4.00");
});

/** Observes; what is told is gathered in order. */
async function observe(path: string) {
  const stream = (await ask(path, { isObserving: true })) as ObserveReadStream;
  const told: { readonly code: string; readonly body: unknown }[] = [];
  const waiters: (() => void)[] = [];
  stream.on("data", (chunk: Buffer) => {
    const text = chunk.toString();
    told.push({ code: stream.code, body: text === "" ? null : JSON.parse(text) });
    for (const waiter of waiters.splice(0)) waiter();
  });
  stream.on("error", () => undefined);
  const count = async (number: number): Promise<void> => {
    while (told.length < number) await new Promise<void>((resolve) => waiters.push(resolve));
  };
  return { stream, told, count };
}

test("an observer of attributes is told what they are, then every change", async () => {
  desk.setAttributes(1, "shared", { relay: true });
  desk.setAttributes(1, "client", { serial: "1" });
  const { told, count } = await observe(`${api}/attributes`);
  await count(1);
  desk.hub.pushAttributes(1, { values: { relay: false }, deletedKeys: [] });
  await count(2);
  desk.hub.pushAttributes(1, { values: {}, deletedKeys: ["relay"] });
  await count(3);
  expect(told.map(({ body }) => body)).toEqual([{ relay: true }, { relay: false }, { deleted: ["relay"] }]);
});

test("an observer of commands is told each, and has acknowledged it", async () => {
  const queued = desk.queueCommand(1, { number: 6, method: "first" });
  const { told, count } = await observe(`${api}/rpc`);
  expect(await queued).toBe("acknowledged");
  const sent = [1, 2, 3].map((number) => desk.sendCommand(1, { number, method: "m", params: { number } }));
  expect(await Promise.all(sent)).toEqual(["acknowledged", "acknowledged", "acknowledged"]);
  await count(5);
  expect(told.map(({ body }) => body)).toEqual([
    null,
    { id: 6, method: "first", params: {} },
    ...[1, 2, 3].map((number) => ({ id: number, method: "m", params: { number } })),
  ]);
  expect((await ask(`${api}/rpc/6`, { body: '"done"' })).code).toBe("2.01");
});

test("commands without observing are a 4.00 that says how", async () => {
  expect((await ask(`${api}/rpc`)).code).toBe("4.00");
});

test("a stop tells observers, answers what is under way, and closes", async () => {
  const { stream } = await observe(`${api}/attributes`);
  sink.mode = "by-hand";
  const answer = ask(`${api}/telemetry`, { body: '{"a":1}' });
  await sink.received(1);
  const stopped = server.stop();
  expect(server.counts.observers).toBe(0);
  expect(desk.channelsOf(1)).toEqual([]);
  sink.commit();
  expect((await answer).code).toBe("2.01");
  await stopped;
  stream.close();
  expect(server.counts).toMatchObject({ exchanges: 0, confirmables: 0 });
});

test("a taken port is an error with its code", async () => {
  const other = createCoapServer({ desk, sink, clock, log: silentLog });
  await expect(other.start({ port, host: "127.0.0.1" })).rejects.toMatchObject({ code: "EADDRINUSE" });
});
