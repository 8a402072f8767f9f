import type { Actor } from "@waremind/contract";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openTestDatabase } from "../../../tests/support/database.ts";
import { manualClock } from "../platform/clock.ts";
import type { Database } from "../platform/database.ts";
import { createDeviceCommands, createDevices, type DeviceCommand, type DeviceCommands } from "./index.ts";

const startAt = 1_772_000_000_000;
const owner: Actor = { kind: "person", userId: "u", name: "Lin", roles: ["owner"] };
const open = {
  method: "open",
  name: { en: "Open", zh: "打开" },
  isPhysical: true,
  isOneWay: false,
  parameters: [],
};

let database: Database;
let commands: DeviceCommands;
let deviceIds: number[] = [];
const clock = manualClock(startAt);

beforeAll(async () => {
  database = await openTestDatabase();
  commands = createDeviceCommands({ database, clock });
  const devices = createDevices({ database, clock });
  deviceIds = await database.transaction(async (connection) => {
    const profile = { id: "locker", nameEn: "Locker", nameZh: "柜", keys: [], expectedIntervalSeconds: 60 };
    await devices.createProfile(connection, { ...profile, commands: [open] });
    const ids: number[] = [];
    for (let index = 0; index < 40; index += 1) {
      const device = { name: `locker-${index}`, label: "", profileId: "locker" };
      ids.push((await devices.createDevice(connection, device)).id);
    }
    return ids;
  });
});
afterAll(() => database.close());

let deviceId = 0;
let keyCount = 0;
beforeEach(() => {
  clock.set(startAt);
  deviceId = deviceIds.pop() ?? 0;
});

type New = Parameters<DeviceCommands["create"]>[1];
function create(changes: Partial<New> = {}): Promise<DeviceCommand> {
  keyCount += 1;
  const command = {
    ...{ deviceId, method: "open", params: { door: 3 }, isOneWay: false, isPersistent: true },
    ...{ idempotencyKey: `key-${keyCount}`, requestedBy: owner, receiptId: null },
    expiresAt: clock.now() + 60_000,
  };
  return database.transaction((connection) => commands.create(connection, { ...command, ...changes }));
}
type Step = Parameters<DeviceCommands["move"]>[2];
const move = (command: DeviceCommand, step: Step) => commands.move(database, command.number, step);
const sent: Step = { from: ["queued", "sent"], to: "sent" };
const delivered: Step = { from: ["sent"], to: "delivered" };

describe("a command", () => {
  test("is kept as it was asked, and found by id, by its number, and in the list", async () => {
    const params = { text: "00012345600012", nested: [1, null, { emoji: "🚪" }], big: 1e21 };
    const created = await create({ params });
    expect(created).toMatchObject({ state: "queued", params, attempts: 0, requestedBy: owner, answer: null });
    expect(await commands.find(created.id)).toEqual(created);
    expect(await commands.findByNumber(deviceId, created.number)).toEqual(created);
    expect(await commands.list({ deviceId, limit: 10 })).toEqual([created]);
    expect(await commands.find("cmd_none")).toBeNull();
    expect(await commands.findByNumber(deviceId + 1, created.number)).toBeNull();
  });

  test("is made once for one idempotency key", async () => {
    const { idempotencyKey } = await create();
    await expect(create({ idempotencyKey, params: {} })).rejects.toMatchObject({ code: "conflict" });
    expect(await commands.list({ deviceId, limit: 10 })).toHaveLength(1);
  });

  test("with parameters that the store could not give back is refused", async () => {
    await expect(create({ params: { a: ["x\0"] } })).rejects.toMatchObject({ code: "invalid-input" });
    await expect(create({ params: { "\ud800": 1 } })).rejects.toMatchObject({ code: "invalid-input" });
    await expect(create({ params: "x".repeat(70_000) })).rejects.toMatchObject({ code: "payload-too-large" });
  });

  test("goes from queued over sent and delivered to successful, each step with its time", async () => {
    const command = await create();
    clock.advance(5);
    expect(await move(command, sent)).toMatchObject({ state: "sent", sentAt: startAt + 5, attempts: 1 });
    clock.advance(5);
    const arrived = await move(command, delivered);
    expect(arrived).toMatchObject({ state: "delivered", deliveredAt: startAt + 10, endedAt: null });
    clock.advance(5);
    const done = await move(command, { from: ["sent", "delivered"], to: "successful", answer: { ok: true } });
    expect(done).toMatchObject({ state: "successful", endedAt: startAt + 15, answer: { ok: true } });
    expect(await move(command, { from: ["successful"], to: "failed", error: "late" })).toBeNull();
  });

  test("that is one-way ends when it is delivered", async () => {
    const command = await create({ isOneWay: true });
    await move(command, sent);
    expect(await move(command, delivered)).toMatchObject({ state: "delivered", endedAt: startAt });
    expect(await move(command, { from: ["delivered"], to: "successful", answer: 1 })).toBeNull();
  });

  test("is moved by one of many who try at once", async () => {
    const command = await create();
    const step: Step = { from: ["queued"], to: "sent" };
    const moved = await Promise.all(Array.from({ length: 8 }, () => move(command, step)));
    expect(moved.filter((one) => one !== null)).toHaveLength(1);
    expect(await commands.find(command.id)).toMatchObject({ attempts: 1 });
  });

  test("keeps an answer of null, and replaces what the store cannot keep of one", async () => {
    const [first, second] = [await create(), await create()];
    const step = (answer: Step["answer"]): Step => ({
      from: ["queued"],
      to: "successful",
      ...(answer === undefined ? {} : { answer }),
    });
    expect(await move(first, step({ text: "a\0b", list: ["\ud800"] }))).toMatchObject({
      answer: { text: "a\uFFFDb", list: ["\uFFFD"] },
    });
    expect(await move(second, step("00012345600012"))).toMatchObject({ answer: "00012345600012" });
  });
});

