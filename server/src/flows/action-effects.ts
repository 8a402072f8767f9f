// The effects of each action, all in the caller's transaction; nothing else in the product can have them.
import type { Action, Actor, LiveEvent, Money, Receipt } from "@waremind/contract";
import { type Guard, isDeviceAction } from "../guard/index.ts";
import type { OrderDetail, Orders } from "../orders/index.ts";
import type { Clock } from "../platform/clock.ts";
import type { Connection } from "../platform/database.ts";
import { assert, DomainError } from "../platform/errors.ts";
import { newId } from "../platform/ids.ts";
import type { Shipments } from "../shipments/index.ts";
import { type ConversationDesk, type Gathered, refundableMinor } from "./action-state.ts";
import { moneyText } from "./action-summary.ts";
import { type DeviceNotice, type DeviceSources, runDeviceAction } from "./device-effects.ts";
import type { PaymentPort } from "./payment-port.ts";

export interface EffectSources extends DeviceSources {
  readonly guard: Guard;
  readonly orders: Orders;
  readonly shipments: Shipments;
  readonly payments: PaymentPort;
  readonly conversations?: ConversationDesk | undefined;
  readonly clock: Clock;
}

export interface Running {
  readonly action: Action;
  /** Who let it happen: stands in the receipt. */
  readonly actor: Actor;
  /** Who asked for it: another one than the actor where a person approved. */
  readonly requestedBy: Actor;
  readonly approvalId: string | null;
  readonly gathered: Gathered;
}

type Effects = Receipt["effects"];

/** Runs what the guard allowed or a person granted, and writes the receipt. */
export async function runAction(
  sources: EffectSources,
  connection: Connection,
  running: Running,
): Promise<{
  readonly receipt: Receipt;
  readonly events: readonly LiveEvent[];
  readonly notices: readonly DeviceNotice[];
}> {
  const receiptId = newId("rcp", sources.clock.now());
  const done = await effectsOf(sources, connection, running, receiptId);
  const { action, actor, approvalId } = running;
  const receipt = await sources.guard.recordReceipt(connection, {
    id: receiptId,
    action,
    actor,
    approvalId,
    effects: done.effects,
  });
  return { receipt, events: done.events, notices: done.notices ?? [] };
}

interface Done {
  readonly effects: Effects;
  readonly events: readonly LiveEvent[];
  readonly notices?: readonly DeviceNotice[];
}

function effectsOf(
  sources: EffectSources,
  connection: Connection,
  running: Running,
  receiptId: string,
): Promise<Done> {
  const { action, gathered } = running;
  if (action.name === "hand-off") return handOff(sources, connection, action.conversationId);
  if (isDeviceAction(action))
    return runDeviceAction(sources, connection, {
      ...{ action, gathered, receiptId },
      requestedBy: running.requestedBy,
    });
  assert(gathered.order !== null, "the guard allows nothing on an order that does not exist");
  return action.name === "refund-excursion"
    ? refund(sources, connection, {
        action,
        order: gathered.order,
        receiptId,
        approvalId: running.approvalId,
      })
    : cancel(sources, connection, { action, order: gathered.order, receiptId });
}

async function refund(
  sources: EffectSources,
  connection: Connection,
  refunding: {
    readonly action: Extract<Action, { name: "refund-excursion" }>;
    readonly order: OrderDetail;
    readonly receiptId: string;
    readonly approvalId: string | null;
  },
): Promise<Done> {
  const { action, order, receiptId, approvalId } = refunding;
  const { amount, shipmentId, orderLineIds } = action;
  const payment = order.payments.find((one) => refundableMinor(order, one) >= amount.amountMinor);
  if (payment === undefined) throw noPaymentCovers(order, amount);
  const refunded = await payBack(sources, connection, {
    order,
    paymentId: payment.id,
    amount,
    receiptId,
    shipmentId,
    orderLineIds,
    reason: "cold-chain-excursion",
  });
  await sources.shipments.addNote(connection, shipmentId, "refund", {
    ...{ refundId: refunded.id, receiptId, approvalId, amount, orderLineIds },
  });
  return {
    effects: [
      refunded,
      { table: "shipment_note", id: shipmentId, change: "The refund stands in the shipment's record." },
    ],
    events: [{ kind: "order-changed", orderId: order.id, state: order.state }],
  };
}

