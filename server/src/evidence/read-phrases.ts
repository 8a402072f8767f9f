import { Coverage, type PhraseFinding, type UnreadableFinding } from "./finding.ts";
import { coverHarmlessPhrases } from "./harmless.ts";
import { wordsEn } from "./lexicon-en.ts";
import { wordsZh } from "./lexicon-zh.ts";
import { type PhraseName, phraseClasses } from "./phrase-classes.ts";
import { futureEn, harmlessFutureVerbsEn } from "./promises-en.ts";
import { futureZh, harmlessFutureZh } from "./promises-zh.ts";

const compiled: readonly (readonly [PhraseName, RegExp])[] = [...wordsEn, ...wordsZh].flatMap(
  ({ phrase, sources }) => sources.map((source): [PhraseName, RegExp] => [phrase, new RegExp(source, "gi")]),
);

/** Status words, availability, superlatives and promises of both languages; `covered` holds what facts say word for word. */
export function readPhrases(
  sentence: string,
  mentions: readonly { start: number; end: number }[],
): PhraseFinding[] {
  const coverage = new Coverage(sentence.length);
  for (const mention of mentions) coverage.take(mention.start, mention.end);
  coverHarmlessPhrases(sentence, coverage);
  const found: PhraseFinding[] = [];
  const add = (phrase: PhraseName, start: number, end: number): void => {
    if (end <= start || !coverage.isFree(start, end)) return;
    coverage.take(start, end);
    found.push({ type: "phrase", kind: phraseClasses[phrase].kind, phrase, start, end });
  };
  for (const [phrase, pattern] of compiled) {
    for (const match of sentence.matchAll(pattern)) add(phrase, match.index, match.index + match[0].length);
  }
  for (const match of sentence.matchAll(futureEn)) {
    const isPromise = !harmlessFutureVerbsEn.has((match[1] ?? "").toLowerCase());
    if (isPromise) add("other-promise", match.index, match.index + match[0].length);
  }
  for (const match of sentence.matchAll(futureZh)) {
    if (!harmlessFutureZh.test(match[1] ?? ""))
      add("other-promise", match.index, match.index + match[0].length);
  }
  return found;
}

/** The phrase classes a text speaks of, such as those of a clause or of the customer's own words. */
export const phrasesIn = (text: string): ReadonlySet<string> =>
  new Set(readPhrases(text, []).map((finding) => finding.phrase));

const otherScript = /[^\p{Script=Latin}\p{Script=Han}\p{Script=Common}\p{Script=Inherited}]+/gu;
const spelledOut = /(?<![a-z])(?:[a-z][ .·|/-]){3,40}[a-z](?![a-z])/gi;
const foreignWordsMin = 8;
const englishShareMin = 0.12;
const commonEnglish = new Set(
  "a an the and or but of to in on at for from with by is are was were be been has have had do does did it its this that these those you your we our i my me us they their he she not no so if as than then there here what which when how who can could will would should may might just now also all any some more up out about into over after before between was per please thanks thank hi hello sorry dear yes".split(
    " ",
  ),
);

/** What this check cannot read: a third script, letters spelled out one by one, a language that is neither of the two. */
export function readUnreadable(
  sentence: string,
  mentions: readonly { start: number; end: number }[],
): UnreadableFinding[] {
  const found: UnreadableFinding[] = [];
  const coverage = new Coverage(sentence.length);
  for (const mention of mentions) coverage.take(mention.start, mention.end);
  for (const pattern of [otherScript, spelledOut]) {
    for (const match of sentence.matchAll(pattern)) {
      const end = match.index + match[0].length;
      if (coverage.isFree(match.index, end)) found.push({ type: "unreadable", start: match.index, end });
    }
  }
  const words = (sentence.match(/[a-z]+/gi) ?? []).map((word) => word.toLowerCase());
  const known = words.filter((word) => commonEnglish.has(word)).length;
  const isCovered = mentions.some((mention) => mention.end - mention.start > sentence.length / 2);
  if (words.length >= foreignWordsMin && known / words.length < englishShareMin && !isCovered) {
    found.push({ type: "unreadable", start: 0, end: sentence.length });
  }
  return found;
}
