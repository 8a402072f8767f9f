import type { CheckedSentence, Claim, ClaimKind, Fact, Subject, TextCheck } from "@waremind/contract";
import { type Bench, carryOn, prepareBench, type Scope, scopeOf } from "./bench.ts";
import { repeatsCustomer } from "./customer-words.ts";
import type { CheckInput } from "./evidence.ts";
import type { Finding } from "./finding.ts";
import { judgeSentence } from "./judge-sentence.ts";
import { type PlainText, readPlainText } from "./plain-text.ts";
import { type Quotables, quotablesOf, topicWordsOf } from "./read-mentions.ts";
import { readSentence, type SentenceReading } from "./read-sentence.ts";
import { readsOf } from "./reads.ts";
import { type Sentence, splitSentences } from "./sentences.ts";
import type { Verdict } from "./verdict.ts";

/** A longer text is checked up to here; the rest counts as one unsupported sentence. */
export const textLengthMax = 8_000;

/** One claim under judgement; `finding` offsets are into the sentence. */
interface Judged {
  readonly finding: Finding;
  readonly verdict: Verdict;
}

interface SentenceJudgement {
  readonly sentence: Sentence;
  readonly reading: SentenceReading;
  readonly judged: readonly Judged[];
}

/**
 * Splits `text` into sentences, finds every claim in it and weighs each against the facts of this answer.
 * Pure and total: it never throws, whatever the text. Offsets are UTF-16 units into `text`. The rules are those of
 * the evidence specification; a claim that cannot be read or matched is unsupported.
 */
export function checkText(input: CheckInput): TextCheck {
  const text = input.text.slice(0, textLengthMax);
  const plain = readPlainText(text);
  const bench = prepareBench(input);
  const quotables: Quotables = { quotables: quotablesOf(input.facts), topicWords: topicWordsOf(input.facts) };
  const judgements = judgeAll(splitSentences(plain, text), bench, quotables);
  const sentences = judgements.map((judgement, index) =>
    checkedSentence(judgement, judgements, index, { input, plain, bench }),
  );
  if (input.text.length > textLengthMax) sentences.push(unreadRest(input.text));
  return { passes: sentences.every(({ isSupported }) => isSupported), sentences };
}

function judgeAll(sentences: readonly Sentence[], bench: Bench, quotables: Quotables): SentenceJudgement[] {
  let carried: Scope = new Map();
  return sentences.map((sentence) => {
    const reading = readSentence(sentence.plain, quotables, bench);
    const judged = judgeSentence(reading, bench, carried);
    carried = carryOn(carried, scopeOf(lastNamed(reading)));
    return { sentence, reading, judged };
  });
}

/** Everything a sentence names: after a list of several, the next sentence may speak of each. */
function lastNamed(reading: SentenceReading): readonly Subject[] {
  return reading.subjects.flatMap(({ subjects }) => subjects);
}

interface Around {
  readonly input: CheckInput;
  readonly plain: PlainText;
  readonly bench: Bench;
}

function checkedSentence(
  judgement: SentenceJudgement,
  all: readonly SentenceJudgement[],
  index: number,
  { input, plain, bench }: Around,
): CheckedSentence {
  const { sentence, reading, judged } = judgement;
  const nearby = [all[index - 1], judgement, all[index + 1]].flatMap((each) => each?.judged ?? []);
  const claims = judged
    .map(({ finding, verdict }) => {
      const isAged = verdict.needsAge === true && isAgeStated(verdict.facts, nearby, bench);
      const settled: Verdict = isAged ? { facts: verdict.facts } : verdict;
      const isTheirs = settled.fault !== undefined && repeatsCustomer(finding, reading, bench);
      return claimOf(finding, settled, isTheirs, { sentence, input, plain });
    })
    .sort((left, right) => left.start - right.start || left.end - right.end);
  return {
    text: input.text.slice(sentence.originalStart, sentence.originalEnd),
    start: sentence.originalStart,
    end: sentence.originalEnd,
    claims,
    isSupported: claims.every(({ verdict }) => verdict !== "unsupported"),
  };
}

const agedDaysMin = 1;

/** Rule 2: an old fact may be said with its age: when it was read, in the same sentence or the one beside it. */
function isAgeStated(facts: readonly Fact[], nearby: readonly Judged[], bench: Bench): boolean {
  const observed = new Set(facts.map(({ observedAt }) => observedAt));
  return nearby.some(({ finding, verdict }) => {
    const isTime = finding.type === "time" || (finding.type === "quantity" && finding.fromNow === "past");
    const isOldDate =
      finding.type === "date" &&
      facts.every(({ observedAt }) => bench.now - observedAt >= agedDaysMin * 86_400_000);
    return (
      (isTime || isOldDate) &&
      verdict.fault === undefined &&
      verdict.facts.some(
        ({ observedAt, value }) =>
          observed.has(observedAt) || (value.type === "instant" && observed.has(value.at)),
      )
    );
  });
}

function claimOf(
  finding: Finding,
  verdict: Verdict,
  isTheirs: boolean,
  {
    sentence,
    input,
    plain,
  }: { readonly sentence: Sentence; readonly input: CheckInput; readonly plain: PlainText },
): Claim {
  const start = plain.startOf[sentence.start + finding.start] ?? sentence.originalStart;
  const end = Math.max(start, plain.endOf[sentence.start + finding.end - 1] ?? sentence.originalEnd);
  const found = {
    kind: kindOf(finding),
    text: input.text.slice(start, end),
    start,
    end,
    reads: readsOf(finding, sentence.plain),
  };
  if (isTheirs) return { ...found, verdict: "customer-words", factIds: [] };
  if (verdict.fault === undefined) {
    return { ...found, verdict: "supported", factIds: [...new Set(verdict.facts.map(({ id }) => id))] };
  }
  const nearest = verdict.nearest === undefined ? {} : { nearestFactId: verdict.nearest.id };
  return { ...found, verdict: "unsupported", factIds: [], fault: verdict.fault, ...nearest };
}

function kindOf(finding: Finding): ClaimKind {
  switch (finding.type) {
    case "date":
    case "time":
    case "identifier":
      return finding.type;
    case "unreadable":
      return "status";
    case "quantity":
    case "phrase":
    case "mention":
      return finding.kind;
  }
}

function unreadRest(text: string): CheckedSentence {
  const span = { text: text.slice(textLengthMax), start: textLengthMax, end: text.length };
  const claim: Claim = {
    ...span,
    kind: "status",
    reads: "text beyond the length that is checked",
    verdict: "unsupported",
    factIds: [],
    fault: "not-allowed",
  };
  return { ...span, claims: [claim], isSupported: false };
}
