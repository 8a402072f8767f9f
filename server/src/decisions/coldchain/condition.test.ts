import type { Band } from "@waremind/contract";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  advanceCondition,
  conditionOf,
  evaluateCondition,
  foldReadings,
  startCondition,
  type TemperatureReading,
} from "./index.ts";

const minute = 60_000;
const startAt = 1_772_000_000_000;

const aBand = (changes: Partial<Band> = {}): Band => ({
  id: "chilled-fish",
  nameEn: "Chilled fish",
  nameZh: "冰鲜鱼",
  minCelsius: 0,
  maxCelsius: 4,
  ignoreMinutes: 10,
  warnAheadMinutes: 20,
  expectedIntervalSeconds: 60,
  meanKineticLimitCelsius: 4,
  excursionMinutesMax: 30,
  ...changes,
});

/** `[minute, celsius]` pairs. */
const series = (...points: readonly (readonly [number, number])[]): TemperatureReading[] =>
  points.map(([at, celsius]) => ({ observedAt: startAt + at * minute, celsius }));

/** One reading a minute from `from` to `to`, inclusive. */
const everyMinute = (from: number, to: number, celsiusAt: (at: number) => number): TemperatureReading[] =>
  Array.from({ length: to - from + 1 }, (_, index) => ({
    observedAt: startAt + (from + index) * minute,
    celsius: celsiusAt(from + index),
  }));

const atMinute = (at: number): number => startAt + at * minute;

describe("excursions", () => {
  test("goods within the limits have none, and a value on the limit is within", () => {
    const condition = evaluateCondition(
      everyMinute(0, 60, () => 4),
      aBand(),
      atMinute(60),
    );
    expect(condition.verdict).toBe("in-band");
    expect(condition.excursionMinutes).toBe(0);
    expect(condition.excursions).toEqual([]);
  });

  test("the band is left and entered where the line between two readings meets the limit", () => {
    const readings = [
      ...everyMinute(0, 10, () => 3),
      ...everyMinute(11, 40, () => 7),
      ...everyMinute(41, 50, () => 3),
    ];
    const condition = evaluateCondition(readings, aBand(), atMinute(50));
    // From 3 to 7 within minute 10: 4 is met a quarter of the way; from 7 to 3 within minute 40: three quarters.
    expect(condition.excursions).toEqual([
      {
        leftBandAt: atMinute(10.25),
        returnedAt: atMinute(40.75),
        countsFrom: atMinute(20.25),
        minutes: 20.5,
        peakCelsius: 7,
        peakAt: atMinute(11),
        side: "above",
      },
    ]);
    expect(condition.verdict).toBe("excursion");
  });

  test("a stretch shorter than the ignore period does not count, and each stretch has its own", () => {
    const readings = [
      ...everyMinute(0, 5, () => 3),
      ...everyMinute(6, 14, () => 5),
      ...everyMinute(15, 20, () => 3),
      ...everyMinute(21, 29, () => 5),
      ...everyMinute(30, 35, () => 3),
    ];
    expect(evaluateCondition(readings, aBand(), atMinute(35)).excursionMinutes).toBe(0);
  });

  test("cool-down after loading is within the ignore period of the first reading", () => {
    const readings = [...everyMinute(0, 8, () => 12), ...everyMinute(9, 30, () => 2)];
    const condition = evaluateCondition(readings, aBand(), atMinute(30));
    expect(condition.verdict).toBe("in-band");
    expect(condition.maxCelsius).toBe(12);
  });

  test("freezing counts like warming: a jump from one side to the other ends one stretch and begins another", () => {
    const readings = [...everyMinute(0, 20, () => 8), ...everyMinute(21, 41, () => -4)];
    const condition = evaluateCondition(readings, aBand({ excursionMinutesMax: 500 }), atMinute(41));
    expect(condition.excursions.map(({ side, peakCelsius }) => [side, peakCelsius])).toEqual([
      ["above", 8],
      ["below", -4],
    ]);
    expect(condition.excursions[0]?.returnedAt).toBe(atMinute(20) + Math.round(minute / 3));
    expect(condition.excursions[1]?.leftBandAt).toBe(atMinute(20) + Math.round((minute * 2) / 3));
    expect(condition.excursions[1]?.returnedAt).toBeNull();
  });

  test("an open excursion counts to its last reading, and spoils the goods above the maximum for good", () => {
    const band = aBand({ excursionMinutesMax: 30 });
    const readings = everyMinute(0, 40, () => 6);
    expect(evaluateCondition(readings, band, atMinute(40))).toMatchObject({
      verdict: "excursion",
      excursionMinutes: 30,
    });
    const longer = [...readings, ...series([41, 6], [42, 2], [43, 2])];
    expect(evaluateCondition(longer, band, atMinute(43)).verdict).toBe("spoiled");
    expect(evaluateCondition(longer, band, atMinute(600)).verdict).toBe("spoiled");
  });
});

