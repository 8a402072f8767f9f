import type { Clock } from "../platform/clock.ts";
import type { Connection, Database } from "../platform/database.ts";
import { DomainError } from "../platform/errors.ts";
import { uniqueViolation } from "../platform/violations.ts";
import type { Order, OrderDetail, OrderLine, OrderState, Orders, Payment, Refund } from "./order.ts";
import { canMoveOrder, moneyText, orderTransitions, type RefundFault, refundFault } from "./order-rules.ts";
import {
  countOrdersSince,
  detailsOf,
  insertEvents,
  insertLines,
  insertOrders,
  insertPayments,
  insertRefund,
  lockOrderRow,
  type OrderEvent,
  selectEvents,
  selectOrderPage,
  selectOrders,
  updateAuthorizedToVoided,
  updateState,
} from "./order-store.ts";

const ordersListedMax = 1000;
const eventsListedMax = 500;

export function createOrders(deps: { readonly database: Database; readonly clock: Clock }): Orders {
  const { database, clock } = deps;
  const detailOf = async (orders: readonly Order[]) => (await detailsOf(database, orders))[0] ?? null;
  return {
    createOrders: createAll,
    findOrder: async (id) => detailOf(await selectOrders(database, { ids: [id] })),
    findOrderByNumber: async (number) => detailOf(await selectOrders(database, { number: number.trim() })),
    findOrders: (ids) => selectOrders(database, { ids }),
    ordersOf: async (customerId, { limit }) =>
      detailsOf(database, await selectOrderPage(database, { customerId, limit: clamp(limit) })),
    listOrders: ({ limit, before, state }) =>
      selectOrderPage(database, { limit: clamp(limit), before, state }),
    historyOf: (orderId) => selectEvents(database, orderId, eventsListedMax),
    countPlacedSince: (at) => countOrdersSince(database, at),
    lockOrder,
    moveOrder: (connection, id, to, detail) => move(connection, { id, to, detail, at: clock.now() }),
    voidPayments: async (connection, orderId) => {
      const ids = await updateAuthorizedToVoided(connection, orderId);
      const event = { orderId, at: clock.now(), kind: "payments-voided", detail: { paymentIds: ids } };
      if (ids.length > 0) await insertEvents(connection, [event]);
      return ids;
    },
    recordRefund: (connection, refund) => recordRefund(connection, { ...refund, createdAt: clock.now() }),
  };
}

const clamp = (limit: number): number => Math.max(0, Math.min(limit, ordersListedMax));

interface NewOrder {
  readonly order: Order;
  readonly lines: readonly OrderLine[];
  readonly payments: readonly Payment[];
}

async function createAll(connection: Connection, orders: readonly NewOrder[]): Promise<void> {
  await insertOrders(
    connection,
    orders.map(({ order }) => order),
  ).catch(refuseTwins);
  await insertLines(
    connection,
    orders.flatMap(({ lines }) => lines),
  );
  const payments = orders.flatMap(({ order, payments }) =>
    payments.map((payment) => ({ ...payment, createdAt: order.placedAt })),
  );
  await insertPayments(connection, payments);
  await insertEvents(
    connection,
    orders.flatMap(({ order }) => eventsKnown(order)),
  );
}

function refuseTwins(error: unknown): never {
  if (uniqueViolation(error) === null) throw error;
  const en = "An order with this id or number exists already; nothing was written.";
  throw new DomainError("conflict", { en, zh: "已有相同编号的订单，未写入任何内容。" }, {}, error);
}

/** What an order that comes with a history says of it. */
function eventsKnown({ id, placedAt, deliveredAt, cancelledAt }: Order): OrderEvent[] {
  const instants = { placed: placedAt, delivered: deliveredAt, cancelled: cancelledAt };
  return Object.entries(instants).flatMap(([kind, at]) =>
    at === null ? [] : [{ orderId: id, at, kind, detail: {} }],
  );
}

async function lockOrder(connection: Connection, id: string): Promise<OrderDetail | null> {
  const order = await lockOrderRow(connection, id);
  return order === null ? null : ((await detailsOf(connection, [order]))[0] ?? null);
}

