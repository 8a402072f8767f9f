// Minutes, hours and days of a numeric series: count, lowest, highest, sum and last. Minutes are kept within the
// transaction of their readings: the newest of each series in its row of `latest`, the others in `rollup`, all of them in the
// view `rollup_minute`. Hours and days are made from them once they are over (`rollup-job.ts`).
import { type RawBuilder, sql } from "kysely";
import { float8Array, int4Array, int8Array } from "../platform/wire-arrays.ts";
import type { StoredReading } from "./reading.ts";

export const minuteMs = 60_000;
export const hourMs = 3_600_000;
export const dayMs = 86_400_000;

/**
 * A reading whose hour ended this long ago is late: its hour may have been made already and is made again. Hours are made
 * only `hourReadyMs` after their end; what lies between the two covers transactions and clocks of several processes.
 */
export const lateAfterMs = hourMs;
export const hourReadyMs = 2 * hourMs;

/** PostgreSQL refuses a sum beyond a double; from here on the sum is not known (NaN). */
export const sumMax = 1e290;

/**
 * Spans of this length by the ranges (`series_id`, `from_at`, `until_at`) of a table expression: minutes are in `rollup`, but for
 * the newest of each series, which is in `latest`. Both are joined by themselves: the planner does not look a view of both up
 * by its keys.
 */
export function spansWithin(ranges: RawBuilder<unknown>, spanMs: number) {
  const made = sql`
    select rollup.series_id, begins_at, count, min, max, sum, last, last_at
    from ${ranges} as within join rollup on rollup.series_id = within.series_id and span_ms = ${sql.lit(spanMs)}
      and begins_at >= from_at and begins_at < until_at`;
  if (spanMs !== minuteMs) return made;
  return sql`${made} union all
    select latest.series_id, minute_at, minute_count, minute_min, minute_max, minute_sum, minute_last, minute_last_at
    from ${ranges} as within join latest on latest.series_id = within.series_id
      and minute_at >= from_at and minute_at < until_at`;
}

/** One minute of one series as one batch sees it. */
export interface Minute {
  readonly seriesId: number;
  readonly beginsAt: number;
  count: number;
  min: number;
  max: number;
  sum: number;
  last: number;
  lastAt: number;
  lastSequence: number;
  /** The place of the last reading in the batch, from 0. */
  lastPlace: number;
  /** Another minute of the same series in the same batch. */
  readonly other: Minute | undefined;
}

/** Sorted by series and time, so that two writers never wait for each other crosswise. */
export function minutesOf(readings: readonly StoredReading[]): Minute[] {
  const bySeries = new Map<number, Minute>();
  const minutes: Minute[] = [];
  for (const [place, reading] of readings.entries()) {
    if (reading.value.type !== "number") continue;
    const newest = bySeries.get(reading.seriesId);
    let minute = newest;
    while (minute !== undefined && !isWithin(minute, reading.observedAt)) minute = minute.other;
    if (minute === undefined) {
      minute = startMinute(reading, reading.value.number, { place, other: newest });
      bySeries.set(reading.seriesId, minute);
      minutes.push(minute);
    } else add(minute, reading, reading.value.number, place);
  }
  return minutes.sort((left, right) => left.seriesId - right.seriesId || left.beginsAt - right.beginsAt);
}

function isWithin({ beginsAt }: Minute, at: number): boolean {
  return at >= beginsAt && at < beginsAt + minuteMs;
}

function startMinute(
  { seriesId, observedAt, sequence }: StoredReading,
  number: number,
  { place, other }: { readonly place: number; readonly other: Minute | undefined },
): Minute {
  return {
    seriesId,
    beginsAt: observedAt - (observedAt % minuteMs),
    other,
    count: 1,
    min: number,
    max: number,
    sum: number,
    last: number,
    lastAt: observedAt,
    lastSequence: sequence,
    lastPlace: place,
  };
}

function add(minute: Minute, { observedAt, sequence }: StoredReading, number: number, place: number): void {
  minute.count += 1;
  if (number < minute.min) minute.min = number;
  if (number > minute.max) minute.max = number;
  minute.sum += number;
  if (observedAt < minute.lastAt) return;
  if (observedAt === minute.lastAt && sequence < minute.lastSequence) return;
  minute.last = number;
  minute.lastAt = observedAt;
  minute.lastSequence = sequence;
  minute.lastPlace = place;
}

/** A minute's sum, as it is stored. */
export function knownSum({ sum }: Minute): number {
  return Math.abs(sum) < sumMax ? sum : Number.NaN;
}

/**
 * `insert into rollup …`, to stand alone or as a common table expression. Exact for late, early and repeated arrivals,
 * since only readings that are new come here; a later arrival of the same millisecond is the later reading.
 */
export function upsertMinutes(minutes: readonly Minute[]) {
  return sql`
    insert into rollup (series_id, span_ms, begins_at, count, min, max, sum, last, last_at)
    select series_id, ${sql.lit(minuteMs)}, begins_at, count, min, max, sum, last, last_at
    from unnest(${int4Array(minutes, (minute) => minute.seriesId)}::int4[],
      ${int8Array(minutes, (minute) => minute.beginsAt)}::int8[],
      ${int4Array(minutes, (minute) => minute.count)}::int4[], ${float8Array(minutes, (minute) => minute.min)}::float8[],
      ${float8Array(minutes, (minute) => minute.max)}::float8[],
      ${float8Array(minutes, knownSum)}::float8[],
      ${float8Array(minutes, (minute) => minute.last)}::float8[],
      ${int8Array(minutes, (minute) => minute.lastAt)}::int8[])
      as fresh (series_id, begins_at, count, min, max, sum, last, last_at)
    on conflict (series_id, span_ms, begins_at) do update set
      count = rollup.count + excluded.count, min = least(rollup.min, excluded.min),
      max = greatest(rollup.max, excluded.max),
      sum = case when abs(rollup.sum) < ${sql.lit(sumMax)}::float8 and abs(excluded.sum) < ${sql.lit(sumMax)}::float8
        then rollup.sum + excluded.sum else 'NaN' end,
      last = case when excluded.last_at >= rollup.last_at then excluded.last else rollup.last end,
      last_at = greatest(rollup.last_at, excluded.last_at)`;
}

/** The hours of these minutes that may have been made already; null when there is none, as nearly always. */
export function lateHoursOf(
  minutes: readonly Minute[],
  now: number,
): readonly { readonly seriesId: number; readonly beginsAt: number }[] {
  const hours = new Map<string, { seriesId: number; beginsAt: number }>();
  for (const { seriesId, beginsAt } of minutes) {
    const hourAt = beginsAt - (beginsAt % hourMs);
    if (hourAt + hourMs + lateAfterMs > now) continue;
    hours.set(`${seriesId}/${hourAt}`, { seriesId, beginsAt: hourAt });
  }
  return [...hours.values()];
}

/** An update even where nothing changes: its lock makes the job wait for this transaction before it takes the note. */
export function noteLateHours(hours: ReturnType<typeof lateHoursOf>) {
  return sql`
    insert into rollup_late (series_id, begins_at)
    select * from unnest(${int4Array(hours, (hour) => hour.seriesId)}::int4[],
      ${int8Array(hours, (hour) => hour.beginsAt)}::int8[])
    on conflict (series_id, begins_at) do update set begins_at = excluded.begins_at`;
}
