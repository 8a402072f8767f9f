import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestDatabase } from "../../../tests/support/database.ts";
import { manualClock } from "../platform/clock.ts";
import { type Connection, type Database, tablesOf } from "../platform/database.ts";
import { removeForgotten } from "./forget-device.ts";
import { createTelemetry, seriesGaps, type Telemetry } from "./index.ts";

const startAt = 1_790_000_000_000;
const minuteMs = 60_000;
const clock = manualClock(startAt);
const tables = ["reading", "rollup", "rollup_late", "series_gap", "latest"] as const;
const none = tables.map(() => 0);

let database: Database;
let telemetry: Telemetry;
beforeAll(async () => {
  database = await openTestDatabase();
  telemetry = createTelemetry({ database, clock });
  await sql`insert into profile (id, name_en, name_zh, keys, expected_interval_seconds, created_at)
    values ('p', 'P', 'P', '[]', 60, 0)`.execute(tablesOf(database));
});
afterAll(() => database.close());

async function aDevice(name: string): Promise<{ deviceId: number; seriesIds: number[] }> {
  const { rows } = await sql<{
    id: number;
  }>`insert into device (name, profile_id, created_at) values (${name}, 'p', 0)
    returning id`.execute(tablesOf(database));
  const deviceId = rows[0]?.id ?? 0;
  const series = await telemetry.ensureSeries(
    ["one", "two"].map((key) => ({ deviceId, key, valueType: "number", unit: null })),
  );
  return { deviceId, seriesIds: series.map(({ id }) => id) };
}

/** A reading a minute, long past, so that every hour is late. */
async function measure(seriesId: number, count: number, from = startAt - 100 * 86_400_000): Promise<void> {
  for (let first = 0; first < count; first += 5_000) {
    const readings = Array.from({ length: Math.min(5_000, count - first) }, (_, index) => ({
      seriesId,
      observedAt: from + (first + index) * minuteMs,
      receivedAt: startAt,
      value: { type: "number", number: index } as const,
    }));
    await database.transaction((connection) => telemetry.storeReadings(connection, readings));
  }
}

async function rowsOf(seriesIds: readonly number[]): Promise<number[]> {
  const counts: number[] = [];
  for (const table of tables) {
    const { rows } = await sql<{ count: number }>`select count(*)::int as count from ${sql.table(table)}
      where series_id in (${sql.join(seriesIds)})`.execute(tablesOf(database));
    counts.push(rows[0]?.count ?? -1);
  }
  return counts;
}

async function removalsNoted(): Promise<number> {
  const { rows } = await sql<{ count: number }>`select count(*)::int as count from series_removal`.execute(
    tablesOf(database),
  );
  return rows[0]?.count ?? -1;
}

async function deleteDevice(connection: Connection, deviceId: number): Promise<number> {
  const count = await telemetry.forgetDevice(connection, deviceId);
  await sql`delete from device where id = ${deviceId}`.execute(tablesOf(connection));
  return count;
}

test("a device leaves at once, and everything it measured bit by bit, whatever comes in meanwhile", async () => {
  const gone = await aDevice("gone");
  const stays = await aDevice("stays");
  const [first = 0, second = 0] = gone.seriesIds;
  await measure(first, 12_000);
  await measure(second, 60);
  await measure(stays.seriesIds[0] ?? 0, 60);
  await measure(second, 1, startAt - 50 * 86_400_000);
  const run = { seriesId: second, longestMs: 60_000, from: startAt - 50 * 86_400_000 };
  await seriesGaps.correct(database, [{ ...run, to: run.from }]);
  expect(await rowsOf([second])).toEqual([61, 60, 3, 1, 1]);
  const kept = await rowsOf(stays.seriesIds);

  expect(await database.transaction((connection) => deleteDevice(connection, gone.deviceId))).toBe(2);
  expect(await telemetry.findSeries(gone.deviceId, "one")).toBeNull();
  expect(await telemetry.seriesById(first)).toBeNull();

  // One statement a run, as if each were interrupted: each deletes at most ten thousand rows, and the next goes on.
  expect(await removeForgotten(database, clock, 1)).toEqual({ rows: 10_000, isDone: false });
  expect((await rowsOf([first, second]))[0]).toBe(2_061);
  expect((await telemetry.removeForgotten()).isDone).toBe(true);
  expect(await rowsOf([first, second])).toEqual(none);

  // A batch that was on its way still knew the series.
  await measure(second, 3, startAt);
  clock.advance(10 * minuteMs);
  expect(await telemetry.removeForgotten()).toEqual({ rows: 6, isDone: true });
  expect(await rowsOf([first, second])).toEqual(none);
  expect(await removalsNoted()).toBe(0);
  expect(await rowsOf(stays.seriesIds)).toEqual(kept);
});

test("its open alarms end with it", async () => {
  const { deviceId, seriesIds } = await aDevice("alarming");
  await database.transaction((connection) =>
    telemetry.raiseAlarm(connection, {
      ...{ kind: "absence", severity: "warning", subjectKind: "device", subjectId: String(deviceId) },
      ...{ subjectLabel: "alarming", deviceId, seriesId: seriesIds[0] ?? null, beganAt: startAt },
      ...{ value: null, unit: null, messageEn: "silent", messageZh: "无声" },
    }),
  );
  await database.transaction((connection) => deleteDevice(connection, deviceId));
  const alarms = await telemetry.alarms({ subjectKind: "device", subjectId: String(deviceId), limit: 10 });
  expect(alarms).toMatchObject([{ endedAt: clock.now() }]);
});

test("a device that is not deleted after all keeps everything", async () => {
  const { deviceId, seriesIds } = await aDevice("stays after all");
  await measure(seriesIds[0] ?? 0, 10);
  const before = await rowsOf(seriesIds);
  const failing = database.transaction(async (connection) => {
    await deleteDevice(connection, deviceId);
    throw new Error("no");
  });
  await expect(failing).rejects.toThrow("no");
  await telemetry.removeForgotten();
  expect(await rowsOf(seriesIds)).toEqual(before);
  expect((await telemetry.findSeries(deviceId, "one"))?.id).toBe(seriesIds[0]);
});
