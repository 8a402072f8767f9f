import type { Coverage, DateFinding, DateReading, TimeFinding } from "./finding.ts";
import { readNumeralZh } from "./numerals-zh.ts";
import { readTimes } from "./read-times.ts";

const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const month =
  "(january|february|march|april|may|june|july|august|september|october|november|december|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)(?![a-z])\\.?";
const weekday =
  "(monday|tuesday|wednesday|thursday|friday|saturday|sunday|mon|tues?|wed|thur?s?|fri|sat|sun)(?![a-z])\\.?";
const fullWeekday = "(monday|tuesday|wednesday|thursday|friday|saturday|sunday)s?(?![a-z])";
const weekdays = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const day = "(\\d{1,2})(?:st|nd|rd|th)?(?![\\d.:%°]\\d|\\d|\\s?(?:°|%|:\\d))";
const leadingWeekday = `(?:${weekday},?\\s+(?:the\\s+)?)?`;
const zhDigit = "[零〇一二三四五六七八九十廿]";
const zhDay = `(\\d{1,2}|${zhDigit}{1,3})\\s?[日号]`;
const zhWeekday = "(?:\\s?[(]?(?:周|星期|礼拜)([一二三四五六日天])[)]?)?";

interface Form {
  readonly pattern: RegExp;
  read(match: RegExpExecArray): readonly DateReading[];
}

const form = (
  source: string,
  read: (groups: readonly (string | undefined)[]) => readonly DateReading[],
): Form => ({
  pattern: new RegExp(source, "gi"),
  read: (match) => read(match.slice(1)),
});

const forms: readonly Form[] = [
  form("(?<![\\d.])(\\d{4})[-–/.](\\d{1,2})[-–/.](\\d{1,2})(?!\\d)", ([y, m, d]) => [
    { year: Number(y), month: Number(m), day: Number(d) },
  ]),
  form(
    `(?:(\\d{4}|[零〇一二三四五六七八九]{4})\\s?年\\s?)?(\\d{1,2}|${zhDigit}{1,3})\\s?月\\s?${zhDay}${zhWeekday}`,
    ([y, m, d, w]) => [dateOf(zhNumber(y), zhNumber(m), zhNumber(d), zhWeekdayOf(w))],
  ),
  form(`${leadingWeekday}${month}\\s+(?:the\\s+)?${day}(?:,?\\s+(\\d{4})(?!\\d))?`, ([w, m, d, y]) => [
    dateOf(numberOf(y), monthOf(m), numberOf(d), weekdayOf(w)),
  ]),
  form(
    `${leadingWeekday}(?<![\\d.:])${day}\\s+(?:of\\s+)?${month}(?:,?\\s+(\\d{4})(?!\\d))?`,
    ([w, d, m, y]) => [dateOf(numberOf(y), monthOf(m), numberOf(d), weekdayOf(w))],
  ),
  form("(?<![\\d./])(\\d{1,2})/(\\d{1,2})/(\\d{4}|\\d{2})(?![\\d/])", ([a, b, y]) => {
    const year = Number(y) < 100 ? 2000 + Number(y) : Number(y);
    return [
      { year, month: Number(a), day: Number(b) },
      { year, month: Number(b), day: Number(a) },
    ];
  }),
  form("(?<![\\d./])(\\d{1,2})/(\\d{1,2})(?![\\d/])", ([a, b]) => [
    { month: Number(a), day: Number(b) },
    { month: Number(b), day: Number(a) },
  ]),
  form(`(?:(\\d{4})\\s?年\\s?)(\\d{1,2}|${zhDigit}{1,3})\\s?月(?:份|底|初|中旬)?`, ([y, m]) => [
    dateOf(zhNumber(y), zhNumber(m), undefined, undefined),
  ]),
  form(`(?<![\\d第])(\\d{1,2}|${zhDigit}{1,3})\\s?月(?:份|底|初|中旬)?(?![\\d日号])`, ([m]) => [
    dateOf(undefined, zhNumber(m), undefined, undefined),
  ]),
  form(`(?<![\\d第.])${zhDay}(?![线码楼店机召])`, ([d]) => [
    dateOf(undefined, undefined, zhNumber(d), undefined),
  ]),
  form(`\\b(?:in|since|until|by|of|early|late|mid)[\\s-]${month}(?:\\s+(\\d{4})(?!\\d))?`, ([m, y]) => [
    dateOf(numberOf(y), monthOf(m), undefined, undefined),
  ]),
  form(`\\bthe\\s+(\\d{1,2})(?:st|nd|rd|th)\\b`, ([d]) => [
    dateOf(undefined, undefined, numberOf(d), undefined),
  ]),
  form("(上上|上|下下|下|本|这|这个|上个|下个)?(?:周|星期|礼拜)([一二三四五六日天])(?!顿)", ([prefix, w]) => [
    weekOf(prefix, zhWeekdayOf(w)),
  ]),
  form(
    `\\b(?:(next|last|this|coming|past)\\s+)?${fullWeekday}(?: (morning|afternoon|evening|night))?`,
    ([prefix, w, part]) => {
      const hours = hoursOf(part);
      const weekday = { ...weekOf(undefined, weekdayOf(w)), ...(hours === undefined ? {} : { hours }) };
      const week = { next: 1, last: -1, past: -1 }[prefix?.toLowerCase() ?? ""];
      // "next Wednesday" is the coming one to some and the one of next week to others.
      return week === undefined ? [weekday] : [weekday, { ...weekday, weekOffset: week }];
    },
  ),
];

