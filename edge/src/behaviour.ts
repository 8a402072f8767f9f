// What a virtual device measures at a moment of its story: pure, seeded, with no clock of its own.
import type { SeriesBehaviour, VirtualDevice } from "@waremind/contract";
import { normal, uniform } from "./noise.ts";

type NumberSeries = Extract<SeriesBehaviour, { kind: "number" }>;
type StateSeries = Extract<SeriesBehaviour, { kind: "state" }>;
type WeightSeries = Extract<SeriesBehaviour, { kind: "weight" }>;
export type Value = number | string | boolean;

export interface DeviceBehaviour {
  /** Every series' value at this many milliseconds after the story began. Ask in rising order. */
  valuesAt(elapsedMs: number): Readonly<Record<string, Value>>;
  /** The named phase each series is in; series in an unnamed phase are left out. */
  phasesAt(elapsedMs: number): Readonly<Record<string, string>>;
  silenceAt(elapsedMs: number): "off" | "out-of-coverage" | "none";
}

const minuteMs = 60_000;

/** The behaviour of one device; the same seed and times give the same values. */
export function createBehaviour(device: VirtualDevice, seed: number): DeviceBehaviour {
  const series = device.series.map((behaviour) => ({
    key: behaviour.key,
    behaviour,
    valueAt: createSeries(behaviour, `${seed}/${device.name}/${behaviour.key}`),
  }));
  return {
    valuesAt: (elapsedMs) => Object.fromEntries(series.map(({ key, valueAt }) => [key, valueAt(elapsedMs)])),
    phasesAt: (elapsedMs) =>
      Object.fromEntries(
        series.flatMap(({ key, behaviour }) => {
          const name =
            behaviour.kind === "number" ? placeIn(behaviour, elapsedMs / minuteMs).phase.name : undefined;
          return name === undefined ? [] : [[key, name]];
        }),
      ),
    silenceAt: (elapsedMs) => silenceAt(device, elapsedMs / minuteMs),
  };
}

function createSeries(series: SeriesBehaviour, seed: string): (elapsedMs: number) => Value {
  switch (series.kind) {
    case "number":
      return (elapsedMs) => numberAt(series, seed, elapsedMs);
    case "state":
      return (elapsedMs) => stateAt(series, elapsedMs);
    case "weight":
      return createScale(series, seed);
  }
}

function numberAt(series: NumberSeries, seed: string, elapsedMs: number): number {
  const { phase, share } = placeIn(series, elapsedMs / minuteMs);
  const value = phase.from + (phase.to - phase.from) * share;
  return round(value + phase.noise * normal(`${seed}/${elapsedMs}`), series.decimals);
}

function stateAt(series: StateSeries, elapsedMs: number): Value {
  return placeIn(series, elapsedMs / minuteMs).phase.value;
}

/** The phase at a minute of the story and how far through it, 0 to 1; after the last it holds or begins again. */
function placeIn<Phase extends { minutes: number }>(
  series: { readonly phases: readonly Phase[]; readonly afterwards: "hold" | "repeat" },
  minute: number,
): { phase: Phase; share: number } {
  const totalMinutes = series.phases.reduce((sum, phase) => sum + phase.minutes, 0);
  let left = series.afterwards === "repeat" ? minute % totalMinutes : minute;
  for (const phase of series.phases) {
    if (left < phase.minutes) return { phase, share: Math.max(0, left) / phase.minutes };
    left -= phase.minutes;
  }
  const last = series.phases.at(-1);
  if (last === undefined) throw new Error("A series without phases passed the schema.");
  return { phase: last, share: 1 };
}

interface StockStep {
  readonly atMinute: number;
  /** The units left on the shelf after this step. */
  apply(units: number): number;
}

/** A scale remembers what was taken so far, so that a story of any length costs one step at a time. */
function createScale(series: WeightSeries, seed: string): (elapsedMs: number) => number {
  let steps = stepsOf(series, seed);
  let next = steps.next();
  let units = series.startUnits;
  let askedMs = 0;
  return (elapsedMs) => {
    if (elapsedMs < askedMs) {
      steps = stepsOf(series, seed);
      next = steps.next();
      units = series.startUnits;
    }
    askedMs = elapsedMs;
    while (next.done !== true && next.value.atMinute * minuteMs <= elapsedMs) {
      units = Math.max(0, next.value.apply(units));
      next = steps.next();
    }
    const noise = series.noiseGrams * normal(`${seed}/${elapsedMs}`);
    return round(Math.max(0, series.tareGrams + units * series.unitGrams + noise), series.decimals);
  };
}

/** The written steps and the endless sales of a shelf, in order of time. */
function* stepsOf(series: WeightSeries, seed: string): Generator<StockStep> {
  const written = series.steps
    .map((step) => ({ atMinute: step.afterMinutes, apply: (units: number) => units - step.takenUnits }))
    .toSorted((left, right) => left.atMinute - right.atMinute);
  const sales = salesOf(series, seed);
  let sale = sales.next();
  for (const step of written) {
    while (sale.done !== true && sale.value.atMinute <= step.atMinute) {
      yield sale.value;
      sale = sales.next();
    }
    yield step;
  }
  while (sale.done !== true) {
    yield sale.value;
    sale = sales.next();
  }
}

/** One sale in every stretch of `everyMinutes`, somewhere in its middle 80 %; a low shelf is filled instead. */
function* salesOf(series: WeightSeries, seed: string): Generator<StockStep> {
  const { sales } = series;
  if (sales === undefined) return;
  for (let index = 0; index < Number.MAX_SAFE_INTEGER; index += 1) {
    const offset = 0.1 + 0.8 * uniform(`${seed}/sale/${index}`);
    const takenUnits = 1 + Math.floor(uniform(`${seed}/units/${index}`) * sales.unitsMax);
    yield {
      atMinute: (index + offset) * sales.everyMinutes,
      apply: (units) => (units < sales.refillBelowUnits ? sales.refillToUnits : units - takenUnits),
    };
  }
}

function silenceAt(device: VirtualDevice, minute: number): "off" | "out-of-coverage" | "none" {
  const silence = device.silences.find(
    ({ afterMinutes, minutes }) =>
      minute >= afterMinutes && (minutes === undefined || minute < afterMinutes + minutes),
  );
  return silence?.kind ?? "none";
}

function round(value: number, decimals: number): number {
  const rounded = Number(value.toFixed(decimals));
  return rounded === 0 ? 0 : rounded;
}
