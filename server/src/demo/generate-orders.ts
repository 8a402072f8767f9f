import type { OrderState } from "../orders/index.ts";
import type { DemoData, Zone } from "./demo-data.ts";
import type { Article, Assortment } from "./generate-assortment.ts";
import type { Shopper } from "./generate-customers.ts";
import type { Random } from "./seeded-random.ts";
import { dayMs, hourMs, minuteMs, type ShopCalendar } from "./shop-calendar.ts";
import type { OrderRow } from "./shop-rows.ts";

/** Goods of one zone, which travel together. */
export interface PlannedParcel {
  readonly zone: Zone;
  readonly lineIds: readonly string[];
  readonly shippedAt: number;
  /** When the last courier takes over. */
  readonly courierAt: number;
  readonly expectedAt: number;
  /** When it arrives, which may be in the future. */
  readonly arrivesAt: number;
}

export interface PlannedOrder extends OrderRow {
  readonly shopper: Shopper;
  readonly articles: readonly Article[];
  /** When the warehouse takes it on; the parcels exist from then. Null: cancelled before. */
  readonly processedAt: number | null;
  readonly parcels: readonly PlannedParcel[];
}

/** Orders that a shop has at any hour: just placed, being packed, and on the road (the live loggers travel with these). */
export const pendingOrderCount = 6;
export const packingOrderCount = 4;
export const underwayOrderCount = 8;
const cancelledShare = 0.03;
const lateShare = 0.07;
const freshestOrderMs = 3 * minuteMs;
const firstOrderNumber = 100_001;
/** Orders grow over the history by this share. */
const growth = 0.35;

interface Generator {
  readonly data: DemoData;
  readonly assortment: Assortment;
  readonly shoppers: readonly Shopper[];
  readonly random: Random;
  readonly now: number;
  readonly calendar: ShopCalendar;
}

/** All orders of the history, oldest first, with the parcels they become. */
export function generateOrders(generator: Generator): readonly PlannedOrder[] {
  const { data, random, now } = generator;
  const days = dayWeights(generator);
  const usualCount = data.shop.orderCount - pendingOrderCount - packingOrderCount - underwayOrderCount;
  const times = <Plan>(count: number, plan: () => Plan): Plan[] => Array.from({ length: count }, plan);
  const plans = [
    ...times(usualCount, () => usualTiming(generator, placedAtOf(generator, days))),
    ...times(pendingOrderCount, () => pendingTiming(random, now)),
    ...times(packingOrderCount, () => packingTiming(random, now)),
    ...times(underwayOrderCount, () => underwayTiming(random, now)),
  ].toSorted((left, right) => left.placedAt - right.placedAt);
  return plans.map((timing, index) => planOrder(generator, timing, `WM-${firstOrderNumber + index}`));
}

interface Timing {
  readonly placedAt: number;
  readonly processedAt: number;
  readonly cancelledAt: number | null;
  /** When its parcels leave and arrive, where that is laid down. */
  readonly transit: { readonly shippedAt: number; readonly arrivesAt: number | null } | null;
  /** Which goods: the live loggers travel with chilled ones. */
  readonly onlyChilled: boolean;
}

interface WeighedDay {
  readonly startAt: number;
  readonly weight: number;
}

function dayWeights({ data, now, calendar }: Generator): readonly WeighedDay[] {
  const { historyDays, weekdayWeights } = data.shop;
  return Array.from({ length: historyDays }, (_, age) => {
    const startAt = calendar.dayStart(now - age * dayMs);
    const trend = 1 - (growth * age) / historyDays;
    // Of today only what has passed.
    const share = age === 0 ? (now - startAt) / dayMs : 1;
    return { startAt, weight: (weekdayWeights[calendar.weekday(startAt)] ?? 0) * trend * share };
  });
}

function placedAtOf({ data, random, now }: Generator, days: readonly WeighedDay[]): number {
  const hours = data.shop.hourWeights.map((weight, hour) => ({ hour, weight }));
  for (let attempt = 0; attempt < 1000; attempt += 1) {
    const day = random.weighted(days, ({ weight }) => weight);
    const { hour } = random.weighted(hours, ({ weight }) => weight);
    const placedAt = day.startAt + hour * hourMs + random.int(0, hourMs - 1);
    if (placedAt <= now - freshestOrderMs) return placedAt;
  }
  return now - freshestOrderMs;
}

function usualTiming({ random }: Generator, placedAt: number): Timing {
  const processedAt = placedAt + random.int(20, 150) * minuteMs;
  const cancelledAt = random.chance(cancelledShare)
    ? placedAt + random.int(4, Math.floor((processedAt - placedAt) / minuteMs) - 1) * minuteMs
    : null;
  return { placedAt, processedAt, cancelledAt, transit: null, onlyChilled: false };
}

function pendingTiming(random: Random, now: number): Timing {
  const placedAt = now - random.int(4, 25) * minuteMs;
  const processedAt = now + random.int(45, 120) * minuteMs;
  return { placedAt, processedAt, cancelledAt: null, transit: null, onlyChilled: false };
}

