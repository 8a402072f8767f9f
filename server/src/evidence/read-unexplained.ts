// The last reader: what is said to have happened, or to be so, in words that no other reader has explained. The check
// cannot know whether it is true, so it is a claim that no fact shows.
import {
  accountedGroupsEn,
  accountedPast,
  accountedPredicates,
  accountedProgressive,
  commonCapitals,
  irregularPast,
  notPast,
  tradeSubjectsEn,
} from "./accounted-en.ts";
import {
  accountedAfterDone,
  accountedBeforeLe,
  accountedProgressiveZh,
  accountedSoonZh,
  adviceZh,
  placesZh,
} from "./accounted-zh.ts";
import { readCues } from "./cues.ts";
import { Coverage, type PhraseFinding, type Span } from "./finding.ts";
import { coverHarmlessPhrases } from "./harmless.ts";

const pastPattern = new RegExp(`(?<![a-z'-])(?:[a-z]{2,}(?:-[a-z]+)?ed|${irregularPast})(?![a-z-])`, "gi");
const progressivePattern =
  /(?<![a-z])(?:is|are|am|was|were|been|be|'s|'re|'m|keeps?)(?: (?:[a-z]+ly|still|now|also|already|just|not|always))* ([a-z]{2,}ing)(?![a-z])/gi;
const adverbs = "(?: (?:[a-z]+ly|not|very|quite|still|also|now|just|already|all|so|too|even|indeed|well))*";
const predicatePattern = new RegExp(
  `(?<![a-z])(?:${tradeSubjectsEn})(?:'s| is| are| was| were| looks?| seems?| feels?| tastes?| smells?| appears?| became| stays?)${adverbs} ([a-z][a-z-]*)(?![a-z'])`,
  "gi",
);
const tastePattern =
  /(?<![a-z])(?:it|they|salmon|fish|fillets?|product|food)(?:'ll| will| should)? (?:tastes?|smells?|contains?|includes?) ([a-z]+)/gi;
const locationPattern = new RegExp(
  `(?<![a-z])(?:${tradeSubjectsEn})(?:'s| is| are| was| were)${adverbs} (?:at|with|in|on|near|by|behind|beside|inside|outside|next to|just around) (?:a|an|the|your|our|his|my)? ?([a-z]+)`,
  "gi",
);
const namePattern = /(?<=[a-z,]\s)[A-Z][a-z]{2,}(?:\s[A-Z][a-z]{2,})*/g;
const vagueTimePattern =
  /(?<![a-z])(?:in no time|(?<!as )soon(?! as)|shortly|any (?:minute|moment|time now)|(?:just )?around the corner|in a (?:moment|minute|bit)|before you know it|momentarily|stops? away|close by|nearby|(?:every|each)(?= (?:[a-z]+day|week|month|morning|night)))(?![a-z])/gi;

const hearsayPattern =
  /(?<![a-z])(?:driver|courier|carrier|warehouse|supplier|express|producer|manufacturer|vet|lab) (?:(?:has|have|also|just) )?(?:says?|said|tells?|told|claims?|claimed|confirm(?:s|ed)?|admits?|admitted|promise[ds]?|assure[ds]?)(?![a-z])|(?:快递员?|司机|承运商|承运方|仓库|顺丰|供应商|厂家|物流)[^,。;]{0,4}(?:说|表示|告知|承诺|称|反馈|告诉|确认)|每(?=[天日周月逢])/gi;
const ellipsisPattern =
  /(?<![a-z])(?:salmon|fish|fillets?|product|food|parcel|goods|item|cod|quality)(?: itself| themselves)? (?:did|was|were|is|are|has|have)(?:n't| not)(?=\s*(?:[.,;!]|$))/gi;

const donePattern =
  /(?:已经?|刚刚?|曾经?)(?:为您|帮您|给您|向您|替您|将其?|把|由|被|全部|成功|顺利|自动)*(?=[\u4e00-\u9fff])/g;
const progressiveZhPattern = /正在(?=[\u4e00-\u9fff])/g;
const soonPattern =
  /(?:马上|很快|即将|立刻|立即|尽快|随后|稍后|待会|下次|今后|以后|快(?=到|来|好))(?:就|会|将|能|可以|一定|给您|为您|帮您)*(?=[\u4e00-\u9fff])/g;
const lePattern = /[\u4e00-\u9fff]{1,4}了(?!解)/g;

const tailLength = 4;

/** Adds a finding for each unexplained statement; at most one per place. */
export function readUnexplained(
  sentence: string,
  explained: readonly Span[],
  knownWords: string,
): PhraseFinding[] {
  const coverage = new Coverage(sentence.length);
  for (const span of explained) coverage.take(span.start, span.end);
  coverHarmlessPhrases(sentence, coverage);
  for (const topic of ["temperature", "duration", "money", "instant"] as const) {
    for (const cue of readCues(sentence, topic))
      if (!cue.isWeak && !/^left$/i.test(sentence.slice(cue.start, cue.end)))
        coverage.take(cue.start, cue.end);
  }
  for (const pattern of accountedGroupsEn) {
    for (const match of sentence.matchAll(pattern)) coverage.take(match.index, match.index + match[0].length);
  }
  const found: PhraseFinding[] = [];
  const add = ({ start, end }: Span): void => {
    if (end <= start || !coverage.isFree(start, end)) return;
    coverage.take(start, end);
    found.push({ type: "phrase", kind: "status", phrase: "unexplained", start, end });
  };
  for (const span of [
    ...statementsEn(sentence),
    ...namesIn(sentence, knownWords),
    ...statementsZh(sentence, coverage),
  ])
    add(span);
  return found;
}

function statementsEn(sentence: string): Span[] {
  const events = [...sentence.matchAll(pastPattern)].filter(({ 0: word }) => {
    const lower = word.toLowerCase();
    return !accountedPast.has(lower) && !notPast.has(lower);
  });
  const going = [...sentence.matchAll(progressivePattern)].filter(
    (match) => !accountedProgressive.has((match[1] ?? "").toLowerCase()),
  );
  const predicates = [...sentence.matchAll(predicatePattern)].filter((match) => {
    const word = (match[1] ?? "").toLowerCase();
    return !accountedPredicates.has(word) && !accountedPast.has(word) && !accountedProgressive.has(word);
  });
  const tastes = [...sentence.matchAll(tastePattern)];
  const places = [...sentence.matchAll(locationPattern)].filter(
    (match) =>
      !/^(?:all|moment|least|most|its|it|that|this|case|time|risk|order|line|question|to)$/i.test(
        match[1] ?? "",
      ),
  );
  const times = [vagueTimePattern, hearsayPattern, ellipsisPattern].flatMap((pattern) => [
    ...sentence.matchAll(pattern),
  ]);
  return [
    ...[...events, ...times].map(spanOf),
    ...[...going, ...predicates, ...tastes, ...places].map(lastWordSpan),
  ];
}

const spanOf = (match: RegExpExecArray): Span => ({ start: match.index, end: match.index + match[0].length });

/** The statement is its last word; what stands before it is grammar. */
function lastWordSpan(match: RegExpExecArray): Span {
  const end = match.index + match[0].length;
  return { start: end - (match[1]?.length ?? 0), end };
}

/** Names of people, places and brands that neither the facts nor the customer know. */
function namesIn(sentence: string, knownWords: string): Span[] {
  return [...sentence.matchAll(namePattern)]
    .filter(({ 0: name, index }) => {
      const isKnown = (word: string): boolean => commonCapitals.has(word) || knownWords.includes(word);
      const isGreeted = greetingPattern.test(sentence.slice(Math.max(0, index - greetingLengthMax), index));
      return !isGreeted && !name.toLowerCase().split(/\s/).every(isKnown);
    })
    .map(spanOf);
}

const greetingLengthMax = 40;
const greetingPattern =
  /\b(?:dear|hi|hello|hey|morning|afternoon|evening|thanks|thank you|sorry)[ ,]+(?:[a-z]+ ){0,2}$/i;

function statementsZh(sentence: string, coverage: Coverage): Span[] {
  const after = (pattern: RegExp, isAccounted: (tail: string, match: RegExpExecArray) => boolean): Span[] =>
    [...sentence.matchAll(pattern)].flatMap((match) => {
      const start = match.index + match[0].length;
      const end = Math.min(sentence.length, start + 2);
      const tail = sentence.slice(start, start + tailLength);
      const isCovered = !coverage.isFree(match.index, Math.min(sentence.length, start + tailLength));
      return isCovered || isAccounted(tail, match) ? [] : [{ start, end }];
    });
  const ended = [...sentence.matchAll(lePattern)].flatMap((match): Span[] => {
    const end = match.index + match[0].length;
    const verb = match[0].slice(0, -1);
    const isExplained = !coverage.isFree(Math.max(match.index, end - 3), end) || accountedBeforeLe.test(verb);
    return isExplained ? [] : [{ start: Math.max(match.index, end - 3), end }];
  });
  return [
    ...after(donePattern, (tail) => accountedAfterDone.test(tail)),
    ...after(progressiveZhPattern, (tail) => accountedProgressiveZh.test(tail)),
    ...after(
      soonPattern,
      (tail, match) => accountedSoonZh.test(tail) || adviceZh.test(sentence.slice(0, match.index)),
    ),
    ...ended,
    ...[...sentence.matchAll(placesZh)].map(spanOf),
  ];
}
