// Devices as they come, on the real intake and the real store: what is acknowledged stands in the database.
import { execFile, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { promisify } from "node:util";
import { getRequestListener } from "@hono/node-server";
import { connectAsync, type MqttClient } from "mqtt";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createDevices, type Devices } from "../server/src/devices/index.ts";
import type { DeviceDesk } from "../server/src/flows/device-desk.ts";
import type { IntakeSink } from "../server/src/flows/intake-sink.ts";
import { createIntake } from "../server/src/flows/take-in-readings.ts";
import { createBus } from "../server/src/platform/bus.ts";
import { systemClock } from "../server/src/platform/clock.ts";
import type { Database } from "../server/src/platform/database.ts";
import { silentLog } from "../server/src/platform/log.ts";
import { createTelemetry, type StoredReading, type Telemetry } from "../server/src/telemetry/index.ts";
import { createDeviceApi } from "../server/src/transports/http/index.ts";
import { createMqttServer, type MqttServer } from "../server/src/transports/mqtt/index.ts";
import { openTestDatabase } from "./support/database.ts";
import { openDeviceDesk } from "./support/device-desk.ts";
import { publishPacket, signIn } from "./support/raw-mqtt.ts";

const run = promisify(execFile);
const hasMosquitto = spawnSync("mosquitto_pub", ["--help"]).error === undefined;
const hasCurl = spawnSync("curl", ["--version"]).error === undefined;

let database: Database;
let devices: Devices;
let telemetry: Telemetry;
let desk: DeviceDesk;
let sink: IntakeSink;
let mqtt: MqttServer;
let http: Server;
let mqttPort: number;
let url: string;

beforeAll(async () => {
  database = await openTestDatabase();
  const ground = { database, clock: systemClock, log: silentLog, bus: createBus() };
  devices = createDevices(ground);
  telemetry = createTelemetry(ground);
  sink = createIntake({ ...ground, devices, telemetry, followers: [] });
  desk = openDeviceDesk({ ...ground, devices });
  mqtt = createMqttServer({ desk, sink, clock: systemClock, log: silentLog });
  ({ port: mqttPort } = await mqtt.start({ port: 0, host: "127.0.0.1" }));
  const api = createDeviceApi({ desk, sink, clock: systemClock });
  const listener = getRequestListener(api.routes.fetch);
  http = createServer((incoming, outgoing) => void listener(incoming, outgoing));
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const address = http.address();
  url = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
  await database.transaction((connection) =>
    devices.createProfile(connection, {
      id: "any",
      nameEn: "Any device",
      nameZh: "任意设备",
      keys: [{ key: "temperature", type: "number", unit: "Cel", min: -60, max: 80, decimals: 2 }],
      expectedIntervalSeconds: 60,
    }),
  );
});
afterAll(async () => {
  await mqtt.stop();
  await sink.stop();
  http.close();
  await database.close();
});

let deviceCount = 0;

/** A device of its own for each test. */
async function aDevice(): Promise<{ id: number; name: string; token: string }> {
  deviceCount += 1;
  const name = `device-${deviceCount}`;
  return database.transaction(async (connection) => {
    const device = await devices.createDevice(connection, { name, label: "", profileId: "any" });
    const { token } = await devices.issueAccessToken(connection, device.id);
    return { id: device.id, name, token };
  });
}

async function latestOf(deviceId: number, key: string): Promise<StoredReading | undefined> {
  const series = await telemetry.findSeries(deviceId, key);
  return series === null ? undefined : (await telemetry.latest([series.id])).get(series.id);
}

async function readingsOf(deviceId: number, key: string): Promise<readonly StoredReading[]> {
  const series = await telemetry.findSeries(deviceId, key);
  if (series === null) return [];
  return telemetry.range(database, series.id, { from: 0, to: systemClock.now() + 60_000, limit: 1_000 });
}

