import { type Selectable, sql } from "kysely";
import { chunksOf } from "../platform/chunks.ts";
import { type Connection, tablesOf } from "../platform/database.ts";
import type { Order, OrderDetail, OrderLine, OrderState, Payment, Refund } from "./order.ts";
import type { OrderTables } from "./tables.ts";

const tables = (connection: Connection) => tablesOf<OrderTables>(connection);
const anyOf = (ids: readonly string[]) => sql<string>`any(${ids}::text[])`;

export async function insertOrders(connection: Connection, orders: readonly Order[]): Promise<void> {
  for (const chunk of chunksOf(orders)) {
    const rows = chunk.map(({ id, number, customerId, state, currency, totalMinor, ...order }) => ({
      ...{ id, number, customerId, state, currency, totalMinor },
      placedAt: order.placedAt,
      deliveredAt: order.deliveredAt,
      cancelledAt: order.cancelledAt,
      shipTo: JSON.stringify(order.shipTo),
    }));
    await tables(connection).insertInto("salesOrder").values(rows).execute();
  }
}

export async function insertLines(connection: Connection, lines: readonly OrderLine[]): Promise<void> {
  for (const chunk of chunksOf(lines)) {
    const rows = chunk.map(({ id, orderId, variantId, units, unitPriceMinor }) => {
      return { id, orderId, variantId, units, unitPriceMinor };
    });
    await tables(connection).insertInto("orderLine").values(rows).execute();
  }
}

export async function insertPayments(
  connection: Connection,
  payments: readonly (Payment & { readonly createdAt: number })[],
): Promise<void> {
  for (const chunk of chunksOf(payments)) {
    const rows = chunk.map(({ id, orderId, method, label, amountMinor, state, createdAt }) => {
      return { id, orderId, method, label, amountMinor, state, createdAt };
    });
    await tables(connection).insertInto("payment").values(rows).execute();
  }
}

