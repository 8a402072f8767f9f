// What may become of an order, and how much of its money may go back. Pure.
import type { Money } from "@waremind/contract";
import type { OrderDetail, OrderState, Refund } from "./order.ts";

/** The order's state machine: each state with those that may follow it. */
export const orderTransitions = {
  pending: ["processed", "cancelled"],
  processed: ["shipped"],
  shipped: ["delivered"],
  delivered: [],
  cancelled: [],
} as const satisfies Record<OrderState, readonly OrderState[]>;

export function canMoveOrder(from: OrderState, to: OrderState): boolean {
  return (orderTransitions[from] as readonly OrderState[]).includes(to);
}

export interface OrderMoney {
  readonly capturedMinor: number;
  readonly refundedMinor: number;
  /** What may still go back: captured less refunded. */
  readonly refundableMinor: number;
}

/** Sums over one order, in its own currency's minor units. */
export function moneyOf(order: Pick<OrderDetail, "payments" | "refunds">): OrderMoney {
  const captured = order.payments.filter((payment) => payment.state === "captured");
  const capturedMinor = sum(captured.map((payment) => payment.amountMinor));
  const refundedMinor = sum(order.refunds.map((refund) => refund.amount.amountMinor));
  return { capturedMinor, refundedMinor, refundableMinor: capturedMinor - refundedMinor };
}

/** An amount for people: `CNY 59.00`; the number of decimals is the currency's own (ISO 4217). */
export function moneyText({ amountMinor, currency }: Money): string {
  const format = new Intl.NumberFormat("en", { style: "currency", currency, currencyDisplay: "code" });
  const decimals = format.resolvedOptions().maximumFractionDigits ?? 2;
  return format.format(amountMinor / 10 ** decimals).replace("\u00a0", " ");
}

export type RefundFault =
  | { readonly kind: "amount-invalid" }
  | { readonly kind: "currency-differs"; readonly currency: string }
  | { readonly kind: "payment-not-captured" }
  | { readonly kind: "line-unknown"; readonly orderLineId: string }
  | { readonly kind: "line-refunded"; readonly orderLineId: string }
  | { readonly kind: "above-limit"; readonly limitMinor: number };

/** Why this refund must not be recorded, or null. Order of the checks: what is asked, then what was done, then money. */
export function refundFault(order: OrderDetail, refund: Omit<Refund, "createdAt">): RefundFault | null {
  const { amount, orderLineIds, paymentId } = refund;
  if (!Number.isSafeInteger(amount.amountMinor) || amount.amountMinor <= 0) return { kind: "amount-invalid" };
  if (amount.currency !== order.currency) return { kind: "currency-differs", currency: order.currency };
  const payment = order.payments.find((candidate) => candidate.id === paymentId);
  if (payment === undefined || payment.state !== "captured") return { kind: "payment-not-captured" };
  const lines = order.lines.filter((line) => orderLineIds.includes(line.id));
  const unknown = orderLineIds.find((id, index) => isUnknownOrTwice(order, orderLineIds, id, index));
  if (unknown !== undefined) return { kind: "line-unknown", orderLineId: unknown };
  const refunded = new Set(order.refunds.flatMap((earlier) => earlier.orderLineIds));
  const again = orderLineIds.find((id) => refunded.has(id));
  if (again !== undefined) return { kind: "line-refunded", orderLineId: again };
  const toPayment = order.refunds.filter((earlier) => earlier.paymentId === paymentId);
  const limitMinor = Math.min(
    moneyOf(order).refundableMinor,
    payment.amountMinor - sum(toPayment.map((earlier) => earlier.amount.amountMinor)),
    lines.length === 0
      ? Number.POSITIVE_INFINITY
      : sum(lines.map((line) => line.units * line.unitPriceMinor)),
  );
  return amount.amountMinor > limitMinor
    ? { kind: "above-limit", limitMinor: Math.max(0, limitMinor) }
    : null;
}

function isUnknownOrTwice(order: OrderDetail, ids: readonly string[], id: string, index: number): boolean {
  return ids.indexOf(id) !== index || !order.lines.some((line) => line.id === id);
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