const relative: readonly (readonly [string, DateReading])[] = [
  ["(?:the )?day after tomorrow", { dayOffset: 2 }],
  ["(?:the )?day before yesterday", { dayOffset: -2 }],
  ["(?:tomorrow|tmr|tmrw)(?:'s)? morning", { dayOffset: 1, hours: [4, 12] }],
  ["tomorrow afternoon", { dayOffset: 1, hours: [12, 19] }],
  ["tomorrow (?:evening|night)", { dayOffset: 1, hours: [16, 24] }],
  ["yesterday morning", { dayOffset: -1, hours: [4, 12] }],
  ["yesterday afternoon", { dayOffset: -1, hours: [12, 19] }],
  ["yesterday evening", { dayOffset: -1, hours: [16, 24] }],
  ["last night", { dayOffset: -1, hours: [17, 24] }],
  ["(?:this|today's) morning", { dayOffset: 0, hours: [4, 12] }],
  ["(?:this|today's) afternoon", { dayOffset: 0, hours: [12, 19] }],
  ["(?:this evening|tonight)", { dayOffset: 0, hours: [16, 24] }],
  ["(?:tomorrow|tmr|tmrw|the next day)(?![a-z])", { dayOffset: 1 }],
  ["yesterday(?![a-z])", { dayOffset: -1 }],
  ["today(?![a-z])", { dayOffset: 0 }],
];

const relativeZh: readonly (readonly [string, number])[] = [
  ["大后天", 3],
  ["大前天", -3],
  ["后天", 2],
  ["前天", -2],
  ["明[天日]?", 1],
  ["次日|翌日|第二天|隔天", 1],
  ["昨[天日]?", -1],
  ["今[天日]?|当[天日]", 0],
];

const partsZh: readonly (readonly [string, readonly [number, number]])[] = [
  ["凌晨", [0, 6]],
  ["早上|早晨|清晨|早|上午", [4, 12]],
  ["中午", [11, 14]],
  ["下午|午后", [12, 19]],
  ["傍晚", [16, 20]],
  ["晚上|晚间|夜里|夜间|晚|夜", [16, 24]],
];

