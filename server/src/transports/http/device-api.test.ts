import { problemSchema } from "@waremind/contract";
import { beforeEach, expect, test } from "vitest";
import { createMemoryDesk, type MemoryDesk } from "../../../../tests/support/memory-desk.ts";
import { createMemorySink, type MemorySink } from "../../../../tests/support/memory-intake.ts";
import { manualClock } from "../../platform/clock.ts";
import { createDeviceApi, type DeviceApi, type DeviceApiDependencies } from "./index.ts";

const now = 1_700_000_000_000;
let sink: MemorySink;
let desk: MemoryDesk;
beforeEach(() => {
  sink = createMemorySink();
  desk = createMemoryDesk(3);
});

function apiWith(limits: DeviceApiDependencies["limits"] = {}): DeviceApi {
  return createDeviceApi({ desk, sink, clock: manualClock(now), limits });
}

function post(
  body: string | ReadableStream,
  options: { path?: string; limits?: DeviceApiDependencies["limits"]; headers?: Record<string, string> } = {},
): Promise<Response> {
  const request = { method: "POST", body, duplex: "half", headers: options.headers ?? {} } as RequestInit;
  const path = options.path ?? "token-1/telemetry";
  return Promise.resolve(apiWith(options.limits).routes.request(`/api/v1/${path}`, request));
}

const get = (path: string, api = apiWith()): Promise<Response> =>
  Promise.resolve(api.routes.request(`/api/v1/${path}`));

async function problemOf(response: Response) {
  return problemSchema.parse(await response.json());
}

test("readings are answered with an empty 200, and only once they are stored", async () => {
  sink.mode = "by-hand";
  let isAnswered = false;
  const answer = post('[{"temperature":4.5},{"gtin":"00012345600012"}]').then((response) => {
    isAnswered = true;
    return response;
  });
  await sink.received(1);
  await new Promise<void>((resolve) => setImmediate(resolve));
  expect(isAnswered).toBe(false);
  sink.commit();
  const response = await answer;
  expect(response.status).toBe(200);
  expect(await response.text()).toBe("");
  expect(sink.messages).toMatchObject([
    {
      transport: "http",
      receivedAt: now,
      identity: { device: { id: 1 } },
      points: [
        { key: "temperature", value: { type: "number", number: 4.5 } },
        { key: "gtin", value: { type: "text", text: "00012345600012" } },
      ],
    },
  ]);
  expect(desk.admitted).toEqual([{ deviceId: 1, cost: { kind: "telemetry", points: 2 }, viaId: null }]);
});

test("the empty object, with which a client tries its connection, is accepted", async () => {
  expect((await post("{}")).status).toBe(200);
  expect((await post("{}", { path: "token-1/attributes" })).status).toBe(200);
  expect(desk.reported).toEqual([]);
});

test("JSON is taken whatever the content type says", async () => {
  for (const type of ["text/plain", "application/x-www-form-urlencoded", "nonsense"]) {
    expect((await post('{"a":1}', { headers: { "Content-Type": type } })).status).toBe(200);
  }
  expect(sink.messages).toHaveLength(3);
});

test("a malformed body is refused with its position in both languages, and kept for its owner", async () => {
  const response = await post('{"temperature":4.5,}');
  expect(response.status).toBe(400);
  expect(await problemOf(response)).toEqual({
    code: "payload-malformed",
    message: {
      en: "The message is not JSON: it breaks at byte 19.",
      zh: "消息不是合法的 JSON：在第 19 字节处出错。",
    },
    details: { reason: "json-syntax", position: 19 },
  });
  expect(sink.malformed).toMatchObject([{ reason: "json-syntax", transport: "http" }]);
  expect((await post("")).status).toBe(400);
});

test("an unknown token is refused before the body is looked at, on every route", async () => {
  for (const path of ["telemetry", "attributes", "rpc", "rpc/1", "claim"]) {
    const response = await post("oops", { path: `nobody/${path}` });
    expect(response.status).toBe(401);
    expect((await problemOf(response)).code).toBe("token-unknown");
  }
  for (const path of ["attributes", "attributes/updates", "rpc", "firmware", "software"]) {
    expect((await get(`nobody/${path}`)).status).toBe(401);
  }
  expect(sink.malformed).toEqual([]);
});

