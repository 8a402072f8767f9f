import type { CurvePoint } from "@waremind/contract";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { appendPoints, lonePoints, nearestValue, prepareCurve, samplePoints } from "./prepare-curve.ts";

const minute = 60_000;
const start = 1_764_000_000_000;
const every = (minutes: readonly number[]): CurvePoint[] =>
  minutes.map((at) => [start + at * minute, at / 10]);

describe("a curve", () => {
  test("breaks where the server found a gap", () => {
    const points = every([0, 1, 2, 40, 41]);
    const gaps = [{ from: start + 2 * minute, to: start + 40 * minute }];
    const curve = prepareCurve({ points, gaps, nowAt: start + 41 * minute });
    expect(curve.values).toEqual([0, 0.1, 0.2, null, 4, 4.1]);
    expect(curve.times[3]).toBe(start + 21 * minute);
    expect(curve.gaps).toEqual([{ ...gaps[0], isOpen: false }]);
    expect(curve.pointCount).toBe(5);
  });

  test("finds gaps of more than three expected intervals by itself", () => {
    const points = every([0, 1, 4, 8]);
    const curve = prepareCurve({ points, expectedIntervalSeconds: 60, nowAt: start + 8 * minute });
    expect(curve.gaps).toEqual([{ from: start + 4 * minute, to: start + 8 * minute, isOpen: false }]);
    expect(curve.values).toEqual([0, 0.1, 0.4, null, 0.8]);
  });

  test("an open gap reaches to now and is marked as open", () => {
    const curve = prepareCurve({
      points: every([0, 1]),
      gaps: [{ from: start + minute, to: null }],
      nowAt: start + 30 * minute,
    });
    expect(curve.gaps).toEqual([{ from: start + minute, to: start + 30 * minute, isOpen: true }]);
    expect(curve.values).toEqual([0, 0.1]);
  });

  test("silence at the end is a gap too", () => {
    const curve = prepareCurve({
      points: every([0, 1]),
      expectedIntervalSeconds: 60,
      nowAt: start + 9 * minute,
    });
    expect(curve.gaps.at(-1)).toMatchObject({ isOpen: true, from: start + minute });
  });

  test("spacing of a downsampled curve is no gap", () => {
    const curve = prepareCurve({
      points: every([0, 10, 20, 30]),
      expectedIntervalSeconds: 60,
      isDownsampled: true,
      nowAt: start + 30 * minute,
    });
    expect(curve.gaps).toEqual([]);
  });

  test("a downsampled curve still breaks where silence is far wider than its spacing", () => {
    const before = Array.from({ length: 50 }, (_, index) => index);
    const after = before.map((at) => at + 2000);
    const curve = prepareCurve({
      points: every([...before, ...after]),
      expectedIntervalSeconds: 10,
      isDownsampled: true,
      nowAt: start + 2049 * minute,
    });
    expect(curve.gaps).toEqual([{ from: start + 49 * minute, to: start + 2000 * minute, isOpen: false }]);
  });

  test("claims no gap where the device's pace is not known, however uneven its points are", () => {
    const curve = prepareCurve({ points: every([0, 0.01, 0.02, 0.03, 60, 61]), nowAt: start + 90 * minute });
    expect(curve.gaps).toEqual([]);
    expect(curve.values).not.toContain(null);
  });

  test("knows its lowest, highest and last point", () => {
    const curve = prepareCurve({
      points: [
        [3, -1],
        [1, 5],
        [2, 2],
      ],
      gaps: [],
      nowAt: 3,
    });
    expect(curve.times).toEqual([1, 2, 3]);
    expect(curve.min).toEqual({ at: 3, value: -1 });
    expect(curve.max).toEqual({ at: 1, value: 5 });
    expect(curve.last).toEqual({ at: 3, value: -1 });
  });

  test("may be empty", () => {
    const curve = prepareCurve({ points: [], gaps: [], nowAt: 1 });
    expect(curve).toMatchObject({ times: [], pointCount: 0, min: null, max: null, last: null });
  });

  test("never loses a point, never leaves its columns unequal, and breaks once for each gap between points", () => {
    const spacings = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(spacings, (seconds) => {
        let at = start;
        const points = seconds.map((spacing): CurvePoint => {
          at += spacing * 1000;
          return [at, spacing];
        });
        const curve = prepareCurve({ points, expectedIntervalSeconds: 60, nowAt: at });
        expect(curve.times.length).toBe(curve.values.length);
        expect(curve.values.filter((value) => value !== null)).toEqual(points.map(([, value]) => value));
        expect(curve.values.filter((value) => value === null).length).toBe(curve.gaps.length);
        expect(curve.times).toEqual(curve.times.toSorted((one, other) => one - other));
      }),
    );
  });
});

describe("points heard live", () => {
  test("are added after the last; what is older or there already changes nothing", () => {
    const points = every([0, 1, 2]);
    expect(appendPoints(points, every([1, 2]))).toBe(points);
    expect(appendPoints(points, every([4, 2, 3]))).toEqual(every([0, 1, 2, 3, 4]));
  });
});

describe("the table", () => {
  test("takes points evenly, always the first and the last", () => {
    const sampled = samplePoints(every(Array.from({ length: 1000 }, (_, index) => index)), 11);
    expect(sampled.length).toBe(11);
    expect(sampled[0]?.[0]).toBe(start);
    expect(sampled.at(-1)?.[0]).toBe(start + 999 * minute);
  });
});

describe("a mark", () => {
  test("stands on the nearest measured point, never in a gap", () => {
    const curve = prepareCurve({
      points: every([0, 1, 40]),
      gaps: [{ from: start + minute, to: start + 40 * minute }],
      nowAt: start + 40 * minute,
    });
    expect(nearestValue(curve, start + 20 * minute)).toEqual({ at: start + minute, value: 0.1 });
    expect(nearestValue(prepareCurve({ points: [], gaps: [], nowAt: 0 }), 1)).toBeNull();
  });
});

test("a point with nothing beside it is drawn as a point", () => {
  expect(lonePoints([1])).toEqual([0]);
  expect(lonePoints([1, null, 2, 3, null, 4, null])).toEqual([0, 5]);
  expect(lonePoints([1, 2, 3])).toEqual([]);
  expect(lonePoints([])).toEqual([]);
});
