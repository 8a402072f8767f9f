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
let series = 0;
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
  series = await aSeries();
});
afterAll(() => database.close());

async function aSeries(): Promise<number> {
  made += 1;
  const [one] = await telemetry.ensureSeries([
    { deviceId: 1, key: `key-${made}`, valueType: "number", unit: null },
  ]);
  return one?.id ?? 0;
}

const aNumber = (observedAt: number, number: number): Reading => ({
  seriesId: series,
  observedAt,
  receivedAt: clock.now(),
  value: { type: "number", number },
});
const store = (readings: readonly Reading[]) =>
  database.transaction((connection) => telemetry.storeReadings(connection, readings));

interface Row {
  readonly beginsAt: number;
  readonly count: number;
  readonly min: number;
  readonly max: number;
  readonly sum: number;
  readonly last: number;
  readonly lastAt: number;
}

async function rollups(spanMs: number): Promise<Row[]> {
  const spans =
    spanMs === minuteMs ? sql`rollup_minute` : sql`(select * from rollup where span_ms = ${sql.lit(spanMs)})`;
  const { rows } = await sql<Row>`
    select begins_at, count, min, max, sum, last, last_at from ${spans} as span
    where series_id = ${series} order by begins_at`.execute(tablesOf(database));
  return rows;
}

/** What the rollups must be, from the readings themselves. */
async function expected(spanMs: number): Promise<Row[]> {
  const { rows } = await sql<Row>`
    select observed_at / ${sql.lit(spanMs)} * ${sql.lit(spanMs)} as begins_at, count(*)::int as count, min(number) as min,
      max(number) as max, sum(number) as sum, max(observed_at) as last_at,
      (array_agg(number order by observed_at desc, sequence desc))[1] as last
    from reading where series_id = ${series} group by 1 order by 1`.execute(tablesOf(database));
  return rows;
}

/** What the buckets of a curve must be, from the readings themselves. */
async function bucketsFromReadings(
  span: { readonly from: number; readonly to: number },
  curve: Awaited<ReturnType<Telemetry["curve"]>>,
): Promise<unknown[]> {
  const [begin = []] = curve.buckets ?? [];
  const [origin = 0] = begin;
  const width = curve.bucketMs ?? 0;
  const { rows } = await sql<Row>`
    select (observed_at - ${origin}::int8) / ${width}::int8 * ${width}::int8 + ${origin}::int8 as begins_at,
      min(number), max(number), (array_agg(number order by observed_at desc, sequence desc))[1] as last,
      count(*)::int as count
    from reading where series_id = ${series} and observed_at between ${span.from} and ${span.to}
    group by 1 order by 1`.execute(tablesOf(database));
  return rows.map(({ beginsAt, min, max, last, count }) => [beginsAt, min, max, last, count]);
}

// Whole numbers, so that a sum does not depend on its order.
const arrivals = fc.array(
  fc.record({ at: fc.integer({ min: 0, max: 50 * 60 }), value: fc.integer({ min: -9, max: 9 }) }),
  { minLength: 1, maxLength: 60 },
);