describe("gaps", () => {
  test("three intervals of silence are not a gap; more are, also when still going on", () => {
    const readings = series([0, 2], [3, 2], [7, 2]);
    const condition = evaluateCondition(readings, aBand(), atMinute(20));
    expect(condition.gaps).toEqual([
      { from: atMinute(3), to: atMinute(7) },
      { from: atMinute(7), to: null },
    ]);
    expect(condition.gapMinutes).toBe(17);
    expect(condition.verdict).toBe("silent");
  });

  test("no excursion time accrues through a gap, and the stretch stays one when both edges are out", () => {
    const readings = [...everyMinute(0, 20, () => 6), ...everyMinute(60, 70, () => 6), ...series([71, 2])];
    const condition = evaluateCondition(readings, aBand(), atMinute(71));
    expect(condition.excursions).toHaveLength(1);
    expect(condition.excursionMinutes).toBeCloseTo(10 + 10.5, 9);
    expect(condition.excursions[0]?.leftBandAt).toBe(atMinute(0));
  });

  test("a gap within the ignore period moves its end on", () => {
    const readings = [...everyMinute(0, 5, () => 6), ...everyMinute(50, 60, () => 6)];
    const condition = evaluateCondition(readings, aBand(), atMinute(60));
    expect(condition.excursions[0]).toMatchObject({ countsFrom: atMinute(55), minutes: 5 });
  });

  test("goods back in band after a gap count to the last reading before it", () => {
    const readings = [...everyMinute(0, 20, () => 6), ...everyMinute(60, 70, () => 2)];
    const condition = evaluateCondition(readings, aBand(), atMinute(70));
    expect(condition.excursionMinutes).toBe(10);
    expect(condition.excursions[0]?.returnedAt).toBe(atMinute(60));
  });

  test("a rate is not drawn across a gap", () => {
    const readings = [...everyMinute(0, 10, () => 1), ...everyMinute(30, 31, () => 3)];
    expect(evaluateCondition(readings, aBand(), atMinute(31)).ratePerHour).toBeNull();
  });
});

