import type { ColumnType, Generated } from "kysely";
import type { Order, OrderState, Payment } from "./order.ts";

type Json<Value> = ColumnType<Value, string, string>;

export interface OrderTables {
  salesOrder: {
    id: string;
    number: string;
    customerId: string;
    state: OrderState;
    currency: string;
    totalMinor: number;
    placedAt: number;
    deliveredAt: number | null;
    cancelledAt: number | null;
    shipTo: Json<Order["shipTo"]>;
  };
  orderLine: { id: string; orderId: string; variantId: string; units: number; unitPriceMinor: number };
  payment: {
    id: string;
    orderId: string;
    method: string;
    label: string;
    amountMinor: number;
    state: Payment["state"];
    createdAt: number;
  };
  refund: {
    id: string;
    orderId: string;
    shipmentId: string | null;
    paymentId: string;
    amountMinor: number;
    currency: string;
    reason: string;
    receiptId: string;
    createdAt: number;
  };
  refundLine: { refundId: string; orderLineId: string };
  orderEvent: {
    id: Generated<number>;
    orderId: string;
    at: number;
    kind: string;
    detail: Json<Record<string, unknown>>;
  };
}