describe("rollups", () => {
  test("are what the readings say, in whatever order, with whatever repetition and cut they arrive", async () => {
    await fc.assert(
      fc.asyncProperty(arrivals, fc.integer({ min: 1, max: 20 }), async (list, cut) => {
        series = await aSeries();
        clock = manualClock(startAt);
        await sql`update rollup_progress set until_at = ${startAt}`.execute(tablesOf(database));
        telemetry = createTelemetry({ database, clock });
        const readings = list.map(({ at, value }) => aNumber(startAt + at * minuteMs * 1.5, value));
        for (let from = 0; from < readings.length; from += cut) {
          // Hours and days are made while readings still come in for them.
          clock.advance(13 * hourMs);
          await store(readings.slice(from, from + cut));
          if (from % 2 === 0) await telemetry.rollUp();
          const stored = (await expected(minuteMs)).reduce((total, row) => total + row.count, 0);
          for (const points of [3, 60]) {
            const whole = { from: startAt, to: startAt + 4 * dayMs, points };
            expect((await telemetry.curve(series, whole)).rawCount).toBe(stored);
          }
        }
        await store(readings);
        clock.advance(5 * dayMs);
        await telemetry.rollUp();
        for (const spanMs of [minuteMs, hourMs, dayMs]) {
          expect(await rollups(spanMs)).toEqual(await expected(spanMs));
        }
      }),
      { numRuns: 15, seed: 20_261_122 },
    );
  });

  test("stay right when the series of a batch are in different minutes: new, going on, later and late ones", async () => {
    const mixed = fc.array(
      fc.record({
        of: fc.integer({ min: 0, max: 4 }),
        at: fc.integer({ min: 0, max: 3 * minuteMs }),
        value: fc.integer({ min: -9, max: 9 }),
      }),
      { minLength: 10, maxLength: 80 },
    );
    await fc.assert(
      fc.asyncProperty(mixed, fc.integer({ min: 3, max: 12 }), async (list, cut) => {
        const ids = [await aSeries(), await aSeries(), await aSeries(), await aSeries(), await aSeries()];
        const readings = list.map(({ of, at, value }) => ({
          ...aNumber(startAt + at, value),
          seriesId: ids[of] ?? 0,
        }));
        for (let from = 0; from < readings.length; from += cut) await store(readings.slice(from, from + cut));
        await store(readings);
        for (const id of ids) {
          series = id;
          const whole = { from: startAt, to: startAt + 3 * minuteMs, points: 5_000 };
          const { points } = await telemetry.curve(series, whole);
          const latest = (await telemetry.latest([id])).get(id);
          expect([
            latest?.observedAt,
            latest?.value.type === "number" ? latest.value.number : undefined,
          ]).toEqual(points.at(-1) ?? [undefined, undefined]);
          expect(await rollups(minuteMs)).toEqual(await expected(minuteMs));
        }
      }),
      { numRuns: 15, seed: 20_261_122 },
    );
  });

  test("lose nothing to two processes that store for the same series at once", async () => {
    const others = await aSeries();
    const both = [series, others];
    const list = Array.from({ length: 60 }, (_, index) => index);
    const written = [0, 1].map(async (writer) => {
      for (const index of list) {
        const readings = both.map((seriesId) => ({
          ...aNumber(startAt + index * 20_000 + writer, index % 7),
          seriesId,
        }));
        await store(readings);
      }
    });
    await Promise.all(written);
    for (series of both) expect(await rollups(minuteMs)).toEqual(await expected(minuteMs));
  });

  test("of hours are made only when they are over, and again for a reading that came a week late", async () => {
    await store([aNumber(startAt + 1, 5), aNumber(startAt + hourMs, 7)]);
    clock.advance(hourMs);
    expect(await telemetry.rollUp()).toEqual({ hours: 0, late: 0 });
    expect(await rollups(hourMs)).toEqual([]);
    clock.advance(2 * hourMs);
    expect(await telemetry.rollUp()).toEqual({ hours: 1, late: 0 });
    expect(await rollups(hourMs)).toMatchObject([{ beginsAt: startAt, count: 1, last: 5 }]);
    clock.advance(7 * dayMs);
    await telemetry.rollUp();
    await store([aNumber(startAt + 2, -3)]);
    expect(await telemetry.rollUp()).toEqual({ hours: 0, late: 1 });
    expect(await rollups(hourMs)).toEqual(await expected(hourMs));
    expect(await rollups(dayMs)).toMatchObject([{ count: 3, min: -3, max: 7, last: 7 }]);
  });

  test("a transaction that fails leaves none", async () => {
    const failing = database.transaction(async (connection) => {
      await telemetry.storeReadings(connection, [aNumber(startAt, 1)]);
      throw new Error("no");
    });
    await expect(failing).rejects.toThrow("no");
    expect(await rollups(minuteMs)).toEqual([]);
  });

  test("the largest doubles do not stop the intake; only their sum is not known", async () => {
    await store([aNumber(startAt, Number.MAX_VALUE)]);
    await store([aNumber(startAt + 1, Number.MAX_VALUE), aNumber(startAt + 2, 1)]);
    expect(await rollups(minuteMs)).toMatchObject([
      { count: 3, max: Number.MAX_VALUE, min: 1, sum: Number.NaN },
    ]);
    clock.advance(3 * dayMs);
    await telemetry.rollUp();
    expect(await rollups(dayMs)).toMatchObject([{ count: 3, sum: Number.NaN }]);
  });

  test("a number with its digits is part of them, text is not", async () => {
    const exact: Reading = {
      ...aNumber(startAt, 0),
      value: { type: "number", number: 2 ** 63, literal: "9223372036854775808" },
    };
    await store([exact, { ...aNumber(startAt, 0), value: { type: "text", text: "7" } }]);
    expect(await rollups(minuteMs)).toMatchObject([{ count: 1, max: 2 ** 63 }]);
    // Plain numbers go another way; the hour is made of all of them.
    await store([aNumber(startAt + 1, 1), aNumber(startAt + 2, 3)]);
    await store([
      { ...exact, observedAt: startAt + 3, value: { type: "number", number: 5, literal: "5.0" } },
    ]);
    await store([aNumber(startAt + 4, 2)]);
    clock.advance(3 * hourMs);
    await telemetry.rollUp();
    expect(await rollups(hourMs)).toMatchObject([
      { count: 5, min: 1, max: 2 ** 63, last: 2, lastAt: startAt + 4 },
    ]);
  });
});

