// Numbers that are not written as a number and a unit: half an hour, 一个半小时, 8.5折, half off, twice, a few minutes.
import { comparatorBefore, isAbout } from "./comparators.ts";
import type { Coverage, QuantityFinding } from "./finding.ts";
import { readNumeralZh } from "./numerals-zh.ts";
import { directionOf, kindOf } from "./quantity-kind.ts";
import { bare, percent, type Unit, unitAfter } from "./units.ts";

interface Special {
  readonly pattern: RegExp;
  read(groups: readonly (string | undefined)[]): { value: number; decimals: number; unit: Unit } | undefined;
}

const timeEnglish = "(hours?|minutes?|days?|weeks?|months?|seconds?|years?)";
const timeChinese = "(小时|钟头|天|年|个月|分钟|周|个星期)";
const numeral = "([0-9]{1,3}|[一二两三四五六七八九十]{1,3})";
const special = (source: string, read: Special["read"]): Special => ({
  pattern: new RegExp(source, "gi"),
  read,
});
const amount = (value: number, unitText: string | undefined, decimals = 1) => {
  const unit = unitAfter(unitText ?? "", 0)?.unit;
  return unit === undefined ? undefined : { value, decimals, unit };
};

const specials: readonly Special[] = [
  special(`\\b(?:an?|one) ${timeEnglish} and a half\\b`, ([unit]) => amount(1.5, unit)),
  special(`\\bhalf (?:an?|of an?) ${timeEnglish}`, ([unit]) => amount(0.5, unit)),
  special(`\\bhalf[- ]${timeEnglish}`, ([unit]) => amount(0.5, unit)),
  special(`\\bthree[- ]quarters of an? ${timeEnglish}`, ([unit]) => amount(0.75, unit, 2)),
  special(`\\b(?:a )?quarter of an? ${timeEnglish}`, ([unit]) => amount(0.25, unit, 2)),
  special(`${numeral}个?半${timeChinese}`, ([whole, unit]) => amount(zhNumber(whole) + 0.5, unit)),
  special(`${numeral}(?:个小时|个钟头|小时|天|年|个月|周)半`, (groups) =>
    amount(zhNumber(groups[0]) + 0.5, "小时"),
  ),
  special(`半(?:个)?${timeChinese}`, ([unit]) => amount(0.5, unit)),
  special("([0-9](?:\\.[0-9])?|[0-9]{2}|[一二三四五六七八九]{1,2})\\s?折(?!扣|叠)", ([text = ""]) => {
    const digits = /^[0-9.]+$/.test(text)
      ? Number(text)
      : Array.from(text, zhNumber).reduce((sum, digit) => sum * 10 + digit, 0);
    return { value: 100 - (digits > 10 ? digits : digits * 10), decimals: 0, unit: percent };
  }),
  special("\\bhalf (?:off|price|the price)\\b|半价|对折|一半(?!以上)|五成", () => ({
    value: 50,
    decimals: 0,
    unit: percent,
  })),
  special("([一二两三四五六七八九])成(?!功|为|分|立|本|都|熟|交|员)", ([text]) => ({
    value: zhNumber(text) * 10,
    decimals: 0,
    unit: percent,
  })),
  special("百分之百|百分百|\\b(?:a |one )?hundred per ?cent\\b", () => ({
    value: 100,
    decimals: 0,
    unit: percent,
  })),
  // Multiples are arithmetic of the text itself.
  special("\\b(?:twice|doubled?(?![- ]check)|thrice|tripled?|halved)\\b|[两三几]倍|翻倍|翻番|减半", () => ({
    value: Number.NaN,
    decimals: 0,
    unit: bare,
  })),
  special(
    "\\b(?:half|most|a third|two[- ]thirds|three[- ]quarters|a quarter) of (?:your|the|all|our|these|those)\\b|大部分|多数|大多数",
    () => ({ value: Number.NaN, decimals: 0, unit: bare }),
  ),
];

/** "an hour ago", "within a day": an article that counts, because the word before or after makes it a length of time. */
const articlePattern = new RegExp(
  `(?:(?:for|within|in|after|about|around|nearly|almost|over|under|than|roughly|approximately|just) )(an?) ${timeEnglish}\\b|\\b(an?) ${timeEnglish} (?:ago|later|earlier|from now|or so|or two)\\b`,
  "gi",
);

/** Vague amounts hold a number that nobody can check. */
const vaguePattern =
  /\b(?:a )?(?:few|several|couple of|handful of|couple) (?:more )?(hours?|minutes?|days?|weeks?|months?|degrees?|readings?|parcels?|packages?|orders?|items?|units?)\b|\bdozens of\b|\bhundreds of\b|\bthousands of\b|\bscores of\b|(?:好?几|数)(?:个|十|百|千)?(?:小时|分钟|天|度|周|个月|元|块|件|个包裹|个订单|条读数)/gi;

export function readSpecialQuantities(sentence: string, coverage: Coverage): QuantityFinding[] {
  const found: QuantityFinding[] = [];
  const add = (
    start: number,
    end: number,
    reading: { value: number; decimals: number; unit: Unit },
  ): void => {
    if (!coverage.isFree(start, end)) return;
    coverage.take(start, end);
    found.push(finding(sentence, start, end, reading));
  };
  for (const candidate of specials) {
    for (const match of sentence.matchAll(candidate.pattern)) {
      const reading = candidate.read(match.slice(1));
      if (reading !== undefined) add(match.index, match.index + match[0].length, reading);
    }
  }
  for (const match of sentence.matchAll(articlePattern)) {
    const unitText = match[2] ?? match[4];
    const reading = amount(1, unitText, 0);
    const from = match.index + match[0].search(/\ban? (?=[a-z]+)/i);
    if (reading !== undefined) add(from, from + `${match[1] ?? match[3]} ${unitText}`.length, reading);
  }
  for (const match of sentence.matchAll(vaguePattern)) {
    add(match.index, match.index + match[0].length, { value: Number.NaN, decimals: 0, unit: bare });
  }
  return found;
}

function finding(
  sentence: string,
  start: number,
  end: number,
  reading: { value: number; decimals: number; unit: Unit },
): QuantityFinding {
  const fromNow = directionOf(sentence, { start, end }, reading.unit);
  const comparator = fromNow === undefined ? comparatorBefore(sentence, start) : undefined;
  return {
    type: "quantity",
    kind: comparator === undefined ? kindOf(reading.unit) : "comparison",
    start: comparator?.start ?? start,
    end,
    ...reading,
    isAbout: isAbout(sentence, start, end),
    isDifference: false,
    ...(comparator === undefined ? {} : { operator: comparator.operator }),
    ...(fromNow === undefined ? {} : { fromNow }),
  };
}

const zhNumber = (text: string | undefined): number =>
  /^\d+$/.test(text ?? "") ? Number(text) : readNumeralZh(text ?? "").value;
