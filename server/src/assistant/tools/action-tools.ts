import type {
  Action,
  Actor,
  Fact,
  FactProperty,
  FactValue,
  Money,
  Proposal,
  Subject,
} from "@waremind/contract";
import type { OrderDetail, OrderLine } from "../../orders/index.ts";
import type { AssistantDependencies } from "../assistant-types.ts";
import type { Offer } from "../memory.ts";
import type { Turn } from "../turn.ts";
import { rowSource, value } from "./fact-ledger.ts";
import { type FactSheet, numberOf } from "./fact-sheet.ts";
import type { OrderTools } from "./order-tools.ts";
import type { ShipmentTools } from "./shipment-tools.ts";

/** What came of asking for an action. `offered`: it was put into words only; it runs on the customer's next yes. */
export type ActionOutcome =
  | { readonly kind: "not-found" }
  | { readonly kind: "offered"; readonly offer: Offer; readonly order: FactSheet | null }
  | { readonly kind: "nothing-to-refund"; readonly order: FactSheet; readonly parcels: readonly FactSheet[] }
  | { readonly kind: "not-cancellable"; readonly order: FactSheet }
  | {
      readonly kind: "decided";
      readonly proposal: Proposal;
      readonly offer: Offer;
      readonly order: FactSheet | null;
      /** Refund, receipt or approval, with the money. */
      readonly result: FactSheet;
    };

export type CancelReason = "no-longer-needed" | "ordered-by-mistake";

export interface ActionTools {
  /**
   * Refund of what an excursion spoiled. The amount comes from the order's lines, never from a text. Without the
   * customer's yes to exactly this offer it only becomes the offer; with it, it goes to the guard.
   */
  proposeRefund(reference: string): Promise<ActionOutcome>;
  proposeCancel(reference: string, reason: CancelReason): Promise<ActionOutcome>;
  /** Hands the conversation to people; needs no second yes, for it changes nothing of the customer's. */
  handOff(reason: string): Promise<ActionOutcome>;
}

const reasonCharactersMax = 500;

export function createActionTools(
  deps: Pick<AssistantDependencies, "actions" | "guard" | "catalog" | "shipments">,
  turn: Turn,
  tools: { readonly orders: OrderTools; readonly shipments: ShipmentTools },
): ActionTools {
  return {
    proposeRefund: async (reference) => {
      const order = await tools.orders.ownOrder(reference);
      if (order === null) return { kind: "not-found" };
      const sheet = await tools.orders.sheetOf(order);
      const parcels = await tools.shipments.shipmentCondition(order);
      const offer = await refundOffer(deps, turn, order, parcels);
      if (offer === null) return { kind: "nothing-to-refund", order: sheet, parcels };
      addAmountFact(turn, order, offer);
      return offerOrRun(deps, turn, offer, sheet);
    },
    proposeCancel: async (reference, reason) => {
      const order = await tools.orders.ownOrder(reference);
      if (order === null) return { kind: "not-found" };
      const sheet = await tools.orders.sheetOf(order);
      if (order.state !== "pending") return { kind: "not-cancellable", order: sheet };
      const offer: Offer = {
        kind: "cancel",
        orderId: order.id,
        orderNumber: order.number,
        reason,
        ...madeIn(turn),
      };
      return offerOrRun(deps, turn, offer, sheet);
    },
    handOff: (reason) =>
      run(
        deps,
        turn,
        { kind: "hand-off", reason: reason.slice(0, reasonCharactersMax), ...madeIn(turn) },
        null,
      ),
  };
}

/** Lines of a parcel past its limit that need its band and were not refunded; null when there is none. */
async function refundOffer(
  deps: Pick<AssistantDependencies, "catalog" | "shipments">,
  turn: Turn,
  order: OrderDetail,
  parcels: readonly FactSheet[],
): Promise<Extract<Offer, { kind: "refund" }> | null> {
  const refunded = new Set(order.refunds.flatMap(({ orderLineIds }) => orderLineIds));
  const shipments = await deps.shipments.shipmentsOfOrders([order.id]);
  for (const parcel of parcels.filter(isPastLimit)) {
    const inParcel = new Set(
      shipments.find(({ id }) => id === parcel.subject.id)?.lines.map(({ orderLineId }) => orderLineId),
    );
    const open = order.lines.filter(({ id }) => inParcel.has(id) && !refunded.has(id));
    const lines = await coldLines(deps, open);
    if (lines.length === 0) continue;
    return {
      kind: "refund",
      orderId: order.id,
      orderNumber: order.number,
      shipmentId: parcel.subject.id,
      orderLineIds: lines.map(({ id }) => id).toSorted(),
      amount: {
        amountMinor: lines.reduce((sum, line) => sum + line.units * line.unitPriceMinor, 0),
        currency: order.currency,
      },
      ...madeIn(turn),
    };
  }
  return null;
}