describe("what a device should get", () => {
  test("is what is queued or was sent without an acknowledgement, oldest first, not what ended or expired", async () => {
    const all: DeviceCommand[] = [];
    for (let index = 0; index < 5; index += 1) all.push(await create());
    const [queued, unacknowledged, arrived, gone, late] = all as [
      DeviceCommand,
      DeviceCommand,
      DeviceCommand,
      DeviceCommand,
      DeviceCommand,
    ];
    const short = await create({ expiresAt: startAt + 1 });
    await move(unacknowledged, sent);
    await move(arrived, sent);
    await move(arrived, delivered);
    await move(gone, { from: ["queued"], to: "deleted" });
    clock.advance(2);
    const ids = (await commands.deliverable(deviceId, 10)).map(({ id }) => id);
    expect(ids).toEqual([queued.id, unacknowledged.id, late.id]);
    expect(ids).not.toContain(short.id);
    expect(await commands.deliverable(deviceId, 1)).toHaveLength(1);
  });
});

describe("past its lifetime", () => {
  test("a command expires when it was not delivered, times out when it was not answered, and others stay", async () => {
    const [queued, waiting, answered, oneWay, longer] = [
      await create(),
      await create(),
      await create(),
      await create({ isOneWay: true }),
      await create({ expiresAt: startAt + 120_000 }),
    ];
    for (const command of [waiting, answered, oneWay]) {
      await move(command, sent);
      await move(command, delivered);
    }
    await move(answered, { from: ["delivered"], to: "successful", answer: 1 });
    clock.advance(60_000);
    const ended = await commands.expire(100);
    const mine = ended.filter((command) => command.deviceId === deviceId);
    expect(mine.map(({ id, state }) => [id, state])).toEqual([
      [queued.id, "expired"],
      [waiting.id, "timeout"],
    ]);
    expect(mine.every(({ error, endedAt }) => error !== null && endedAt === startAt + 60_000)).toBe(true);
    expect(await commands.expire(100)).toEqual([]);
    expect(await commands.find(longer.id)).toMatchObject({ state: "queued", endedAt: null });
    expect(await commands.find(oneWay.id)).toMatchObject({ state: "delivered" });
  });

  test("many expire in turns of a limit", async () => {
    for (let index = 0; index < 7; index += 1) await create();
    clock.advance(60_000);
    const turns = [await commands.expire(5), await commands.expire(5), await commands.expire(5)];
    expect(turns.map((turn) => turn.filter((command) => command.deviceId === deviceId).length)).toEqual([
      5, 2, 0,
    ]);
  });
});

test("the device of a command is found with what its profile declares", async () => {
  expect(await commands.findTarget(database, "locker-0")).toMatchObject({
    name: "locker-0",
    state: "active",
    commands: [open],
  });
  expect(await commands.findTarget(database, "none")).toBeNull();
});
