import { Coverage, type Span } from "./finding.ts";
import { readWordNumbers } from "./numerals-en.ts";
import { numeralZhPattern, readNumeralZh } from "./numerals-zh.ts";
import { unreadableDigit } from "./plain-text.ts";

export interface NumberToken extends Span {
  readonly value: number;
  readonly decimals: number;
  readonly script: "digits" | "english" | "chinese";
}

// A point may stand between spaces ("4 . 2"), so that a disguise does not split a number.
const digitPattern = /\d+(?:,\d{3})+(?![\d])(?:\.\d+)?|\d+(?:(?:\.|\s+\.\s*|·)\d+|,\d{1,2}(?!\d))?/g;
const fractionPattern = /(\d{1,3})\s?\/\s?(\d{1,3})/y;

/** Every number of a sentence that nothing else has explained, in order. */
export function readNumberTokens(whole: string, coverage: Coverage): NumberToken[] {
  const sentence = withoutCovered(whole, coverage);
  const tokens: NumberToken[] = [];
  const read = new Coverage(sentence.length);
  const add = (token: NumberToken): void => {
    if (!read.isFree(token.start, token.end)) return;
    read.take(token.start, token.end);
    tokens.push(token);
  };
  for (const token of readWordNumbers(sentence)) add({ ...token, script: "english" });
  for (const match of sentence.matchAll(digitPattern)) add(digitToken(sentence, match[0], match.index));
  for (const match of sentence.matchAll(numeralZhPattern)) {
    // 零下 is a minus sign.
    const isSign = match[0] === "零" && sentence.charAt(match.index + 1) === "下";
    if (!isSign) add(chineseToken(sentence, match[0], match.index));
  }
  for (
    let at = sentence.indexOf(unreadableDigit);
    at !== -1;
    at = sentence.indexOf(unreadableDigit, at + 1)
  ) {
    add({ start: at, end: at + 1, value: Number.NaN, decimals: 0, script: "digits" });
  }
  return tokens.sort((left, right) => left.start - right.start);
}

/** What is explained already is blanked, so that no number hides behind its neighbour. */
function withoutCovered(sentence: string, coverage: Coverage): string {
  return Array.from({ length: sentence.length }, (_, at) =>
    coverage.isFree(at, at + 1) ? sentence.charAt(at) : "\u0001",
  ).join("");
}

function digitToken(sentence: string, text: string, start: number): NumberToken {
  fractionPattern.lastIndex = start;
  const fraction = fractionPattern.exec(sentence);
  if (fraction !== null) {
    const value = Number(fraction[1]) / Number(fraction[2]);
    return { start, end: start + fraction[0].length, value, decimals: 2, script: "digits" };
  }
  const end = start + text.length;
  const compact = text.replaceAll(/\s/g, "").replace("·", ".");
  const plain = /,\d{1,2}$/.test(compact) ? compact.replace(",", ".") : compact.replaceAll(",", "");
  const decimals = plain.includes(".") ? plain.length - plain.indexOf(".") - 1 : 0;
  const spoken = /^点(\d+)(?=[度摄°])/.exec(sentence.slice(end, end + 12));
  if (spoken !== null && decimals === 0) {
    const tail = spoken[1] ?? "";
    return {
      start,
      end: end + 1 + tail.length,
      value: Number(`${plain}.${tail}`),
      decimals: tail.length,
      script: "digits",
    };
  }
  const scale = /^\s?([万千亿百])(?!克|米|卡|瓦)/.exec(sentence.slice(end, end + 3));
  const factor =
    scale === null ? 1 : ({ 百: 100, 千: 1000, 万: 10_000, 亿: 100_000_000 }[scale[1] ?? ""] ?? 1);
  return {
    start,
    end: end + (scale?.[0].length ?? 0),
    value: Number(plain) * factor,
    decimals: factor === 1 ? decimals : 0,
    script: "digits",
  };
}

function chineseToken(sentence: string, text: string, start: number): NumberToken {
  // 两 after a number is the weight (三两), read as a unit; 千 before 克 is the unit 千克.
  let run = text;
  if (/^[克米]/.test(sentence.slice(start + run.length)) && run.endsWith("千") && run.length > 1)
    run = run.slice(0, -1);
  if (run.length > 1 && run.endsWith("两")) run = run.slice(0, -1);
  const numeral = readNumeralZh(run);
  return { start, end: start + run.length, ...numeral, script: "chinese" };
}
