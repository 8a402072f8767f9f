import type { Coverage, TimeFinding } from "./finding.ts";
import { readWordNumbers } from "./numerals-en.ts";
import { readNumeralZh } from "./numerals-zh.ts";

const meridiem = "(a\\.?\\s?m\\.?|p\\.?\\s?m\\.?)(?![a-z])";
const zhMeridiem = "(凌晨|清晨|早上|早晨|早间|上午|中午|下午|午后|傍晚|晚上|晚间|夜里|夜间|晚)?\\s?";
const zhNumeral = "[零〇一二两三四五六七八九十]{1,3}";
const hourWords = "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve";
const minuteWords =
  "(?:oh|o)[\\s-](?:one|two|three|four|five|six|seven|eight|nine)|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|(?:twenty|thirty|forty|fifty)(?:[\\s-](?:one|two|three|four|five|six|seven|eight|nine))?";

interface Clock {
  readonly hour: number;
  readonly minute: number;
  readonly second?: number;
  readonly isHalfDay: boolean;
}

interface Form {
  readonly pattern: RegExp;
  read(groups: readonly (string | undefined)[]): Clock | undefined;
}

const form = (source: string, read: Form["read"]): Form => ({ pattern: new RegExp(source, "gi"), read });

const forms: readonly Form[] = [
  form(
    `${zhMeridiem}(?<![\\d:.])(\\d{1,2}):(\\d{2})(?::(\\d{2}))?(?![\\d:])(?:\\s?${meridiem})?`,
    ([zh, h, m, s, en]) => clockOf(zh ?? en, Number(h), Number(m), s === undefined ? undefined : Number(s)),
  ),
  form(`(?<![\\d:.])(\\d{1,2})\\.(\\d{2})\\s?${meridiem}`, ([h, m, en]) => clockOf(en, Number(h), Number(m))),
  form("(?<![\\d:.])(\\d{1,2}) in the (morning|afternoon|evening)", ([h, part]) =>
    clockOf(part, Number(h), 0),
  ),
  form(`(?<![\\d:.])(\\d{1,2})\\s?${meridiem}`, ([h, en]) => clockOf(en, Number(h), 0)),
  form("(?<![\\d:.])(\\d{1,2})h(\\d{2})(?!\\d)", ([h, m]) => clockOf(undefined, Number(h), Number(m))),
  form("(?<![\\d:.])([01]\\d|2[0-3])([0-5]\\d)\\s?(?:hours|hrs)(?![a-z])", ([h, m]) =>
    clockOf(undefined, Number(h), Number(m)),
  ),
  form(
    `${zhMeridiem}(?<![\\d.])(\\d{1,2}|${zhNumeral})\\s?[点时](?:\\s?(\\d{1,2}|${zhNumeral})\\s?分(?!钟)(?:(\\d{1,2}|${zhNumeral})秒)?)`,
    ([zh, h, m, s]) => clockOf(zh, zhNumber(h), zhNumber(m), s === undefined ? undefined : zhNumber(s)),
  ),
  form(`${zhMeridiem}(?<![\\d.])(\\d{1,2}|${zhNumeral})\\s?点(半|一刻|三刻|整|钟)`, ([zh, h, tail]) =>
    clockOf(zh, zhNumber(h), tail === "半" ? 30 : tail === "一刻" ? 15 : tail === "三刻" ? 45 : 0),
  ),
  form(
    `(凌晨|清晨|早上|早晨|早间|上午|中午|下午|午后|傍晚|晚上|晚间|夜里|夜间|晚)\\s?(\\d{1,2}|${zhNumeral})\\s?[点时](\\d{1,2}|${zhNumeral})?(?![度摄°])`,
    ([zh, h, m]) => clockOf(zh, zhNumber(h), m === undefined ? 0 : zhNumber(m)),
  ),
  // The part of the day may already belong to a date: 明天上午|11点.
  form(
    `(?<=(凌晨|清晨|早上|早晨|早间|上午|中午|下午|午后|傍晚|晚上|晚间|夜里|夜间|晚|早))\\s?(\\d{1,2}|${zhNumeral})\\s?[点时](\\d{1,2}|${zhNumeral})?(?:分(?!钟))?(?![度摄°])`,
    ([zh, h, m]) => clockOf(zh, zhNumber(h), m === undefined ? 0 : zhNumber(m)),
  ),
  form("(?<![\\d.])(\\d{1,2})点(\\d{2})(?![\\d度摄°.])", ([h, m]) =>
    clockOf(undefined, Number(h), Number(m)),
  ),
  form("(?<=[日号天])\\s?(\\d{1,2})\\s?[点时](?![\\d间])", ([h]) => clockOf(undefined, Number(h), 0)),
  form(
    `\\b(half|quarter|(?:${minuteWords}|five)(?: minutes)?) (past|to) (${hourWords}|\\d{1,2})(?:\\s?${meridiem})?`,
    (groups) => pastOrTo(groups),
  ),
  form(
    `\\b(${hourWords}|\\d{1,2})\\s?o'?clock(?:\\s?(?:in the )?(morning|afternoon|evening)|\\s?${meridiem})?`,
    ([h, part, en]) => clockOf(en ?? part, hourOf(h), 0),
  ),
  form(`\\b(${hourWords}) (${minuteWords})\\s?${meridiem}`, ([h, m, en]) =>
    clockOf(en, hourOf(h), minuteOf(m)),
  ),
  form(`\\b(${hourWords})\\s?${meridiem}`, ([h, en]) => clockOf(en, hourOf(h), 0)),
  form(
    `\\b((?:${hourWords}|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|twenty)(?:-(?:one|two|three))?)[\\s-]((?:oh|o)[\\s-](?:one|two|three|four|five|six|seven|eight|nine))\\b`,
    ([h, m]) => clockOf(undefined, hourOf(h), minuteOf(m)),
  ),
  form("\\b(noon|midday|midnight)\\b", ([word]) => ({
    hour: word?.toLowerCase() === "midnight" ? 0 : 12,
    minute: 0,
    isHalfDay: false,
  })),
  form("(正午|午夜|零点)(?!几)", ([word]) => ({
    hour: word === "正午" ? 12 : 0,
    minute: 0,
    isHalfDay: false,
  })),
];

