// Clients that are slow on purpose: they are cut off, hold nothing afterwards, and the others are served meanwhile.
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createMemoryDesk, type MemoryDesk } from "../../../../tests/support/memory-desk.ts";
import { createMemorySink, type MemorySink } from "../../../../tests/support/memory-intake.ts";
import { createHttpListener, type HttpListener } from "../../http/listener.ts";
import { manualClock } from "../../platform/clock.ts";
import { createDeviceApi, type DeviceApi } from "./index.ts";

let listener: HttpListener;
let api: DeviceApi;
let sink: MemorySink;
let desk: MemoryDesk;
let port: number;
let sockets: Socket[] = [];

beforeEach(async () => {
  sink = createMemorySink();
  desk = createMemoryDesk(3);
  const limits = { requestsPerDeviceMax: 1, standstillMsMax: 50 };
  api = createDeviceApi({ desk, sink, clock: manualClock(1_700_000_000_000), limits });
  listener = createHttpListener({ headersMsMax: 500, requestMsMax: 800, slownessCheckMs: 20 });
  listener.serve((request, bindings) => api.routes.fetch(request, bindings));
  port = await listener.listen(0, "127.0.0.1");
});
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets = [];
  api.stop();
  await listener.stop();
});

function open(text: string): { readonly socket: Socket; readonly answer: Promise<string> } {
  const socket = connect(port, "127.0.0.1");
  sockets.push(socket);
  socket.on("error", () => undefined);
  let read = "";
  socket.on("data", (chunk: Buffer) => {
    read += chunk.toString("latin1");
  });
  const answer = once(socket, "close").then(() => read);
  socket.write(text);
  return { socket, answer };
}
const send = (token: string): Promise<Response> =>
  fetch(`http://127.0.0.1:${port}/api/v1/${token}/telemetry`, { method: "POST", body: '{"a":1}' });
const post = (token: string, length: number): string =>
  `POST /api/v1/${token}/telemetry HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n\r\n`;

test("headers that never end are cut off, while others are served", async () => {
  const slow = Array.from({ length: 100 }, () =>
    open("GET /api/v1/token-1/attributes HTTP/1.1\r\nX-A: b\r\n"),
  );
  expect((await send("token-2")).status).toBe(200);
  for (const { answer } of slow) expect(await answer).toMatch(/^HTTP\/1\.1 408/u);
});

test("a body that never ends is cut off, stores nothing, and frees the place of its device", async () => {
  const { answer } = open(`${post("token-1", 1_000)}{"a":`);
  await desk.until(() => desk.presented.length === 1);
  await answer;
  while ((await send("token-1")).status === 429) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(sink.messages).toHaveLength(1);
  expect(sink.malformed).toEqual([]);
});

test("a body without a known token is answered before it was sent", async () => {
  const { socket, answer } = open(`${post("nobody", 60_000)}{"a":`);
  await once(socket, "data");
  socket.end();
  expect(await answer).toMatch(/^HTTP\/1\.1 401/u);
});

test("a device that does not read its download is cut off, and its place is free again", async () => {
  desk.setRelease("firmware", { title: "t", version: "1", bytes: Buffer.alloc(32 * 1_024 * 1_024) });
  const { socket } = open("GET /api/v1/token-1/firmware HTTP/1.1\r\nHost: x\r\n\r\n");
  socket.pause();
  await desk.until(() => desk.releaseAsks.length > 1);
  while (api.waitingCount > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  const closed = once(socket, "close");
  socket.resume();
  await closed;
  expect(desk.releaseAsks.length).toBeLessThan(128);
});

test("a request in small pieces that arrives in time is served", async () => {
  const { socket, answer } = open("");
  for (const byte of `${post("token-1", 7)}{"a":1}`) socket.write(byte);
  await sink.received(1);
  socket.end();
  expect(await answer).toMatch(/^HTTP\/1\.1 200/u);
});
