import type { Message } from "@waremind/contract";
import type { Intent } from "../language/index.ts";
import type { AssistantDependencies } from "./assistant-types.ts";
import { chooseOrder, type OrderChoice } from "./choose-order.ts";
import type { Offer } from "./memory.ts";
import { type ActionOutcome, madeIn } from "./tools/action-tools.ts";
import { type FactSheet, moneyOf } from "./tools/fact-sheet.ts";
import { type OrderCandidate, orderCandidates } from "./tools/order-candidates.ts";
import type { PolicyTopic } from "./tools/policy-tools.ts";
import type { Toolbox } from "./tools/toolbox.ts";
import type { Turn } from "./turn.ts";
import { askOffer, sayDecided, titlesForOffer } from "./wording/action-words.ts";
import { sayCold } from "./wording/cold-words.ts";
import { capital, describeOrder, listOrder, nameOrder, stateWord } from "./wording/order-words.ts";
import { sayWhen, sayWhere, sayWhereAndWhen } from "./wording/parcel-words.ts";
import { quoteClause, sayPrice, sayStock } from "./wording/shop-words.ts";
import { createSpeech, newParagraph, type Speech } from "./wording/speech.ts";
import * as talk from "./wording/talk-words.ts";

/** A text on its way to the check. */
export interface Draft {
  readonly text: string;
  readonly outcome: NonNullable<Message["outcome"]>;
}

interface Part {
  readonly sentences: readonly string[];
  readonly outcome: Draft["outcome"];
}

/** What the handlers of one question share. */
interface Work {
  readonly deps: AssistantDependencies;
  readonly turn: Turn;
  readonly tools: Toolbox;
  readonly speech: Speech;
  readonly candidates: () => Promise<readonly OrderCandidate[]>;
}

const clausesQuotedMax = 2;

export function speechOf(turn: Turn): Speech {
  return createSpeech({ language: turn.language, timeZone: turn.customer.timeZone, now: turn.now });
}

/** The rule-based engine's answer: reads with the tools what the question needs and writes only from their facts. */
export async function composeAnswer(deps: AssistantDependencies, turn: Turn, tools: Toolbox): Promise<Draft> {
  let known: Promise<readonly OrderCandidate[]> | undefined;
  const work: Work = {
    deps,
    turn,
    tools,
    speech: speechOf(turn),
    candidates: () => {
      known ??= orderCandidates(deps, turn.session.customerId);
      return known;
    },
  };
  const consented = await answerOffer(work);
  const parts = consented === null ? await answerIntents(work) : [consented];
  return joinParts(work.speech, parts);
}

function joinParts(speech: Speech, parts: readonly Part[]): Draft {
  const outcome =
    parts.find((part) => part.outcome === "handed-off")?.outcome ??
    parts.find((part) => part.outcome === "clarifying")?.outcome ??
    (parts.every((part) => part.outcome === "cannot-confirm") ? "cannot-confirm" : "answered");
  const text = parts
    .map(({ sentences }) => speech.join(sentences))
    .filter((paragraph) => paragraph !== "")
    .join("\n");
  return { text, outcome };
}

/** A yes or a no to what was offered; null when the message is neither. */
async function answerOffer({ turn, tools, speech }: Work): Promise<Part | null> {
  const { offered, understanding } = turn;
  if (offered === null) return null;
  if (understanding.isNo && understanding.intents.length === 0) {
    return { sentences: [talk.leftAsItIs(speech)], outcome: "answered" };
  }
  if (!turn.hasConsent) return null;
  return partOf(speech, await runOffer(tools, offered));
}

function runOffer(tools: Toolbox, offer: Offer): Promise<ActionOutcome> {
  switch (offer.kind) {
    case "refund":
      return tools.proposeRefund(offer.orderNumber);
    case "cancel":
      return tools.proposeCancel(offer.orderNumber, offer.reason);
    case "hand-off":
      return tools.handOff(offer.reason);
  }
}

