// Words that turn a number into a comparison, in both languages, before and after the number.
import type { Operator } from "./finding.ts";

const filler =
  "(?:\\s|the|our|its|your|a|an|that|this|safe|permitted|allowed|allowable|maximum|minimum|upper|lower|limit|threshold|of|about|roughly|just|set|product's|required|所?规定的?|允许的?|要求的?|上限|下限|限值|阈值|标准|的|了|过|约|:){0,8}\\s*$";

const before: readonly (readonly [Operator, RegExp])[] = [
  [
    "le",
    "no more than|not more than|no (?:higher|longer|greater|warmer) than|not (?:higher|longer|above|over|exceed(?:ing)?)(?: than)?|at most|maximum of|max\\.?(?=\\s*$)|≤|<=|至多|最多|不(?:得|能|应|可|宜)?(?:超过|高于|大于|多于|长于)",
  ],
  [
    "ge",
    "at least|no less than|not less than|no (?:lower|shorter|fewer) than|not (?:below|under|lower than)|minimum of|≥|>=|至少|不(?:得|能|应|可|宜)?(?:低于|少于|小于)|起码",
  ],
  [
    "gt",
    "(?<![a-z])(?:above|over|exceed(?:s|ed|ing)?|more than|greater than|higher than|longer than|warmer than|hotter than|beyond|in excess of|upwards of)|>|超过|高于|超出|大于|多于|长于|突破|不止|高过|逾",
  ],
  [
    "lt",
    "(?<![a-z])(?:below|under|less than|lower than|fewer than|shorter than|colder than|cooler than|within)|<|低于|少于|小于|短于|不到|不足|未满|未到",
  ],
].map(([operator, source]) => [operator as Operator, new RegExp(`(${source})${filler}`, "i")]);

const after: readonly (readonly [Operator, RegExp])[] = [
  [
    "ge",
    "以上|及以上|或以上|or (?:more|above|higher|longer|over|warmer)(?![a-z])|and (?:above|over|up)(?![a-z])|\\+(?!\\d)|多(?![少次个])|余(?!额)",
  ],
  [
    "le",
    "以下|及以下|或以下|以内|之内|内(?!容|部)|or (?:less|below|lower|under|fewer|shorter|colder)(?![a-z])|and below|at most|tops(?![a-z])|max(?:imum)?(?![a-z])|封顶",
  ],
].map(([operator, source]) => [operator as Operator, new RegExp(`\\s{0,2}(?:${source})`, "iy")]);

const headLengthMax = 60;

/** The comparator before a number and where it starts. */
export function comparatorBefore(
  sentence: string,
  at: number,
): { operator: Operator; start: number } | undefined {
  const from = Math.max(0, at - headLengthMax);
  const head = sentence.slice(from, at);
  for (const [operator, pattern] of before) {
    const match = pattern.exec(head);
    if (match !== null) return { operator, start: from + match.index };
  }
  return undefined;
}

export function comparatorAfter(
  sentence: string,
  at: number,
): { operator: Operator; end: number } | undefined {
  for (const [operator, pattern] of after) {
    pattern.lastIndex = at;
    const match = pattern.exec(sentence);
    if (match !== null) return { operator, end: at + match[0].length };
  }
  return undefined;
}

const aboutBefore =
  /(?:about|around|approximately|approx\.?|roughly|some|nearly|almost|circa|ca\.|close to|just (?:under|over|above|below)|~|≈|约|大约|大概|将近|接近|差不多|近)\s*[¥$€£]?\s*$/i;
const aboutAfter = /^\s{0,2}(?:左右|上下|or so(?![a-z])|-?ish(?![a-z])|出头)/i;

export const isAbout = (sentence: string, start: number, end: number): boolean =>
  aboutBefore.test(sentence.slice(Math.max(0, start - 18), start)) ||
  aboutAfter.test(sentence.slice(end, end + 10));
