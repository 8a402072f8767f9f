import type {
  Approval,
  Decision,
  Fact,
  FactProperty,
  FactValue,
  Proposal,
  Receipt,
  Subject,
} from "@waremind/contract";
import type { OrderDetail } from "../../orders/index.ts";
import type { Told } from "../deliver.ts";
import { rowSource, value } from "./fact-ledger.ts";
import type { FactSheet } from "./fact-sheet.ts";

const refundsToldMax = 10;

/**
 * The facts of a closed approval: the order's number, the state, and, when it ran, the receipt with each refund and
 * the payment it went back to. Notes that the action ran, so that it may be said.
 */
export function outcomeSheet(
  told: Told,
  outcome: { readonly approval: Approval; readonly order: OrderDetail; readonly receipt: Receipt | null },
): FactSheet {
  const { approval, order, receipt } = outcome;
  const subject: Subject = { kind: "approval", id: approval.id, label: approval.id };
  const add = (property: FactProperty, factValue: FactValue): Fact =>
    addFact(told, { subject, table: "approval", property, factValue });
  const onOrder: Subject = { kind: "order", id: order.id, label: order.number };
  const number = addFact(told, {
    subject: onOrder,
    table: "sales_order",
    property: "order-number",
    factValue: value.identifier(order.number),
  });
  const facts = [number, add("approval-number", value.identifier(approval.id))];
  if (receipt === null) {
    facts.push(add("clause-text", value.text(refusalOf(approval.state).reason)));
    if (approval.action.name === "refund-excursion")
      facts.push(
        add("refund-state", value.status("denied")),
        add("refund-amount", value.money(approval.action.amount)),
      );
    return { subject, facts, parts: [] };
  }
  return {
    subject,
    facts: [...facts, ...receiptFacts(told, onOrder, order, receipt)],
    parts: refundSheets(told, order, receipt),
  };
}

function receiptFacts(told: Told, onOrder: Subject, order: OrderDetail, receipt: Receipt): Fact[] {
  const number = addFact(told, {
    subject: { kind: "receipt", id: receipt.id, label: receipt.id },
    table: "receipt",
    property: "receipt-number",
    factValue: value.identifier(receipt.id),
  });
  told.actionsDone.push({ name: receipt.action.name, state: "executed", receiptFactId: number.id });
  if (receipt.action.name !== "cancel-order") return [number];
  const state = value.status(order.state);
  return [
    number,
    addFact(told, { subject: onOrder, table: "sales_order", property: "order-state", factValue: state }),
  ];
}

/** What this receipt paid back, and to which payment; a cancelled order may have been paid in parts. */
function refundSheets(told: Told, order: OrderDetail, receipt: Receipt): FactSheet[] {
  const own = order.refunds.filter(({ receiptId }) => receiptId === receipt.id);
  return own.slice(0, refundsToldMax).map((refund) => {
    const subject: Subject = { kind: "refund", id: refund.id, label: refund.id };
    const add = (property: FactProperty, factValue: FactValue): Fact =>
      addFact(told, { subject, table: "refund", property, factValue });
    const payment = order.payments.find(({ id }) => id === refund.paymentId);
    return {
      subject,
      facts: [
        add("refund-state", value.status("executed")),
        add("refund-amount", value.money(refund.amount)),
        ...(payment === undefined
          ? []
          : [add("paid-with", value.text({ en: payment.label, zh: payment.label }))]),
      ],
      parts: [],
    };
  });
}

function addFact(
  told: Told,
  fact: {
    readonly subject: Subject;
    readonly table: string;
    readonly property: FactProperty;
    readonly factValue: FactValue;
  },
): Fact {
  return told.ledger.add({
    subject: fact.subject,
    property: fact.property,
    value: fact.factValue,
    observedAt: told.now,
    freshForSeconds: null,
    source: rowSource(fact.table, fact.subject.id),
  });
}

/** How the request ended, in the shape the conversation shows. A person's note is not the customer's to read. */
export function proposalOf(approval: Approval): Proposal {
  return {
    action: approval.action,
    decision: decisionOf(approval),
    approvalId: approval.id,
    receiptId: approval.receiptId,
  };
}

function decisionOf({ state, clause }: Approval): Decision {
  if (state === "executed") return { verdict: "allow", clause };
  return { verdict: "deny", clause, ...refusalOf(state) };
}

const refusalOf = (state: Approval["state"]) =>
  refusals[state === "denied" || state === "expired" ? state : "failed"];

const refusals = {
  denied: {
    code: "denied-by-person",
    reason: {
      en: "A colleague looked at this request and declined it.",
      zh: "同事已查看该请求并予以拒绝。",
    },
  },
  expired: {
    code: "approval-expired",
    reason: { en: "Nobody decided this request in time.", zh: "该请求未能在期限内得到处理。" },
  },
  failed: {
    code: "state-forbids",
    reason: {
      en: "This request no longer fitted the order and was not carried out.",
      zh: "该请求已不符合订单的现状，未予执行。",
    },
  },
} as const;
