// Finds variants by a customer's words. BM25's rarity of a term (Robertson and Spärck Jones), over titles so short that
// how much of the question is met, and how much of the title was asked for, say more than term frequency.
import { isAskingCharacter, joinedWordsOf, normalise, type SearchTerm, termsOf } from "./search-words.ts";

export interface SearchText {
  readonly id: string;
  readonly sku: string;
  readonly gtin: string | null;
  readonly category: string;
  readonly titleEn: string;
  readonly titleZh: string;
  readonly productTitleEn: string;
  readonly productTitleZh: string;
  /** Other names that customers use, in either language. */
  readonly otherNames: readonly string[];
}

export interface SearchHit {
  readonly variantId: string;
  readonly score: number;
}

export interface SearchIndex {
  /** Best first; equal scores by variant id, so that an answer can be reproduced. */
  search(text: string, limit: number): readonly SearchHit[];
}

/** Parts of the score: how much of what was asked is met, and how much of the title was asked for. */
const askedShare = 0.8;
const titleShare = 0.2;
/** A category names many things; its words count half. */
const categoryGain = 0.5;
/** A word that no product has counts this much against every product. */
const unknownShare = 0.35;
/** Below this a hit is chance: one common character in common. */
const scoreMin = 0.12;

interface Entry {
  readonly id: string;
  /** Rarity-weighted length of the title in each language. */
  totalEn: number;
  totalZh: number;
  /** Each other name is one more title: "shrimp" asks for king prawns before shrimp dumplings. */
  readonly otherNames: readonly { readonly weightOf: ReadonlyMap<string, number>; readonly total: number }[];
}

interface Posting {
  readonly entry: number;
  readonly inEnglish: boolean;
  readonly inChinese: boolean;
  readonly gain: number;
}

interface Postings {
  readonly entries: readonly Entry[];
  readonly byTerm: ReadonlyMap<string, readonly Posting[]>;
  readonly byCode: ReadonlyMap<string, string>;
  /** English words by length, for typing errors. */
  readonly wordsByLength: ReadonlyMap<number, readonly string[]>;
}

/** Pure over the texts; 10,000 variants take some tens of milliseconds and megabytes. */
export function buildSearchIndex(texts: readonly SearchText[]): SearchIndex {
  const postings = postingsOf(texts);
  return {
    search: (text, limit) => {
      const exact = idsByCode(postings, text).map((variantId) => ({ variantId, score: 1 }));
      const known = new Set(exact.map((hit) => hit.variantId));
      const byWords = scoreAll(postings, text).filter((hit) => !known.has(hit.variantId));
      return [...exact, ...byWords].slice(0, limit);
    },
  };
}

function postingsOf(texts: readonly SearchText[]): Postings {
  const byTerm = new Map<string, Posting[]>();
  const byCode = new Map<string, string>();
  const termsByEntry = texts.map((text, entry) => {
    const english = termsOf(`${text.productTitleEn} ${text.titleEn}`, "title");
    const chinese = termsOf(`${text.productTitleZh} ${text.titleZh}`, "title");
    for (const [term, posting] of postingsOfEntry(entry, text, { english, chinese })) {
      const list = byTerm.get(term);
      if (list === undefined) byTerm.set(term, [posting]);
      else list.push(posting);
    }
    byCode.set(codeOf(text.sku), text.id);
    if (text.gtin !== null) byCode.set(codeOf(text.gtin), text.id);
    return { english, chinese };
  });
  const rarity = (term: SearchTerm) => weightOf(term, byTerm.get(term.term)?.length ?? 0, texts.length);
  const entries = texts.map(
    (text, entry): Entry => ({
      id: text.id,
      totalEn: sum((termsByEntry[entry]?.english ?? []).map(rarity)),
      totalZh: sum((termsByEntry[entry]?.chinese ?? []).map(rarity)),
      otherNames: text.otherNames.map((name) => {
        const weightOf = new Map(termsOf(name, "title").map((term) => [term.term, rarity(term)]));
        return { weightOf, total: sum([...weightOf.values()]) };
      }),
    }),
  );
  return { entries, byTerm, byCode, wordsByLength: wordsByLength(byTerm.keys()) };
}

/** Titles last: where a term is both, it counts as the title's. */
function postingsOfEntry(
  entry: number,
  text: SearchText,
  titles: { readonly english: readonly SearchTerm[]; readonly chinese: readonly SearchTerm[] },
): ReadonlyMap<string, Posting> {
  const found = new Map<string, Posting>();
  const beside = { entry, inEnglish: false, inChinese: false };
  const category = termsOf(text.category.replaceAll(/[-_/]/g, " "), "title");
  for (const { term } of category) found.set(term, { ...beside, gain: categoryGain });
  const others = termsOf(text.otherNames.join(" · "), "title").map(({ term }) => term);
  for (const term of [...joinedWordsOf(`${text.productTitleEn} · ${text.titleEn}`), ...others])
    found.set(term, { ...beside, gain: 1 });
  for (const { term } of titles.english) found.set(term, { ...beside, inEnglish: true, gain: 1 });
  for (const { term } of titles.chinese)
    found.set(term, { ...beside, inEnglish: found.get(term)?.inEnglish ?? false, inChinese: true, gain: 1 });
  return found;
}

function wordsByLength(terms: Iterable<string>): ReadonlyMap<number, readonly string[]> {
  const words = [...terms].filter((term) => /^[a-z]{3,}$/.test(term));
  return Map.groupBy(words, (word) => word.length);
}

/** Rarity of a term, ln(1 + (N − n + ½) / (n + ½)), times what its kind is worth. */
function weightOf(term: SearchTerm, found: number, entryCount: number): number {
  return term.weight * Math.log(1 + (entryCount - found + 0.5) / (found + 0.5));
}

