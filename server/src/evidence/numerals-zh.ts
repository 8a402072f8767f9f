const digits: Readonly<Record<string, number>> = {
  零: 0,
  〇: 0,
  一: 1,
  二: 2,
  两: 2,
  三: 3,
  四: 4,
  五: 5,
  六: 6,
  七: 7,
  八: 8,
  九: 9,
  壹: 1,
  贰: 2,
  叁: 3,
  肆: 4,
  伍: 5,
  陆: 6,
  柒: 7,
  捌: 8,
  玖: 9,
  俩: 2,
  仨: 3,
  幺: 1,
};
const tens: Readonly<Record<string, number>> = { 十: 10, 拾: 10, 百: 100, 佰: 100, 千: 1000, 仟: 1000 };
const groups: Readonly<Record<string, number>> = { 万: 10_000, 亿: 100_000_000 };

/** Characters that may form a Chinese numeral; `numeralZhPattern` finds whole runs. */
const set = "零〇一二两三四五六七八九十百千万亿俩仨廿卅壹贰叁肆伍陆柒捌玖拾佰仟幺";
const point = "零〇一二两三四五六七八九";
export const numeralZhPattern = new RegExp(`(?:[${set}]+(?:点[${point}]+(?![分时钟整半刻]))?|半)`, "g");

export interface Numeral {
  readonly value: number;
  readonly decimals: number;
}

/**
 * The value of a Chinese numeral: 二十三点五 → 23.5, 一百二十 → 120, 一百二 → 120, 二〇二六 → 2026, 半 → 0.5.
 * What cannot be read (两三, an estimate) is NaN, so that it matches no fact.
 */
export function readNumeralZh(text: string): Numeral {
  if (text === "半") return { value: 0.5, decimals: 1 };
  const [whole = "", fraction] = text.replaceAll("廿", "二十").replaceAll("卅", "三十").split("点");
  const value = readWhole(whole);
  if (fraction === undefined) return { value, decimals: 0 };
  const tail = Array.from(fraction, (character) => digits[character] ?? Number.NaN);
  return { value: Number(`${value}.${tail.join("")}`), decimals: tail.length };
}

interface Sum {
  readonly total: number;
  readonly section: number;
  /** A digit that waits for its 十, 百 or 千. */
  readonly digit: number | undefined;
  readonly lastScale: number;
}

function readWhole(text: string): number {
  const characters = Array.from(text);
  if (characters.every((character) => character in digits)) return readDigits(characters);
  const start: Sum = { total: 0, section: 0, digit: undefined, lastScale: 10 };
  const { total, section, digit = 0, lastScale } = characters.reduce(addCharacter, start);
  // 一百二 means 120: a last digit after 百, 千 or 万 counts in tenths of it.
  return total + section + digit * (lastScale >= 100 ? lastScale / 10 : 1);
}

function addCharacter(sum: Sum, character: string): Sum {
  const { total, section, digit } = sum;
  const group = groups[character];
  const ten = tens[character];
  if (group !== undefined) {
    const isBare = digit === undefined && section === 0 && total === 0;
    const before = isBare ? 1 : total + section + (digit ?? 0);
    return { total: before * group, section: 0, digit: undefined, lastScale: group };
  }
  if (ten !== undefined) {
    return { ...sum, section: section + (digit ?? 1) * ten, digit: undefined, lastScale: ten };
  }
  // Two digits side by side inside a numeral (三五十) are an estimate.
  if (digit !== undefined && digit !== 0) return { ...sum, section: Number.NaN };
  const next = digits[character] ?? Number.NaN;
  return { ...sum, digit: next, lastScale: next === 0 ? 10 : sum.lastScale };
}

function readDigits(characters: readonly string[]): number {
  if (
    characters.length === 2 &&
    /[一二两三四五六七八九]/.test(characters[0] ?? "") &&
    !characters.includes("零")
  ) {
    const [first = 0, second = 0] = characters.map((character) => digits[character] ?? 0);
    // 两三, 三四, 七八: neighbours are an estimate, not a number.
    if (second === first + 1 || characters[0] === "两") return Number.NaN;
  }
  return Number(characters.map((character) => digits[character] ?? "").join(""));
}
