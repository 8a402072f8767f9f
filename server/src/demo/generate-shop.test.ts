import fc from "fast-check";
import { expect, test } from "vitest";
import { demoData } from "./demo-data.ts";
import { generateShop } from "./generate-shop.ts";
import { dayMs, shopCalendar } from "./shop-calendar.ts";
import type { ShopRows } from "./shop-rows.ts";

const sundayMorning = Date.UTC(2026, 10, 22, 2, 0);
const idsOf = (rows: readonly { readonly id: string }[]): Set<string> => new Set(rows.map(({ id }) => id));
const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

test("the shop is as large as it must be", () => {
  const shop = generateShop(1, sundayMorning);
  expect(shop.variants.length).toBeGreaterThanOrEqual(40);
  expect([shop.customers.length, shop.orders.length]).toEqual([300, 3000]);
  expect([shop.locations.length, shop.cells.length, shop.devices.length]).toEqual([2, 60, 12]);
});

test("the same seed and time give the same shop, and another seed another one", () => {
  const text = (seed: number, now = sundayMorning) => JSON.stringify(generateShop(seed, now));
  expect(text(7)).toBe(text(7));
  expect(text(8)).not.toBe(text(7));
  expect(text(7, sundayMorning + 1)).not.toBe(text(7));
});

// Any hour of any day must give a whole shop: these run over many seeds and times.
const shops = fc
  .tuple(fc.integer({ min: 0, max: 1e6 }), fc.integer({ min: 0, max: 370 * 24 * 60 }))
  .map(([seed, minutes]) => ({ seed, now: Date.UTC(2026, 0, 1) + minutes * 60_000 }));

// All properties look at the same few shops: making one takes a fifth of a second.
const [runSeed] = fc.sample(fc.integer(), 1);
const made = new Map<string, ShopRows>();

function overShops(check: (shop: ShopRows, now: number) => void): void {
  const property = fc.property(shops, ({ seed, now }) => {
    const shop = made.get(`${seed}/${now}`) ?? generateShop(seed, now);
    made.set(`${seed}/${now}`, shop);
    check(shop, now);
  });
  fc.assert(property, {
    numRuns: 5,
    endOnFailure: true,
    ...(runSeed === undefined ? {} : { seed: runSeed }),
  });
}

test("a parcel that waited until its lot ran out holds no expired units", () => {
  // Found by the property below: an order processed days ago and still in the house.
  const now = 1_791_390_960_000;
  const shop = generateShop(16, now);
  const today = shopCalendar("Asia/Shanghai", now).dateOf(now);
  const lots = new Map(shop.lots.map((lot) => [lot.id, lot.expiresOn ?? "9999-12-31"]));
  expect(shop.stockLevels.filter(({ lotId }) => (lots.get(lotId) ?? "") <= today)).toEqual([]);
});

test("every reference leads to a row and no identifier is used twice", () => {
  overShops((shop) => {
    const orderLines = shop.orders.flatMap(({ lines }) => lines);
    const [variants, orders, lines] = [
      idsOf(shop.variants),
      idsOf(shop.orders.map(({ order }) => order)),
      idsOf(orderLines),
    ];
    const [lots, locations, bands] = [idsOf(shop.lots), idsOf(shop.locations), idsOf(shop.bands)];
    const customers = idsOf(shop.customers);
    expect([orders.size, lines.size, lots.size]).toEqual([3000, orderLines.length, shop.lots.length]);
    expect(customers.size).toBe(new Set(shop.customers.map(({ email }) => email)).size);
    expect(orderLines.every(({ variantId, orderId }) => variants.has(variantId) && orders.has(orderId))).toBe(
      true,
    );
    expect(shop.orders.every(({ order }) => customers.has(order.customerId))).toBe(true);
    expect(shop.lots.every(({ variantId }) => variants.has(variantId))).toBe(true);
    expect(
      shop.stockLevels.every(({ lotId, locationId }) => lots.has(lotId) && locations.has(locationId)),
    ).toBe(true);
    expect(
      shop.cells.every((cell) => locations.has(cell.locationId) && variants.has(cell.variantId ?? "")),
    ).toBe(true);
    const numbers = shop.shipments.flatMap(({ shipment }) => [shipment.number, shipment.trackingNumber]);
    expect(new Set(numbers).size).toBe(2 * shop.shipments.length);
    for (const { shipment, lines: parcelLines } of shop.shipments) {
      expect(orders.has(shipment.orderId) && parcelLines.length > 0).toBe(true);
      expect(shipment.bandId === null || bands.has(shipment.bandId)).toBe(true);
      expect(
        parcelLines.every(({ orderLineId, lotId }) => lines.has(orderLineId) && lots.has(lotId ?? "")),
      ).toBe(true);
    }
    const devices = new Set(shop.devices.map(({ name }) => name));
    const targets = new Set([...idsOf(shop.cells), ...shop.shipments.map(({ shipment }) => shipment.id)]);
    expect(
      shop.bindings.every(({ deviceName, targetId }) => devices.has(deviceName) && targets.has(targetId)),
    ).toBe(true);
  });
});

