import { type Bench, carryOn, type Scope, scopeOf } from "./bench.ts";
import { readingAt } from "./bind-readings.ts";
import type { CueTopic } from "./cue-source.ts";
import { type Cue, cueForEach, readCues } from "./cues.ts";
import type {
  DateFinding,
  Finding,
  IdentifierFinding,
  PhraseFinding,
  QuantityFinding,
  Span,
  TimeFinding,
} from "./finding.ts";
import { judgeIdentifier } from "./judge-identifier.ts";
import { groupMoments, judgeMoments } from "./judge-moment.ts";
import { classOf, judgePhrase } from "./judge-phrase.ts";
import { judgeQuantity } from "./judge-quantity.ts";
import type { SentenceReading } from "./read-sentence.ts";
import { stanceOf } from "./stance.ts";
import type { Dimension } from "./units.ts";
import { supportedBy, type Verdict } from "./verdict.ts";

export interface JudgedFinding {
  readonly finding: Finding;
  readonly verdict: Verdict;
}

/** Weighs every finding of a sentence; phrases that the sentence leaves open are no claims and are dropped. */
export function judgeSentence(reading: SentenceReading, bench: Bench, carried: Scope): JudgedFinding[] {
  const scopeAt = (at: number): Scope => carryOn(carried, scopeOf(subjectsAt(reading, at)));
  const quantities = judgeQuantities(reading, bench, scopeAt);
  const judged: JudgedFinding[] = [
    ...quantities,
    ...judgeAllMoments(reading, bench, scopeAt, quantities),
    ...judgeIdentifiers(reading, bench),
    ...reading.findings.flatMap((finding): JudgedFinding[] => {
      if (finding.type === "mention") return [{ finding, verdict: supportedBy(finding.facts) }];
      return finding.type === "unreadable" ? [{ finding, verdict: { facts: [], fault: "not-allowed" } }] : [];
    }),
  ];
  const phrases = judgePhrases(reading, bench, scopeAt);
  return [...judged, ...withCompanions(phrases, judged, reading, bench)];
}

