import {
  type FactSheet,
  identifierOf,
  instantOf,
  moneyOf,
  numberOf,
  partsOf,
  statusOf,
  textOf,
} from "../tools/fact-sheet.ts";
import type { Speech } from "./speech.ts";

const titlesShownMax = 3;

export const orderNumberOf = (order: FactSheet): string =>
  identifierOf(order, "order-number") ?? order.subject.label;

/** "Fresh salmon and Tiger shrimp": the first titles of an order, never more than a few. */
export function titlesOf(speech: Speech, order: FactSheet): string {
  const titles = partsOf(order, "order-line")
    .slice(0, titlesShownMax)
    .map((line) => textOf(line, "line-title", speech.language))
    .filter((title) => title !== undefined);
  return speech.list([...new Set(titles)]);
}

/** "order WM-1024 (Fresh salmon)". */
export function nameOrder(speech: Speech, order: FactSheet): string {
  const titles = titlesOf(speech, order);
  const number = orderNumberOf(order);
  if (speech.language === "en") return titles === "" ? `order ${number}` : `order ${number} (${titles})`;
  return titles === "" ? `订单 ${number}` : `订单 ${number}（${titles}）`;
}

const orderStates: Readonly<Record<string, { en: string; zh: string }>> = {
  pending: { en: "pending", zh: "待处理" },
  processed: { en: "processed", zh: "已处理" },
  shipped: { en: "shipped", zh: "已发货" },
  delivered: { en: "delivered", zh: "已送达" },
  cancelled: { en: "cancelled", zh: "已取消" },
};

export function stateWord(speech: Speech, order: FactSheet): string {
  const state = statusOf(order, "order-state") ?? "";
  const words = orderStates[state];
  return words === undefined ? state : speech.say(words);
}

export function describeOrder(speech: Speech, order: FactSheet): string[] {
  const total = moneyOf(order, "order-total");
  const placedAt = instantOf(order, "order-placed-at");
  const name = nameOrder(speech, order);
  const state = stateWord(speech, order);
  const sentences =
    speech.language === "en" ? [`${capital(name)} is ${state}.`] : [`${name}的状态是${state}。`];
  if (placedAt !== undefined && total !== undefined) {
    sentences.push(
      speech.say({
        en: `You placed it at ${speech.moment(placedAt)} for ${speech.money(total)}.`,
        zh: `下单时间 ${speech.moment(placedAt)}，金额 ${speech.money(total)}。`,
      }),
    );
  }
  return [...sentences, ...lineSentences(speech, order)];
}

function lineSentences(speech: Speech, order: FactSheet): string[] {
  const lines = partsOf(order, "order-line").flatMap((line) => {
    const title = textOf(line, "line-title", speech.language);
    const units = numberOf(line, "line-units");
    const total = moneyOf(line, "line-total");
    if (title === undefined || units === undefined || total === undefined) return [];
    return [
      speech.say({
        en: `${units} × ${title} (${speech.money(total)})`,
        zh: `${title} × ${units}（${speech.money(total)}）`,
      }),
    ];
  });
  if (lines.length === 0) return [];
  return [speech.say({ en: `In it: ${lines.join("; ")}.`, zh: `其中有：${lines.join("；")}。` })];
}

/** One order in a list to choose from. */
export function listOrder(speech: Speech, order: FactSheet): string {
  const placedAt = instantOf(order, "order-placed-at");
  const name = nameOrder(speech, order);
  const placed =
    placedAt === undefined
      ? ""
      : speech.say({ en: `; you placed it on ${speech.day(placedAt)}`, zh: `，${speech.day(placedAt)}下单` });
  const state = stateWord(speech, order);
  return speech.say({ en: `• ${capital(name)} is ${state}${placed}.`, zh: `• ${name}：${state}${placed}。` });
}

export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
