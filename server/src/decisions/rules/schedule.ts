// When a rule may raise, on wall clocks: days and minutes of a time zone, through changes to summer time and back.
import type { ScheduleWindow } from "@waremind/contract";

const minuteMs = 60_000;
const quarterMs = 15 * minuteMs;
const dayMs = 86_400_000;
/** A window comes back within a week; a change of the clocks may skip it once. */
const searchDaysMax = 16;
/** A year of days and their quarters around two changes; beyond it what is known is forgotten. */
const knownOffsetsMax = 4_096;

interface Zone {
  readonly formatter: Intl.DateTimeFormat;
  /** Offsets by quarter of an hour, counted from the epoch; and of days without a change, by `day`. */
  readonly ofQuarters: Map<number, number>;
  readonly ofDays: Map<number, number | null>;
}

// Formatters are dear to make; what they answer never changes.
const zones = new Map<string, Zone>();

/** Whether one of the windows is open. Null: always. */
export function isActiveAt(schedule: readonly ScheduleWindow[] | null, at: number): boolean {
  return schedule === null || schedule.some((window) => isOpen(window, at + offsetAt(window.timeZone, at)));
}

/** The first instant from `at` on at which a window is open; null when none opens within two weeks. */
export function nextActiveAt(schedule: readonly ScheduleWindow[] | null, at: number): number | null {
  if (schedule === null) return at;
  let next = at;
  while (next <= at + searchDaysMax * dayMs) {
    if (isActiveAt(schedule, next)) return next;
    next = Math.min(...schedule.map((window) => nextChange(window, next)));
  }
  return null;
}

function isOpen({ days, fromMinute, toMinute }: ScheduleWindow, localMs: number): boolean {
  const day = Math.floor(localMs / dayMs);
  const minute = Math.floor((localMs - day * dayMs) / minuteMs);
  if (fromMinute < toMinute) return days.includes(weekday(day)) && minute >= fromMinute && minute < toMinute;
  return (
    (minute >= fromMinute && days.includes(weekday(day))) ||
    (minute < toMinute && days.includes(weekday(day - 1)))
  );
}

/** Monday 1 to Sunday 7; the epoch's first day was a Thursday. */
function weekday(day: number): number {
  return ((((day + 3) % 7) + 7) % 7) + 1;
}

/** An instant after `at` up to which the window surely stays as it is: its next edge, or where the clocks may change. */
function nextChange({ timeZone, fromMinute, toMinute }: ScheduleWindow, at: number): number {
  const local = at + offsetAt(timeZone, at);
  const dayStart = Math.floor(local / dayMs) * dayMs;
  const edges = [dayStart + fromMinute * minuteMs, dayStart + toMinute * minuteMs, dayStart + dayMs];
  const edge = Math.min(...edges.filter((one) => one > local));
  const utcDay = Math.floor(at / dayMs);
  const isSteady = offsetOfDay(zoneOf(timeZone), utcDay) !== null;
  const sureUntil = isSteady ? (utcDay + 1) * dayMs : (Math.floor(at / quarterMs) + 1) * quarterMs;
  return Math.min(at + (edge - local), sureUntil);
}

/** Milliseconds by which the wall clock is ahead of UTC. Zones change at quarters of an hour, twice a day at most never. */
function offsetAt(timeZone: string, at: number): number {
  const zone = zoneOf(timeZone);
  return offsetOfDay(zone, Math.floor(at / dayMs)) ?? offsetOfQuarter(zone, Math.floor(at / quarterMs));
}

/** The offset of a whole day of UTC; null where it changes within. */
function offsetOfDay(zone: Zone, day: number): number | null {
  const known = zone.ofDays.get(day);
  if (known !== undefined) return known;
  const first = offsetOfQuarter(zone, day * (dayMs / quarterMs));
  const last = offsetOfQuarter(zone, (day + 1) * (dayMs / quarterMs) - 1);
  const offset = first === last ? first : null;
  if (zone.ofDays.size >= knownOffsetsMax) zone.ofDays.clear();
  zone.ofDays.set(day, offset);
  return offset;
}

function offsetOfQuarter(zone: Zone, quarter: number): number {
  const known = zone.ofQuarters.get(quarter);
  if (known !== undefined) return known;
  const at = quarter * quarterMs;
  const parts = new Map(zone.formatter.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
  const part = (name: Intl.DateTimeFormatPartTypes) => parts.get(name) ?? 0;
  const local = Date.UTC(part("year"), part("month") - 1, part("day"), part("hour"), part("minute"));
  if (zone.ofQuarters.size >= knownOffsetsMax) zone.ofQuarters.clear();
  zone.ofQuarters.set(quarter, local - at);
  return local - at;
}

function zoneOf(timeZone: string): Zone {
  const known = zones.get(timeZone);
  if (known !== undefined) return known;
  const formatter = new Intl.DateTimeFormat("en-US", {
    ...{ timeZone, hourCycle: "h23", calendar: "iso8601", numberingSystem: "latn" },
    ...{ year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric" },
  });
  const zone = { formatter, ofQuarters: new Map(), ofDays: new Map() };
  zones.set(timeZone, zone);
  return zone;
}
