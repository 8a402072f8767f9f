import { type Intent, normalizeText } from "../language/index.ts";
import { listedOrdersMax } from "./memory.ts";
import type { OrderCandidate } from "./tools/order-candidates.ts";
import type { OrderTools } from "./tools/order-tools.ts";
import type { Turn } from "./turn.ts";

export type OrderChoice =
  | { readonly kind: "chosen"; readonly number: string }
  | { readonly kind: "ask"; readonly numbers: readonly string[] }
  /** A number was named that this customer has no order for. */
  | { readonly kind: "not-found" }
  | { readonly kind: "none" };

const askedMax = 4;
const recentDeliveryMs = 7 * 86_400_000;

/**
 * Which order a question is about: a number, "the second one", "the other one", "the latest", a product in it, the one
 * spoken of last (at first: the one that they proved themselves by), or the only one that the question can be about. Several: ask.
 */
export async function chooseOrder(
  turn: Turn,
  intent: Intent,
  deps: {
    readonly orders: Pick<OrderTools, "ownOrder">;
    readonly candidates: () => Promise<readonly OrderCandidate[]>;
  },
): Promise<OrderChoice> {
  const named = await byReference(turn, deps.orders);
  if (named !== null) return named;
  const candidates = await deps.candidates();
  if (candidates.length === 0) return { kind: "none" };
  const pointed = byPointer(turn, candidates);
  if (pointed !== null) return pointed;
  const withProduct = candidates.filter(({ titles }) =>
    titles.some(({ en, zh }) => isNamed(en, turn.questionText) || isNamed(zh, turn.questionText)),
  );
  const focus = candidates.find(({ number }) => number === turn.memory.focusOrderNumber);
  if (withProduct.length > 0) {
    const isFocusMeant =
      focus !== undefined && withProduct.includes(focus) && isStillMeant(turn, intent, focus, withProduct);
    return isFocusMeant ? { kind: "chosen", number: focus.number } : narrow(turn, intent, withProduct);
  }
  if (focus !== undefined && isStillMeant(turn, intent, focus, candidates)) {
    return { kind: "chosen", number: focus.number };
  }
  return narrow(turn, intent, candidates);
}

async function byReference(turn: Turn, orders: Pick<OrderTools, "ownOrder">): Promise<OrderChoice | null> {
  const references = turn.understanding.references.filter((reference) => !/^(?:19|20)\d\d$/.test(reference));
  for (const reference of references) {
    const order = await orders.ownOrder(reference);
    if (order !== null) return { kind: "chosen", number: order.number };
  }
  return references.length > 0 ? { kind: "not-found" } : null;
}

function byPointer(turn: Turn, candidates: readonly OrderCandidate[]): OrderChoice | null {
  const { understanding, memory } = turn;
  const listed = memory.listedOrderNumbers.filter((number) =>
    candidates.some((candidate) => candidate.number === number),
  );
  if (understanding.refersToOther) return theOther(memory.focusOrderNumber, listed, candidates);
  if (understanding.ordinal !== null) {
    const number = listed[understanding.ordinal - 1];
    if (number !== undefined) return { kind: "chosen", number };
  }
  const newest = candidates[0];
  return understanding.refersToNewest && newest !== undefined
    ? { kind: "chosen", number: newest.number }
    : null;
}

function theOther(
  focus: string | null,
  listed: readonly string[],
  candidates: readonly OrderCandidate[],
): OrderChoice | null {
  const among = listed.length > 1 ? listed : candidates.map(({ number }) => number);
  const others = among.filter((number) => number !== focus);
  const [only] = others;
  if (only === undefined) return null;
  return others.length === 1 ? { kind: "chosen", number: only } : ask(others);
}

function narrow(turn: Turn, intent: Intent, candidates: readonly OrderCandidate[]): OrderChoice {
  const about = candidates.filter((candidate) => isAbout(intent, candidate, turn.now));
  // "Where is my parcel" asks for a parcel; an order that has none yet is meant only when no other has one.
  const moving =
    intent === "track" || intent === "arrival" ? about.filter((each) => each.hasParcelUnderway) : [];
  const meant = moving.length > 0 ? moving : about;
  const pool = meant.length > 0 ? meant : candidates.slice(0, 1);
  const [first] = pool;
  if (first === undefined) return { kind: "none" };
  return pool.length === 1 ? { kind: "chosen", number: first.number } : ask(pool.map(({ number }) => number));
}

/**
 * The order spoken of last is meant again, unless the question cannot be about it and can be about another: "where is my
 * parcel" after one that was delivered asks for the one under way.
 */
function isStillMeant(
  turn: Turn,
  intent: Intent,
  focus: OrderCandidate,
  candidates: readonly OrderCandidate[],
): boolean {
  if (intent === "refund" || isAbout(intent, focus, turn.now)) return true;
  const hasWord = /\b(?:it|its|it's|that|this|they|them)\b|它|这个|那个|这单|该/.test(
    normalizeText(turn.questionText),
  );
  return hasWord || !candidates.some((candidate) => isAbout(intent, candidate, turn.now));
}

const ask = (numbers: readonly string[]): OrderChoice => ({
  kind: "ask",
  numbers: numbers.slice(0, Math.min(askedMax, listedOrdersMax)),
});

/** What a question can be about when nothing is named. */
function isAbout(intent: Intent, candidate: OrderCandidate, now: number): boolean {
  const isRecent = candidate.deliveredAt !== null && now - candidate.deliveredAt <= recentDeliveryMs;
  if (intent === "cold") return candidate.hasColdParcel && (candidate.isUnderway || isRecent);
  if (intent === "refund") return candidate.isPastLimit;
  if (intent === "cancel") return candidate.state === "pending";
  return candidate.isUnderway;
}

/** Words in a title that say nothing of which product it is. */
const plainWords =
  /^(?:fresh|frozen|chilled|cold|organic|pack|packs|pieces?|large|small|black|white|with|warm|best|good|home|each|price|order|parcel|delivery|smart|mini|free)$/;
const plainChinese =
  /新鲜|冰鲜|冷冻|冷藏|有机|进口|包装|订单|包裹|商品|快递|一份|冷链|温度|什么|时候|现在|多少|可以/g;
const latinWordLengthMin = 4;
const chineseRunMin = 2;

/** A distinctive word of the title stands in the question: a Latin word of four letters, or two Han characters in a row. */
function isNamed(title: string, question: string): boolean {
  const plainTitle = normalizeText(title);
  const plainQuestion = normalizeText(question);
  const words = plainTitle.match(/\p{Script=Latin}+/gu) ?? [];
  const asked = new Set((plainQuestion.match(/\p{Script=Latin}+/gu) ?? []).map(stem));
  if (
    words.some((word) => word.length >= latinWordLengthMin && !plainWords.test(word) && asked.has(stem(word)))
  ) {
    return true;
  }
  const runs = plainTitle.replaceAll(plainChinese, " ").match(/\p{Script=Han}+/gu) ?? [];
  const cleaned = plainQuestion.replaceAll(plainChinese, " ");
  return runs.some((run) => hasCommonRun([...run], cleaned));
}

function hasCommonRun(characters: readonly string[], question: string): boolean {
  for (let index = 0; index + chineseRunMin <= characters.length; index += 1) {
    if (question.includes(characters.slice(index, index + chineseRunMin).join(""))) return true;
  }
  return false;
}

const stem = (word: string): string => word.replace(/(?:ies)$/, "y").replace(/(?<=[a-z]{3})s$/, "");
