// Devices over HTTP and CoAP on the real desk, hub, intake and store: what is answered stands in the database.
import { createServer, type Server } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { Agent, request as coapRequest, type IncomingMessage, type ObserveReadStream } from "coap";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildDomains, buildFlows, type Domains, type Flows } from "../server/src/app/domains.ts";
import { readConfig } from "../server/src/config.ts";
import { createBus } from "../server/src/platform/bus.ts";
import { systemClock } from "../server/src/platform/clock.ts";
import type { Database } from "../server/src/platform/database.ts";
import { silentLog } from "../server/src/platform/log.ts";
import { type CoapServer, createCoapServer } from "../server/src/transports/coap/index.ts";
import { createDeviceApi, type DeviceApi } from "../server/src/transports/http/index.ts";
import { openTestDatabase } from "./support/database.ts";

let database: Database;
let domains: Domains;
let flows: Flows;
let api: DeviceApi;
let http: Server;
let url: string;
let coap: CoapServer;
let coapPort: number;
const agent = new Agent({ type: "udp4" });

const secret = "a secret of a test, long enough to be one";
const keys = {
  ...{ approvals: secret, sessions: secret, identity: secret, control: secret, credentials: secret },
};

beforeAll(async () => {
  database = await openTestDatabase();
  const ground = {
    database,
    clock: systemClock,
    log: silentLog,
    keys,
    config: readConfig({}),
    bus: createBus(),
  };
  domains = buildDomains(ground);
  const name = { en: "Shop", zh: "商店" };
  flows = buildFlows(ground, domains, {
    ...{ name, phone: "", currency: "EUR", timeZone: "UTC", isDemo: false },
  });
  const parts = { desk: flows.deviceDesk, sink: flows.sink, clock: systemClock, log: silentLog };
  api = createDeviceApi(parts);
  const listener = getRequestListener((request, bindings) => api.routes.fetch(request, bindings));
  http = createServer((incoming, outgoing) => void listener(incoming, outgoing));
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const address = http.address();
  url = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
  coap = createCoapServer(parts);
  coapPort = (await coap.start({ port: 0, host: "127.0.0.1" })).port;
  await database.transaction((connection) =>
    domains.devices.createProfile(connection, {
      ...{ id: "any", nameEn: "Any device", nameZh: "任意设备", keys: [], expectedIntervalSeconds: 60 },
    }),
  );
});
afterAll(async () => {
  api.stop();
  http.closeAllConnections();
  http.close();
  await coap.stop();
  agent.close();
  await flows.deviceHub.settled();
  await flows.sink.stop();
  await database.close();
});

const aMoment = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));
let deviceCount = 0;
async function aDevice(): Promise<{ id: number; name: string; token: string }> {
  deviceCount += 1;
  const name = `device-${deviceCount}`;
  return database.transaction(async (connection) => {
    const device = await domains.devices.createDevice(connection, { name, label: "", profileId: "any" });
    const { token } = await domains.devices.issueAccessToken(connection, device.id);
    return { id: device.id, name, token };
  });
}

/** One way to speak: answers the body of a success, and throws the code of a refusal. */
interface Voice {
  post(path: string, body: string): Promise<string>;
  get(path: string): Promise<string>;
  /** Waits for the first command, or the first change of attributes, that is told. */
  listen(path: "rpc" | "attributes", token: string): Promise<{ readonly told: Promise<string> }>;
}

const overHttp: Voice = {
  post: async (path, body) => bodyOf(await fetch(`${url}${path}`, { method: "POST", body })),
  get: async (path) => bodyOf(await fetch(`${url}${path}`)),
  listen: async (path, token) => {
    const waiting = api.waitingCount;
    const told = overHttp.get(
      `/api/v1/${token}/${path === "rpc" ? path : "attributes/updates"}?timeout=20000`,
    );
    // A command that waited may have ended the poll by now.
    while (path === "attributes" && api.waitingCount === waiting) await aMoment();
    return { told };
  },
};
async function bodyOf(response: Response): Promise<string> {
  if (!response.ok) throw new Error(String(response.status));
  return response.text();
}

function ask(path: string, options: { method: "GET" | "POST"; body?: string; observe?: true }) {
  const [pathname = "", query] = path.split("?");
  return new Promise<IncomingMessage>((resolve, reject) => {
    const { method, body = "", observe } = options;
    const request = coapRequest({
      ...{ hostname: "127.0.0.1", port: coapPort, pathname, method, agent },
      ...(query === undefined ? {} : { query }),
      ...(observe === undefined ? {} : { observe }),
    });
    request.on("response", resolve);
    request.on("error", reject);
    if (body.length > 1_024) request.setOption("Block1", Buffer.from([0x06]));
    request.end(body);
  });
}
function answerOf(message: IncomingMessage): string {
  if (!message.code.startsWith("2.")) throw new Error(message.code);
  return message.payload.toString();
}
const overCoap: Voice = {
  post: async (path, body) => answerOf(await ask(path, { method: "POST", body })),
  get: async (path) => answerOf(await ask(path, { method: "GET" })),
  listen: async (path, token) => {
    const stream = (await ask(`/api/v1/${token}/${path}`, {
      method: "GET",
      observe: true,
    })) as ObserveReadStream;
    let count = 0;
    const told = new Promise<string>((resolve) => {
      stream.on("data", (chunk: Buffer) => {
        count += 1;
        // The first is the answer to the registration.
        if (count === 2) resolve(chunk.toString());
      });
    });
    return { told };
  },
};

const voices = [
  ["HTTP", overHttp],
  ["CoAP", overCoap],
] as const;

