import type { ColumnType } from "kysely";
import type { Variant } from "./product.ts";

/** A jsonb column: written as text, read as its value. */
export type Json<Value> = ColumnType<Value, string, string>;

export interface CatalogTables {
  band: {
    id: string;
    nameEn: string;
    nameZh: string;
    minCelsius: number;
    maxCelsius: number;
    ignoreMinutes: number;
    warnAheadMinutes: number;
    expectedIntervalSeconds: number;
    meanKineticLimitCelsius: number | null;
    excursionMinutesMax: number;
  };
  product: {
    id: string;
    titleEn: string;
    titleZh: string;
    descriptionEn: string;
    descriptionZh: string;
    category: string;
    bandId: string | null;
    attributes: Json<Record<string, unknown>>;
    createdAt: number;
  };
  variant: {
    id: string;
    productId: string;
    sku: string;
    gtin: string | null;
    titleEn: string;
    titleZh: string;
    priceMinor: number;
    currency: string;
    weightGrams: number;
    state: Variant["state"];
  };
  setting: { key: string; value: Json<unknown>; updatedAt: number };
}
