import type { Language, Money } from "@waremind/contract";
import { languageTags } from "./language-tag.ts";
import { formatMinutes } from "./time.ts";

/** UCUM codes as people write them; a code that is not here is shown as it is. */
const unitSigns: Record<string, Record<Language, string>> = {
  Cel: { en: "°C", zh: "°C" },
  K: { en: "K", zh: "K" },
  "[degF]": { en: "°F", zh: "°F" },
  "%": { en: "%", zh: "%" },
  g: { en: "g", zh: "克" },
  kg: { en: "kg", zh: "千克" },
  km: { en: "km", zh: "公里" },
  s: { en: "s", zh: "秒" },
  h: { en: "h", zh: "小时" },
  d: { en: "d", zh: "天" },
  V: { en: "V", zh: "V" },
  mV: { en: "mV", zh: "mV" },
  A: { en: "A", zh: "A" },
  mA: { en: "mA", zh: "mA" },
  W: { en: "W", zh: "W" },
  "kW.h": { en: "kWh", zh: "千瓦时" },
  Hz: { en: "Hz", zh: "赫兹" },
  lx: { en: "lx", zh: "lx" },
  Pa: { en: "Pa", zh: "Pa" },
  hPa: { en: "hPa", zh: "hPa" },
  bar: { en: "bar", zh: "巴" },
  L: { en: "L", zh: "升" },
  m: { en: "m", zh: "米" },
  cm: { en: "cm", zh: "厘米" },
  mm: { en: "mm", zh: "毫米" },
  "m/s": { en: "m/s", zh: "米/秒" },
  "km/h": { en: "km/h", zh: "公里/小时" },
  deg: { en: "°", zh: "°" },
  "[ppm]": { en: "ppm", zh: "ppm" },
  "dB[mW]": { en: "dBm", zh: "dBm" },
};

/** A true minus sign: a hyphen is too short to be seen before a temperature. */
function withMinus(text: string): string {
  return text.replace("-", "−");
}

export function formatNumber(number: number, language: Language, decimalsMax = 2): string {
  return withMinus(
    new Intl.NumberFormat(languageTags[language], { maximumFractionDigits: decimalsMax }).format(number),
  );
}

/** A temperature with a fixed number of decimals, so that columns of them align. */
export function formatCelsius(celsius: number, decimals = 1): string {
  return `${withMinus(celsius.toFixed(decimals))} °C`;
}

/** A number with its unit: `(4.97, "Cel")` → "4.97 °C", `(72, "min")` → "1 h 12 min", `(3, "1")` → "3". */
export function formatQuantity(number: number, unit: string | null, language: Language): string {
  if (unit === "min") return formatMinutes(number, language);
  const text = formatNumber(number, language);
  if (unit === null || unit === "" || unit === "1") return text;
  const sign = unitSign(unit, language);
  return sign === "%" ? `${text}%` : `${text} ${sign}`;
}

/** A UCUM code as people write it: `("Cel", "en")` → "°C". */
export function unitSign(unit: string, language: Language): string {
  return unitSigns[unit]?.[language] ?? unit;
}

/** Money with as many decimals as its currency has: ¥59.00, €12.50, JP¥500. */
export function formatMoney(money: Money, language: Language): string {
  const formatter = new Intl.NumberFormat(languageTags[language], {
    style: "currency",
    currency: money.currency,
    currencyDisplay: "narrowSymbol",
  });
  const digits = formatter.resolvedOptions().maximumFractionDigits ?? 2;
  return withMinus(formatter.format(money.amountMinor / 10 ** digits));
}
