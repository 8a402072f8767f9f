import type { Condition } from "@waremind/contract";
import fc from "fast-check";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openTestDatabase } from "../../../tests/support/database.ts";
import { manualClock } from "../platform/clock.ts";
import { type Database, tablesOf } from "../platform/database.ts";
import { canMoveShipment, createShipments, shipmentTransitions } from "./index.ts";
import type { CustodyLegRow, Shipment, ShipmentState, Shipments } from "./shipment.ts";

const startAt = Date.UTC(2026, 2, 2, 6);
const clock = manualClock(startAt);
const states = Object.keys(shipmentTransitions) as ShipmentState[];

let database: Database;
let shipments: Shipments;
let count = 0;
beforeAll(async () => {
  database = await openTestDatabase();
  shipments = createShipments({ database, clock });
  const rows = [
    "insert into customer values ('cus', 'Lin', 'lin@example.com', '', 'zh', 'Asia/Shanghai', '', 0)",
    "insert into product values ('p', 'Salmon', '三文鱼', '', '', 'fish', null, '{}', 0)",
    "insert into variant values ('v', 'p', 'SAL', null, '200 g', '200克', 5900, 'CNY', 200, 'active')",
    "insert into lot values ('lot', 'v', 'L-1', '2026-03-20', 0)",
    "insert into sales_order values ('ord', 'W-1', 'cus', 'shipped', 'CNY', 5900, 0, null, null, '{}'), ('ord2', 'W-2', 'cus', 'shipped', 'CNY', 5900, 0, null, null, '{}')",
    "insert into order_line values ('line', 'ord', 'v', 2, 5900)",
  ];
  for (const row of rows) await sql.raw(row).execute(tablesOf(database));
});
afterAll(() => database.close());

const warehouse = { en: "Waremind warehouse", zh: "自营仓库" };
const carrier = { en: "SF Express", zh: "顺丰速运" };

function aLeg(more: Partial<CustodyLegRow> = {}): CustodyLegRow {
  return {
    id: `leg_${count}`,
    position: 1,
    holder: warehouse,
    isOurs: true,
    beganAt: startAt,
    endedAt: null,
    ...more,
  };
}

function aShipment(more: Partial<Shipment> = {}, legs?: CustodyLegRow[]) {
  count += 1;
  const shipment: Shipment = {
    id: `shp_${String(count).padStart(6, "0")}`,
    number: `S-${count}`,
    orderId: "ord",
    state: "ready",
    carrier: "SF Express",
    trackingNumber: `SF00${count}`,
    bandId: null,
    expectedAt: startAt + 86_400_000,
    shippedAt: null,
    deliveredAt: null,
    createdAt: startAt + count,
    ...more,
  };
  return {
    shipment,
    lines: [{ orderLineId: "line", lotId: "lot", units: 2 }],
    legs: legs ?? [aLeg()],
    trackingEvents: [{ at: startAt, kind: "label-made", place: { en: "Shanghai", zh: "上海" } }],
  };
}

async function stored(shipment: ReturnType<typeof aShipment>) {
  await database.transaction((connection) => shipments.createShipments(connection, [shipment]));
  return shipment;
}
const move = (id: string, to: ShipmentState) =>
  database.transaction((connection) => shipments.moveShipment(connection, id, to));
const handOver = (id: string, beganAt: number) =>
  database.transaction((connection) =>
    shipments.handOver(connection, id, { holder: carrier, isOurs: false, beganAt }),
  );

test("a shipment is read back with lines, legs and tracking, by id, number and tracking number", async () => {
  const { shipment, lines, legs, trackingEvents } = await stored(aShipment());
  const detail = { ...shipment, lines, legs, trackingEvents };
  expect(await shipments.findShipment(shipment.id)).toEqual(detail);
  expect(await shipments.findShipmentByNumber(` ${shipment.number.toLowerCase()} `)).toEqual(detail);
  expect(await shipments.findShipmentByNumber(shipment.trackingNumber)).toEqual(detail);
  expect(await shipments.findShipmentByNumber("none")).toBeNull();
  expect(await shipments.findShipment("none")).toBeNull();
  expect(await database.transaction((connection) => shipments.findShipment(shipment.id, connection))).toEqual(
    detail,
  );
  expect(await shipments.findShipments([shipment.id])).toEqual([shipment]);
});

