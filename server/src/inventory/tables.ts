import type { ColumnType } from "kysely";

export interface InventoryTables {
  location: { id: string; nameEn: string; nameZh: string; timeZone: string };
  lot: { id: string; variantId: string; number: string; expiresOn: string | null; receivedAt: number };
  stockLevel: {
    lotId: string;
    locationId: string;
    onHandUnits: number;
    reservedUnits: number;
    updatedAt: number;
  };
  shelfCell: {
    id: string;
    locationId: string;
    code: string;
    row: number;
    column: number;
    variantId: string | null;
    capacityUnits: number;
    tareGrams: number;
    unitGrams: number;
    bookedUnits: number;
  };
  cellCount: {
    cellId: string;
    units: number;
    weightGrams: number;
    seriesId: number;
    observedAt: number;
    state: ColumnType<unknown, string, string>;
  };
}
