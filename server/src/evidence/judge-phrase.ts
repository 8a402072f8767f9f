import type { Fact } from "@waremind/contract";
import { type Bench, isInScope, type Scope } from "./bench.ts";
import type { PhraseFinding } from "./finding.ts";
import { judgePromise } from "./judge-promise.ts";
import { measureOf } from "./measure.ts";
import {
  type Codes,
  type PhraseClass,
  type PhraseName,
  phraseClasses,
  type Relation,
} from "./phrase-classes.ts";
import type { Stance } from "./stance.ts";
import { refused, supportedBy, supportedIfFresh, type Verdict } from "./verdict.ts";

export interface PhraseContext {
  readonly bench: Bench;
  readonly scope: Scope;
  readonly sentence: string;
  readonly stance: Stance;
  readonly isPolicy: boolean;
  /** "all", "both", "throughout" stand in the sentence: every fact must hold. */
  readonly isUniversal: boolean;
}

export const classOf = (finding: PhraseFinding): PhraseClass => phraseClasses[finding.phrase as PhraseName];

export function judgePhrase(finding: PhraseFinding, context: PhraseContext): Verdict {
  const { rule } = classOf(finding);
  const verdict = ((): Verdict => {
    switch (rule.type) {
      case "status":
        return judgeStatus(rule, context, finding.phrase);
      case "relation":
        return judgeRelation(rule.relation, context);
      case "promise":
        return judgePromise(finding, rule.promise, context);
      case "companion":
        return { facts: [], fault: "no-fact" };
      case "unknown":
        return refused("no-fact", undefined);
    }
  })();
  return verdict.fault === undefined ? verdict : (asTextOfFact(finding, context) ?? verdict);
}

function judgeStatus(
  rule: { readonly means: Codes; readonly denies: Codes; readonly instants: readonly string[] },
  context: PhraseContext,
  phrase: string,
): Verdict {
  const { bench, scope, stance, isUniversal } = context;
  const wanted = stance === "denied" ? rule.denies : rule.means;
  const relevant = ofNamedKind(
    bench.facts.filter(
      (fact) => isInScope(fact, scope) && fact.property in rule.means && fact.value.type === "status",
    ),
    context,
  );
  const matches = relevant.filter(
    (fact) => fact.value.type === "status" && wanted[fact.property]?.includes(fact.value.status) === true,
  );
  const isContradicted =
    (isUniversal && matches.length < relevant.length) || leavesOut(relevant, matches, scope);
  if (matches.length > 0 && !isContradicted) return supportedIfFresh(bench, matches);
  const extra = isContradicted ? [] : otherProof(phrase, rule.instants, context);
  if (extra.length > 0) return supportedIfFresh(bench, extra);
  return refused(relevant.length > 0 ? "differs" : "no-fact", relevant[0]);
}

/** "W-1 and W-2 were delivered": each of the subjects named together must have its own fact. */
function leavesOut(relevant: readonly Fact[], matches: readonly Fact[], scope: Scope): boolean {
  return [...scope].some(([kind, ids]) => {
    if (ids.size < 2) return false;
    const known = new Set(
      relevant.filter(({ subject }) => subject.kind === kind).map(({ subject }) => subject.id),
    );
    const shown = new Set(
      matches.filter(({ subject }) => subject.kind === kind).map(({ subject }) => subject.id),
    );
    return known.size > 1 && [...known].some((id) => !shown.has(id));
  });
}

/** With several orders in an answer, an order's status is its own, never that of a parcel that may be another's. */
function ofNamedKind(relevant: readonly Fact[], { bench, scope }: PhraseContext): readonly Fact[] {
  const isLinked = relevant.every(({ subject }) => subject.kind === "order" || subject.partOf !== undefined);
  const orders = new Set(
    bench.facts.filter(({ subject }) => subject.kind === "order").map(({ subject }) => subject.id),
  );
  if (isLinked || orders.size < 2 || !scope.has("order") || scope.has("shipment")) return relevant;
  const own = relevant.filter(({ subject }) => subject.kind === "order");
  return own.length > 0 ? own : relevant;
}

/** Facts that show a status without naming it: a delivery time, a measured excursion, units on the shelf, a receipt. */
function otherProof(phrase: string, instants: readonly string[], context: PhraseContext): Fact[] {
  const { bench, scope, stance } = context;
  const inScope = bench.facts.filter((fact) => isInScope(fact, scope));
  const isDenied = stance === "denied";
  if (!isDenied) {
    const past = inScope.filter(
      ({ property, value }) =>
        instants.includes(property) && value.type === "instant" && value.at <= bench.now,
    );
    if (past.length > 0) return past;
  }
  const numbers = (properties: readonly string[], holds: (value: number) => boolean): Fact[] =>
    inScope.filter(
      (fact) => properties.includes(fact.property) && holds(measureOf(fact)?.base ?? Number.NaN),
    );
  switch (phrase) {
    case "excursion":
      return isDenied ? [] : numbers(["excursion-duration"], (value) => value > 0);
    case "in-stock":
      return numbers(["units-available", "units-sensed"], (value) => (isDenied ? value === 0 : value > 0));
    case "out-of-stock":
      return numbers(["units-available", "units-sensed"], (value) => (isDenied ? value > 0 : value === 0));
    case "no-readings":
      return isDenied
        ? numbers(["reading-count"], (value) => value > 0)
        : numbers(["reading-count"], (value) => value === 0);
    case "cancelled":
      return isDenied ? [] : receiptsOf(bench, "cancel");
    default:
      return [];
  }
}

function receiptsOf(bench: Bench, name: string): Fact[] {
  const ran = bench.actionsDone.filter((action) => action.name.includes(name) && action.state === "executed");
  return bench.facts.filter((fact) => ran.some(({ receiptFactId }) => receiptFactId === fact.id));
}

