import { comparatorAfter, comparatorBefore, isAbout } from "./comparators.ts";
import { countedNounAfter } from "./counted-nouns.ts";
import type { Coverage, Operator, QuantityFinding } from "./finding.ts";
import { type NumberToken, readNumberTokens } from "./number-tokens.ts";
import { directionOf, kindOf } from "./quantity-kind.ts";
import { readSpecialQuantities } from "./read-special-quantities.ts";
import { bare, one, type Unit, unitAfter, unitBefore } from "./units.ts";

/** A number with its sign and unit, before it is joined with its neighbours. */
interface Measured {
  readonly token: NumberToken;
  readonly start: number;
  readonly end: number;
  readonly value: number;
  readonly unit: Unit | undefined;
  readonly noun: readonly string[] | undefined;
}

/** Every remaining number of the sentence becomes a quantity: what has no known unit is a bare number, never dropped. */
export function readQuantities(sentence: string, coverage: Coverage): QuantityFinding[] {
  const special = readSpecialQuantities(sentence, coverage);
  const measured = readNumberTokens(sentence, coverage)
    .filter((token) => !isIndefinite(sentence, token))
    .map((token) => measure(sentence, token));
  const found: QuantityFinding[] = [];
  let index = 0;
  while (index < measured.length) {
    const current = measured[index];
    if (current === undefined) break;
    const step = compoundAt(sentence, measured, index) ?? rangeAt(sentence, measured, index);
    const findings = step?.findings ?? [single(sentence, current)];
    found.push(...findings);
    index += step?.length ?? 1;
    // The zero of "18 below zero" is part of the number before it.
    while ((measured[index]?.token.start ?? sentence.length) < (findings.at(-1)?.end ?? 0)) index += 1;
  }
  for (const finding of found) coverage.take(finding.start, finding.end);
  return [...special, ...found];
}

/** "one of our colleagues", 一个包裹: an article, not a count, unless it is stressed or has a unit of measure. */
function isIndefinite(sentence: string, token: NumberToken): boolean {
  const text = sentence.slice(token.start, token.end).toLowerCase();
  const tail = sentence.slice(token.end, token.end + 12);
  if (text === "半") return unitAfter(sentence, token.end) === undefined;
  if (text === "one") {
    if (/^[\s-](?:and a half)/i.test(tail)) return false;
    return (
      unitAfter(sentence, token.end) === undefined &&
      !/^[\s-](?:parcel|package|shipment|order|item|unit|reading|piece|left|in stock)/i.test(tail)
    );
  }
  if (text !== "一") return false;
  const head = sentence.slice(Math.max(0, token.start - 3), token.start);
  if (/(?:只有|仅有?|仅剩|只剩|剩|共|合计|共计|就|唯)$/.test(head)) return false;
  return !/^\s?(?:天|小时|个小时|分钟|秒|周|个月|年|度|摄|刻钟|元|公斤|千克|克|斤|%|折|点)/.test(tail);
}

function measure(sentence: string, token: NumberToken): Measured {
  const ahead = unitBefore(sentence, token.start);
  const behind = unitAfter(sentence, token.end);
  const isMoneyTwice = ahead?.unit.dimension === "money" && behind?.unit.dimension === "money";
  const unit = ahead?.unit ?? behind?.unit;
  const end =
    ahead === undefined || isMoneyTwice || ahead.unit.dimension === "temperature"
      ? (behind?.end ?? token.end)
      : token.end;
  const start = ahead?.start ?? token.start;
  const sign = signBefore(sentence, start, ahead === undefined ? token.start : start);
  const below =
    /^(?:\s?degrees?)?\s(?:below(?: zero| freezing)?(?=\s(?:zero|freezing)))\s?(?:zero|freezing)/i.exec(
      sentence.slice(end, end + 28),
    );
  const noun = unit === undefined ? countedNounAfter(sentence, token.end) : undefined;
  return {
    token,
    start: sign?.start ?? start,
    end: below === null ? end : end + below[0].length,
    value: sign !== undefined || below !== null ? -token.value : token.value,
    unit: unit ?? (below === null ? undefined : unitAfter("°C", 0)?.unit),
    noun: noun?.properties,
  };
}

