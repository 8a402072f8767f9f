import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestDatabase } from "../../../tests/support/database.ts";
import { wholeProfile } from "../../../tests/support/profile.ts";
import { manualClock } from "../platform/clock.ts";
import { type Database, tablesOf } from "../platform/database.ts";
import { createDevices, type Devices } from "./index.ts";

const startAt = 1_790_000_000_000;
const clock = manualClock(startAt);
const logger = wholeProfile({
  id: "logger",
  nameEn: "Logger",
  nameZh: "记录仪",
  keys: [{ key: "temperature", type: "number", unit: "Cel", min: -60, max: 90, decimals: 1 }],
  expectedIntervalSeconds: 60,
});

let database: Database;
let devices: Devices;
let made = 0;
beforeAll(async () => {
  database = await openTestDatabase();
  devices = createDevices({ database, clock });
  await database.transaction((connection) => devices.createProfile(connection, logger));
});
afterAll(() => database.close());

async function aDevice() {
  made += 1;
  return database.transaction(async (connection) => {
    const device = await devices.createDevice(connection, {
      name: `d-${made}`,
      label: "",
      profileId: "logger",
    });
    const { token, hint } = await devices.issueAccessToken(connection, device.id);
    return { device, token, hint };
  });
}

test("a token opens the door for exactly its own device, with the profile it measures by", async () => {
  const { device, token, hint } = await aDevice();
  await aDevice();
  expect(await devices.authenticate(token)).toEqual({ device, profile: logger });
  expect(await devices.authenticate(`${token}x`)).toBeNull();
  expect(hint).toBe(`…${token.slice(-4)}`);
  expect((await devices.tokenHints()).get(device.id)).toBe(hint);
});

test("only the hash of a token is in the store", async () => {
  const { token } = await aDevice();
  const rows = await tablesOf<{ deviceCredential: Record<string, unknown> }>(database)
    .selectFrom("deviceCredential")
    .selectAll()
    .execute();
  expect(JSON.stringify(rows)).not.toContain(token);
});

test("a token that the operator supplies works as it is, once", async () => {
  const { device } = await aDevice();
  const issue = () =>
    database.transaction((connection) => devices.issueAccessToken(connection, device.id, "A1_TEST_TOKEN"));
  await issue();
  expect((await devices.authenticate("A1_TEST_TOKEN"))?.device.id).toBe(device.id);
  await expect(issue()).rejects.toMatchObject({ code: "conflict" });
  await expect(
    database.transaction((connection) => devices.issueAccessToken(connection, device.id, "short")),
  ).rejects.toMatchObject({ code: "invalid-input" });
});

test("a disabled device is known until it is forgotten or half a minute has passed, then no more", async () => {
  const { device, token } = await aDevice();
  const other = await aDevice();
  await devices.authenticate(token);
  await devices.authenticate(other.token);
  await tablesOf<{ device: { id: number; state: string } }>(database)
    .updateTable("device")
    .set({ state: "disabled" })
    .where("id", "in", [device.id, other.device.id])
    .execute();
  expect(await devices.authenticate(token)).not.toBeNull();
  devices.forget(device.id);
  expect(await devices.authenticate(token)).toBeNull();
  expect(await devices.authenticate(other.token)).not.toBeNull();
  clock.advance(31_000);
  expect(await devices.authenticate(other.token)).toBeNull();
});

test("a token issued a moment after it was refused works at once", async () => {
  const { device } = await aDevice();
  expect(await devices.authenticate("late-token-1")).toBeNull();
  await database.transaction((connection) => devices.issueAccessToken(connection, device.id, "late-token-1"));
  expect((await devices.authenticate("late-token-1"))?.device.id).toBe(device.id);
});

test("a taken name and an unknown profile are refused by their codes", async () => {
  const { device } = await aDevice();
  const create = (name: string, profileId: string) =>
    database.transaction((connection) => devices.createDevice(connection, { name, label: "", profileId }));
  await expect(create(device.name, "logger")).rejects.toMatchObject({ code: "conflict" });
  await expect(create("free-name", "toaster")).rejects.toMatchObject({ code: "not-found" });
});