test("a body above the limit is refused, announced or streamed without end, and stands in the ledger", async () => {
  const announced = await post("x".repeat(70_000), { headers: { "Content-Length": "70000" } });
  expect(announced.status).toBe(413);
  expect(desk.notes).toEqual([
    { deviceId: 1, limitName: "payload-bytes", allowed: "65536", observed: 70_000 },
  ]);
  let pulled = 0;
  const endless = new ReadableStream({
    pull: (controller) => {
      pulled += 1;
      controller.enqueue(new Uint8Array(8_192));
    },
  });
  const response = await post(endless);
  expect(response.status).toBe(413);
  expect((await problemOf(response)).details).toEqual({ bytesMax: 65_536 });
  expect(pulled).toBeLessThan(20);
});

test("a body that breaks off is a refusal, and nothing of it is stored", async () => {
  const broken = new ReadableStream({
    start: (controller) => {
      controller.enqueue(Buffer.from('{"temperature":'));
      controller.error(new Error("aborted"));
    },
  });
  const response = await post(broken);
  expect(response.status).toBe(400);
  expect((await problemOf(response)).code).toBe("invalid-input");
  expect([...sink.messages, ...sink.malformed]).toEqual([]);
});

test("when the sink is full the device is told when to come back", async () => {
  sink.pendingCountMax = 0;
  const response = await post("{}");
  expect(response.status).toBe(503);
  expect(response.headers.get("retry-after")).toBe("1");
  expect((await problemOf(response)).code).toBe("overloaded");
});

test("one device with too many requests under way is told to wait, the others are not", async () => {
  sink.mode = "by-hand";
  const { routes } = apiWith({ requestsPerDeviceMax: 2 });
  const send = (token: string) =>
    Promise.resolve(routes.request(`/api/v1/${token}/telemetry`, { method: "POST", body: "{}" }));
  const first = [send("token-1"), send("token-1")];
  await sink.received(2);
  const refused = await send("token-1");
  expect(refused.status).toBe(429);
  expect(refused.headers.get("retry-after")).toBe("1");
  expect(desk.notes).toEqual([{ deviceId: 1, limitName: "requests-under-way", allowed: "2", observed: 3 }]);
  const other = send("token-2");
  await sink.received(3);
  sink.commit();
  for (const response of await Promise.all([...first, other])) expect(response.status).toBe(200);
  sink.mode = "at-once";
  expect((await send("token-1")).status).toBe(200);
});

test("a device above its rate is told when to come back, and nothing of it is stored", async () => {
  desk.refusing = () => ({
    isAdmitted: false,
    limitName: "telemetry-points",
    allowed: "20:1",
    retryAfterMs: 2_100,
  });
  const paths = ["telemetry", "attributes", "rpc", "rpc/1", "claim"];
  for (const path of paths) {
    const response = await post('{"method":"m"}', { path: `token-1/${path}` });
    expect(response.status).toBe(429);
    expect(response.headers.get("retry-after")).toBe("3");
    expect((await problemOf(response)).details).toEqual({
      ...{ limitName: "telemetry-points", allowed: "20:1", retryAfterMs: 2_100 },
    });
  }
  for (const path of ["attributes", "attributes/updates", "rpc"]) {
    expect((await get(`token-1/${path}`)).status).toBe(429);
  }
  expect([...sink.messages, ...desk.reported, ...desk.calls, ...desk.answers, ...desk.claims]).toEqual([]);
});

test("a store that is down is a 503 with a pause, never a 200", async () => {
  sink.mode = "by-hand";
  const answer = post('{"a":1}');
  await sink.received(1);
  sink.fail(new Error("disk full"));
  const response = await answer;
  expect(response.status).toBe(503);
  expect(response.headers.get("retry-after")).toBe("5");
  expect((await problemOf(response)).code).toBe("store-unavailable");
  desk.isDown = true;
  expect((await post('{"a":1}')).status).toBe(503);
});

test("client attributes are answered once they are stored, whatever their names", async () => {
  desk.mode = "by-hand";
  let isAnswered = false;
  const body = '{"reason":"x","position":3,"detail":{"en":"y"},"__proto__":1}';
  const answer = post(body, { path: "token-2/attributes" }).then((response) => {
    isAnswered = true;
    return response;
  });
  await desk.until(() => desk.reported.length === 1);
  expect(isAnswered).toBe(false);
  desk.commit();
  expect((await answer).status).toBe(200);
  expect(JSON.stringify(desk.reported[0]?.values)).toBe(body);
});