export interface OrderEvent {
  readonly orderId: string;
  readonly at: number;
  readonly kind: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

export async function insertEvents(connection: Connection, events: readonly OrderEvent[]): Promise<void> {
  for (const chunk of chunksOf(events)) {
    const rows = chunk.map(({ orderId, at, kind, detail }) => {
      return { orderId, at, kind, detail: JSON.stringify(detail) };
    });
    await tables(connection).insertInto("orderEvent").values(rows).execute();
  }
}

export async function selectEvents(connection: Connection, orderId: string, limit: number) {
  return tables(connection)
    .selectFrom("orderEvent")
    .select(["at", "kind", "detail"])
    .where("orderId", "=", orderId)
    .orderBy("at")
    .orderBy("id")
    .limit(limit)
    .execute();
}

export async function selectOrders(
  connection: Connection,
  where: { readonly ids?: readonly string[]; readonly number?: string },
): Promise<readonly Order[]> {
  let query = tables(connection).selectFrom("salesOrder").selectAll();
  if (where.ids !== undefined) query = query.where("id", "=", anyOf(where.ids));
  if (where.number !== undefined) query = query.where("number", "=", where.number);
  return (await query.execute()).map(orderOf);
}

/** Newest first; `before` is exclusive. */
export async function selectOrderPage(
  connection: Connection,
  page: {
    readonly limit: number;
    readonly before?: number | undefined;
    readonly state?: OrderState | undefined;
    readonly customerId?: string | undefined;
  },
): Promise<readonly Order[]> {
  let query = tables(connection).selectFrom("salesOrder").selectAll();
  if (page.before !== undefined) query = query.where("placedAt", "<", page.before);
  if (page.state !== undefined) query = query.where("state", "=", page.state);
  if (page.customerId !== undefined) query = query.where("customerId", "=", page.customerId);
  const rows = await query.orderBy("placedAt", "desc").orderBy("id", "desc").limit(page.limit).execute();
  return rows.map(orderOf);
}

export async function countOrdersSince(connection: Connection, at: number): Promise<number> {
  const row = await tables(connection)
    .selectFrom("salesOrder")
    .select((select) => select.fn.countAll<number>().as("count"))
    .where("placedAt", ">=", at)
    .executeTakeFirstOrThrow();
  return Number(row.count);
}

/** Holds the order's row until the transaction ends; whoever changes its state or its money takes this first. */
export async function lockOrderRow(connection: Connection, id: string): Promise<Order | null> {
  const row = await tables(connection)
    .selectFrom("salesOrder")
    .selectAll()
    .where("id", "=", id)
    .forUpdate()
    .executeTakeFirst();
  return row === undefined ? null : orderOf(row);
}

export async function updateState(
  connection: Connection,
  id: string,
  change: { readonly state: OrderState; readonly deliveredAt?: number; readonly cancelledAt?: number },
): Promise<void> {
  await tables(connection).updateTable("salesOrder").set(change).where("id", "=", id).execute();
}

export async function updateAuthorizedToVoided(connection: Connection, orderId: string) {
  const rows = await tables(connection)
    .updateTable("payment")
    .set({ state: "voided" })
    .where("orderId", "=", orderId)
    .where("state", "=", "authorized")
    .returning("id")
    .execute();
  return rows.map((row) => row.id).toSorted();
}

export async function insertRefund(connection: Connection, refund: Refund): Promise<void> {
  const { id, orderId, shipmentId, paymentId, amount, reason, receiptId, createdAt } = refund;
  await tables(connection)
    .insertInto("refund")
    .values({ id, orderId, shipmentId, paymentId, ...amount, reason, receiptId, createdAt })
    .execute();
  if (refund.orderLineIds.length === 0) return;
  const rows = refund.orderLineIds.map((orderLineId) => ({ refundId: id, orderLineId }));
  await tables(connection).insertInto("refundLine").values(rows).execute();
}

/** Adds lines, payments and refunds to orders, in four statements however many there are; keeps their order. */
export async function detailsOf(
  connection: Connection,
  orders: readonly Order[],
): Promise<readonly OrderDetail[]> {
  if (orders.length === 0) return [];
  const ids = anyOf(orders.map((order) => order.id));
  const from = tables(connection);
  const lines = await from
    .selectFrom("orderLine")
    .selectAll()
    .where("orderId", "=", ids)
    .orderBy("id")
    .execute();
  const payments = await from
    .selectFrom("payment")
    .select(["id", "orderId", "method", "label", "amountMinor", "state"])
    .where("orderId", "=", ids)
    .orderBy("createdAt")
    .orderBy("id")
    .execute();
  const refunds = await selectRefunds(connection, ids);
  const linesByOrder = Map.groupBy(lines, (line) => line.orderId);
  const paymentsByOrder = Map.groupBy(payments, (payment) => payment.orderId);
  const refundsByOrder = Map.groupBy(refunds, (refund) => refund.orderId);
  return orders.map((order) => ({
    ...order,
    lines: linesByOrder.get(order.id) ?? [],
    payments: paymentsByOrder.get(order.id) ?? [],
    refunds: refundsByOrder.get(order.id) ?? [],
  }));
}

async function selectRefunds(
  connection: Connection,
  orderIds: ReturnType<typeof anyOf>,
): Promise<readonly Refund[]> {
  const from = tables(connection);
  const rows = await from
    .selectFrom("refund")
    .selectAll()
    .where("orderId", "=", orderIds)
    .orderBy("createdAt")
    .orderBy("id")
    .execute();
  if (rows.length === 0) return [];
  const lines = await from
    .selectFrom("refundLine")
    .selectAll()
    .where("refundId", "=", anyOf(rows.map((row) => row.id)))
    .orderBy("orderLineId")
    .execute();
  const linesByRefund = Map.groupBy(lines, (line) => line.refundId);
  return rows.map((row) => ({
    id: row.id,
    orderId: row.orderId,
    shipmentId: row.shipmentId,
    paymentId: row.paymentId,
    amount: { amountMinor: row.amountMinor, currency: row.currency },
    reason: row.reason,
    receiptId: row.receiptId,
    orderLineIds: (linesByRefund.get(row.id) ?? []).map((line) => line.orderLineId),
    createdAt: row.createdAt,
  }));
}

function orderOf(row: Selectable<OrderTables["salesOrder"]>): Order {
  return row;
}
