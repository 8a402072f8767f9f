import type { Offer } from "../memory.ts";
import type { ActionOutcome } from "../tools/action-tools.ts";
import { identifierOf, instantOf, textOf } from "../tools/fact-sheet.ts";
import { titlesOf } from "./order-words.ts";
import type { Speech } from "./speech.ts";

/** The question that a yes answers: what would be done, to what, for how much. */
export function askOffer(speech: Speech, offer: Offer, titles: string): string {
  switch (offer.kind) {
    case "refund": {
      const amount = speech.money(offer.amount);
      const goods = titles === "" ? "" : speech.say({ en: ` for ${titles}`, zh: `（${titles}）` });
      return speech.say({
        en: `I can ask for a refund of ${amount}${goods} of order ${offer.orderNumber}, to your original payment. Shall I?`,
        zh: `我可以为订单 ${offer.orderNumber}${goods}申请退款 ${amount}，原路退回。需要我提交吗？`,
      });
    }
    case "cancel":
      return speech.say({
        en: `I can ask to cancel order ${offer.orderNumber}${titles === "" ? "" : ` (${titles})`}, with the reason “${cancelReason(speech, offer.reason)}”. Shall I?`,
        zh: `我可以申请取消订单 ${offer.orderNumber}${titles === "" ? "" : `（${titles}）`}，原因是“${cancelReason(speech, offer.reason)}”。需要我提交吗？`,
      });
    case "hand-off":
      return speech.say({
        en: "I can pass this to a colleague. Shall I?",
        zh: "我可以把这件事转给人工同事。需要吗？",
      });
  }
}

function cancelReason(speech: Speech, reason: "no-longer-needed" | "ordered-by-mistake"): string {
  return reason === "ordered-by-mistake"
    ? speech.say({ en: "ordered by mistake", zh: "下错单" })
    : speech.say({ en: "no longer needed", zh: "不再需要" });
}

/** What really happened: executed with its receipt, waiting for a person, or refused with the reason. */
export function sayDecided(speech: Speech, outcome: Extract<ActionOutcome, { kind: "decided" }>): string[] {
  const { proposal, offer, result } = outcome;
  if (proposal.decision.verdict === "deny") {
    const reason = textOf(result, "clause-text", speech.language) ?? "";
    return [
      speech.say({ en: "I could not do that.", zh: "这件事没有办成。" }),
      reason === "" ? "" : speech.say({ en: `The reason: “${reason}”`, zh: `原因：“${reason}”` }),
      speech.say({
        en: "If you see it differently, tell me to pass it to a colleague.",
        zh: "如果您有不同看法，可以让我转给人工同事。",
      }),
    ];
  }
  if (proposal.receiptId !== null) return sayExecuted(speech, outcome);
  const number = identifierOf(result, "approval-number");
  const expiresAt = instantOf(result, "approval-expires-at");
  return [
    waiting(speech, offer),
    number === undefined ? "" : speech.say({ en: `Its number is ${number}.`, zh: `编号 ${number}。` }),
    expiresAt === undefined
      ? ""
      : speech.say({
          en: `The request is open until ${speech.moment(expiresAt)}.`,
          zh: `该申请有效期至 ${speech.moment(expiresAt)}。`,
        }),
  ];
}

function waiting(speech: Speech, offer: Offer): string {
  switch (offer.kind) {
    case "refund":
      return speech.say({
        en: `Your refund request of ${speech.money(offer.amount)} for order ${offer.orderNumber} is waiting for approval by a colleague.`,
        zh: `订单 ${offer.orderNumber} 的退款申请 ${speech.money(offer.amount)} 正在等待人工审批。`,
      });
    case "cancel":
      return speech.say({
        en: `Your request to cancel order ${offer.orderNumber} is waiting for approval by a colleague.`,
        zh: `订单 ${offer.orderNumber} 的取消申请正在等待人工审批。`,
      });
    case "hand-off":
      return speech.say({ en: "Your request is waiting for a colleague.", zh: "您的请求正在等待人工处理。" });
  }
}

function sayExecuted(speech: Speech, outcome: Extract<ActionOutcome, { kind: "decided" }>): string[] {
  const { offer, result, order } = outcome;
  const receipt = identifierOf(result, "receipt-number");
  const number =
    receipt === undefined
      ? ""
      : speech.say({ en: `Receipt number: ${receipt}.`, zh: `回执编号：${receipt}。` });
  switch (offer.kind) {
    case "refund": {
      const paidWith = order === null ? undefined : textOf(order, "paid-with", speech.language);
      const to =
        paidWith === undefined ? "" : speech.say({ en: ` to ${paidWith}`, zh: `，退回 ${paidWith}` });
      return [
        speech.say({
          en: `${speech.money(offer.amount)} for order ${offer.orderNumber} has been refunded${to}.`,
          zh: `订单 ${offer.orderNumber} 已退款 ${speech.money(offer.amount)}${to}。`,
        }),
        number,
      ];
    }
    case "cancel":
      return [
        speech.say({
          en: `Order ${offer.orderNumber} has been cancelled.`,
          zh: `订单 ${offer.orderNumber} 已取消。`,
        }),
        number,
      ];
    case "hand-off":
      return [
        speech.say({
          en: "I have passed this conversation to a colleague, who will read it here.",
          zh: "我已把这个对话转给人工同事，同事会在这里查看。",
        }),
      ];
  }
}

export function titlesForOffer(speech: Speech, outcome: Extract<ActionOutcome, { kind: "offered" }>): string {
  return outcome.order === null || outcome.offer.kind === "refund"
    ? refundTitles(speech, outcome)
    : titlesOf(speech, outcome.order);
}

/** Only the lines that would be refunded, not the whole order. */
function refundTitles(speech: Speech, { offer, order }: Extract<ActionOutcome, { kind: "offered" }>): string {
  if (order === null || offer.kind !== "refund") return "";
  const ids = new Set(offer.orderLineIds);
  return titlesOf(speech, { ...order, parts: order.parts.filter(({ subject }) => ids.has(subject.id)) });
}