test("shipments of several orders come together, each order's own", async () => {
  const first = await stored(aShipment({ orderId: "ord2" }));
  const second = await stored(aShipment({ orderId: "ord2" }));
  const found = await shipments.shipmentsOfOrders(["ord2", "none"]);
  expect(found.map((shipment) => shipment.id)).toEqual([first.shipment.id, second.shipment.id]);
  expect(await shipments.shipmentsOfOrders([])).toEqual([]);
});

test("the list shows what is underway first, then the newest", async () => {
  const underway = await stored(aShipment({ state: "shipping", createdAt: 1 }));
  const newest = await stored(aShipment({ createdAt: startAt + 1e9 }));
  const listed = await shipments.listShipments({ limit: 2 });
  expect(listed.map((shipment) => shipment.id)).toEqual([underway.shipment.id, newest.shipment.id]);
  const shipping = await shipments.listShipments({ limit: 10, state: "shipping" });
  expect(shipping.map((shipment) => shipment.id)).toEqual([underway.shipment.id]);
  expect(await shipments.countByState()).toMatchObject({ shipping: 1, closed: 0 });
  await move(underway.shipment.id, "delivered");
});

test("thousands of shipments are written at once; a taken tracking number is refused", async () => {
  const many = Array.from({ length: 2000 }, () => aShipment({ state: "closed" }, []));
  await database.transaction((connection) => shipments.createShipments(connection, many));
  expect((await shipments.countByState()).closed).toBe(2000);
  const twin = aShipment({ trackingNumber: many[0]?.shipment.trackingNumber ?? "" });
  await expect(stored(twin)).rejects.toMatchObject({ name: "DomainError", code: "conflict" });
});

describe("states", () => {
  test("times are taken on the way, delivery ends the last leg, and the record keeps each move", async () => {
    const { shipment } = await stored(aShipment());
    clock.advance(60_000);
    await move(shipment.id, "shipping");
    const shippedAt = clock.now();
    clock.advance(60_000);
    await move(shipment.id, "delivered");
    const deliveredAt = clock.now();
    await move(shipment.id, "closed");
    const found = await shipments.findShipment(shipment.id);
    expect(found).toMatchObject({ state: "closed", shippedAt, deliveredAt });
    expect(found?.legs.map((leg) => leg.endedAt)).toEqual([deliveredAt]);
    expect(await shipments.notesOf(shipment.id)).toEqual([
      { at: shippedAt, kind: "state-changed", detail: { from: "ready", to: "shipping" } },
      { at: deliveredAt, kind: "state-changed", detail: { from: "shipping", to: "delivered" } },
      { at: deliveredAt, kind: "state-changed", detail: { from: "delivered", to: "closed" } },
    ]);
  });

  test("a refusal names both states in both languages", async () => {
    const { shipment } = await stored(aShipment({ state: "delivered" }));
    await expect(move(shipment.id, "cancelled")).rejects.toMatchObject({
      code: "state-forbids",
      sentence: {
        en: expect.stringMatching(/delivered.*cancelled/),
        zh: expect.stringMatching(/已送达.*已取消/),
      },
      details: { from: "delivered", to: "cancelled", allowed: ["closed"] },
    });
    await expect(move("none", "closed")).rejects.toMatchObject({ code: "not-found" });
  });

  test("any sequence of moves ends where the machine says", async () => {
    const property = fc.asyncProperty(
      fc.array(fc.constantFrom(...states), { maxLength: 8 }),
      async (moves) => {
        const { shipment } = await stored(aShipment());
        let expected: ShipmentState = "ready";
        for (const to of moves) {
          const isAllowed = canMoveShipment(expected, to);
          const moved = await move(shipment.id, to).then(
            () => true,
            (error) => error.code !== "state-forbids",
          );
          expect(moved).toBe(isAllowed);
          if (isAllowed) expected = to;
        }
        const found = await shipments.findShipment(shipment.id);
        expect(found?.state).toBe(expected);
        expect(found?.deliveredAt !== null).toBe(expected === "delivered" || expected === "closed");
      },
    );
    await fc.assert(property, { numRuns: 25 });
  });

  test("of two moves at once exactly one happens", async () => {
    const { shipment } = await stored(aShipment());
    const results = await Promise.allSettled([
      move(shipment.id, "cancelled"),
      move(shipment.id, "cancelled"),
    ]);
    expect(results.map((result) => result.status).toSorted()).toEqual(["fulfilled", "rejected"]);
  });
});

