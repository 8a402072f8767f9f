// Character n-grams: a measure of likeness that needs no dictionary and works for both languages.

/** Grams of a normalised text: words' 3-grams with their edges for Latin script, 1- and 2-grams for Han. */
export function gramsOf(text: string): ReadonlyMap<string, number> {
  const grams = new Map<string, number>();
  const add = (gram: string, weight: number) => grams.set(gram, (grams.get(gram) ?? 0) + weight);
  for (const run of text.match(/\p{Script=Han}+|[\p{Script=Latin}\p{Nd}']+/gu) ?? []) {
    if (/\p{Script=Han}/u.test(run)) addHan(run, add);
    else addLatin(run, add);
  }
  return grams;
}

function addHan(run: string, add: (gram: string, weight: number) => void): void {
  const characters = [...run];
  for (const [index, character] of characters.entries()) {
    add(character, 0.5);
    const next = characters[index + 1];
    if (next !== undefined) add(character + next, 1);
  }
}

function addLatin(run: string, add: (gram: string, weight: number) => void): void {
  const word = ` ${run} `;
  for (let index = 0; index + 3 <= word.length; index += 1) add(word.slice(index, index + 3), 1);
}

export interface WeightedText {
  readonly grams: ReadonlyMap<string, number>;
  readonly length: number;
}

/** Inverse document frequency over a set of texts; a gram in every text tells little. */
export function gramWeights(texts: readonly string[]): (gram: string) => number {
  const counts = new Map<string, number>();
  for (const text of texts) {
    for (const gram of gramsOf(text).keys()) counts.set(gram, (counts.get(gram) ?? 0) + 1);
  }
  return (gram) => Math.log(1 + texts.length / (1 + (counts.get(gram) ?? 0)));
}

export function weighText(text: string, weightOf: (gram: string) => number): WeightedText {
  const grams = new Map<string, number>();
  let squares = 0;
  for (const [gram, count] of gramsOf(text)) {
    const weight = (1 + Math.log(1 + count)) * weightOf(gram);
    grams.set(gram, weight);
    squares += weight * weight;
  }
  return { grams, length: Math.sqrt(squares) };
}

/** Cosine, 0..1. */
export function likeness(left: WeightedText, right: WeightedText): number {
  if (left.length === 0 || right.length === 0) return 0;
  const [small, large] =
    left.grams.size <= right.grams.size ? ([left, right] as const) : ([right, left] as const);
  let product = 0;
  for (const [gram, weight] of small.grams) product += weight * (large.grams.get(gram) ?? 0);
  return product / (left.length * right.length);
}

/** How much of `part` is found in `whole`, 0..1: the share of the part's gram weight that the whole has too. */
export function coverage(part: string, whole: string): number {
  const wholeGrams = gramsOf(whole);
  let found = 0;
  let total = 0;
  for (const [gram, weight] of gramsOf(part)) {
    total += weight;
    if (wholeGrams.has(gram)) found += weight;
  }
  return total === 0 ? 0 : found / total;
}
