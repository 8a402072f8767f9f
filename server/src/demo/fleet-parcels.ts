// Keeps the fleet's loggers on parcels that are still under way, however long the demo was switched off.
import type { Customer, Customers } from "../customers/index.ts";
import type { Binding, Device } from "../devices/index.ts";
import type { Log } from "../platform/log.ts";
import type { ShipmentDetail } from "../shipments/index.ts";
import { demoData } from "./demo-data.ts";
import { type ParcelDependencies, placeParcel } from "./place-parcel.ts";
import { hourMs, minuteMs } from "./shop-calendar.ts";

/** A parcel that is this late is taken to have arrived while nobody looked. */
const overdueMs = 2 * hourMs;
/** Parcels without a logger that are closed in one start; the rest waits for the next. */
const deliveriesMax = 200;
const ordersRead = 60;

type Needs = ParcelDependencies & { readonly customers: Customers; readonly log: Log };

/** Goods a logger may travel with, one basket after the other. */
const baskets = [
  { bandId: "chilled-fish", locationCode: "SHA", lines: [{ sku: "FISH-COD-300", units: 2 }] },
  { bandId: "dairy", locationCode: "SHA", lines: [{ sku: "DAIR-YOG-PLN", units: 3 }] },
  { bandId: "chilled-meat", locationCode: "SZX", lines: [{ sku: "MEAT-CHI-500", units: 2 }] },
  { bandId: "live-shellfish", locationCode: "SZX", lines: [{ sku: "SHEL-OYS-12", units: 1 }] },
] as const;

/** Delivers what is overdue and gives each logger of the fleet a parcel that is on the road now. */
export async function renewFleetParcels(deps: Needs, loggers: readonly Device[]): Promise<void> {
  await deliverOverdue(deps);
  const live = await deps.devices.liveBindings();
  for (const [index, logger] of loggers.entries()) {
    const binding = live.find(({ deviceId, kind }) => deviceId === logger.id && kind === "logger-shipment");
    if (binding !== undefined && (await isUnderway(deps, binding))) continue;
    if (binding !== undefined) await unbind(deps, binding);
    const customer = await someCustomer(deps, index);
    if (customer !== null) await placeNext(deps, logger, index, customer);
  }
}

async function isUnderway(deps: Needs, binding: Binding): Promise<boolean> {
  return (await deps.shipments.findShipment(binding.targetId))?.state === "shipping";
}

async function unbind(deps: Needs, binding: Binding): Promise<void> {
  await deps.database.transaction((connection) => deps.devices.unbind(connection, binding.id));
}

async function deliverOverdue(deps: Needs): Promise<void> {
  const now = deps.clock.now();
  const underway = await deps.shipments.listShipments({ state: "shipping", limit: deliveriesMax });
  for (const { id, expectedAt } of underway) {
    if (expectedAt === null || now - expectedAt < overdueMs) continue;
    const shipment = await deps.shipments.findShipment(id);
    if (shipment !== null) await deliver(deps, shipment);
  }
}

/** Delivers a parcel, and with its last parcel the order. What the state machines forbid is left as it is. */
export async function deliver(
  deps: Pick<Needs, "database" | "shipments" | "orders" | "log">,
  shipment: Pick<ShipmentDetail, "id" | "orderId" | "number">,
): Promise<void> {
  const { database, shipments, orders, log } = deps;
  const others = (await shipments.shipmentsOfOrders([shipment.orderId])).filter(
    ({ id }) => id !== shipment.id,
  );
  const isLast = others.every(({ state }) => state === "delivered" || state === "closed");
  const order = await orders.findOrder(shipment.orderId);
  try {
    await database.transaction(async (connection) => {
      await shipments.moveShipment(connection, shipment.id, "delivered");
      if (isLast && order?.state === "shipped")
        await orders.moveOrder(connection, order.id, "delivered", { by: "demo" });
    });
  } catch (error) {
    log.warn({ error, shipment: shipment.number }, "the demo could not deliver a parcel");
  }
}

/** Somebody who ordered lately, but nobody of the stories: their latest order is the story's. */
async function someCustomer({ orders, customers }: Needs, index: number): Promise<Customer | null> {
  const named = new Set(demoData().people.named.map(({ email }) => email));
  const ids = [
    ...new Set((await orders.listOrders({ limit: ordersRead })).map(({ customerId }) => customerId)),
  ];
  const found = (await customers.findCustomers(ids)).filter(({ email }) => !named.has(email));
  return found[index % Math.max(1, found.length)] ?? null;
}

async function placeNext(deps: Needs, logger: Device, index: number, customer: Customer): Promise<void> {
  const now = deps.clock.now();
  const basket = baskets[index % baskets.length] ?? baskets[0];
  await placeParcel(deps, {
    ...basket,
    customer,
    payment: { method: "wechat-pay", label: "WeChat Pay" },
    carrier: demoData().shop.carriers.chilled,
    placedAt: now - 5 * hourMs,
    createdAt: now - 40 * minuteMs,
    shippedAt: now - 5 * minuteMs,
    courierAt: null,
    expectedAt: now + (6 + index) * hourMs,
    logger: { deviceId: logger.id, seriesKey: "temperature", boundAt: now },
  });
}
