import type { BilingualText, Language, Money } from "@waremind/contract";

/** How figures are said in one language and one customer's time zone. Pure: the present is passed in. */
export interface Speech {
  readonly language: Language;
  /** Picks the sentence of the language. */
  say(text: BilingualText): string;
  /** "14:32 on 21 November", "11月21日14:32"; with the year when it is not this year. */
  moment(at: number): string;
  /** "21 November", "11月21日". */
  day(at: number): string;
  /** From `YYYY-MM-DD`. */
  date(isoDate: string): string;
  /** "¥168.00". */
  money(money: Money): string;
  /** "9.8 °C", one decimal, with a true minus sign left to the keyboard's. */
  celsius(degrees: number): string;
  /** A limit as it is set: `4 °C`, `-18 °C`, `2.5 °C`. */
  limit(degrees: number): string;
  /** Whole minutes: "47 minutes", "47 分钟". */
  minutes(minutes: number): string;
  /** Less than a minute ago: its time says enough. */
  isPresent(at: number): boolean;
  /** How long ago: "12 minutes ago", "3 小时前". */
  ago(at: number): string;
  /** Sentences one after another as the language sets them. */
  join(sentences: readonly string[]): string;
  /** "a, b and c", "a、b和c". */
  list(items: readonly string[]): string;
}

const minuteMs = 60_000;
const hourMs = 3_600_000;
const dayMs = 86_400_000;

export function createSpeech(options: {
  readonly language: Language;
  readonly timeZone: string;
  readonly now: number;
}): Speech {
  const { language, timeZone, now } = options;
  const isEnglish = language === "en";
  const yearNow = partsOf(now, timeZone).year;
  const day = (at: number) => {
    const { year, month, day: dayOfMonth } = partsOf(at, timeZone);
    return dayWords(language, year === yearNow ? undefined : year, month, dayOfMonth);
  };
  return {
    language,
    say: (text) => text[language],
    day,
    moment: (at) => {
      const { hour, minute } = partsOf(at, timeZone);
      return isEnglish ? `${hour}:${minute} on ${day(at)}` : `${day(at)}${hour}:${minute}`;
    },
    date: (isoDate) => {
      const [year = "", month = "", dayOfMonth = ""] = isoDate.split("-");
      return dayWords(language, year, month, dayOfMonth);
    },
    money: ({ amountMinor, currency }) => {
      const format = new Intl.NumberFormat("en-US", {
        style: "currency",
        currency,
        currencyDisplay: "narrowSymbol",
      });
      const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
      return format.format(amountMinor / 10 ** digits);
    },
    celsius: (degrees) => `${degrees.toFixed(1).replace(/^-0\.0$/, "0.0")} °C`,
    limit: (degrees) => `${Number(degrees.toFixed(1))} °C`,
    minutes: (minutes) => {
      const whole = Math.round(minutes);
      return isEnglish ? `${whole} ${whole === 1 ? "minute" : "minutes"}` : `${whole} 分钟`;
    },
    isPresent: (at) => now - at < minuteMs,
    ago: (at) => agoWords(language, Math.max(0, now - at)),
    join: (sentences) => joinSentences(sentences, isEnglish),
    list: (items) => {
      const last = items.at(-1) ?? "";
      if (items.length <= 1) return last;
      const head = items.slice(0, -1).join(isEnglish ? ", " : "、");
      return isEnglish ? `${head} and ${last}` : `${head}和${last}`;
    },
  };
}

/** A paragraph break among sentences. */
export const newParagraph = "\n";

function joinSentences(sentences: readonly string[], isEnglish: boolean): string {
  const text = sentences.filter((sentence) => sentence !== "").join(isEnglish ? " " : "");
  const paragraphs = text
    .split(newParagraph)
    .map((paragraph) => paragraph.trim())
    .filter((paragraph) => paragraph !== "");
  return paragraphs
    .map((paragraph) => paragraph.charAt(0).toUpperCase() + paragraph.slice(1))
    .join(newParagraph);
}

const monthNames =
  "January February March April May June July August September October November December".split(" ");

function dayWords(language: Language, year: string | undefined, month: string, day: string): string {
  const plainMonth = Number(month);
  const plainDay = Number(day);
  if (language === "en") {
    return `${plainDay} ${monthNames[plainMonth - 1] ?? month}${year === undefined ? "" : ` ${year}`}`;
  }
  return `${year === undefined ? "" : `${year}年`}${plainMonth}月${plainDay}日`;
}

function agoWords(language: Language, passedMs: number): string {
  const isEnglish = language === "en";
  const words = (count: number, one: string, many: string, chinese: string) =>
    isEnglish ? `${count} ${count === 1 ? one : many} ago` : `${count} ${chinese}前`;
  if (passedMs < hourMs)
    return words(Math.max(1, Math.round(passedMs / minuteMs)), "minute", "minutes", "分钟");
  if (passedMs < 2 * dayMs) return words(Math.round(passedMs / hourMs), "hour", "hours", "小时");
  return words(Math.round(passedMs / dayMs), "day", "days", "天");
}

interface ZonedParts {
  readonly year: string;
  readonly month: string;
  readonly day: string;
  readonly hour: string;
  readonly minute: string;
}

const formats = new Map<string, Intl.DateTimeFormat>();
/** Zones of the world; a bound on the cache all the same. */
const formatsMax = 600;

function partsOf(at: number, timeZone: string): ZonedParts {
  const format = formatOf(timeZone);
  const parts = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]));
  const part = (name: string) => parts[name] ?? "";
  return {
    year: part("year"),
    month: part("month"),
    day: part("day"),
    hour: part("hour"),
    minute: part("minute"),
  };
}

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const existing = formats.get(timeZone);
  if (existing !== undefined) return existing;
  const made = new Intl.DateTimeFormat("en-GB", {
    timeZone,
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
  if (formats.size < formatsMax) formats.set(timeZone, made);
  return made;
}
