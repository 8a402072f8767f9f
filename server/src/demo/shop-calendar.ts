export const minuteMs = 60_000;
export const hourMs = 60 * minuteMs;
export const dayMs = 24 * hourMs;

/** Days and hours as the shop's own clock shows them; the demo shop's zone has no summer time. */
export interface ShopCalendar {
  /** Midnight that began the day of `at`. */
  dayStart(at: number): number;
  /** 0 is Monday. */
  weekday(at: number): number;
  /** `YYYY-MM-DD`. */
  dateOf(at: number): string;
}

export function shopCalendar(timeZone: string, at: number): ShopCalendar {
  const offsetMs = offsetOf(timeZone, at);
  const dayNumber = (instant: number): number => Math.floor((instant + offsetMs) / dayMs);
  return {
    dayStart: (instant) => dayNumber(instant) * dayMs - offsetMs,
    // 1 January 1970 was a Thursday.
    weekday: (instant) => (((dayNumber(instant) + 3) % 7) + 7) % 7,
    dateOf: (instant) => new Date(instant + offsetMs).toISOString().slice(0, 10),
  };
}

/** Milliseconds that the zone's clock is ahead of UTC at `at`. */
function offsetOf(timeZone: string, at: number): number {
  const parts = new Intl.DateTimeFormat("en-US", {
    timeZone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
  }).formatToParts(at);
  const part = (type: Intl.DateTimeFormatPartTypes): number =>
    Number(parts.find((candidate) => candidate.type === type)?.value);
  const shown = Date.UTC(part("year"), part("month") - 1, part("day"), part("hour"), part("minute"));
  return shown - Math.floor(at / minuteMs) * minuteMs;
}
