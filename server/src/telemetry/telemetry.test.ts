import type { JsonValue, ReadingValue } from "@waremind/contract";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openTestDatabase } from "../../../tests/support/database.ts";
import { manualClock } from "../platform/clock.ts";
import { type Database, tablesOf } from "../platform/database.ts";
import {
  type AlarmRaise,
  createTelemetry,
  type Reading,
  type StoredReading,
  type Telemetry,
} from "./index.ts";

const startAt = 1_790_000_000_000;
const clock = manualClock(startAt);

interface SeedTables {
  profile: Record<string, unknown>;
  device: { id?: number; name: string; profileId: string; createdAt: number };
  reading: StoredRow;
}
interface StoredRow {
  seriesId: number;
  observedAt: number;
  sequence: number;
  number: number | null;
  text: string | null;
  boolean: boolean | null;
  json: JsonValue;
}

let database: Database;
let telemetry: Telemetry;
let deviceId = 0;
let made = 0;
beforeAll(async () => {
  database = await openTestDatabase();
  telemetry = createTelemetry({ database, clock });
  await tablesOf<SeedTables>(database)
    .insertInto("profile")
    .values({ id: "p", nameEn: "P", nameZh: "P", keys: "[]", expectedIntervalSeconds: 60, createdAt: 0 })
    .execute();
});
beforeEach(async () => {
  deviceId = await aDevice();
});
afterAll(() => database.close());

async function aDevice(): Promise<number> {
  made += 1;
  const row = await tablesOf<SeedTables>(database)
    .insertInto("device")
    .values({ name: `device-${made}`, profileId: "p", createdAt: 0 })
    .returning("id")
    .executeTakeFirstOrThrow();
  return row.id ?? 0;
}

async function aSeries(valueType: ReadingValue["type"] = "number"): Promise<number> {
  made += 1;
  const [series] = await telemetry.ensureSeries([{ deviceId, key: `key-${made}`, valueType, unit: null }]);
  return series?.id ?? 0;
}

const store = (readings: readonly Reading[]) =>
  database.transaction((connection) => telemetry.storeReadings(connection, readings));

const aNumber = (seriesId: number, observedAt: number, number: number): Reading => ({
  seriesId,
  observedAt,
  receivedAt: observedAt + 5,
  value: { type: "number", number },
});

async function storedOf(seriesIds: readonly number[]): Promise<StoredRow[]> {
  return tablesOf<SeedTables>(database)
    .selectFrom("reading")
    .select(["seriesId", "observedAt", "sequence", "number", "text", "boolean", "json"])
    .where("seriesId", "in", seriesIds)
    .orderBy("seriesId")
    .orderBy("observedAt")
    .orderBy("sequence")
    .execute();
}

