import type { CurvePoint } from "@waremind/contract";
import fc from "fast-check";
import { expect, test } from "vitest";
import { bucketPoints, largestTriangles } from "./curve.ts";

const curves = fc
  .array(fc.double({ min: -50, max: 50, noNaN: true }), { minLength: 1, maxLength: 300 })
  .map((values) => values.map((value, index): CurvePoint => [index * 10, value]));

test("a reduced curve is an ordered part of the whole with both ends, never longer than asked", () => {
  fc.assert(
    fc.property(curves, fc.integer({ min: 1, max: 120 }), (points, pointsMax) => {
      const reduced = largestTriangles(points, pointsMax);
      expect(reduced.length).toBe(Math.min(points.length, pointsMax));
      expect(reduced[0]).toBe(points[0]);
      if (pointsMax > 1) expect(reduced.at(-1)).toBe(points.at(-1));
      const places = reduced.map((point) => points.indexOf(point));
      expect(places).toEqual([...new Set(places)].sort((left, right) => left - right));
    }),
    { seed: 20_261_122 },
  );
});

test("every bucket keeps its lowest, highest and last value, in order of time", () => {
  fc.assert(
    fc.property(curves, fc.integer({ min: 1, max: 500 }), (points, widthMs) => {
      const groups = Map.groupBy(points, (point) => Math.floor(point[0] / widthMs));
      const buckets = [...groups].map(([index, own]) => {
        const values = own.map((point) => point[1]);
        const [lastAt, last] = own.at(-1) ?? [0, 0];
        return {
          beginsAt: index * widthMs,
          min: Math.min(...values),
          max: Math.max(...values),
          last,
          lastAt,
        };
      });
      const drawn = bucketPoints(buckets, widthMs);
      expect(drawn.length).toBeLessThanOrEqual(3 * buckets.length);
      const times = drawn.map((point) => point[0]);
      expect(times).toEqual([...times].sort((left, right) => left - right));
      for (const bucket of buckets) {
        const own = drawn.filter(([at]) => at >= bucket.beginsAt && at < bucket.beginsAt + widthMs);
        expect(own).toContainEqual([bucket.lastAt, bucket.last]);
        expect(own.map((point) => point[1])).toEqual(expect.arrayContaining([bucket.min, bucket.max]));
      }
    }),
    { seed: 20_261_122 },
  );
});
