// Buckets of a series over a range of time, put together from the coarsest rollups that fit, and from raw readings only at
// the two ends that cut through a minute.
import { type RawBuilder, sql } from "kysely";
import { type Database, tablesOf } from "../platform/database.ts";
import { dayMs, hourMs, minuteMs, spansWithin } from "./rollup.ts";

export interface RollupRange {
  readonly seriesId: number;
  /** Both inclusive. */
  readonly from: number;
  readonly to: number;
  /** Which rollups serve the middle; those that begin before `madeUntil` are made. */
  readonly spanMs: number;
  readonly madeUntil: number;
  /** Buckets are this wide, a multiple of the span, counted from the beginning of the span of `from`. */
  readonly widthMs: number;
}

export interface Bucket {
  readonly beginsAt: number;
  readonly count: number;
  readonly min: number;
  readonly max: number;
  readonly last: number;
  readonly lastAt: number;
}

/** `until` is exclusive; empty when it is not after `from`. */
interface Piece {
  readonly from: number;
  readonly until: number;
}

const floorTo = (at: number, spanMs: number) => Math.floor(at / spanMs) * spanMs;
const ceilTo = (at: number, spanMs: number) => Math.ceil(at / spanMs) * spanMs;

/** Every reading once: what came late for hours and days that are made already is read from its minutes until they are. */
export async function selectBuckets(database: Database, range: RollupRange): Promise<readonly Bucket[]> {
  const { minutes, middle, raw } = piecesOf(range);
  const ends = (piece: Piece) => sql`
    select observed_at as begins_at, 1 as count, number as min, number as max, number as last, observed_at as last_at
    from reading where series_id = ${range.seriesId} and observed_at >= ${piece.from} and observed_at < ${piece.until}
      and number is not null`;
  const parts = [
    ...[middle].filter(isNotEmpty).flatMap((piece) => middleParts(piece, range)),
    ...minutes.filter(isNotEmpty).map((piece) => spansOf(range.seriesId, minuteMs, piece)),
    ...raw.filter(isNotEmpty).map(ends),
  ];
  if (parts.length === 0) return [];
  const late = sql`
    select begins_at from rollup_late
    where series_id = ${range.seriesId} and begins_at >= ${middle.from} and begins_at < ${middle.until}`;
  const { rows } = await sql<Bucket>`
    with late as materialized (${late})
    select begins_at, count, min, max, last[2] as last, last[1]::int8 as last_at from (
      select (begins_at - ${originOf(range)}::int8) / ${range.widthMs}::int8 * ${range.widthMs}::int8
          + ${originOf(range)}::int8 as begins_at,
        sum(count)::int8 as count, min(min) as min, max(max) as max, max(array[last_at::float8, last]) as last
      from (${sql.join(parts, sql` union all `)}) as part group by 1
    ) as bucket order by begins_at`.execute(tablesOf(database));
  return rows;
}

const columns = sql`begins_at, count, min, max, last, last_at`;

const spansOf = (seriesId: number, spanMs: number, piece: Piece) => sql`
  select ${columns} from ${spanMs === minuteMs ? sql`rollup_minute` : sql`rollup`}
  where series_id = ${seriesId} ${spanMs === minuteMs ? sql`` : sql`and span_ms = ${sql.lit(spanMs)}`}
    and begins_at >= ${piece.from} and begins_at < ${piece.until}`;

/**
 * Whole spans without those that something came late for; of these the hours that are right, and the minutes of the late
 * hours. All of it is one statement with the look at what is late, so a run of the job in between changes nothing.
 */
function middleParts(piece: Piece, { seriesId, spanMs }: RollupRange) {
  if (spanMs === minuteMs) return [spansOf(seriesId, minuteMs, piece)];
  const isLate = (begins: RawBuilder<unknown>) => sql`${begins} in (select begins_at from late)`;
  const lateHours = sql`
    (select ${seriesId}::int4 as series_id, begins_at as from_at, begins_at + ${sql.lit(hourMs)} as until_at from late)`;
  const minutesOfLate = sql`select ${columns} from (${spansWithin(lateHours, minuteMs)}) as minute`;
  if (spanMs === hourMs) {
    return [sql`${spansOf(seriesId, hourMs, piece)} and not ${isLate(sql`begins_at`)}`, minutesOfLate];
  }
  const lateDays = sql`select distinct begins_at / ${sql.lit(dayMs)} * ${sql.lit(dayMs)} as day_at from late`;
  return [
    sql`${spansOf(seriesId, dayMs, piece)} and begins_at not in (${lateDays})`,
    sql`
      select ${columns} from (${lateDays}) as late_day join rollup
        on series_id = ${seriesId} and span_ms = ${sql.lit(hourMs)} and begins_at >= day_at
        and begins_at < day_at + ${sql.lit(dayMs)}
      where not ${isLate(sql`begins_at`)}`,
    minutesOfLate,
  ];
}

/** The same from the readings themselves, for a short time with many of them. */
export async function selectRawBuckets(database: Database, range: RollupRange): Promise<readonly Bucket[]> {
  const { rows } = await sql<Bucket>`
    select begins_at, count, min, max, last[3] as last, last[1]::int8 as last_at from (
      select (observed_at - ${range.from}::int8) / ${range.widthMs}::int8 * ${range.widthMs}::int8
          + ${range.from}::int8 as begins_at,
        count(*)::int8 as count, min(number) as min, max(number) as max,
        max(array[observed_at::float8, sequence, number]) as last
      from reading where series_id = ${range.seriesId} and observed_at between ${range.from} and ${range.to}
        and number is not null group by 1
    ) as bucket order by begins_at`.execute(tablesOf(database));
  return rows;
}

const originOf = (range: RollupRange) => floorTo(range.from, range.spanMs);

/** Whole minutes of the range, of which whole spans as far as they are made, and what the ends leave over. */
function piecesOf(range: RollupRange): {
  readonly middle: Piece;
  readonly minutes: readonly Piece[];
  readonly raw: readonly Piece[];
} {
  const from = ceilTo(range.from, minuteMs);
  const until = floorTo(range.to + 1, minuteMs);
  if (until <= from) {
    const none = { from: 0, until: 0 };
    return { middle: none, minutes: [], raw: [{ from: range.from, until: range.to + 1 }] };
  }
  const middleFrom = ceilTo(from, range.spanMs);
  const middleUntil = Math.min(floorTo(until, range.spanMs), range.madeUntil);
  const raw = [
    { from: range.from, until: from },
    { from: until, until: range.to + 1 },
  ];
  if (middleUntil <= middleFrom) {
    return { middle: { from: 0, until: 0 }, minutes: [{ from, until }], raw };
  }
  const minutes = [
    { from, until: middleFrom },
    { from: middleUntil, until },
  ];
  return { middle: { from: middleFrom, until: middleUntil }, minutes, raw };
}

const isNotEmpty = (piece: Piece) => piece.until > piece.from;
