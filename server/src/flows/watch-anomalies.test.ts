import type { LiveEvent } from "@waremind/contract";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openTestDatabase } from "../../../tests/support/database.ts";
import { wholeProfile } from "../../../tests/support/profile.ts";
import { createDevices, type DeviceIdentity } from "../devices/index.ts";
import { createGuard } from "../guard/index.ts";
import { createBus } from "../platform/bus.ts";
import { manualClock } from "../platform/clock.ts";
import type { Database } from "../platform/database.ts";
import { createJobs } from "../platform/jobs.ts";
import { silentLog } from "../platform/log.ts";
import { createTelemetry, type Telemetry } from "../telemetry/index.ts";
import { createAnomalyDesk } from "./anomaly-desk.ts";
import { createAnomalyWatches } from "./anomaly-watches.ts";
import type { IntakeFollower, IntakeSink } from "./intake-sink.ts";
import { createIntake } from "./take-in-readings.ts";
import { createAnomalyFollower, savedEveryMs } from "./watch-anomalies.ts";

const startAt = 1_790_000_000_000;
const stepMs = 600_000;
const dayMs = 86_400_000;
const historyDays = 8;
const by = { kind: "person" as const, userId: "u-1", name: "Ana", roles: ["owner"] };

let clock: ReturnType<typeof manualClock>;
let database: Database;
let telemetry: Telemetry;
let devices: ReturnType<typeof createDevices>;
let identity: DeviceIdentity;
let seriesId: number;
let events: LiveEvent[];
let process: ReturnType<typeof aProcess>;
let made = 0;
beforeAll(async () => {
  clock = manualClock(startAt);
  database = await openTestDatabase();
  devices = createDevices({ database, clock });
  telemetry = createTelemetry({ database, clock });
  const keys = [{ key: "temperature", type: "number", unit: "Cel", min: -60, max: 90, decimals: 1 }] as const;
  await database.transaction((connection) =>
    devices.createProfile(
      connection,
      wholeProfile({ id: "logger", nameEn: "Logger", nameZh: "记录仪", keys, expectedIntervalSeconds: 600 }),
    ),
  );
});
afterAll(() => database.close());
beforeEach(async () => {
  made += 1;
  clock.set(startAt);
  events = [];
  process = aProcess();
  const device = await database.transaction((connection) =>
    devices.createDevice(connection, { name: `logger-${made}`, label: "", profileId: "logger" }),
  );
  const found = await devices.identityOf(device.id);
  if (found === null) throw new Error("It is active.");
  identity = found;
  const [series] = await telemetry.ensureSeries([
    { deviceId: device.id, key: "temperature", valueType: "number", unit: "Cel" },
  ]);
  seriesId = series?.id ?? 0;
  await database.transaction(async (connection) => {
    const all = Array.from({ length: (historyDays * dayMs) / stepMs }, (_, index) => index);
    await telemetry.storeReadings(
      connection,
      all.map((index) => {
        const observedAt = startAt - historyDays * dayMs + index * stepMs;
        const value = { type: "number", number: usualAt(observedAt) } as const;
        return { seriesId, observedAt, receivedAt: startAt, value };
      }),
    );
  });
});

/** A day's course with a little noise that is the same in every run. */
function usualAt(at: number): number {
  const noise = (((at / stepMs) * 7_919) % 101) / 101 - 0.5;
  return Math.round((4 + Math.sin((2 * Math.PI * at) / dayMs) + 0.4 * noise) * 100) / 100;
}

/** Everything one process keeps in memory, over the one store. */
function aProcess(others: readonly IntakeFollower[] = []) {
  const bus = createBus();
  bus.subscribe((event) => events.push(event));
  const jobs = createJobs({ database, clock, log: silentLog, chance: () => 0 });
  const guard = createGuard({ database, clock, signingSecret: "a-secret-of-the-test" });
  const desk = createAnomalyDesk({ database, telemetry, jobs, guard, bus, clock });
  const watches = createAnomalyWatches({ telemetry, clock, bus });
  const followers = [createAnomalyFollower({ telemetry, watches, clock }), ...others];
  const intake = createIntake({ database, devices, telemetry, followers, bus, clock, log: silentLog });
  return { jobs, guard, desk, intake, watches };
}

/** One message of readings, `step` ten minutes each after the start. */
async function send(
  readings: readonly (readonly [step: number, value: number])[],
  to: IntakeSink = process.intake,
): Promise<void> {
  const last = Math.max(...readings.map(([step]) => step));
  clock.set(Math.max(clock.now(), startAt + last * stepMs));
  await to.append({
    ...{ identity, transport: "http", receivedAt: clock.now(), payload: new Uint8Array() },
    points: readings.map(([step, number]) => {
      return { key: "temperature", value: { type: "number", number }, observedAt: startAt + step * stepMs };
    }),
  });
}

