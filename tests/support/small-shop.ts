// One customer, one cold order, one parcel with a logger: the real domains over a test database, and a clock by hand.
import type { Band } from "@waremind/contract";
import { sql } from "kysely";
import { createCatalog } from "../../server/src/catalog/index.ts";
import { createCustomers } from "../../server/src/customers/index.ts";
import { createDevices, type Device } from "../../server/src/devices/index.ts";
import { createGuard, defaultClauses } from "../../server/src/guard/index.ts";
import { createInventory } from "../../server/src/inventory/index.ts";
import { createOrders, type OrderState } from "../../server/src/orders/index.ts";
import { createBus } from "../../server/src/platform/bus.ts";
import { manualClock } from "../../server/src/platform/clock.ts";
import { type Connection, type Database, tablesOf } from "../../server/src/platform/database.ts";
import { createShipments, type ShipmentState } from "../../server/src/shipments/index.ts";
import { createTelemetry, type StoredReading } from "../../server/src/telemetry/index.ts";
import { openTestDatabase } from "./database.ts";

export const minute = 60_000;
export const shopStartAt = 1_772_000_000_000;

export const salmonBand: Band = {
  id: "band-fish",
  nameEn: "Chilled fish",
  nameZh: "冰鲜鱼",
  minCelsius: 0,
  maxCelsius: 4,
  ignoreMinutes: 10,
  warnAheadMinutes: 20,
  expectedIntervalSeconds: 60,
  meanKineticLimitCelsius: null,
  excursionMinutesMax: 30,
};

export type SmallShop = Awaited<ReturnType<typeof openSmallShop>>;

/** @param given a store that is migrated and empty; absent: one of the test's own */
export async function openSmallShop(given?: Database) {
  const database = given ?? (await openTestDatabase());
  const clock = manualClock(shopStartAt);
  const domains = {
    database,
    clock,
    bus: createBus(),
    catalog: createCatalog({ database, clock }),
    customers: createCustomers({ database, clock }),
    orders: createOrders({ database, clock }),
    shipments: createShipments({ database, clock }),
    inventory: createInventory({ database, clock }),
    devices: createDevices({ database, clock }),
    telemetry: createTelemetry({ database, clock }),
    guard: createGuard({ database, clock, signingSecret: "a-secret-of-the-test" }),
  };
  await database.transaction((connection) => stock(connection, domains));
  return {
    ...domains,
    query: (statement: string) => sql.raw(statement).execute(tablesOf<unknown>(database)),
  };
}

type Domains = Omit<SmallShop, "query">;

async function stock(
  connection: Connection,
  { catalog, customers, guard, devices, clock }: Domains,
): Promise<void> {
  for (const id of ["cus-1", "cus-2"]) {
    const own = { id, name: id, email: `${id}@example.com`, phone: "", postcode: "200000" };
    await customers.createCustomers(connection, [{ ...own, language: "en", timeZone: "Asia/Shanghai" }]);
  }
  await catalog.createBand(connection, salmonBand);
  const text = (en: string, zh: string) => ({ en, zh });
  await catalog.createProducts(connection, [
    {
      id: "prd-1",
      title: text("Salmon", "三文鱼"),
      description: text("", ""),
      category: "fish",
      bandId: salmonBand.id,
      attributes: {},
    },
  ]);
  await catalog.createVariants(connection, [
    {
      id: "var-1",
      productId: "prd-1",
      sku: "SAL-500",
      gtin: null,
      title: text("Salmon fillet 500 g", "三文鱼柳 500 克"),
      price: { amountMinor: 8_000, currency: "CNY" },
      weightGrams: 500,
      state: "active",
    },
  ]);
  for (const clause of defaultClauses({ currency: "CNY", validFrom: clock.now() }))
    await guard.putClause(connection, clause);
  await devices.createProfile(connection, {
    id: "logger",
    nameEn: "Logger",
    nameZh: "记录仪",
    keys: [],
    expectedIntervalSeconds: 60,
  });
}

