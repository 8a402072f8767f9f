import type { ClaimKind, Fact, Subject } from "@waremind/contract";
import type { Coverage, IdentifierFinding, MentionFinding, Span } from "./finding.ts";
import { plainOf, readPlainText } from "./plain-text.ts";
import { splitSentences } from "./sentences.ts";

/** A text that some facts say word for word, ready to be found in a sentence. */
export interface Quotable {
  readonly plain: string;
  readonly kind: ClaimKind;
  readonly facts: readonly Fact[];
  readonly isIdentifier: boolean;
  /** Finds an identifier however it is grouped. */
  readonly pattern: RegExp | undefined;
}

const quotableLengthMin = 2;
const clauseSentenceLengthMin = 10;

/** Names, titles, places, identifiers and the sentences of clauses, longest first. */
export function quotablesOf(facts: readonly Fact[]): Quotable[] {
  const known = new Map<string, { kind: ClaimKind; facts: Fact[]; isIdentifier: boolean }>();
  const add = (text: string, kind: ClaimKind, fact: Fact, isIdentifier: boolean): void => {
    const plain = plainOf(text).trim().toLowerCase();
    if (plain.length < quotableLengthMin || /^\d{1,3}$/.test(plain)) return;
    const entry = known.get(plain) ?? { kind, facts: [], isIdentifier };
    entry.facts.push(fact);
    known.set(plain, entry);
  };
  for (const fact of facts) {
    if (fact.value.type === "identifier") add(fact.value.text, "identifier", fact, true);
    if (fact.value.type === "text") {
      for (const text of new Set([fact.value.text.en, fact.value.text.zh])) {
        if (fact.property === "clause-text")
          addClause(text, (sentence) => add(sentence, "promise", fact, false));
        else add(text, "identifier", fact, false);
      }
    }
    addLabel(fact, add);
  }
  return [...known]
    .map(([plain, entry]) => ({
      plain,
      ...entry,
      pattern: entry.isIdentifier ? spacedPattern(plain) : undefined,
    }))
    .sort((left, right) => right.plain.length - left.plain.length);
}

function addClause(text: string, add: (sentence: string) => void): void {
  for (const sentence of splitSentences(readPlainText(text), text)) {
    if (sentence.plain.length >= clauseSentenceLengthMin) add(sentence.plain.replace(/[.。!?;]+$/, ""));
  }
}

/** A subject's label is what people call it: an order number, a SKU, a product's name. */
function addLabel(
  fact: Fact,
  add: (text: string, kind: ClaimKind, fact: Fact, isIdentifier: boolean) => void,
): void {
  const { label, kind } = fact.subject;
  const isCode = /\d/.test(label) && !/\s/.test(label);
  if (isCode || label.length > 3) add(label, "identifier", fact, isCode && kind !== "product");
}

/** Words of a title that no other title of its kind has: enough to say which product is meant. */
export interface TopicWord {
  readonly plain: string;
  readonly subject: Subject;
}

const titleProperties = new Set(["product-title", "line-title"]);

export function topicWordsOf(facts: readonly Fact[]): TopicWord[] {
  const titles = facts.flatMap((fact) =>
    titleProperties.has(fact.property) && fact.value.type === "text"
      ? [{ subject: fact.subject, words: wordsOf(plainOf(`${fact.value.text.en} ${fact.value.text.zh}`)) }]
      : [],
  );
  return titles.flatMap(({ subject, words }) => {
    const rivals = titles.filter(
      (other) => other.subject.kind === subject.kind && other.subject.id !== subject.id,
    );
    if (rivals.length === 0) return [];
    return [...words]
      .filter((word) => rivals.every((rival) => !rival.words.has(word)))
      .map((plain) => ({ plain, subject }));
  });
}

function wordsOf(title: string): Set<string> {
  const lower = title.toLowerCase();
  const english = lower.match(/[a-z]{3,}/g) ?? [];
  const chinese = [...lower.matchAll(/(?=([\u4e00-\u9fff]{2}))/g)].map((match) => match[1] ?? "");
  return new Set([...english, ...chinese]);
}

export interface Quotables {
  readonly quotables: readonly Quotable[];
  readonly topicWords: readonly TopicWord[];
}

/** Where which subjects are named. */
export interface NamedSubjects extends Span {
  readonly subjects: readonly Subject[];
}

export interface Mentions {
  readonly findings: (MentionFinding | IdentifierFinding)[];
  readonly subjects: readonly NamedSubjects[];
}

export function readMentions(
  sentence: string,
  { quotables, topicWords }: Quotables,
  coverage: Coverage,
): Mentions {
  const lower = sentence.toLowerCase();
  const findings: (MentionFinding | IdentifierFinding)[] = [];
  const subjects: NamedSubjects[] = [];
  for (const quotable of quotables) {
    for (const { start, end } of spansOf(lower, quotable)) {
      if (!isWhole(lower, start, end) || !coverage.isFree(start, end)) continue;
      coverage.take(start, end);
      subjects.push({ start, end, subjects: quotable.facts.map((fact) => fact.subject) });
      findings.push(
        quotable.isIdentifier
          ? { type: "identifier", start, end, text: sentence.slice(start, end), isTail: false }
          : { type: "mention", kind: quotable.kind, start, end, facts: quotable.facts },
      );
    }
  }
  subjects.push(...readTopicWords(lower, topicWords));
  return { findings, subjects: subjects.sort((left, right) => left.start - right.start) };
}

function readTopicWords(lower: string, topicWords: readonly TopicWord[]): NamedSubjects[] {
  return topicWords.flatMap(({ plain, subject }) =>
    occurrences(lower, plain)
      // A plural counts as the word.
      .filter(({ start, end }) => isWhole(lower, start, end) || isWhole(lower, start, end + 1))
      .map((span) => ({ ...span, subjects: [subject] })),
  );
}

const spacedLengthMin = 6;

/** Long codes may be written in groups: SF 1234 5678 9. */
function spacedPattern(plain: string): RegExp | undefined {
  const characters = plain.replaceAll(/[\s-]/g, "");
  if (characters.length < spacedLengthMin || !/^[a-z0-9]+$/.test(characters)) return undefined;
  return new RegExp(Array.from(characters).join("[\\s-]?"), "g");
}

function spansOf(text: string, { plain, pattern }: Quotable): Span[] {
  if (pattern === undefined) return occurrences(text, plain);
  return [...text.matchAll(pattern)].map((match) => ({
    start: match.index,
    end: match.index + match[0].length,
  }));
}

function occurrences(text: string, part: string): Span[] {
  const found: Span[] = [];
  for (let at = text.indexOf(part); at !== -1; at = text.indexOf(part, at + part.length)) {
    found.push({ start: at, end: at + part.length });
  }
  return found;
}

/** Not the middle of a longer word or number: W-1001 does not occur in W-10012. */
function isWhole(text: string, start: number, end: number): boolean {
  const before = text.charAt(start - 1);
  const after = text.slice(end, end + 2);
  const opensWord = /[a-z0-9]/.test(text.charAt(start));
  const closesWord = /[a-z0-9]/.test(text.charAt(end - 1));
  if (opensWord && /[a-z0-9]/.test(before)) return false;
  if (opensWord && /[a-z0-9][-_]$/.test(text.slice(Math.max(0, start - 2), start))) return false;
  return !(closesWord && (/^[a-z0-9]/.test(after) || /^[-_][a-z0-9]/.test(after)));
}
