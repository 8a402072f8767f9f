// A parcel on its way right now, made through the doors of the domains: what a story or the fleet's logger travels with.
import { randomInt } from "node:crypto";
import type { BilingualText } from "@waremind/contract";
import type { Catalog, Variant } from "../catalog/index.ts";
import type { Customer } from "../customers/index.ts";
import type { Devices } from "../devices/index.ts";
import type { Inventory, Lot } from "../inventory/index.ts";
import type { Order, OrderLine, Orders } from "../orders/index.ts";
import type { Clock } from "../platform/clock.ts";
import type { Connection, Database } from "../platform/database.ts";
import { DomainError } from "../platform/errors.ts";
import { newId } from "../platform/ids.ts";
import type { CustodyLegRow, Shipments, TrackingEvent } from "../shipments/index.ts";
import { demoData } from "./demo-data.ts";
import { variantIdOf } from "./generate-assortment.ts";
import { trackingNumberOf } from "./generate-shipments.ts";
import { dayMs, minuteMs, shopCalendar } from "./shop-calendar.ts";

export interface ParcelDependencies {
  readonly database: Database;
  readonly clock: Clock;
  readonly catalog: Catalog;
  readonly inventory: Inventory;
  readonly orders: Orders;
  readonly shipments: Shipments;
  readonly devices: Devices;
}

export interface ParcelPlan {
  readonly customer: Customer;
  readonly lines: readonly { readonly sku: string; readonly units: number }[];
  readonly payment: { readonly method: string; readonly label: string };
  readonly bandId: string;
  readonly locationCode: string;
  readonly carrier: string;
  readonly placedAt: number;
  readonly createdAt: number;
  readonly shippedAt: number;
  /** Null: still on our van. */
  readonly courierAt: number | null;
  readonly expectedAt: number;
  readonly logger: { readonly deviceId: number; readonly seriesKey: string; readonly boundAt: number };
}

export interface PlacedParcel {
  readonly orderId: string;
  readonly orderNumber: string;
  readonly shipmentId: string;
  readonly shipmentNumber: string;
  readonly bindingId: string;
}

const numberAttemptsMax = 20;
/** Numbers of parcels made later begin above those of the seed. */
const laterNumbers = [600_000, 999_999] as const;

/** Writes the order, its payment, its lots, the shipment and the logger's binding in one transaction. */
export async function placeParcel(deps: ParcelDependencies, plan: ParcelPlan): Promise<PlacedParcel> {
  const { database, clock } = deps;
  const now = clock.now();
  const variants = await variantsOf(deps.catalog, plan);
  const number = await freeNumber(deps);
  const { order, lines } = orderOf(plan, variants, number);
  const lots = lotsOf(plan, variants, number, now);
  const shipmentId = newId("shp", now);
  const shipmentNumber = `SH-${number}`;
  return database.transaction(async (connection) => {
    await deps.inventory.createLots(connection, lots);
    await writeOrder(deps.orders, connection, { plan, order, lines });
    await deps.shipments.createShipments(connection, [
      {
        shipment: {
          id: shipmentId,
          number: shipmentNumber,
          orderId: order.id,
          state: "shipping",
          carrier: plan.carrier,
          trackingNumber: trackingNumberOf(plan.carrier, { digits: randomDigits }),
          bandId: plan.bandId,
          expectedAt: plan.expectedAt,
          shippedAt: plan.shippedAt,
          deliveredAt: null,
          createdAt: plan.createdAt,
        },
        lines: lines.map((line, index) => ({
          orderLineId: line.id,
          lotId: lots[index]?.id ?? null,
          units: line.units,
        })),
        ...custodyOf(plan, now),
      },
    ]);
    const { id: bindingId } = await deps.devices.bind(connection, {
      kind: "logger-shipment",
      targetId: shipmentId,
      ...plan.logger,
    });
    return { orderId: order.id, orderNumber: order.number, shipmentId, shipmentNumber, bindingId };
  });
}

async function variantsOf(catalog: Catalog, plan: ParcelPlan): Promise<readonly Variant[]> {
  const ids = plan.lines.map(({ sku }) => variantIdOf(sku));
  const found = new Map((await catalog.findVariants(ids)).map((variant) => [variant.id, variant]));
  return ids.map((id) => {
    const variant = found.get(id);
    if (variant !== undefined) return variant;
    throw new DomainError("not-found", {
      en: `The catalogue has no ${id}; this is not the demo shop as it was seeded.`,
      zh: `商品目录中没有 ${id}，这不是初始的演示店铺。`,
    });
  });
}

async function freeNumber({ orders, shipments }: ParcelDependencies): Promise<number> {
  for (let attempt = 0; attempt < numberAttemptsMax; attempt += 1) {
    const number = randomInt(...laterNumbers);
    const order = await orders.findOrderByNumber(`WM-${number}`);
    const shipment = await shipments.findShipmentByNumber(`SH-${number}`);
    if (order === null && shipment === null) return number;
  }
  throw new DomainError("limit-reached", {
    en: "No order number is free for another story.",
    zh: "没有可用于新场景的订单号。",
  });
}

