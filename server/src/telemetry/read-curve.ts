import type { CurveBucket, CurvePoint } from "@waremind/contract";
import { sql } from "kysely";
import { type Database, tablesOf } from "../platform/database.ts";
import { bucketPoints, bucketsOf, largestTriangles } from "./curve.ts";
import { type Bucket, type RollupRange, selectBuckets, selectRawBuckets } from "./read-rollups.ts";
import { dayMs, hourMs, minuteMs } from "./rollup.ts";

/** So many readings are looked at one by one: some 20 ms, in which on the embedded store everybody else waits. */
const rawRowsMax = 10_000;
/** Within a short time so many are put into buckets by the store; beyond them minutes are fine enough. */
const rawBucketRowsMax = 250_000;
const pointsMax = 5_000;
/** Lowest, highest and last. */
const pointsPerBucket = 3;

export interface CurveAnswer {
  readonly points: readonly CurvePoint[];
  readonly rawCount: number;
  /** Absent: the points are all the readings. Else some were left out, and each so many milliseconds have a bucket. */
  readonly bucketMs?: number;
  /** Of all readings, none left out; where nothing was measured there is none. */
  readonly buckets?: readonly CurveBucket[];
}

/**
 * At most `points` of a numeric series, in order of time. Up to ten thousand readings the largest triangles among them;
 * beyond, buckets from the rollups, so that a million readings cost no more than their minutes and a spike is never lost.
 */
export async function readCurve(
  database: Database,
  seriesId: number,
  options: { readonly from: number; readonly to: number; readonly points: number },
): Promise<CurveAnswer> {
  const points = Math.min(Math.max(1, Math.floor(options.points)), pointsMax);
  const span = await selectSpan(database, seriesId, options);
  if (span === undefined) return { points: [], rawCount: 0 };
  const range = rangeOf(seriesId, span, points);
  const coarse = await selectBuckets(database, range);
  const rawCount = coarse.reduce((total, bucket) => total + bucket.count, 0);
  if (rawCount <= rawRowsMax) {
    const readings = await selectRaw(database, seriesId, span);
    if (readings.length <= points) return { points: readings, rawCount };
    const widthMs = Math.max(1, Math.ceil((span.to - span.from + 1) / points));
    const buckets = bucketsOf(readings, { from: span.from, widthMs });
    return { points: largestTriangles(readings, points), rawCount, bucketMs: widthMs, buckets };
  }
  const isTooCoarse = coarse.length * pointsPerBucket * 2 < points && rawCount <= rawBucketRowsMax;
  const { widthMs, chosen } = isTooCoarse
    ? await rawBuckets(database, range, points)
    : { widthMs: range.widthMs, chosen: coarse };
  // The first may begin before the readings asked for.
  const drawn = chosen.map((one) => ({ ...one, beginsAt: Math.max(one.beginsAt, span.from) }));
  return {
    points: bucketPoints(drawn, widthMs).slice(0, points),
    rawCount,
    bucketMs: widthMs,
    buckets: chosen.map(
      ({ beginsAt, min, max, last, count }): CurveBucket => [beginsAt, min, max, last, count],
    ),
  };
}

interface Span {
  readonly from: number;
  readonly to: number;
  /** Before these the hours and the days of rollups are made. */
  readonly hoursUntil: number;
  readonly daysUntil: number;
}

/** Buckets as fine as the points asked for allow, of whole minutes, hours or days. */
function rangeOf(seriesId: number, span: Span, points: number): RollupRange {
  const wanted = (span.to - span.from + 1) / Math.max(1, Math.floor(points / pointsPerBucket) - 1);
  const spanMs = wanted >= dayMs ? dayMs : wanted >= hourMs ? hourMs : minuteMs;
  const madeUntil =
    spanMs === dayMs ? span.daysUntil : spanMs === hourMs ? span.hoursUntil : Number.MAX_SAFE_INTEGER;
  const widthMs = Math.max(1, Math.ceil(wanted / spanMs)) * spanMs;
  return { seriesId, from: span.from, to: span.to, spanMs, madeUntil, widthMs };
}

async function rawBuckets(
  database: Database,
  range: RollupRange,
  points: number,
): Promise<{ widthMs: number; chosen: readonly Bucket[] }> {
  const count = Math.max(1, Math.floor(points / pointsPerBucket) - 1);
  const widthMs = Math.max(1, Math.ceil((range.to - range.from + 1) / count));
  return { widthMs, chosen: await selectRawBuckets(database, { ...range, widthMs }) };
}

/** The first and last time within the range that has a number: look-ups in primary keys. */
async function selectSpan(
  database: Database,
  seriesId: number,
  range: { readonly from: number; readonly to: number },
): Promise<Span | undefined> {
  const { rows } = await sql<{ [Key in keyof Span]: number | null }>`
    select min(observed_at) as "from", max(observed_at) as "to",
      (select until_at from rollup_progress where span_ms = ${sql.lit(hourMs)}) as hours_until,
      (select until_at from rollup_progress where span_ms = ${sql.lit(dayMs)}) as days_until
    from reading where series_id = ${seriesId} and observed_at between ${range.from} and ${range.to}`.execute(
    tablesOf(database),
  );
  const [row] = rows;
  if (row === undefined || row.from === null || row.to === null) return;
  return { from: row.from, to: row.to, hoursUntil: row.hoursUntil ?? 0, daysUntil: row.daysUntil ?? 0 };
}

async function selectRaw(database: Database, seriesId: number, span: Span): Promise<CurvePoint[]> {
  const { rows } = await sql<{ observedAt: number; number: number }>`
    select observed_at, number from reading
    where series_id = ${seriesId} and observed_at between ${span.from} and ${span.to} and number is not null
    order by observed_at, sequence limit ${rawRowsMax}`.execute(tablesOf(database));
  return rows.map((row): CurvePoint => [row.observedAt, row.number]);
}
