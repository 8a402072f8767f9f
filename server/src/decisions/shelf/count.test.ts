import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { advanceCellCount, type CellCountState, type CellScale, startCellCount } from "./index.ts";

const cell: CellScale = { tareGrams: 350, unitGrams: 500, capacityUnits: 12 };
const startAt = 1_772_000_000_000;

/** Feeds gross weights, `stepMs` apart, and gives each answer. */
function weigh(
  grams: readonly number[],
  options: { state?: CellCountState; stepMs?: number; cell?: CellScale; from?: number } = {},
): { counts: (number | null)[]; state: CellCountState; endedAt: number } {
  let state = options.state ?? startCellCount();
  let at = options.from ?? startAt;
  const counts: (number | null)[] = [];
  for (const value of grams) {
    at += options.stepMs ?? 1000;
    const counted = advanceCellCount(state, { observedAt: at, grams: value }, options.cell ?? cell);
    state = counted.state;
    counts.push(counted.units);
  }
  return { counts, state, endedAt: at };
}

const steady = (units: number, readings: number, of: CellScale = cell): number[] =>
  Array.from({ length: readings }, () => of.tareGrams + units * of.unitGrams);

const last = <Value>(values: readonly Value[]): Value | undefined => values.at(-1);

describe("counting a shelf from its weight", () => {
  test("a weight counts once it has stood three seconds", () => {
    expect(weigh(steady(7, 5)).counts).toEqual([null, null, null, 7, 7]);
  });

  test("two readings a minute apart are enough for a slow scale", () => {
    expect(weigh(steady(3, 2), { stepMs: 60_000 }).counts).toEqual([null, 3]);
  });

  test("any number of units is counted through the scale's noise", () => {
    const noise = fc.array(fc.double({ min: -0.09, max: 0.09, noNaN: true }), {
      minLength: 6,
      maxLength: 40,
    });
    fc.assert(
      fc.property(
        fc.integer({ min: 20, max: 5000 }),
        fc.integer({ min: 0, max: 60 }),
        noise,
        (unitGrams, units, noises) => {
          const scale = { tareGrams: 120, unitGrams, capacityUnits: 60 };
          const { counts } = weigh(
            noises.map((share) => 120 + units * unitGrams + share * unitGrams),
            { cell: scale },
          );
          expect(last(counts)).toBe(units);
        },
      ),
    );
  });

  test("takes, puts and hands that lean in between never give a wrong count", () => {
    const step = fc.record({
      units: fc.integer({ min: 0, max: 12 }),
      // A hand moves: its weight differs from reading to reading by more than the noise.
      hand: fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 12 }),
      noise: fc.array(fc.double({ min: -0.05, max: 0.05, noNaN: true }), { minLength: 5, maxLength: 12 }),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 25 }), (steps) => {
        let state = weigh(steady(5, 5)).state;
        let at = startAt + 10_000;
        let before = 5;
        for (const { units, hand, noise } of steps) {
          const level = cell.tareGrams + units * cell.unitGrams;
          const leaning = hand.map((tens, index) => level + (index % 2 === 0 ? 130 : 1400) + tens * 10);
          const disturbed = weigh(leaning, { state, from: at });
          // A hand may look like what was there before; it never gives a number of its own.
          expect(disturbed.counts.filter((count) => count !== null && count !== before)).toEqual([]);
          const calm = weigh(
            noise.map((share) => level + share * cell.unitGrams),
            { state: disturbed.state, from: disturbed.endedAt },
          );
          expect(calm.counts.filter((count) => count !== null && count !== units)).toEqual([]);
          expect(last(calm.counts)).toBe(units);
          state = calm.state;
          at = calm.endedAt;
          before = units;
        }
      }),
    );
  });

  test("a steady push that fits no whole number waits half a minute, and goes without a trace", () => {
    const before = weigh(steady(4, 5));
    const pushed = weigh(steady(4.4 + 0.9, 20), { state: before.state, from: before.endedAt });
    expect(pushed.counts.every((count) => count === null)).toBe(true);
    const after = weigh(steady(4, 5), { state: pushed.state, from: pushed.endedAt });
    expect(last(after.counts)).toBe(4);
  });

  test("more than fits is doubted for half a minute, then believed", () => {
    const before = weigh(steady(12, 5));
    const { counts } = weigh(steady(14, 40), { state: before.state, from: before.endedAt });
    expect(counts.slice(0, 28).every((count) => count === null)).toBe(true);
    expect(last(counts)).toBe(14);
  });

  test("a weight between two counts does not flutter", () => {
    const noise = fc.array(fc.double({ min: -0.09, max: 0.09, noNaN: true }), {
      minLength: 60,
      maxLength: 60,
    });
    fc.assert(
      fc.property(noise, (noises) => {
        const before = weigh(steady(4, 5));
        const { counts } = weigh(
          noises.map((share) => cell.tareGrams + (4.5 + share) * cell.unitGrams),
          { state: before.state, from: before.endedAt },
        );
        expect(counts.filter((count) => count !== null && count !== 4)).toEqual([]);
      }),
    );
  });

  test("a scale that drifts by almost half a unit over hours keeps its count, and still sees one taken", () => {
    const before = weigh(steady(6, 5));
    const drifting = Array.from({ length: 480 }, (_, index) => 350 + 6 * 500 + (index / 480) * 220);
    const drifted = weigh(drifting, { state: before.state, from: before.endedAt, stepMs: 60_000 });
    expect(drifted.counts.filter((count) => count !== null && count !== 6)).toEqual([]);
    expect(last(drifted.counts)).toBe(6);
    const taken = weigh(
      Array.from({ length: 6 }, () => 350 + 5 * 500 + 220),
      {
        state: drifted.state,
        from: drifted.endedAt,
      },
    );
    expect(last(taken.counts)).toBe(5);
  });

  test("a scale far below empty has lost its tare and counts nothing", () => {
    const { counts } = weigh(steady(-2, 60));
    expect(counts.every((count) => count === null)).toBe(true);
  });

  test("a late or repeated reading changes nothing", () => {
    const { state, endedAt } = weigh(steady(4, 5));
    const late = advanceCellCount(state, { observedAt: endedAt, grams: 9000 }, cell);
    expect(late).toEqual({ state, units: null });
  });

  test("the state is small and survives JSON", () => {
    const { state } = weigh(steady(4, 2000));
    expect(JSON.stringify(state).length).toBeLessThan(500);
    expect(JSON.parse(JSON.stringify(state))).toEqual(state);
  });
});
