import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { loneReadings, spreadOf, tableRows } from "./spread.ts";
import { panWindow, parseWindow, pointsFor, windowMsMax, windowMsMin, zoomWindow } from "./window.ts";

const hourMs = 3_600_000;
const window = { from: 1_764_000_000_000, to: 1_764_000_000_000 + 6 * hourMs };

describe("the window of the explorer", () => {
  test("zooms around the pointer: what is under it stays under it", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0.1, max: 10, noNaN: true }),
        (share, factor) => {
          const around = window.from + share * (window.to - window.from);
          const zoomed = zoomWindow(window, factor, around);
          const shareAfter = (around - zoomed.from) / (zoomed.to - zoomed.from);
          expect(Math.abs(shareAfter - share)).toBeLessThan(0.001);
        },
      ),
    );
  });
  test("is never narrower than a second nor wider than ten years", () => {
    expect(zoomWindow(window, 1e-12, window.from)).toEqual({
      from: window.from,
      to: window.from + windowMsMin,
    });
    const wide = zoomWindow(window, 1e12, window.to);
    expect(wide.to - wide.from).toBe(windowMsMax);
  });
  test("moves by a share of itself and stops at the present", () => {
    expect(panWindow(window, -0.5, window.to)).toEqual({
      from: window.from - 3 * hourMs,
      to: window.to - 3 * hourMs,
    });
    expect(panWindow(window, 2, window.to + hourMs)).toEqual({
      from: window.from + hourMs,
      to: window.to + hourMs,
    });
  });
  test("is read from the address only when it is one", () => {
    expect(parseWindow(String(window.from), String(window.to))).toEqual(window);
    expect(parseWindow(String(window.to), String(window.from))).toBeNull();
    expect(parseWindow("abc", "1")).toBeNull();
    expect(parseWindow(undefined, undefined)).toBeNull();
    expect(parseWindow("1", String(windowMsMax * 2))).toBeNull();
  });
  test("asks for as many points as the screen can show, in steps", () => {
    expect(pointsFor(390)).toBe(800);
    expect(pointsFor(391)).toBe(800);
    expect(pointsFor(5_000)).toBe(2_000);
    expect(pointsFor(0)).toBe(200);
  });
});

const points = (count: number, stepMs: number) =>
  Array.from({ length: count }, (_, index): [number, number] => [window.from + index * stepMs, index % 7]);

const bucketMs = 60_000;
/** One bucket a minute with four readings: low, high, something, last. */
const buckets = (count: number, from = window.from) =>
  Array.from({ length: count }, (_, index): [number, number, number, number, number] => [
    from + index * bucketMs,
    -(index % 3),
    10 + (index % 5),
    index % 10,
    4,
  ]);

describe("what is drawn", () => {
  test("is every reading where all were answered, without a spread", () => {
    const drawn = spreadOf({ points: points(2_000, 10_000), expectedIntervalSeconds: 10 });
    expect(drawn.isSpread).toBe(false);
    expect(drawn.times).toHaveLength(2_000);
    expect([drawn.lows, drawn.highs]).toEqual([drawn.values, drawn.values]);
  });
  test("is else the last of each stretch between the true extremes of all its readings, at its middle", () => {
    const stretches = buckets(50);
    // What the points say does not count: they are a choice.
    const drawn = spreadOf({
      points: points(100, 10_000),
      buckets: stretches,
      bucketMs,
      expectedIntervalSeconds: 15,
    });
    expect(drawn.isSpread).toBe(true);
    expect(drawn.gaps).toEqual([]);
    expect(drawn.times).toEqual(stretches.map(([beginsAt]) => beginsAt + bucketMs / 2));
    expect(drawn.lows).toEqual(stretches.map((one) => one[1]));
    expect(drawn.highs).toEqual(stretches.map((one) => one[2]));
    expect(drawn.values).toEqual(stretches.map((one) => one[3]));
  });
  test("breaks where nothing was measured for more than three expected intervals", () => {
    const silent: [number, number][] = [
      ...points(300, 10_000),
      ...points(300, 10_000).map(([at, value]): [number, number] => [at + 3 * hourMs, value]),
    ];
    const drawn = spreadOf({ points: silent, expectedIntervalSeconds: 10 });
    expect(drawn.gaps).toHaveLength(1);
    expect(drawn.values.filter((value) => value === null)).toHaveLength(1);
  });
  test("breaks between stretches where an empty one lies that is longer than that, and not at a shorter one", () => {
    const first = buckets(20);
    const second = buckets(20, window.from + 24 * bucketMs);
    const drawnAt = (expectedIntervalSeconds: number | null) =>
      spreadOf({ points: [], buckets: [...first, ...second], bucketMs, expectedIntervalSeconds });
    // Four minutes are empty.
    const broken = drawnAt(79);
    expect(broken.gaps).toEqual([{ from: window.from + 20 * bucketMs, to: window.from + 24 * bucketMs }]);
    for (const column of [broken.values, broken.lows, broken.highs]) {
      expect(column).toHaveLength(41);
      expect(column[20]).toBeNull();
    }
    expect(drawnAt(80).gaps).toEqual([]);
    expect(drawnAt(null).gaps).toEqual([]);
  });
  test("stands in a table too, the newest first, with a blank where a series said nothing", () => {
    const rows = tableRows(
      [
        {
          points: [
            [1, 10],
            [2, 20],
          ],
        },
        { points: [[2, 5]] },
      ],
      10,
    );
    expect(rows).toEqual([
      { at: 2, values: [20, 5] },
      { at: 1, values: [10, null] },
    ]);
    expect(tableRows([{ points: points(1_000, 1_000) }], 100).length).toBeLessThanOrEqual(100);
  });
});

test("a reading alone between two gaps is drawn as a point, whatever times other series have", () => {
  expect(loneReadings([1, null, 2, null, 3, 4])).toEqual([0, 2]);
  expect(loneReadings([1, undefined, 2, undefined, null, undefined, 5])).toEqual([6]);
  expect(loneReadings([undefined, undefined])).toEqual([]);
});