/** When and in which answer an offer is made. */
export function madeIn(turn: Turn): Pick<Offer, "askedAt" | "evidenceRecordId"> {
  return { askedAt: turn.now, evidenceRecordId: turn.evidenceRecordId };
}

/** The parcel was out of its band for longer than its goods bear. */
export function isPastLimit(parcel: FactSheet): boolean {
  const minutes = numberOf(parcel, "excursion-duration");
  const limit = numberOf(parcel, "excursion-limit");
  return minutes !== undefined && limit !== undefined && minutes > limit;
}

async function coldLines(
  deps: Pick<AssistantDependencies, "catalog">,
  lines: readonly OrderLine[],
): Promise<readonly OrderLine[]> {
  const variants = await deps.catalog.findVariants([...new Set(lines.map(({ variantId }) => variantId))]);
  const coldVariants = new Set<string>();
  for (const variant of variants) {
    const product = await deps.catalog.findProduct(variant.productId);
    if (product !== null && product.bandId !== null) coldVariants.add(variant.id);
  }
  return lines.filter(({ variantId }) => coldVariants.has(variantId));
}

/** The amount offered is a computed fact: the sum of the lines' totals, which are facts themselves. */
function addAmountFact(turn: Turn, order: OrderDetail, offer: Extract<Offer, { kind: "refund" }>): Fact {
  const lineFacts = turn.ledger
    .facts()
    .filter(({ property, subject }) => property === "line-total" && offer.orderLineIds.includes(subject.id));
  return turn.ledger.add({
    subject: { kind: "order", id: order.id, label: order.number },
    property: "refund-amount",
    value: value.money(offer.amount),
    observedAt: turn.now,
    freshForSeconds: null,
    source: { kind: "computed", engine: "refund-amount", fromFactIds: lineFacts.map(({ id }) => id) },
  });
}

/** A yes counts only for what was offered before, word for word: same order, same lines, same amount, same reason. */
async function offerOrRun(
  deps: Pick<AssistantDependencies, "actions" | "guard">,
  turn: Turn,
  offer: Offer,
  order: FactSheet,
): Promise<ActionOutcome> {
  if (turn.hasConsent && turn.offered !== null && isSameOffer(turn.offered, offer)) {
    return run(deps, turn, offer, order);
  }
  turn.memory = { ...turn.memory, offer };
  return { kind: "offered", offer, order };
}

function isSameOffer(left: Offer, right: Offer): boolean {
  const plain = (offer: Offer) => JSON.stringify({ ...offer, askedAt: 0, evidenceRecordId: null });
  return plain(left) === plain(right);
}

async function run(
  deps: Pick<AssistantDependencies, "actions" | "guard">,
  turn: Turn,
  offer: Offer,
  order: FactSheet | null,
): Promise<ActionOutcome> {
  const action = actionOf(turn, offer);
  const existing = turn.proposals.find((each) => JSON.stringify(each.action) === JSON.stringify(action));
  const proposal =
    existing ??
    (await deps.actions.propose({
      actor: actorOf(turn),
      action,
      conversationId: turn.conversationId,
      // The answer that made the offer cites what it rests on; "yes, please" cites nothing.
      evidenceRecordId: offeredIn(turn, offer) ?? turn.evidenceRecordId,
    }));
  turn.memory = { ...turn.memory, offer: null };
  if (existing === undefined) turn.proposals.push(proposal);
  const result = await resultSheet(deps, turn, offer, proposal);
  if (existing === undefined) noteDone(turn, proposal, result);
  return { kind: "decided", proposal, offer, order, result };
}

const offeredIn = ({ offered }: Turn, offer: Offer): string | null =>
  offered !== null && isSameOffer(offered, offer) ? offered.evidenceRecordId : null;

