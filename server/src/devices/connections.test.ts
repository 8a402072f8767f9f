import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openTestDatabase } from "../../../tests/support/database.ts";
import { manualClock } from "../platform/clock.ts";
import { type Database, tablesOf } from "../platform/database.ts";
import { createProcesses } from "../platform/processes.ts";
import { connectionEventsKeptMax } from "./connections.ts";
import {
  type ConnectionChange,
  createDevices,
  createLimitLedger,
  type Device,
  type Devices,
} from "./index.ts";

const startAt = 1_800_000_000_000 - (1_800_000_000_000 % 60_000);
const clock = manualClock(startAt);
let database: Database;
let devices: Devices;
let made = 0;

beforeAll(async () => {
  database = await openTestDatabase();
  devices = createDevices({ database, clock });
  await database.transaction((connection) =>
    devices.createProfile(connection, {
      ...{ id: "logger", nameEn: "", nameZh: "", keys: [], expectedIntervalSeconds: 60 },
    }),
  );
});
afterAll(() => database.close());
beforeEach(() => clock.set(startAt));

async function someDevices(count: number): Promise<Device[]> {
  return database.transaction(async (connection) => {
    const created: Device[] = [];
    for (let index = 0; index < count; index += 1) {
      made += 1;
      const name = `device-${String(made).padStart(5, "0")}`;
      created.push(await devices.createDevice(connection, { name, label: "", profileId: "logger" }));
    }
    return created;
  });
}

const came = (deviceId: number, at: number): ConnectionChange => ({
  ...{ deviceId, at, isConnected: true, transport: "mqtt", reason: "", address: "10.0.0.9" },
});
const went = (deviceId: number, at: number, reason = "keep-alive"): ConnectionChange => ({
  ...{ deviceId, at, isConnected: false, transport: "mqtt", reason, address: "10.0.0.9" },
});
const stateOf = async (device: Device | undefined) =>
  (await devices.connections()).find((one) => one.deviceId === device?.id);

test("a batch leaves each device in its last state and writes every change into its history", async () => {
  const [flapping, gone, here] = await someDevices(3);
  await devices.markConnections([
    came(flapping?.id ?? 0, startAt + 1),
    came(gone?.id ?? 0, startAt + 1),
    went(flapping?.id ?? 0, startAt + 2, "socket-closed"),
    came(here?.id ?? 0, startAt + 2),
    came(flapping?.id ?? 0, startAt + 3),
    went(gone?.id ?? 0, startAt + 4),
  ]);
  expect(await stateOf(flapping)).toMatchObject({
    ...{ isConnected: true, transport: "mqtt", connectedAt: startAt + 3, disconnectedAt: startAt + 2 },
  });
  expect(await stateOf(gone)).toMatchObject({ isConnected: false, disconnectedAt: startAt + 4 });
  expect(await stateOf(here)).toMatchObject({ isConnected: true, disconnectedAt: null });
  const event = { transport: "mqtt", address: "10.0.0.9", gatewayName: null, gatewayBefore: null };
  expect(await devices.connectionHistory(flapping?.id ?? 0, 10)).toEqual([
    { ...event, at: startAt + 3, kind: "connected", reason: "" },
    { ...event, at: startAt + 2, kind: "disconnected", reason: "socket-closed" },
    { ...event, at: startAt + 1, kind: "connected", reason: "" },
  ]);
  expect(await devices.connectionHistory(flapping?.id ?? 0, 1)).toHaveLength(1);
});

test("a device that was deleted meanwhile does not stop the others", async () => {
  const [one, deleted] = await someDevices(2);
  await database.transaction((connection) => devices.deleteDevice(connection, deleted?.id ?? 0));
  await devices.markConnections([came(deleted?.id ?? 0, startAt), came(one?.id ?? 0, startAt)]);
  expect(await stateOf(one)).toMatchObject({ isConnected: true });
  expect(await stateOf(deleted)).toBeUndefined();
  await devices.markConnections([came(deleted?.id ?? 0, startAt)]);
  await devices.markConnections([]);
});

test("a storm of all sessions is one batch, and last heard is left alone", async () => {
  const all = await someDevices(300);
  await database.transaction((connection) =>
    devices.markHeard(
      connection,
      all.map((device) => device.id),
      startAt,
    ),
  );
  await devices.markConnections(all.flatMap(({ id }) => [went(id, startAt + 1), came(id, startAt + 2)]));
  const ids = new Set(all.map((device) => device.id));
  const states = (await devices.connections()).filter((one) => ids.has(one.deviceId));
  expect(states.every((one) => one.isConnected && one.lastHeardAt === startAt)).toBe(true);
  expect(states).toHaveLength(300);
});

