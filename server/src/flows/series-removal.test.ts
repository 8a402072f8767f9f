import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestDatabase } from "../../../tests/support/database.ts";
import { manualClock } from "../platform/clock.ts";
import { type Database, tablesOf } from "../platform/database.ts";
import { createJobs, type Jobs } from "../platform/jobs.ts";
import { silentLog } from "../platform/log.ts";
import { createTelemetry, type Telemetry } from "../telemetry/index.ts";
import { createSeriesRemoval } from "./series-removal.ts";

const clock = manualClock(1_790_000_000_000);
let database: Database;
let telemetry: Telemetry;
beforeAll(async () => {
  database = await openTestDatabase();
  telemetry = createTelemetry({ database, clock });
});
afterAll(() => database.close());

const jobsWith = (replaced: Partial<Telemetry> = {}) => {
  const jobs = createJobs({ database, clock, log: silentLog, chance: () => 0 });
  return { jobs, removal: createSeriesRemoval({ jobs, telemetry: { ...telemetry, ...replaced } }) };
};
const count = async (table: string): Promise<number> => {
  const { rows } = await sql<{
    count: number;
  }>`select count(*)::int as count from ${sql.table(table)}`.execute(tablesOf(database));
  return rows[0]?.count ?? -1;
};
const onlyJob = async (jobs: Jobs) => (await jobs.list({ limit: 10 }))[0];

async function aForgottenDevice(): Promise<void> {
  const { rows } = await sql<{ id: number }>`
    with kind as (insert into profile (id, name_en, name_zh, keys, expected_interval_seconds, created_at)
      values ('p', 'P', 'P', '[]', 60, 0))
    insert into device (name, profile_id, created_at) values ('gone', 'p', 0) returning id`.execute(
    tablesOf(database),
  );
  const deviceId = rows[0]?.id ?? 0;
  const [series] = await telemetry.ensureSeries([{ deviceId, key: "one", valueType: "number", unit: null }]);
  const at = clock.now();
  await database.transaction((connection) =>
    telemetry.storeReadings(
      connection,
      [1, 2, 3].map((number) => ({
        ...{ seriesId: series?.id ?? 0, observedAt: at - number, receivedAt: at },
        value: { type: "number", number } as const,
      })),
    ),
  );
  const { removal } = jobsWith();
  await database.transaction(async (connection) => {
    await telemetry.forgetDevice(connection, deviceId);
    await removal.noted(connection);
    await sql`delete from device where id = ${deviceId}`.execute(tablesOf(connection));
  });
}

test("what a device measured goes although the first process failed, and its notes go once nothing is under way", async () => {
  await aForgottenDevice();
  expect(await count("reading")).toBe(3);
  // The process that the device was deleted in never came to it, and the next one found no store.
  const failing = jobsWith({ removeForgotten: () => Promise.reject(new Error("no store")) });
  expect(await failing.jobs.runDue()).toBe(1);
  expect(await onlyJob(failing.jobs)).toMatchObject({ state: "queued", lastError: "no store", attempts: 1 });

  clock.advance(60_000);
  const { jobs, removal } = jobsWith();
  expect(await jobs.runDue()).toBe(1);
  expect(await count("reading")).toBe(0);
  expect(await count("series_removal")).toBe(1);
  // Once more, when whatever was on its way has arrived.
  const waiting = await onlyJob(jobs);
  expect(waiting).toMatchObject({ state: "queued", attempts: 0 });
  expect(waiting?.progress?.done).toBeGreaterThanOrEqual(3);
  clock.set(waiting?.runAt ?? 0);
  expect(await jobs.runDue()).toBe(1);
  expect(await count("series_removal")).toBe(0);
  expect(await onlyJob(jobs)).toMatchObject({ state: "done" });

  // A start that finds nothing to remove is over at once.
  await removal.noted(null);
  expect(await jobs.runDue()).toBe(1);
  expect(await jobs.counts()).toMatchObject({ queued: 0, running: 0, done: 2 });
});
