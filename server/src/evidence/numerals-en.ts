import type { Numeral } from "./numerals-zh.ts";

const small = [
  "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen",
  "seventeen eighteen nineteen",
].join(" ");
const units: ReadonlyMap<string, number> = new Map([
  ...small.split(" ").map((word, index): [string, number] => [word, index]),
  ["nought", 0],
  ["nil", 0],
]);
const tens: ReadonlyMap<string, number> = new Map(
  "twenty thirty forty fifty sixty seventy eighty ninety"
    .split(" ")
    .map((word, index): [string, number] => [word, (index + 2) * 10]),
);
const scales: ReadonlyMap<string, number> = new Map([
  ["hundred", 100],
  ["dozen", 12],
  ["thousand", 1000],
  ["grand", 1000],
  ["million", 1_000_000],
]);

export interface WordNumber extends Numeral {
  readonly start: number;
  readonly end: number;
}

interface Word {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** Numbers written as English words: `twenty-one`, `a dozen`, `four point two`, `3 point five`, `one and a half`. */
export function readWordNumbers(sentence: string): WordNumber[] {
  const words = [...sentence.matchAll(/[a-z]+|\d+/gi)].map(
    (match): Word => ({
      text: match[0].toLowerCase(),
      start: match.index,
      end: match.index + match[0].length,
    }),
  );
  const found: WordNumber[] = [];
  let index = 0;
  while (index < words.length) {
    const group = groupAt(words, index, sentence);
    if (group.length === 0) {
      index += 1;
      continue;
    }
    const numeral = numeralOf(group.map((word) => word.text));
    const first = group[0];
    const last = group.at(-1);
    if (first !== undefined && last !== undefined) {
      found.push({ ...numeral, start: first.start, end: last.end });
    }
    index += group.length;
  }
  return found;
}

const isNumberWord = (word: string): boolean => units.has(word) || tens.has(word) || scales.has(word);

function groupAt(words: readonly Word[], from: number, sentence: string): Word[] {
  const first = words[from];
  if (first === undefined || !startsGroup(words, from)) return [];
  const group = [first];
  for (let index = from + 1; index < words.length; index += 1) {
    const word = words[index];
    const previous = words[index - 1];
    if (word === undefined || previous === undefined) break;
    if (!/^[\s-]{1,3}$/.test(sentence.slice(previous.end, word.start))) break;
    if (!continuesGroup(words, index, group)) break;
    group.push(word);
  }
  const last = group.at(-1)?.text;
  if (last === "and" || last === "a" || last === "point" || last === "dot") group.pop();
  return group;
}

function startsGroup(words: readonly Word[], from: number): boolean {
  const word = words[from]?.text ?? "";
  const next = words[from + 1]?.text ?? "";
  if (isNumberWord(word)) return true;
  if ((word === "a" || word === "an") && scales.has(next)) return true;
  return /^\d+$/.test(word) && (next === "point" || next === "dot" || scales.has(next));
}

function continuesGroup(words: readonly Word[], index: number, group: readonly Word[]): boolean {
  const word = words[index]?.text ?? "";
  const next = words[index + 1]?.text ?? "";
  const last = group.at(-1)?.text ?? "";
  const isDecimal = group.some(({ text }) => isPoint(text));
  if (isPoint(word)) return units.has(next) || tens.has(next) || /^\d+$/.test(next);
  if (/^(?:\d+|oh|o)$/.test(word)) return isDecimal;
  if (word === "and") return joinsByAnd(last, next);
  if (word === "a") return last === "and" && next === "half";
  return word === "half" ? last === "a" : isNumberWord(word);
}

const isPoint = (word: string): boolean => word === "point" || word === "dot";

/** "three hundred and twelve", "one and a half"; "three days and two hours" are two numbers. */
const joinsByAnd = (last: string, next: string): boolean =>
  scales.has(last) ? units.has(next) || tens.has(next) : next === "a";

function numeralOf(words: readonly string[]): Numeral {
  const point = words.findIndex(isPoint);
  const whole = wholeOf(point === -1 ? words : words.slice(0, point));
  if (point === -1) {
    return words.at(-1) === "half" ? { value: whole + 0.5, decimals: 1 } : { value: whole, decimals: 0 };
  }
  const tail = words
    .slice(point + 1)
    .map((word) => (word === "oh" || word === "o" ? "0" : String(units.get(word) ?? tens.get(word) ?? word)))
    .join("");
  return { value: Number(`${whole}.${tail}`), decimals: tail.length };
}

interface Sum {
  readonly total: number;
  readonly section: number;
  readonly last: "none" | "unit" | "ten" | "scale";
}

function wholeOf(words: readonly string[]): number {
  const { total, section } = words.reduce(addWord, { total: 0, section: 0, last: "none" });
  return total + section;
}

function addWord(sum: Sum, word: string): Sum {
  const unit = units.get(word) ?? (/^\d+$/.test(word) ? Number(word) : undefined);
  const ten = tens.get(word);
  const scale = scales.get(word);
  // "nine seven" outside a decimal is a spelled-out digit run: 97.
  if (unit !== undefined) {
    return {
      ...sum,
      section: sum.last === "unit" ? sum.section * 10 + unit : sum.section + unit,
      last: "unit",
    };
  }
  if (ten !== undefined) {
    const isRun = sum.last === "unit" || sum.last === "ten";
    return { ...sum, section: isRun ? sum.section * 100 + ten : sum.section + ten, last: "ten" };
  }
  if (scale === undefined) return sum;
  const scaled = Math.max(sum.section, 1) * scale;
  if (scale < 1000) return { ...sum, section: scaled, last: "scale" };
  return { total: sum.total + scaled, section: 0, last: "scale" };
}