/** Says what came of an action, the same for both engines. */
export function sayOutcome(speech: Speech, outcome: ActionOutcome): readonly string[] {
  switch (outcome.kind) {
    case "not-found":
      return [talk.orderNotFound(speech)];
    case "offered":
      return [askOffer(speech, outcome.offer, titlesForOffer(speech, outcome))];
    case "nothing-to-refund":
      return [refundedBefore(speech, outcome.order), talk.notSpoiledEnough(speech)];
    case "not-cancellable":
      return [
        talk.notCancellable(
          speech,
          capital(nameOrder(speech, outcome.order)),
          stateWord(speech, outcome.order),
        ),
      ];
    case "decided":
      return sayDecided(speech, outcome);
  }
}

function partOf(speech: Speech, outcome: ActionOutcome): Part {
  const isHandOff = outcome.kind === "decided" && outcome.offer.kind === "hand-off";
  return {
    sentences: sayOutcome(speech, outcome),
    outcome:
      outcome.kind === "offered"
        ? "clarifying"
        : isHandOff && outcome.proposal.decision.verdict !== "deny"
          ? "handed-off"
          : "answered",
  };
}

function refundedBefore(speech: Speech, order: FactSheet): string {
  const refunded = moneyOf(order, "refunded-total");
  if (refunded === undefined) return "";
  return speech.say({
    en: `${speech.money(refunded)} of ${nameOrder(speech, order)} has been refunded.`,
    zh: `${nameOrder(speech, order)}已退款 ${speech.money(refunded)}。`,
  });
}

async function answerIntents(work: Work): Promise<readonly Part[]> {
  const intents = await intentsMeant(work);
  if (intents.length === 0) return [withoutIntent(work)];
  const parts: Part[] = [];
  for (const intent of intents) {
    const part = await handlers[intent](work, intent);
    if (part.sentences.length > 0) parts.push(part);
    // One question back at a time; the rest is asked again once the order is clear.
    if (part.outcome === "clarifying") break;
  }
  return parts;
}

/** The intents written, or what was asked before when this message only points at something. */
async function intentsMeant({ turn }: Work): Promise<readonly Intent[]> {
  const { understanding, memory } = turn;
  const written = understanding.intents.map(({ intent }) => intent);
  if (written.length > 0) return written.filter((intent) => !isSaidBy(intent, written));
  const points =
    understanding.isFollowUp || understanding.ordinal !== null || understanding.references.length > 0;
  // The answer to "which order?" may be a product's name and nothing else.
  const names = turn.wasAskedWhich && understanding.productWords !== "";
  return points || names ? [asIntent(memory.lastIntent) ?? "track"] : [];
}

/** Where a parcel is includes when it arrives, and the cold answer offers the refund: saying it twice helps nobody. */
function isSaidBy(intent: Intent, written: readonly Intent[]): boolean {
  return (
    (intent === "refund" && written.includes("cold")) || (intent === "arrival" && written.includes("track"))
  );
}

function asIntent(name: string | null): Intent | null {
  return name !== null && name in handlers ? (name as Intent) : null;
}

function withoutIntent({ turn, speech }: Work): Part {
  if (turn.understanding.isYes) return { sentences: [talk.nothingOffered(speech)], outcome: "clarifying" };
  if (turn.understanding.isNo) return { sentences: [talk.leftAsItIs(speech)], outcome: "answered" };
  return { sentences: [talk.outOfScope(speech)], outcome: "cannot-confirm" };
}

type Handler = (work: Work, intent: Intent) => Promise<Part>;

const handlers: Readonly<Record<Intent, Handler>> = {
  track: (work, intent) => aboutParcels(work, intent, asks(work, "arrival") ? sayWhereAndWhen : sayWhere),
  arrival: (work, intent) => aboutParcels(work, intent, sayWhen),
  cold: aboutCold,
  refund: aboutRefund,
  cancel: aboutCancel,
  stock: (work, intent) => aboutProduct(work, intent),
  price: (work, intent) => aboutProduct(work, intent),
  orders: aboutOrders,
  policy: aboutPolicy,
  person: async ({ tools, speech, turn }) => partOf(speech, await tools.handOff(turn.questionText)),
  change: async ({ turn, speech }) => ({
    sentences: [talk.changeNotPossible(speech), offerHandOff(turn, speech)],
    outcome: "clarifying",
  }),
  greeting: async ({ speech }) => ({ sentences: [talk.greeting(speech)], outcome: "answered" }),
  thanks: async ({ speech }) => ({ sentences: [talk.thanks(speech)], outcome: "answered" }),
  abilities: async ({ speech }) => ({ sentences: [talk.abilities(speech)], outcome: "answered" }),
};