test("attributes that are no object are refused and kept in quarantine", async () => {
  const response = await post("[1]", { path: "token-1/attributes" });
  expect(response.status).toBe(400);
  expect(sink.malformed).toMatchObject([{ reason: "attributes-not-an-object", transport: "http" }]);
});

test("attributes are read by name, by the names of the Python client, or all; what is absent stays absent", async () => {
  desk.setAttributes(1, "client", { model: "A", serial: "00012345600012" });
  desk.setAttributes(1, "shared", { relay: true, interval: 60 });
  const read = async (query: string) => (await get(`token-1/attributes${query}`)).json();
  expect(await read("")).toEqual({
    client: { model: "A", serial: "00012345600012" },
    shared: { relay: true, interval: 60 },
  });
  expect(await read("?clientKeys=serial,nothing&sharedKeys=relay")).toEqual({
    client: { serial: "00012345600012" },
    shared: { relay: true },
  });
  expect(await read("?sharedKeys=nothing")).toEqual({});
  expect(await read("?client_keys=model&client_keys=serial")).toEqual({
    client: { model: "A", serial: "00012345600012" },
  });
  const many = Array.from({ length: 501 }, (_, index) => `k${index}`).join(",");
  expect((await get(`token-1/attributes?clientKeys=${many}`)).status).toBe(400);
});

test("an answer to a command may be any JSON or plain text; one that nobody waits for is a 404", async () => {
  expect((await post('{"ok":[1,null]}', { path: "token-1/rpc/7" })).status).toBe(200);
  expect((await post("OK", { path: "token-1/rpc/8" })).status).toBe(200);
  expect(desk.answers).toEqual([
    { deviceId: 1, number: 7, answer: { ok: [1, null] } },
    { deviceId: 1, number: 8, answer: "OK" },
  ]);
  expect((await post("1", { path: "token-1/rpc/seven" })).status).toBe(404);
  expect((await post('{"a":', { path: "token-1/rpc/7" })).status).toBe(400);
});

test("a call is answered with what the server answers; one that takes too long is a 408", async () => {
  const limits = await post('{"method":"getSessionLimits","params":{}}', { path: "token-1/rpc" });
  expect(limits.status).toBe(200);
  expect(await limits.json()).toMatchObject({ maxPayloadSize: 65_536 });
  desk.onCall = () => new Promise(() => undefined);
  const late = await post('{"method":"slow"}', { path: "token-1/rpc", limits: { callMsMax: 5 } });
  expect(late.status).toBe(408);
  expect(await late.json()).toEqual({ error: "timeout" });
  expect((await post('{"params":1}', { path: "token-1/rpc" })).status).toBe(400);
});

test("a claim may be empty or bear a secret and a time", async () => {
  expect((await post("", { path: "token-1/claim" })).status).toBe(200);
  const body = '{"secretKey":"s","durationMs":60000}';
  expect((await post(body, { path: "token-1/claim" })).status).toBe(200);
  expect(desk.claims).toEqual([
    { deviceId: 1, secret: "", durationMs: null },
    { deviceId: 1, secret: "s", durationMs: 60_000 },
  ]);
  expect((await post('{"durationMs":-1}', { path: "token-1/claim" })).status).toBe(400);
});

const provisioning = '{"deviceName":"n","provisionDeviceKey":"k","provisionDeviceSecret":"s"}';
test("provisioning answers in ThingsBoard's form, a refusal too", async () => {
  const refused = await post(provisioning, { path: "provision" });
  expect(refused.status).toBe(200);
  expect(await refused.json()).toMatchObject({ status: "NOT_FOUND" });
  desk.provisionAnswer = {
    status: "SUCCESS",
    device: desk.identity(1).device,
    credential: { kind: "access-token", id: 1, token: "fresh", hint: "resh" },
  };
  const made = await post(provisioning, { path: "provision" });
  expect(await made.json()).toMatchObject({
    status: "SUCCESS",
    credentialsType: "ACCESS_TOKEN",
    credentialsValue: "fresh",
  });
  expect((await post("{", { path: "provision" })).status).toBe(400);
  expect((await post("x".repeat(70_000), { path: "provision" })).status).toBe(413);
});