function openClient(token: string, protocolVersion: 3 | 4 | 5): Promise<MqttClient> {
  return connectAsync({
    host: "127.0.0.1",
    port: mqttPort,
    username: token,
    protocolVersion,
    protocolId: protocolVersion === 3 ? "MQIsdp" : "MQTT",
    reconnectPeriod: 0,
  });
}

describe.each([3, 4, 5] as const)("over MQTT level %i", (version) => {
  test("what is acknowledged is in the store, typed as it was sent", async () => {
    const device = await aDevice();
    const client = await openClient(device.token, version);
    const payload = '{"temperature":4.25,"gtin":"00012345600012","door":true,"sscc":106141412345678908}';
    await client.publishAsync("v1/devices/me/telemetry", payload, { qos: 1 });
    expect((await latestOf(device.id, "temperature"))?.value).toEqual({ type: "number", number: 4.25 });
    expect((await latestOf(device.id, "gtin"))?.value).toEqual({ type: "text", text: "00012345600012" });
    expect((await latestOf(device.id, "door"))?.value).toEqual({ type: "boolean", boolean: true });
    expect((await latestOf(device.id, "sscc"))?.value).toEqual({ type: "text", text: "106141412345678908" });
    await client.endAsync();
  });
});

test("a redelivery changes nothing, two values of one moment are both kept in their order", async () => {
  const device = await aDevice();
  const client = await openClient(device.token, 5);
  const at = systemClock.now() - 60_000;
  for (const celsius of [4.1, 4.1, 4.2]) {
    const payload = JSON.stringify({ ts: at, values: { temperature: celsius } });
    await client.publishAsync("v2/t", payload, { qos: 1 });
  }
  expect((await readingsOf(device.id, "temperature")).map((reading) => reading.value)).toEqual([
    { type: "number", number: 4.1 },
    { type: "number", number: 4.2 },
  ]);
  await client.endAsync();
});

test("a thousand messages of one connection are acknowledged in order and all stored", async () => {
  const device = await aDevice();
  const client = await signIn(mqttPort, device.token);
  const from = systemClock.now() - 3_600_000;
  const count = 1_000;
  for (let id = 1; id <= count; id += 1) {
    client.send(publishPacket(id, JSON.stringify({ ts: from + id, values: { temperature: id / 100 } })));
  }
  for (let id = 1; id <= count; id += 1) expect((await client.next()).messageId).toBe(id);
  const readings = await readingsOf(device.id, "temperature");
  expect(readings.map((reading) => reading.observedAt - from)).toEqual(
    Array.from({ length: count }, (_, index) => index + 1),
  );
  client.end();
});

test("a message that cannot be read, or holds what no store can keep, waits in quarantine for its owner", async () => {
  const device = await aDevice();
  const client = await openClient(device.token, 4);
  await client.publishAsync("v1/devices/me/telemetry", '{"temperature":', { qos: 1 });
  await client.publishAsync("v1/devices/me/telemetry", '{"note":"\\u0000"}', { qos: 1 });
  await client.publishAsync("v1/devices/me/telemetry", Buffer.from([0xff, 0x00, 0x7b]), { qos: 1 });
  await client.publishAsync("v1/devices/me/attributes", '["model"]', { qos: 1 });
  expect((await telemetry.quarantinedCounts()).get(device.id)).toBe(4);
  await client.endAsync();
});

test("attributes that were acknowledged are read back as they were sent, by the device and by its owner", async () => {
  const device = await aDevice();
  const client = await openClient(device.token, 5);
  const values = { gtin: "00012345600012", gps: { lat: 31.2, lon: 121.5 }, door: false };
  await client.publishAsync("v1/devices/me/attributes", JSON.stringify(values), { qos: 1 });
  const answer = new Promise<string>((resolve) =>
    client.once("message", (_topic, payload) => resolve(payload.toString())),
  );
  await client.publishAsync("v1/devices/me/attributes/request/1", "{}", { qos: 1 });
  expect(JSON.parse(await answer)).toEqual({ client: values });
  const identity = await desk.authenticate({ kind: "access-token", token: device.token });
  if (identity === null) throw new Error("The device is known.");
  const stored = await desk.readAttributes(identity, { client: ["gtin"], shared: "all" });
  expect(stored).toEqual({ client: { gtin: "00012345600012" }, shared: {} });
  await client.endAsync();
});

