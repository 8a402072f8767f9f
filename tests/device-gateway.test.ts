// A gateway over MQTT on the real desk, hub, intake and store: what is acknowledged stands in the database.
import type { JsonValue } from "@waremind/contract";
import { connectAsync, type MqttClient } from "mqtt";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildDomains, buildFlows, type Domains, type Flows } from "../server/src/app/domains.ts";
import { readConfig } from "../server/src/config.ts";
import { createBus } from "../server/src/platform/bus.ts";
import { systemClock } from "../server/src/platform/clock.ts";
import type { Database } from "../server/src/platform/database.ts";
import { silentLog } from "../server/src/platform/log.ts";
import { createMqttServer, type MqttServer } from "../server/src/transports/mqtt/index.ts";
import { openTestDatabase } from "./support/database.ts";

let database: Database;
let domains: Domains;
let flows: Flows;
let mqtt: MqttServer;
let port: number;

const secret = "a secret of a test, long enough to be one";
const keys = {
  ...{ approvals: secret, sessions: secret, identity: secret, control: secret, credentials: secret },
};

beforeAll(async () => {
  database = await openTestDatabase();
  const ground = {
    ...{ database, keys, clock: systemClock, log: silentLog, config: readConfig({}), bus: createBus() },
  };
  domains = buildDomains(ground);
  const name = { en: "Shop", zh: "商店" };
  flows = buildFlows(ground, domains, {
    ...{ name, phone: "", currency: "EUR", timeZone: "UTC", isDemo: false },
  });
  mqtt = createMqttServer({ desk: flows.deviceDesk, sink: flows.sink, clock: systemClock, log: silentLog });
  port = (await mqtt.start({ port: 0, host: "127.0.0.1" })).port;
  await database.transaction(async (connection) => {
    const kind = { nameEn: "Any", nameZh: "任意", keys: [], expectedIntervalSeconds: 60 };
    await domains.devices.createProfile(connection, { ...kind, id: "any" });
    await domains.devices.createProfile(connection, {
      ...{ ...kind, id: "small-gateway", limits: { devicesPerGatewayMax: 2 } },
    });
  });
});
afterAll(async () => {
  await mqtt.stop();
  await flows.deviceHub.settled();
  await flows.sink.stop();
  await database.close();
});

let gatewayCount = 0;
async function aGateway(
  profileId = "any",
): Promise<{ name: string; token: string; child(name: string): string }> {
  gatewayCount += 1;
  const name = `gateway-${gatewayCount}`;
  return database.transaction(async (connection) => {
    const device = await domains.devices.createDevice(connection, {
      ...{ name, label: "", profileId, isGateway: true },
    });
    const { token } = await domains.devices.issueAccessToken(connection, device.id);
    return { name, token, child: (child) => `${name}-${child}` };
  });
}

interface Gateway {
  readonly client: MqttClient;
  /** A text goes as it is. */
  publish(topic: string, message: unknown): Promise<{ reasonCode: number; reason: string }>;
  /** The next message from the server. */
  next(): Promise<{ topic: string; message: JsonValue }>;
}

