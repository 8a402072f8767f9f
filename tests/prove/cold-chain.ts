// The numbers of specs/cold-chain.md: mean kinetic temperature, how unequal intervals weigh, and what a gap is.
import type { Band, Condition } from "@waremind/contract";
import fc from "fast-check";
import {
  evaluateCondition,
  meanKineticCelsius,
  type TemperatureReading,
  worstKineticWindow,
} from "../../server/src/decisions/coldchain/index.ts";
import type { Suite, SuiteContext, SuiteOutcome } from "./suite.ts";

const minuteMs = 60_000;
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const begin = Date.UTC(2026, 2, 2);
const everyDayCases = 500;
const fullCases = 20_000;
/** What two ways of summing doubles may differ by, °C. */
const closeCelsius = 1e-6;

const cold: Band = {
  ...{ id: "cold", nameEn: "Controlled cold", nameZh: "控冷" },
  ...{ minCelsius: 2, maxCelsius: 8, ignoreMinutes: 10, warnAheadMinutes: 20, expectedIntervalSeconds: 60 },
  ...{ meanKineticLimitCelsius: 8, excursionMinutesMax: 24 * 60 },
};

/** A claim and what speaks against it; undefined: it holds. */
interface Case {
  readonly name: string;
  run(): string | undefined;
}

export const coldChain: Suite = {
  name: "cold-chain",
  title: { en: "The cold chain's numbers", zh: "冷链计算" },
  bar: "the golden pair of mean kinetic temperatures, weights at unequal intervals and the gap rule hold as published",
  run: async (context) => proveAll([...golden(), ...ofGaps(), ...properties(context)], context),
};

function proveAll(cases: readonly Case[], { log }: SuiteContext): SuiteOutcome {
  const failures: string[] = [];
  for (const { name, run } of cases) {
    const problem = run();
    log(problem === undefined ? name : `${name}: ${problem}`);
    if (problem !== undefined) failures.push(`${name}: ${problem}`);
  }
  const [year, month] = goldenPair();
  return {
    passed: cases.length - failures.length,
    failed: failures.length,
    skipped: 0,
    figure: `${year.toFixed(2)} °C over 52 weeks hides ${month.toFixed(2)} °C over 30 days; ${cases.length - failures.length} of ${cases.length} claims hold`,
    failures,
  };
}

/** A year of hours made to the published pair, which a constant but for one hot month and a daily swing gives. */
function goldenYear(): TemperatureReading[] {
  return Array.from({ length: 364 * 24 }, (_, hour) => {
    const isHotMonth = hour >= 180 * 24 && hour < 210 * 24;
    const ofDay = Math.sin((hour / 24) * 2 * Math.PI);
    return { observedAt: begin + hour * hourMs, celsius: (isHotMonth ? 28.9543 : 23.3427) + ofDay };
  });
}

function goldenPair(): readonly [year: number, month: number] {
  const readings = goldenYear();
  const window = worstKineticWindow(readings, { windowMs: 30 * dayMs, expectedIntervalSeconds: 3_600 });
  return [
    meanKineticCelsius(readings.map(({ celsius }) => celsius)) ?? Number.NaN,
    window?.celsius ?? Number.NaN,
  ];
}

function golden(): readonly Case[] {
  const limit = 25;
  return [
    {
      name: "the year stands at 23.98 °C and passes controlled room temperature",
      run: () =>
        unless(Math.abs(goldenPair()[0] - 23.98) < 0.005 && goldenPair()[0] <= limit, goldenPair()[0]),
    },
    {
      name: "its worst 30 days stand at 28.98 °C and do not",
      run: () =>
        unless(Math.abs(goldenPair()[1] - 28.98) < 0.005 && goldenPair()[1] > limit, goldenPair()[1]),
    },
    {
      name: "readings of every minute in the hot month change neither",
      run: () => {
        const dense = goldenYear().flatMap(({ observedAt, celsius }, hour) =>
          hour >= 180 * 24 && hour < 210 * 24
            ? Array.from({ length: 60 }, (_, minute) => ({
                observedAt: observedAt + (minute - 30) * minuteMs,
                celsius,
              }))
            : [{ observedAt, celsius }],
        );
        const band = { ...cold, minCelsius: -50, maxCelsius: 100, expectedIntervalSeconds: 3_600 };
        const year =
          evaluateCondition(dense, band, dense.at(-1)?.observedAt ?? begin).meanKineticCelsius ?? Number.NaN;
        const month = worstKineticWindow(dense, { windowMs: 30 * dayMs, expectedIntervalSeconds: 3_600 });
        const naive = meanKineticCelsius(dense.map(({ celsius }) => celsius)) ?? Number.NaN;
        // A plain mean of the readings would be drawn to the month that was looked at sixty times as often.
        const holds =
          Math.abs(year - 23.98) < 0.01 && Math.abs((month?.celsius ?? 0) - 28.98) < 0.01 && naive > 28;
        return unless(holds, `${year}, ${month?.celsius}, unweighted ${naive}`);
      },
    },
  ];
}