test("an order's total is the sum of its lines and what was paid is the total", () => {
  overShops((shop) => {
    for (const { order, lines, payments } of shop.orders) {
      expect(order.totalMinor).toBe(sum(lines.map((line) => line.units * line.unitPriceMinor)));
      expect(sum(payments.map(({ amountMinor }) => amountMinor))).toBe(order.totalMinor);
    }
  });
});

test("the state of an order agrees with its parcels and the time", () => {
  overShops((shop, now) => {
    const parcels = Map.groupBy(shop.shipments, ({ shipment }) => shipment.orderId);
    for (const { order, lines } of shop.orders) {
      const own = parcels.get(order.id) ?? [];
      const states = new Set(own.map(({ shipment }) => shipment.state));
      const possible = {
        pending: ["none"],
        cancelled: ["none"],
        processed: ["all-ready"],
        shipped: ["under-way"],
        delivered: ["all-arrived"],
      }[order.state];
      expect(possible).toContain(stageOf(states));
      expect(order.placedAt).toBeLessThanOrEqual(now);
      expect(order.deliveredAt !== null).toBe(order.state === "delivered");
      expect(order.cancelledAt !== null).toBe(order.state === "cancelled");
      expect([0, lines.length]).toContain(own.flatMap((parcel) => parcel.lines).length);
    }
  });
});

function stageOf(states: ReadonlySet<string>): string {
  if (states.size === 0) return "none";
  if ([...states].every((state) => state === "ready")) return "all-ready";
  return [...states].every((state) => state === "delivered" || state === "closed")
    ? "all-arrived"
    : "under-way";
}

test("money is captured when the order is taken on, and voided when it is cancelled", () => {
  overShops((shop) => {
    const stateFor = {
      pending: "authorized",
      cancelled: "voided",
      processed: "captured",
      shipped: "captured",
      delivered: "captured",
    };
    for (const { order, payments } of shop.orders)
      expect(payments.map(({ state }) => state)).toEqual([stateFor[order.state]]);
  });
});

test("custody passes from hand to hand without a hole, and nothing is known of the future", () => {
  overShops((shop, now) => {
    for (const { shipment, legs, trackingEvents } of shop.shipments) {
      expect(legs.map(({ position }) => position)).toEqual(legs.map((_, index) => index + 1));
      for (const [index, leg] of legs.entries()) {
        const next = legs[index + 1];
        if (next !== undefined) expect(leg.endedAt).toBe(next.beganAt);
      }
      expect(legs.at(-1)?.endedAt === null).toBe(shipment.deliveredAt === null);
      const instants = [
        shipment.createdAt,
        shipment.shippedAt,
        shipment.deliveredAt,
        ...legs.flatMap(({ beganAt, endedAt }) => [beganAt, endedAt]),
        ...trackingEvents.map(({ at }) => at),
      ];
      expect(Math.max(...instants.map((at) => at ?? 0))).toBeLessThanOrEqual(now);
      expect(shipment.createdAt).toBeLessThan(shipment.shippedAt ?? Number.POSITIVE_INFINITY);
      expect(shipment.shippedAt ?? 0).toBeLessThan(shipment.deliveredAt ?? Number.POSITIVE_INFINITY);
    }
  });
});

