import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { advanceSkew, gapsOf, qualitiesOf, quality, skewOf, startSkew } from "./index.ts";

const second = 1_000;
const hour = 3_600_000;
const gates = { changePerSecondMax: 1, stuckAfterSeconds: 60, stuckTolerance: 0 };
const every = (seconds: number, values: readonly number[]) =>
  values.map((value, index) => ({ observedAt: index * seconds * second, value }));

describe("the gates", () => {
  test("let through what changes as fast as it may", () => {
    expect(qualitiesOf(every(1, [0, 1, 2, 1, 0]), gates)).toEqual([0, 0, 0, 0, 0]);
  });

  test("tell a spike, and believe what comes after it", () => {
    expect(qualitiesOf(every(1, [4, 4.1, 80, 4.2, 4.1]), gates)).toEqual([0, 0, quality.spike, 0, 0]);
    expect(qualitiesOf(every(1, [4, 4.1, -80, 4.2, 4.1]), gates)).toEqual([0, 0, quality.spike, 0, 0]);
  });

  test("mark a jump that stays once, for what comes after it agrees with it", () => {
    expect(qualitiesOf(every(1, [4, 4.1, 25, 25.1, 25]), gates)).toEqual([0, 0, quality.tooFast, 0, 0]);
  });

  test("tell that a sensor is stuck after its time, and no more when it moves", () => {
    const values = [5, 5, 5, 5, 5, 5, 5, 5, 5.1];
    expect(qualitiesOf(every(10, values), gates)).toEqual([0, 0, 0, 0, 0, 0, 0, quality.stuck, 0]);
    expect(qualitiesOf(every(10, values), { ...gates, stuckTolerance: 0.2 })).toEqual([
      0, 0, 0, 0, 0, 0, 0, 4, 4,
    ]);
  });

  test("are open when they are null", () => {
    const open = { changePerSecondMax: null, stuckAfterSeconds: null, stuckTolerance: 0 };
    expect(qualitiesOf(every(1_000, [5, 5, 900, 5, 5, 5]), open)).toEqual([0, 0, 0, 0, 0, 0]);
  });

  test("never mark more spikes than jumps back, nor two in a row", () => {
    const values = fc.array(fc.integer({ min: -20, max: 20 }), { maxLength: 60 });
    fc.assert(
      fc.property(values, (list) => {
        const qualities = qualitiesOf(every(1, list), gates);
        expect(qualities).toHaveLength(list.length);
        for (const [index, one] of qualities.entries())
          if (one === quality.spike) expect(qualities[index + 1]).not.toBe(quality.spike);
      }),
    );
  });
});

describe("a device's clock", () => {
  const live = (skewMs: number, hours: number, driftMsPerHour = 0) => {
    let state = startSkew;
    for (let minute = 0; minute < hours * 60; minute += 1) {
      const receivedAt = 1_000 * hour + minute * 60_000;
      const delayMs = 300 + ((minute * 7_919) % 40) * 1_000;
      const ahead = skewMs + (driftMsPerHour * minute) / 60;
      state = advanceSkew(state, { observedAt: receivedAt - delayMs + ahead, receivedAt });
    }
    return skewOf(state);
  };

  test("that is right is told as right, however long messages wait", () => {
    expect(live(0, 3)?.skewMs).toBe(0);
  });

  test("that is ahead or behind is told by how much, to the quickest message", () => {
    expect(live(90_000, 3)?.skewMs).toBeCloseTo(90_000 - 300, -1);
    expect(live(-90_000, 3)?.skewMs).toBeCloseTo(-90_000 - 300, -1);
  });

  test("that drifts is told by how much a day", () => {
    expect(live(0, 24, 1_000)?.driftMsPerDay).toBeCloseTo(24_000, -2);
    expect(live(0, 3, 1_000)?.driftMsPerDay).toBeNull();
  });

  test("is not judged by a handful of messages, and keeps a day of hours", () => {
    expect(skewOf(advanceSkew(startSkew, { observedAt: 0, receivedAt: 5 }))).toBeNull();
    let state = startSkew;
    for (let at = 0; at < 100; at += 1)
      state = advanceSkew(state, { observedAt: at * hour, receivedAt: at * hour });
    expect(state.hours).toHaveLength(24);
  });
});

describe("gaps", () => {
  test("are silences of more than three expected intervals, the last one open", () => {
    const options = { expectedIntervalMs: 60_000, now: 1_200_000 };
    expect(gapsOf([0, 60_000, 240_000, 421_000], options)).toEqual([
      { from: 240_000, to: 421_000 },
      { from: 421_000, to: null },
    ]);
    expect(gapsOf([], options)).toEqual([]);
  });
});
