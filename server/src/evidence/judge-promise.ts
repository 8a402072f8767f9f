import type { ClaimFault, Fact } from "@waremind/contract";
import type { Bench, Clause } from "./bench.ts";
import type { PhraseFinding } from "./finding.ts";
import type { PromiseNeed } from "./phrase-classes.ts";
import type { Stance } from "./stance.ts";
import { refused, supportedBy, type Verdict } from "./verdict.ts";

export interface PromiseContext {
  readonly bench: Bench;
  readonly sentence: string;
  readonly stance: Stance;
  /** The sentence speaks of the policy by name. */
  readonly isPolicy: boolean;
}

const conditionWords =
  /\b(?:once|after|if|when|as soon as|provided|subject to|upon|should (?:it|the)|waiting|approval|approves?|approved)\b|审批|审核|批准|同意|通过后|如果|若|一旦|确认后/i;
const refundTopic = /refund|money back|reimburs|退/i;
const approvalTopic = /approv|review|colleague|person|decid|审批|审核|批准|同意|人工/i;
const words = /[a-z]{4,}|[\u4e00-\u9fff]{2}/gi;

/** Rule 4: a promise is the text of an action that ran or waits, or of a clause. */
export function judgePromise(finding: PhraseFinding, need: PromiseNeed, context: PromiseContext): Verdict {
  const facts = shownBy(finding, need, context);
  if (facts !== undefined) return supportedBy(facts);
  const fault: ClaimFault =
    need === "clause-only" ? "not-allowed" : need === "arrival" ? "no-fact" : "promise-without-receipt";
  return refused(fault, nearestFor(need, context.bench));
}

/** The facts that carry the promise (possibly none, for an action without a fact of its own), or undefined. */
function shownBy(finding: PhraseFinding, need: PromiseNeed, context: PromiseContext): Fact[] | undefined {
  const { bench, sentence, stance } = context;
  if (stance === "denied") return shownDenial(need, bench);
  const hasCondition = conditionWords.test(sentence);
  switch (need) {
    case "refund-done":
      return executed(bench, "refund", "executed") ?? asRule(finding, context);
    case "refund-waiting":
      return waiting(bench) ?? clauseFor(context, approvalTopic);
    case "refund-will":
      return (
        executed(bench, "refund", "executed") ??
        (hasCondition ? (waiting(bench) ?? refundStates(bench, ["proposed"])) : undefined) ??
        clauseFor(context, refundTopic)
      );
    case "refund-eligible":
      return (
        refundStates(bench, ["proposed", "waiting-for-approval", "executed"]) ??
        actions(bench, "refund") ??
        propertyFacts(bench, "refund-amount") ??
        clauseWithTopic(bench, refundTopic)
      );
    case "refund-denied":
      return refundStates(bench, ["denied"]) ?? clauseFor(context, /not|no |不/i);
    case "cancel-will":
      return executed(bench, "cancel", "executed");
    case "hand-off":
      return actions(bench, "hand-off") ?? (approvalTopic.test(sentence) ? waiting(bench) : undefined);
    case "review":
      return waiting(bench) ?? actions(bench, "hand-off") ?? clauseFor(context, approvalTopic);
    case "arrival":
      return propertyFacts(bench, "expected-at") ?? clauseFor(context, /deliver|arriv|送达|到货/i);
    case "clause-only":
      return clauseSaying(finding, context);
  }
}

/** "chilled items that were out of range are refunded": a rule of the policy, said of no parcel in particular. */
function asRule(finding: PhraseFinding, context: PromiseContext): Fact[] | undefined {
  const said = context.sentence.slice(finding.start, finding.end);
  const isPresent = /^(?:is|are|be|gets?)\b/i.test(said) || /^(?:予以|全额)/.test(said);
  const isSpecific = /\b(?:your|yours)\b|您的/i.test(context.sentence);
  return isPresent && !isSpecific ? clauseFor(context, refundTopic) : undefined;
}

/** "has not been refunded yet", "does not need approval". */
function shownDenial(need: PromiseNeed, bench: Bench): Fact[] | undefined {
  if (need === "clause-only" || need === "hand-off" || need === "review") return [];
  if (need === "refund-done" || need === "refund-will") {
    return executed(bench, "refund", "executed") === undefined
      ? (refundStates(bench, ["proposed", "waiting-for-approval", "denied"]) ??
          waiting(bench) ??
          zeroRefunded(bench))
      : undefined;
  }
  if (need === "refund-waiting") return executed(bench, "refund", "executed");
  if (need === "refund-eligible") return refundStates(bench, ["denied"]);
  return undefined;
}