describe.each(voices)("over %s", (name, voice) => {
  test("what is acknowledged stands in the store, digit for digit", async () => {
    const device = await aDevice();
    const long = "长".repeat(15_000);
    const payload = `{"gtin":"00012345600012","lot":"241408E4","note":"1e3","big":9223372036854775808,"emoji":"🧊","long":"${long}"}`;
    await voice.post(`/api/v1/${device.token}/telemetry`, payload);
    const texts = { gtin: "00012345600012", lot: "241408E4", note: "1e3", emoji: "🧊", long };
    for (const [key, text] of Object.entries(texts)) {
      const series = await domains.telemetry.findSeries(device.id, key);
      const latest = await domains.telemetry.latest([series?.id ?? 0]);
      expect(latest.get(series?.id ?? 0)?.value).toEqual({ type: "text", text });
    }
  });

  test("attributes are reported, read back, and told when the shop wants others", async () => {
    const device = await aDevice();
    const base = `/api/v1/${device.token}/attributes`;
    await voice.post(base, '{"model":"A","serial":"00012345600012"}');
    expect(JSON.parse(await voice.get(`${base}?clientKeys=serial,absent`))).toEqual({
      client: { serial: "00012345600012" },
    });
    const { told } = await voice.listen("attributes", device.token);
    const change = await database.transaction((connection) =>
      domains.deviceAttributes.write(connection, {
        ...{ deviceId: device.id, scope: "shared", values: { interval: 60 }, by: "Ada" },
      }),
    );
    flows.deviceHub.pushAttributes(device.id, change);
    expect(JSON.parse(await told)).toEqual({ interval: 60 });
    expect(JSON.parse(await voice.get(base))).toMatchObject({ shared: { interval: 60 } });
  });

  test("a command that waited is delivered, answered and ends as successful; a second answer is refused", async () => {
    const device = await aDevice();
    const command = await database.transaction((connection) =>
      domains.deviceCommands.create(connection, {
        ...{
          deviceId: device.id,
          method: "blink",
          params: { times: 3 },
          isOneWay: false,
          isPersistent: true,
        },
        ...{ idempotencyKey: `key-${device.name}`, receiptId: null, expiresAt: systemClock.now() + 60_000 },
        requestedBy: { kind: "person", userId: "ada", name: "Ada", roles: ["owner"] },
      }),
    );
    flows.deviceHub.dispatch(device.id);
    const stateOf = async () => (await domains.deviceCommands.find(command.id))?.state;
    const { told } = await voice.listen("rpc", device.token);
    expect(JSON.parse(await told)).toEqual({ id: command.number, method: "blink", params: { times: 3 } });
    while ((await stateOf()) === "sent") await aMoment();
    expect(await stateOf()).toBe("delivered");
    await voice.post(`/api/v1/${device.token}/rpc/${command.number}`, '{"ok":true}');
    expect(await domains.deviceCommands.find(command.id)).toMatchObject({
      state: "successful",
      answer: { ok: true },
    });
    await expect(voice.post(`/api/v1/${device.token}/rpc/${command.number}`, "1")).rejects.toThrow(
      /404|4\.04/,
    );
  });

  test("a device asks for its limits and opens a claim", async () => {
    const device = await aDevice();
    const answer = await voice.post(
      `/api/v1/${device.token}/rpc`,
      '{"method":"getSessionLimits","params":{}}',
    );
    expect(JSON.parse(answer)).toMatchObject({ maxPayloadSize: 65_536 });
    await voice.post(`/api/v1/${device.token}/claim`, '{"secretKey":"s","durationMs":60000}');
    const claimed = await database.transaction((connection) =>
      domains.deviceProvisioning.claim(connection, { deviceName: device.name, secret: "s", by: "Ada" }),
    );
    expect(claimed.id).toBe(device.id);
  });

  test("a new device provisions itself and sends with the token it got", async () => {
    const profile = (await domains.devices.listProfiles()).find(({ id }) => id === "any");
    const key = `a key of the factory, ${name}`;
    await database.transaction((connection) =>
      domains.deviceProvisioning.editProfile(connection, "any", profile?.version ?? 0, {
        provisioning: { strategy: "allow-create-new", key, secret: "open sesame, but longer" },
      }),
    );
    const ask = (provisionDeviceSecret: string) =>
      voice.post(
        "/api/v1/provision",
        JSON.stringify({ deviceName: `new-${name}`, provisionDeviceKey: key, provisionDeviceSecret }),
      );
    expect(JSON.parse(await ask("wrong"))).toMatchObject({ status: "NOT_FOUND" });
    const made = JSON.parse(await ask("open sesame, but longer")) as {
      status: string;
      credentialsValue: string;
    };
    expect(made.status).toBe("SUCCESS");
    await voice.post(`/api/v1/${made.credentialsValue}/telemetry`, '{"temperature":4.5}');
    const device = await domains.devices.findDevice(`new-${name}`);
    expect(await domains.telemetry.findSeries(device?.id ?? 0, "temperature")).not.toBeNull();
  });

  test("a token that was revoked is refused", async () => {
    const device = await aDevice();
    const [credential] = await domains.deviceCredentials.list(device.id);
    await voice.post(`/api/v1/${device.token}/telemetry`, "{}");
    await database.transaction((connection) =>
      domains.deviceCredentials.revoke(connection, credential?.id ?? 0),
    );
    domains.devices.forget(device.id);
    await expect(voice.post(`/api/v1/${device.token}/telemetry`, "{}")).rejects.toThrow(/401|4\.01/);
  });
});