const nearnessJoin = /^[\s,、和与及&]*(?:and|or)?[\s#"']*(?:order|订单|包裹|parcel)?[\s#]*$/i;

/** The subjects named last before `at`, with those they are listed with; else those named first after it. */
function subjectsAt(reading: SentenceReading, at: number) {
  const before = reading.subjects.filter(({ start }) => start <= at);
  if (before.length === 0) {
    const first = reading.subjects[0];
    const isNear = first !== undefined && !/[,;。]/.test(reading.plain.slice(at, first.start));
    return isNear ? first.subjects : [];
  }
  const kinds = new Map<string, readonly (typeof before)[number]["subjects"][number][]>();
  let following = at;
  let isListed = true;
  for (const mention of before.toReversed()) {
    isListed =
      isListed && (following === at || nearnessJoin.test(reading.plain.slice(mention.end, following)));
    for (const subject of mention.subjects) {
      const known = kinds.get(subject.kind);
      if (known === undefined || isListed) kinds.set(subject.kind, [...(known ?? []), subject]);
    }
    following = mention.start;
  }
  return [...kinds.values()].flat();
}

const ofType = <Type extends Finding["type"]>(reading: SentenceReading, type: Type) =>
  reading.findings.filter((finding): finding is Extract<Finding, { type: Type }> => finding.type === type);

function topicOf(dimension: Dimension): CueTopic | undefined {
  if (
    dimension === "temperature" ||
    dimension === "duration" ||
    dimension === "money" ||
    dimension === "count"
  )
    return dimension;
  return undefined;
}

function judgeQuantities(
  reading: SentenceReading,
  bench: Bench,
  scopeAt: (at: number) => Scope,
): JudgedFinding[] {
  const quantities = ofType(reading, "quantity").sort((left, right) => left.start - right.start);
  const cues = new Map<Span, readonly string[]>();
  for (const topic of ["temperature", "duration", "money", "count"] as const) {
    const values = quantities.filter(
      (finding) => finding.fromNow === undefined && topicOf(finding.unit.dimension) === topic,
    );
    // Both bounds of a range share the words around them.
    const heads = values.filter((finding, index) => !isSecondBound(finding, values[index - 1]));
    const chosen = cueForEach({
      sentence: reading.plain,
      cues: readCues(reading.plain, topic),
      values: heads.map((head) => rangeSpan(head, values)),
    });
    heads.forEach((head, index) => {
      const cue = [...chosen].find(([span]) => span.start === head.start)?.[1];
      if (cue === undefined) return;
      cues.set(head, cue);
      const next = values[values.indexOf(head) + 1];
      if (next !== undefined && isSecondBound(next, head) && index < heads.length) cues.set(next, cue);
    });
  }
  judgeAgesCue(reading, quantities, cues);
  const bareCues = quantities.some(({ unit }) => unit.dimension === "bare") ? strongCues(reading) : [];
  return quantities.map((finding) => ({
    finding,
    verdict: judgeQuantity(finding, {
      bench,
      scope: scopeAt(finding.start),
      sentence: reading.plain,
      cue: cues.get(finding) ?? bareCue(finding, bareCues),
      isPolicy: reading.isPolicy,
    }),
  }));
}

const isSecondBound = (finding: QuantityFinding, previous: QuantityFinding | undefined): boolean =>
  finding.range !== undefined &&
  previous?.range !== undefined &&
  finding.range.low === previous.range.low &&
  finding.range.high === previous.range.high;

function rangeSpan(head: QuantityFinding, values: readonly QuantityFinding[]): Span {
  const next = values[values.indexOf(head) + 1];
  return { start: head.start, end: next !== undefined && isSecondBound(next, head) ? next.end : head.end };
}

/** Ages are measured to a moment, so the words that name moments decide. */
function judgeAgesCue(
  reading: SentenceReading,
  quantities: readonly QuantityFinding[],
  cues: Map<Span, readonly string[]>,
): void {
  const ages = quantities.filter(({ fromNow }) => fromNow !== undefined);
  if (ages.length === 0) return;
  for (const [age, properties] of cueForEach({
    sentence: reading.plain,
    cues: readCues(reading.plain, "instant"),
    values: ages,
  })) {
    cues.set(age, properties);
  }
}

/** The words of any topic, read once for all numbers without a unit. */
const strongCues = (reading: SentenceReading): readonly Cue[] =>
  (["temperature", "duration", "money", "count"] as const).flatMap((topic) =>
    readCues(reading.plain, topic).filter((cue) => !cue.isWeak),
  );

/** A number without a unit takes the words of any topic; the nearest before it counts. */
function bareCue(finding: QuantityFinding, cues: readonly Cue[]): readonly string[] | undefined {
  if (finding.unit.dimension !== "bare") return undefined;
  const before = cues.filter((cue) => cue.end <= finding.start);
  const last = Math.max(0, ...before.map(({ end }) => end));
  const nearest = before.filter(({ end }) => end === last);
  return nearest.length === 0 ? undefined : nearest.flatMap(({ properties }) => properties);
}

function judgeAllMoments(
  reading: SentenceReading,
  bench: Bench,
  scopeAt: (at: number) => Scope,
  quantities: readonly JudgedFinding[],
): JudgedFinding[] {
  const moments: (DateFinding | TimeFinding)[] = [...ofType(reading, "date"), ...ofType(reading, "time")];
  const groups = groupMoments(reading.plain, moments);
  const cues = cueForEach({
    sentence: reading.plain,
    cues: readCues(reading.plain, "instant"),
    values: groups,
    isByDistance: true,
  });
  return groups.flatMap((group) => {
    if (isDisclaimed(reading.plain, group)) return [];
    const verdict = judgeMoments(group, {
      bench,
      scope: scopeAt(group.start),
      cue: cues.get(group),
      reading: readingAt(group, quantities, reading.plain),
    });
    return group.findings.map((finding) => ({ finding, verdict }));
  });
}

const inability =
  /\b(?:can(?:'t|not| not)|unable to|not able to|won't) (?:promise|guarantee|confirm|say|tell)\b[^,;.]*$|(?:无法|不能|没法|不敢)(?:保证|确认|承诺|判断|确定)[^,;。]*$/i;

/** "I can't promise tomorrow" says nothing of tomorrow. */
const isDisclaimed = (sentence: string, { start }: Span): boolean => inability.test(sentence.slice(0, start));

function judgeIdentifiers(reading: SentenceReading, bench: Bench): JudgedFinding[] {
  const identifiers: IdentifierFinding[] = ofType(reading, "identifier").sort(
    (left, right) => left.start - right.start,
  );
  const cues = cueForEach({
    sentence: reading.plain,
    cues: readCues(reading.plain, "identifier").filter((cue) => isBefore(cue, identifiers, reading.plain)),
    values: identifiers,
  });
  return identifiers.map((finding) => ({
    finding,
    verdict: judgeIdentifier(finding, { bench, cue: cues.get(finding) }),
  }));
}

const labelDistanceMax = 6;

/** Only a label directly before an identifier names its kind: "order W-1001", 订单号 W-1001. */
const isBefore = (cue: Span, identifiers: readonly IdentifierFinding[], sentence: string): boolean =>
  identifiers.some(
    ({ start }) =>
      start >= cue.end &&
      start - cue.end <= labelDistanceMax &&
      /^[\s:#("'是为号)]*(?:is|no\.?)?[\s:#("']*$/i.test(sentence.slice(cue.end, start)),
  );

function judgePhrases(
  reading: SentenceReading,
  bench: Bench,
  scopeAt: (at: number) => Scope,
): JudgedFinding[] {
  const phrases = ofType(reading, "phrase");
  const isUniversal = phrases.some(({ phrase }) => phrase === "universal");
  return phrases.flatMap((finding): JudgedFinding[] => {
    const around = stanceOf(reading.plain, finding.start, finding.end);
    if (around === "open") return [];
    const stance = isDeniedInside(finding, reading.plain) ? "denied" : around;
    const context = {
      bench,
      scope: scopeAt(finding.start),
      sentence: reading.plain,
      stance,
      isPolicy: reading.isPolicy,
      isUniversal,
    };
    return [{ finding, verdict: judgePhrase(finding, context) }];
  });
}

const acts =
  /^(?:refund-(?:done|will|waiting|eligible)|cancel-will|arrival|hand-off|review|delivered|shipped|processed|cancelled|paid)$/;

/** "the refund has not been paid": the denial stands inside the words themselves. */
const isDeniedInside = ({ phrase, start, end }: PhraseFinding, sentence: string): boolean =>
  acts.test(phrase) && /\b(?:not|never)\b|n't\b|未|没|尚/i.test(sentence.slice(start, end));

/** "throughout", "always", "slightly" stand with a claim of their sentence that stands. */
function withCompanions(
  phrases: readonly JudgedFinding[],
  others: readonly JudgedFinding[],
  reading: SentenceReading,
  bench: Bench,
): JudgedFinding[] {
  const firm = [...phrases, ...others].filter(
    ({ finding, verdict }) => verdict.fault === undefined && isLeading(finding),
  );
  const measured = others.filter(
    ({ finding, verdict }) => verdict.fault === undefined && finding.type === "quantity",
  );
  const hasGap = bench.facts.some(
    ({ property, value }) => property === "gap-duration" && value.type === "number" && value.number > 0,
  );
  return phrases.map(({ finding, verdict }) => {
    if (finding.type !== "phrase") return { finding, verdict };
    const { rule } = classOf(finding);
    if (rule.type !== "companion") return { finding, verdict };
    const leaders = rule.isUniversal ? firm : measured;
    const speaksOfCondition = leaders.some(
      ({ finding: leader }) =>
        leader.type === "quantity" || (leader.type === "phrase" && /band|safe|limit/.test(leader.phrase)),
    );
    const isOverclaim = rule.isUniversal && hasGap && speaksOfCondition && !reading.isPolicy;
    return leaders.length > 0 && !isOverclaim
      ? { finding, verdict: supportedBy(leaders.flatMap((leader) => leader.verdict.facts)) }
      : { finding, verdict };
  });
}

/** Claims that a universal word may rest on: a status, a comparison, a range; never a single measured value. */
function isLeading(finding: Finding): boolean {
  if (finding.type === "quantity") return finding.operator !== undefined || finding.range !== undefined;
  return (
    finding.type === "phrase" &&
    classOf(finding).rule.type !== "companion" &&
    classOf(finding).rule.type !== "unknown"
  );
}