const usual = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => {
    const step = from + index;
    return [step, usualAt(startAt + step * stepMs)] as const;
  });
const view = (of = process) => of.desk.view(seriesId, { from: 0, to: startAt + 1_000 * dayMs });
const stored = async () => (await telemetry.anomalies.findStates(database, [seriesId]))[0];

async function watch(of = process): Promise<void> {
  await of.desk.switchOn(seriesId, { sensitivity: "normal", by });
  await of.jobs.runDue();
}

describe("switching on", () => {
  test("learns from what is stored, and says meanwhile that it does", async () => {
    expect(await view()).toMatchObject({ state: "off", band: null, items: [], sensitivity: null });
    await process.desk.switchOn(seriesId, { sensitivity: "normal", by });
    expect(await view()).toMatchObject({ state: "reading-history", band: null, switchedOnBy: "Ana" });
    expect(await process.jobs.runDue()).toBe(1);
    const { state, learnedCount, band } = await view();
    expect([state, learnedCount]).toEqual(["watching", (historyDays * dayMs) / stepMs]);
    expect(band?.at).toBe(startAt - stepMs);
    expect([(band?.low ?? 9) < (band?.expected ?? 0), (band?.high ?? 0) > (band?.expected ?? 9)]).toEqual([
      true,
      true,
    ]);
    expect(events.filter(({ kind }) => kind === "anomalies-changed")).toHaveLength(2);
    expect((await process.guard.audit({ limit: 1 })).entries[0]).toMatchObject({
      ...{ kind: "anomaly-watch-on", body: { seriesId, key: "temperature", sensitivity: "normal" } },
    });
  });

  test("again only changes how sensitive it is", async () => {
    await watch();
    const before = await stored();
    await process.desk.switchOn(seriesId, { sensitivity: "high", by });
    expect(await process.jobs.runDue()).toBe(0);
    expect(await stored()).toEqual({ ...before, sensitivity: "high" });
  });

  test("takes numbers alone, and series that there are", async () => {
    const [text] = await telemetry.ensureSeries([
      { deviceId: identity.device.id, key: "note", valueType: "text", unit: null },
    ]);
    const on = (id: number) => process.desk.switchOn(id, { sensitivity: "low", by });
    await expect(on(text?.id ?? 0)).rejects.toMatchObject({ code: "invalid-input" });
    await expect(on(2_000_000_000)).rejects.toMatchObject({ code: "not-found" });
    await expect(process.desk.view(2_000_000_000, { from: 0, to: 1 })).rejects.toMatchObject({
      code: "not-found",
    });
  });

  test("of a series without readings begins with its first", async () => {
    const [empty] = await telemetry.ensureSeries([
      { deviceId: identity.device.id, key: "humidity", valueType: "number", unit: "%" },
    ]);
    const id = empty?.id ?? 0;
    await process.desk.switchOn(id, { sensitivity: "normal", by });
    await process.jobs.runDue();
    expect(await process.desk.view(id, { from: 0, to: 1 })).toMatchObject({ state: "learning", band: null });
  });
});

describe("what stands out", () => {
  test("is noted once with what was expected; delivered again nothing is", async () => {
    await watch();
    await send(usual(0, 6));
    expect((await view()).items).toEqual([]);
    await send([[6, 19]]);
    await send([[6, 19]]);
    const { items } = await view();
    expect(items).toHaveLength(1);
    expect(items[0]).toMatchObject({ observedAt: startAt + 6 * stepMs, value: 19, learnedAt: clock.now() });
    expect(items[0]?.score).toBeGreaterThanOrEqual(0.5);
    expect(items[0]?.high).toBeLessThan(19);
    expect(items[0]?.sentence.zh).not.toBe("");
    expect(events.at(-1)).not.toMatchObject({ kind: "alarm-changed" });
    expect(events).toContainEqual({ kind: "anomalies-changed", seriesId });
    expect(await telemetry.alarms({ limit: 10 })).toEqual([]);
  });

  test("is not looked for in readings that are late, and these change nothing", async () => {
    await watch();
    await send(usual(0, 6));
    const before = (await view()).band;
    await send([[-3.5, 60]]);
    expect(await view()).toMatchObject({ items: [], band: before });
  });

  test("is noted although its transaction failed at first, and what failed was not learnt", async () => {
    await watch();
    await send(usual(0, 6));
    let isFailing = true;
    const failing: IntakeFollower = {
      follow: () => (isFailing ? Promise.reject(new Error("not now")) : Promise.resolve([])),
    };
    const follower = createAnomalyFollower({ telemetry, watches: process.watches, clock });
    const reading = {
      ...{ seriesId, observedAt: startAt + 6 * stepMs, receivedAt: startAt, sequence: 0 },
      value: { type: "number", number: 19 } as const,
    };
    const once = async () => {
      const connections: Parameters<IntakeFollower["follow"]>[0][] = [];
      try {
        await database.transaction(async (connection) => {
          connections.push(connection);
          await telemetry.storeReadings(connection, [reading]);
          await follower.follow(connection, [reading]);
          await failing.follow(connection, [reading]);
        });
      } finally {
        for (const connection of connections) follower.settled?.(connection, !isFailing);
      }
    };
    await expect(once()).rejects.toThrow("not now");
    expect((await view()).items).toEqual([]);
    isFailing = false;
    await once();
    expect((await view()).items).toMatchObject([{ value: 19, observedAt: reading.observedAt }]);
  });
});

