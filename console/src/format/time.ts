import type { Language } from "@waremind/contract";
import { languageTags } from "./language-tag.ts";

const secondMs = 1000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

const ageWords: Record<Language, { now: string; second: string; minute: string; hour: string; day: string }> =
  {
    en: { now: "just now", second: " s ago", minute: " min ago", hour: " h ago", day: " d ago" },
    zh: { now: "刚刚", second: " 秒前", minute: " 分钟前", hour: " 小时前", day: " 天前" },
  };

/** How long ago, in one unit: "12 s ago", "3 小时前". Times ahead of the clock read as "just now". */
export function formatAge(at: number, nowAt: number, language: Language): string {
  const words = ageWords[language];
  const age = nowAt - at;
  if (age < 5 * secondMs) return words.now;
  if (age < minuteMs) return `${Math.floor(age / secondMs)}${words.second}`;
  if (age < hourMs) return `${Math.floor(age / minuteMs)}${words.minute}`;
  if (age < 2 * dayMs) return `${Math.floor(age / hourMs)}${words.hour}`;
  return `${Math.floor(age / dayMs)}${words.day}`;
}

/** Minutes as hours and minutes: "1 h 12 min", "1 小时 12 分钟"; under ten minutes with one decimal. */
export function formatMinutes(minutes: number, language: Language): string {
  const hourWord = language === "zh" ? "小时" : "h";
  const minuteWord = language === "zh" ? "分钟" : "min";
  if (Math.abs(minutes) < 10) return `${Number(minutes.toFixed(1))} ${minuteWord}`;
  const whole = Math.round(minutes);
  if (Math.abs(whole) < 60) return `${whole} ${minuteWord}`;
  const hours = Math.trunc(whole / 60);
  const rest = Math.abs(whole % 60);
  return rest === 0 ? `${hours} ${hourWord}` : `${hours} ${hourWord} ${rest} ${minuteWord}`;
}

export type InstantStyle = "time" | "time-seconds" | "day" | "day-time" | "full";

const styles: Record<InstantStyle, Intl.DateTimeFormatOptions> = {
  time: { hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
  "time-seconds": { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" },
  day: { month: "short", day: "numeric" },
  "day-time": { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
  full: {
    year: "numeric",
    month: "short",
    day: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
  },
};

/** One formatter per language, zone and style: building one costs far more than using it. */
const formatters = new Map<string, Intl.DateTimeFormat>();

/** An instant in the shop's time zone. */
export function formatInstant(
  at: number,
  options: { readonly language: Language; readonly timeZone: string; readonly style: InstantStyle },
): string {
  const key = `${options.language}|${options.timeZone}|${options.style}`;
  let formatter = formatters.get(key);
  if (formatter === undefined) {
    formatter = new Intl.DateTimeFormat(languageTags[options.language], {
      ...styles[options.style],
      timeZone: options.timeZone,
    });
    formatters.set(key, formatter);
  }
  return formatter.format(new Date(at));
}

/** A calendar date (`2026-11-24`) that belongs to no time zone. */
export function formatDate(date: string, language: Language): string {
  const at = Date.parse(`${date}T00:00:00Z`);
  if (Number.isNaN(at)) return date;
  return new Intl.DateTimeFormat(languageTags[language], {
    year: "numeric",
    month: "short",
    day: "numeric",
    timeZone: "UTC",
  }).format(new Date(at));
}
