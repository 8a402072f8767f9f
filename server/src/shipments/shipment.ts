import type { BilingualText, Condition } from "@waremind/contract";
import type { Connection } from "../platform/database.ts";

export type ShipmentState = "ready" | "shipping" | "delivered" | "closed" | "cancelled";

export interface Shipment {
  readonly id: string;
  readonly number: string;
  readonly orderId: string;
  readonly state: ShipmentState;
  readonly carrier: string;
  readonly trackingNumber: string;
  readonly bandId: string | null;
  readonly expectedAt: number | null;
  readonly shippedAt: number | null;
  readonly deliveredAt: number | null;
  readonly createdAt: number;
}

export interface ShipmentLine {
  readonly orderLineId: string;
  readonly lotId: string | null;
  readonly units: number;
}

export interface CustodyLegRow {
  readonly id: string;
  readonly position: number;
  readonly holder: BilingualText;
  readonly isOurs: boolean;
  readonly beganAt: number;
  readonly endedAt: number | null;
}

export interface TrackingEvent {
  readonly at: number;
  readonly kind: string;
  readonly place: BilingualText;
}

export interface ShipmentDetail extends Shipment {
  readonly lines: readonly ShipmentLine[];
  readonly legs: readonly CustodyLegRow[];
  readonly trackingEvents: readonly TrackingEvent[];
}

/** The derived condition with the series it rests on and the engine's running state. */
export interface ShipmentConditionRow {
  readonly shipmentId: string;
  readonly seriesId: number;
  readonly state: unknown;
  readonly condition: Condition;
  readonly observedAt: number | null;
  readonly updatedAt: number;
}

export interface Shipments {
  createShipments(
    connection: Connection,
    shipments: readonly {
      shipment: Shipment;
      lines: readonly ShipmentLine[];
      legs: readonly CustodyLegRow[];
      trackingEvents: readonly TrackingEvent[];
    }[],
  ): Promise<void>;
  /** Inside a transaction pass its connection. */
  findShipment(id: string, connection?: Connection): Promise<ShipmentDetail | null>;
  findShipments(ids: readonly string[]): Promise<readonly Shipment[]>;
  /** Inside a transaction pass its connection. */
  shipmentsOfOrders(orderIds: readonly string[], connection?: Connection): Promise<readonly ShipmentDetail[]>;
  findShipmentByNumber(numberOrTracking: string): Promise<ShipmentDetail | null>;
  /** Underway first, then newest. */
  listShipments(options: { limit: number; state?: ShipmentState }): Promise<readonly Shipment[]>;
  countByState(): Promise<Readonly<Record<ShipmentState, number>>>;
  /** Moves the state machine; refuses with `state-forbids`, naming both states. Delivery ends the last custody leg. */
  moveShipment(connection: Connection, id: string, to: ShipmentState): Promise<void>;
  /** Ends the present leg and begins the next at `beganAt`; only while ready or shipping. */
  handOver(
    connection: Connection,
    shipmentId: string,
    leg: Omit<CustodyLegRow, "id" | "position" | "endedAt">,
  ): Promise<void>;
  conditionOf(
    connection: Connection,
    shipmentIds: readonly string[],
  ): Promise<ReadonlyMap<string, ShipmentConditionRow>>;
  saveCondition(connection: Connection, row: ShipmentConditionRow): Promise<void>;
  addNote(
    connection: Connection,
    shipmentId: string,
    kind: string,
    detail: Record<string, unknown>,
  ): Promise<void>;
  notesOf(
    shipmentId: string,
  ): Promise<readonly { at: number; kind: string; detail: Record<string, unknown> }[]>;
}
