// The rules as pure functions over the actor, the action, the rows it would change and the clauses in force.
import type { Action, Actor, BilingualText, ClauseReference, Decision } from "@waremind/contract";
import { clauseIds, type RefundParameters } from "./clauses.ts";
import { decideDeviceAction } from "./device-control.ts";
import type { ActionState, PolicyClause } from "./guard.ts";

/** A rule that is broken. The code is public; the reason is said to whoever asked. */
interface Fault {
  readonly code: string;
  readonly reason: BilingualText;
  /** The clause that says so; absent: the action's own. */
  readonly clauseId?: string;
}

export type ApprovalLevel = "support" | "owner";

/**
 * Decides without looking anything up: the same input always gives the same decision. A clause that is not in force
 * forbids what it would have allowed.
 */
export function evaluate(
  actor: Actor,
  action: Action,
  state: ActionState,
  clauses: readonly PolicyClause[],
): Decision {
  switch (action.name) {
    case "refund-excursion":
      return decideRefund(actor, action, state, clauses);
    case "cancel-order":
      return decideCancel(actor, action, state, clauses);
    case "hand-off":
      return decideHandOff(actor, action, state, clauses);
    case "send-command":
    case "set-attributes":
      return decideDeviceAction(actor, action, state, clauses);
  }
}

/** Whether a person may consent at this level. The owner may do what support may. */
export function maySign(roles: readonly string[], level: ApprovalLevel): boolean {
  return roles.includes("owner") || (level === "support" && roles.includes("support"));
}

type RefundAction = Extract<Action, { name: "refund-excursion" }>;
type CancelAction = Extract<Action, { name: "cancel-order" }>;
type HandOffAction = Extract<Action, { name: "hand-off" }>;

function decideRefund(
  actor: Actor,
  action: RefundAction,
  state: ActionState,
  clauses: readonly PolicyClause[],
): Decision {
  const clause = clauses.find(({ id }) => id === clauseIds.refund);
  const parameters = clause === undefined ? null : refundParametersOf(clause);
  if (clause === undefined || parameters === null) return noClause(clauseIds.refund);
  const fault = ownershipFault(actor, action.orderId, state) ?? refundFault(action, state, parameters);
  if (fault !== null) return denied(fault, clause, clauses);
  return byAmount(actor, action.amount.amountMinor + (state.order?.refundedMinor ?? 0), clause, parameters);
}

/** What was refunded of the order before counts too, so that a large refund cannot come in small parts. */
function byAmount(
  actor: Actor,
  totalMinor: number,
  clause: PolicyClause,
  parameters: RefundParameters,
): Decision {
  const reference = referenceTo(clause);
  if (totalMinor <= parameters.limitMinor) return { verdict: "allow", clause: reference };
  const level = totalMinor <= parameters.supportLimitMinor ? "support" : "owner";
  if (actor.kind === "person" && maySign(actor.roles, level)) return { verdict: "allow", clause: reference };
  return {
    verdict: "needs-approval",
    level,
    reason: {
      en: "The amount is above what may be refunded without a colleague's consent.",
      zh: "金额超出可直接退款的上限，需同事确认。",
    },
    clause: reference,
  };
}

function refundParametersOf(clause: PolicyClause): RefundParameters | null {
  const { limitMinor, supportLimitMinor, currency } = clause.parameters;
  if (typeof limitMinor !== "number" || typeof currency !== "string") return null;
  const supportLimit = typeof supportLimitMinor === "number" ? supportLimitMinor : limitMinor;
  return { limitMinor, supportLimitMinor: supportLimit, currency };
}

/** First of the rules that the refund breaks: what is refunded, then the evidence, then the money. */
function refundFault(action: RefundAction, state: ActionState, parameters: RefundParameters): Fault | null {
  const { order, shipment } = state;
  if (order === undefined || shipment === undefined) return notFoundFault;
  return (
    goodsFault(action, order, shipment) ?? evidenceFault(shipment) ?? moneyFault(action, order, parameters)
  );
}

type OrderRows = NonNullable<ActionState["order"]>;
type ShipmentRows = NonNullable<ActionState["shipment"]>;

const refundableOrderStates: readonly string[] = ["shipped", "delivered"];
const refundableShipmentStates: readonly string[] = ["shipping", "delivered", "closed"];

function goodsFault(action: RefundAction, order: OrderRows, shipment: ShipmentRows): Fault | null {
  if (shipment.id !== action.shipmentId || shipment.orderId !== order.id)
    return fault(
      "shipment-not-of-order",
      "The shipment does not belong to this order.",
      "该包裹不属于此订单。",
    );
  if (!refundableOrderStates.includes(order.state) || !refundableShipmentStates.includes(shipment.state))
    return fault(
      "state-forbids",
      "Nothing of this order is on its way or delivered.",
      "该订单尚未发货，无法按此规则退款。",
    );
  const lines = new Map(order.lines.map((line) => [line.id, line]));
  if (action.orderLineIds.length === 0 || action.orderLineIds.some((id) => !lines.has(id)))
    return fault("line-not-of-order", "An item is not part of this order.", "有商品不属于此订单。");
  if (action.orderLineIds.some((id) => !shipment.orderLineIds.includes(id)))
    return fault("line-not-in-shipment", "An item was not in this shipment.", "有商品不在该包裹中。");
  if (action.orderLineIds.some((id) => lines.get(id)?.isRefunded === true))
    return fault("already-refunded", "An item was refunded before.", "有商品此前已退款。");
  return null;
}

