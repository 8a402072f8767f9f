import { type AlarmRule, type Backtest, ruleSchema } from "@waremind/contract";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { openTestDatabase } from "../../../tests/support/database.ts";
import { wholeProfile } from "../../../tests/support/profile.ts";
import { createDevices } from "../devices/index.ts";
import { manualClock } from "../platform/clock.ts";
import { type Database, tablesOf } from "../platform/database.ts";
import { silentLog } from "../platform/log.ts";
import { createTelemetry } from "../telemetry/index.ts";
import { type Backtests, createBacktests } from "./backtest-rules.ts";

const dayMs = 86_400_000;
const now = Date.UTC(2026, 10, 1);
const clock = manualClock(now);
const warm: AlarmRule = ruleSchema.parse({
  ...{
    kind: "threshold",
    id: "warm",
    key: "t",
    above: 30,
    below: null,
    forSeconds: 600,
    severity: "warning",
  },
  name: { en: "Too warm", zh: "温度过高" },
});

let database: Database;
let backtests: Backtests;
beforeAll(async () => {
  database = await openTestDatabase();
  const devices = createDevices({ database, clock });
  const telemetry = createTelemetry({ database, clock });
  await database.transaction(async (connection) => {
    await devices.createProfile(
      connection,
      wholeProfile({
        ...{ id: "logger", nameEn: "Logger", nameZh: "记录仪", expectedIntervalSeconds: 300 },
        keys: [{ key: "t", type: "number", unit: "Cel", min: null, max: null, decimals: null }],
      }),
    );
    for (let number = 1; number <= 3; number += 1)
      await devices.createDevice(connection, { name: `logger-${number}`, label: "", profileId: "logger" });
  });
  const all = await devices.listDevices();
  const series = await telemetry.ensureSeries(
    all.map(({ id }) => ({ deviceId: id, key: "t", valueType: "number" as const, unit: "Cel" })),
  );
  // A reading every five minutes of three days; too warm between two and three o'clock of each day, in the third one all day.
  await sql`
    insert into reading (series_id, observed_at, sequence, received_at, number)
    select series_id, at, 0, at, case when series_id = ${series[2]?.id} then 40
      when series_id = ${series[0]?.id} and (at / 3600000) % 24 = 2 then 35 else 20 end
    from unnest(${series.map(({ id }) => id)}::int4[]) as series (series_id)
    cross join generate_series(${now - 3 * dayMs}::int8, ${now - 1}::int8, 300000) as at`.execute(
    tablesOf(database),
  );
  backtests = createBacktests({ database, telemetry, devices, clock, log: silentLog });
});
afterAll(async () => {
  await backtests.stop();
  await database.close();
});

const ofProfile = { rule: warm, profileId: "logger", deviceName: null };

async function over(begun: Backtest): Promise<Backtest> {
  return vi.waitFor(() => {
    const found = backtests.find(begun.id);
    if (found === null || found.state === "running") throw new Error("It is still running.");
    return found;
  });
}

test("a backtest tells the spans of each device, how many and how long they were, and the noisiest first", async () => {
  const done = await over(await backtests.start({ ...ofProfile, days: 3 }));
  expect(done).toMatchObject({ state: "done", alarmCount: 4, devicesWithAlarms: 2 });
  expect(done.progress).toEqual({ devicesDone: 3, devices: 3, readings: 3 * 3 * 288 });
  expect(done.devices.map(({ deviceName, alarmCount }) => [deviceName, alarmCount])).toEqual([
    ["logger-1", 3],
    ["logger-3", 1],
  ]);
  expect(done.devices[0]?.alarmMinutes).toBe(3 * 60);
  expect(done.devices[0]?.spans[0]).toMatchObject({ value: 35, peak: 35 });
  expect(done.devices[1]?.spans[0]).toMatchObject({ beganAt: now - 3 * dayMs, endedAt: null });
});

test("it looks back so many days and no further, at one device if that is asked for", async () => {
  const done = await over(await backtests.start({ ...ofProfile, deviceName: "logger-1", days: 1 }));
  expect(done).toMatchObject({ alarmCount: 1, progress: { devices: 1, readings: 288 } });
});

test("one that is cancelled says so and keeps what it found until then", async () => {
  const begun = await backtests.start({ ...ofProfile, days: 3 });
  backtests.cancel(begun.id);
  expect(await over(begun)).toMatchObject({ state: "cancelled" });
});

test("a rule that cannot be judged, and a device that is not there, are told at once", async () => {
  const noLimit = { ...warm, above: null } as AlarmRule;
  await expect(backtests.start({ ...ofProfile, rule: noLimit, days: 1 })).rejects.toThrow("upper or a lower");
  await expect(backtests.start({ ...ofProfile, deviceName: "nobody", days: 1 })).rejects.toThrow("nobody");
  expect(() => backtests.cancel("bkt_none")).toThrow("There is no backtest");
});
