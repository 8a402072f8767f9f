// The rule by which bench/anomaly.ts scores: a wrong ruler would flatter every figure.
import { expect, test } from "vitest";
import { bestThreshold, normalised, pointsAt, sheetOf } from "../bench/anomaly/scoring.ts";
import { windowedGaussian } from "../bench/anomaly/windowed-gaussian.ts";

const profile = { tpWeight: 1, fnWeight: 1, fpWeight: 0.11 };
const times = Array.from({ length: 200 }, (_, index) => `t${index}`);
const sheet = sheetOf({ times, windows: [["t100", "t119"]] });
const alarmsAt = (...rows: readonly number[]) => ({
  sheet,
  scores: times.map((_, row) => (rows.includes(row) ? 0.9 : 0.1)),
});
const points = (...rows: readonly number[]) => pointsAt([alarmsAt(...rows)], 0.5, profile);

test("who says nothing has 0, who speaks at the first row of the window and never else has 100", () => {
  expect(normalised(points(), 1, profile)).toBe(0);
  expect(normalised(points(100), 1, profile)).toBe(100);
});
test("an alarm is worth less towards the end of its window, and only the best one counts", () => {
  expect(points(110)).toBeLessThan(points(105));
  // Half way: twice the logistic function of 2.5, less one, over the same of 5.
  expect(points(110)).toBeCloseTo((2 / (1 + Math.exp(-2.5)) - 1) / (2 / (1 + Math.exp(-5)) - 1), 12);
  expect(points(105, 110, 119)).toBe(points(105));
});
test("a false alarm costs its weight, and just after a window hardly anything", () => {
  expect(points(60)).toBeCloseTo(-1 - 0.11, 12);
  expect(points(120)).toBeGreaterThan(-1 - 0.02);
  expect(points(198)).toBeCloseTo(-1 - 0.11, 6);
});
test("alarms while the series is learnt count nothing", () => {
  expect(points(0, 29)).toBe(-1);
  expect(points(30)).toBeLessThan(-1);
});
test("the best threshold wins at least as much as any other", () => {
  const scores = times.map((_, row) => ((row * 7919) % 101) / 101);
  const files = [{ sheet, scores }];
  const best = bestThreshold(files, profile);
  expect(pointsAt(files, best.threshold, profile)).toBeCloseTo(best.points, 9);
  for (const threshold of scores) {
    expect(pointsAt(files, threshold, profile)).toBeLessThanOrEqual(best.points + 1e-9);
  }
});
test("a window outside its file is refused", () => {
  expect(() => sheetOf({ times, windows: [["t190", "t200"]] })).toThrow(/outside/);
});
test("the Windowed Gaussian gives the two-sigma tail of what came before", () => {
  const values = [...Array.from({ length: 1000 }, (_, index) => (index % 2 === 0 ? -1 : 1)), 2];
  expect(windowedGaussian(values)[1000]).toBeCloseTo(1 - 0.022750131948, 8);
  expect(windowedGaussian(values)[0]).toBe(0);
});