describe("storing readings", () => {
  test("answers what was new, in arrival order, with the device's time kept apart from ours", async () => {
    const [a, b] = [await aSeries(), await aSeries()];
    const answer = await store([
      aNumber(b, startAt, 1),
      aNumber(a, startAt + 1, 2),
      aNumber(b, startAt - 9, 3),
    ]);
    expect(answer.map((reading) => [reading.seriesId, reading.observedAt, reading.sequence])).toEqual([
      [b, startAt, 0],
      [a, startAt + 1, 0],
      [b, startAt - 9, 0],
    ]);
    expect(answer[0]?.receivedAt).toBe(startAt + 5);
  });

  test("a redelivered reading changes nothing, in the same batch and in a later one", async () => {
    const series = await aSeries();
    expect(await store([aNumber(series, startAt, 4.2), aNumber(series, startAt, 4.2)])).toHaveLength(1);
    expect(await store([aNumber(series, startAt, 4.2)])).toEqual([]);
    expect(await storedOf([series])).toHaveLength(1);
  });

  test("different values of one millisecond are both kept, in arrival order, over several batches", async () => {
    const series = await aSeries();
    await store([aNumber(series, startAt, 7), aNumber(series, startAt, 8)]);
    const later = await store([
      aNumber(series, startAt, 8),
      aNumber(series, startAt, 9),
      aNumber(series, startAt, 7),
    ]);
    expect(later.map((reading) => reading.sequence)).toEqual([2]);
    expect((await storedOf([series])).map((row) => [row.sequence, row.number])).toEqual([
      [0, 7],
      [1, 8],
      [2, 9],
    ]);
  });

  test("a conflict in one series does not lose the new readings beside it", async () => {
    const [a, b] = [await aSeries(), await aSeries()];
    await store([aNumber(a, startAt, 1)]);
    const answer = await store([aNumber(a, startAt, 1), aNumber(b, startAt, 2), aNumber(a, startAt + 1, 3)]);
    expect(answer.map((reading) => reading.value)).toEqual([
      { type: "number", number: 2 },
      { type: "number", number: 3 },
    ]);
  });

  test("two processes that store the same readings at once leave one of each", async () => {
    const series = await aSeries();
    const readings = Array.from({ length: 200 }, (_, index) => aNumber(series, startAt + index, index));
    const answers = await Promise.all([store(readings), store(readings), store(readings.toReversed())]);
    expect(answers.flat()).toHaveLength(200);
    expect(await storedOf([series])).toHaveLength(200);
  });

  test("a failure after storing leaves no reading, no latest and no count behind", async () => {
    const series = await aSeries();
    const before = await telemetry.countReceivedSince(0);
    const work = database.transaction(async (connection) => {
      await telemetry.storeReadings(connection, [aNumber(series, startAt, 1)]);
      throw new Error("power cut");
    });
    await expect(work).rejects.toThrow("power cut");
    expect(await storedOf([series])).toEqual([]);
    expect((await telemetry.latest([series])).size).toBe(0);
    expect(await telemetry.countReceivedSince(0)).toBe(before);
  });

  test("every kind of value comes back as it went in: text that looks like a number, JSON, extremes of a double", async () => {
    const values: ReadingValue[] = [
      { type: "text", text: "00012345600012" },
      { type: "text", text: '{"quoted", NULL, \\}三文鱼' },
      { type: "boolean", boolean: false },
      { type: "json", json: { cameraCase: [1, null, { b: "x", a: "\u2028" }], snake_case: "NULL" } },
      { type: "number", number: Number.MIN_VALUE },
      { type: "number", number: -1.7976931348623157e308 },
      { type: "number", number: 0.1 + 0.2 },
    ];
    const ids: number[] = [];
    for (const value of values) ids.push(await aSeries(value.type));
    const readings = values.map((value, index) => ({
      seriesId: ids[index] ?? 0,
      observedAt: -62_135_596_800_000 + index,
      receivedAt: startAt,
      value,
    }));
    expect(await store(readings)).toHaveLength(values.length);
    expect(await store(readings)).toEqual([]);
    const latest = await telemetry.latest(ids);
    expect(ids.map((id) => latest.get(id)?.value)).toEqual(values);
    expect(latest.get(ids[0] ?? 0)?.observedAt).toBe(-62_135_596_800_000);
  });

  test("digits beyond a double are kept beside the number, told apart, and gone from what is latest with their reading", async () => {
    const series = await aSeries();
    const exact = (observedAt: number, literal: string): Reading => ({
      ...aNumber(series, observedAt, 0),
      value: { type: "number", number: Number(literal), literal },
    });
    const sent = [
      exact(1, "9223372036854775808"),
      exact(2, "0.12345678901234567"),
      exact(2, "0.12345678901234568901"),
      aNumber(series, 2, Number("0.12345678901234567")),
    ];
    expect(await store(sent)).toHaveLength(4);
    expect(await store(sent)).toEqual([]);
    const range = await telemetry.range(database, series, { from: 0, to: 9, limit: 9 });
    expect(range.map((reading) => reading.value)).toEqual(sent.map((reading) => reading.value));
    await store([exact(3, "18446744073709551617")]);
    expect((await telemetry.latest([series])).get(series)?.value).toEqual({
      type: "number",
      number: 2 ** 64,
      literal: "18446744073709551617",
    });
    await store([aNumber(series, 4, 1)]);
    expect((await telemetry.latest([series])).get(series)?.value).toEqual({ type: "number", number: 1 });
  });

  test("an emoji and a text of 60 kB come back identical", async () => {
    const series = await aSeries("text");
    const texts = ["👩🏽‍🚀", "长".repeat(20_000), "00012345600012", "241408E4", "1e3"];
    await store(
      texts.map((text, index): Reading => ({ ...aNumber(series, index, 0), value: { type: "text", text } })),
    );
    expect((await storedOf([series])).map((row) => row.text)).toEqual(texts);
  });

  test("JSON that differs only in the order of its keys is the same value", async () => {
    const seriesId = await aSeries("json");
    const at = (json: JsonValue): Reading => ({
      seriesId,
      observedAt: startAt,
      receivedAt: startAt,
      value: { type: "json", json },
    });
    await store([at({ a: 1, b: { c: 2, d: [1, 2] } })]);
    expect(await store([at({ b: { d: [1, 2], c: 2 }, a: 1 })])).toEqual([]);
    expect(await store([at({ b: { d: [2, 1], c: 2 }, a: 1 })])).toHaveLength(1);
  });
});

