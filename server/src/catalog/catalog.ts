import { type Clock, systemClock } from "../platform/clock.ts";
import type { Connection, Database } from "../platform/database.ts";
import { DomainError } from "../platform/errors.ts";
import { newId } from "../platform/ids.ts";
import { uniqueViolation } from "../platform/violations.ts";
import type { Catalog, Variant } from "./product.ts";
import {
  insertBand,
  insertProducts,
  insertVariants,
  readRevision,
  selectAllVariants,
  selectBand,
  selectBands,
  selectProducts,
  selectSearchTexts,
  selectVariants,
  writeRevision,
} from "./product-store.ts";
import { buildSearchIndex, type SearchIndex } from "./search-index.ts";

/** Search knows this many variants on sale (in order of SKU); its index of them takes some 100 MB. */
const indexedVariantsMax = 50_000;
export const variantsListedMax = 10_000;
const hitsMax = 50;

export function createCatalog(deps: { readonly database: Database; readonly clock?: Clock }): Catalog {
  const { database, clock = systemClock } = deps;
  const index = keepSearchIndex(database);
  const changed = (connection: Connection) => {
    const at = clock.now();
    return writeRevision(connection, newId("rev", at), at);
  };
  return {
    createBand: insertBand,
    findBand: (id, connection = database) => selectBand(connection, id),
    listBands: () => selectBands(database),
    createProducts: async (connection, products) => {
      await insertProducts(connection, products, clock.now());
      await changed(connection);
    },
    createVariants: async (connection, variants) => {
      await insertVariants(connection, variants).catch(refuseTwins);
      await changed(connection);
    },
    findProduct: async (id) => (await selectProducts(database, [id]))[0] ?? null,
    findProducts: (ids) => selectProducts(database, ids),
    findVariants: (ids, connection = database) => selectVariants(connection, ids),
    listVariants: ({ limit }) => selectAllVariants(database, Math.min(limit, variantsListedMax)),
    searchVariants: async (text, { limit }) => {
      const hits = (await index()).search(text, Math.min(limit, hitsMax));
      const variants = await variantsById(hits.map((hit) => hit.variantId));
      return hits.flatMap(({ variantId, score }) => {
        const variant = variants.get(variantId);
        return variant === undefined ? [] : [{ variant, score }];
      });
    },
  };

  async function variantsById(ids: readonly string[]): Promise<ReadonlyMap<string, Variant>> {
    const variants = ids.length === 0 ? [] : await selectVariants(database, ids);
    return new Map(variants.map((variant) => [variant.id, variant]));
  }
}

function refuseTwins(error: unknown): never {
  if (uniqueViolation(error) === null) throw error;
  const en = "A variant with this id or SKU exists already; give each variant its own.";
  throw new DomainError(
    "conflict",
    { en, zh: "已有相同编号或 SKU 的规格，请为每个规格使用不同的编号。" },
    {},
    error,
  );
}

/** The index in memory, built anew when the products' revision in the store is another one. */
function keepSearchIndex(database: Database): () => Promise<SearchIndex> {
  let kept: { readonly revision: unknown; readonly index: Promise<SearchIndex> } | null = null;
  return async () => {
    const revision = await readRevision(database);
    if (kept?.revision !== revision || kept === null) {
      const index = selectSearchTexts(database, indexedVariantsMax).then(buildSearchIndex);
      const next = { revision, index };
      kept = next;
      // A failed build must not be kept; its error reaches whoever asked.
      index.catch(() => {
        if (kept === next) kept = null;
      });
    }
    return kept.index;
  };
}