test("a device is online while it is connected and offline once its socket dies", async () => {
  const device = await aDevice();
  const isConnected = async (): Promise<boolean | undefined> =>
    (await devices.connections()).find((one) => one.deviceId === device.id)?.isConnected;
  const client = await signIn(mqttPort, device.token);
  await expect.poll(isConnected).toBe(true);
  client.socket.resetAndDestroy();
  await expect.poll(isConnected).toBe(false);
});

test("HTTP answers 200 once the reading is in the store, also for a backlog in one array", async () => {
  const device = await aDevice();
  const at = systemClock.now() - 10_000;
  const backlog = Array.from({ length: 50 }, (_, index) => ({
    ts: at + index,
    values: { temperature: index },
  }));
  const response = await fetch(`${url}/api/v1/${device.token}/telemetry`, {
    method: "POST",
    body: JSON.stringify(backlog),
  });
  expect(response.status).toBe(200);
  expect(await response.text()).toBe("");
  expect(await readingsOf(device.id, "temperature")).toHaveLength(50);
  const malformed = await fetch(`${url}/api/v1/${device.token}/telemetry`, { method: "POST", body: "{,}" });
  expect(malformed.status).toBe(400);
  expect((await telemetry.quarantinedCounts()).get(device.id)).toBe(1);
});

test("an upload that stops half way leaves nothing and holds nothing up", async () => {
  const device = await aDevice();
  const { connect } = await import("node:net");
  const socket = connect({ port: Number(new URL(url).port), host: "127.0.0.1" });
  socket.write(
    `POST /api/v1/${device.token}/telemetry HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"temperature":`,
  );
  await once(socket, "connect");
  socket.destroy();
  const response = await fetch(`${url}/api/v1/${device.token}/telemetry`, { method: "POST", body: "{}" });
  expect(response.status).toBe(200);
  expect(await readingsOf(device.id, "temperature")).toEqual([]);
});

describe.skipIf(!hasMosquitto)("mosquitto_pub (skipped where it is not installed)", () => {
  test.each(["mqttv31", "mqttv311", "mqttv5"])("puts a reading in with -V %s", async (version) => {
    const device = await aDevice();
    const place = ["-h", "127.0.0.1", "-p", String(mqttPort), "-u", device.token, "-V", version];
    const topic = ["-q", "1", "-t", "v1/devices/me/telemetry"];
    await run("mosquitto_pub", [...place, ...topic, "-m", '{"temperature":3.5}']);
    expect((await latestOf(device.id, "temperature"))?.value).toEqual({ type: "number", number: 3.5 });
  });

  test("is refused with an unknown token", async () => {
    const place = ["-h", "127.0.0.1", "-p", String(mqttPort), "-u", "nobody", "-V", "mqttv5"];
    await expect(run("mosquitto_pub", [...place, "-q", "1", "-t", "v2/t", "-m", "{}"])).rejects.toMatchObject(
      { stderr: expect.stringMatching(/not authori[sz]ed|user name or password/i) },
    );
  });
});

describe.skipIf(!hasCurl)("curl (skipped where it is not installed)", () => {
  test("puts a reading in", async () => {
    const device = await aDevice();
    await run("curl", ["-sSf", "-d", '{"temperature":3.75}', `${url}/api/v1/${device.token}/telemetry`]);
    expect((await latestOf(device.id, "temperature"))?.value).toEqual({ type: "number", number: 3.75 });
  });
});