describe("rules that hold for any arrival", () => {
  const arrivals = fc.array(
    fc.record({ series: fc.nat(2), offset: fc.nat(3), value: fc.integer({ min: 0, max: 3 }) }),
    { maxLength: 40 },
  );
  const cuts = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 10 });

  test("what stands in the store does not depend on how arrivals are cut into batches, nor on redelivery", async () => {
    await fc.assert(
      fc.asyncProperty(arrivals, cuts, fc.boolean(), async (points, sizes, isRedelivered) => {
        const ids = [await aSeries(), await aSeries(), await aSeries()];
        const readings = points.map((point) =>
          aNumber(ids[point.series] ?? 0, startAt + point.offset, point.value),
        );
        const answers: StoredReading[] = [];
        for (const batch of cut(readings, sizes)) {
          answers.push(...(await store(batch)));
          if (isRedelivered) expect(await store(batch)).toEqual([]);
        }
        const expected = modelOf(readings);
        expect(answers.map(identity)).toEqual(expected.map(identity));
        expect(
          (await storedOf(ids)).map((row) => [row.seriesId, row.observedAt, row.sequence, row.number]),
        ).toEqual([...expected].map(identity).sort(byIdentity));
        const latest = await telemetry.latest(ids);
        for (const id of ids) expect(latestIdentity(latest.get(id))).toEqual(newestOf(expected, id));
      }),
      { numRuns: 40, seed: 20_261_122 },
    );
  });
});

function expectSpike(curve: Awaited<ReturnType<Telemetry["curve"]>>, at: number, value: number): void {
  const near = curve.points.filter((point) => Math.abs(point[0] - at) <= (curve.bucketMs ?? 0));
  expect(near.map((point) => point[1])).toContain(value);
}

