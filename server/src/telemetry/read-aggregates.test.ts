import type { Aggregate } from "@waremind/contract";
import fc from "fast-check";
import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openTestDatabase } from "../../../tests/support/database.ts";
import { manualClock } from "../platform/clock.ts";
import { type Database, tablesOf } from "../platform/database.ts";
import { createTelemetry, type Reading, type Telemetry } from "./index.ts";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
/** The beginning of a day, long after what the migration takes for present. */
const startAt = 2_000_000_000_000 - (2_000_000_000_000 % dayMs);

let clock = manualClock(startAt);
let database: Database;
let telemetry: Telemetry;
let made = 0;
beforeAll(async () => {
  database = await openTestDatabase();
  await sql`insert into profile (id, name_en, name_zh, keys, expected_interval_seconds, created_at)
    values ('p', 'P', 'P', '[]', 60, 0)`.execute(tablesOf(database));
  await sql`insert into device (name, profile_id, created_at) values ('d', 'p', 0)`.execute(
    tablesOf(database),
  );
});
beforeEach(async () => {
  clock = manualClock(startAt);
  telemetry = createTelemetry({ database, clock });
  await sql`update rollup_progress set until_at = ${startAt}`.execute(tablesOf(database));
});
afterAll(() => database.close());

async function aSeries(): Promise<number> {
  made += 1;
  const [one] = await telemetry.ensureSeries([
    { deviceId: 1, key: `key-${made}`, valueType: "number", unit: null },
  ]);
  return one?.id ?? 0;
}

const aNumber = (seriesId: number, observedAt: number, number: number): Reading => ({
  ...{ seriesId, observedAt, receivedAt: clock.now() },
  value: { type: "number", number },
});
const store = (readings: readonly Reading[]) =>
  database.transaction((connection) => telemetry.storeReadings(connection, readings));

/** What the answer must be, from the readings themselves. */
function expected(
  readings: readonly Reading[],
  seriesId: number,
  { from, to, spanMs }: { from: number; to: number; spanMs: number },
): Aggregate[] {
  const buckets = new Map<number, number[]>();
  for (const { observedAt, value, seriesId: of } of readings) {
    if (of !== seriesId || observedAt < from || observedAt > to || value.type !== "number") continue;
    const beginsAt = observedAt - (observedAt % spanMs);
    buckets.set(beginsAt, [...(buckets.get(beginsAt) ?? []), value.number]);
  }
  return [...buckets]
    .sort(([left], [right]) => left - right)
    .map(([beginsAt, all]) => [
      ...([beginsAt, all.length, Math.min(...all), Math.max(...all)] as const),
      all.reduce((sum, one) => sum + one, 0) / all.length,
    ]);
}

describe("aggregates", () => {
  test("are exact by minute, hour and day, before and after the hours are made, also for what comes late", async () => {
    const anOffset = fc.integer({ min: 0, max: 2 * dayMs - 1 });
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(anOffset, { minLength: 1, maxLength: 40 }),
        fc.uniqueArray(anOffset, { maxLength: 8 }),
        fc.tuple(anOffset, anOffset),
        fc.constantFrom(minuteMs, hourMs, dayMs),
        async (offsets, late, [one, other], spanMs) => {
          clock = manualClock(startAt);
          telemetry = createTelemetry({ database, clock });
          await sql`update rollup_progress set until_at = ${startAt}`.execute(tablesOf(database));
          const ids = [await aSeries(), await aSeries()];
          // Whole numbers, so that sums are the same in any order.
          const of = (all: readonly number[]) =>
            all.map((offset, at) => aNumber(ids[at % 2] ?? 0, startAt + offset, (offset % 97) - 40));
          const early = of(offsets);
          const span = { from: startAt + Math.min(one, other), to: startAt + Math.max(one, other), spanMs };
          const isExact = async (readings: readonly Reading[]) => {
            const answer = await telemetry.aggregates(ids, span);
            for (const id of ids) expect(answer.get(id)).toEqual(expected(readings, id, span));
          };
          // Two batches, so that the newest minute moves on.
          await store(early.slice(0, 20));
          await store(early.slice(20));
          await isExact(early);
          clock.advance(dayMs + 5 * hourMs);
          await telemetry.rollUp();
          await isExact(early);
          const all = [...early, ...of(late.filter((offset) => !offsets.includes(offset)))];
          await store(all.slice(early.length));
          await isExact(all);
          clock.advance(2 * dayMs);
          await telemetry.rollUp();
          await isExact(all);
        },
      ),
      { numRuns: 25, endOnFailure: true },
    );
  });

  test("answer in the order asked, and a series without readings has no buckets", async () => {
    const [first, second] = [await aSeries(), await aSeries()];
    await store([aNumber(first, startAt + 5, 4)]);
    const range = { from: startAt, to: startAt + hourMs - 1, spanMs: hourMs };
    const answer = await telemetry.aggregates([second, first, 2_000_000_000], range);
    expect([...answer]).toEqual([
      [second, []],
      [first, [[startAt, 1, 4, 4, 4]]],
      [2_000_000_000, []],
    ]);
    expect(await telemetry.aggregates([first], { ...range, to: startAt - 1 })).toEqual(
      new Map([[first, []]]),
    );
  });

  test("do not know a mean whose sum is beyond a double", async () => {
    const id = await aSeries();
    await store([aNumber(id, startAt + 1, 1.5e308), aNumber(id, startAt + 2, 1.5e308)]);
    for (const to of [startAt + 2, startAt + minuteMs - 1, startAt + hourMs - 1]) {
      for (const spanMs of [minuteMs, hourMs, dayMs]) {
        const answer = await telemetry.aggregates([id], { from: startAt, to, spanMs });
        expect(answer.get(id)).toEqual([[startAt, 2, 1.5e308, 1.5e308, null]]);
      }
    }
  });

  test("refuse more than one answer holds, and stretches of another length", async () => {
    const ask = (count: number, spanMs: number, ms: number) =>
      telemetry.aggregates(
        Array.from({ length: count }, (_, index) => index + 1_000_000_000),
        { from: startAt, to: startAt + ms, spanMs },
      );
    await expect(ask(1_001, hourMs, hourMs)).rejects.toMatchObject({ code: "invalid-input" });
    await expect(ask(1_000, hourMs, 201 * hourMs)).rejects.toMatchObject({ code: "invalid-input" });
    await expect(ask(1_000, dayMs, 201 * hourMs)).rejects.toMatchObject({ code: "invalid-input" });
    await expect(ask(1, 7 * minuteMs, hourMs)).rejects.toMatchObject({ code: "invalid-input" });
    // More than one statement.
    expect((await ask(1_000, hourMs, 7 * dayMs)).size).toBe(1_000);
  });
});
