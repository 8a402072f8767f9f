import type { Lot, ShelfCell } from "../inventory/index.ts";
import type { DemoData } from "./demo-data.ts";
import { type Article, type Assortment, variantIdOf } from "./generate-assortment.ts";
import type { PlannedOrder } from "./generate-orders.ts";
import type { Random } from "./seeded-random.ts";
import { shopCalendar } from "./shop-calendar.ts";
import type { StockLevelRow } from "./shop-rows.ts";

/** What stands in the two warehouses now: free units, and those that open orders have reserved. */
export function generateStock(generator: {
  readonly data: DemoData;
  readonly assortment: Assortment;
  readonly orders: readonly PlannedOrder[];
  readonly random: Random;
  readonly now: number;
}): { readonly stockLevels: readonly StockLevelRow[]; readonly cells: readonly ShelfCell[] } {
  const levels = new Map<string, StockLevelRow>();
  const add = (lotId: string, locationId: string, free: number, reserved: number): void => {
    const key = `${lotId}/${locationId}`;
    const before = levels.get(key) ?? { lotId, locationId, onHandUnits: 0, reservedUnits: 0 };
    levels.set(key, {
      lotId,
      locationId,
      onHandUnits: before.onHandUnits + free + reserved,
      reservedUnits: before.reservedUnits + reserved,
    });
  };
  addFree(generator, add);
  addReserved(generator, add);
  const stockLevels = [...levels.values()];
  return { stockLevels, cells: cellsOf(generator, stockLevels) };
}

type Add = (lotId: string, locationId: string, free: number, reserved: number) => void;
interface Generator {
  readonly data: DemoData;
  readonly assortment: Assortment;
  readonly orders: readonly PlannedOrder[];
  readonly random: Random;
  readonly now: number;
}

/** The lot that leaves first and the newest one; scarce variants have what the data says, in one place. */
function addFree({ data, assortment, random, now }: Generator, add: Add): void {
  const [firstLocation] = data.warehouses.locations;
  for (const article of assortment.articles) {
    const scarce = data.warehouses.scarce.find(({ sku }) => sku === article.variant.sku);
    const leaving = assortment.lotAt(article, now);
    const newest = article.lots.at(-1) ?? leaving;
    if (scarce !== undefined) {
      if (firstLocation !== undefined) add(leaving.id, firstLocation.id, scarce.freeUnits, 0);
      continue;
    }
    for (const { id: locationId } of data.warehouses.locations) {
      const units = Math.round(12 + article.popularity * 4 + random.int(0, 25));
      const leavingUnits = newest.id === leaving.id ? units : Math.round(units * random.between(0.1, 0.5));
      add(leaving.id, locationId, leavingUnits, 0);
      if (newest.id !== leaving.id) add(newest.id, locationId, units - leavingUnits, 0);
    }
  }
}

/** Units of orders that have not left: at the warehouse that serves them, from the lot that leaves first. */
function addReserved({ data, assortment, orders, now }: Generator, add: Add): void {
  const today = shopCalendar(data.shop.timeZone, now).dateOf(now);
  for (const { order, lines, articles, shopper, parcels, processedAt } of orders) {
    if (order.state === "cancelled" || order.state === "delivered") continue;
    const locationId = data.warehouses.locations.find(({ code }) => code === shopper.city.warehouse)?.id;
    if (locationId === undefined) continue;
    for (const [index, line] of lines.entries()) {
      const article = articles[index];
      const parcel = parcels.find(({ lineIds }) => lineIds.includes(line.id));
      const hasLeft = parcel !== undefined && parcel.shippedAt <= now;
      if (article === undefined || hasLeft) continue;
      const lot = lotToHold(assortment, article, { pickedAt: Math.min(now, processedAt ?? now), now, today });
      add(lot.id, locationId, 0, line.units);
    }
  }
}

/** The lot that was picked for a parcel; one that waited until it ran out is packed afresh. */
function lotToHold(
  assortment: Assortment,
  article: Article,
  when: { readonly pickedAt: number; readonly now: number; readonly today: string },
): Lot {
  const picked = assortment.lotAt(article, when.pickedAt);
  const isPastDate = picked.expiresOn !== null && picked.expiresOn <= when.today;
  return isPastDate ? assortment.lotAt(article, when.now) : picked;
}

function cellsOf({ data, assortment }: Generator, levels: readonly StockLevelRow[]): readonly ShelfCell[] {
  return data.warehouses.cells.map((cell) => {
    const article: Article = assortment.article(cell.sku);
    const lotIds = new Set(article.lots.map(({ id }) => id));
    const onHandUnits = levels
      .filter(({ lotId, locationId }) => locationId === cell.locationId && lotIds.has(lotId))
      .reduce((sum, level) => sum + level.onHandUnits, 0);
    return {
      id: cellIdOf(cell.code),
      locationId: cell.locationId,
      code: cell.code,
      row: cell.row,
      column: cell.column,
      variantId: variantIdOf(cell.sku),
      capacityUnits: cell.capacityUnits,
      tareGrams: cell.tareGrams,
      unitGrams: article.variant.weightGrams,
      bookedUnits: Math.min(cell.capacityUnits, onHandUnits),
    };
  });
}

export const cellIdOf = (code: string): string => `cell_${code.toLowerCase()}`;
