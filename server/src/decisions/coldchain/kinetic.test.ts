import { describe, expect, test } from "vitest";
import {
  ageingPace,
  celsiusOfPace,
  evaluateCondition,
  meanKineticCelsius,
  remainingShelfLife,
  splitByLegs,
  worstKineticWindow,
} from "./index.ts";

const day = 86_400_000;

describe("mean kinetic temperature", () => {
  test("of a constant is the constant", () => {
    expect(meanKineticCelsius([5, 5, 5])).toBeCloseTo(5, 9);
  });

  test("of the textbook pair of months at 20 and 30 °C is 26.3 °C, above their mean", () => {
    // By hand: T = 10000 / −ln((e^(−10000/293.15) + e^(−10000/303.15)) / 2).
    const byHand = 10_000 / -Math.log((Math.exp(-10_000 / 293.15) + Math.exp(-10_000 / 303.15)) / 2) - 273.15;
    expect(meanKineticCelsius([20, 30])).toBeCloseTo(byHand, 9);
    expect(meanKineticCelsius([20, 30])).toBeCloseTo(26.3, 1);
  });

  test("a year that passes can hide a month that does not", () => {
    // Made to the published pair: 23.98 °C over 52 weeks, and within them 30 days at 28.98 °C.
    const hourly = Array.from({ length: 364 * 24 }, (_, hour) => {
      const isHotMonth = hour >= 180 * 24 && hour < 210 * 24;
      const ofDay = Math.sin((hour / 24) * 2 * Math.PI);
      return { observedAt: hour * 3_600_000, celsius: (isHotMonth ? 28.9543 : 23.3427) + ofDay };
    });
    const year = meanKineticCelsius(hourly.map((reading) => reading.celsius));
    const worst = worstKineticWindow(hourly, { windowMs: 30 * day, expectedIntervalSeconds: 3_600 });
    expect(year).toBeCloseTo(23.98, 2);
    expect(worst?.celsius).toBeCloseTo(28.98, 2);
    expect(worst?.from).toBe(180 * day - 1_800_000);
  });

  test("a series shorter than the window has none", () => {
    const options = { windowMs: day, expectedIntervalSeconds: 60 };
    expect(worstKineticWindow([{ observedAt: 0, celsius: 5 }], options)).toBeNull();
  });

  test("many readings of a short warm while weigh no more than the while", () => {
    const hourly = Array.from({ length: 48 }, (_, hour) => ({ observedAt: hour * 3_600_000, celsius: 5 }));
    // Around hour 12 a reading every minute: the same quarter of an hour seen sixteen times.
    const dense = Array.from({ length: 15 }, (_, minute) => ({
      observedAt: 12 * 3_600_000 + (minute + 1) * 60_000,
      celsius: 15,
    }));
    const all = [...hourly, ...dense].sort((left, right) => left.observedAt - right.observedAt);
    const worst = worstKineticWindow(all, { windowMs: day, expectedIntervalSeconds: 3_600 });
    // 15 readings at 15 °C stand for 14 minutes between them, half a minute and 22.5 minutes at their edges.
    const warmShare = (14 + 0.5 + 22.5) / (24 * 60);
    expect(worst?.celsius).toBeCloseTo(
      celsiusOfPace(warmShare * ageingPace(15) + (1 - warmShare) * ageingPace(5)),
      9,
    );
  });

  test("a window of which most is a gap is not judged", () => {
    const readings = [0, 1, 47, 48].map((hour) => ({ observedAt: hour * 3_600_000, celsius: 5 }));
    expect(worstKineticWindow(readings, { windowMs: day, expectedIntervalSeconds: 3_600 })).toBeNull();
  });
});

const band = {
  id: "b",
  nameEn: "b",
  nameZh: "b",
  minCelsius: 0,
  maxCelsius: 4,
  ignoreMinutes: 10,
  warnAheadMinutes: 20,
  expectedIntervalSeconds: 60,
  meanKineticLimitCelsius: null,
  excursionMinutesMax: 30,
};

describe("custody legs", () => {
  const readings = Array.from({ length: 61 }, (_, index) => ({ observedAt: index * 60_000, celsius: 6 }));

  test("each counted minute falls on the leg that held the goods", () => {
    const condition = evaluateCondition(readings, band, 3_600_000);
    const split = splitByLegs(condition, [
      { position: 1, isOurs: true, beganAt: 0, endedAt: 30 * 60_000 },
      { position: 2, isOurs: false, beganAt: 30 * 60_000, endedAt: null },
    ]);
    expect(split.legs.map(({ minutes }) => minutes)).toEqual([20, 30]);
    expect(split).toMatchObject({ ourMinutes: 20, otherMinutes: 30, unassignedMinutes: 0 });
  });

  test("a gap falls on nobody, and time that no leg covers is told apart", () => {
    const withGap = readings.filter(
      ({ observedAt }) => observedAt <= 20 * 60_000 || observedAt >= 40 * 60_000,
    );
    const condition = evaluateCondition(withGap, band, 3_600_000);
    const split = splitByLegs(condition, [{ position: 1, isOurs: true, beganAt: 0, endedAt: 50 * 60_000 }]);
    expect(condition.excursionMinutes).toBe(30);
    expect(split).toMatchObject({ ourMinutes: 20, otherMinutes: 0, unassignedMinutes: 10 });
  });
});

describe("remaining shelf life", () => {
  const model = { lifeDays: 10, referenceCelsius: 2, q10: 2, q10Uncertainty: 0.1 };
  const hourly = (hours: number, celsius: number) =>
    Array.from({ length: hours + 1 }, (_, hour) => ({ observedAt: hour * 3_600_000, celsius }));

  test("a day at the reference temperature takes a day; ten degrees warmer takes q10 days", () => {
    const options = { now: day, expectedIntervalSeconds: 3600 };
    expect(remainingShelfLife(hourly(24, 2), model, options)?.remainingDays).toBeCloseTo(9, 9);
    expect(remainingShelfLife(hourly(24, 12), model, options)?.remainingDays).toBeCloseTo(8, 9);
  });

  test("a gap widens the range and is named", () => {
    const readings = [...hourly(12, 2), { observedAt: 23 * 3_600_000, celsius: 12 }];
    const life = remainingShelfLife(readings, model, { now: 23 * 3_600_000, expectedIntervalSeconds: 3600 });
    expect(life?.gapMinutes).toBe(11 * 60);
    expect(life?.remainingDaysMin).toBeLessThan(life?.remainingDays ?? 0);
    expect(life?.remainingDaysMax).toBeGreaterThan(life?.remainingDays ?? 0);
  });

  test("nothing measured, nothing said", () => {
    expect(remainingShelfLife([], model, { now: day, expectedIntervalSeconds: 60 })).toBeNull();
  });
});
