import { sql } from "kysely";
import { chunksOf } from "../platform/chunks.ts";
import { type Connection, tablesOf } from "../platform/database.ts";
import type { StockShare } from "./expiry.ts";
import type { CellCount, Location, Lot, ShelfCell } from "./stock.ts";
import type { InventoryTables } from "./tables.ts";

const tables = (connection: Connection) => tablesOf<InventoryTables>(connection);
const anyOf = (ids: readonly string[]) => sql<string>`any(${ids}::text[])`;

export async function insertLocation(connection: Connection, location: Location): Promise<void> {
  const { id, name, timeZone } = location;
  await tables(connection)
    .insertInto("location")
    .values({ id, nameEn: name.en, nameZh: name.zh, timeZone })
    .execute();
}

export async function selectLocations(connection: Connection): Promise<readonly Location[]> {
  const rows = await tables(connection).selectFrom("location").selectAll().orderBy("id").execute();
  return rows.map(({ id, nameEn, nameZh, timeZone }) => ({ id, name: { en: nameEn, zh: nameZh }, timeZone }));
}

export async function insertLots(connection: Connection, lots: readonly Lot[]): Promise<void> {
  for (const chunk of chunksOf(lots)) {
    const rows = chunk.map(({ id, variantId, number, expiresOn, receivedAt }) => {
      return { id, variantId, number, expiresOn, receivedAt };
    });
    await tables(connection).insertInto("lot").values(rows).execute();
  }
}

export async function selectLots(connection: Connection, ids: readonly string[]): Promise<readonly Lot[]> {
  return tables(connection)
    .selectFrom("lot")
    .selectAll()
    .where("id", "=", anyOf(ids))
    .orderBy("id")
    .execute();
}

export interface StockLevel {
  readonly lotId: string;
  readonly locationId: string;
  readonly onHandUnits: number;
  readonly reservedUnits: number;
}

/** The last of two levels for one lot and place stands: a statement must not touch a row twice. */
export async function upsertStockLevels(
  connection: Connection,
  levels: readonly StockLevel[],
  updatedAt: number,
): Promise<void> {
  const last = new Map(levels.map((level) => [JSON.stringify([level.lotId, level.locationId]), level]));
  for (const chunk of chunksOf([...last.values()])) {
    const rows = chunk.map(({ lotId, locationId, onHandUnits, reservedUnits }) => {
      return { lotId, locationId, onHandUnits, reservedUnits, updatedAt };
    });
    await tables(connection)
      .insertInto("stockLevel")
      .values(rows)
      .onConflict((conflict) =>
        conflict.columns(["lotId", "locationId"]).doUpdateSet((update) => ({
          onHandUnits: update.ref("excluded.onHandUnits"),
          reservedUnits: update.ref("excluded.reservedUnits"),
          updatedAt,
        })),
      )
      .execute();
  }
}

export async function insertCells(connection: Connection, cells: readonly ShelfCell[]): Promise<void> {
  for (const chunk of chunksOf(cells)) {
    const rows = chunk.map(({ id, locationId, code, row, column, variantId, capacityUnits, ...cell }) => ({
      ...{ id, locationId, code, row, column, variantId, capacityUnits },
      tareGrams: cell.tareGrams,
      unitGrams: cell.unitGrams,
      bookedUnits: cell.bookedUnits,
    }));
    await tables(connection).insertInto("shelfCell").values(rows).execute();
  }
}

export async function selectCells(
  connection: Connection,
  where: { readonly id?: string; readonly locationId?: string | undefined },
): Promise<readonly ShelfCell[]> {
  let query = tables(connection).selectFrom("shelfCell").selectAll();
  if (where.id !== undefined) query = query.where("id", "=", where.id);
  if (where.locationId !== undefined) query = query.where("locationId", "=", where.locationId);
  return query.orderBy("locationId").orderBy("row").orderBy("column").orderBy("code").execute();
}

export async function selectCellCounts(
  connection: Connection,
  cellIds?: readonly string[],
): Promise<ReadonlyMap<string, CellCount>> {
  let query = tables(connection).selectFrom("cellCount").selectAll();
  if (cellIds !== undefined) query = query.where("cellId", "=", anyOf(cellIds));
  const rows = await query.execute();
  return new Map(rows.map((row) => [row.cellId, row]));
}

export async function upsertCellCount(connection: Connection, count: CellCount): Promise<void> {
  const { cellId, units, weightGrams, seriesId, observedAt } = count;
  const change = { units, weightGrams, seriesId, observedAt, state: JSON.stringify(count.state) };
  await tables(connection)
    .insertInto("cellCount")
    .values({ cellId, ...change })
    .onConflict((conflict) => conflict.column("cellId").doUpdateSet(change))
    .execute();
}

export async function deleteCellCount(connection: Connection, cellId: string): Promise<void> {
  await tables(connection).deleteFrom("cellCount").where("cellId", "=", cellId).execute();
}

/** One row for each variant, time zone and expiry date. */
export async function selectShares(
  connection: Connection,
  variantIds: readonly string[],
): Promise<readonly (StockShare & { readonly variantId: string })[]> {
  return tables(connection)
    .selectFrom("stockLevel")
    .innerJoin("lot", "lot.id", "stockLevel.lotId")
    .innerJoin("location", "location.id", "stockLevel.locationId")
    .select(["lot.variantId", "location.timeZone", "lot.expiresOn"])
    .select((select) => [
      select.fn.sum<number>("stockLevel.onHandUnits").as("onHandUnits"),
      select.fn.sum<number>("stockLevel.reservedUnits").as("reservedUnits"),
    ])
    .where("lot.variantId", "=", anyOf(variantIds))
    .groupBy(["lot.variantId", "location.timeZone", "lot.expiresOn"])
    .execute();
}

/** What the scales of a variant's cells say together, and how old the oldest of them is. */
export async function selectSensed(connection: Connection, variantIds: readonly string[]) {
  return tables(connection)
    .selectFrom("cellCount")
    .innerJoin("shelfCell", "shelfCell.id", "cellCount.cellId")
    .select("shelfCell.variantId")
    .select((select) => [
      select.fn.sum<number>("cellCount.units").as("sensedUnits"),
      select.fn.min("cellCount.observedAt").as("sensedAt"),
    ])
    .where("shelfCell.variantId", "=", anyOf(variantIds))
    .groupBy("shelfCell.variantId")
    .execute();
}
