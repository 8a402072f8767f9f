import type { Band, BilingualText } from "@waremind/contract";
import type { CustodyLegRow, ShipmentState, TrackingEvent } from "../shipments/index.ts";
import type { DemoData } from "./demo-data.ts";
import type { Article, Assortment } from "./generate-assortment.ts";
import type { PlannedOrder, PlannedParcel } from "./generate-orders.ts";
import type { Random } from "./seeded-random.ts";
import { dayMs, minuteMs } from "./shop-calendar.ts";
import type { ShipmentRow } from "./shop-rows.ts";

/** A delivered parcel is closed when complaints are no longer expected. */
const closedAfterMs = 7 * dayMs;
const firstShipmentNumber = 500_001;

export interface PlannedShipment extends ShipmentRow {
  readonly parcel: PlannedParcel;
  readonly band: Band | null;
}

/** The parcels of all orders, in the order in which the warehouse took them on. */
export function generateShipments(generator: {
  readonly data: DemoData;
  readonly assortment: Assortment;
  readonly orders: readonly PlannedOrder[];
  readonly random: Random;
  readonly now: number;
}): readonly PlannedShipment[] {
  const { orders, now } = generator;
  return orders
    .flatMap((planned) =>
      planned.parcels.map((parcel) => ({ planned, parcel, createdAt: planned.processedAt ?? now })),
    )
    .filter(({ createdAt }) => createdAt <= now)
    .toSorted((left, right) => left.createdAt - right.createdAt)
    .map((source, index) => shipmentOf(generator, source, `SH-${firstShipmentNumber + index}`));
}

function shipmentOf(
  { data, assortment, random, now }: { data: DemoData; assortment: Assortment; random: Random; now: number },
  { planned, parcel, createdAt }: { planned: PlannedOrder; parcel: PlannedParcel; createdAt: number },
  number: string,
): PlannedShipment {
  const id = random.id("shp", createdAt);
  const state = stateAt(parcel, now);
  const articleOf = new Map(planned.lines.map((line, index) => [line.id, planned.articles[index]]));
  const lines = planned.lines.filter((line) => parcel.lineIds.includes(line.id));
  const articles = lines.flatMap((line) => articleOf.get(line.id) ?? []);
  const band = strictestBand(articles);
  const carrier = data.shop.carriers[parcel.zone];
  return {
    parcel,
    band,
    shipment: {
      id,
      number,
      orderId: planned.order.id,
      state,
      carrier,
      trackingNumber: trackingNumberOf(carrier, random),
      bandId: band?.id ?? null,
      expectedAt: parcel.expectedAt,
      shippedAt: state === "ready" ? null : parcel.shippedAt,
      deliveredAt: state === "delivered" || state === "closed" ? parcel.arrivesAt : null,
      createdAt,
    },
    lines: lines.map((line, index) => ({
      orderLineId: line.id,
      lotId: lotIdOf(assortment, articles[index], createdAt),
      units: line.units,
    })),
    legs: legsOf({ data, random, planned, parcel, createdAt, now }),
    trackingEvents: trackingOf({ data, planned, parcel, createdAt, now }),
  };
}

function lotIdOf(assortment: Assortment, article: Article | undefined, at: number): string | null {
  return article === undefined ? null : assortment.lotAt(article, at).id;
}

function stateAt(parcel: PlannedParcel, now: number): ShipmentState {
  if (now < parcel.shippedAt) return "ready";
  if (now < parcel.arrivesAt) return "shipping";
  return now < parcel.arrivesAt + closedAfterMs ? "delivered" : "closed";
}

/** Goods that travel together are kept as the most delicate of them needs. */
function strictestBand(articles: readonly Article[]): Band | null {
  return articles
    .flatMap(({ band }) => (band === null ? [] : [band]))
    .reduce<Band | null>(
      (strictest, band) => (strictest === null || band.maxCelsius < strictest.maxCelsius ? band : strictest),
      null,
    );
}

/** Initials of the carrier and ten digits: `NCE7204418830`. */
export function trackingNumberOf(carrier: string, random: Pick<Random, "digits">): string {
  const initials = carrier
    .split(" ")
    .map((word) => word.charAt(0))
    .join("");
  return `${initials}${random.digits(10)}`;
}

interface Journey {
  readonly data: DemoData;
  readonly planned: PlannedOrder;
  readonly parcel: PlannedParcel;
  readonly createdAt: number;
  readonly now: number;
}

/** Warehouse, our vehicle, the carrier's courier: the first two are ours. */
function legsOf({ random, ...journey }: Journey & { random: Random }): readonly CustodyLegRow[] {
  const { data, parcel, createdAt, now } = journey;
  const { holders } = data.shop;
  const isCold = parcel.zone !== "ambient";
  const legs = [
    { holder: warehouseOf(journey), isOurs: true, beganAt: createdAt, endedAt: parcel.shippedAt },
    {
      holder: isCold ? holders.van : holders.truck,
      isOurs: true,
      beganAt: parcel.shippedAt,
      endedAt: parcel.courierAt,
    },
    {
      holder: isCold ? holders.chilledCourier : holders.ambientCourier,
      isOurs: false,
      beganAt: parcel.courierAt,
      endedAt: parcel.arrivesAt,
    },
  ];
  return legs
    .filter(({ beganAt }) => beganAt <= now)
    .map((leg, index) => ({
      id: random.id("leg", leg.beganAt),
      position: index + 1,
      ...leg,
      endedAt: leg.endedAt <= now ? leg.endedAt : null,
    }));
}

function warehouseOf({ data, planned }: Pick<Journey, "data" | "planned">): BilingualText {
  const location = data.warehouses.locations.find(({ code }) => code === planned.shopper.city.warehouse);
  if (location === undefined) throw new Error(`No warehouse serves ${planned.shopper.city.name.en}.`);
  return location.name;
}

function trackingOf(journey: Journey): readonly TrackingEvent[] {
  const { planned, parcel, createdAt, now } = journey;
  const warehouse = warehouseOf(journey);
  const city = planned.shopper.city.name;
  const depot = { en: `${city.en} depot`, zh: `${city.zh}转运站` };
  const outAt = parcel.courierAt + Math.min(30 * minuteMs, (parcel.arrivesAt - parcel.courierAt) / 2);
  return [
    { at: createdAt, kind: "packed", place: warehouse },
    { at: parcel.shippedAt, kind: "departed", place: warehouse },
    { at: parcel.courierAt, kind: "arrived-at-depot", place: depot },
    { at: Math.round(outAt), kind: "out-for-delivery", place: city },
    { at: parcel.arrivesAt, kind: "delivered", place: city },
  ].filter(({ at }) => at <= now);
}