test("last heard moves forward, to the second, and never back", async () => {
  const { device } = await aDevice();
  const heard = async () =>
    (await devices.connections()).find((connection) => connection.deviceId === device.id)?.lastHeardAt;
  const mark = (at: number) =>
    database.transaction((connection) => devices.markHeard(connection, [device.id, device.id], at));
  expect(await heard()).toBeNull();
  await mark(startAt);
  await mark(startAt + 500);
  expect(await heard()).toBe(startAt);
  await mark(startAt + 1_000);
  await mark(startAt - 60_000);
  expect(await heard()).toBe(startAt + 1_000);
});

test("connected and disconnected are told apart from heard", async () => {
  const { device } = await aDevice();
  await devices.markConnected(device.id, "mqtt");
  const state = async () =>
    (await devices.connections()).find((connection) => connection.deviceId === device.id);
  expect(await state()).toMatchObject({ isConnected: true, transport: "mqtt", lastHeardAt: null });
  clock.advance(5_000);
  await devices.markDisconnected(device.id, "keep-alive");
  expect(await state()).toMatchObject({ isConnected: false, disconnectedAt: clock.now() });
});

test("after a crash, whoever was marked as connected is not, and others keep their own last word", async () => {
  const [left, gone] = [await aDevice(), await aDevice()];
  await devices.markConnected(left.device.id, "mqtt");
  await devices.markConnected(gone.device.id, "mqtt");
  await devices.markDisconnected(gone.device.id, "keep-alive");
  const before = (await devices.connections()).find((one) => one.deviceId === gone.device.id);
  clock.advance(60_000);
  await devices.markAllDisconnected("server-restarted");
  const after = await devices.connections();
  expect(after.filter((one) => one.isConnected)).toEqual([]);
  expect(after.find((one) => one.deviceId === left.device.id)?.disconnectedAt).toBe(clock.now());
  expect(after.find((one) => one.deviceId === gone.device.id)).toEqual(before);
});

test("a binding counts from its commit on, in this process and through the caller's transaction", async () => {
  const { device } = await aDevice();
  const wanted = {
    kind: "logger-shipment",
    deviceId: device.id,
    seriesKey: "temperature",
    targetId: "shp_1",
  } as const;
  const isLive = (bindings: readonly { targetId: string }[]) =>
    bindings.some((binding) => binding.targetId === "shp_1");
  expect(isLive(await devices.liveBindings())).toBe(false);
  const binding = await database.transaction(async (connection) => {
    const bound = await devices.bind(connection, wanted);
    expect(isLive(await devices.liveBindings(connection))).toBe(true);
    return bound;
  });
  expect(isLive(await devices.liveBindings())).toBe(true);
  await expect(database.transaction((connection) => devices.bind(connection, wanted))).rejects.toMatchObject({
    code: "conflict",
  });
  await database.transaction((connection) => devices.unbind(connection, binding.id));
  expect(isLive(await devices.liveBindings())).toBe(false);
  expect(await devices.bindingsOf("shp_1")).toMatchObject([{ id: binding.id, unboundAt: clock.now() }]);
  await expect(
    database.transaction((connection) => devices.unbind(connection, binding.id)),
  ).rejects.toMatchObject({ code: "not-found" });
});

test("a binding that was rolled back is not believed", async () => {
  const { device } = await aDevice();
  const work = database.transaction(async (connection) => {
    const bound = {
      kind: "cell-stock",
      deviceId: device.id,
      seriesKey: "weight",
      targetId: "cell_9",
    } as const;
    await devices.bind(connection, bound);
    await devices.liveBindings(connection);
    throw new Error("changed my mind");
  });
  await expect(work).rejects.toThrow("changed my mind");
  expect((await devices.liveBindings()).some((binding) => binding.targetId === "cell_9")).toBe(false);
});

test("a binding made by another process is seen within seconds", async () => {
  clock.advance(60_000);
  await devices.liveBindings();
  const { device } = await aDevice();
  const elsewhere = createDevices({ database, clock });
  await database.transaction((connection) =>
    elsewhere.bind(connection, {
      kind: "cell-stock",
      deviceId: device.id,
      seriesKey: "w",
      targetId: "cell_7",
    }),
  );
  clock.advance(5_001);
  expect((await devices.liveBindings()).some((binding) => binding.targetId === "cell_7")).toBe(true);
});
