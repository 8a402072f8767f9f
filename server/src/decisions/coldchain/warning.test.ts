// How often the warning is wrong, and how early it is right: measured over generated days and ramps.
import type { Band } from "@waremind/contract";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  advanceCondition,
  conditionOf,
  evaluateCondition,
  startCondition,
  type TemperatureReading,
} from "./index.ts";

const minute = 60_000;
const startAt = 1_772_000_000_000;
/** From a demo's live readings to a slow logger. */
const intervalsSeconds = [5, 15, 30, 60, 120, 150, 300] as const;

const aBand = (intervalSeconds: number): Band => ({
  id: "band",
  nameEn: "0 to 8 °C",
  nameZh: "0–8 °C",
  minCelsius: 0,
  maxCelsius: 8,
  ignoreMinutes: 10,
  warnAheadMinutes: 30,
  expectedIntervalSeconds: Math.max(60, intervalSeconds),
  meanKineticLimitCelsius: null,
  excursionMinutesMax: 30,
});

type Random = () => number;

/** Mulberry32. */
function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Cut at three standard deviations, so that a day that is meant to stay in band does. */
function normal(random: Random): number {
  const value = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Math.max(-3, Math.min(3, value));
}

/** A sine, a triangle, and a compressor that cools twice as fast as it warms; each cycle differs by up to a tenth. */
const shapes: readonly ((phase: number) => number)[] = [
  (phase) => Math.sin(2 * Math.PI * phase),
  (phase) => (phase < 0.5 ? 4 * phase - 1 : 3 - 4 * phase),
  (phase) => (phase < 0.65 ? (2 * phase) / 0.65 - 1 : 1 - (2 * (phase - 0.65)) / 0.35),
];

function cycle(random: Random, { amplitude, minutes }: { amplitude: number; minutes: number }) {
  const shape = shapes[Math.floor(random() * shapes.length)] ?? Math.sin;
  const varied = (value: number): number => value * (0.9 + 0.2 * random());
  let [from, length, height] = [-random() * minutes, minutes, amplitude];
  return (at: number): number => {
    while (at >= from + length) {
      from += length;
      [length, height] = [varied(minutes), varied(amplitude)];
    }
    return height * shape((at - from) / length);
  };
}

interface Run {
  readonly intervalSeconds: number;
  readonly hours: number;
  readonly celsiusAt: (atMinute: number) => number;
  readonly noise: number;
  readonly resolution: number;
}

function readingsOf(
  random: Random,
  { intervalSeconds, hours, celsiusAt, noise, resolution }: Run,
): TemperatureReading[] {
  return Array.from({ length: Math.round((hours * 3600) / intervalSeconds) }, (_, index) => {
    const at = (index * intervalSeconds) / 60;
    const celsius = celsiusAt(at) + noise * normal(random);
    return {
      observedAt: startAt + at * minute,
      celsius: Math.round(celsius / resolution) * resolution,
    };
  });
}

/** A day in band: no cycle, or one of up to ±1 °C in 10 to 20 minutes, a noise of up to 0.15 °C. */
function calmDay(random: Random, intervalSeconds: number): TemperatureReading[] {
  const amplitude = random() < 0.2 ? 0 : random();
  const wave = cycle(random, { amplitude, minutes: 10 + 10 * random() });
  const noise = 0.02 + 0.13 * random();
  const room = amplitude * 1.1 + 3.2 * noise;
  const middle = room + random() * (8 - 2 * room);
  const resolution = random() < 0.3 ? 0.1 : 0.01;
  const celsiusAt = (at: number): number => middle + wave(at);
  return readingsOf(random, { intervalSeconds, hours: 24, celsiusAt, noise, resolution });
}

/** Each warning that begins, by the time and side. */
function warningsOf(readings: readonly TemperatureReading[], band: Band): { at: number; side: string }[] {
  const warnings: { at: number; side: string }[] = [];
  let state = startCondition();
  for (const reading of readings) {
    const before = state.warning;
    state = advanceCondition(state, reading, band);
    if (before === null && state.warning !== null)
      warnings.push({ at: state.warning.raisedAt, side: state.warning.side });
  }
  return warnings;
}