function evidenceFault(shipment: ShipmentRows): Fault | null {
  if (shipment.conditionFactIds.length === 0)
    return fault(
      "no-evidence",
      "There are no temperature readings for this shipment.",
      "该包裹没有温度记录。",
    );
  if (shipment.excursionMinutes <= shipment.excursionMinutesMax)
    return fault(
      "within-permitted-time",
      "The goods were not outside their temperature band for longer than permitted.",
      "商品超出规定温度的时间未超过允许时长。",
    );
  if (shipment.excursionMinutesOnOurLegs <= shipment.excursionMinutesMax)
    return fault(
      "not-in-our-care",
      "The goods were not outside their temperature band for longer than permitted while in our care.",
      "商品在我们负责的环节中超出规定温度的时间未超过允许时长。",
    );
  return null;
}

function moneyFault(action: RefundAction, order: OrderRows, parameters: RefundParameters): Fault | null {
  const { amountMinor, currency } = action.amount;
  if (currency !== order.currency || currency !== parameters.currency)
    return fault(
      "currency-differs",
      "The amount is not in the currency of the order.",
      "金额币种与订单不一致。",
    );
  if (!Number.isSafeInteger(amountMinor) || amountMinor <= 0)
    return fault("amount-invalid", "The amount is not a positive amount of money.", "金额无效。");
  const chosen = new Set(action.orderLineIds);
  const linesMinor = order.lines.reduce(
    (sum, line) => (chosen.has(line.id) ? sum + line.totalMinor : sum),
    0,
  );
  if (amountMinor > linesMinor)
    return fault(
      "amount-above-lines",
      "The amount is above what these items cost.",
      "金额超过这些商品的总价。",
    );
  const leftMinor = Math.min(order.capturedMinor - order.refundedMinor, order.largestRefundableMinor);
  if (amountMinor > leftMinor)
    return fault(
      "amount-above-paid",
      "The amount is above what can still go back to one of the original payments.",
      "金额超过原支付方式可退的余额。",
    );
  return null;
}

function decideCancel(
  actor: Actor,
  action: CancelAction,
  state: ActionState,
  clauses: readonly PolicyClause[],
): Decision {
  const clause = clauses.find(({ id }) => id === clauseIds.cancel);
  if (clause === undefined) return noClause(clauseIds.cancel);
  const broken = ownershipFault(actor, action.orderId, state) ?? cancelFault(action, state);
  return broken === null
    ? { verdict: "allow", clause: referenceTo(clause) }
    : denied(broken, clause, clauses);
}

const cancelReasons: readonly string[] = ["no-longer-needed", "ordered-by-mistake"];

function cancelFault(action: CancelAction, { order }: ActionState): Fault | null {
  if (order?.state !== "pending")
    return fault(
      "state-forbids",
      "The order is no longer pending and cannot be cancelled.",
      "订单已不在待处理状态，无法取消。",
    );
  if (!cancelReasons.includes(action.reason))
    return fault(
      "reason-not-accepted",
      "This reason does not allow a cancellation.",
      "该理由不支持取消订单。",
    );
  return null;
}

function decideHandOff(
  actor: Actor,
  action: HandOffAction,
  { conversation }: ActionState,
  clauses: readonly PolicyClause[],
): Decision {
  const clause = clauses.find(({ id }) => id === clauseIds.handOff);
  if (clause === undefined) return noClause(clauseIds.handOff);
  const isTheirs =
    conversation?.id === action.conversationId &&
    (actor.kind === "person" || actor.kind === "system" || customerOf(actor) === conversation.customerId);
  return isTheirs
    ? { verdict: "allow", clause: referenceTo(clause) }
    : denied(notFoundFault, clause, clauses);
}

/** A model is untrusted: it has what its session's customer has, and no more. */
function customerOf(actor: Actor): string | null {
  return actor.kind === "customer" || actor.kind === "model" ? actor.customerId : null;
}

/** The same answer for an order of somebody else and one that does not exist. */
const notFoundFault: Fault = {
  code: "not-found",
  reason: { en: "There is no such order or conversation of yours.", zh: "没有找到属于您的该订单或对话。" },
  clauseId: clauseIds.ownOrders,
};

function ownershipFault(actor: Actor, orderId: string, { order }: ActionState): Fault | null {
  if (order === undefined || order.id !== orderId) return notFoundFault;
  switch (actor.kind) {
    case "customer":
    case "model":
      return actor.customerId !== "" && actor.customerId === order.customerId ? null : notFoundFault;
    case "person":
      return maySign(actor.roles, "support") ? null : roleFault;
    case "device":
    case "system":
      return roleFault;
  }
}

const roleFault = fault("role-missing", "This role may not change orders.", "该角色无权更改订单。");

function fault(code: string, en: string, zh: string): Fault {
  return { code, reason: { en, zh } };
}

const referenceTo = (clause: PolicyClause): ClauseReference => ({
  clauseId: clause.id,
  version: clause.version,
});

function denied(broken: Fault, own: PolicyClause, clauses: readonly PolicyClause[]): Decision {
  const clause = clauses.find(({ id }) => id === broken.clauseId) ?? own;
  return { verdict: "deny", code: broken.code, reason: broken.reason, clause: referenceTo(clause) };
}

function noClause(clauseId: string): Decision {
  return {
    verdict: "deny",
    code: "no-clause",
    reason: { en: "No policy in force allows this.", zh: "没有生效的规则允许此操作。" },
    clause: { clauseId, version: 0 },
  };
}