describe("the warning before the limit", () => {
  test("a steady rise gives the rate and the minutes left", () => {
    // Known for 40 minutes, then 0.1 °C a minute.
    const condition = evaluateCondition(
      everyMinute(0, 60, (at) => 1 + Math.max(0, at - 40) * 0.1),
      aBand(),
      atMinute(60),
    );
    expect(condition.ratePerHour).toBeCloseTo(6, 6);
    expect(condition.minutesToLimit).toBeCloseTo(10, 6);
    expect(condition.verdict).toBe("warming");
  });

  test("half a cycle of a compressor is no trend before a whole one was seen", () => {
    const rising = everyMinute(0, 19, (at) => 2.5 - Math.cos((at / 20) * Math.PI));
    const condition = evaluateCondition(rising, aBand(), atMinute(19));
    expect(condition).toMatchObject({ verdict: "in-band", minutesToLimit: null });
  });

  test("one odd reading raises no warning", () => {
    const readings = everyMinute(0, 20, (at) => (at === 18 ? 3.9 : 2 + (at % 2) * 0.1));
    expect(evaluateCondition(readings, aBand(), atMinute(20))).toMatchObject({
      verdict: "in-band",
      minutesToLimit: null,
    });
  });

  test("noise near the limit is no trend", () => {
    const noise = fc.array(fc.double({ min: -0.12, max: 0.12, noNaN: true }), {
      minLength: 30,
      maxLength: 30,
    });
    fc.assert(
      fc.property(noise, (values) => {
        const readings = values.map((value, index) => ({
          observedAt: atMinute(index),
          celsius: 3.8 + value,
        }));
        expect(evaluateCondition(readings, aBand(), atMinute(29)).verdict).toBe("in-band");
      }),
    );
  });

  test("cooling towards freezing has minutes to the limit and is not called warming", () => {
    const condition = evaluateCondition(
      everyMinute(0, 60, (at) => 3 - Math.max(0, at - 40) * 0.1),
      aBand(),
      atMinute(60),
    );
    expect(condition.minutesToLimit).toBeCloseTo(10, 6);
    expect(condition.verdict).toBe("in-band");
  });

  test("recovery after a door opening is no rush towards freezing, and a fall that goes on is", () => {
    const readings = [
      ...everyMinute(0, 10, () => 2),
      ...everyMinute(11, 13, () => 9),
      ...everyMinute(14, 19, (at) => 4 - (at - 13) * 0.4),
    ];
    const recovering = evaluateCondition(readings, aBand(), atMinute(19));
    expect(recovering).toMatchObject({ verdict: "in-band", minutesToLimit: null });
    expect(recovering.ratePerHour).toBeCloseTo(-24, 6);
    const falling = [
      ...readings,
      ...everyMinute(20, 59, () => 1.6),
      ...everyMinute(60, 70, (at) => 1.6 - (at - 59) * 0.1),
    ];
    expect(evaluateCondition(falling, aBand(), atMinute(70)).minutesToLimit).toBeCloseTo(5, 6);
  });

  test("a chatty logger shows the same trend as a slow one", () => {
    const readings = Array.from({ length: 3601 }, (_, index) => ({
      observedAt: startAt + index * 1000,
      celsius: 1 + Math.max(0, index / 60 - 40) * 0.1,
    }));
    expect(evaluateCondition(readings, aBand(), atMinute(60)).minutesToLimit).toBeCloseTo(10, 3);
  });
});

const outside = (celsius: number, band: Band): number =>
  Number(celsius > band.maxCelsius) - Number(celsius < band.minCelsius);

function meeting(a: TemperatureReading, b: TemperatureReading, limit: number): number {
  return Math.round(
    a.observedAt + ((limit - a.celsius) / (b.celsius - a.celsius)) * (b.observedAt - a.observedAt),
  );
}

/** What one pair of neighbours adds: stretches out of band as `[side, from, to, begins a new stretch]`. */
function betweenNeighbours(
  a: TemperatureReading,
  b: TemperatureReading,
  band: Band,
): [side: number, from: number, to: number, isNew: boolean][] {
  const [sideA, sideB] = [outside(a.celsius, band), outside(b.celsius, band)];
  if (b.observedAt - a.observedAt > band.expectedIntervalSeconds * 3000)
    return [[sideB, b.observedAt, b.observedAt, sideA !== sideB]];
  if (sideA === sideB) return [[sideA, a.observedAt, b.observedAt, false]];
  const meets = (side: number): number => meeting(a, b, side > 0 ? band.maxCelsius : band.minCelsius);
  return [
    [sideA, a.observedAt, sideA === 0 ? a.observedAt : meets(sideA), false],
    [sideB, sideB === 0 ? b.observedAt : meets(sideB), b.observedAt, true],
  ];
}

/** A second, slower way to the same figures: look at each pair of neighbours, then at each stretch. */
function slowly(readings: readonly TemperatureReading[], band: Band): { excursionMs: number; gapMs: number } {
  const stretches: number[] = [0];
  let gapMs = 0;
  for (const [index, b] of readings.entries()) {
    const a = readings[index - 1] ?? { observedAt: b.observedAt, celsius: b.celsius };
    const stepMs = b.observedAt - a.observedAt;
    if (stepMs > band.expectedIntervalSeconds * 3000) gapMs += stepMs;
    for (const [side, from, to, isNew] of betweenNeighbours(a, b, band)) {
      if (isNew) stretches.push(0);
      if (side !== 0) stretches.push((stretches.pop() ?? 0) + to - from);
    }
  }
  const ignoreMs = band.ignoreMinutes * minute;
  const excursionMs = stretches.reduce((sum, ms) => sum + Math.max(0, ms - ignoreMs), 0);
  return { excursionMs, gapMs };
}