test("guessing at provisioning secrets is slowed down", async () => {
  const { routes } = apiWith({ provisionsRefusedMax: 2 });
  const attempt = () => routes.request("/api/v1/provision", { method: "POST", body: provisioning });
  await attempt();
  await attempt();
  const refused = await attempt();
  expect(refused.status).toBe(429);
  expect(refused.headers.get("retry-after")).toBe("60");
  expect(desk.provisions).toHaveLength(2);
});

test("guessing at access tokens is slowed down, and disturbs no device that is known", async () => {
  const { routes } = apiWith({ tokensRefusedMax: 2 });
  const send = (token: string) =>
    routes.request(`/api/v1/${token}/telemetry`, { method: "POST", body: '{"t":1}' });
  expect((await send("token-1")).status).toBe(200);
  expect((await send("wrong-1")).status).toBe(401);
  expect((await send("wrong-2")).status).toBe(401);
  const refused = await send("wrong-3");
  expect(refused.status).toBe(429);
  expect(refused.headers.get("retry-after")).toBe("60");
  expect((await send("token-2")).status).toBe(429);
  expect((await send("token-1")).status).toBe(200);
});

test("a HEAD takes no command", async () => {
  const response = await apiWith().routes.request("/api/v1/token-1/rpc", { method: "HEAD" });
  expect(response.status).toBe(400);
  expect(desk.channelsOf(1)).toEqual([]);
});

const bytes = Buffer.from(Array.from({ length: 1_000 }, (_, index) => index % 251));
test("a release is fetched in chunks or whole, with its file name", async () => {
  desk.setRelease("firmware", { title: "冷链", version: "2.0", bytes });
  const chunk = await get("token-1/firmware?title=冷链&version=2.0&size=300&chunk=3");
  expect(chunk.status).toBe(200);
  expect(Buffer.from(await chunk.arrayBuffer())).toEqual(bytes.subarray(900));
  expect(chunk.headers.get("content-length")).toBe("100");
  expect(chunk.headers.get("content-type")).toBe("application/octet-stream");
  expect(decodeURI(chunk.headers.get("x-filename") ?? "")).toBe("冷链-2.0.bin");
  const whole = await get("token-1/firmware", apiWith({ partBytes: 64 }));
  expect(whole.headers.get("content-length")).toBe("1000");
  expect(Buffer.from(await whole.arrayBuffer())).toEqual(bytes);
  const small = await get("token-1/firmware?title=冷链&version=2.0");
  expect(Buffer.from(await small.arrayBuffer())).toEqual(bytes);
});

test("a release that is not assigned, another one, and a chunk beyond its end are told apart", async () => {
  expect((await get("token-1/software?title=a&version=1")).status).toBe(404);
  desk.setRelease("software", { title: "a", version: "1", bytes });
  expect((await get("token-1/software?title=a&version=2")).status).toBe(400);
  expect((await get("token-1/software?title=a&version=1&size=100&chunk=10")).status).toBe(404);
  expect((await get("token-1/software?size=abc")).status).toBe(400);
  expect((await get("token-1/software?size=100000000")).status).toBe(400);
});

test("a download whose release changes halfway breaks off instead of mixing two packages", async () => {
  desk.setRelease("firmware", { title: "a", version: "1", bytes });
  const response = await get("token-1/firmware", apiWith({ partBytes: 64 }));
  desk.setRelease("firmware", { title: "a", version: "2", bytes });
  await expect(response.arrayBuffer()).rejects.toThrow();
});

test("downloads are bounded and counted out when their device leaves", async () => {
  desk.setRelease("firmware", { title: "a", version: "1", bytes });
  const api = apiWith({ partBytes: 64, downloadsMax: 1 });
  const first = await get("token-1/firmware", api);
  expect(api.waitingCount).toBe(1);
  expect((await get("token-1/firmware", api)).status).toBe(503);
  await first.body?.cancel();
  expect(api.waitingCount).toBe(0);
  const second = await get("token-1/firmware", api);
  api.stop();
  expect(api.waitingCount).toBe(0);
  await expect(second.arrayBuffer()).rejects.toThrow();
});

test("a download that its device does not read is broken off", async () => {
  desk.setRelease("firmware", { title: "a", version: "1", bytes });
  const api = apiWith({ partBytes: 64, standstillMsMax: 5 });
  const response = await get("token-1/firmware", api);
  while (api.waitingCount > 0) await new Promise<void>((resolve) => setImmediate(resolve));
  await expect(response.arrayBuffer()).rejects.toThrow();
});