interface Tally {
  met: number;
  english: number;
  chinese: number;
}

function scoreAll(postings: Postings, text: string): SearchHit[] {
  const tallies = new Map<number, Tally>();
  let knownWeight = 0;
  let talkWeight = 0;
  let partWeight = 0;
  const known = new Set<string>();
  for (const asked of termsOf(text, "question")) {
    const meant = termsMeant(postings, asked);
    const found = meant === null ? 0 : (postings.byTerm.get(meant.term)?.length ?? 0);
    const weight = weightOf(asked, found, postings.entries.length);
    if (meant === null && asked.kind === "pair")
      partWeight += isOtherWord(postings, asked) ? weight * unknownShare : 0;
    else if (meant === null) talkWeight += weight * unknownShare;
    else {
      knownWeight += weight;
      known.add(meant.term);
      tally(tallies, postings.byTerm.get(meant.term) ?? [], weight * meant.similarity);
    }
  }
  // Talk around the product may be long: it halves a score at most.
  const askedWeight = knownWeight + partWeight + Math.min(talkWeight, knownWeight);
  return [...tallies]
    .map(([entry, found]) => hitOf(postings.entries[entry], found, { known, askedWeight }))
    .filter((hit) => hit !== null && hit.score >= scoreMin)
    .filter((hit) => hit !== null)
    .toSorted((left, right) => right.score - left.score || compare(left.variantId, right.variantId));
}

/** One known and one unknown character side by side: the known one is part of another word (电脑 is no 电源). */
function isOtherWord({ byTerm }: Postings, { term }: SearchTerm): boolean {
  const characters = [...term];
  return (
    !characters.some(isAskingCharacter) &&
    characters.filter((character) => byTerm.has(character)).length === 1
  );
}

function tally(tallies: Map<number, Tally>, found: readonly Posting[], weight: number): void {
  for (const { entry, gain, inEnglish, inChinese } of found) {
    const sums = tallies.get(entry) ?? { met: 0, english: 0, chinese: 0 };
    sums.met += weight * gain;
    if (inEnglish) sums.english += weight;
    if (inChinese) sums.chinese += weight;
    tallies.set(entry, sums);
  }
}

function hitOf(
  entry: Entry | undefined,
  found: Tally,
  { known, askedWeight }: { readonly known: ReadonlySet<string>; readonly askedWeight: number },
): SearchHit | null {
  if (entry === undefined || askedWeight === 0) return null;
  const ofNames = entry.otherNames.map(({ weightOf: weights, total }) =>
    ratio(sum([...known].map((term) => weights.get(term) ?? 0)), total),
  );
  const ofTitle = Math.max(
    ratio(found.english, entry.totalEn),
    ratio(found.chinese, entry.totalZh),
    ...ofNames,
  );
  const score = askedShare * ratio(found.met, askedWeight) + titleShare * ofTitle;
  return { variantId: entry.id, score: Math.round(score * 1e4) / 1e4 };
}

/** The known term that an asked one stands for; null when no product has anything like it. */
function termsMeant(postings: Postings, asked: SearchTerm): { term: string; similarity: number } | null {
  if (postings.byTerm.has(asked.term)) return { term: asked.term, similarity: 1 };
  if (asked.kind !== "word" || asked.term.length < 4) return null;
  const errorsMax = asked.term.length < 8 ? 1 : 2;
  let best: { term: string; similarity: number } | null = null;
  for (let length = asked.term.length - errorsMax; length <= asked.term.length + errorsMax; length += 1) {
    for (const word of postings.wordsByLength.get(length) ?? []) {
      const errors = editDistance(asked.term, word, errorsMax);
      const similarity = 0.95 - errors / (2 * asked.term.length);
      if (errors <= errorsMax && similarity > (best?.similarity ?? 0)) best = { term: word, similarity };
    }
  }
  return best;
}

/** Insertions, deletions, replacements and swaps of neighbours (optimal string alignment); `max + 1` when above. */
export function editDistance(left: string, right: string, max: number): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= right.length; column += 1) {
      const isSame = left[row - 1] === right[column - 1];
      const isSwap = left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
      const plain = Math.min(
        at(last, column) + 1,
        at(current, column - 1) + 1,
        at(last, column - 1) + (isSame ? 0 : 1),
      );
      current.push(row > 1 && isSwap ? Math.min(plain, at(beforeLast, column - 2) + 1) : plain);
    }
    if (Math.min(...current) > max) return max + 1;
    beforeLast = last;
    last = current;
  }
  return Math.min(at(last, right.length), max + 1);
}

const at = (row: readonly number[], index: number): number => row[index] ?? Number.POSITIVE_INFINITY;

/** Codes in the text, however they were typed: small letters, full-width, a Chinese word beside it. */
function idsByCode(postings: Postings, text: string): readonly string[] {
  const words = normalise(text).split(/[^a-z0-9._/-]+/);
  const found = [normalise(text), ...words].map((word) => postings.byCode.get(codeOf(word)));
  return [...new Set(found.filter((id) => id !== undefined))];
}

/** GTIN-8, -12 and -13 are the same number as the GTIN-14 with zeros before it (GS1 General Specifications 3.3). */
function codeOf(code: string): string {
  const plain = normalise(code)
    .trim()
    .replaceAll(/^[._/-]+|[._/-]+$/g, "");
  return /^(?:\d{8}|\d{12,14})$/.test(plain) ? plain.padStart(14, "0") : plain;
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const ratio = (part: number, whole: number): number => (whole === 0 ? 0 : Math.min(1, part / whole));
const compare = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0);