describe("what is latest, ranges and curves", () => {
  test("a late reading is stored but does not become the latest", async () => {
    const series = await aSeries();
    await store([aNumber(series, startAt, 5)]);
    await store([aNumber(series, startAt - 1_000, 99)]);
    expect((await telemetry.latest([series])).get(series)?.value).toEqual({ type: "number", number: 5 });
    const range = { from: startAt - 1_000, to: startAt, limit: 10 };
    expect((await telemetry.range(database, series, range)).map((reading) => reading.value)).toEqual([
      { type: "number", number: 99 },
      { type: "number", number: 5 },
    ]);
    expect(await telemetry.range(database, series, { ...range, limit: 1 })).toHaveLength(1);
  });

  test("a curve keeps the ends and the spike, and tells how many readings are behind it", async () => {
    const series = await aSeries();
    const readings = Array.from({ length: 3_000 }, (_, index) =>
      aNumber(series, startAt + index * 1_000, index === 1_777 ? 42 : Math.sin(index / 200)),
    );
    await store(readings);
    const curve = await telemetry.curve(series, { from: startAt, to: startAt + 10_000_000, points: 100 });
    expect(curve.rawCount).toBe(3_000);
    expect(curve.points).toHaveLength(100);
    expect(curve.points[0]).toEqual([startAt, 0]);
    expect(curve.points.at(-1)?.[0]).toBe(startAt + 2_999_000);
    expect(curve.points).toContainEqual([startAt + 1_777_000, 42]);
    const whole = await telemetry.curve(series, { from: startAt, to: startAt + 5_000, points: 100 });
    expect(whole.points).toHaveLength(6);
  });

  test("a curve over more readings than one slice keeps spikes of every slice", async () => {
    const series = await aSeries();
    const spikes = [5, 12_345, 24_998];
    for (let from = 0; from < 25_000; from += 5_000) {
      await store(
        Array.from({ length: 5_000 }, (_, index) =>
          aNumber(series, startAt + from + index, spikes.includes(from + index) ? 1_000 : (from + index) % 7),
        ),
      );
    }
    const curve = await telemetry.curve(series, { from: 0, to: startAt * 2, points: 200 });
    expect(curve.rawCount).toBe(25_000);
    expect(curve.points.length).toBeLessThanOrEqual(200);
    for (const spike of spikes) expectSpike(curve, startAt + spike, 1_000);
  });

  test("all readings of a period come in order, also across pages and within one millisecond", async () => {
    const series = await aSeries("text");
    const readings = Array.from({ length: 5_003 }, (_, index): Reading => {
      const observedAt = startAt + Math.floor(index / 2);
      return {
        ...{ seriesId: series, observedAt, receivedAt: observedAt },
        value: { type: "text", text: `0${index}` },
      };
    });
    await store(readings);
    const seen: string[] = [];
    for await (const { value } of telemetry.readings(series, { from: startAt + 1, to: startAt + 2_500 }))
      seen.push(value.type === "text" ? value.text : "");
    expect(seen).toEqual(
      readings.slice(2, 5_002).map(({ value }) => (value.type === "text" ? value.text : "?")),
    );
  });

  test("a series without readings has an empty curve", async () => {
    expect(await telemetry.curve(await aSeries(), { from: 0, to: startAt, points: 10 })).toEqual({
      points: [],
      rawCount: 0,
    });
  });

  test("what came in is counted to the minute", async () => {
    const series = await aSeries();
    const later = startAt + 3_600_000 * 24;
    await store([aNumber(series, later, 1), aNumber(series, later + 1, 2)]);
    expect(await telemetry.countReceivedSince(later - 60_000)).toBe(2);
    expect(await telemetry.countReceivedSince(later + 120_000)).toBe(0);
  });
});

describe("series", () => {
  test("are found again by another process, keep their type, and answer in the order asked", async () => {
    const wanted = [
      { deviceId, key: "b", valueType: "number", unit: "Cel" } as const,
      { deviceId, key: "a", valueType: "text", unit: null } as const,
      { deviceId, key: "b", valueType: "number", unit: "Cel" } as const,
    ];
    const elsewhere = createTelemetry({ database, clock });
    const [here, there] = await Promise.all([telemetry.ensureSeries(wanted), elsewhere.ensureSeries(wanted)]);
    expect(here.map((series) => series.key)).toEqual(["b", "a", "b"]);
    expect(there).toEqual(here);
    const other = [{ deviceId, key: "a", valueType: "number", unit: null } as const];
    expect((await telemetry.ensureSeries(other))[0]?.valueType).toBe("text");
    expect(await elsewhere.seriesById(here[0]?.id ?? 0)).toEqual(here[0]);
    expect((await telemetry.seriesOfDevices([deviceId])).map((series) => series.key)).toEqual(["a", "b"]);
  });

  test("that do not exist are asked for again, also through the caller's transaction", async () => {
    await database.transaction(async (connection) => {
      expect(await telemetry.findSeries(deviceId, "later", connection)).toBeNull();
      expect(await telemetry.seriesById(2_000_000_000, connection)).toBeNull();
    });
    const [made] = await telemetry.ensureSeries([
      { deviceId, key: "later", valueType: "number", unit: null },
    ]);
    expect(await createTelemetry({ database, clock }).findSeries(deviceId, "later")).toEqual(made);
  });
});