test("the history of a device stays bounded, and keeps its newest", async () => {
  const [device] = await someDevices(1);
  const id = device?.id ?? 0;
  const changes = Array.from({ length: 3_000 }, (_, index) => came(id, startAt + index));
  for (let from = 0; from < changes.length; from += 500)
    await devices.markConnections(changes.slice(from, from + 500));
  const { rows } = await sql<{ count: number }>`
    select count(*)::int4 as count from device_event where device_id = ${id}`.execute(tablesOf(database));
  expect(rows[0]?.count).toBeGreaterThanOrEqual(connectionEventsKeptMax);
  expect(rows[0]?.count).toBeLessThan(connectionEventsKeptMax + 500);
  const history = await devices.connectionHistory(id, 5_000);
  expect(history).toHaveLength(connectionEventsKeptMax);
  expect(history[0]?.at).toBe(startAt + 2_999);
  expect(history.at(-1)?.at).toBe(startAt + 2_000);
});

test("the end of a crash is in the history of whoever was connected, with its transport", async () => {
  const [left, gone] = await someDevices(2);
  await devices.markConnected(left?.id ?? 0, "coap");
  await devices.markConnected(gone?.id ?? 0, "mqtt");
  await devices.markDisconnected(gone?.id ?? 0, "keep-alive");
  clock.advance(5_000);
  await devices.markAllDisconnected("server-restarted");
  expect(await devices.connectionHistory(left?.id ?? 0, 1)).toMatchObject([
    { at: clock.now(), kind: "disconnected", transport: "coap", reason: "server-restarted", address: "" },
  ]);
  expect(await devices.connectionHistory(gone?.id ?? 0, 9)).toMatchObject([
    { kind: "disconnected", transport: "mqtt", reason: "keep-alive" },
    { kind: "connected" },
  ]);
});

test("what is changed of a device counts at once; what is not named stays", async () => {
  const [device] = await someDevices(1);
  const name = device?.name ?? "";
  await database.transaction((connection) =>
    devices.issueAccessToken(connection, device?.id ?? 0, `token-${name}`),
  );
  expect((await devices.authenticate(`token-${name}`))?.device.label).toBe("");
  expect((await devices.identityOf(device?.id ?? 0))?.device.label).toBe("");
  const update = (edit: Parameters<Devices["updateDevice"]>[2], of = name) =>
    database.transaction((connection) => devices.updateDevice(connection, of, edit));
  expect(await update({ label: "冷库 3", isGateway: true })).toEqual({
    ...device,
    label: "冷库 3",
    isGateway: true,
  });
  expect(await update({})).toMatchObject({ label: "冷库 3", isGateway: true });
  expect((await devices.authenticate(`token-${name}`))?.device.label).toBe("冷库 3");
  expect((await devices.identityOf(device?.id ?? 0))?.device.isGateway).toBe(true);
  await update({ state: "disabled" });
  expect(await devices.identityOf(device?.id ?? 0)).toBeNull();
  await expect(update({ profileId: "toaster" })).rejects.toMatchObject({ code: "not-found" });
  await expect(update({ label: "" }, "nobody")).rejects.toMatchObject({ code: "not-found" });
  await expect(update({ label: "a\0b" })).rejects.toMatchObject({ code: "invalid-input" });
});

test("a deleted device opens no door and leaves no binding", async () => {
  const [device] = await someDevices(1);
  const id = device?.id ?? 0;
  await database.transaction(async (connection) => {
    await devices.issueAccessToken(connection, id, "of-the-deleted");
    await devices.bind(connection, { kind: "cell-stock", deviceId: id, seriesKey: "w", targetId: "cell-x" });
  });
  expect(await devices.authenticate("of-the-deleted")).not.toBeNull();
  await database.transaction((connection) => devices.deleteDevice(connection, id));
  expect(await devices.authenticate("of-the-deleted")).toBeNull();
  expect(await devices.findDeviceById(id)).toBeNull();
  expect((await devices.liveBindings()).filter((binding) => binding.deviceId === id)).toEqual([]);
  await expect(
    database.transaction((connection) => devices.deleteDevice(connection, id)),
  ).rejects.toMatchObject({ code: "not-found" });
});

test("limits are counted by the minute, by how much at worst, and once however often they are written", async () => {
  const ledger = createLimitLedger({ database, clock });
  const [device, other] = await someDevices(2);
  const id = device?.id ?? 0;
  const note = (observed: number, deviceId = id) =>
    ledger.note({ deviceId, limitName: "messages", allowed: "20:1", observed });
  note(21);
  note(30);
  await ledger.flush();
  await ledger.flush();
  clock.advance(500);
  note(25);
  note(5, 999_999);
  await Promise.all([ledger.flush(), ledger.flush()]);
  clock.advance(60_000);
  note(22);
  note(40, other?.id);
  await ledger.flush();
  const event = { deviceId: id, limitName: "messages", allowed: "20:1" };
  expect(await ledger.list(id, 10)).toEqual([
    { ...event, minuteAt: startAt + 60_000, times: 1, worst: 22, lastAt: startAt + 60_500 },
    { ...event, minuteAt: startAt, times: 3, worst: 30, lastAt: startAt + 500 },
  ]);
  expect(await ledger.list(id, 1)).toHaveLength(1);
  expect((await ledger.countsSince(startAt)).get(id)).toBe(4);
  expect((await ledger.countsSince(startAt + 60_001)).get(id)).toBe(1);
  expect((await ledger.countsSince(startAt)).get(999_999)).toBeUndefined();
});

