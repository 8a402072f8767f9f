import type { Fact } from "@waremind/contract";
import { type Bench, isInScope, type Moment, type Scope } from "./bench.ts";
import type { DateFinding, DateReading, TimeFinding } from "./finding.ts";
import { dayNumberOf, type LocalTime, weekNumberOf } from "./local-time.ts";
import { refused, supportedBy, type Verdict } from "./verdict.ts";

/** A date and a time that stand together name one moment. */
export interface MomentGroup {
  readonly start: number;
  readonly end: number;
  readonly findings: readonly (DateFinding | TimeFinding)[];
}

const joint =
  /^(?:\s|,|\(|\)|at|around|about|by|on|(?:in the )?(?:morning|afternoon|evening|night)|the|of|的|约|大约|大概|于|在|上|~|周[一二三四五六日天])*$/i;
const jointLengthMax = 16;

export function groupMoments(
  sentence: string,
  findings: readonly (DateFinding | TimeFinding)[],
): MomentGroup[] {
  const groups: { start: number; end: number; findings: (DateFinding | TimeFinding)[] }[] = [];
  for (const finding of [...findings].sort((left, right) => left.start - right.start)) {
    const last = groups.at(-1);
    const between = last === undefined ? "" : sentence.slice(last.end, finding.start);
    const isNew = last?.findings.every(
      (known) => known.type !== finding.type || isWeekdayOnly(known) || isWeekdayOnly(finding),
    );
    if (last !== undefined && isNew === true && between.length <= jointLengthMax && joint.test(between)) {
      last.findings.push(finding);
      last.end = finding.end;
    } else groups.push({ start: finding.start, end: finding.end, findings: [finding] });
  }
  return groups;
}

/** "Monday (2 March)" and "tomorrow, Tuesday" name one day twice. */
const isWeekdayOnly = (finding: DateFinding | TimeFinding): boolean =>
  finding.type === "date" &&
  finding.readings.every(
    ({ month, day, year }) => month === undefined && day === undefined && year === undefined,
  );

export interface MomentContext {
  readonly bench: Bench;
  readonly scope: Scope;
  readonly cue: readonly string[] | undefined;
  /** The facts of a value that the moment stands beside: it must be the time of one of them. */
  readonly reading: readonly Fact[] | undefined;
}

/** Dates and times are read in the customer's time zone and must be one fact's moment together. */
export function judgeMoments(group: MomentGroup, { bench, scope, cue, reading }: MomentContext): Verdict {
  const pool = bench.moments.filter(({ fact }) => isInScope(fact, scope));
  const fitting =
    reading === undefined
      ? pool.filter(({ property }) => cue === undefined || cue.includes(property))
      : pool.filter(({ fact, at }) => reading.includes(fact) && at === fact.observedAt);
  const today = bench.local(bench.now);
  const matches = fitting.filter((moment) =>
    group.findings.every((finding) => fits(finding, group, moment, bench, today)),
  );
  if (matches.length > 0) return supportedBy([...new Set(matches.map(({ fact }) => fact))]);
  const nearest = fitting.find(({ fact }) => fact.value.type === "instant") ?? fitting[0] ?? pool[0];
  return refused(fitting.length > 0 ? "differs" : "no-fact", nearest?.fact);
}

function fits(
  finding: DateFinding | TimeFinding,
  group: MomentGroup,
  moment: Moment,
  bench: Bench,
  today: LocalTime,
): boolean {
  if (finding.type === "time") {
    if (moment.date !== undefined) return false;
    return fitsTime(finding, moment, bench, isLatePart(group));
  }
  const local = moment.date === undefined ? bench.local(moment.at) : dateOnly(moment.date);
  const hasTime = group.findings.some((other) => other.type === "time");
  return finding.readings.some((reading) =>
    fitsDate(reading, local, today, moment.date === undefined && !hasTime),
  );
}

const isLatePart = (group: MomentGroup): boolean =>
  group.findings.some(
    (finding) => finding.type === "date" && finding.readings.some(({ hours }) => (hours?.[0] ?? 0) >= 12),
  );

const aboutMinutes = 20;
const roundMinutes = 5;
const dayMinutes = 1440;

function fitsTime(finding: TimeFinding, moment: Moment, bench: Bench, isLate: boolean): boolean {
  const local = finding.isUtc ? utcTime(moment.at) : bench.local(moment.at);
  if (finding.second !== undefined && finding.second !== local.second && !finding.isAbout) return false;
  const actual = local.hour * 60 + local.minute;
  const said = finding.hour * 60 + finding.minute;
  const readings = [
    said,
    ...((finding.isHalfDay || isLate) && finding.hour <= 12 ? [(said + 720) % dayMinutes] : []),
  ];
  // "around 11:00" is loose; "around 11:03" is as exact as it looks.
  const tolerance = finding.isAbout && finding.minute % roundMinutes === 0 ? aboutMinutes : 0;
  // A time shown to the minute may be cut or rounded.
  const rounded = local.second >= 30 && finding.second === undefined ? (actual + 1) % dayMinutes : actual;
  return readings.some((minute) => distance(minute, actual) <= tolerance || minute === rounded);
}

function distance(left: number, right: number): number {
  const difference = Math.abs(left - right);
  return Math.min(difference, dayMinutes - difference);
}

const nearDaysMax = 300;
const weekdayDaysMax = 7;

function fitsDate(reading: DateReading, local: LocalTime, today: LocalTime, checksHours: boolean): boolean {
  const offset = local.dayNumber - today.dayNumber;
  const weeks = weekNumberOf(local.dayNumber) - weekNumberOf(today.dayNumber);
  const isSame = (said: number | undefined, actual: number): boolean => said === undefined || said === actual;
  const fitsCalendar =
    isSame(reading.year, local.year) &&
    isSame(reading.month, local.month) &&
    isSame(reading.day, local.day) &&
    isSame(reading.weekday, local.weekday) &&
    isSame(reading.dayOffset, offset) &&
    isSame(reading.weekOffset, weeks);
  if (!fitsCalendar) return false;
  const [from, to] = reading.hours ?? [0, 24];
  if (checksHours && (local.hour < from || local.hour >= to)) return false;
  return isNearEnough(reading, offset);
}

/** A date without a year, or a bare weekday, means the nearest one. */
function isNearEnough(reading: DateReading, offset: number): boolean {
  if (reading.dayOffset !== undefined || reading.year !== undefined || reading.weekOffset !== undefined)
    return true;
  const isWeekdayAlone = reading.month === undefined && reading.day === undefined;
  return Math.abs(offset) <= (isWeekdayAlone ? weekdayDaysMax : nearDaysMax);
}

function dateOnly(date: string): LocalTime {
  const [year = 1970, month = 1, day = 1] = date.split("-").map(Number);
  const dayNumber = dayNumberOf(year, month, day);
  return {
    year,
    month,
    day,
    hour: 0,
    minute: 0,
    second: 0,
    weekday: ((((dayNumber + 3) % 7) + 7) % 7) + 1,
    dayNumber,
  };
}

function utcTime(at: number): LocalTime {
  const date = new Date(at);
  const day = { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() };
  return {
    ...day,
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
    weekday: date.getUTCDay() || 7,
    dayNumber: dayNumberOf(day.year, day.month, day.day),
  };
}
