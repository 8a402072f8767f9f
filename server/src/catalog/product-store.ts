import type { Band } from "@waremind/contract";
import { type Selectable, sql } from "kysely";
import { chunksOf } from "../platform/chunks.ts";
import { type Connection, tablesOf } from "../platform/database.ts";
import type { Product, Variant } from "./product.ts";
import type { SearchText } from "./search-index.ts";
import type { CatalogTables } from "./tables.ts";

const tables = (connection: Connection) => tablesOf<CatalogTables>(connection);

export async function insertBand(connection: Connection, band: Band): Promise<void> {
  const { id, nameEn, nameZh, minCelsius, maxCelsius, ignoreMinutes, warnAheadMinutes } = band;
  const { expectedIntervalSeconds, meanKineticLimitCelsius, excursionMinutesMax } = band;
  const row = { id, nameEn, nameZh, minCelsius, maxCelsius, ignoreMinutes, warnAheadMinutes };
  await tables(connection)
    .insertInto("band")
    .values({ ...row, expectedIntervalSeconds, meanKineticLimitCelsius, excursionMinutesMax })
    .execute();
}

export async function selectBand(connection: Connection, id: string): Promise<Band | null> {
  const row = await tables(connection).selectFrom("band").selectAll().where("id", "=", id).executeTakeFirst();
  return row ?? null;
}

export async function selectBands(connection: Connection): Promise<readonly Band[]> {
  return tables(connection).selectFrom("band").selectAll().orderBy("id").execute();
}

export async function insertProducts(
  connection: Connection,
  products: readonly Product[],
  createdAt: number,
): Promise<void> {
  for (const chunk of chunksOf(products)) {
    const rows = chunk.map((product) => ({
      id: product.id,
      titleEn: product.title.en,
      titleZh: product.title.zh,
      descriptionEn: product.description.en,
      descriptionZh: product.description.zh,
      category: product.category,
      bandId: product.bandId,
      attributes: JSON.stringify(product.attributes),
      createdAt,
    }));
    await tables(connection).insertInto("product").values(rows).execute();
  }
}

export async function insertVariants(connection: Connection, variants: readonly Variant[]): Promise<void> {
  for (const chunk of chunksOf(variants)) {
    const rows = chunk.map((variant) => ({
      id: variant.id,
      productId: variant.productId,
      sku: variant.sku,
      gtin: variant.gtin,
      titleEn: variant.title.en,
      titleZh: variant.title.zh,
      priceMinor: variant.price.amountMinor,
      currency: variant.price.currency,
      weightGrams: variant.weightGrams,
      state: variant.state,
    }));
    await tables(connection).insertInto("variant").values(rows).execute();
  }
}

export async function selectProducts(
  connection: Connection,
  ids: readonly string[],
): Promise<readonly Product[]> {
  const rows = await tables(connection)
    .selectFrom("product")
    .selectAll()
    .where("id", "=", sql<string>`any(${ids}::text[])`)
    .execute();
  return rows.map(productOf);
}

export async function selectVariants(
  connection: Connection,
  ids: readonly string[],
): Promise<readonly Variant[]> {
  const rows = await tables(connection)
    .selectFrom("variant")
    .selectAll()
    .where("id", "=", sql<string>`any(${ids}::text[])`)
    .orderBy("sku")
    .execute();
  return rows.map(variantOf);
}

/** On sale first, then by SKU. */
export async function selectAllVariants(connection: Connection, limit: number): Promise<readonly Variant[]> {
  const rows = await tables(connection)
    .selectFrom("variant")
    .selectAll()
    .orderBy("state")
    .orderBy("sku")
    .limit(limit)
    .execute();
  return rows.map(variantOf);
}

/** What the search index needs of each variant on sale. */
export async function selectSearchTexts(
  connection: Connection,
  limit: number,
): Promise<readonly SearchText[]> {
  const rows = await tables(connection)
    .selectFrom("variant")
    .innerJoin("product", "product.id", "variant.productId")
    .select(["variant.id", "variant.sku", "variant.gtin", "product.category"])
    .select(["variant.titleEn", "variant.titleZh"])
    .select(["product.titleEn as productTitleEn", "product.titleZh as productTitleZh"])
    .select(sql<unknown>`product.attributes -> 'otherNames'`.as("otherNames"))
    .where("variant.state", "=", "active")
    .orderBy("variant.sku")
    .limit(limit)
    .execute();
  return rows.map((row) => ({ ...row, otherNames: textsOf(row.otherNames) }));
}

const textsOf = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((text) => typeof text === "string") : [];

const revisionKey = "catalog-search-revision";

/** Written with every change of products, in its transaction, so that an index elsewhere knows that it is old. */
export async function writeRevision(connection: Connection, revision: string, at: number): Promise<void> {
  const value = JSON.stringify(revision);
  await tables(connection)
    .insertInto("setting")
    .values({ key: revisionKey, value, updatedAt: at })
    .onConflict((conflict) => conflict.column("key").doUpdateSet({ value, updatedAt: at }))
    .execute();
}

export async function readRevision(connection: Connection): Promise<unknown> {
  const row = await tables(connection)
    .selectFrom("setting")
    .select("value")
    .where("key", "=", revisionKey)
    .executeTakeFirst();
  return row?.value ?? null;
}

function productOf(row: Selectable<CatalogTables["product"]>): Product {
  return {
    id: row.id,
    title: { en: row.titleEn, zh: row.titleZh },
    description: { en: row.descriptionEn, zh: row.descriptionZh },
    category: row.category,
    bandId: row.bandId,
    attributes: row.attributes,
  };
}

function variantOf(row: Selectable<CatalogTables["variant"]>): Variant {
  return {
    id: row.id,
    productId: row.productId,
    sku: row.sku,
    gtin: row.gtin,
    title: { en: row.titleEn, zh: row.titleZh },
    price: { amountMinor: row.priceMinor, currency: row.currency },
    weightGrams: row.weightGrams,
    state: row.state,
  };
}