const readingsArbitrary = fc
  .array(
    fc.record({
      // Mostly about a minute apart, at times a gap, at times the same instant.
      stepMs: fc.oneof(
        { weight: 8, arbitrary: fc.integer({ min: 1, max: 150_000 }) },
        { weight: 1, arbitrary: fc.integer({ min: 180_001, max: 3_000_000 }) },
        { weight: 1, arbitrary: fc.constant(0) },
      ),
      celsius: fc.integer({ min: -80, max: 140 }).map((tenths) => tenths / 10),
      isSame: fc.boolean(),
    }),
    { maxLength: 150 },
  )
  .map((steps) => {
    let observedAt = startAt;
    let celsius = 2;
    return steps.map((step) => {
      observedAt += step.stepMs;
      if (!step.isSame) celsius = step.celsius;
      return { observedAt, celsius };
    });
  });

describe("the fold", () => {
  test("agrees with the slow way on every series", () => {
    fc.assert(
      fc.property(readingsArbitrary, fc.integer({ min: 0, max: 15 }), (readings, ignoreMinutes) => {
        const band = aBand({ ignoreMinutes });
        const now = readings.at(-1)?.observedAt ?? startAt;
        const condition = evaluateCondition(readings, band, now);
        const expected = slowly(readings, band);
        expect(condition.excursionMinutes * minute).toBeCloseTo(expected.excursionMs, 3);
        expect(condition.gapMinutes * minute).toBeCloseTo(expected.gapMs, 3);
        const listed = condition.excursions.reduce((sum, { minutes }) => sum + minutes, 0);
        if (condition.excursions.length < 100) expect(listed).toBeCloseTo(condition.excursionMinutes, 6);
      }),
      { numRuns: 500 },
    );
  });

  test("gives the same in one piece, reading by reading, and through JSON at any point", () => {
    fc.assert(
      fc.property(readingsArbitrary, fc.nat(150), (readings, cut) => {
        const band = aBand();
        const now = (readings.at(-1)?.observedAt ?? startAt) + 5 * minute;
        let state = foldReadings(readings.slice(0, cut), band);
        state = JSON.parse(JSON.stringify(state));
        for (const reading of readings.slice(cut)) state = advanceCondition(state, reading, band);
        expect(conditionOf(state, band, now)).toEqual(evaluateCondition(readings, band, now));
      }),
    );
  });

  test("stays small however long the journey and however bad the logger", () => {
    const band = aBand({ ignoreMinutes: 0 });
    let state = startCondition();
    for (let index = 0; index < 20_000; index += 1) {
      const observedAt = startAt + index * minute + Math.floor(index / 3) * 5 * minute;
      state = advanceCondition(state, { observedAt, celsius: index % 2 === 0 ? 2 : 9 }, band);
    }
    expect(JSON.stringify(state).length).toBeLessThan(30_000);
    expect(state.readingCount).toBe(20_000);
  });

  test("refuses a reading older than the last", () => {
    const state = foldReadings(series([0, 2], [5, 2]), aBand());
    expect(() => advanceCondition(state, { observedAt: atMinute(4), celsius: 2 }, aBand())).toThrow(
      RangeError,
    );
  });

  test("knows nothing before the first reading", () => {
    expect(conditionOf(startCondition(), aBand(), startAt)).toMatchObject({
      verdict: "no-readings",
      readingCount: 0,
      meanKineticCelsius: null,
      gapMinutes: 0,
    });
  });

  test("has no mean kinetic temperature where the band says it does not apply", () => {
    const band = aBand({ meanKineticLimitCelsius: null });
    expect(evaluateCondition(series([0, 2], [1, 3]), band, atMinute(1)).meanKineticCelsius).toBeNull();
  });

  test("weighs readings by the time they stand for", () => {
    const band = aBand({ expectedIntervalSeconds: 120 });
    // 20 °C stands for 1 + 1 minutes, 30 °C for 1 + 0.5, 20 °C for 0.5 + 1: together 5 minutes, 1.5 of them at 30.
    const condition = evaluateCondition(series([0, 20], [2, 30], [3, 20]), band, atMinute(3));
    const pace = (celsius: number): number => Math.exp(-83.144 / (8.3144e-3 * (celsius + 273.15)));
    const mean = (pace(20) * 3.5 + pace(30) * 1.5) / 5;
    const expected = 83.144 / 8.3144e-3 / -Math.log(mean) - 273.15;
    expect(condition.meanKineticCelsius).toBeCloseTo(expected, 9);
  });
});
