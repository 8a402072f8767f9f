import type { Money } from "@waremind/contract";
import type { Connection } from "../platform/database.ts";

export type OrderState = "pending" | "processed" | "shipped" | "delivered" | "cancelled";

export interface Order {
  readonly id: string;
  readonly number: string;
  readonly customerId: string;
  readonly state: OrderState;
  readonly currency: string;
  readonly totalMinor: number;
  readonly placedAt: number;
  readonly deliveredAt: number | null;
  readonly cancelledAt: number | null;
  readonly shipTo: {
    readonly name: string;
    readonly street: string;
    readonly city: string;
    readonly postcode: string;
  };
}

export interface OrderLine {
  readonly id: string;
  readonly orderId: string;
  readonly variantId: string;
  readonly units: number;
  readonly unitPriceMinor: number;
}

export interface Payment {
  readonly id: string;
  readonly orderId: string;
  readonly method: string;
  /** What a person recognises: "WeChat Pay", "Visa ···· 4242". */
  readonly label: string;
  readonly amountMinor: number;
  readonly state: "authorized" | "captured" | "voided";
}

export interface Refund {
  readonly id: string;
  readonly orderId: string;
  readonly shipmentId: string | null;
  readonly paymentId: string;
  readonly amount: Money;
  readonly reason: string;
  readonly receiptId: string;
  readonly orderLineIds: readonly string[];
  readonly createdAt: number;
}

export interface OrderDetail extends Order {
  readonly lines: readonly OrderLine[];
  readonly payments: readonly Payment[];
  readonly refunds: readonly Refund[];
}

export interface Orders {
  createOrders(
    connection: Connection,
    orders: readonly { order: Order; lines: readonly OrderLine[]; payments: readonly Payment[] }[],
  ): Promise<void>;
  findOrder(id: string): Promise<OrderDetail | null>;
  findOrderByNumber(number: string): Promise<OrderDetail | null>;
  findOrders(ids: readonly string[]): Promise<readonly Order[]>;
  /** A customer's orders, newest first. */
  ordersOf(customerId: string, options: { limit: number }): Promise<readonly OrderDetail[]>;
  listOrders(options: { limit: number; before?: number; state?: OrderState }): Promise<readonly Order[]>;
  /** What became of an order, oldest first: placed, each state, voided payments, refunds. */
  historyOf(
    orderId: string,
  ): Promise<readonly { at: number; kind: string; detail: Record<string, unknown> }[]>;
  countPlacedSince(at: number): Promise<number>;
  /** Reads an order for change (row lock) inside a transaction. */
  lockOrder(connection: Connection, id: string): Promise<OrderDetail | null>;
  /** Moves the state machine; refuses with `state-forbids` what the machine does not allow, and writes history. */
  moveOrder(
    connection: Connection,
    id: string,
    to: OrderState,
    detail: Record<string, unknown>,
  ): Promise<void>;
  /** Voids what was only authorised; answers the payments' ids. What was captured goes back as a refund instead. */
  voidPayments(connection: Connection, orderId: string): Promise<readonly string[]>;
  /**
   * Refuses with `already-done` when a line was refunded before; with `invalid-input` above what was captured less what
   * was refunded (of the order and of the payment), above the lines' own total, in another currency, or to a payment that
   * was not captured. Locks the order.
   */
  recordRefund(connection: Connection, refund: Omit<Refund, "createdAt">): Promise<void>;
}
