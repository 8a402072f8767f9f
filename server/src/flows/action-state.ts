// What an action would change, read under lock from the rows themselves, for the guard to judge.
import type { Action } from "@waremind/contract";
import type { Catalog } from "../catalog/index.ts";
import { splitByLegs } from "../decisions/coldchain/index.ts";
import type { DeviceCommands } from "../devices/index.ts";
import { type ActionState, isDeviceAction } from "../guard/index.ts";
import type { OrderDetail, Orders, Payment } from "../orders/index.ts";
import type { Connection, Database } from "../platform/database.ts";
import type { Shipments } from "../shipments/index.ts";
import { lockTarget } from "./target-lock.ts";

/** The part of conversations that an action may touch, in the caller's transaction. */
export interface ConversationDesk {
  /** Reads a conversation for change (row lock). */
  lockForAction(
    connection: Connection,
    conversationId: string,
  ): Promise<{ readonly id: string; readonly customerId: string; readonly state: string } | null>;
  /** Puts it into the queue of people; answers false when it is there, or a person has it, already. */
  handOff(connection: Connection, conversationId: string): Promise<boolean>;
}

export interface StateSources {
  readonly orders: Orders;
  readonly shipments: Shipments;
  readonly catalog: Catalog;
  readonly conversations?: ConversationDesk | undefined;
  readonly database: Database;
  /** Absent: there is no device to act on. */
  readonly deviceCommands?: Pick<DeviceCommands, "findTarget" | "create"> | undefined;
}

export interface Gathered {
  readonly state: ActionState;
  /** Locked until the transaction ends; null when there is none. */
  readonly order: OrderDetail | null;
}

/** Takes the locks of an action, always the order's, conversation's or idempotency key's first. */
export async function gatherState(
  sources: StateSources,
  connection: Connection,
  action: Action,
): Promise<Gathered> {
  if (action.name === "hand-off") {
    const conversation = await sources.conversations?.lockForAction(connection, action.conversationId);
    return { order: null, state: conversation == null ? {} : { conversation } };
  }
  if (isDeviceAction(action)) {
    await lockTarget(sources.database, connection, `idempotency-key:${action.idempotencyKey}`);
    const device = await sources.deviceCommands?.findTarget(connection, action.deviceName);
    return { order: null, state: device == null ? {} : { device } };
  }
  const order = await sources.orders.lockOrder(connection, action.orderId);
  if (order === null) return { order, state: {} };
  if (action.name === "cancel-order") return { order, state: { order: orderState(order) } };
  const shipment = await shipmentState(sources, connection, action.shipmentId);
  return { order, state: { order: orderState(order), ...(shipment === null ? {} : { shipment }) } };
}

function orderState(order: OrderDetail): NonNullable<ActionState["order"]> {
  const refundedLines = new Set(order.refunds.flatMap((refund) => refund.orderLineIds));
  const captured = order.payments.filter((payment) => payment.state === "captured");
  return {
    id: order.id,
    number: order.number,
    customerId: order.customerId,
    state: order.state,
    currency: order.currency,
    capturedMinor: captured.reduce((sum, payment) => sum + payment.amountMinor, 0),
    refundedMinor: order.refunds.reduce((sum, refund) => sum + refund.amount.amountMinor, 0),
    largestRefundableMinor: Math.max(0, ...captured.map((payment) => refundableMinor(order, payment))),
    lines: order.lines.map((line) => ({
      id: line.id,
      totalMinor: line.units * line.unitPriceMinor,
      isRefunded: refundedLines.has(line.id),
    })),
  };
}

/** What a captured payment can still give back, minor units. */
export function refundableMinor(order: OrderDetail, payment: Payment): number {
  if (payment.state !== "captured") return 0;
  return order.refunds.reduce(
    (left, refund) => (refund.paymentId === payment.id ? left - refund.amount.amountMinor : left),
    payment.amountMinor,
  );
}

/** The evidence is the shipment's condition as derived from its readings; without a reading there is none. */
async function shipmentState(
  { shipments, catalog }: StateSources,
  connection: Connection,
  shipmentId: string,
): Promise<NonNullable<ActionState["shipment"]> | null> {
  const shipment = await shipments.findShipment(shipmentId, connection);
  if (shipment === null) return null;
  const band = shipment.bandId === null ? null : await catalog.findBand(shipment.bandId, connection);
  const condition = (await shipments.conditionOf(connection, [shipmentId])).get(shipmentId)?.condition;
  const isMeasured = band !== null && condition !== undefined && condition.readingCount > 0;
  return {
    id: shipment.id,
    orderId: shipment.orderId,
    orderLineIds: shipment.lines.map((line) => line.orderLineId),
    state: shipment.state,
    excursionMinutes: condition?.excursionMinutes ?? 0,
    excursionMinutesMax: band?.excursionMinutesMax ?? Number.MAX_SAFE_INTEGER,
    excursionMinutesOnOurLegs: condition === undefined ? 0 : splitByLegs(condition, shipment.legs).ourMinutes,
    conditionFactIds: isMeasured ? [`shipment_condition/${shipmentId}`] : [],
  };
}
