import { type VirtualDevice, virtualDeviceSchema } from "@waremind/contract";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createBehaviour } from "./behaviour.ts";

const minute = 60_000;

function aDevice(parts: Record<string, unknown>): VirtualDevice {
  return virtualDeviceSchema.parse({ name: "logger-1", intervalSeconds: 5, ...parts });
}

const ramp = {
  kind: "number",
  key: "temperature",
  phases: [
    { name: "cold", from: 1, to: 2, minutes: 10 },
    { name: "warming", from: 2, to: 12, minutes: 20 },
  ],
};

test("a value moves evenly from the beginning of its phase to the end, then holds", () => {
  const behaviour = createBehaviour(aDevice({ series: [ramp] }), 1);
  const at = (minutes: number) => behaviour.valuesAt(minutes * minute)["temperature"];
  expect([at(0), at(5), at(10), at(20), at(30), at(500)]).toEqual([1, 1.5, 2, 7, 12, 12]);
});

test("a repeating series begins again after its last phase", () => {
  const behaviour = createBehaviour(aDevice({ series: [{ ...ramp, afterwards: "repeat" }] }), 1);
  expect(behaviour.valuesAt(35 * minute)).toEqual(behaviour.valuesAt(5 * minute));
  expect(behaviour.phasesAt(45 * minute)).toEqual({ temperature: "warming" });
});

test("the same seed gives the same noise and another seed does not", () => {
  const device = aDevice({
    series: [
      { kind: "number", key: "t", decimals: 4, phases: [{ from: 4, to: 4, minutes: 1000, noise: 0.2 }] },
    ],
  });
  const values = (seed: number) =>
    Array.from({ length: 50 }, (_, step) => createBehaviour(device, seed).valuesAt(step * minute)["t"]);
  expect(values(7)).toEqual(values(7));
  expect(values(7)).not.toEqual(values(8));
});

test("noise has the standard deviation that was asked for and no drift", () => {
  const device = aDevice({
    series: [
      { kind: "number", key: "t", decimals: 6, phases: [{ from: 4, to: 4, minutes: 9000, noise: 0.2 }] },
    ],
  });
  const behaviour = createBehaviour(device, 3);
  const values = Array.from({ length: 4000 }, (_, step) => Number(behaviour.valuesAt(step * 1000)["t"]));
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
  expect(mean).toBeCloseTo(4, 1);
  expect(deviation).toBeGreaterThan(0.185);
  expect(deviation).toBeLessThan(0.215);
});

test("a scale loses the weight of what is taken and never weighs less than its tare", () => {
  const behaviour = createBehaviour(
    aDevice({
      series: [
        {
          kind: "weight",
          key: "weight",
          tareGrams: 500,
          unitGrams: 200,
          startUnits: 3,
          steps: [
            { afterMinutes: 2, takenUnits: 2 },
            { afterMinutes: 1, takenUnits: 1 },
            { afterMinutes: 3, takenUnits: 9 },
            { afterMinutes: 4, takenUnits: -5 },
          ],
        },
      ],
    }),
    1,
  );
  const weights = [0, 1, 2, 3, 4].map((at) => behaviour.valuesAt(at * minute)["weight"]);
  expect(weights).toEqual([1100, 900, 500, 500, 1500]);
});

test("sales go on and a low shelf is filled again, however seldom the scale is read", () => {
  const series = {
    kind: "weight",
    key: "weight",
    tareGrams: 0,
    unitGrams: 1,
    startUnits: 20,
    sales: { everyMinutes: 3, unitsMax: 2, refillBelowUnits: 6, refillToUnits: 20 },
  };
  const device = aDevice({ series: [series] });
  const often = createBehaviour(device, 5);
  let dense = 0;
  const seen = new Set<number>();
  for (let second = 0; second <= 600 * 60; second += 30) {
    dense = Number(often.valuesAt(second * 1000)["weight"]);
    seen.add(dense);
  }
  const seldom = createBehaviour(device, 5).valuesAt(600 * minute)["weight"];
  expect(seldom).toBe(dense);
  expect(Math.min(...seen)).toBeGreaterThanOrEqual(4);
  expect(Math.max(...seen)).toBe(20);
});

test("a state jumps at its minute", () => {
  const behaviour = createBehaviour(
    aDevice({
      series: [
        {
          kind: "state",
          key: "door",
          phases: [
            { value: "closed", minutes: 5 },
            { value: "open", minutes: 1 },
          ],
          afterwards: "repeat",
        },
      ],
    }),
    1,
  );
  expect([4.9, 5, 5.9, 6].map((at) => behaviour.valuesAt(at * minute)["door"])).toEqual([
    "closed",
    "open",
    "open",
    "closed",
  ]);
});

test("a silence begins and ends at its minutes, and without minutes it lasts", () => {
  const behaviour = createBehaviour(
    aDevice({
      series: [ramp],
      silences: [
        { kind: "out-of-coverage", afterMinutes: 5, minutes: 5 },
        { kind: "off", afterMinutes: 20 },
      ],
    }),
    1,
  );
  expect([4, 5, 9.9, 10, 20, 9999].map((at) => behaviour.silenceAt(at * minute))).toEqual([
    "none",
    "out-of-coverage",
    "out-of-coverage",
    "none",
    "off",
    "off",
  ]);
});

test("a value never leaves the span of its phases by more than three deviations of the noise", () => {
  const phase = fc.record({
    from: fc.double({ min: -40, max: 40, noNaN: true }),
    to: fc.double({ min: -40, max: 40, noNaN: true }),
    minutes: fc.double({ min: 0.5, max: 500, noNaN: true }),
    noise: fc.double({ min: 0, max: 2, noNaN: true }),
  });
  fc.assert(
    fc.property(
      fc.array(phase, { minLength: 1, maxLength: 6 }),
      fc.integer(),
      fc.integer({ min: 0, max: 5000 }),
      (phases, seed, at) => {
        const device = aDevice({ series: [{ kind: "number", key: "t", decimals: 9, phases }] });
        const value = Number(createBehaviour(device, seed).valuesAt(at * minute)["t"]);
        const ends = phases.flatMap(({ from, to }) => [from, to]);
        const slack = 3 * Math.max(...phases.map(({ noise }) => noise)) + 1e-8;
        expect(value).toBeGreaterThanOrEqual(Math.min(...ends) - slack);
        expect(value).toBeLessThanOrEqual(Math.max(...ends) + slack);
      },
    ),
  );
});