async function move(
  connection: Connection,
  change: { id: string; to: OrderState; detail: Record<string, unknown>; at: number },
): Promise<void> {
  const { id, to, detail, at } = change;
  const order = await lockOrderRow(connection, id);
  if (order === null) throw noSuchOrder(id);
  if (!canMoveOrder(order.state, to)) throw stateForbids(order, to);
  await updateState(connection, id, {
    state: to,
    ...(to === "delivered" ? { deliveredAt: at } : {}),
    ...(to === "cancelled" ? { cancelledAt: at } : {}),
  });
  await insertEvents(connection, [{ orderId: id, at, kind: to, detail: { ...detail, from: order.state } }]);
}

/** Under the order's lock, so that two refunds at once see each other; the index on lines stands behind it. */
async function recordRefund(connection: Connection, refund: Refund): Promise<void> {
  const order = await lockOrder(connection, refund.orderId);
  if (order === null) throw noSuchOrder(refund.orderId);
  if (order.refunds.some((earlier) => earlier.id === refund.id))
    throw refundedBefore(order, { refundId: refund.id });
  const fault = refundFault(order, refund);
  if (fault !== null) throw refusalOf(order, fault);
  await insertRefund(connection, refund).catch((error: unknown) => {
    if (uniqueViolation(error) === null) throw error;
    throw refundedBefore(order, {}, error);
  });
  const { id: refundId, amount, reason, receiptId, orderLineIds } = refund;
  const detail = { refundId, ...amount, reason, receiptId, orderLineIds };
  await insertEvents(connection, [{ orderId: order.id, at: refund.createdAt, kind: "refunded", detail }]);
}

function noSuchOrder(id: string): DomainError {
  const en = `There is no order ${id}.`;
  return new DomainError("not-found", { en, zh: `没有订单 ${id}。` }, { orderId: id });
}

const stateNames = {
  pending: "待处理",
  processed: "已处理",
  shipped: "已发货",
  delivered: "已送达",
  cancelled: "已取消",
} as const satisfies Record<OrderState, string>;

function stateForbids(order: Order, to: OrderState): DomainError {
  const allowed: readonly OrderState[] = orderTransitions[order.state];
  const next = allowed.length === 0 ? "nothing follows" : `it can only become ${allowed.join(" or ")}`;
  const nextZh =
    allowed.length === 0 ? "此状态为终态" : `只能变为${allowed.map((state) => stateNames[state]).join("或")}`;
  return new DomainError(
    "state-forbids",
    {
      en: `Order ${order.number} is ${order.state} and cannot become ${to}: ${next}.`,
      zh: `订单 ${order.number} 当前为“${stateNames[order.state]}”，不能变为“${stateNames[to]}”：${nextZh}。`,
    },
    { orderId: order.id, from: order.state, to, allowed },
  );
}

function refundedBefore(order: Order, details: Record<string, unknown>, cause?: unknown): DomainError {
  return new DomainError(
    "already-done",
    {
      en: `This line of order ${order.number} was refunded before; nothing was paid twice.`,
      zh: `订单 ${order.number} 的该商品此前已退款，未重复退款。`,
    },
    { orderId: order.id, ...details },
    cause,
  );
}

function refusalOf(order: OrderDetail, fault: RefundFault): DomainError {
  const details = { orderId: order.id, ...fault };
  const refuse = (en: string, zh: string) => new DomainError("invalid-input", { en, zh }, details);
  switch (fault.kind) {
    case "line-refunded":
      return refundedBefore(order, details);
    case "amount-invalid":
      return refuse(
        "A refund is a positive whole number of minor units.",
        "退款金额必须为正整数（最小货币单位）。",
      );
    case "currency-differs":
      return refuse(
        `Order ${order.number} was paid in ${fault.currency}.`,
        `订单 ${order.number} 的币种为 ${fault.currency}。`,
      );
    case "payment-not-captured":
      return refuse(
        `Money goes back only to a captured payment of order ${order.number}.`,
        `退款只能退回订单 ${order.number} 已扣款的原支付方式。`,
      );
    case "line-unknown":
      return refuse(
        `Line ${fault.orderLineId} is not part of order ${order.number}, or was named twice.`,
        `商品行 ${fault.orderLineId} 不属于订单 ${order.number}，或被重复填写。`,
      );
    case "above-limit": {
      const limit = moneyText({ amountMinor: fault.limitMinor, currency: order.currency });
      return refuse(
        `Of order ${order.number}, at most ${limit} may still be refunded this way.`,
        `订单 ${order.number} 以此方式最多还可退 ${limit}。`,
      );
    }
  }
}