test("what could not be written is counted on and written when the store is back", async () => {
  const [device] = await someDevices(1);
  let isAway = true;
  const flaky = new Proxy(database, {
    get: (target, name) => {
      if (isAway) throw new Error("the store is away");
      return Reflect.get(target, name) as unknown;
    },
  });
  const ledger = createLimitLedger({ database: flaky, clock });
  const note = () =>
    ledger.note({
      deviceId: device?.id ?? 0,
      limitName: "payload-bytes",
      allowed: "65536",
      observed: 70_000,
    });
  note();
  await expect(ledger.flush()).rejects.toThrow("the store is away");
  note();
  isAway = false;
  await ledger.flush();
  expect(await ledger.list(device?.id ?? 0, 10)).toMatchObject([{ times: 2, worst: 70_000 }]);
});

test("all devices come as rows with what the registry knows of them", async () => {
  const [gateway, child] = await someDevices(2);
  await devices.markConnections([came(gateway?.id ?? 0, startAt)]);
  await sql`update device set gateway_id = ${gateway?.id ?? 0} where id = ${child?.id ?? 0}`.execute(
    tablesOf(database),
  );
  const ledger = createLimitLedger({ database, clock });
  ledger.note({ deviceId: child?.id ?? 0, limitName: "messages", allowed: "1:1", observed: 2 });
  await ledger.flush();
  const rows = await devices.deviceRows({ limitsSinceAt: startAt });
  expect(rows.map((row) => row.name)).toEqual((await devices.listDevices()).map((device) => device.name));
  expect(rows.find((row) => row.id === gateway?.id)).toEqual({
    ...{ id: gateway?.id, name: gateway?.name, label: "", profileId: "logger", state: "active" },
    ...{ isGateway: false, gatewayName: null, isConnected: true, transport: "mqtt", connectedAt: startAt },
    ...{ disconnectedAt: null, lastHeardAt: null, expectedIntervalSeconds: 60, limitsMet: 0, firmware: null },
  });
  expect(rows.find((row) => row.id === child?.id)).toMatchObject({
    gatewayName: gateway?.name,
    isConnected: false,
    limitsMet: 1,
  });
});

describe("several processes", () => {
  const inProcess = (processId: string) => createDevices({ database, clock, processId });
  const stateOf = async (deviceId: number) =>
    (await devices.connections()).find((one) => one.deviceId === deviceId)?.isConnected;

  test("the end of an older session elsewhere does not disconnect a device that came to another process", async () => {
    const [device] = await someDevices(1);
    const id = device?.id ?? 0;
    const [left, right] = [inProcess("left"), inProcess("right")];
    await left.markConnections([came(id, startAt)]);
    await right.markConnections([came(id, startAt + 10)]);
    await left.markConnections([went(id, startAt + 20)]);
    expect(await stateOf(id)).toBe(true);
    // Written late, it is older than what stands there.
    await left.markConnections([came(id, startAt + 5), went(id, startAt + 20)]);
    expect(await stateOf(id)).toBe(true);
    expect((await devices.connectionHistory(id, 10)).map(({ at }) => at)).toEqual([startAt + 10, startAt]);
    await left.markConnections([came(id, startAt + 30), went(id, startAt + 40)]);
    expect(await stateOf(id)).toBe(false);
  });

  test("what a process held that lives no more is told as disconnected, and nobody else's devices are", async () => {
    const [first, second] = await someDevices(2);
    const [ofDead, ofLiving] = [first?.id ?? 0, second?.id ?? 0];
    const living = createProcesses(database, { id: "living", roles: ["ingest"], host: "here", pid: 1 });
    expect([await living.beat(), await living.beat()]).toEqual([true, false]);
    await inProcess("dead").markConnections([came(ofDead, startAt)]);
    await inProcess("living").markConnections([came(ofLiving, startAt)]);
    const names = await database.transaction((connection) =>
      devices.markLeftBehind(connection, "process-died"),
    );
    expect(names).toContain(first?.name);
    expect(names).not.toContain(second?.name);
    expect([await stateOf(ofDead), await stateOf(ofLiving)]).toEqual([false, true]);
    expect((await devices.connectionHistory(ofDead, 1))[0]).toMatchObject({ reason: "process-died" });
    await living.leave();
  });
});
