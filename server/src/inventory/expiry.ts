// Which goods expire when, by the calendar of the place where they lie. Pure.
import type { VariantStock } from "./stock.ts";

/** Goods that expire within this many days of today are expiring. */
export const expiringDays = 7;
const dayMs = 86_400_000;

/** Units of one variant that share a place's time zone and an expiry date. */
export interface StockShare {
  readonly timeZone: string;
  /** `YYYY-MM-DD`, or null. */
  readonly expiresOn: string | null;
  readonly onHandUnits: number;
  readonly reservedUnits: number;
}

/** Goods are good through the date they carry: they are expired from the next day on. */
export function sumStock(
  shares: readonly StockShare[],
  now: number,
): Omit<VariantStock, "variantId" | "sensedUnits" | "sensedAt"> {
  const sums = { onHandUnits: 0, reservedUnits: 0, expiringUnits: 0, expiredUnits: 0 };
  let nextExpiryOn: string | null = null;
  for (const { timeZone, expiresOn, onHandUnits, reservedUnits } of shares) {
    sums.onHandUnits += onHandUnits;
    sums.reservedUnits += reservedUnits;
    if (expiresOn === null || onHandUnits === 0) continue;
    const today = calendarDate(now, timeZone);
    if (expiresOn < today) {
      sums.expiredUnits += onHandUnits;
      continue;
    }
    if (expiresOn <= daysAfter(today, expiringDays)) sums.expiringUnits += onHandUnits;
    if (nextExpiryOn === null || expiresOn < nextExpiryOn) nextExpiryOn = expiresOn;
  }
  return { ...sums, nextExpiryOn };
}

/** The date that a clock on the wall shows in a time zone: `YYYY-MM-DD`. */
export function calendarDate(at: number, timeZone: string): string {
  const parts = formatFor(timeZone).formatToParts(at);
  const part = (type: Intl.DateTimeFormatPartTypes) =>
    parts.find((found) => found.type === type)?.value ?? "";
  return `${part("year")}-${part("month")}-${part("day")}`;
}

/** Calendar arithmetic knows no clocks, so UTC's days serve every zone. */
export function daysAfter(date: string, days: number): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * dayMs).toISOString().slice(0, 10);
}

// Formats are slow to make; there are as many as there are time zones.
const formats = new Map<string, Intl.DateTimeFormat>();

function formatFor(timeZone: string): Intl.DateTimeFormat {
  const made = formats.get(timeZone);
  if (made !== undefined) return made;
  const calendar = { year: "numeric", month: "2-digit", day: "2-digit" } as const;
  const format = new Intl.DateTimeFormat("en-US", { ...calendar, timeZone });
  formats.set(timeZone, format);
  return format;
}
