import type { Band } from "@waremind/contract";
import type { Product, Variant } from "../catalog/index.ts";
import type { Location, Lot } from "../inventory/index.ts";
import { type DemoData, type Zone, zoneOf } from "./demo-data.ts";
import type { Random } from "./seeded-random.ts";
import { dayMs, hourMs, type ShopCalendar } from "./shop-calendar.ts";

/** A variant with what the generator must know of it. */
export interface Article {
  readonly variant: Variant;
  readonly zone: Zone;
  readonly band: Band | null;
  readonly popularity: number;
  /** Oldest first. */
  readonly lots: readonly Lot[];
}

export interface Assortment {
  readonly bands: readonly Band[];
  readonly products: readonly Product[];
  readonly articles: readonly Article[];
  readonly locations: readonly Location[];
  article(sku: string): Article;
  /** The lot that leaves first at this time: the earliest to expire with a day to spare. */
  lotAt(article: Article, at: number): Lot;
}

/** Lots are made this often, in days, for goods that do not expire. */
const durableLotDays = 40;
const freshLotDaysMin = 2;
const freshLotDaysMax = 30;
/** Lots reach this far beyond the first order, in days. */
const lotLeadDays = 3;

export function generateAssortment(
  data: DemoData,
  random: Random,
  time: { readonly now: number; readonly calendar: ShopCalendar },
): Assortment {
  const { bands } = data.catalogue;
  const articles = data.catalogue.products.flatMap((product) =>
    product.variants.map((variant, index): Article => {
      const band = bands.find(({ id }) => id === product.bandId) ?? null;
      if (band === null && product.bandId !== null)
        throw new Error(`catalogue.json: ${product.id} names the unknown band ${product.bandId}.`);
      const { priceMinor, ...rest } = variant;
      return {
        variant: {
          ...rest,
          id: variantIdOf(variant.sku),
          productId: productIdOf(product.id),
          price: { amountMinor: priceMinor, currency: data.shop.currency },
          state: "active",
        },
        zone: zoneOf(band),
        band,
        // Of several sizes the first sells best.
        popularity: product.popularity / (1 + index * 0.6),
        lots: lotsOf(
          { sku: variant.sku, shelfLifeDays: product.shelfLifeDays },
          random,
          time,
          data.shop.historyDays,
        ),
      };
    }),
  );
  const bySku = new Map(articles.map((article) => [article.variant.sku, article]));
  return {
    bands,
    products: data.catalogue.products.map(({ id, title, description, category, bandId, attributes }) => ({
      id: productIdOf(id),
      title,
      description,
      category,
      bandId,
      attributes,
    })),
    articles,
    locations: data.warehouses.locations.map(({ id, name, timeZone }) => ({ id, name, timeZone })),
    article: (sku) => {
      const article = bySku.get(sku);
      if (article === undefined) throw new Error(`The catalogue has no variant ${sku}.`);
      return article;
    },
    lotAt: (article, at) => lotAt(article, at, time.calendar),
  };
}

/** Ids from data keep their names, so that a story can speak of them. */
export const variantIdOf = (sku: string): string => `var_${sku.toLowerCase()}`;
const productIdOf = (id: string): string => `prd_${id}`;

function lotsOf(
  goods: { readonly sku: string; readonly shelfLifeDays: number | null },
  random: Random,
  { now, calendar }: { readonly now: number; readonly calendar: ShopCalendar },
  historyDays: number,
): Lot[] {
  const { sku, shelfLifeDays } = goods;
  const everyDays =
    shelfLifeDays === null
      ? durableLotDays
      : Math.min(freshLotDaysMax, Math.max(freshLotDaysMin, Math.floor(shelfLifeDays / 2)));
  const lots: Lot[] = [];
  // Received at six in the morning; the newest at least an hour ago.
  let receivedAt = calendar.dayStart(now - random.int(0, everyDays - 1) * dayMs) + 6 * hourMs;
  if (receivedAt > now - hourMs) receivedAt -= dayMs;
  for (
    ;
    receivedAt > now - (historyDays + lotLeadDays + everyDays) * dayMs;
    receivedAt -= everyDays * dayMs
  ) {
    lots.push({
      id: random.id("lot", receivedAt),
      variantId: variantIdOf(sku),
      number: `L${calendar.dateOf(receivedAt).slice(2).replaceAll("-", "")}-${sku}`,
      expiresOn: shelfLifeDays === null ? null : calendar.dateOf(receivedAt + shelfLifeDays * dayMs),
      receivedAt,
    });
  }
  return lots.reverse();
}

function lotAt(article: Article, at: number, calendar: ShopCalendar): Lot {
  const leastDate = calendar.dateOf(at + dayMs);
  const lot = article.lots.find(
    ({ receivedAt, expiresOn }) => receivedAt <= at && (expiresOn === null || expiresOn >= leastDate),
  );
  if (lot === undefined) throw new Error(`No lot of ${article.variant.sku} stood ready at ${at}.`);
  return lot;
}