async function payBack(
  { orders, payments, clock }: EffectSources,
  connection: Connection,
  paying: {
    readonly order: OrderDetail;
    readonly paymentId: string;
    readonly amount: Money;
    readonly receiptId: string;
    readonly shipmentId: string | null;
    readonly orderLineIds: readonly string[];
    readonly reason: string;
  },
): Promise<Effects[number]> {
  const { order, paymentId, amount, receiptId, shipmentId, orderLineIds, reason } = paying;
  const id = newId("ref", clock.now());
  const orderId = order.id;
  await orders.recordRefund(connection, {
    id,
    orderId,
    shipmentId,
    paymentId,
    amount,
    reason,
    receiptId,
    orderLineIds,
  });
  const { method, label } = order.payments.find((payment) => payment.id === paymentId) ?? {
    method: "",
    label: "",
  };
  const instruction = { refundId: id, receiptId, orderId, paymentId, method, amount };
  const { reference } = await payments.refund(connection, instruction);
  return {
    table: "refund",
    id,
    change: `${moneyText(amount, "en")} back to ${label}, instruction ${reference}.`,
  };
}

async function cancel(
  sources: EffectSources,
  connection: Connection,
  cancelling: {
    readonly action: Extract<Action, { name: "cancel-order" }>;
    readonly order: OrderDetail;
    readonly receiptId: string;
  },
): Promise<Done> {
  const { action, order, receiptId } = cancelling;
  const { orders, shipments } = sources;
  await orders.moveOrder(connection, order.id, "cancelled", { reason: action.reason, receiptId });
  const effects: Effects = [{ table: "sales_order", id: order.id, change: `${order.state} → cancelled.` }];
  for (const id of await orders.voidPayments(connection, order.id))
    effects.push({ table: "payment", id, change: "authorized → voided." });
  for (const payment of order.payments) {
    const amountMinor = refundableMinor(order, payment);
    if (amountMinor <= 0) continue;
    const amount = { amountMinor, currency: order.currency };
    const whole = { order, paymentId: payment.id, amount, receiptId, shipmentId: null, orderLineIds: [] };
    effects.push(await payBack(sources, connection, { ...whole, reason: "order-cancelled" }));
  }
  const ready = (await shipments.shipmentsOfOrders([order.id], connection)).filter(
    ({ state }) => state === "ready",
  );
  for (const shipment of ready) {
    await shipments.moveShipment(connection, shipment.id, "cancelled");
    effects.push({ table: "shipment", id: shipment.id, change: "ready → cancelled." });
  }
  return { effects, events: [{ kind: "order-changed", orderId: order.id, state: "cancelled" }] };
}

async function handOff(
  { conversations }: EffectSources,
  connection: Connection,
  conversationId: string,
): Promise<Done> {
  const isChanged = (await conversations?.handOff(connection, conversationId)) ?? false;
  const change = isChanged ? "Waiting for a person." : "With people already.";
  return {
    effects: [{ table: "conversation", id: conversationId, change }],
    events: [{ kind: "conversation-changed", conversationId }],
  };
}

function noPaymentCovers(order: OrderDetail, amount: Money): DomainError {
  return new DomainError(
    "state-forbids",
    {
      en: `No single payment of order ${order.number} can give back ${moneyText(amount, "en")}.`,
      zh: `订单 ${order.number} 没有一笔付款可退回 ${moneyText(amount, "zh")}。`,
    },
    { orderId: order.id },
  );
}
