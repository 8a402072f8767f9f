import type { Fact, FactProperty, FactValue, Subject } from "@waremind/contract";
import type { Variant } from "../../catalog/index.ts";
import type { OrderDetail } from "../../orders/index.ts";
import type { ReadingDoors } from "../assistant-types.ts";
import type { Turn } from "../turn.ts";
import { rowSource, value } from "./fact-ledger.ts";
import type { FactSheet } from "./fact-sheet.ts";

/** Orders shown and searched; older ones are found by their number. */
export const ordersShownMax = 8;
const linesShownMax = 20;
const refundsShownMax = 10;
const day = 86_400;
/** The state of an order moves by people and carriers; what was read is fresh for this answer's day. */
export const orderStateFreshSeconds = day;

export interface OrderTools {
  /** The customer's orders, newest first, at most `ordersShownMax`, each with its lines. */
  findOrders(): Promise<readonly FactSheet[]>;
  /**
   * The order that a number names (order, shipment or tracking number). Null both for a number that does not exist
   * and for one of another customer: the two cannot be told apart from outside.
   */
  findOrder(reference: string): Promise<FactSheet | null>;
  /** For the other tools: the row behind a sheet, still only this customer's. */
  ownOrder(reference: string): Promise<OrderDetail | null>;
  sheetOf(order: OrderDetail): Promise<FactSheet>;
}

export function createOrderTools(doors: ReadingDoors, turn: Turn): OrderTools {
  const ownOrder = (reference: string) => findOwnOrder(doors, turn.session.customerId, reference);
  const sheetOf = (order: OrderDetail) => orderSheet(doors, turn, order);
  return {
    ownOrder,
    sheetOf,
    findOrder: async (reference) => {
      const order = await ownOrder(reference);
      return order === null ? null : sheetOf(order);
    },
    findOrders: async () => {
      const orders = await doors.orders.ordersOf(turn.session.customerId, { limit: ordersShownMax + 1 });
      const shown = orders.slice(0, ordersShownMax);
      // A count is a fact only while it is known to be all of them.
      if (orders.length <= ordersShownMax) addOrderCount(turn, orders.length);
      const sheets: FactSheet[] = [];
      for (const order of shown) sheets.push(await sheetOf(order));
      return sheets;
    },
  };
}

async function findOwnOrder(
  doors: ReadingDoors,
  customerId: string,
  reference: string,
): Promise<OrderDetail | null> {
  for (const number of spellingsOf(reference)) {
    const order = await doors.orders.findOrderByNumber(number);
    if (order !== null) return order.customerId === customerId ? order : null;
    const shipment = await doors.shipments.findShipmentByNumber(number);
    if (shipment !== null) {
      const parent = await doors.orders.findOrder(shipment.orderId);
      return parent !== null && parent.customerId === customerId ? parent : null;
    }
  }
  return null;
}

/** As written, then in capitals and without the signs people put in front: "#wm-1024" is WM-1024. */
function spellingsOf(reference: string): readonly string[] {
  const plain = reference
    .normalize("NFKC")
    .replaceAll(/[\u2010-\u2015\u2212]/g, "-")
    .trim();
  return [...new Set([plain, plain.toUpperCase(), plain.replace(/^#/, "").toUpperCase()])].filter(
    (text) => text !== "",
  );
}

function addOrderCount(turn: Turn, count: number): void {
  turn.ledger.add({
    subject: { kind: "customer", id: turn.customer.id, label: "customer" },
    property: "order-count",
    value: value.count(count),
    observedAt: turn.now,
    freshForSeconds: day,
    source: rowSource("customer", turn.customer.id),
  });
}

async function orderSheet(doors: ReadingDoors, turn: Turn, order: OrderDetail): Promise<FactSheet> {
  const lines = order.lines.slice(0, linesShownMax);
  const variants = await doors.catalog.findVariants([...new Set(lines.map((line) => line.variantId))]);
  const subject: Subject = { kind: "order", id: order.id, label: order.number };
  const add = (property: FactProperty, factValue: FactValue, freshForSeconds: number | null = null): Fact =>
    turn.ledger.add({
      subject,
      property,
      value: factValue,
      observedAt: turn.now,
      freshForSeconds,
      source: rowSource("sales_order", order.id),
    });
  const facts = [
    add("order-number", value.identifier(order.number)),
    add("order-state", value.status(order.state), orderStateFreshSeconds),
    add("order-total", value.money({ amountMinor: order.totalMinor, currency: order.currency })),
    add("order-placed-at", value.instant(order.placedAt)),
    add("order-line-count", value.count(order.lines.length)),
    ...(order.deliveredAt === null ? [] : [add("order-delivered-at", value.instant(order.deliveredAt))]),
    ...(order.cancelledAt === null ? [] : [add("order-cancelled-at", value.instant(order.cancelledAt))]),
    ...moneyFacts(order, add),
  ];
  const parts = [
    ...lines.map((line) => lineSheet(turn, order, line, variants)),
    ...order.refunds.slice(0, refundsShownMax).map((refund) => refundSheet(turn, refund)),
  ];
  return { subject, facts, parts };
}

function moneyFacts(
  order: OrderDetail,
  add: (property: FactProperty, factValue: FactValue, fresh?: number | null) => Fact,
): Fact[] {
  const [payment] = order.payments;
  const refundedMinor = order.refunds.reduce((sum, refund) => sum + refund.amount.amountMinor, 0);
  return [
    ...(payment === undefined
      ? []
      : [add("paid-with", value.text({ en: payment.label, zh: payment.label }))]),
    ...(refundedMinor === 0
      ? []
      : [add("refunded-total", value.money({ amountMinor: refundedMinor, currency: order.currency }))]),
  ];
}

/** A refund that was made before, with its receipt. */
function refundSheet(turn: Turn, refund: OrderDetail["refunds"][number]): FactSheet {
  const subject: Subject = { kind: "refund", id: refund.id, label: refund.receiptId };
  const base = {
    subject,
    observedAt: turn.now,
    freshForSeconds: null,
    source: rowSource("refund", refund.id),
  };
  const facts = [
    turn.ledger.add({ ...base, property: "refund-state", value: value.status("executed") }),
    turn.ledger.add({ ...base, property: "refund-amount", value: value.money(refund.amount) }),
    turn.ledger.add({ ...base, property: "receipt-number", value: value.identifier(refund.receiptId) }),
  ];
  return { subject, facts, parts: [] };
}

function lineSheet(
  turn: Turn,
  order: OrderDetail,
  line: OrderDetail["lines"][number],
  variants: readonly Variant[],
): FactSheet {
  const variant = variants.find(({ id }) => id === line.variantId);
  const subject: Subject = { kind: "order-line", id: line.id, label: variant?.sku ?? line.variantId };
  const base = {
    subject,
    observedAt: turn.now,
    freshForSeconds: null,
    source: rowSource("order_line", line.id),
  };
  const facts = [
    turn.ledger.add({ ...base, property: "line-units", value: value.count(line.units) }),
    turn.ledger.add({
      ...base,
      property: "line-total",
      value: value.money({ amountMinor: line.units * line.unitPriceMinor, currency: order.currency }),
    }),
    ...(variant === undefined
      ? []
      : [turn.ledger.add({ ...base, property: "line-title", value: value.text(variant.title) })]),
  ];
  return { subject, facts, parts: [] };
}