function ofGaps(): readonly Case[] {
  const out = (minutes: readonly number[], celsius = 12): Condition =>
    evaluateCondition(
      minutes.map((minute) => ({ observedAt: begin + minute * minuteMs, celsius })),
      cold,
      begin + (minutes.at(-1) ?? 0) * minuteMs,
    );
  const upTo = (last: number): number[] => Array.from({ length: last + 1 }, (_, minute) => minute);
  return [
    {
      name: "three expected intervals without a reading are no gap, and count",
      run: () => {
        const { gaps, excursionMinutes } = out([...upTo(20), 23, 24]);
        return unless(
          gaps.length === 0 && excursionMinutes === 14,
          `${gaps.length} gaps, ${excursionMinutes} min`,
        );
      },
    },
    {
      name: "a moment more is a gap: it is named, and nothing is counted within",
      run: () => {
        const { gaps, excursionMinutes, gapMinutes } = out([...upTo(20), 23 + 1 / minuteMs, 24]);
        const isNamed = gaps.length === 1 && gaps[0]?.from === begin + 20 * minuteMs;
        const counted = 10 + (1 - 1 / minuteMs);
        const isLeftOut = Math.abs(excursionMinutes - counted) < 1e-6 && Math.abs(gapMinutes - 3) < 0.001;
        return unless(isNamed && isLeftOut, `${JSON.stringify(gaps)}, ${excursionMinutes} min`);
      },
    },
    {
      name: "a gap is no flat line: the mean kinetic temperature is that of what was measured",
      run: () => {
        const { meanKineticCelsius: mean } = out(
          [...upTo(60), ...upTo(60).map((minute) => minute + 600)],
          12,
        );
        return unless(mean !== null && Math.abs(mean - 12) < closeCelsius, mean);
      },
    },
    {
      name: "silence up to the present is a gap that is still open",
      run: () => {
        const readings = upTo(10).map((minute) => ({ observedAt: begin + minute * minuteMs, celsius: 5 }));
        const { verdict, gaps } = evaluateCondition(readings, cold, begin + 30 * minuteMs);
        return unless(
          verdict === "silent" && gaps.at(-1)?.to === null,
          `${verdict}, ${JSON.stringify(gaps)}`,
        );
      },
    },
  ];
}

function properties({ isFull, seed }: SuiteContext): readonly Case[] {
  const options = { seed, numRuns: isFull ? fullCases : everyDayCases };
  const celsius = fc.integer({ min: -250, max: 450 }).map((tenths) => tenths / 10);
  return [
    {
      name: `equal intervals give the published formula (${options.numRuns} histories)`,
      run: () =>
        refuted(
          fc.property(fc.array(celsius, { minLength: 2, maxLength: 60 }), (values) => {
            const readings = values.map((value, minute) => ({
              observedAt: begin + minute * minuteMs,
              celsius: value,
            }));
            const mean = evaluateCondition(
              readings,
              cold,
              readings.at(-1)?.observedAt ?? 0,
            ).meanKineticCelsius;
            return isClose(mean, formula(values));
          }),
          options,
        ),
    },
    {
      name: `unequal intervals weigh by the time a reading stands for (${options.numRuns} histories)`,
      run: () =>
        refuted(
          fc.property(
            fc.array(fc.tuple(celsius, fc.integer({ min: 1, max: 5 })), { minLength: 2, maxLength: 40 }),
            (steps) => isClose(...bothMeans(steps)),
          ),
          options,
        ),
    },
  ];
}

/**
 * The engine's mean of readings some half minutes apart (over six are a gap), and the plain formula over as many copies of
 * each as quarter minutes it stands for: half the way to either neighbour, half an expected interval where there is none.
 */
function bothMeans(steps: readonly (readonly [number, number])[]): readonly [number | null, number] {
  const gapSteps = 6;
  const intervalSteps = 2;
  let at = begin;
  const readings = steps.map(([celsius, halfMinutes]) => {
    at += halfMinutes * (minuteMs / 2) * (halfMinutes === 5 ? 2 : 1);
    return { observedAt: at, celsius };
  });
  const apart = (left: number, right: number): number => {
    const [from, to] = [readings[left]?.observedAt, readings[right]?.observedAt];
    const halves = from === undefined || to === undefined ? intervalSteps : (to - from) / (minuteMs / 2);
    return halves > gapSteps ? intervalSteps : halves;
  };
  const copies = readings.flatMap(({ celsius }, index) =>
    Array.from({ length: apart(index - 1, index) + apart(index, index + 1) }, () => celsius),
  );
  return [evaluateCondition(readings, cold, at).meanKineticCelsius, formula(copies)];
}

/** USP <1160>, written here once more, with the constants of the page. */
function formula(values: readonly number[]): number {
  const overGas = 83.144 / 0.0083144;
  const sum = values.reduce((total, value) => total + Math.exp(-overGas / (value + 273.15)), 0);
  return overGas / -Math.log(sum / values.length) - 273.15;
}

function isClose(left: number | null, right: number): boolean {
  return left !== null && Math.abs(left - right) < closeCelsius;
}

function unless(holds: boolean, found: unknown): string | undefined {
  return holds ? undefined : `found ${String(found)}`;
}

function refuted<T>(
  property: fc.IProperty<T>,
  options: { seed: number; numRuns: number },
): string | undefined {
  const result = fc.check(property, options);
  return result.failed ? `refuted by ${JSON.stringify(result.counterexample)}` : undefined;
}