/** A minus before a number: "-18", "–18" after a space, "minus 18", 零下十八, 负18. */
function signBefore(sentence: string, start: number, numberStart: number): { start: number } | undefined {
  const head = sentence.slice(Math.max(0, Math.min(start, numberStart) - 12), Math.min(start, numberStart));
  const word = /(?:\b(?:minus|negative)\s|零下\s?(?:摄氏)?|负)\s?$/i.exec(head);
  if (word !== null) return { start: start - word[0].length };
  const dash = /(?:^|[\s(|:,~<>=≤≥到至"']|[一-龥])([-–]\s?)$/.exec(head);
  if (dash === null) return undefined;
  const sign = dash[1] ?? "";
  // A dash between two numbers with spaces on both sides is a range, and one before a space opens a list.
  if (/\s$/.test(sign) || /[\d°CF%]\s*[-–]$/.test(head)) return undefined;
  return { start: start - sign.length };
}

/** "2 h 15 min", 1小时20分, 59块8, 59元5角: one amount. */
function compoundAt(
  sentence: string,
  measured: readonly Measured[],
  index: number,
): { findings: QuantityFinding[]; length: number } | undefined {
  const first = measured[index];
  const second = measured[index + 1];
  if (first?.unit === undefined || second === undefined) return undefined;
  const between = sentence.slice(first.end, second.start);
  const joins = /^(?:\s{0,2}|,?\s(?:and\s)?)$/i.test(between);
  if (!joins) return undefined;
  const isSplitMoney =
    first.unit.label === "CNY" &&
    (second.unit?.label === "CNY"
      ? second.unit.factor < 1
      : second.unit === undefined &&
        second.noun === undefined &&
        between === "" &&
        second.token.value < 10 &&
        second.token.decimals === 0);
  const isSplitTime =
    first.unit.dimension === "duration" &&
    second.unit?.dimension === "duration" &&
    second.unit.factor < first.unit.factor;
  if (!isSplitMoney && !isSplitTime) return undefined;
  const secondFactor = second.unit?.factor ?? 0.1;
  const unit = isSplitTime && second.unit !== undefined ? second.unit : first.unit;
  const value = (first.value * first.unit.factor + second.value * secondFactor) / unit.factor;
  const whole: Measured = { ...first, end: second.end, unit, value };
  const finding = single(sentence, whole, isSplitMoney ? 2 : second.token.decimals);
  return { findings: [finding], length: 2 };
}

/** "0–4 °C", "between 2 and 8 °C", 2到8度: two bounds that share a unit. */
function rangeAt(
  sentence: string,
  measured: readonly Measured[],
  index: number,
): { findings: QuantityFinding[]; length: number } | undefined {
  const first = measured[index];
  const second = measured[index + 1];
  if (first === undefined || second === undefined) return undefined;
  const between = sentence.slice(first.end, second.start);
  const isBetween = /(?:\bbetween|\bfrom|介于|在)\s*$/i.test(
    sentence.slice(Math.max(0, first.start - 10), first.start),
  );
  const joins =
    /^\s*(?:[-–~]|to|through|到|至)\s*$/i.test(between) ||
    (isBetween && /^\s*(?:and|与|和|跟)\s*$/i.test(between));
  if (!joins) return undefined;
  const unit = second.unit ?? first.unit;
  const noun = second.noun ?? first.noun;
  if (
    first.unit !== undefined &&
    second.unit !== undefined &&
    first.unit.dimension !== second.unit.dimension
  ) {
    return undefined;
  }
  const low = Math.min(first.value, second.value);
  const high = Math.max(first.value, second.value);
  const bound = (one: Measured): QuantityFinding => {
    const shared: Measured = { ...one, unit: one.unit ?? unit, noun };
    const finding = single(sentence, shared, undefined, true);
    return { ...finding, range: { low, high, role: one.value === low ? "low" : "high" } };
  };
  return { findings: [bound(first), bound(second)], length: 2 };
}

function single(sentence: string, measured: Measured, decimals?: number, isBound = false): QuantityFinding {
  const unit = measured.unit ?? (measured.noun === undefined ? bare : one);
  const fromNow = directionOf(sentence, measured, unit);
  const comparison = isBound || fromNow !== undefined ? undefined : comparisonAround(sentence, measured);
  return {
    type: "quantity",
    kind: comparison === undefined ? kindOf(unit) : "comparison",
    start: comparison?.start ?? measured.start,
    end: comparison?.end ?? measured.end,
    value: measured.value,
    decimals: decimals ?? measured.token.decimals,
    unit,
    isAbout: isAbout(sentence, measured.start, measured.end),
    isDifference: isDifference(sentence, measured, unit),
    ...(comparison === undefined ? {} : { operator: comparison.operator }),
    ...(measured.noun === undefined ? {} : { counts: measured.noun }),
    ...(fromNow === undefined ? {} : { fromNow }),
  };
}

function comparisonAround(
  sentence: string,
  { start, end }: Measured,
): { operator: Operator; start: number; end: number } | undefined {
  const ahead = comparatorBefore(sentence, start);
  if (ahead !== undefined) return { ...ahead, end };
  const behind = comparatorAfter(sentence, end);
  return behind === undefined ? undefined : { ...behind, start };
}

/** "3.8 °C above the limit", 高出上限3.8度: a difference that a text works out by itself. */
function isDifference(sentence: string, measured: Measured, unit: Unit): boolean {
  if (unit.dimension !== "temperature") return false;
  const after = sentence.slice(measured.end, measured.end + 24);
  const before = sentence.slice(Math.max(0, measured.start - 10), measured.start);
  return (
    /^\s(?:above|below|over|under|warmer|colder|higher|lower|too (?:warm|hot|cold)|more|less)(?![a-z])(?!\s(?:zero|freezing))/i.test(
      after,
    ) || /(?:高出|超出了?|高了|低了|升高了?|上升了?|下降了?|by)\s?(?:约|大约|about)?\s?$/i.test(before)
  );
}
