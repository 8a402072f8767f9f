// A curve for the eye: few points that keep the shape. Largest-triangle-three-buckets, S. Steinarsson,
// "Downsampling Time Series for Visual Representation", University of Iceland, 2013.
import type { CurveBucket, CurvePoint } from "@waremind/contract";

/**
 * At most `pointsMax` of the points, in order, always with the first and the last; all of them when they are fewer.
 * Below three there is no triangle: the first, or the first and the last.
 */
export function largestTriangles(points: readonly CurvePoint[], pointsMax: number): CurvePoint[] {
  const [first] = points;
  const last = points.at(-1);
  if (points.length <= pointsMax || first === undefined || last === undefined) return [...points];
  if (pointsMax < 3) return pointsMax < 2 ? [first] : [first, last];
  const kept: CurvePoint[] = [first];
  const bucketSize = (points.length - 2) / (pointsMax - 2);
  let anchor = first;
  for (let bucket = 0; bucket < pointsMax - 2; bucket += 1) {
    const from = Math.floor(bucket * bucketSize) + 1;
    const to = Math.floor((bucket + 1) * bucketSize) + 1;
    const next = middleOf(points, to, Math.min(Math.floor((bucket + 2) * bucketSize) + 1, points.length));
    anchor = farthest(points.slice(from, to), anchor, next) ?? anchor;
    kept.push(anchor);
  }
  kept.push(last);
  return kept;
}

function middleOf(points: readonly CurvePoint[], from: number, to: number): CurvePoint {
  let at = 0;
  let value = 0;
  const bucket = points.slice(from, Math.max(to, from + 1));
  for (const point of bucket) {
    at += point[0];
    value += point[1];
  }
  return [at / bucket.length, value / bucket.length];
}

/** The point that spans the largest triangle with the one kept before and the middle of the next bucket. */
function farthest(
  bucket: readonly CurvePoint[],
  anchor: CurvePoint,
  next: CurvePoint,
): CurvePoint | undefined {
  let best: CurvePoint | undefined;
  let bestArea = -1;
  for (const point of bucket) {
    const area = Math.abs(
      (anchor[0] - next[0]) * (point[1] - anchor[1]) - (anchor[0] - point[0]) * (next[1] - anchor[1]),
    );
    if (area > bestArea) {
      best = point;
      bestArea = area;
    }
  }
  return best;
}

/** What the points of each `widthMs` have been; of points in order of time, the first bucket begins at `from`. */
export function bucketsOf(
  points: readonly CurvePoint[],
  { from, widthMs }: { readonly from: number; readonly widthMs: number },
): CurveBucket[] {
  const buckets: CurveBucket[] = [];
  let bucket: CurveBucket | undefined;
  for (const [at, value] of points) {
    if (bucket === undefined || at >= bucket[0] + widthMs) {
      bucket = [from + Math.floor((at - from) / widthMs) * widthMs, value, value, value, 0];
      buckets.push(bucket);
    }
    bucket[1] = Math.min(bucket[1], value);
    bucket[2] = Math.max(bucket[2], value);
    bucket[3] = value;
    bucket[4] += 1;
  }
  return buckets;
}

/**
 * Lowest, highest and last value of each bucket, in an order that flatters the line: where the last lies near the top the
 * lowest comes first. Only the last stands at its own time, since a bucket does not tell when it met the others.
 */
export function bucketPoints(
  buckets: readonly {
    readonly beginsAt: number;
    readonly min: number;
    readonly max: number;
    readonly last: number;
    readonly lastAt: number;
  }[],
  widthMs: number,
): CurvePoint[] {
  const points: CurvePoint[] = [];
  for (const { beginsAt, min, max, last, lastAt } of buckets) {
    const third = Math.max(0, Math.min(widthMs, lastAt - beginsAt)) / 3;
    const isRising = last - min >= max - last;
    const extremes = isRising ? [min, max] : [max, min];
    extremes.forEach((value, index) => {
      if (value !== last) points.push([Math.floor(beginsAt + third * (index + 1)), value]);
    });
    points.push([lastAt, last]);
  }
  return points;
}