function packingTiming(random: Random, now: number): Timing {
  const processedAt = now - random.int(5, 60) * minuteMs;
  const placedAt = processedAt - random.int(25, 140) * minuteMs;
  const shippedAt = now + random.int(40, 150) * minuteMs;
  const transit = { shippedAt, arrivesAt: null };
  return { placedAt, processedAt, cancelledAt: null, transit, onlyChilled: false };
}

function underwayTiming(random: Random, now: number): Timing {
  const shippedAt = now - random.int(100, 260) * minuteMs;
  const processedAt = shippedAt - random.int(60, 200) * minuteMs;
  const placedAt = processedAt - random.int(40, 300) * minuteMs;
  return {
    placedAt,
    processedAt,
    cancelledAt: null,
    transit: { shippedAt, arrivesAt: now + random.int(110, 300) * minuteMs },
    onlyChilled: true,
  };
}

function planOrder(generator: Generator, timing: Timing, number: string): PlannedOrder {
  const { data, random, now, shoppers } = generator;
  const shopper = random.weighted(shoppers, ({ weight }) => weight);
  const articles = basketOf(generator, timing);
  const orderId = random.id("ord", timing.placedAt);
  const lines = articles.map((article) => ({
    id: random.id("oln", timing.placedAt),
    orderId,
    variantId: article.variant.id,
    units: random.weighted([1, 2, 3, 4], (units) => 8 / units ** 2),
    unitPriceMinor: article.variant.price.amountMinor,
  }));
  const totalMinor = lines.reduce((sum, line) => sum + line.units * line.unitPriceMinor, 0);
  const isCancelled = timing.cancelledAt !== null;
  const parcels = isCancelled ? [] : parcelsOf(random, timing, articles, lines);
  const state = stateOf(timing, parcels, now);
  const payment = random.weighted(data.shop.payments, ({ weight }) => weight);
  const paymentState = state === "pending" ? "authorized" : state === "cancelled" ? "voided" : "captured";
  const lastArrival = Math.max(...parcels.map(({ arrivesAt }) => arrivesAt));
  return {
    shopper,
    articles,
    processedAt: isCancelled ? null : timing.processedAt,
    parcels,
    order: {
      id: orderId,
      number,
      customerId: shopper.customer.id,
      state,
      currency: data.shop.currency,
      totalMinor,
      placedAt: timing.placedAt,
      deliveredAt: state === "delivered" ? lastArrival : null,
      cancelledAt: state === "cancelled" ? timing.cancelledAt : null,
      shipTo: shopper.shipTo,
    },
    lines,
    payments: [
      {
        id: random.id("pay", timing.placedAt),
        orderId,
        method: payment.method,
        label: payment.label,
        amountMinor: totalMinor,
        state: paymentState,
      },
    ],
  };
}

function stateOf(timing: Timing, parcels: readonly PlannedParcel[], now: number): OrderState {
  if (timing.cancelledAt !== null) return timing.cancelledAt <= now ? "cancelled" : "pending";
  if (now < timing.processedAt) return "pending";
  if (parcels.every(({ shippedAt }) => now < shippedAt)) return "processed";
  return parcels.every(({ arrivesAt }) => arrivesAt <= now) ? "delivered" : "shipped";
}

/** One to five different variants. */
function basketOf({ assortment, random }: Generator, timing: Timing): readonly Article[] {
  const choice = timing.onlyChilled
    ? assortment.articles.filter(({ zone }) => zone === "chilled")
    : assortment.articles;
  const count = random.weighted([1, 2, 3, 4, 5], (size) => [30, 28, 22, 13, 7][size - 1] ?? 0);
  const basket = new Set<Article>();
  while (basket.size < count) basket.add(random.weighted(choice, ({ popularity }) => popularity));
  return [...basket];
}

const transitMinutes = { chilled: [300, 760], frozen: [340, 820], ambient: [900, 2900] } as const;

function parcelsOf(
  random: Random,
  timing: Timing,
  articles: readonly Article[],
  lines: readonly { readonly id: string }[],
): readonly PlannedParcel[] {
  const zones = [...new Set(articles.map(({ zone }) => zone))];
  return zones.map((zone) => {
    const lineIds = lines.filter((_, index) => articles[index]?.zone === zone).map(({ id }) => id);
    const [least, most] = transitMinutes[zone];
    const shippedAt = timing.transit?.shippedAt ?? timing.processedAt + random.int(40, 240) * minuteMs;
    const promisedAt = Math.ceil((shippedAt + most * minuteMs) / hourMs) * hourMs;
    const isLate = random.chance(lateShare);
    const usualAt = isLate
      ? promisedAt + random.int(20, 260) * minuteMs
      : shippedAt + random.int(least, most) * minuteMs;
    const arrivesAt = timing.transit?.arrivesAt ?? usualAt;
    return {
      zone,
      lineIds,
      shippedAt,
      courierAt: Math.round(shippedAt + (arrivesAt - shippedAt) * random.between(0.55, 0.75)),
      expectedAt: isLate ? promisedAt : Math.ceil(arrivesAt / hourMs) * hourMs + random.int(0, 2) * hourMs,
      arrivesAt,
    };
  });
}