describe("quarantine and alarms", () => {
  test("what was refused is kept with its reason and counted per device", async () => {
    const message = { deviceId, receivedAt: startAt, transport: "mqtt", detail: "at 3", payload: "{bad" };
    await database.transaction((connection) =>
      telemetry.quarantine(connection, [
        { ...message, reason: "payload-malformed" },
        { ...message, receivedAt: startAt + 1, reason: "out-of-range" },
      ]),
    );
    expect((await telemetry.quarantinedCounts()).get(deviceId)).toBe(2);
    const [newest] = await telemetry.quarantinedOf(deviceId, 1);
    expect(newest).toMatchObject({ reason: "out-of-range", payload: "{bad", detail: "at 3" });
  });

  test("an alarm is raised once while it is open, ends once, and may be raised again", async () => {
    const alarm: AlarmRaise = {
      kind: "threshold",
      severity: "critical",
      subjectKind: "shipment",
      subjectId: `shp-${deviceId}`,
      subjectLabel: "S-1",
      deviceId,
      seriesId: null,
      beganAt: startAt,
      value: 9.5,
      unit: "Cel",
      messageEn: "Too warm.",
      messageZh: "温度过高。",
    };
    const raise = () => database.transaction((connection) => telemetry.raiseAlarm(connection, alarm));
    const end = () =>
      database.transaction((connection) =>
        telemetry.endAlarm(connection, { ...alarm, endedAt: startAt + 60_000 }),
      );
    const id = await raise();
    expect(id).toMatch(/^alm_/);
    expect(await raise()).toBeNull();
    expect(await end()).toBe(id);
    expect(await end()).toBeNull();
    const second = await raise();
    expect(second).not.toBe(id);
    const of = { subjectKind: "shipment", subjectId: alarm.subjectId, limit: 10 };
    expect((await telemetry.alarms({ ...of, onlyOpen: true })).map((open) => open.id)).toEqual([second]);
    const all = await telemetry.alarms(of);
    expect(all).toHaveLength(2);
    expect(all.find((one) => one.id === id)).toMatchObject({
      deviceName: expect.stringMatching(/^device-/),
      endedAt: startAt + 60_000,
      learnedAt: startAt,
      message: { en: "Too warm.", zh: "温度过高。" },
    });
  });

  test("the first acknowledgement of an alarm stands", async () => {
    const [alarm] = await telemetry.alarms({ limit: 1 });
    const id = alarm?.id ?? "";
    await telemetry.acknowledgeAlarm(id, "Mei");
    await telemetry.acknowledgeAlarm(id, "Tom");
    const again = (await telemetry.alarms({ limit: 10 })).find((one) => one.id === id);
    expect(again).toMatchObject({ acknowledgedBy: "Mei", acknowledgedAt: startAt });
    await expect(telemetry.acknowledgeAlarm("alm_none", "Mei")).rejects.toMatchObject({ code: "not-found" });
  });
});

function cut(readings: readonly Reading[], sizes: readonly number[]): Reading[][] {
  const batches: Reading[][] = [];
  for (let from = 0, index = 0; from < readings.length; index += 1) {
    const size = sizes[index % sizes.length] ?? 1;
    batches.push(readings.slice(from, from + size));
    from += size;
  }
  return batches;
}

/** The rule said a second time, as simply as can be. */
function modelOf(readings: readonly Reading[]): StoredReading[] {
  const stored: StoredReading[] = [];
  for (const reading of readings) {
    const same = stored.filter(
      (other) => other.seriesId === reading.seriesId && other.observedAt === reading.observedAt,
    );
    if (same.some((other) => numberOf(other) === numberOf(reading))) continue;
    stored.push({ ...reading, sequence: same.length });
  }
  return stored;
}

const numberOf = (reading: Reading) => (reading.value.type === "number" ? reading.value.number : Number.NaN);
const identity = (reading: StoredReading) => [
  reading.seriesId,
  reading.observedAt,
  reading.sequence,
  numberOf(reading),
];
const latestIdentity = (reading: StoredReading | undefined) => reading && identity(reading);
const byIdentity = (left: number[], right: number[]) =>
  (left[0] ?? 0) - (right[0] ?? 0) || (left[1] ?? 0) - (right[1] ?? 0) || (left[2] ?? 0) - (right[2] ?? 0);

function newestOf(readings: readonly StoredReading[], seriesId: number) {
  return readings
    .filter((reading) => reading.seriesId === seriesId)
    .map(identity)
    .sort(byIdentity)
    .at(-1);
}
