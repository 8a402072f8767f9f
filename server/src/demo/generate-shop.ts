// The whole demo shop as rows, from a seed and a time: pure, so that it can be tried without a store.
import { type DemoData, demoData } from "./demo-data.ts";
import { generateAssortment } from "./generate-assortment.ts";
import { generateShoppers } from "./generate-customers.ts";
import { generateOrders } from "./generate-orders.ts";
import { generateShipments } from "./generate-shipments.ts";
import { generateStock } from "./generate-stock.ts";
import { generateTelemetry } from "./generate-telemetry.ts";
import { createRandom } from "./seeded-random.ts";
import { shopCalendar } from "./shop-calendar.ts";
import type { ShopRows } from "./shop-rows.ts";

/** The same seed and time give the same shop, to the last character. `now` is epoch milliseconds. */
export function generateShop(seed: number, now: number, data: DemoData = demoData()): ShopRows {
  const random = createRandom(seed);
  const calendar = shopCalendar(data.shop.timeZone, now);
  const shoppers = generateShoppers(data, random.fork("customers"), now);
  const assortment = generateAssortment(data, random.fork("assortment"), { now, calendar });
  const shared = { data, assortment, now };
  const orders = generateOrders({ ...shared, shoppers, calendar, random: random.fork("orders") });
  const shipments = generateShipments({ ...shared, orders, random: random.fork("shipments") });
  return {
    bands: assortment.bands,
    products: assortment.products,
    variants: assortment.articles.map(({ variant }) => variant),
    locations: assortment.locations,
    lots: assortment.articles.flatMap(({ lots }) => lots),
    ...generateStock({ ...shared, orders, random: random.fork("stock") }),
    customers: shoppers.map(({ customer }) => customer),
    orders: orders.map(({ order, lines, payments }) => ({ order, lines, payments })),
    shipments: shipments.map(({ shipment, lines, legs, trackingEvents }) => ({
      shipment,
      lines,
      legs,
      trackingEvents,
    })),
    profiles: data.devices.profiles,
    devices: data.devices.devices.map(({ name, label, profileId }) => ({ name, label, profileId })),
    ...generateTelemetry({ data, shipments, now, random: random.fork("telemetry") }),
  };
}
