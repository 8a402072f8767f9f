import type { Condition } from "@waremind/contract";
import type { ColumnType, Generated } from "kysely";
import type { ShipmentState } from "./shipment.ts";

type Json<Value> = ColumnType<Value, string, string>;

export interface ShipmentTables {
  shipment: {
    id: string;
    number: string;
    orderId: string;
    state: ShipmentState;
    carrier: string;
    trackingNumber: string;
    bandId: string | null;
    expectedAt: number | null;
    shippedAt: number | null;
    deliveredAt: number | null;
    createdAt: number;
  };
  shipmentLine: { shipmentId: string; orderLineId: string; lotId: string | null; units: number };
  custodyLeg: {
    id: string;
    shipmentId: string;
    position: number;
    holderEn: string;
    holderZh: string;
    isOurs: boolean;
    beganAt: number;
    endedAt: number | null;
  };
  trackingEvent: {
    id: Generated<number>;
    shipmentId: string;
    at: number;
    kind: string;
    placeEn: string;
    placeZh: string;
  };
  shipmentCondition: {
    shipmentId: string;
    seriesId: number;
    state: Json<unknown>;
    condition: Json<Condition>;
    observedAt: number | null;
    updatedAt: number;
  };
  shipmentNote: {
    id: Generated<number>;
    shipmentId: string;
    at: number;
    kind: string;
    detail: Json<Record<string, unknown>>;
  };
}