function orderOf(
  plan: ParcelPlan,
  variants: readonly Variant[],
  number: number,
): { readonly order: Order; readonly lines: readonly OrderLine[] } {
  const { customer, placedAt } = plan;
  const id = newId("ord", placedAt);
  const lines = plan.lines.map(({ units }, index) => ({
    id: newId("oln", placedAt),
    orderId: id,
    variantId: variants[index]?.id ?? "",
    units,
    unitPriceMinor: variants[index]?.price.amountMinor ?? 0,
  }));
  const order: Order = {
    id,
    number: `WM-${number}`,
    customerId: customer.id,
    state: "shipped",
    currency: demoData().shop.currency,
    totalMinor: lines.reduce((sum, line) => sum + line.units * line.unitPriceMinor, 0),
    placedAt,
    deliveredAt: null,
    cancelledAt: null,
    shipTo: shipToOf(customer),
  };
  return { order, lines };
}

function shipToOf(customer: Customer): Order["shipTo"] {
  const { cities, streets } = demoData().people;
  const city = cities.find(({ postcodePrefix }) => customer.postcode.startsWith(postcodePrefix));
  const street = streets[0];
  return {
    name: customer.name,
    street: customer.language === "zh" ? `${street?.zh ?? ""}18号` : `18 ${street?.en ?? ""}`,
    city: city?.name[customer.language] ?? "",
    postcode: customer.postcode,
  };
}

/** Each line comes from a lot of its own that arrived the morning before. */
function lotsOf(plan: ParcelPlan, variants: readonly Variant[], number: number, now: number): readonly Lot[] {
  const { shop, catalogue } = demoData();
  const calendar = shopCalendar(shop.timeZone, now);
  const receivedAt = calendar.dayStart(plan.placedAt) - dayMs + 6 * 60 * minuteMs;
  return variants.map((variant) => {
    const product = catalogue.products.find(({ variants: own }) =>
      own.some(({ sku }) => sku === variant.sku),
    );
    const lifeDays = product?.shelfLifeDays ?? null;
    return {
      id: newId("lot", receivedAt),
      variantId: variant.id,
      number: `L${calendar.dateOf(receivedAt).slice(2).replaceAll("-", "")}-${variant.sku}-${number}`,
      expiresOn: lifeDays === null ? null : calendar.dateOf(receivedAt + lifeDays * dayMs),
      receivedAt,
    };
  });
}

async function writeOrder(
  orders: Orders,
  connection: Connection,
  { plan, order, lines }: { plan: ParcelPlan; order: Order; lines: readonly OrderLine[] },
): Promise<void> {
  const payment = {
    id: newId("pay", plan.placedAt),
    orderId: order.id,
    ...plan.payment,
    amountMinor: order.totalMinor,
    state: "captured",
  } as const;
  await orders.createOrders(connection, [{ order, lines, payments: [payment] }]);
}

/** Warehouse and van are ours; the courier is the carrier's. */
function custodyOf(
  plan: ParcelPlan,
  now: number,
): { readonly legs: readonly CustodyLegRow[]; readonly trackingEvents: readonly TrackingEvent[] } {
  const { shop, warehouses } = demoData();
  const warehouse = warehouses.locations.find(({ code }) => code === plan.locationCode)?.name;
  if (warehouse === undefined) throw new Error(`The demo shop has no warehouse ${plan.locationCode}.`);
  const { createdAt, shippedAt, courierAt } = plan;
  const leg = (
    position: number,
    part: { holder: BilingualText; isOurs: boolean; beganAt: number; endedAt: number | null },
  ): CustodyLegRow => ({ id: newId("leg", part.beganAt), position, ...part });
  const legs = [
    leg(1, { holder: warehouse, isOurs: true, beganAt: createdAt, endedAt: shippedAt }),
    leg(2, { holder: shop.holders.van, isOurs: true, beganAt: shippedAt, endedAt: courierAt }),
  ];
  const events = [
    { at: createdAt, kind: "packed", place: warehouse },
    { at: shippedAt, kind: "departed", place: warehouse },
  ];
  if (courierAt === null || courierAt > now) return { legs, trackingEvents: events };
  const holder = shop.holders.chilledCourier;
  const city = cityOf(plan.customer);
  return {
    legs: [...legs, leg(3, { holder, isOurs: false, beganAt: courierAt, endedAt: null })],
    trackingEvents: [
      ...events,
      {
        at: courierAt,
        kind: "arrived-at-depot",
        place: { en: `${city.en} depot`, zh: `${city.zh}转运站` },
      },
    ],
  };
}

function cityOf(customer: Customer): BilingualText {
  const { cities } = demoData().people;
  const city = cities.find(({ postcodePrefix }) => customer.postcode.startsWith(postcodePrefix));
  return city?.name ?? { en: "Local", zh: "本地" };
}

const randomDigits = (count: number): string =>
  Array.from({ length: count }, () => String(randomInt(10))).join("");
