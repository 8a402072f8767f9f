// What many series have been by minute, hour or day: from the rollups, and from raw readings only at the two ends that cut
// through a minute.
import type { Aggregate } from "@waremind/contract";
import { type RawBuilder, sql } from "kysely";
import { type Database, tablesOf } from "../platform/database.ts";
import { DomainError } from "../platform/errors.ts";
import { float8sIn, int4Array } from "../platform/wire-arrays.ts";
import { dayMs, hourMs, minuteMs, sumMax } from "./rollup.ts";

export const aggregateSeriesMax = 1_000;
/** Of all series together, as many as the time has room for: a thousand series by hour for a week. */
const bucketsMax = 200_000;
/** One statement answers within some 50 ms: on the embedded store everybody else waits meanwhile. */
const bucketsPerStatement = 50_000;

export interface AggregateRange {
  /** Both inclusive. */
  readonly from: number;
  readonly to: number;
  /** The length of a bucket: a minute, an hour or a day (UTC). */
  readonly spanMs: number;
}

const floorTo = (at: number, spanMs: number) => Math.floor(at / spanMs) * spanMs;
const ceilTo = (at: number, spanMs: number) => Math.ceil(at / spanMs) * spanMs;

/**
 * Count, lowest, highest and mean of each bucket in which a numeric series has readings, in order of time, for each series
 * in the order asked. Days are put together from hours. Counts what is stored at this moment, late or not.
 *
 * @throws DomainError `invalid-input` for more series or buckets than one answer holds, or another span.
 */
export async function readAggregates(
  database: Database,
  seriesIds: readonly number[],
  range: AggregateRange,
): Promise<ReadonlyMap<number, readonly Aggregate[]>> {
  const perSeries = checkSize(seriesIds.length, range);
  const answer = new Map(seriesIds.map((id): [number, Aggregate[]] => [id, []]));
  const ids = [...answer.keys()];
  const step = Math.max(1, Math.floor(bucketsPerStatement / perSeries));
  for (let first = 0; first < ids.length && range.to >= range.from; first += step) {
    const sent = await selectPacked(database, ids.slice(first, first + step), range);
    if (sent !== null) fold(answer, float8sIn(sent), range.spanMs);
  }
  for (const buckets of answer.values()) finish(buckets);
  return answer;
}

/** Answers for how many buckets of rollups the range of one series has room. */
function checkSize(seriesCount: number, { from, to, spanMs }: AggregateRange): number {
  if (spanMs !== minuteMs && spanMs !== hourMs && spanMs !== dayMs) {
    throw new DomainError("invalid-input", {
      en: "Buckets are a minute, an hour or a day long.",
      zh: "时间段只能是一分钟、一小时或一天。",
    });
  }
  const perSeries = Math.ceil(Math.max(0, to - from + 1) / Math.min(spanMs, hourMs)) + 1;
  if (seriesCount > aggregateSeriesMax || perSeries * seriesCount > bucketsMax) {
    throw new DomainError(
      "invalid-input",
      {
        en: `One answer holds at most ${aggregateSeriesMax} series and ${bucketsMax} stretches of all together (a day counts as 24). Ask for less time, fewer series or longer stretches.`,
        zh: `一次最多查询 ${aggregateSeriesMax} 个序列,所有序列合计最多 ${bucketsMax} 个时间段(一天按 24 个计)。请缩短时间、减少序列或加长时间段。`,
      },
      { aggregateSeriesMax, bucketsMax },
    );
  }
  return perSeries;
}

const columnCount = 6;

/** All of the answer as one array of doubles, column after column: a row for each bucket would cost more than all of the rest. */
const packed = sql`
  select array_send(array_agg(series_id::float8) || array_agg(begins_at::float8) || array_agg(count::float8)
    || array_agg(min) || array_agg(max) || array_agg(sum)) as sent`;

async function selectPacked(
  database: Database,
  seriesIds: readonly number[],
  range: AggregateRange,
): Promise<Buffer | null> {
  const ids = sql`unnest(${int4Array(seriesIds, (id) => id)}::int4[])`;
  const statement = range.spanMs === minuteMs ? minutesOf(ids, range) : hoursOf(ids, range);
  const { rows } = await sql<{ sent: Buffer | null }>`${statement}`.execute(tablesOf(database));
  return rows[0]?.sent ?? null;
}

/** Whole spans of the range; empty when `until` is not after `from`. */
function wholeOf({ from, to }: AggregateRange, spanMs: number) {
  return { from: ceilTo(from, spanMs), until: floorTo(to + 1, spanMs) };
}

function minutesOf(ids: RawBuilder<unknown>, range: AggregateRange) {
  const whole = wholeOf(range, minuteMs);
  const spans =
    whole.until > whole.from
      ? sql`
        select series_id, begins_at, count, min, max, sum from wanted cross join lateral (
          select begins_at, count, min, max, sum from rollup
          where rollup.series_id = wanted.series_id and span_ms = ${sql.lit(minuteMs)}
            and begins_at >= ${whole.from}::int8 and begins_at < ${whole.until}::int8) as minute
        union all
        select series_id, minute_at, minute_count, minute_min, minute_max, minute_sum from wanted join latest using (series_id)
        where minute_at >= ${whole.from}::int8 and minute_at < ${whole.until}::int8`
      : undefined;
  const parts = [...(spans === undefined ? [] : [spans]), ...rawEnds(range)];
  return sql`
    with wanted (series_id) as materialized (select * from ${ids})
    ${packed} from (${sql.join(parts, sql` union all `)}) as part`;
}

