import type { BilingualText } from "@waremind/contract";
import type { Connection } from "../platform/database.ts";

export interface Location {
  readonly id: string;
  readonly name: BilingualText;
  readonly timeZone: string;
}

export interface Lot {
  readonly id: string;
  readonly variantId: string;
  readonly number: string;
  /** Calendar date `YYYY-MM-DD`, or null for goods that do not expire. */
  readonly expiresOn: string | null;
  readonly receivedAt: number;
}

export interface ShelfCell {
  readonly id: string;
  readonly locationId: string;
  readonly code: string;
  readonly row: number;
  readonly column: number;
  readonly variantId: string | null;
  readonly capacityUnits: number;
  readonly tareGrams: number;
  readonly unitGrams: number;
  readonly bookedUnits: number;
}

/** What a scale said of a cell. `state` belongs to the counting engine. */
export interface CellCount {
  readonly cellId: string;
  readonly units: number;
  readonly weightGrams: number;
  readonly seriesId: number;
  readonly observedAt: number;
  readonly state: unknown;
}

export interface VariantStock {
  readonly variantId: string;
  readonly onHandUnits: number;
  readonly reservedUnits: number;
  /** Units whose lot expires within 7 days of today in its location's time zone, today included, expired ones not. */
  readonly expiringUnits: number;
  /** Units on hand past their date: they are counted in `onHandUnits` and must not be sold. */
  readonly expiredUnits: number;
  /** The earliest date, today or later, that goods on hand carry. */
  readonly nextExpiryOn: string | null;
  /** Sum over shelf cells with a scale, and the time of the oldest of those counts; null without a scale. */
  readonly sensedUnits: number | null;
  readonly sensedAt: number | null;
}

export interface Inventory {
  createLocation(connection: Connection, location: Location): Promise<void>;
  createLots(connection: Connection, lots: readonly Lot[]): Promise<void>;
  setStockLevels(
    connection: Connection,
    levels: readonly { lotId: string; locationId: string; onHandUnits: number; reservedUnits: number }[],
  ): Promise<void>;
  createShelfCells(connection: Connection, cells: readonly ShelfCell[]): Promise<void>;
  listLocations(): Promise<readonly Location[]>;
  listCells(locationId?: string): Promise<readonly ShelfCell[]>;
  findCell(connection: Connection, cellId: string): Promise<ShelfCell | null>;
  findLots(ids: readonly string[]): Promise<readonly Lot[]>;
  cellCounts(connection: Connection, cellIds?: readonly string[]): Promise<ReadonlyMap<string, CellCount>>;
  saveCellCount(connection: Connection, count: CellCount): Promise<void>;
  /** The cell is not counted any more: what came late shows that its weight never settled. */
  removeCellCount(connection: Connection, cellId: string): Promise<void>;
  /** Answers every variant asked for, zeros without stock. Inside a transaction pass its connection. */
  stockOf(variantIds: readonly string[], connection?: Connection): Promise<ReadonlyMap<string, VariantStock>>;
}
