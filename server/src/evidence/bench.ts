// Everything one check weighs claims against, prepared once: facts by property, instants, clauses, the customer's words.
import type { Fact, Subject } from "@waremind/contract";
import type { CheckInput } from "./evidence.ts";
import { Coverage, type QuantityFinding } from "./finding.ts";
import { type LocalTime, localTimeIn } from "./local-time.ts";
import { plainOf } from "./plain-text.ts";
import { identifierKey } from "./read-identifiers.ts";
import { phrasesIn } from "./read-phrases.ts";
import { readQuantities } from "./read-quantities.ts";

export interface Clause {
  readonly fact: Fact;
  readonly plain: string;
  readonly quantities: readonly QuantityFinding[];
  readonly phrases: ReadonlySet<string>;
}

/** A moment that a text may name: the value of an instant fact, or when a reading was taken. */
export interface Moment {
  readonly fact: Fact;
  /** The fact's property, or `reading-at`, `peak-at`, `sensed-at`, `observed-at` for when it was seen. */
  readonly property: string;
  readonly at: number;
  /** Set for a fact that is a date without a time. */
  readonly date?: string;
}

export interface Bench {
  readonly facts: readonly Fact[];
  readonly moments: readonly Moment[];
  readonly clauses: readonly Clause[];
  /** Texts of facts other than clauses, plain and lower case. */
  readonly factTexts: readonly { readonly fact: Fact; readonly plain: string }[];
  /** All words of facts, labels and the customer, lower case: names that may be said. */
  readonly knownWords: string;
  readonly actionsDone: CheckInput["actionsDone"];
  readonly now: number;
  local(at: number): LocalTime;
  readonly customer: CustomerWords;
  isFresh(fact: Fact): boolean;
}

export interface CustomerWords {
  /** Plain, lower case, without spaces. */
  readonly compact: string;
  readonly keys: string;
  readonly quantities: readonly QuantityFinding[];
  readonly phrases: ReadonlySet<string>;
}

const customerTextLengthMax = 8_000;
const knownTextLengthMax = 20_000;
const clauseTextLengthMax = 4_000;

export function prepareBench(input: CheckInput): Bench {
  return {
    facts: input.facts,
    moments: input.facts.flatMap(momentsOf),
    clauses: input.facts.flatMap(clauseOf),
    factTexts: input.facts.flatMap((fact) =>
      fact.value.type === "text" && fact.property !== "clause-text"
        ? [{ fact, plain: plainOf(`${fact.value.text.en}\n${fact.value.text.zh}`).toLowerCase() }]
        : [],
    ),
    knownWords: knownWordsOf(input),
    actionsDone: input.actionsDone,
    now: input.now,
    local: localTimeIn(input.timeZone),
    customer: customerWordsOf(input.customerWords),
    isFresh: (fact) =>
      fact.freshForSeconds === null || input.now - fact.observedAt <= fact.freshForSeconds * 1000,
  };
}

function knownWordsOf({ facts, customerWords }: CheckInput): string {
  const texts = facts.flatMap(({ value, subject }) => [
    subject.label,
    ...(value.type === "text" ? [value.text.en, value.text.zh] : []),
    ...(value.type === "identifier" ? [value.text] : []),
  ]);
  return plainOf([...new Set(texts), ...customerWords].join("\n").slice(0, knownTextLengthMax)).toLowerCase();
}

function customerWordsOf(words: readonly string[]): CustomerWords {
  const plain = plainOf(words.join("\n").slice(0, customerTextLengthMax));
  return {
    compact: plain.toLowerCase().replaceAll(/\s/g, ""),
    keys: identifierKey(plain),
    quantities: readQuantities(plain, new Coverage(plain.length)),
    phrases: phrasesIn(plain),
  };
}

function clauseOf(fact: Fact): Clause[] {
  if (fact.property !== "clause-text" || fact.value.type !== "text") return [];
  const plain = plainOf(`${fact.value.text.en}\n${fact.value.text.zh}`.slice(0, clauseTextLengthMax));
  const quantities = readQuantities(plain, new Coverage(plain.length));
  return [{ fact, plain: plain.toLowerCase(), quantities, phrases: phrasesIn(plain) }];
}

function momentsOf(fact: Fact): Moment[] {
  const { value, property } = fact;
  const own: Moment[] = [];
  if (value.type === "instant") own.push({ fact, property, at: value.at });
  if (value.type === "date")
    own.push({ fact, property, at: Date.parse(`${value.date}T00:00:00Z`), date: value.date });
  const seen = seenAs(fact);
  own.push(...seen.map((name) => ({ fact, property: name, at: fact.observedAt })));
  if (fact.source.kind === "series") {
    const { markedAt, to } = fact.source;
    own.push(
      ...[...markedAt, to].flatMap((at) =>
        seen.filter((name) => name !== "observed-at").map((name) => ({ fact, property: name, at })),
      ),
    );
  }
  return own;
}

/** When a fact was seen is worth saying for a reading, and for whatever grows old. */
function seenAs({ property, freshForSeconds }: Fact): readonly string[] {
  if (property === "temperature-max" || property === "excursion-peak") return ["peak-at", "reading-at"];
  if (property.startsWith("temperature-") || property === "condition-verdict") return ["reading-at"];
  if (property === "units-sensed" || property === "units-available" || property === "availability")
    return ["sensed-at"];
  return freshForSeconds === null ? [] : ["observed-at"];
}

/** The subjects that a passage speaks of, by kind; facts of another subject of the same kind do not count. */
export type Scope = ReadonlyMap<string, ReadonlySet<string>>;

export function isInScope({ subject }: Fact, scope: Scope): boolean {
  const ids = scope.get(subject.kind);
  if (ids !== undefined && !ids.has(subject.id)) return false;
  const parents = subject.partOf === undefined ? undefined : scope.get(subject.partOf.kind);
  return parents === undefined || subject.partOf === undefined || parents.has(subject.partOf.id);
}

const unscopedKinds = new Set([
  "shop",
  "customer",
  "policy-clause",
  "receipt",
  "approval",
  "refund",
  "alarm",
  "device",
]);

/** Subjects below a kind: naming another order ends the talk of the last order's parcels. */
const kindsBelow: Readonly<Record<string, readonly string[]>> = {
  order: ["order-line", "shipment", "custody-leg", "lot"],
  shipment: ["custody-leg"],
  product: ["variant"],
};

export function scopeOf(subjects: readonly Subject[]): Scope {
  const scope = new Map<string, Set<string>>();
  const add = (kind: string, id: string): void => {
    if (unscopedKinds.has(kind)) return;
    const ids = scope.get(kind) ?? new Set<string>();
    ids.add(id);
    scope.set(kind, ids);
  };
  for (const subject of subjects) {
    add(subject.kind, subject.id);
    if (subject.partOf !== undefined) add(subject.partOf.kind, subject.partOf.id);
  }
  return scope;
}

/** What was spoken of before stays the topic, except where `newer` names another of its kind or of a kind above it. */
export function carryOn(carried: Scope, newer: Scope): Scope {
  const ended = new Set([...newer.keys()].flatMap((kind) => [kind, ...(kindsBelow[kind] ?? [])]));
  return new Map([...[...carried].filter(([kind]) => !ended.has(kind)), ...newer]);
}
