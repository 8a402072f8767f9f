import { ruleSchema } from "@waremind/contract";
import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { openTestDatabase } from "../../../tests/support/database.ts";
import { wholeProfile } from "../../../tests/support/profile.ts";
import { createDevices, type Device } from "../devices/index.ts";
import { createBus } from "../platform/bus.ts";
import { manualClock } from "../platform/clock.ts";
import { type Database, tablesOf } from "../platform/database.ts";
import { createJobs, type Jobs } from "../platform/jobs.ts";
import { silentLog } from "../platform/log.ts";
import { createTelemetry, type Telemetry } from "../telemetry/index.ts";
import { createAlarmRules } from "./alarm-rules.ts";
import type { IntakeSink } from "./intake-sink.ts";
import { createRuleReevaluation } from "./reevaluate-rules.ts";
import { tailReadingsMax } from "./rule-recall.ts";
import { createIntake } from "./take-in-readings.ts";

const startAt = 1_790_000_000_000;
const clock = manualClock(startAt + 10 * 86_400_000);
const warm = ruleSchema.parse({
  ...{ kind: "threshold", id: "warm", key: "t", above: 8, below: null, forSeconds: 0, severity: "warning" },
  name: { en: "Too warm", zh: "温度过高" },
});
const profile = wholeProfile({
  ...{ id: "logger", nameEn: "Logger", nameZh: "记录仪", expectedIntervalSeconds: 60, alarmRules: [warm] },
  keys: [{ key: "t", type: "number", unit: "Cel", min: null, max: null, decimals: null }],
});

let database: Database;
let telemetry: Telemetry;
let jobs: Jobs;
let device: Device;
let made = 0;
let openAnother: () => IntakeSink;
let intake: IntakeSink;
beforeAll(async () => {
  database = await openTestDatabase();
  telemetry = createTelemetry({ database, clock });
  const devices = createDevices({ database, clock });
  await database.transaction((connection) => devices.createProfile(connection, profile));
  jobs = createJobs({ database, clock, log: silentLog });
  const shared = { database, devices, telemetry, bus: createBus(), clock, log: silentLog };
  const { note } = createRuleReevaluation({ ...shared, jobs });
  openAnother = () =>
    createIntake({ ...shared, followers: [createAlarmRules({ ...shared, reevaluate: note })] });
});
beforeEach(async () => {
  made += 1;
  const devices = createDevices({ database, clock });
  device = await database.transaction((connection) =>
    devices.createDevice(connection, { name: `logger-${made}`, label: "", profileId: "logger" }),
  );
  intake = openAnother();
});
afterAll(async () => {
  await jobs.stop();
  await database.close();
});

/** Temperatures `[second, value]`. */
async function send(...readings: readonly (readonly [number, number])[]): Promise<void> {
  await intake.append({
    ...{
      identity: { device, profile },
      transport: "mqtt",
      receivedAt: clock.now(),
      payload: Buffer.from("{}"),
    },
    points: readings.map(([second, number]) => ({
      ...{ key: "t", observedAt: startAt + second * 1_000, value: { type: "number" as const, number } },
    })),
  });
}

async function alarms() {
  const all = await telemetry.alarms({ subjectId: String(device.id), limit: 99 });
  return all
    .filter(({ withdrawnAt }) => withdrawnAt === null)
    .map(({ beganAt, endedAt, isBeingReevaluated }) => [
      (beganAt - startAt) / 1_000,
      endedAt === null ? null : (endedAt - startAt) / 1_000,
      isBeingReevaluated,
    ])
    .reverse();
}

/** So many readings of 5 °C, one a second from second 1000 on, stored as by another process before this one began. */
async function store(count: number): Promise<void> {
  const [series] = await telemetry.seriesOfDevices([device.id]);
  await sql`
    insert into reading (series_id, observed_at, sequence, received_at, number)
    select ${series?.id}::int4, ${startAt}::int8 + at * 1000, 0, ${clock.now()}::int8, 5
    from generate_series(1000, ${999 + count}::int8) as at`.execute(tablesOf(database));
}

async function runJobs(): Promise<void> {
  clock.advance(2_000);
  await jobs.runDue();
}

test("what is too much for the intake is judged by a job, and the list says so meanwhile", async () => {
  await send([0, 9], [1, 5], [2, 9]);
  await store(tailReadingsMax + 500);
  await intake.stop();
  intake = openAnother();
  const lastSecond = 1_000 + tailReadingsMax + 500;
  await send([lastSecond, 12]);
  expect((await alarms()).at(-1)?.[2]).toBe(true);
  await runJobs();
  expect(await alarms()).toEqual([
    [0, 1, false],
    [2, 1_000, false],
    [lastSecond, null, false],
  ]);
});

test("a reading before a long tail is left to the job; what comes in order is judged at once, before and after it", async () => {
  await send([0, 5]);
  await store(tailReadingsMax + 500);
  await intake.stop();
  intake = openAnother();
  const after = 1_000 + tailReadingsMax + 500;
  await send([after, 5]);
  await runJobs();
  await send([10, 20]);
  await send([after + 1, 20]);
  expect((await alarms()).at(-1)).toEqual([after + 1, null, true]);
  await runJobs();
  expect(await alarms()).toEqual([
    [10, 1_000, false],
    [after + 1, null, false],
  ]);
  await send([after + 2, 5]);
  expect((await alarms()).at(-1)).toEqual([after + 1, after + 2, false]);
});