test("a process that starts, or takes over, goes on from what is stored and the readings since", async () => {
  await watch();
  const first = await stored();
  await send(usual(0, 3));
  const lastAt = startAt + 2 * stepMs;
  clock.set(lastAt + savedEveryMs - 1);
  await send([[2.05, usualAt(lastAt)]]);
  expect((await stored())?.judgedAt).toBe(first?.judgedAt);
  clock.set(lastAt + savedEveryMs);
  await send([[2.1, usualAt(lastAt)]]);
  expect((await stored())?.judgedAt).toBe(startAt + 2.1 * stepMs);
  await send([[2.11, usualAt(lastAt)]]);
  expect((await stored())?.judgedAt).toBe(startAt + 2.1 * stepMs);
  const count = (await view()).learnedCount;
  const next = aProcess();
  expect((await view(next)).learnedCount).toBe(count);
  await send([[3, 19]], next.intake);
  expect((await view(next)).items).toHaveLength(1);
  expect((await view(next)).learnedCount).toBe(count + 1);
  // The one before knows less; what it would write down is passed over.
  await telemetry.anomalies.saveStates(database, [
    { seriesId, switchedOnAt: first?.switchedOnAt ?? 0, state: "old", judgedAt: first?.judgedAt ?? 0 },
  ]);
  expect((await stored())?.state).not.toBe("old");
});

test("switched off nothing more is noted, what was noted stays, and on again everything is learnt anew", async () => {
  await watch();
  await send([[0, 19]]);
  await process.desk.switchOff(seriesId, { by });
  await process.desk.switchOff(seriesId, { by });
  await send(usual(1, 200));
  await send([[200, 30]]);
  expect(await view()).toMatchObject({ state: "off", items: [{ value: 19 }] });
  const kinds = (await process.guard.audit({ limit: 2 })).entries.map(({ kind }) => kind);
  expect(kinds).toEqual(["anomaly-watch-off", "anomaly-watch-on"]);
  clock.advance(1);
  await watch();
  expect((await view()).learnedCount).toBe((historyDays * dayMs) / stepMs + 201);
});

test("what came in while the history was read is judged with the next reading", async () => {
  await process.desk.switchOn(seriesId, { sensitivity: "normal", by });
  await send(usual(0, 2));
  clock.set(startAt);
  await process.jobs.runDue();
  expect((await stored())?.judgedAt).toBeLessThanOrEqual(startAt);
  await send(usual(2, 3));
  expect((await view()).learnedCount).toBe((historyDays * dayMs) / stepMs + 3);
});

test("series that are not watched cost no question to the store", async () => {
  await watch();
  await process.watches.present(database);
  expect(process.watches.isMaybeWatched(seriesId)).toBe(true);
  expect(process.watches.isMaybeWatched(seriesId + 100_000)).toBe(false);
  clock.advance(60_000);
  expect(process.watches.isMaybeWatched(seriesId + 100_000)).toBe(true);
});

test("a watch and what it noted leave with their device", async () => {
  await watch();
  await send([[0, 19]]);
  const count = async () => [
    (await telemetry.anomalies.findStates(database, [seriesId])).length,
    (await telemetry.anomalies.list(database, seriesId, { from: 0, to: clock.now(), limit: 10 })).length,
  ];
  expect(await count()).toEqual([1, 1]);
  await database.transaction((connection) => telemetry.forgetDevice(connection, identity.device.id));
  await telemetry.removeForgotten();
  expect(await count()).toEqual([0, 0]);
});
