// What a status word, an availability, a superlative or a promise means: which facts make it true, which make its
// denial true. The words themselves stand in lexicon-en.ts and lexicon-zh.ts.
import type { ClaimKind } from "@waremind/contract";

export type Codes = Readonly<Record<string, readonly string[]>>;

export interface PhraseClass {
  readonly kind: ClaimKind;
  readonly reads: string;
  readonly rule: PhraseRule;
}

export type PhraseRule =
  /** True when a fact has one of `means`; its denial when one has `denies`. An instant in the past proves it too. */
  | {
      readonly type: "status";
      readonly means: Codes;
      readonly denies: Codes;
      readonly instants: readonly string[];
    }
  /** Decided by comparing two facts. */
  | { readonly type: "relation"; readonly relation: Relation }
  /** Stands with the other claims of its sentence: "throughout", "always", "slightly". */
  | { readonly type: "companion"; readonly isUniversal: boolean }
  | { readonly type: "promise"; readonly promise: PromiseNeed }
  /** No fact of this vocabulary can show it; only a fact's own text may say it. */
  | { readonly type: "unknown" };

export type Relation = "over-limit" | "within-limit" | "back-in-band" | "expired" | "paid" | "single";

export type PromiseNeed =
  | "refund-done"
  | "refund-waiting"
  | "refund-will"
  | "refund-eligible"
  | "refund-denied"
  | "cancel-will"
  | "hand-off"
  | "review"
  | "arrival"
  | "clause-only";

const orderStates = ["pending", "processed", "shipped", "delivered", "cancelled"];
const shipmentStates = ["ready", "shipping", "delivered", "closed", "cancelled"];
const verdicts = ["no-readings", "in-band", "warming", "out-of-band", "excursion", "spoiled", "silent"];

const codes = (order: readonly string[], shipment: readonly string[]): Codes => ({
  "order-state": order,
  "shipment-state": shipment,
});
const except = (all: readonly string[], some: readonly string[]): readonly string[] =>
  all.filter((code) => !some.includes(code));

function progress(
  reads: string,
  order: readonly string[],
  shipment: readonly string[],
  instants: readonly string[] = [],
): PhraseClass {
  const denies = codes(except(orderStates, order), except(shipmentStates, shipment));
  return { kind: "status", reads, rule: { type: "status", means: codes(order, shipment), denies, instants } };
}

function condition(reads: string, means: readonly string[], denies: readonly string[]): PhraseClass {
  return {
    kind: "status",
    reads,
    rule: {
      type: "status",
      means: { "condition-verdict": means },
      denies: { "condition-verdict": denies },
      instants: [],
    },
  };
}

function stock(reads: string, means: readonly string[], denies: readonly string[]): PhraseClass {
  return {
    kind: "availability",
    reads,
    rule: { type: "status", means: { availability: means }, denies: { availability: denies }, instants: [] },
  };
}

const promise = (reads: string, need: PromiseNeed): PhraseClass => ({
  kind: "promise",
  reads,
  rule: { type: "promise", promise: need },
});
const relation = (kind: ClaimKind, reads: string, of: Relation): PhraseClass => ({
  kind,
  reads,
  rule: { type: "relation", relation: of },
});

const out = ["out-of-band", "excursion", "spoiled"];

export const phraseClasses = {
  "refund-done": promise("refunded", "refund-done"),
  "refund-waiting": promise("refund waiting for approval", "refund-waiting"),
  "refund-will": promise("refund promised", "refund-will"),
  "refund-eligible": promise("refund offered", "refund-eligible"),
  "refund-denied": promise("refund denied", "refund-denied"),
  "cancel-will": promise("cancellation promised", "cancel-will"),
  "hand-off": promise("passed to a person", "hand-off"),
  review: promise("a person decides", "review"),
  arrival: promise("arrival", "arrival"),
  guarantee: promise("guarantee", "clause-only"),
  compensation: promise("compensation", "clause-only"),
  "other-promise": promise("promise", "clause-only"),
  delivered: progress(
    "delivered",
    ["delivered"],
    ["delivered", "closed"],
    ["delivered-at", "order-delivered-at"],
  ),
  shipped: progress("shipped", ["shipped", "delivered"], ["shipping", "delivered", "closed"], ["shipped-at"]),
  "on-the-way": progress("on its way", ["shipped"], ["shipping"]),
  "being-prepared": progress("being prepared", ["pending", "processed"], ["ready"]),
  ready: progress("ready to ship", ["processed"], ["ready"]),
  pending: progress("pending", ["pending"], []),
  processed: progress(
    "processed",
    ["processed", "shipped", "delivered"],
    ["ready", "shipping", "delivered", "closed"],
  ),
  changeable: progress("can be changed", ["pending"], []),
  cancelled: progress("cancelled", ["cancelled"], ["cancelled"], ["order-cancelled-at"]),
  closed: progress("closed", [], ["closed"]),
  "in-band": condition("within its band", ["in-band"], out),
  "in-band-now": condition("within its band now", ["in-band", "warming"], out),
  safe: condition("safe", ["in-band"], ["excursion", "spoiled", "out-of-band"]),
  spoiled: condition("not safe to eat", ["spoiled", "excursion"], ["in-band", "warming"]),
  excursion: condition("outside its band", out, ["in-band", "warming"]),
  warming: condition("warming", ["warming"], ["in-band"]),
  silent: condition("logger silent", ["silent"], except(verdicts, ["silent", "no-readings"])),
  "no-readings": condition("no readings", ["no-readings", "silent"], except(verdicts, ["no-readings"])),
  "over-limit": relation("comparison", "over the limit", "over-limit"),
  "within-limit": relation("comparison", "within the limit", "within-limit"),
  "back-in-band": relation("status", "back within its band", "back-in-band"),
  expired: relation("status", "expired", "expired"),
  paid: relation("status", "paid", "paid"),
  "in-stock": stock("in stock", ["in-stock", "low-stock"], ["out-of-stock"]),
  "low-stock": stock("low stock", ["low-stock"], ["in-stock"]),
  "out-of-stock": stock("out of stock", ["out-of-stock"], ["in-stock", "low-stock"]),
  universal: { kind: "superlative", reads: "always", rule: { type: "companion", isUniversal: true } },
  minimiser: { kind: "comparison", reads: "slightly", rule: { type: "companion", isUniversal: false } },
  only: relation("superlative", "the only one", "single"),
  superlative: { kind: "superlative", reads: "superlative", rule: { type: "unknown" } },
  comparative: { kind: "comparison", reads: "comparison", rule: { type: "unknown" } },
  unexplained: { kind: "status", reads: "something that no fact shows", rule: { type: "unknown" } },
  packing: progress("being packed", ["processed"], ["ready"]),
  "unknown-status": { kind: "status", reads: "status", rule: { type: "unknown" } },
} as const satisfies Record<string, PhraseClass>;
export type PhraseName = keyof typeof phraseClasses;

/** A class's words in one language. Earlier entries win where two overlap. */
export interface PhraseWords {
  readonly phrase: PhraseName;
  readonly sources: readonly string[];
}