/** An order of three lines (¥80, ¥160, ¥240) of `cus-1`, paid with two payments (¥400, ¥80), in one parcel of ours. */
export async function addOrder(
  shop: SmallShop,
  order: {
    readonly id: string;
    readonly state?: OrderState;
    readonly shipmentState?: ShipmentState;
    readonly legs?: readonly {
      readonly isOurs: boolean;
      readonly beganAt: number;
      readonly endedAt: number | null;
    }[];
    readonly payments?: readonly ("authorized" | "captured")[];
  },
): Promise<void> {
  const { id, state = "shipped", shipmentState = "shipping", payments = ["captured", "captured"] } = order;
  const at = shopStartAt;
  const legs = order.legs ?? [{ isOurs: true, beganAt: at, endedAt: null }];
  const lines = [1, 2, 3].map((units) => ({
    ...{ id: `${id}-line-${units}`, orderId: id, variantId: "var-1", units, unitPriceMinor: 8_000 },
  }));
  const amounts = [40_000, 8_000];
  await shop.database.transaction(async (connection) => {
    await shop.orders.createOrders(connection, [
      {
        order: {
          id,
          number: `N-${id}`,
          customerId: "cus-1",
          state,
          currency: "CNY",
          totalMinor: 48_000,
          placedAt: at,
          deliveredAt: null,
          cancelledAt: null,
          shipTo: { name: "", street: "", city: "", postcode: "" },
        },
        lines,
        payments: payments.map((paid, index) => ({
          id: `${id}-pay-${index + 1}`,
          orderId: id,
          method: "wechat",
          label: "WeChat Pay",
          amountMinor: amounts[index] ?? 0,
          state: paid,
        })),
      },
    ]);
    await shop.shipments.createShipments(connection, [
      {
        shipment: {
          id: `${id}-shp`,
          number: `S-${id}`,
          orderId: id,
          state: shipmentState,
          carrier: "SF",
          trackingNumber: `T-${id}`,
          bandId: salmonBand.id,
          expectedAt: null,
          shippedAt: at,
          deliveredAt: null,
          createdAt: at,
        },
        lines: lines.map((line) => ({ orderLineId: line.id, lotId: null, units: line.units })),
        legs: legs.map((leg, index) => ({
          ...leg,
          id: `${id}-leg-${index + 1}`,
          position: index + 1,
          holder: { en: `Holder ${index + 1}`, zh: `承运方 ${index + 1}` },
        })),
        trackingEvents: [],
      },
    ]);
  });
}

/** A device with one series, bound to a target from `boundAt` on. */
export async function bindDevice(
  shop: SmallShop,
  bound: {
    readonly name: string;
    readonly kind: "logger-shipment" | "cell-stock";
    readonly targetId: string;
    readonly key?: string;
    readonly unit?: string;
    readonly boundAt?: number;
  },
): Promise<{ device: Device; seriesId: number }> {
  const { key = "temperature", unit = "Cel" } = bound;
  const device = await shop.database.transaction(async (connection) => {
    const created = await shop.devices.createDevice(connection, {
      name: bound.name,
      label: "",
      profileId: "logger",
    });
    const { kind, targetId, boundAt = shopStartAt } = bound;
    await shop.devices.bind(connection, { kind, targetId, boundAt, deviceId: created.id, seriesKey: key });
    return created;
  });
  const [series] = await shop.telemetry.ensureSeries([
    { deviceId: device.id, key, unit, valueType: "number" },
  ]);
  if (series === undefined) throw new Error("The series was not made.");
  return { device, seriesId: series.id };
}

/** Numeric readings at minutes after the start, stored as intake does; answers what was new. */
export async function storeNumbers(
  shop: { readonly database: Database; readonly telemetry: SmallShop["telemetry"] },
  connection: Connection,
  seriesId: number,
  points: readonly (readonly [atMinute: number, value: number])[],
): Promise<readonly StoredReading[]> {
  return shop.telemetry.storeReadings(
    connection,
    points.map(([at, number]) => ({
      seriesId,
      observedAt: shopStartAt + Math.round(at * minute),
      receivedAt: shopStartAt + Math.round(at * minute),
      value: { type: "number", number },
    })),
  );
}