describe("a curve of many readings", () => {
  test("counts exactly and keeps every extreme, over minutes, hours and days, with ends within a minute", async () => {
    const everyMs = 20_000;
    const count = 15_000;
    const spikes = [3, 7_001, 14_990];
    for (let from = 0; from < count; from += 5_000) {
      await store(
        Array.from({ length: 5_000 }, (_, index) =>
          aNumber(
            startAt + (from + index) * everyMs,
            spikes.includes(from + index) ? 500 : (from + index) % 10,
          ),
        ),
      );
    }
    clock.advance(3 * dayMs);
    await telemetry.rollUp();
    const span = { from: startAt + 2 * everyMs, to: startAt + (count - 5) * everyMs };
    // Days are served by days as far as they are made, and by minutes after them.
    for (const points of [12, 100, 1_000]) {
      const curve = await telemetry.curve(series, { ...span, points });
      expect(curve.rawCount).toBe(count - 6);
      expect(curve.points.length).toBeLessThanOrEqual(points);
      expect(curve.points.at(-1)?.[0]).toBe(span.to);
      expect(curve.buckets).toEqual(await bucketsFromReadings(span, curve));
      for (const spike of spikes) {
        const at = startAt + spike * everyMs;
        const near = curve.points.filter((point) => Math.abs(point[0] - at) <= (curve.bucketMs ?? 0));
        expect(near.map((point) => point[1])).toContain(500);
      }
    }
  });
});

describe("a curve while hours wait to be made", () => {
  const everyMs = 30_000;
  const count = 12_000;
  const numberAt = (index: number) => (index % 5_003 === 17 ? 500 : index % 10);
  const storeAll = async (telemetryOf: Telemetry, store: Database, seriesId: number, from: number) => {
    for (let index = 0; index < count; index += 4_000) {
      const readings = Array.from({ length: 4_000 }, (_, offset) => ({
        ...aNumber(from + (index + offset) * everyMs, numberAt(index + offset)),
        seriesId,
      }));
      await store.transaction((connection) => telemetryOf.storeReadings(connection, readings));
    }
  };
  const spikes = Array.from({ length: count }, (_, index) => index).filter(
    (index) => numberAt(index) === 500,
  );

  test("is whole though all of it came late, some of it beside hours that were made before", async () => {
    await store([aNumber(startAt + 90 * minuteMs + 1, -1), aNumber(startAt + 30 * hourMs + 1, -1)]);
    clock.advance(10 * dayMs);
    await telemetry.rollUp();
    await storeAll(telemetry, database, series, startAt);
    const span = { from: startAt + 1, to: startAt + (count - 2) * everyMs };
    for (const points of [9, 60, 1_000]) {
      const before = await telemetry.curve(series, { ...span, points });
      expect(before.rawCount).toBe(count);
      for (const spike of spikes) {
        const at = startAt + spike * everyMs;
        const near = before.points.filter((point) => Math.abs(point[0] - at) <= (before.bucketMs ?? 0));
        expect(near.map((point) => point[1])).toContain(500);
      }
    }
    const waiting = await telemetry.curve(series, { ...span, points: 60 });
    await telemetry.rollUp();
    expect(await telemetry.curve(series, { ...span, points: 60 })).toEqual(waiting);
  });

  test("is whole in a new store whose own clock is ahead, before and after the first run of the job", async () => {
    const fresh = await openTestDatabase();
    try {
      const behind = manualClock(startAt - 3_000 * dayMs);
      const own = createTelemetry({ database: fresh, clock: behind });
      await sql`insert into profile (id, name_en, name_zh, keys, expected_interval_seconds, created_at)
        values ('p', 'P', 'P', '[]', 60, 0)`.execute(tablesOf(fresh));
      await sql`insert into device (name, profile_id, created_at) values ('d', 'p', 0)`.execute(
        tablesOf(fresh),
      );
      const [one] = await own.ensureSeries([{ deviceId: 1, key: "t", valueType: "number", unit: null }]);
      const from = behind.now() - count * everyMs;
      await storeAll(own, fresh, one?.id ?? 0, from);
      for (const days of [0, 0, 1, 2]) {
        const { rawCount } = await own.curve(one?.id ?? 0, { from, to: behind.now(), points: 30 });
        expect(rawCount).toBe(count);
        behind.advance(days * dayMs);
        await own.rollUp();
      }
      const { rows } = await sql<{ spanMs: number; count: number }>`
        select span_ms, sum(count)::int as count from (
          select 60000 as span_ms, count from rollup_minute
          union all select span_ms, count from rollup where span_ms > 60000) as span
        group by 1 order by 1`.execute(tablesOf(fresh));
      expect(rows.map((row) => row.count)).toEqual([count, count, count]);
    } finally {
      await fresh.close();
    }
  });
});

describe("a curve of fewer readings", () => {
  test("has no buckets while every reading is answered, and true ones when some are left out", async () => {
    const readings = Array.from({ length: 900 }, (_, index) =>
      // Ten minutes of silence after the five hundredth.
      aNumber(startAt + index * 10_000 + (index > 500 ? 600_000 : 0), (index * 7) % 13),
    );
    await store(readings);
    const span = { from: startAt, to: startAt + hourMs * 4 };
    const whole = await telemetry.curve(series, { ...span, points: 900 });
    expect(whole.points).toHaveLength(900);
    expect([whole.bucketMs, whole.buckets]).toEqual([undefined, undefined]);
    const some = await telemetry.curve(series, { ...span, points: 300 });
    expect(some.points).toHaveLength(300);
    expect(some.rawCount).toBe(900);
    expect(some.buckets?.length).toBeGreaterThan(200);
    expect(some.buckets?.length).toBeLessThanOrEqual(300);
    expect(some.buckets).toEqual(await bucketsFromReadings(span, some));
  });
});
