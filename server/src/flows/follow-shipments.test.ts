import type { Alarm, Condition, LiveEvent } from "@waremind/contract";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  addOrder,
  bindDevice,
  minute,
  openSmallShop,
  type SmallShop,
  salmonBand,
  shopStartAt,
  storeNumbers,
} from "../../../tests/support/small-shop.ts";
import { evaluateCondition } from "../decisions/coldchain/index.ts";
import type { Connection } from "../platform/database.ts";
import { createShipmentFollower, type ShipmentFollower } from "./follow-shipments.ts";
import { createSilenceWatch } from "./watch-silence.ts";

type Point = readonly [atMinute: number, celsius: number];

let shop: SmallShop;
let follower: ShipmentFollower;
beforeAll(async () => {
  shop = await openSmallShop();
  follower = createShipmentFollower(shop);
});
afterAll(() => shop.database.close());

let parcelCount = 0;
interface Parcel {
  readonly shipmentId: string;
  readonly seriesId: number;
  readonly deviceName: string;
}

async function aParcel(options: { unit?: string; boundAt?: number } = {}): Promise<Parcel> {
  parcelCount += 1;
  const id = `ord-${parcelCount}`;
  await addOrder(shop, { id });
  const shipmentId = `${id}-shp`;
  const name = `logger-${parcelCount}`;
  const { seriesId } = await bindDevice(shop, {
    name,
    kind: "logger-shipment",
    targetId: shipmentId,
    ...options,
  });
  return { shipmentId, seriesId, deviceName: name };
}

/** What intake does with a batch: one transaction, the store, then the followers with what was new. */
async function takeIn(parcel: Parcel, points: readonly Point[]): Promise<readonly LiveEvent[]> {
  const newestAt = shopStartAt + Math.max(...points.map(([at]) => at)) * minute;
  if (newestAt > shop.clock.now()) shop.clock.set(newestAt);
  return shop.database.transaction(async (connection) =>
    follower.follow(connection, await storeNumbers(shop, connection, parcel.seriesId, points)),
  );
}

async function conditionNow(parcel: Parcel): Promise<Condition | undefined> {
  return (await shop.shipments.conditionOf(shop.database, [parcel.shipmentId])).get(parcel.shipmentId)
    ?.condition;
}

async function alarmsOf(parcel: Parcel): Promise<readonly Alarm[]> {
  const alarms = await shop.telemetry.alarms({
    subjectKind: "shipment",
    subjectId: parcel.shipmentId,
    limit: 100,
  });
  return alarms.toSorted((a, b) => a.beganAt - b.beganAt);
}

const everyMinute = (from: number, to: number, celsiusAt: (at: number) => number): Point[] =>
  Array.from({ length: to - from + 1 }, (_, index) => [from + index, celsiusAt(from + index)] as const);