const relativeForms: readonly Form[] = relative.map(([source, reading]) =>
  form(`\\b${source}`, () => [reading]),
);
const relativeZhForms: readonly Form[] = relativeZh.map(([source, dayOffset]) => {
  // A single 明, 昨 or 今 is a day only with its part: 明早, 昨晚.
  const parts = partsZh.map(([part]) => part).join("|");
  return form(`(${source})(?!白|显|确|后|年|细|朗|亮|智)(${parts})?`, ([name = "", part]) => {
    const hours = partsZh.find(([known]) => part !== undefined && known.split("|").includes(part))?.[1];
    if (name.length === 1 && hours === undefined) return [];
    return [{ dayOffset, ...(hours === undefined ? {} : { hours }) }];
  });
});

/** Dates and times of day, in that order; what they cover is no longer read as plain numbers. */
export function readDates(sentence: string, coverage: Coverage): (DateFinding | TimeFinding)[] {
  const found: (DateFinding | TimeFinding)[] = [];
  for (const candidate of [...forms, ...relativeForms, ...relativeZhForms]) {
    for (const match of sentence.matchAll(candidate.pattern)) {
      const start = match.index;
      const end = start + match[0].trimEnd().length;
      if (!coverage.isFree(start, end)) continue;
      const readings = candidate.read(match as unknown as RegExpExecArray).filter(isPossible);
      if (readings.length === 0) continue;
      coverage.take(start, end);
      found.push({ type: "date", start, end, readings });
    }
  }
  return [...found, ...readTimes(sentence, coverage)];
}

function isPossible(reading: DateReading): boolean {
  const { month: m = 1, day: d = 1 } = reading;
  return m >= 1 && m <= 12 && d >= 1 && d <= 31;
}

function dateOf(
  year: number | undefined,
  monthNumber: number | undefined,
  dayNumber: number | undefined,
  weekdayNumber: number | undefined,
): DateReading {
  return {
    ...(year === undefined ? {} : { year }),
    ...(monthNumber === undefined ? {} : { month: monthNumber }),
    ...(dayNumber === undefined ? {} : { day: dayNumber }),
    ...(weekdayNumber === undefined ? {} : { weekday: weekdayNumber }),
  };
}

function weekOf(prefix: string | undefined, weekdayNumber: number | undefined): DateReading {
  const named = prefix?.toLowerCase() ?? "";
  const weekday = weekdayNumber === undefined ? {} : { weekday: weekdayNumber };
  if (named.startsWith("上上")) return { ...weekday, weekOffset: -2 };
  if (named.startsWith("下下")) return { ...weekday, weekOffset: 2 };
  if (named.startsWith("上")) return { ...weekday, weekOffset: -1 };
  if (named.startsWith("下")) return { ...weekday, weekOffset: 1 };
  if (named.startsWith("本") || named.startsWith("这")) return { ...weekday, weekOffset: 0 };
  return weekday;
}

const hoursOf = (part: string | undefined): readonly [number, number] | undefined => {
  if (part === undefined) return undefined;
  const name = part.toLowerCase();
  return name === "morning" ? [4, 12] : name === "afternoon" ? [12, 19] : [16, 24];
};

const numberOf = (text: string | undefined): number | undefined =>
  text === undefined ? undefined : Number(text);
const zhNumber = (text: string | undefined): number | undefined => {
  if (text === undefined) return undefined;
  return /^\d+$/.test(text) ? Number(text) : readNumeralZh(text).value;
};
const monthOf = (text: string | undefined): number | undefined =>
  text === undefined ? undefined : months.indexOf(text.slice(0, 3).toLowerCase()) + 1;
const weekdayOf = (text: string | undefined): number | undefined =>
  text === undefined ? undefined : weekdays.indexOf(text.slice(0, 3).toLowerCase()) + 1;
const zhWeekdayOf = (text: string | undefined): number | undefined => {
  if (text === undefined) return undefined;
  return text === "日" || text === "天" ? 7 : "一二三四五六".indexOf(text) + 1;
};
