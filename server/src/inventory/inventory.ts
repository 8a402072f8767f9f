import type { Clock } from "../platform/clock.ts";
import type { Connection, Database } from "../platform/database.ts";
import { sumStock } from "./expiry.ts";
import type { Inventory, VariantStock } from "./stock.ts";
import {
  deleteCellCount,
  insertCells,
  insertLocation,
  insertLots,
  selectCellCounts,
  selectCells,
  selectLocations,
  selectLots,
  selectSensed,
  selectShares,
  upsertCellCount,
  upsertStockLevels,
} from "./stock-store.ts";

export function createInventory(deps: { readonly database: Database; readonly clock: Clock }): Inventory {
  const { database, clock } = deps;
  return {
    createLocation: insertLocation,
    createLots: insertLots,
    setStockLevels: (connection, levels) => upsertStockLevels(connection, levels, clock.now()),
    createShelfCells: insertCells,
    listLocations: () => selectLocations(database),
    listCells: (locationId) => selectCells(database, { locationId }),
    findCell: async (connection, id) => (await selectCells(connection, { id }))[0] ?? null,
    findLots: (ids) => selectLots(database, ids),
    cellCounts: selectCellCounts,
    saveCellCount: upsertCellCount,
    removeCellCount: deleteCellCount,
    stockOf: (variantIds, connection = database) => stockOf(connection, variantIds, clock.now()),
  };
}

/** Every variant asked for has an answer; one without stock has zeros. */
async function stockOf(
  connection: Connection,
  variantIds: readonly string[],
  now: number,
): Promise<ReadonlyMap<string, VariantStock>> {
  if (variantIds.length === 0) return new Map();
  const shares = Map.groupBy(await selectShares(connection, variantIds), (share) => share.variantId);
  const sensed = new Map(
    (await selectSensed(connection, variantIds)).map((count) => [count.variantId, count]),
  );
  return new Map(
    variantIds.map((variantId) => {
      const { sensedUnits = null, sensedAt = null } = sensed.get(variantId) ?? {};
      return [variantId, { variantId, ...sumStock(shares.get(variantId) ?? [], now), sensedUnits, sensedAt }];
    }),
  );
}