describe("custody", () => {
  test("a hand-over ends the leg before it without a gap", async () => {
    const { shipment } = await stored(aShipment());
    await handOver(shipment.id, startAt + 5000);
    await handOver(shipment.id, startAt + 9000);
    const legs = (await shipments.findShipment(shipment.id))?.legs ?? [];
    expect(legs.map((leg) => [leg.position, leg.beganAt, leg.endedAt, leg.isOurs])).toEqual([
      [1, startAt, startAt + 5000, true],
      [2, startAt + 5000, startAt + 9000, false],
      [3, startAt + 9000, null, false],
    ]);
  });

  test("no hand-over before the present leg began, nor after arrival", async () => {
    const { shipment } = await stored(aShipment());
    await expect(handOver(shipment.id, startAt - 1)).rejects.toMatchObject({
      code: "invalid-input",
      details: { earliestAt: startAt },
    });
    await move(shipment.id, "cancelled");
    await expect(handOver(shipment.id, startAt + 1)).rejects.toMatchObject({ code: "state-forbids" });
    expect((await shipments.findShipment(shipment.id))?.legs).toHaveLength(1);
  });

  test("the first leg may be a hand-over", async () => {
    const { shipment } = await stored(aShipment({}, []));
    await handOver(shipment.id, startAt);
    expect((await shipments.findShipment(shipment.id))?.legs).toMatchObject([{ position: 1, endedAt: null }]);
  });
});

test("the latest condition replaces the one before; the engine's state keeps its shape", async () => {
  const { shipment } = await stored(aShipment());
  const condition: Condition = {
    verdict: "in-band",
    readingCount: 1,
    firstAt: startAt,
    lastAt: startAt,
    lastCelsius: 3.25,
    minCelsius: 3.25,
    maxCelsius: 3.25,
    maxAt: startAt,
    meanKineticCelsius: null,
    ratePerHour: null,
    minutesToLimit: null,
    excursionMinutes: 0,
    excursions: [],
    gaps: [],
    gapMinutes: 0,
  };
  const row = {
    shipmentId: shipment.id,
    seriesId: 7,
    state: [{ someKey: 1 }],
    condition,
    observedAt: startAt,
    updatedAt: 5,
  };
  const later = { ...row, condition: { ...condition, readingCount: 2 }, updatedAt: 6 };
  await database.transaction((connection) => shipments.saveCondition(connection, row));
  await database.transaction((connection) => shipments.saveCondition(connection, later));
  expect(await shipments.conditionOf(database, [shipment.id, "none"])).toEqual(
    new Map([[shipment.id, later]]),
  );
  expect(await shipments.conditionOf(database, [])).toEqual(new Map());
});

test("notes stand in the order they were made", async () => {
  const { shipment } = await stored(aShipment());
  await database.transaction(async (connection) => {
    await shipments.addNote(connection, shipment.id, "refunded", { receiptId: "rcp_1" });
    await shipments.addNote(connection, shipment.id, "checked", {});
  });
  expect((await shipments.notesOf(shipment.id)).map((note) => note.kind)).toEqual(["refunded", "checked"]);
});
