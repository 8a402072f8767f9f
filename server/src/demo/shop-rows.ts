// The rows of a generated shop, in the words of the domains that will store them.
import type { Band } from "@waremind/contract";
import type { Product, Variant } from "../catalog/index.ts";
import type { Customer } from "../customers/index.ts";
import type { BindingKind, NewProfile } from "../devices/index.ts";
import type { Location, Lot, ShelfCell } from "../inventory/index.ts";
import type { Order, OrderLine, Payment } from "../orders/index.ts";
import type { CustodyLegRow, Shipment, ShipmentLine, TrackingEvent } from "../shipments/index.ts";

export interface OrderRow {
  readonly order: Order;
  readonly lines: readonly OrderLine[];
  readonly payments: readonly Payment[];
}

export interface ShipmentRow {
  readonly shipment: Shipment;
  readonly lines: readonly ShipmentLine[];
  readonly legs: readonly CustodyLegRow[];
  readonly trackingEvents: readonly TrackingEvent[];
}

export interface StockLevelRow {
  readonly lotId: string;
  readonly locationId: string;
  readonly onHandUnits: number;
  readonly reservedUnits: number;
}

export interface BindingRow {
  readonly kind: BindingKind;
  readonly deviceName: string;
  readonly seriesKey: string;
  readonly targetId: string;
  readonly boundAt: number;
  readonly unboundAt: number | null;
}

/** What a device measured before the shop was opened; `shipmentId` when it travelled with one. */
export interface HistoryRow {
  readonly deviceName: string;
  readonly key: string;
  readonly unit: string;
  readonly shipmentId: string | null;
  /** In time order: `[observedAt, number]`. */
  readonly readings: readonly (readonly [number, number])[];
}

export interface ShopRows {
  readonly bands: readonly Band[];
  readonly products: readonly Product[];
  readonly variants: readonly Variant[];
  readonly locations: readonly Location[];
  readonly lots: readonly Lot[];
  readonly stockLevels: readonly StockLevelRow[];
  readonly cells: readonly ShelfCell[];
  readonly customers: readonly Customer[];
  readonly orders: readonly OrderRow[];
  readonly shipments: readonly ShipmentRow[];
  readonly profiles: readonly NewProfile[];
  readonly devices: readonly { readonly name: string; readonly label: string; readonly profileId: string }[];
  readonly bindings: readonly BindingRow[];
  readonly histories: readonly HistoryRow[];
}