/** Hours as far as they are made and right, and the minutes of all others: one statement, so a run of the job changes nothing. */
function hoursOf(ids: RawBuilder<unknown>, range: AggregateRange) {
  const minutes = wholeOf(range, minuteMs);
  const hours = wholeOf(range, hourMs);
  const hoursFrom = Math.min(hours.from, Math.max(minutes.until, minutes.from));
  const hoursUntil = Math.max(hours.until, hoursFrom);
  const parts = [madeHours(hoursFrom), looseHours, ...rawEnds(range)];
  return sql`
    with wanted (series_id) as materialized (select * from ${ids}),
    made as materialized (
      select greatest(${hoursFrom}::int8, least(${hoursUntil}::int8, coalesce(
        (select until_at from rollup_progress where span_ms = ${sql.lit(hourMs)}), 0))) as until_at),
    late as materialized (
      select series_id, begins_at from wanted join rollup_late using (series_id)
      where begins_at >= ${hoursFrom}::int8 and begins_at < (select until_at from made)),
    open (from_at, until_at) as (
      select ${minutes.from}::int8, ${hoursFrom}::int8 where ${minutes.from}::int8 < ${hoursFrom}::int8
      union all select until_at, ${minutes.until}::int8 from made where until_at < ${minutes.until}::int8),
    loose (series_id, hour_at, from_at, until_at) as materialized (
      select series_id, begins_at, begins_at, begins_at + ${sql.lit(hourMs)} from late
      union all
      select series_id, hour_at, greatest(from_at, hour_at), least(until_at, hour_at + ${sql.lit(hourMs)})
      from wanted cross join open cross join lateral generate_series(
        from_at / ${sql.lit(hourMs)} * ${sql.lit(hourMs)}, until_at - 1, ${sql.lit(hourMs)}) as hour_at)
    ${packed} from (${sql.join(parts, sql` union all `)}) as part`;
}

const madeHours = (from: number) => sql`
  select wanted.series_id, begins_at, count, min, max, sum from wanted cross join lateral (
    select begins_at, count, min, max, sum from rollup
    where rollup.series_id = wanted.series_id and span_ms = ${sql.lit(hourMs)}
      and begins_at >= ${from}::int8 and begins_at < (select until_at from made)
      and (rollup.series_id, begins_at) not in (select series_id, begins_at from late)) as hour`;

/** One sum for each hour of each series, since grouping all of their minutes costs twice as much. */
const looseHours = sql`
  select loose.series_id, hour_at, count, min, max, sum from loose cross join lateral (
    select sum(count) as count, min(min) as min, max(max) as max, sum(sum) as sum from (
      select count, min, max, sum from rollup
      where rollup.series_id = loose.series_id and span_ms = ${sql.lit(minuteMs)}
        and begins_at >= from_at and begins_at < until_at
      union all
      select minute_count, minute_min, minute_max, minute_sum from latest
      where latest.series_id = loose.series_id and minute_at >= from_at and minute_at < until_at) as minute) as hour
  where count is not null`;

/** Readings before the first whole minute and after the last. */
function rawEnds(range: AggregateRange) {
  const whole = wholeOf(range, minuteMs);
  const ends =
    whole.until < whole.from
      ? [{ from: range.from, until: range.to + 1 }]
      : [
          { from: range.from, until: whole.from },
          { from: whole.until, until: range.to + 1 },
        ];
  return ends
    .filter((end) => end.until > end.from)
    .map(
      (end) => sql`
        select series_id, observed_at / ${sql.lit(minuteMs)} * ${sql.lit(minuteMs)} as begins_at, count(*) as count,
          min(number) as min, max(number) as max,
          sum(case when abs(number) < ${sql.lit(sumMax)}::float8 then number else 'NaN' end) as sum
        from wanted join reading using (series_id)
        where observed_at >= ${end.from}::int8 and observed_at < ${end.until}::int8 and number is not null group by 1, 2`,
    );
}

/** Adds to the buckets, whose fifth place is a sum until `finish`. */
function fold(answer: ReadonlyMap<number, Aggregate[]>, values: Float64Array, spanMs: number): void {
  const length = values.length / columnCount;
  const value = (column: number, row: number) => values[column * length + row] ?? Number.NaN;
  let seriesId = Number.NaN;
  let buckets: Aggregate[] = [];
  for (let row = 0; row < length; row += 1) {
    if (value(0, row) !== seriesId) {
      seriesId = value(0, row);
      buckets = answer.get(seriesId) ?? [];
    }
    const beginsAt = floorTo(value(1, row), spanMs);
    add(buckets, [beginsAt, value(2, row), value(3, row), value(4, row), value(5, row)]);
  }
}

/** Buckets stay in order of time; nearly always the next comes last. */
function add(buckets: Aggregate[], part: Aggregate): void {
  const [beginsAt, count, min, max, sum] = part;
  const newest = buckets.at(-1);
  if (newest === undefined || newest[0] < beginsAt) {
    buckets.push(part);
    return;
  }
  const before = buckets.findLastIndex((one) => one[0] <= beginsAt);
  const known = buckets[before];
  if (known === undefined || known[0] < beginsAt) {
    buckets.splice(before + 1, 0, part);
    return;
  }
  known[1] += count;
  known[2] = Math.min(known[2], min);
  known[3] = Math.max(known[3], max);
  known[4] = (known[4] ?? Number.NaN) + (sum ?? Number.NaN);
}

function finish(buckets: readonly Aggregate[]): void {
  for (const bucket of buckets) {
    const sum = bucket[4] ?? Number.NaN;
    bucket[4] = Math.abs(sum) < sumMax ? sum / bucket[1] : null;
  }
}
