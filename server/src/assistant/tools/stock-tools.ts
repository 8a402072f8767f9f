import type { Fact, FactProperty, FactValue, Subject } from "@waremind/contract";
import type { Variant } from "../../catalog/index.ts";
import type { VariantStock } from "../../inventory/index.ts";
import type { ReadingDoors } from "../assistant-types.ts";
import type { Turn } from "../turn.ts";
import { rowSource, value } from "./fact-ledger.ts";
import type { FactSheet } from "./fact-sheet.ts";

/** Below this score the words hardly name the product (see `Catalog.searchVariants`). */
const scoreNamed = 0.4;
/** Variants whose scores are this near to the best are equally meant. */
const scoreTie = 0.05;
const variantsShownMax = 8;
const wordsMax = 200;
/** At most this many units left is said as "low". */
const lowStockUnitsMax = 5;
const sensedFreshSeconds = 60 * 60;
const bookedFreshSeconds = 60 * 60;

export interface StockTools {
  /** Variants that the words name, best first; empty when nothing on sale is meant by them. */
  stockOfVariant(product: string): Promise<readonly FactSheet[]>;
  priceOfVariant(product: string): Promise<readonly FactSheet[]>;
}

export function createStockTools(doors: Pick<ReadingDoors, "catalog" | "inventory">, turn: Turn): StockTools {
  const named = async (product: string): Promise<readonly Variant[]> => {
    const hits = await doors.catalog.searchVariants(product.slice(0, wordsMax), {
      limit: variantsShownMax,
    });
    const best = hits[0]?.score ?? 0;
    if (best < scoreNamed) return [];
    return hits.filter(({ score }) => best - score <= scoreTie).map(({ variant }) => variant);
  };
  return {
    priceOfVariant: async (product) => (await named(product)).map((variant) => priceSheet(turn, variant)),
    stockOfVariant: async (product) => {
      const variants = await named(product);
      const stock = await doors.inventory.stockOf(variants.map(({ id }) => id));
      return variants.map((variant) => stockSheet(turn, variant, stock.get(variant.id)));
    },
  };
}

function priceSheet(turn: Turn, variant: Variant): FactSheet {
  const subject: Subject = { kind: "variant", id: variant.id, label: variant.sku };
  const add = (property: FactProperty, factValue: FactValue): Fact =>
    turn.ledger.add({
      subject,
      property,
      value: factValue,
      observedAt: turn.now,
      freshForSeconds: bookedFreshSeconds,
      source: rowSource("variant", variant.id),
    });
  const facts = [
    add("product-title", value.text(variant.title)),
    add("sku", value.identifier(variant.sku)),
    add("price", value.money(variant.price)),
  ];
  return { subject, facts, parts: [] };
}

/** What may be sold: neither promised to another order nor past its date. */
const sellableUnits = ({ onHandUnits, reservedUnits, expiredUnits }: VariantStock): number =>
  Math.max(0, onHandUnits - reservedUnits - expiredUnits);

function stockSheet(turn: Turn, variant: Variant, stock: VariantStock | undefined): FactSheet {
  const sheet = priceSheet(turn, variant);
  const units = stock === undefined ? 0 : sellableUnits(stock);
  const add = (property: FactProperty, factValue: FactValue, at: number, fresh: number): Fact =>
    turn.ledger.add({
      subject: sheet.subject,
      property,
      value: factValue,
      observedAt: at,
      freshForSeconds: fresh,
      source: rowSource("stock_level", variant.id),
    });
  const availability = units === 0 ? "out-of-stock" : units <= lowStockUnitsMax ? "low-stock" : "in-stock";
  const facts = [
    ...sheet.facts,
    add("availability", value.status(availability), turn.now, bookedFreshSeconds),
    add("units-available", value.count(units), turn.now, bookedFreshSeconds),
    ...(stock?.sensedUnits == null || stock.sensedAt === null
      ? []
      : [
          add("units-sensed", value.count(stock.sensedUnits), stock.sensedAt, sensedFreshSeconds),
          add("sensed-at", value.instant(stock.sensedAt), stock.sensedAt, sensedFreshSeconds),
        ]),
  ];
  return { ...sheet, facts };
}