const aboutBefore =
  /(?:about|around|approx\.?|approximately|roughly|circa|~|约|大约|大概|将近|接近|nearly|almost)\s*$/i;
const aboutAfter = /^\s*(?:左右|前后|许|-?ish|or so)/i;

export function readTimes(sentence: string, coverage: Coverage): TimeFinding[] {
  const found: TimeFinding[] = [];
  for (const candidate of forms) {
    for (const match of sentence.matchAll(candidate.pattern)) {
      const end = match.index + match[0].trimEnd().length;
      const start = freeStart(match, end, coverage);
      if (start === undefined) continue;
      const clock = candidate.read(match.slice(1));
      if (clock === undefined) continue;
      coverage.take(start, end);
      const before = sentence.slice(Math.max(0, start - 16), start);
      const after = sentence.slice(end, end + 10);
      found.push({
        type: "time",
        start,
        end,
        ...clock,
        isHalfDay: clock.isHalfDay || isSpokenHalfDay(match[0], clock.hour),
        isAbout: aboutBefore.test(before) || aboutAfter.test(after),
        isUtc: /^\s*\(?(?:utc|gmt)(?!\s?[+-])/i.test(after),
      });
    }
  }
  return found;
}

/** Where a time starts; its part of the day may already belong to a date (今天上午|10:12). */
function freeStart(match: RegExpExecArray, end: number, coverage: Coverage): number | undefined {
  const whole = match.index + (match[0].length - match[0].trimStart().length);
  if (coverage.isFree(whole, end)) return whole;
  const figures = match.index + Math.max(0, match[0].search(/[\d零〇一二两三四五六七八九十]/));
  return figures > whole && coverage.isFree(figures, end) ? figures : undefined;
}

/** 两点半 and "two o'clock" leave the half of the day open. */
const isSpokenHalfDay = (text: string, hour: number): boolean =>
  hour <= 12 &&
  /点|o'?clock| past | to /i.test(text) &&
  !/[ap]\.?m|morning|evening|afternoon|[上下中]午|早|晚|凌晨|夜/i.test(text);

function clockOf(half: string | undefined, hour: number, minute: number, second?: number): Clock | undefined {
  if (!(hour >= 0 && hour <= 24 && minute >= 0 && minute < 60)) return undefined;
  const word = half?.replaceAll(/[.\s]/g, "").toLowerCase();
  const tail = second === undefined ? {} : { second };
  if (word === undefined) return { hour: hour % 24, minute, ...tail, isHalfDay: false };
  const isLate = /^(?:pm|afternoon|evening|下午|午后|傍晚|晚|夜)/.test(word) || (word === "中午" && hour < 3);
  if (isLate) return { hour: hour < 12 ? hour + 12 : hour % 24 || 12, minute, ...tail, isHalfDay: false };
  return { hour: hour === 12 && word !== "中午" ? 0 : hour % 24, minute, ...tail, isHalfDay: false };
}

function pastOrTo([minutes, side, hourText, half]: readonly (string | undefined)[]): Clock | undefined {
  const amount = minutes === "half" ? 30 : minutes === "quarter" ? 15 : minuteOf(minutes);
  const hour = hourOf(hourText);
  const base = side?.toLowerCase() === "to" ? hour * 60 - amount : hour * 60 + amount;
  const clock = clockOf(half, Math.floor(base / 60), base % 60);
  return clock === undefined ? undefined : { ...clock, isHalfDay: half === undefined };
}

const hourOf = (text: string | undefined): number =>
  /^\d+$/.test(text ?? "")
    ? Number(text)
    : (readWordNumbers((text ?? "").toLowerCase())[0]?.value ?? Number.NaN);
const minuteOf = (text: string | undefined): number =>
  readWordNumbers((text ?? "").toLowerCase().replace(/^(?:oh|o)[\s-]/, ""))[0]?.value ?? Number.NaN;
const zhNumber = (text: string | undefined): number =>
  /^\d+$/.test(text ?? "") ? Number(text) : readNumeralZh(text ?? "").value;
