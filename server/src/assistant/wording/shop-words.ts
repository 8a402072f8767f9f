import {
  type FactSheet,
  factOf,
  instantOf,
  moneyOf,
  numberOf,
  statusOf,
  textOf,
} from "../tools/fact-sheet.ts";
import { ageOf } from "./parcel-words.ts";
import type { Speech } from "./speech.ts";

const titleOf = (speech: Speech, variant: FactSheet): string =>
  textOf(variant, "product-title", speech.language) ?? variant.subject.label;

export function sayPrice(speech: Speech, variants: readonly FactSheet[]): string[] {
  return variants.flatMap((variant) => {
    const price = moneyOf(variant, "price");
    if (price === undefined) return [];
    return [
      speech.say({
        en: `${titleOf(speech, variant)} costs ${speech.money(price)}.`,
        zh: `${titleOf(speech, variant)}的价格是 ${speech.money(price)}。`,
      }),
    ];
  });
}

export function sayStock(speech: Speech, variants: readonly FactSheet[]): string[] {
  return variants.flatMap((variant) => [availability(speech, variant), sensed(speech, variant)]);
}

function availability(speech: Speech, variant: FactSheet): string {
  const title = titleOf(speech, variant);
  const units = numberOf(variant, "units-available") ?? 0;
  const state = statusOf(variant, "availability");
  if (state === "in-stock") {
    return speech.say({
      en: `${title}: yes, in stock, ${units} available.`,
      zh: `${title}有货，可售 ${units} 件。`,
    });
  }
  if (state === "low-stock") {
    return speech.say({
      en: `${title}: yes, but low in stock, ${units} available.`,
      zh: `${title}库存紧张，可售 ${units} 件。`,
    });
  }
  return speech.say({
    en: `${title}: I am sorry, out of stock at the moment.`,
    zh: `抱歉，目前缺货：${title}。`,
  });
}

function sensed(speech: Speech, variant: FactSheet): string {
  const units = numberOf(variant, "units-sensed");
  const at = instantOf(variant, "sensed-at");
  if (units === undefined || at === undefined) return "";
  const fresh = factOf(variant, "units-sensed")?.freshForSeconds ?? null;
  return speech.say({
    en: `The shelf scale counted ${units} at ${speech.moment(at)}${ageOf(speech, at, fresh)}.`,
    zh: `货架秤在 ${speech.moment(at)} 点到 ${units} 件${ageOf(speech, at, fresh)}。`,
  });
}

/** A clause by its name and in its own words. */
export function quoteClause(speech: Speech, clause: FactSheet): string {
  const title = textOf(clause, "clause-title", speech.language);
  const text = textOf(clause, "clause-text", speech.language);
  if (text === undefined) return "";
  return title === undefined
    ? speech.say({ en: `Our policy says: “${text}”`, zh: `我们的政策：“${text}”` })
    : speech.say({ en: `Our policy “${title}” says: “${text}”`, zh: `我们的政策《${title}》：“${text}”` });
}