interface Known {
  readonly fact: Fact;
  readonly base: number;
}

function knownValue(property: string, { bench, scope }: PhraseContext): Known | undefined {
  const fact = bench.facts.find(
    (candidate) => candidate.property === property && isInScope(candidate, scope),
  );
  const base = fact === undefined ? undefined : measureOf(fact)?.base;
  return fact === undefined || base === undefined ? undefined : { fact, base };
}

/** A relation is true or not by its facts; a denial turns the answer round. */
function judgeRelation(relation: Relation, context: PhraseContext): Verdict {
  const found = relationOf(relation, context);
  if (found === undefined) return refused("no-fact", undefined);
  return found.isTrue !== (context.stance === "denied")
    ? supportedIfFresh(context.bench, found.facts)
    : refused("differs", found.facts[0]);
}

interface RelationAnswer {
  readonly isTrue: boolean;
  readonly facts: readonly Fact[];
}

function relationOf(relation: Relation, context: PhraseContext): RelationAnswer | undefined {
  switch (relation) {
    case "over-limit":
    case "within-limit":
      return limitRelation(relation === "over-limit", context);
    case "back-in-band":
      return backInBand(context);
    case "expired": {
      const { bench, scope } = context;
      const date = bench.moments.find(
        ({ property, fact }) => property === "expires-on" && isInScope(fact, scope),
      );
      return date === undefined ? undefined : { isTrue: date.at + dayMs <= bench.now, facts: [date.fact] };
    }
    case "paid": {
      const paid = knownValue("paid-total", context);
      const means = context.bench.facts.filter(({ property }) => property === "paid-with");
      if (paid === undefined) return means.length > 0 ? { isTrue: true, facts: means } : undefined;
      return { isTrue: paid.base > 0, facts: [paid.fact] };
    }
    case "single": {
      const counts = ["order-count", "shipment-count", "order-line-count"].map((property) =>
        knownValue(property, context),
      );
      const ones = counts.flatMap((value) => (value?.base === 1 ? [value.fact] : []));
      return ones.length > 0 ? { isTrue: true, facts: ones } : undefined;
    }
  }
}

const dayMs = 86_400_000;

function limitRelation(isOver: boolean, context: PhraseContext): RelationAnswer | undefined {
  const pair = limitPair(context);
  if (pair !== undefined)
    return {
      isTrue: pair.actual.base > pair.limit.base === isOver,
      facts: [pair.actual.fact, pair.limit.fact],
    };
  const means = isOver ? ["out-of-band", "excursion", "spoiled"] : ["in-band", "warming"];
  const verdict = context.bench.facts.find(
    (fact) => fact.property === "condition-verdict" && isInScope(fact, context.scope),
  );
  return verdict?.value.type === "status"
    ? { isTrue: means.includes(verdict.value.status), facts: [verdict] }
    : undefined;
}

function backInBand(context: PhraseContext): RelationAnswer | undefined {
  const latest = knownValue("temperature-latest", context);
  const high = knownValue("band-max", context);
  const low = knownValue("band-min", context);
  if (latest === undefined || high === undefined) return undefined;
  const isInside = latest.base <= high.base && latest.base >= (low?.base ?? Number.NEGATIVE_INFINITY);
  return { isTrue: isInside, facts: [latest.fact, high.fact] };
}

interface LimitPair {
  readonly actual: Known;
  readonly limit: Known;
}

/** Which limit "the limit" is: money, time or temperature, by the words around it. */
function limitPair(context: PhraseContext): LimitPair | undefined {
  const { sentence } = context;
  const pair = (actualProperty: string, limitProperty: string): LimitPair | undefined => {
    const actual = knownValue(actualProperty, context);
    const limit = knownValue(limitProperty, context);
    return actual === undefined || limit === undefined ? undefined : { actual, limit };
  };
  const speaksOfMoney = /refund|amount|approv|退款|金额|审批|额度/i.test(sentence);
  const speaksOfHeat = /temperature|°|degrees|温度|超温/i.test(sentence);
  if (speaksOfMoney && !speaksOfHeat) return pair("refund-amount", "refund-limit");
  const byHeat = pair("temperature-max", "band-max") ?? pair("excursion-peak", "band-max");
  const speaksOfTime = /minute|hour|time|duration|long|\bmin\b|分钟|小时|时长|时间|时限/i.test(sentence);
  return speaksOfTime ? (pair("excursion-duration", "excursion-limit") ?? byHeat) : byHeat;
}

/** A fact's own text may be said; a clause's words only where the sentence tells the policy, not "your" parcel. */
function asTextOfFact(finding: PhraseFinding, context: PhraseContext): Verdict | undefined {
  const { bench, sentence, isPolicy } = context;
  const said = sentence.slice(finding.start, finding.end).toLowerCase().trim();
  const isSpecific =
    /\b(?:your|yours|this (?:parcel|order|shipment))\b|您的|你的|这个包裹|本次|此次|这单/i.test(sentence);
  if (isPolicy && !isSpecific) {
    const clauses = bench.clauses.filter(
      ({ phrases, plain }) =>
        phrases.has(finding.phrase) && (classOf(finding).rule.type !== "unknown" || plain.includes(said)),
    );
    if (clauses.length > 0) return supportedBy(clauses.map(({ fact }) => fact));
  }
  if (classOf(finding).rule.type !== "unknown") return undefined;
  const texts = bench.factTexts.filter(({ plain }) => said.length > 2 && plain.includes(said));
  return texts.length > 0 ? supportedBy(texts.map(({ fact }) => fact)) : undefined;
}