const asks = ({ turn }: Work, intent: Intent): boolean =>
  turn.understanding.intents.some((written) => written.intent === intent);

/** Asks whether to hand over and remembers the question, so that "yes" does it. */
export function offerHandOff(turn: Turn, speech: Speech): string {
  const offer: Offer = { kind: "hand-off", reason: turn.questionText.slice(0, 500), ...madeIn(turn) };
  turn.memory = { ...turn.memory, offer };
  return askOffer(speech, offer, "");
}

/** The order a question is about, with the answer to give when there is none or several. */
async function withOrder(
  work: Work,
  intent: Intent,
  answer: (number: string) => Promise<Part>,
): Promise<Part> {
  const { turn, tools, speech } = work;
  const choice = await chooseOrder(turn, intent, { orders: tools.orders, candidates: work.candidates });
  turn.memory = { ...turn.memory, lastIntent: intent };
  switch (choice.kind) {
    case "none":
      return { sentences: [talk.noOrders(speech)], outcome: "answered" };
    case "not-found":
      return { sentences: [talk.orderNotFound(speech)], outcome: "cannot-confirm" };
    case "ask":
      return askWhich(work, choice);
    case "chosen":
      turn.memory = { ...turn.memory, focusOrderNumber: choice.number };
      return answer(choice.number);
  }
}

async function askWhich(
  { turn, tools, speech }: Work,
  choice: Extract<OrderChoice, { kind: "ask" }>,
): Promise<Part> {
  const orders: FactSheet[] = [];
  for (const number of choice.numbers) {
    const order = await tools.orders.findOrder(number);
    if (order !== null) orders.push(order);
  }
  turn.memory = { ...turn.memory, listedOrderNumbers: [...choice.numbers], isAskingWhich: true };
  return { sentences: [talk.whichOrder(speech, orders)], outcome: "clarifying" };
}

function aboutParcels(
  work: Work,
  intent: Intent,
  say: (speech: Speech, order: FactSheet, parcels: readonly FactSheet[]) => string[],
): Promise<Part> {
  return withOrder(work, intent, async (number) => {
    const order = await work.tools.orders.ownOrder(number);
    if (order === null) return { sentences: [talk.orderNotFound(work.speech)], outcome: "cannot-confirm" };
    const sheet = await work.tools.orders.sheetOf(order);
    const parcels = await work.tools.shipments.trackShipment(order);
    return { sentences: say(work.speech, sheet, parcels), outcome: "answered" };
  });
}

function aboutCold(work: Work, intent: Intent): Promise<Part> {
  const { tools, speech } = work;
  return withOrder(work, intent, async (number) => {
    const order = await tools.orders.ownOrder(number);
    if (order === null) return { sentences: [talk.orderNotFound(speech)], outcome: "cannot-confirm" };
    const sheet = await tools.orders.sheetOf(order);
    const parcels = await tools.shipments.shipmentCondition(order);
    const said = sayCold(speech, sheet, parcels);
    const outcome = await tools.proposeRefund(number);
    const clauses = await quoteClauses(work, "refund");
    if (outcome.kind !== "offered") {
      const refunded = outcome.kind === "nothing-to-refund" ? refundedBefore(speech, outcome.order) : "";
      return { sentences: [...said, newParagraph, ...clauses, refunded], outcome: "answered" };
    }
    return {
      sentences: [...said, newParagraph, ...clauses, newParagraph, ...sayOutcome(speech, outcome)],
      outcome: "answered",
    };
  });
}

function aboutRefund(work: Work, intent: Intent): Promise<Part> {
  const { tools, speech, turn } = work;
  return withOrder(work, intent, async (number) => {
    const order = await tools.orders.ownOrder(number);
    if (order === null) return { sentences: [talk.orderNotFound(speech)], outcome: "cannot-confirm" };
    const outcome = await tools.proposeRefund(number);
    if (outcome.kind === "nothing-to-refund" && order.state === "pending") {
      // Nothing was sent yet: cancelling gives the money back.
      return partOf(speech, await tools.proposeCancel(number, reasonOf(turn)));
    }
    const sheet = await tools.orders.sheetOf(order);
    const clauses = await quoteClauses(work, "refund");
    if (outcome.kind !== "nothing-to-refund") {
      const parcels = await tools.shipments.shipmentCondition(order);
      return {
        sentences: [
          ...sayCold(speech, sheet, parcels),
          newParagraph,
          ...clauses,
          newParagraph,
          ...sayOutcome(speech, outcome),
        ],
        outcome: "clarifying",
      };
    }
    const recorded = outcome.parcels.length === 0 ? [] : sayCold(speech, sheet, outcome.parcels);
    return {
      sentences: [
        ...recorded,
        refundedBefore(speech, sheet),
        talk.refundScope(speech),
        ...clauses,
        offerHandOff(turn, speech),
      ],
      outcome: "clarifying",
    };
  });
}