test("reserved units are those of orders that have not left, and nothing is sold from an expired lot", () => {
  overShops((shop, now) => {
    const calendar = shopCalendar("Asia/Shanghai", now);
    const left = new Set(
      shop.shipments
        .filter(({ shipment }) => shipment.state !== "ready")
        .flatMap(({ lines }) => lines.map(({ orderLineId }) => orderLineId)),
    );
    const open = shop.orders
      .filter(({ order }) => order.state !== "cancelled")
      .flatMap(({ lines }) => lines.filter(({ id }) => !left.has(id)));
    expect(sum(shop.stockLevels.map(({ reservedUnits }) => reservedUnits))).toBe(
      sum(open.map(({ units }) => units)),
    );
    expect(shop.stockLevels.every(({ onHandUnits, reservedUnits }) => onHandUnits >= reservedUnits)).toBe(
      true,
    );
    const lots = new Map(shop.lots.map((lot) => [lot.id, lot]));
    for (const { shipment, lines } of shop.shipments) {
      for (const { lotId } of lines) {
        const lot = lots.get(lotId ?? "");
        expect(lot?.receivedAt).toBeLessThanOrEqual(shipment.createdAt);
        expect((lot?.expiresOn ?? "9999-12-31") > calendar.dateOf(shipment.createdAt)).toBe(true);
      }
    }
    const standing = new Set(shop.stockLevels.map(({ lotId }) => lotId));
    expect([...standing].every((id) => (lots.get(id)?.expiresOn ?? "9999") > calendar.dateOf(now))).toBe(
      true,
    );
    expect(shop.cells.every((cell) => cell.bookedUnits <= cell.capacityUnits)).toBe(true);
  });
});

test("at any hour there are orders to cancel, parcels to pack and four chilled parcels with a logger", () => {
  overShops((shop, now) => {
    const count = (state: string) => shop.orders.filter(({ order }) => order.state === state).length;
    expect(count("pending")).toBeGreaterThanOrEqual(6);
    expect(count("processed")).toBeGreaterThanOrEqual(4);
    const live = shop.bindings.filter(
      ({ kind, unboundAt }) => kind === "logger-shipment" && unboundAt === null,
    );
    expect(new Set(live.map(({ deviceName }) => deviceName)).size).toBe(4);
    const histories = shop.histories.filter(({ shipmentId }) => shipmentId !== null);
    expect(histories.length).toBeGreaterThanOrEqual(15);
    expect(histories.length).toBeLessThanOrEqual(30);
    for (const { readings } of shop.histories) {
      const times = readings.map(([at]) => at);
      expect(times).toEqual([...new Set(times)].toSorted((left, right) => left - right));
      expect(times.at(-1)).toBeLessThanOrEqual(now);
      expect(readings.length).toBeLessThanOrEqual(400);
    }
  });
});

test("a logger is with one parcel at a time", () => {
  overShops((shop, now) => {
    const stays = shop.bindings.filter(({ kind }) => kind === "logger-shipment");
    for (const own of Map.groupBy(stays, ({ deviceName }) => deviceName).values()) {
      const sorted = own.toSorted((left, right) => left.boundAt - right.boundAt);
      for (const [index, stay] of sorted.entries())
        expect(stay.unboundAt ?? now).toBeLessThanOrEqual(sorted[index + 1]?.boundAt ?? now);
    }
  });
});

test("a week has more orders at its end than at its beginning", () => {
  const { orders } = generateShop(3, sundayMorning);
  const { weekday } = shopCalendar("Asia/Shanghai", sundayMorning);
  const byDay = Map.groupBy(orders, ({ order }) => weekday(order.placedAt));
  const countOn = (day: number) => byDay.get(day)?.length ?? 0;
  expect(countOn(5)).toBeGreaterThan(countOn(0) * 1.3);
  const oldest = Math.min(...orders.map(({ order }) => order.placedAt));
  expect((sundayMorning - oldest) / dayMs).toBeGreaterThan(115);
  expect((sundayMorning - oldest) / dayMs).toBeLessThanOrEqual(121);
});

test("every GTIN is text with a valid check digit under the prefix for examples", () => {
  const gtins = demoData().catalogue.products.flatMap(({ variants }) => variants.map(({ gtin }) => gtin));
  expect(new Set(gtins).size).toBe(gtins.length);
  expect(gtins.filter((gtin) => gtin.startsWith("0")).length).toBeGreaterThan(0);
  for (const gtin of gtins) {
    const digits = [...gtin].map(Number).reverse();
    expect(sum(digits.map((digit, index) => digit * (index % 2 === 0 ? 1 : 3))) % 10).toBe(0);
    expect(gtin.replace(/^0+/, "").startsWith("952")).toBe(true);
  }
});

test("nobody of the shop can be reached: reserved domains and numbers that no network assigns", () => {
  for (const { email, phone } of generateShop(5, sundayMorning).customers) {
    expect(email).toMatch(/@example\.(?:com|cn)$/);
    expect(phone).toMatch(/^(?:\+86 100 0000 \d{4}|\+44 7700 900\d{3})$/);
  }
});