describe("a parcel that warms up", () => {
  test("warns before the limit, on crossing, and critically when the excursion counts; all end when it is cold again", async () => {
    const parcel = await aParcel();
    for (const point of everyMinute(0, 20, () => 2)) await takeIn(parcel, [point]);
    expect(await alarmsOf(parcel)).toEqual([]);
    // 0.1 °C a minute: the limit of 4 °C is met at minute 40.
    for (const point of everyMinute(21, 39, (at) => 2 + (at - 20) * 0.1)) await takeIn(parcel, [point]);
    const [rate, ...others] = await alarmsOf(parcel);
    expect(others).toEqual([]);
    expect(rate).toMatchObject({
      kind: "rate-of-change",
      severity: "warning",
      endedAt: null,
      deviceName: parcel.deviceName,
    });
    expect(rate?.beganAt).toBeLessThan(shopStartAt + 36 * minute);
    expect(rate?.message.en).toMatch(
      /is at \d\.\d °C and warming by \d\.\d °C an hour: it reaches 4 °C in about \d+ min\./,
    );
    expect(rate?.message.zh).toMatch(/每小时升高/);
    expect((await conditionNow(parcel))?.verdict).toBe("warming");

    for (const point of everyMinute(40, 48, (at) => 2 + (at - 20) * 0.1)) await takeIn(parcel, [point]);
    expect(
      (await alarmsOf(parcel)).map(({ kind, severity, endedAt }) => [kind, severity, endedAt === null]),
    ).toEqual([
      ["rate-of-change", "warning", false],
      ["threshold", "warning", true],
    ]);
    for (const point of everyMinute(49, 60, (at) => 2 + (at - 20) * 0.1)) await takeIn(parcel, [point]);
    const critical = (await alarmsOf(parcel)).at(-1);
    expect(critical).toMatchObject({
      kind: "threshold",
      severity: "critical",
      beganAt: shopStartAt + 50 * minute,
    });
    expect((await conditionNow(parcel))?.verdict).toBe("excursion");

    for (const point of everyMinute(61, 75, () => 2)) await takeIn(parcel, [point]);
    expect((await alarmsOf(parcel)).every(({ endedAt }) => endedAt !== null)).toBe(true);
    expect((await conditionNow(parcel))?.excursionMinutes).toBeCloseTo(10.5, 6);
  });

  test("tells each change once, however its readings are batched", async () => {
    const story = [
      ...everyMinute(0, 20, () => 2),
      ...everyMinute(21, 70, (at) => 2 + (at - 20) * 0.1),
      ...everyMinute(71, 80, () => 2),
    ];
    const tell = async (size: number) => {
      const parcel = await aParcel();
      for (let index = 0; index < story.length; index += size)
        await takeIn(parcel, story.slice(index, index + size));
      const alarms = await alarmsOf(parcel);
      return alarms.map(({ kind, severity, beganAt, endedAt }) => [kind, severity, beganAt, endedAt]);
    };
    const oneByOne = await tell(1);
    expect(oneByOne).toHaveLength(3);
    expect(await tell(7)).toEqual(oneByOne);
    expect(await tell(story.length)).toEqual(oneByOne);
  });

  test("cools down after loading without an alarm", async () => {
    const parcel = await aParcel();
    for (const point of everyMinute(0, 9, (at) => 12 - at)) await takeIn(parcel, [point]);
    for (const point of everyMinute(10, 30, () => 2)) await takeIn(parcel, [point]);
    expect(await alarmsOf(parcel)).toEqual([]);
  });

  test("does not ring on and off around the limit", async () => {
    const parcel = await aParcel();
    // Two minutes above, two below.
    for (const point of everyMinute(0, 60, (at) => (at % 4 < 2 ? 3.9 : 4.1))) await takeIn(parcel, [point]);
    expect((await alarmsOf(parcel)).filter(({ kind }) => kind === "threshold")).toHaveLength(1);
  });

  test("a single reading out of band rings nothing, and a second in a row dates the alarm back to the crossing", async () => {
    const parcel = await aParcel();
    for (const point of everyMinute(0, 40, (at) => (at === 20 ? 9 : 2))) await takeIn(parcel, [point]);
    expect(await alarmsOf(parcel)).toEqual([]);
    for (const point of everyMinute(41, 42, () => 6)) await takeIn(parcel, [point]);
    expect(await alarmsOf(parcel)).toMatchObject([
      { kind: "threshold", severity: "warning", beganAt: shopStartAt + 40.5 * minute },
    ]);
  });

  test("a compressor's cycle and the sensor's noise ring nothing; a rise on top of them rings once", async () => {
    const parcel = await aParcel();
    // 2 ± 0.4 °C in a quarter of an hour, and a scatter of ±0.1 °C without a period.
    const cycling = (at: number): number =>
      2 + 0.4 * Math.sin((at / 15) * 2 * Math.PI) + 0.1 * Math.sin(at * at);
    await takeIn(parcel, everyMinute(0, 180, cycling));
    expect(await alarmsOf(parcel)).toEqual([]);
    for (const point of everyMinute(181, 220, (at) => cycling(at) + (at - 180) * 0.05))
      await takeIn(parcel, [point]);
    const rates = (await alarmsOf(parcel)).filter(({ kind }) => kind === "rate-of-change");
    expect(rates).toHaveLength(1);
  });
});

