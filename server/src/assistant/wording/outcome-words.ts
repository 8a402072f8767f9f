import type { Approval } from "@waremind/contract";
import { type FactSheet, identifierOf, moneyOf, textOf } from "../tools/fact-sheet.ts";
import type { Speech } from "./speech.ts";

/** What became of a request that waited: told later, so it names the order again. */
export function sayOutcomeLater(speech: Speech, approval: Approval, sheet: FactSheet): string[] {
  const number = identifierOf(sheet, "order-number") ?? "";
  return approval.state === "executed"
    ? sayDone(speech, approval, sheet, number)
    : sayNotDone(speech, approval, sheet, number);
}

function sayDone(speech: Speech, approval: Approval, sheet: FactSheet, number: string): string[] {
  const receipt = identifierOf(sheet, "receipt-number");
  return [
    approval.action.name === "cancel-order"
      ? speech.say({ en: `Order ${number} has been cancelled.`, zh: `订单 ${number} 已取消。` })
      : speech.say({ en: "Your refund request was approved by a colleague.", zh: "退款已批准。" }),
    ...sheet.parts.map((refund) => paidBack(speech, refund, number)),
    receipt === undefined
      ? ""
      : speech.say({ en: `Receipt number: ${receipt}.`, zh: `回执编号：${receipt}。` }),
  ];
}

function paidBack(speech: Speech, refund: FactSheet, number: string): string {
  const amount = moneyOf(refund, "refund-amount");
  if (amount === undefined) return "";
  const paidWith = textOf(refund, "paid-with", speech.language);
  const to = paidWith === undefined ? "" : speech.say({ en: ` to ${paidWith}`, zh: `，退回 ${paidWith}` });
  return speech.say({
    en: `${speech.money(amount)} for order ${number} has been refunded${to}.`,
    zh: `订单 ${number} 已退款 ${speech.money(amount)}${to}。`,
  });
}

/** The reason is quoted from the approval's own end, never from a person's note. */
function sayNotDone(speech: Speech, approval: Approval, sheet: FactSheet, number: string): string[] {
  const reason = textOf(sheet, "clause-text", speech.language) ?? "";
  if (approval.action.name === "cancel-order")
    return [
      speech.say({
        en: `About your request to cancel order ${number}: “${reason}”`,
        zh: `关于订单 ${number} 的取消申请：“${reason}”`,
      }),
    ];
  const amount = moneyOf(sheet, "refund-amount");
  const [of, asked] =
    amount === undefined ? ["", ""] : [` of ${speech.money(amount)}`, `（${speech.money(amount)}）`];
  return [
    speech.say({
      en: `About your refund request${of} for order ${number}: “${reason}”`,
      zh: `关于订单 ${number} 的退款申请${asked}：“${reason}”`,
    }),
    // What failed may have been paid in another way before.
    approval.state === "failed" ? "" : speech.say({ en: "No refund was made.", zh: "没有退款。" }),
  ];
}

/** Says nothing that needs a fact; the message's note shows the rest. */
export const thereIsNews = (speech: Speech): string =>
  speech.say({
    en: "There is news about your request; you see it below this message.",
    zh: "您的申请有了新进展，详情见本条消息下方。",
  });
