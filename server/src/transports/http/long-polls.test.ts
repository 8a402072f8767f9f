// Long polls over real sockets: what they end with, and that nothing is left of them.
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { problemSchema } from "@waremind/contract";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createMemoryDesk, type MemoryDesk } from "../../../../tests/support/memory-desk.ts";
import { createMemorySink } from "../../../../tests/support/memory-intake.ts";
import { manualClock } from "../../platform/clock.ts";
import { createDeviceApi, type DeviceApi, type DeviceApiDependencies } from "./index.ts";

let desk: MemoryDesk;
let api: DeviceApi;
let server: Server;
let port: number;
const sockets: Socket[] = [];

async function start(limits: DeviceApiDependencies["limits"] = {}): Promise<void> {
  desk = createMemoryDesk(3);
  api = createDeviceApi({ desk, sink: createMemorySink(), clock: manualClock(1_700_000_000_000), limits });
  const listener = getRequestListener((request, bindings) => api.routes.fetch(request, bindings));
  server = createServer((incoming, outgoing) => void listener(incoming, outgoing));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  port = (server.address() as AddressInfo).port;
}
beforeEach(() => start());
afterEach(stop);
async function stop(): Promise<void> {
  api.stop();
  for (const socket of sockets.splice(0)) socket.destroy();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

const poll = (path: string): Promise<Response> => fetch(`http://127.0.0.1:${port}/api/v1/${path}`);
const waits = (deviceId: number, count = 1): Promise<void> =>
  desk.until(() => desk.channelsOf(deviceId).length === count);

test("a poll for commands ends with the command, which counts as acknowledged once its answer was written", async () => {
  const answer = poll("token-1/rpc?timeout=60000");
  await waits(1);
  const delivered = desk.sendCommand(1, { number: 7, method: "open", params: { door: "A" } });
  const response = await answer;
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual({ id: 7, method: "open", params: { door: "A" } });
  expect(await delivered).toBe("acknowledged");
  expect(desk.channelsOf(1)).toEqual([]);
});

test("a command that waited is told by the next poll", async () => {
  const delivered = desk.queueCommand(1, { number: 8, method: "blink" });
  expect(await (await poll("token-1/rpc")).json()).toMatchObject({ id: 8, method: "blink" });
  expect(await delivered).toBe("acknowledged");
});

test("a second command for the same poll is not taken", async () => {
  const answer = poll("token-1/rpc");
  await waits(1);
  const [channel] = desk.channelsOf(1);
  const command = { number: 1, method: "m", params: {}, isOneWay: false };
  const both = [channel?.deliverCommand(command), channel?.deliverCommand({ ...command, number: 2 })];
  expect(await (await answer).json()).toMatchObject({ id: 1 });
  expect(await Promise.all(both)).toEqual(["acknowledged", "not-taken"]);
});

test("a poll without news is a 408, and its device may ask again at once", async () => {
  for (const path of ["rpc", "attributes/updates"]) {
    expect((await poll(`token-1/${path}?timeout=5`)).status).toBe(408);
    expect((await poll(`token-1/${path}?timeout=5`)).status).toBe(408);
  }
  expect(api.waitingCount).toBe(0);
  expect((await poll("token-1/rpc?timeout=soon")).status).toBe(400);
});

test("a poll for attributes ends with what changed, removed keys by name; commands do not end it", async () => {
  const answer = poll("token-1/attributes/updates");
  await waits(1);
  expect(await desk.sendCommand(1, {})).toBe("not-taken");
  desk.hub.pushAttributes(1, { values: { relay: true }, deletedKeys: ["old"] });
  expect(await (await answer).json()).toEqual({ relay: true, deleted: ["old"] });
  const plain = poll("token-1/attributes/updates");
  await waits(1);
  desk.hub.pushAttributes(1, { values: { interval: 60 }, deletedKeys: [] });
  expect(await (await plain).json()).toEqual({ interval: 60 });
});

test("a device that is deleted or switched off while it waits is told 403; one whose token was revoked 401", async () => {
  const expected = { "device-deleted": 403, "device-disabled": 403, "credentials-revoked": 401 } as const;
  for (const [reason, status] of Object.entries(expected)) {
    const answer = poll("token-2/rpc");
    await waits(2);
    desk.hub.close(2, reason as keyof typeof expected);
    const response = await answer;
    expect(response.status).toBe(status);
    problemSchema.parse(await response.json());
  }
});

test("a poll ends when its device hangs up, and takes no command any more", async () => {
  const socket = connect(port, "127.0.0.1");
  sockets.push(socket);
  socket.write("GET /api/v1/token-1/rpc?timeout=300000 HTTP/1.1\r\nHost: x\r\n\r\n");
  await waits(1);
  const [channel] = desk.channelsOf(1);
  socket.destroy();
  await waits(1, 0);
  expect(api.waitingCount).toBe(0);
  const command = { number: 1, method: "m", params: {}, isOneWay: false };
  expect(await channel?.deliverCommand(command)).toBe("not-taken");
});

test("polls of one device and of all are bounded; a refused one leaves nothing behind", async () => {
  await stop();
  await start({ pollsPerDeviceMax: 1, pollsMax: 2 });
  const first = [poll("token-1/rpc"), poll("token-2/rpc")];
  await waits(1);
  await waits(2);
  const another = await poll("token-1/rpc");
  expect(another.status).toBe(503);
  desk.hub.close(2, "device-disabled");
  expect((await first[1])?.status).toBe(403);
  const refused = await poll("token-1/attributes/updates");
  expect(refused.status).toBe(429);
  expect(refused.headers.get("retry-after")).toBe("1");
  expect(desk.notes).toEqual([{ deviceId: 1, limitName: "connections", allowed: "1", observed: 2 }]);
  expect(api.waitingCount).toBe(1);
  api.stop();
  expect((await first[0])?.status).toBe(503);
});

test("a stop ends every poll at once, and none begins after it", async () => {
  const answers = [poll("token-1/rpc"), poll("token-2/attributes/updates")];
  await waits(1);
  await waits(2);
  api.stop();
  for (const response of await Promise.all(answers)) {
    expect(response.status).toBe(503);
    expect(response.headers.get("retry-after")).toBe("1");
  }
  expect((await poll("token-1/rpc")).status).toBe(503);
  expect([...desk.channelsOf(1), ...desk.channelsOf(2)]).toEqual([]);
});
