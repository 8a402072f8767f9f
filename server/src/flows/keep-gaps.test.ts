import type { Point } from "@waremind/contract";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { openTestDatabase } from "../../../tests/support/database.ts";
import { wholeProfile } from "../../../tests/support/profile.ts";
import { createDevices, type DeviceIdentity } from "../devices/index.ts";
import { createBus } from "../platform/bus.ts";
import { manualClock } from "../platform/clock.ts";
import type { Database } from "../platform/database.ts";
import { silentLog } from "../platform/log.ts";
import { createTelemetry, type SeriesGaps, seriesGaps, type Telemetry } from "../telemetry/index.ts";
import type { IntakeFollower, IntakeSink } from "./intake-sink.ts";
import { createGapFollower } from "./keep-gaps.ts";
import { createIntake } from "./take-in-readings.ts";

const startAt = 1_790_000_000_000;
const minuteMs = 60_000;
const clock = manualClock(startAt + 30 * 3_600_000);
/** Three minutes of silence are none yet, a moment more is a gap. */
const profile = wholeProfile({
  ...{ id: "logger", nameEn: "Logger", nameZh: "记录仪", expectedIntervalSeconds: 60 },
  keys: [{ key: "t", type: "number", unit: "Cel", min: null, max: null, decimals: null }],
});

let database: Database;
let telemetry: Telemetry;
let devices: ReturnType<typeof createDevices>;
let identity: DeviceIdentity;
let intake: IntakeSink;
let corrections: number;
let made = 0;
beforeAll(async () => {
  database = await openTestDatabase();
  devices = createDevices({ database, clock });
  telemetry = createTelemetry({ database, clock });
  await database.transaction((connection) => devices.createProfile(connection, profile));
});
beforeEach(async () => {
  made += 1;
  const device = await database.transaction((connection) =>
    devices.createDevice(connection, { name: `logger-${made}`, label: "", profileId: "logger" }),
  );
  identity = { device, profile };
  corrections = 0;
  intake = anIntake();
});
afterAll(() => database.close());

/** Counts how often the store is asked to correct anything. */
const countingGaps: SeriesGaps = {
  ...seriesGaps,
  correct: (connection, runs) => {
    corrections += 1;
    return seriesGaps.correct(connection, runs);
  },
};

function anIntake(others: readonly IntakeFollower[] = []): IntakeSink {
  const followers = [createGapFollower({ gaps: countingGaps }), ...others];
  return createIntake({ database, devices, telemetry, followers, bus: createBus(), clock, log: silentLog });
}

async function send(minutes: readonly number[], to = intake): Promise<void> {
  const points = minutes.map((minute): Point => {
    const observedAt = startAt + minute * minuteMs;
    return { key: "t", value: { type: "number", number: minute }, observedAt };
  });
  const receivedAt = clock.now();
  await to.append({ identity, transport: "mqtt", points, receivedAt, payload: new Uint8Array() });
}

async function recorded(from = 0, to = 1_000_000, limit = 100): Promise<(readonly [number, number])[]> {
  const series = await telemetry.findSeries(identity.device.id, "t");
  const range = { from: startAt + from * minuteMs, to: startAt + to * minuteMs, limit };
  const gaps = await seriesGaps.within(database, series?.id ?? 0, range);
  return gaps.map((gap) => [(gap.from - startAt) / minuteMs, (gap.to - startAt) / minuteMs]);
}

test("a silence of more than three intervals is recorded, one of three is not", async () => {
  await send([0, 3]);
  await send([6]);
  await send([9.01, 10]);
  expect(await recorded()).toEqual([[6, 9.01]]);
});

test("readings that go on as expected cost no statement", async () => {
  await send([0, 1, 2]);
  expect(corrections).toBe(1);
  await send([3, 4, 4]);
  await send([5]);
  expect(corrections).toBe(1);
});

test("a late reading splits a gap, shortens it, and closes it", async () => {
  await send([0, 20]);
  expect(await recorded()).toEqual([[0, 20]]);
  await send([10]);
  expect(await recorded()).toEqual([
    [0, 10],
    [10, 20],
  ]);
  await send([2]);
  expect(await recorded()).toEqual([
    [2, 10],
    [10, 20],
  ]);
  await send([8, 4, 6]);
  expect(await recorded()).toEqual([[10, 20]]);
  await send([12, 16, 14, 19]);
  expect(await recorded()).toEqual([]);
});

test("a backlog from before the first reading brings its own gaps", async () => {
  await send([100, 101]);
  await send([0, 1, 50]);
  expect(await recorded()).toEqual([
    [1, 50],
    [50, 100],
  ]);
});

test("after a restart the newest reading is found in the store", async () => {
  await send([0, 1]);
  await send([30], anIntake());
  expect(await recorded()).toEqual([[1, 30]]);
});

test("what a failed transaction took in is forgotten", async () => {
  let mustFail = false;
  const failing: IntakeFollower = {
    follow: () => (mustFail ? Promise.reject(new Error("no")) : Promise.resolve([])),
  };
  const fragile = anIntake([failing]);
  await send([0], fragile);
  mustFail = true;
  // Stored without its followers, so nothing was recorded.
  await send([1], fragile);
  mustFail = false;
  await send([4.5], fragile);
  expect(await recorded()).toEqual([[1, 4.5]]);
});

test("only gaps that overlap the span are answered, the newest where there are too many", async () => {
  await send([0, 10, 20, 30]);
  expect(await recorded(12, 15)).toEqual([[10, 20]]);
  expect(await recorded(10, 20)).toEqual([[10, 20]]);
  expect(await recorded(5, 25)).toHaveLength(3);
  expect(await recorded(0, 30, 2)).toEqual([
    [10, 20],
    [20, 30],
  ]);
});