function actionOf(turn: Turn, offer: Offer): Action {
  switch (offer.kind) {
    case "refund":
      return {
        name: "refund-excursion",
        orderId: offer.orderId,
        shipmentId: offer.shipmentId,
        orderLineIds: offer.orderLineIds,
        amount: offer.amount,
        refundTo: "original-payment",
      };
    case "cancel":
      return { name: "cancel-order", orderId: offer.orderId, reason: offer.reason };
    case "hand-off":
      return { name: "hand-off", conversationId: turn.conversationId, reason: offer.reason };
  }
}

/** A model's call is the model's, though the session is the customer's: the audit tells them apart. */
function actorOf(turn: Turn): Actor {
  const bound = { customerId: turn.session.customerId, sessionId: turn.session.id };
  return turn.engine.kind === "model"
    ? { kind: "model", ...bound, engine: turn.engine.name }
    : { kind: "customer", ...bound };
}

function noteDone(turn: Turn, proposal: Proposal, result: FactSheet): void {
  const receipt = result.facts.find(({ property }) => property === "receipt-number");
  if (proposal.receiptId !== null) {
    turn.actionsDone.push({
      name: proposal.action.name,
      state: "executed",
      receiptFactId: receipt?.id ?? null,
    });
  } else if (proposal.decision.verdict === "needs-approval") {
    turn.actionsDone.push({
      name: proposal.action.name,
      state: "waiting-for-approval",
      receiptFactId: null,
    });
  }
  if (proposal.action.name === "hand-off" && proposal.decision.verdict !== "deny") turn.isHandedOff = true;
}

async function resultSheet(
  deps: Pick<AssistantDependencies, "guard">,
  turn: Turn,
  offer: Offer,
  proposal: Proposal,
): Promise<FactSheet> {
  const subject: Subject =
    proposal.receiptId !== null
      ? { kind: "receipt", id: proposal.receiptId, label: proposal.receiptId }
      : { kind: "approval", id: proposal.approvalId ?? turn.conversationId, label: proposal.action.name };
  const add = (property: FactProperty, factValue: FactValue, table: string): Fact =>
    turn.ledger.add({
      subject,
      property,
      value: factValue,
      observedAt: turn.now,
      freshForSeconds: null,
      source: rowSource(table, subject.id),
    });
  const facts: Fact[] = [];
  if (offer.kind === "refund") facts.push(...refundFacts(offer.amount, proposal, add));
  if (offer.kind === "cancel" && proposal.receiptId !== null) facts.push(cancelledFact(turn, offer));
  if (proposal.receiptId !== null)
    facts.push(add("receipt-number", value.identifier(proposal.receiptId), "receipt"));
  if (proposal.approvalId !== null) {
    facts.push(add("approval-number", value.identifier(proposal.approvalId), "approval"));
    const approval = await deps.guard.findApproval(proposal.approvalId);
    if (approval !== null)
      facts.push(add("approval-expires-at", value.instant(approval.expiresAt), "approval"));
  }
  if (proposal.decision.verdict === "deny") facts.push(denialFact(turn, proposal.decision));
  return { subject, facts, parts: [] };
}

function refundFacts(
  amount: Money,
  proposal: Proposal,
  add: (property: FactProperty, factValue: FactValue, table: string) => Fact,
): Fact[] {
  const state =
    proposal.receiptId !== null
      ? "executed"
      : proposal.decision.verdict === "needs-approval"
        ? "waiting-for-approval"
        : "denied";
  const table = proposal.receiptId !== null ? "receipt" : "approval";
  return [add("refund-state", value.status(state), table), add("refund-amount", value.money(amount), table)];
}

function cancelledFact(turn: Turn, offer: Extract<Offer, { kind: "cancel" }>): Fact {
  return turn.ledger.add({
    subject: { kind: "order", id: offer.orderId, label: offer.orderNumber },
    property: "order-state",
    value: value.status("cancelled"),
    observedAt: turn.now,
    freshForSeconds: null,
    source: rowSource("sales_order", offer.orderId),
  });
}

/** The guard's own words for a refusal: they may be quoted, since the guard said them. */
function denialFact(turn: Turn, decision: Extract<Proposal["decision"], { verdict: "deny" }>): Fact {
  return turn.ledger.add({
    subject: { kind: "policy-clause", id: decision.clause.clauseId, label: decision.clause.clauseId },
    property: "clause-text",
    value: value.text(decision.reason),
    observedAt: turn.now,
    freshForSeconds: null,
    source: { kind: "clause", clauseId: decision.clause.clauseId, version: decision.clause.version },
  });
}