describe("the warning", () => {
  test("is silent through days of cycles and noise within the band", () => {
    const counts = intervalsSeconds.flatMap((intervalSeconds) =>
      Array.from({ length: 5 }, (_, seed) => {
        const readings = calmDay(seeded(seed * 1000 + intervalSeconds), intervalSeconds);
        return warningsOf(readings, aBand(intervalSeconds)).length;
      }),
    );
    expect(counts.filter((count) => count === 0).length / counts.length).toBeGreaterThanOrEqual(0.95);
    expect(counts.reduce((sum, count) => sum + count, 0) / counts.length).toBeLessThan(0.1);
  }, 60_000);

  test.each([
    // A cycle hides the beginning of a rise, and its crest crosses before its mean does.
    { name: "a calm", amplitudeMax: 0, shareMin: 0.95, leadMin: 10 },
    { name: "a cycling", amplitudeMax: 1, shareMin: 0.8, leadMin: 8 },
  ])(
    "comes minutes before the limit when $name temperature runs away",
    ({ amplitudeMax, shareMin, leadMin }) => {
      const leads = intervalsSeconds.flatMap((intervalSeconds) =>
        Array.from({ length: 12 }, (_, seed) => {
          const random = seeded(seed * 7777 + intervalSeconds);
          const wave = cycle(random, { amplitude: amplitudeMax * random(), minutes: 10 + 10 * random() });
          const [perHour, from, sign] = [2 + 18 * random(), 60 + 30 * random(), random() < 0.5 ? -1 : 1];
          const celsiusAt = (at: number): number =>
            4 + wave(at) + sign * (perHour / 60) * Math.max(0, at - from);
          const noise = 0.02 + 0.08 * random();
          const run = { intervalSeconds, hours: 5, celsiusAt, noise, resolution: 0.01 };
          const readings = readingsOf(random, run);
          const crossedAt = readings.find(({ celsius }) => celsius < 0 || celsius > 8)?.observedAt ?? 0;
          const side = sign > 0 ? "above" : "below";
          const warning = warningsOf(readings, aBand(intervalSeconds)).find((one) => one.side === side);
          return warning === undefined ? 0 : (crossedAt - warning.at) / minute;
        }),
      );
      const sorted = leads.toSorted((a, b) => a - b);
      expect(leads.filter((lead) => lead >= 2).length / leads.length).toBeGreaterThanOrEqual(shareMin);
      expect(sorted[Math.floor(sorted.length / 2)]).toBeGreaterThan(leadMin);
    },
  );

  const everyMinute = (minutes: number, celsiusAt: (at: number) => number): TemperatureReading[] =>
    Array.from({ length: minutes }, (_, at) => ({
      observedAt: startAt + at * minute,
      celsius: celsiusAt(at),
    }));

  test("does not take a step to a new level for a trend", () => {
    const random = seeded(3);
    const readings = everyMinute(180, (at) => (at < 90 ? 3 : 2.2) + 0.03 * normal(random));
    expect(warningsOf(readings, { ...aBand(60), minCelsius: 2 })).toEqual([]);
  });

  test("stays on until the rise has been gone for ten minutes, and rests for fifteen before the next", () => {
    // Twice within half an hour: a rise of 9 °C an hour that stops.
    const celsiusAt = (at: number): number => {
      if (at < 60) return 2;
      if (at < 82) return 2 + (at - 60) * 0.15;
      return at < 95 ? 5.3 : 5.3 + (at - 95) * 0.15;
    };
    let state = startCondition();
    const changes: [number, boolean][] = [];
    for (const [at, reading] of everyMinute(110, celsiusAt).entries()) {
      const wasOn = state.warning !== null;
      state = advanceCondition(state, reading, aBand(60));
      if (wasOn !== (state.warning !== null)) changes.push([at, !wasOn]);
    }
    expect(changes.map(([, isOn]) => isOn)).toEqual([true]);
    const plateau = everyMinute(220, (at) => celsiusAt(Math.min(at, 90)));
    let [wasOn, endedAt] = [false, 0];
    let calm = startCondition();
    for (const [at, reading] of plateau.entries()) {
      calm = advanceCondition(calm, reading, aBand(60));
      if (wasOn && calm.warning === null) endedAt = at;
      wasOn = calm.warning !== null;
    }
    expect(endedAt).toBeGreaterThanOrEqual(92);
    expect(endedAt).toBeLessThan(115);
    expect(warningsOf(plateau, aBand(60))).toHaveLength(1);
  });

  test("remembers across a short gap what is usual, and draws no line through it", () => {
    const before = everyMinute(60, () => 3);
    const after = everyMinute(90, () => 6.5).slice(70);
    expect(warningsOf([...before, ...after], aBand(60))).toEqual([]);
  });

  test("is the same from scratch as reading by reading and through JSON, and its state stays small", () => {
    fc.assert(
      fc.property(fc.nat(100_000), fc.constantFrom(5, 60, 150), (seed, intervalSeconds) => {
        const random = seeded(seed);
        const perHour = 20 * random();
        const celsiusAt = (at: number): number =>
          3 + Math.sin(at / 3) + (perHour / 60) * Math.max(0, at - 70);
        const run = { intervalSeconds, hours: 2.5, celsiusAt, noise: 0.1, resolution: 0.01 };
        const readings = readingsOf(random, run);
        const cut = Math.floor(random() * readings.length);
        const band = aBand(intervalSeconds);
        let state = startCondition();
        for (const [index, reading] of readings.entries()) {
          if (index === cut) state = JSON.parse(JSON.stringify(state));
          state = advanceCondition(state, reading, band);
        }
        const now = readings.at(-1)?.observedAt ?? 0;
        expect(conditionOf(state, band, now)).toEqual(evaluateCondition(readings, band, now));
        expect(JSON.stringify(state.course).length).toBeLessThan(3_000);
      }),
      { numRuns: 25 },
    );
  });
});