function executed(bench: Bench, name: string, state: string): Fact[] | undefined {
  const ran = bench.actionsDone.filter((action) => action.name.includes(name) && action.state === "executed");
  const receipts = bench.facts.filter((fact) => ran.some(({ receiptFactId }) => receiptFactId === fact.id));
  if (receipts.length > 0) return receipts;
  return name === "refund" ? refundStates(bench, [state]) : undefined;
}

function waiting(bench: Bench): Fact[] | undefined {
  const facts = refundStates(bench, ["waiting-for-approval"]);
  if (facts !== undefined) return facts;
  const isWaiting = bench.actionsDone.some(({ state }) => state === "waiting-for-approval");
  return isWaiting ? approvalFacts(bench) : undefined;
}

function actions(bench: Bench, name: string): Fact[] | undefined {
  const done = bench.actionsDone.filter((action) => action.name.includes(name));
  if (done.length === 0) return undefined;
  return bench.facts.filter((fact) => done.some(({ receiptFactId }) => receiptFactId === fact.id));
}

const approvalFacts = (bench: Bench): Fact[] =>
  bench.facts.filter(({ property }) => property === "approval-number" || property === "approval-expires-at");

function refundStates(bench: Bench, states: readonly string[]): Fact[] | undefined {
  return orUndefined(
    bench.facts.filter(
      ({ property, value }) =>
        property === "refund-state" && value.type === "status" && states.includes(value.status),
    ),
  );
}

const propertyFacts = (bench: Bench, property: string): Fact[] | undefined =>
  orUndefined(bench.facts.filter((fact) => fact.property === property));

const zeroRefunded = (bench: Bench): Fact[] | undefined =>
  orUndefined(
    bench.facts.filter(
      ({ property, value }) =>
        property === "refunded-total" && value.type === "money" && value.amountMinor === 0,
    ),
  );

const orUndefined = (facts: Fact[]): Fact[] | undefined => (facts.length > 0 ? facts : undefined);

const clauseWithTopic = (bench: Bench, topic: RegExp): Fact[] | undefined =>
  orUndefined(bench.clauses.filter(({ plain }) => topic.test(plain)).map(({ fact }) => fact));

/** A clause may be told in other words, if the sentence says that it is the policy and keeps close to it. */
function clauseFor({ bench, sentence, isPolicy }: PromiseContext, topic: RegExp): Fact[] | undefined {
  if (!isPolicy) return undefined;
  return orUndefined(
    bench.clauses
      .filter((clause) => topic.test(clause.plain) && isClose(sentence, clause))
      .map(({ fact }) => fact),
  );
}

const closenessMin = 0.4;
const framing = new Set(
  "policy policies terms clause rules under according says states that this your this have with when will been were which would also".split(
    " ",
  ),
);

/** How much of the sentence's content stands in the clause. */
function isClose(sentence: string, clause: Clause): boolean {
  const content = contentOf(sentence);
  const known = content.filter((word) => clause.plain.includes(word)).length;
  return content.length > 0 && known / content.length >= closenessMin;
}

function contentOf(sentence: string): string[] {
  const lower = sentence.toLowerCase();
  const pairs = [...lower.matchAll(/(?=([\u4e00-\u9fff]{2}))/g)].map((match) => match[1] ?? "");
  const english = (lower.match(words) ?? [])
    .filter((word) => /^[a-z]/.test(word) && !framing.has(word))
    .map((word) => word.replace(/(?:ing|ed|es|s)$/, ""));
  return [...english, ...pairs];
}

/** Guarantees, compensation and other promises must stand in the clause in their own word. */
function clauseSaying(
  finding: PhraseFinding,
  { bench, sentence, isPolicy }: PromiseContext,
): Fact[] | undefined {
  if (!isPolicy) return undefined;
  const said = contentOf(sentence.slice(finding.start, finding.end)).filter((word) => word.length > 1);
  const last = said.at(-1);
  if (last === undefined) return undefined;
  return orUndefined(
    bench.clauses
      .filter((clause) => clause.plain.includes(last) && isClose(sentence, clause))
      .map(({ fact }) => fact),
  );
}

function nearestFor(need: PromiseNeed, bench: Bench): Fact | undefined {
  const wanted =
    need === "arrival"
      ? ["expected-at"]
      : need === "cancel-will"
        ? ["order-state"]
        : ["refund-state", "receipt-number", "approval-number", "clause-text"];
  return wanted.flatMap((property) => bench.facts.filter((fact) => fact.property === property))[0];
}
