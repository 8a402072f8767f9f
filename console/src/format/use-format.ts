import type { BilingualText, Language, Money } from "@waremind/contract";
import { createContext, useContext, useMemo } from "react";
import { useLanguage } from "../i18n/i18n.ts";
import { formatMoney, formatNumber, formatQuantity } from "./quantity.ts";
import { formatAge, formatDate, formatInstant, formatMinutes, type InstantStyle } from "./time.ts";

/** The shop's time zone; the browser's until the shop has answered. */
export const TimeZoneContext = createContext(Intl.DateTimeFormat().resolvedOptions().timeZone);

export interface Format {
  readonly language: Language;
  readonly timeZone: string;
  instant(at: number, style?: InstantStyle): string;
  age(at: number, nowAt: number): string;
  date(date: string): string;
  minutes(minutes: number): string;
  money(money: Money): string;
  number(number: number, decimalsMax?: number): string;
  quantity(number: number, unit: string | null): string;
  /** The side of a bilingual text that the reader reads. */
  text(text: BilingualText): string;
}

export function createFormat(language: Language, timeZone: string): Format {
  return {
    language,
    timeZone,
    instant: (at, style = "day-time") => formatInstant(at, { language, timeZone, style }),
    age: (at, nowAt) => formatAge(at, nowAt, language),
    date: (date) => formatDate(date, language),
    minutes: (minutes) => formatMinutes(minutes, language),
    money: (money) => formatMoney(money, language),
    number: (number, decimalsMax) => formatNumber(number, language, decimalsMax),
    quantity: (number, unit) => formatQuantity(number, unit, language),
    text: (text) => text[language],
  };
}

export function useFormat(): Format {
  const language = useLanguage();
  const timeZone = useContext(TimeZoneContext);
  return useMemo(() => createFormat(language, timeZone), [language, timeZone]);
}
