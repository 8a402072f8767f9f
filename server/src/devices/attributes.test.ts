import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestDatabase } from "../../../tests/support/database.ts";
import { manualClock } from "../platform/clock.ts";
import type { Database } from "../platform/database.ts";
import {
  type AttributeScope,
  type AttributeValues,
  createDeviceAttributes,
  createDevices,
  type DeviceAttributes,
} from "./index.ts";

const clock = manualClock(1_800_000_000_000);
let database: Database;
let attributes: DeviceAttributes;
let deviceId = 0;
let made = 0;

beforeAll(async () => {
  database = await openTestDatabase();
  attributes = createDeviceAttributes({ database, clock });
});
afterAll(() => database.close());

async function aDevice(): Promise<number> {
  made += 1;
  const devices = createDevices({ database, clock });
  return database.transaction(async (connection) => {
    if (made === 1)
      await devices.createProfile(connection, {
        ...{ id: "logger", nameEn: "", nameZh: "", keys: [], expectedIntervalSeconds: 60 },
      });
    const name = `device-${made}`;
    return (await devices.createDevice(connection, { name, label: "", profileId: "logger" })).id;
  });
}

const write = (scope: AttributeScope, values: AttributeValues, deletedKeys: string[] = [], by = "test") =>
  database.transaction((connection) =>
    attributes.write(connection, { deviceId, scope, values, deletedKeys, by }),
  );
const versionOf = async (key: string) =>
  (await attributes.list(deviceId)).find((one) => one.key === key)?.version;

test("a write answers what changed, and an equal value changes nothing", async () => {
  deviceId = await aDevice();
  expect(await write("shared", { relay: true, limits: { a: 1, b: [2] } })).toEqual({
    values: { relay: true, limits: { a: 1, b: [2] } },
    deletedKeys: [],
  });
  clock.advance(1_000);
  const again = await write("shared", { relay: true, limits: { b: [2], a: 1 } }, [], "somebody");
  expect(again).toEqual({ values: {}, deletedKeys: [] });
  expect(await versionOf("relay")).toBe(1);
  expect(await write("shared", { relay: false, limits: { a: 1, b: [2] } }, [], "somebody")).toEqual({
    values: { relay: false },
    deletedKeys: [],
  });
  expect((await attributes.list(deviceId)).find((one) => one.key === "relay")).toEqual({
    scope: "shared",
    key: "relay",
    value: false,
    version: 2,
    updatedAt: clock.now(),
    updatedBy: "somebody",
  });
});

test("deleted keys are gone, told once, and a key that is also written is written", async () => {
  deviceId = await aDevice();
  await write("shared", { one: 1, two: 2, three: 3 });
  expect(await write("shared", { two: 22 }, ["one", "two", "never", "one"])).toEqual({
    values: { two: 22 },
    deletedKeys: ["one"],
  });
  const { shared } = await attributes.read(deviceId, { client: "none", shared: "all" });
  expect(shared).toEqual({ two: 22, three: 3 });
});

test("a request is answered scope by scope; an absent key is absent, and what is ours stays ours", async () => {
  deviceId = await aDevice();
  await write("client", { serial: "00012345600012", relay: null });
  await write("shared", { relay: true, interval: 60 });
  await write("server", { note: "secret" });
  const read = (client: readonly string[] | "all" | "none", shared: readonly string[] | "all" | "none") =>
    attributes.read(deviceId, { client, shared });
  expect(await read("all", "all")).toEqual({
    client: { serial: "00012345600012", relay: null },
    shared: { relay: true, interval: 60 },
  });
  expect(await read(["serial", "note"], ["interval", "missing", "nul\0"])).toEqual({
    client: { serial: "00012345600012" },
    shared: { interval: 60 },
  });
  expect(await read("none", "none")).toEqual({ client: {}, shared: {} });
  expect(await read([], "none")).toEqual({ client: {}, shared: {} });
});

test("values come back as they were written", async () => {
  deviceId = await aDevice();
  const values = {
    gtin: "00012345600012",
    exponent: "241408E4",
    large: "9223372036854775808",
    emoji: "🧊 冰鲜",
    quotes: `"\\ {,} '`,
    long: "x".repeat(60_000),
    number: 0.1,
    nested: { list: [1, "1", null, true, { deep: [] }] },
    nothing: null,
    __proto__x: 1,
  };
  await write("client", values);
  expect((await attributes.read(deviceId, { client: "all", shared: "none" })).client).toEqual(values);
});

test("keys and values that cannot be kept as they are are refused and leave nothing behind", async () => {
  deviceId = await aDevice();
  let deep: AttributeValues[string] = 1;
  for (let level = 0; level < 80; level += 1) deep = [deep];
  const refused: AttributeValues[] = [
    { "": 1 },
    { ["k".repeat(256)]: 1 },
    { "nul\0": 1 },
    { "half\ud800": 1 },
    { fine: 1, text: "nul\0" },
    { text: "half\udc00" },
    { nested: { "nul\0": [1] } },
    { nested: [["half\ud800"]] },
    { number: Number.NaN },
    { deep },
  ];
  for (const values of refused)
    await expect(write("client", values)).rejects.toMatchObject({ code: "invalid-input" });
  await expect(write("client", { text: "x".repeat(65_535) })).rejects.toMatchObject({
    code: "limit-reached",
  });
  expect(await attributes.list(deviceId)).toEqual([]);
});

test("a scope holds its most keys and not one more, however they come", async () => {
  deviceId = await aDevice();
  const keys = (count: number, prefix: string) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`${prefix}${index}`, index]));
  await write("client", keys(500, "a"));
  await expect(write("client", keys(1, "b"))).rejects.toMatchObject({ code: "limit-reached" });
  await write("client", { a0: "changed" });
  await write("client", keys(1, "b"), ["a1"]);
  await write("shared", keys(1, "b"));
  expect((await attributes.list(deviceId)).filter((one) => one.scope === "client")).toHaveLength(500);
});

test("writers who delete what the other writes wait for each other in one order", async () => {
  deviceId = await aDevice();
  await write("shared", { a: 0, z: 0 });
  const rounds = Array.from({ length: 40 }, (_, round) => round);
  const outcomes = await Promise.allSettled(
    rounds.flatMap((round) => [write("shared", { a: round }, ["z"]), write("shared", { z: round }, ["a"])]),
  );
  expect(outcomes.filter(({ status }) => status === "rejected")).toEqual([]);
});

test("what we want of devices since an instant is told, of those asked about alone", async () => {
  const [other, untouched] = [await aDevice(), await aDevice()];
  deviceId = await aDevice();
  await write("shared", { early: 1 });
  clock.advance(1_000);
  const at = clock.now();
  await write("shared", { late: { deep: "值" }, later: 2 });
  await write("client", { said: 1 });
  const changed = await attributes.sharedSince([deviceId, untouched], at);
  expect([...changed]).toEqual([[deviceId, { late: { deep: "值" }, later: 2 }]]);
  expect((await attributes.sharedSince([other], 0)).size).toBe(0);
  expect((await attributes.sharedSince([], 0)).size).toBe(0);
});
