// Whether a phrase is stated, denied, or left open by a condition, a doubt or a question.
import { clauseBreakEn, hedgeEn, negationEn } from "./lexicon-en.ts";
import { clauseBreakZh, hedgeZh, negationZh } from "./lexicon-zh.ts";

export type Stance = "stated" | "denied" | "open";

const headLengthMax = 120;
const negationReachEn = 45;
const negationReachZh = 7;
const questionOpening =
  /^\W*(?:would|shall|should|is|are|was|were|do|does|did|can|could|may|what|how|which|when|where|who|why|has|have|had|will|want|anything|ready)\b/i;

export function stanceOf(sentence: string, start: number, end: number): Stance {
  if (isAsked(sentence, start, end)) return "open";
  const from = Math.max(0, start - headLengthMax);
  const head = sentence.slice(from, start);
  const clauseStart = lastEnd(head, clauseBreakEn, clauseBreakZh);
  const clause = head.slice(clauseStart);
  if (lastEnd(clause, hedgeEn, hedgeZh) > 0) return "open";
  return isDenied(clause) ? "denied" : "stated";
}

/** A question asks; it states nothing, except in the clauses before its last one. */
function isAsked(sentence: string, start: number, end: number): boolean {
  const tail = sentence.slice(end, end + headLengthMax);
  const toBreak = tail.slice(0, firstStart(tail));
  if (/吗|么(?=[?？]|$)/.test(toBreak)) return true;
  if (!/\?["')\]]*$/.test(sentence)) return false;
  if (questionOpening.test(sentence)) return true;
  const clauseStart = lastEnd(sentence.slice(0, start), clauseBreakEn, clauseBreakZh);
  return toBreak.length === tail.length || questionOpening.test(sentence.slice(clauseStart));
}

function isDenied(clause: string): boolean {
  const english = lastMatch(clause, negationEn);
  if (english !== undefined && clause.length - english.end <= negationReachEn) return true;
  const chinese = lastMatch(clause, negationZh);
  return chinese !== undefined && clause.length - chinese.end <= negationReachZh;
}

const lastEnd = (text: string, ...patterns: readonly RegExp[]): number =>
  Math.max(0, ...patterns.map((pattern) => lastMatch(text, pattern)?.end ?? 0));

const firstStart = (text: string): number =>
  Math.min(
    text.length,
    ...[clauseBreakEn, clauseBreakZh].map(
      (pattern) => text.matchAll(pattern).next().value?.index ?? text.length,
    ),
  );

function lastMatch(text: string, pattern: RegExp): { end: number } | undefined {
  let last: { end: number } | undefined;
  for (const match of text.matchAll(pattern)) last = { end: match.index + match[0].length };
  return last;
}