async function connect(token: string, protocolVersion: 4 | 5): Promise<Gateway> {
  const client = await connectAsync(`mqtt://127.0.0.1:${port}`, {
    ...{ username: token, protocolVersion, clientId: "", reconnectPeriod: 0 },
  });
  const arrived: { topic: string; message: JsonValue }[] = [];
  let wake = (): void => undefined;
  client.on("message", (topic, payload) => {
    arrived.push({ topic, message: JSON.parse(payload.toString()) as JsonValue });
    wake();
  });
  return {
    client,
    publish: (topic, message) =>
      new Promise((resolve, reject) => {
        const text = typeof message === "string" ? message : JSON.stringify(message);
        client.publish(topic, text, { qos: 1 }, (error, packet) => {
          // The client reports a refusal of MQTT 5 as an error that carries its code.
          const code = error !== null && error !== undefined && "code" in error ? Number(error.code) : 0;
          if (error !== null && error !== undefined && !(code >= 0x80)) return reject(error);
          resolve({ reasonCode: code, reason: error?.message ?? packet?.cmd ?? "" });
        });
      }),
    next: async () => {
      for (;;) {
        const first = arrived.shift();
        if (first !== undefined) return first;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}

async function deviceIdOf(name: string): Promise<number> {
  const device = await domains.devices.findDevice(name);
  if (device === null) throw new Error(`There is no device ${name}.`);
  return device.id;
}

/** The latest value of each key of a device, as it stands in the store. */
async function latestOf(name: string): Promise<Record<string, unknown>> {
  const series = await domains.telemetry.seriesOfDevices([await deviceIdOf(name)]);
  const latest = await domains.telemetry.latest(series.map(({ id }) => id));
  return Object.fromEntries(
    series.map(({ id, key }) => {
      const value = latest.get(id)?.value;
      return [
        key,
        value?.type === "number" ? (value.literal ?? value.number) : Object.values(value ?? {})[1],
      ];
    }),
  );
}

describe.each([4, 5] as const)("a gateway on MQTT level %i", (version) => {
  test("has what each device says come back identical", async () => {
    const { token, child } = await aGateway();
    const gateway = await connect(token, version);
    const long = "长".repeat(20_000);
    const plain = `{"gtin":"00012345600012","serial":"241408E4","code":"1e3","big":9223372036854775808}`;
    const timed = `{"ts":${systemClock.now()},"values":{"face":"😀","exact":0.12345678901234567}}`;
    const message = `{"${child("a")}":[${plain},${timed}],"${child("b")}":[{"long":"${long}"}]}`;
    await gateway.publish("v1/gateway/telemetry", message);
    expect(await latestOf(child("a"))).toEqual({
      ...{ gtin: "00012345600012", serial: "241408E4", code: "1e3", big: "9223372036854775808" },
      ...{ face: "😀", exact: "0.12345678901234567" },
    });
    expect(await latestOf(child("b"))).toEqual({ long });
    await gateway.client.endAsync();
  });

  test("makes devices up to the quota of its profile; the ones it has go on", async () => {
    const { token, child } = await aGateway("small-gateway");
    const gateway = await connect(token, version);
    await gateway.publish("v1/gateway/connect", { device: child("a") });
    await gateway.publish("v1/gateway/connect", { device: child("b") });
    const answer = await gateway.publish("v1/gateway/telemetry", {
      [child("c")]: [{ t: 1 }],
      [child("a")]: [{ t: 2 }],
    });
    expect(answer.reasonCode).toBe(version === 5 ? 0x97 : 0);
    expect(await latestOf(child("a"))).toEqual({ t: 2 });
    expect(await domains.devices.findDevice(child("c"))).toBeNull();
    await gateway.client.endAsync();
  });

  test("fetches a command that waited while it was away, and its answer ends the command", async () => {
    const { token, child } = await aGateway();
    const first = await connect(token, version);
    await first.publish("v1/gateway/connect", { device: child("a") });
    await first.client.endAsync();
    const deviceId = await deviceIdOf(child("a"));
    const created = await database.transaction((connection) =>
      domains.deviceCommands.create(connection, {
        ...{ deviceId, method: "open", params: { door: 3 }, isOneWay: false, isPersistent: true },
        idempotencyKey: `open-${child("a")}`,
        requestedBy: { kind: "person", userId: "u", name: "Lin", roles: ["owner"] },
        ...{ receiptId: null, expiresAt: systemClock.now() + 600_000 },
      }),
    );
    const second = await connect(token, version);
    await second.client.subscribeAsync("v1/gateway/rpc", { qos: 1 });
    await second.publish("v1/gateway/connect", { device: child("a") });
    expect(await second.next()).toEqual({
      topic: "v1/gateway/rpc",
      message: { device: child("a"), data: { id: created.number, method: "open", params: { door: 3 } } },
    });
    await second.publish("v1/gateway/rpc", { device: child("a"), id: created.number, data: { open: true } });
    expect(await domains.deviceCommands.find(created.id)).toMatchObject({
      ...{ state: "successful", answer: { open: true } },
    });
    await second.client.endAsync();
  });

  test("reports attributes of a device, asks for them and hears of changes", async () => {
    const { token, child } = await aGateway();
    const gateway = await connect(token, version);
    await gateway.client.subscribeAsync(["v1/gateway/attributes", "v1/gateway/attributes/response"], {
      qos: 1,
    });
    await gateway.publish("v1/gateway/attributes", { [child("a")]: { model: "x", reason: "restart" } });
    const deviceId = await deviceIdOf(child("a"));
    const write = (values: Record<string, JsonValue>, deletedKeys: readonly string[] = []) =>
      database.transaction((connection) =>
        domains.deviceAttributes.write(connection, {
          deviceId,
          scope: "shared",
          values,
          deletedKeys,
          by: "Lin",
        }),
      );
    flows.deviceHub.pushAttributes(deviceId, await write({ relay: true, mode: "day" }));
    expect((await gateway.next()).message).toEqual({
      device: child("a"),
      data: { relay: true, mode: "day" },
    });
    flows.deviceHub.pushAttributes(deviceId, await write({ relay: false }, ["mode"]));
    expect((await gateway.next()).message).toEqual({
      ...{ device: child("a"), data: { relay: false, deleted: ["mode"] } },
    });
    const ask = async (request: object): Promise<JsonValue> => {
      await gateway.publish("v1/gateway/attributes/request", { id: 1, device: child("a"), ...request });
      return (await gateway.next()).message;
    };
    const head = { id: 1, device: child("a") };
    expect(await ask({ client: false, key: "relay" })).toEqual({ ...head, value: false });
    expect(await ask({ client: false, key: "mode" })).toEqual(head);
    expect(await ask({ client: true, keys: ["model", "reason"] })).toEqual({
      ...{ ...head, values: { model: "x", reason: "restart" } },
    });
    await gateway.client.endAsync();
  });
});