describe("the saved condition", () => {
  test("is what the engine says of all readings, whatever order and batches they come in", async () => {
    const temperatures = fc.array(fc.integer({ min: -20, max: 90 }), { minLength: 2, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(
        temperatures,
        fc.infiniteStream(fc.nat()),
        fc.integer({ min: 1, max: 9 }),
        async (tenths, random, size) => {
          const parcel = await aParcel();
          const points = tenths.map((value, index) => [index * 1.5, value / 10] as const);
          // Mostly in order, some late: each is given a place not far from its own.
          const order = points
            .map((point, index) => ({ point, place: index + ((random.next().value ?? 0) % 4 === 0 ? 6 : 0) }))
            .toSorted((a, b) => a.place - b.place)
            .map(({ point }) => point);
          for (let index = 0; index < order.length; index += size)
            await takeIn(parcel, order.slice(index, index + size));
          const readings = points.map(([at, celsius]) => ({
            observedAt: shopStartAt + at * minute,
            celsius,
          }));
          const row = (await shop.shipments.conditionOf(shop.database, [parcel.shipmentId])).get(
            parcel.shipmentId,
          );
          expect(row?.condition).toEqual(evaluateCondition(readings, salmonBand, row?.updatedAt ?? 0));
        },
      ),
      { numRuns: 15 },
    );
  }, 120_000);

  test("is the same when two batches of one logger are written at once", async () => {
    const parcel = await aParcel();
    const points = everyMinute(0, 59, (at) => (at > 10 ? 6 : 2));
    shop.clock.set(shopStartAt + 60 * minute);
    await Promise.all(
      Array.from({ length: 12 }, (_, part) => takeIn(parcel, points.slice(part * 5, part * 5 + 5))),
    );
    const readings = points.map(([at, celsius]) => ({ observedAt: shopStartAt + at * minute, celsius }));
    const row = (await shop.shipments.conditionOf(shop.database, [parcel.shipmentId])).get(parcel.shipmentId);
    expect(row?.condition).toEqual(evaluateCondition(readings, salmonBand, row?.updatedAt ?? 0));
  });

  test("a redelivered batch changes nothing", async () => {
    const parcel = await aParcel();
    const points = everyMinute(0, 30, () => 6);
    await takeIn(parcel, points);
    const before = await conditionNow(parcel);
    expect(await takeIn(parcel, points)).toEqual([]);
    expect(await conditionNow(parcel)).toEqual(before);
  });

  test("takes in what was stored before the binding was made, and nothing from before it began", async () => {
    const parcel = await aParcel({ boundAt: shopStartAt + 10 * minute });
    await shop.database.transaction((connection) =>
      storeNumbers(
        shop,
        connection,
        parcel.seriesId,
        everyMinute(0, 30, (at) => (at < 10 ? 20 : 2)),
      ),
    );
    await takeIn(parcel, [[31, 2]]);
    expect(await conditionNow(parcel)).toMatchObject({ readingCount: 22, maxCelsius: 2 });
  });

  test("can be made at once for a binding of the past", async () => {
    const parcel = await aParcel();
    await shop.database.transaction((connection) =>
      storeNumbers(
        shop,
        connection,
        parcel.seriesId,
        everyMinute(0, 60, () => 6),
      ),
    );
    shop.clock.set(shopStartAt + 60 * minute);
    const events = await shop.database.transaction((connection) =>
      follower.refresh(connection, parcel.shipmentId),
    );
    expect(events.map(({ kind }) => kind)).toEqual(["alarm-changed", "shipment-condition-changed"]);
    expect(await conditionNow(parcel)).toMatchObject({ verdict: "spoiled", excursionMinutes: 50 });
  });

  test("ends with the delivery, though a backlog from before it still counts", async () => {
    const parcel = await aParcel();
    await takeIn(
      parcel,
      everyMinute(0, 10, () => 2),
    );
    shop.clock.set(shopStartAt + 20 * minute);
    await shop.database.transaction((connection) =>
      shop.shipments.moveShipment(connection, parcel.shipmentId, "delivered"),
    );
    shop.clock.advance(6_000);
    await takeIn(
      parcel,
      everyMinute(11, 40, (at) => (at > 20 ? 22 : 2)),
    );
    expect(await conditionNow(parcel)).toMatchObject({ readingCount: 21, maxCelsius: 2 });
  });

  test("of a logger in kelvin or fahrenheit is in degrees Celsius", async () => {
    const kelvin = await aParcel({ unit: "K" });
    await takeIn(kelvin, [[0, 275.15]]);
    expect((await conditionNow(kelvin))?.lastCelsius).toBeCloseTo(2, 6);
    const fahrenheit = await aParcel({ unit: "[degF]" });
    await takeIn(fahrenheit, [[0, 35.6]]);
    expect((await conditionNow(fahrenheit))?.lastCelsius).toBeCloseTo(2, 6);
  });

  test("follows the newest of two loggers, and what the first measured before", async () => {
    const parcel = await aParcel();
    await takeIn(
      parcel,
      everyMinute(0, 10, () => 2),
    );
    const second = await bindDevice(shop, {
      name: `${parcel.deviceName}-b`,
      kind: "logger-shipment",
      targetId: parcel.shipmentId,
      boundAt: shopStartAt + 11 * minute,
    });
    shop.clock.advance(6_000);
    await takeIn(
      { ...parcel, seriesId: second.seriesId },
      everyMinute(11, 15, () => 3),
    );
    await takeIn(
      parcel,
      everyMinute(12, 20, () => 30),
    );
    expect(await conditionNow(parcel)).toMatchObject({ readingCount: 16, maxCelsius: 3 });
  });
});

describe("silence", () => {
  const watchFrom = async (at: number) => {
    shop.clock.set(at);
    const watch = createSilenceWatch(shop);
    await watch.check();
    return watch;
  };

  test("of a parcel's logger is an alarm and a verdict, and both end with the next reading", async () => {
    const parcel = await aParcel();
    await takeIn(
      parcel,
      everyMinute(0, 10, () => 2),
    );
    const watch = await watchFrom(shopStartAt + 10 * minute);
    shop.clock.set(shopStartAt + 13 * minute);
    await watch.check();
    expect(await alarmsOf(parcel)).toEqual([]);
    shop.clock.advance(1);
    const events = await watch.check();
    expect(events).toContainEqual({
      kind: "shipment-condition-changed",
      shipmentId: parcel.shipmentId,
      verdict: "silent",
    });
    expect(await alarmsOf(parcel)).toMatchObject([
      {
        kind: "absence",
        beganAt: shopStartAt + 10 * minute,
        endedAt: null,
        message: { en: expect.stringContaining("It is offline.") },
      },
    ]);
    expect(await conditionNow(parcel)).toMatchObject({
      verdict: "silent",
      gaps: [{ from: shopStartAt + 10 * minute, to: null }],
    });
    await watch.check();
    expect(await alarmsOf(parcel)).toHaveLength(1);

    await takeIn(parcel, [[20, 2]]);
    expect((await alarmsOf(parcel))[0]?.endedAt).toBe(shopStartAt + 20 * minute);
    expect(await conditionNow(parcel)).toMatchObject({ verdict: "in-band", gapMinutes: 10 });
  });

  test("tells connected but silent from offline", async () => {
    const parcel = await aParcel();
    const device = await shop.devices.findDevice(parcel.deviceName);
    await shop.devices.markConnected(device?.id ?? 0, "mqtt");
    const from = shopStartAt + 100 * minute;
    const watch = await watchFrom(from);
    shop.clock.advance(4 * minute);
    await watch.check();
    const [alarm] = await alarmsOf(parcel);
    expect(alarm?.message.en).toContain("has sent no reading since it was bound");
    expect(alarm?.message.en).toContain("It is connected but sends nothing.");
  });

  test("of the program itself is nobody's silence", async () => {
    const parcel = await aParcel();
    await takeIn(
      parcel,
      everyMinute(0, 5, () => 2),
    );
    shop.clock.set(shopStartAt + 1_000 * minute);
    const watch = createSilenceWatch(shop);
    await watch.check();
    shop.clock.advance(2 * minute);
    await watch.check();
    expect(await alarmsOf(parcel)).toEqual([]);
  });

  test("ends for a parcel that has arrived", async () => {
    const parcel = await aParcel();
    await takeIn(parcel, [[0, 2]]);
    const watch = await watchFrom(shop.clock.now());
    shop.clock.advance(10 * minute);
    await watch.check();
    expect(await alarmsOf(parcel)).toHaveLength(1);
    await shop.database.transaction((connection) =>
      shop.shipments.moveShipment(connection, parcel.shipmentId, "delivered"),
    );
    await watch.check();
    expect((await alarmsOf(parcel))[0]?.endedAt).not.toBeNull();
  });

  test("and every other alarm ends with the delivery, and a parcel that has arrived raises none", async () => {
    const parcel = await aParcel();
    await takeIn(
      parcel,
      everyMinute(0, 20, () => 6),
    );
    const watch = await watchFrom(shop.clock.now());
    expect((await alarmsOf(parcel)).map(({ severity }) => severity)).toEqual(["critical"]);
    await shop.database.transaction((connection) =>
      shop.shipments.moveShipment(connection, parcel.shipmentId, "delivered"),
    );
    await watch.check();
    expect((await alarmsOf(parcel))[0]?.endedAt).not.toBeNull();
    await shop.database.transaction((connection) => follower.refresh(connection, parcel.shipmentId));
    expect(await alarmsOf(parcel)).toHaveLength(1);
    expect((await conditionNow(parcel))?.excursionMinutes).toBe(10);
  });

  test("of a device without a parcel is its own alarm, once it was heard", async () => {
    const never = await shop.database.transaction((connection) =>
      shop.devices.createDevice(connection, { name: "spare-1", label: "Spare", profileId: "logger" }),
    );
    const heard = await shop.database.transaction((connection) =>
      shop.devices.createDevice(connection, { name: "spare-2", label: "Door", profileId: "logger" }),
    );
    await shop.devices.markConnected(heard.id, "mqtt");
    const hear = () =>
      shop.database.transaction((connection: Connection) =>
        shop.devices.markHeard(connection, [heard.id], shop.clock.now()),
      );
    await hear();
    const watch = await watchFrom(shop.clock.now());
    shop.clock.advance(4 * minute);
    await watch.check();
    const alarms = async (id: number) =>
      shop.telemetry.alarms({ subjectKind: "device", subjectId: String(id), limit: 10 });
    expect(await alarms(never.id)).toEqual([]);
    expect(await alarms(heard.id)).toMatchObject([{ kind: "absence", subjectLabel: "Door", endedAt: null }]);
    await hear();
    await watch.check();
    expect((await alarms(heard.id))[0]?.endedAt).toBe(shop.clock.now());
  });
});