const reasonOf = (turn: Turn): "no-longer-needed" | "ordered-by-mistake" =>
  turn.understanding.cancelReason ?? "no-longer-needed";

function aboutCancel(work: Work, intent: Intent): Promise<Part> {
  const { tools, speech, turn } = work;
  return withOrder(work, intent, async (number) => {
    const outcome = await tools.proposeCancel(number, reasonOf(turn));
    if (outcome.kind !== "not-cancellable") return partOf(speech, outcome);
    const clauses = await quoteClauses(work, "cancel");
    return {
      sentences: [...sayOutcome(speech, outcome), ...clauses, offerHandOff(turn, speech)],
      outcome: "clarifying",
    };
  });
}

async function quoteClauses({ tools, speech }: Work, topic: PolicyTopic): Promise<string[]> {
  const clauses = await tools.policyClauses(topic);
  return clauses.slice(0, clausesQuotedMax).map((clause) => quoteClause(speech, clause));
}

async function aboutProduct({ turn, tools, speech }: Work, intent: Intent): Promise<Part> {
  const words =
    turn.understanding.productWords === "" ? turn.memory.focusProduct : turn.understanding.productWords;
  turn.memory = { ...turn.memory, lastIntent: intent };
  if (words === null || words === "")
    return { sentences: [talk.whichProduct(speech)], outcome: "clarifying" };
  const variants = intent === "price" ? await tools.priceOfVariant(words) : await tools.stockOfVariant(words);
  if (variants.length === 0) return { sentences: [talk.productNotFound(speech)], outcome: "cannot-confirm" };
  turn.memory = { ...turn.memory, focusProduct: words };
  const sentences = intent === "price" ? sayPrice(speech, variants) : sayStock(speech, variants);
  return { sentences, outcome: "answered" };
}

async function aboutOrders(work: Work, intent: Intent): Promise<Part> {
  const { turn, tools, speech } = work;
  const isOne =
    turn.understanding.references.length > 0 ||
    turn.understanding.refersToNewest ||
    turn.understanding.refersToOther ||
    turn.understanding.ordinal !== null;
  if (!isOne) {
    const orders = await tools.orders.findOrders();
    if (orders.length !== 1) return listOrders(work, orders);
  }
  return withOrder(work, intent, async (number) => {
    const order = await tools.orders.findOrder(number);
    if (order === null) return { sentences: [talk.orderNotFound(speech)], outcome: "cannot-confirm" };
    return { sentences: describeOrder(speech, order), outcome: "answered" };
  });
}

function listOrders({ turn, speech }: Work, orders: readonly FactSheet[]): Part {
  if (orders.length === 0) return { sentences: [talk.noOrders(speech)], outcome: "answered" };
  const shown = orders.slice(0, 6);
  turn.memory = {
    ...turn.memory,
    lastIntent: "orders",
    listedOrderNumbers: shown.map(({ subject }) => subject.label),
  };
  const heading = speech.say({ en: "Your newest orders:", zh: "您最近的订单：" });
  return {
    sentences: [[heading, ...shown.map((order) => listOrder(speech, order))].join("\n")],
    outcome: "answered",
  };
}

async function aboutPolicy(work: Work): Promise<Part> {
  const topic: PolicyTopic = /cancel|取消/i.test(work.turn.questionText) ? "cancel" : "refund";
  const named = await quoteClauses(work, topic);
  const clauses = named.length > 0 ? named : await quoteClauses(work, "any");
  return clauses.length > 0
    ? { sentences: clauses, outcome: "answered" }
    : { sentences: [talk.cannotConfirm(work.speech)], outcome: "cannot-confirm" };
}
