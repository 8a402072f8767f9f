import type { OrderSummary, OrderView } from "@waremind/contract";
import type { Order, OrderDetail } from "../../orders/index.ts";
import type { HttpDependencies } from "../dependencies.ts";

type Needs = Pick<HttpDependencies, "orders" | "customers" | "shipments" | "catalog">;

export async function orderSummaries(needs: Needs, orders: readonly Order[]): Promise<OrderSummary[]> {
  const customers = new Map(
    (await needs.customers.findCustomers([...new Set(orders.map((order) => order.customerId))])).map(
      (customer) => [customer.id, customer.name],
    ),
  );
  return orders.map((order) => ({
    id: order.id,
    number: order.number,
    customerName: customers.get(order.customerId) ?? "",
    state: order.state,
    total: { amountMinor: order.totalMinor, currency: order.currency },
    placedAt: order.placedAt,
  }));
}

export async function orderView(needs: Needs, order: OrderDetail): Promise<OrderView> {
  const [summary] = await orderSummaries(needs, [order]);
  if (summary === undefined) throw new Error("An order always has a summary.");
  const variants = new Map(
    (await needs.catalog.findVariants(order.lines.map((line) => line.variantId))).map((variant) => [
      variant.id,
      variant,
    ]),
  );
  const refunded = new Set(order.refunds.flatMap((refund) => refund.orderLineIds));
  const money = (amountMinor: number) => ({ amountMinor, currency: order.currency });
  const shipments = await needs.shipments.shipmentsOfOrders([order.id]);
  return {
    ...summary,
    lines: order.lines.map((line) => ({
      id: line.id,
      title: variants.get(line.variantId)?.title ?? { en: "", zh: "" },
      sku: variants.get(line.variantId)?.sku ?? "",
      units: line.units,
      unitPrice: money(line.unitPriceMinor),
      isRefunded: refunded.has(line.id),
    })),
    payments: order.payments.map((payment) => ({
      label: payment.label,
      amount: money(payment.amountMinor),
      state: payment.state,
    })),
    refunds: order.refunds.map((refund) => ({
      id: refund.id,
      amount: refund.amount,
      reason: refund.reason,
      receiptId: refund.receiptId,
      at: refund.createdAt,
    })),
    shipments: shipments.map(({ id, number, state }) => ({ id, number, state })),
    history: await historyOf(needs, order),
  };
}

/** What was written down, oldest first, with every refund; what came without a history has that of its own columns. */
async function historyOf({ orders }: Needs, order: OrderDetail): Promise<OrderView["history"]> {
  const written = await orders.historyOf(order.id);
  if (written.length === 0) return historyDerived(order);
  const known = new Set(written.map(({ detail }) => detail["refundId"]));
  const unwritten = order.refunds.filter(({ id }) => !known.has(id));
  return [
    ...written.map(({ at, kind }) => ({ at, kind })),
    ...unwritten.map(({ createdAt }) => ({ at: createdAt, kind: "refunded" })),
  ].sort((left, right) => left.at - right.at);
}

function historyDerived(order: OrderDetail): OrderView["history"] {
  const steps = [
    { at: order.placedAt, kind: "placed" },
    { at: order.deliveredAt, kind: "delivered" },
    { at: order.cancelledAt, kind: "cancelled" },
    ...order.refunds.map((refund) => ({ at: refund.createdAt, kind: "refunded" })),
  ];
  return steps.flatMap(({ at, kind }) => (at === null ? [] : [{ at, kind }])).sort((a, b) => a.at - b.at);
}
