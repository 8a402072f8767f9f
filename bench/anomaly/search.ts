// `node bench/anomaly/search.ts SECONDS SEED [FILE]`: searches for settings of the anomaly detector on the tuning half of the
// benchmark; the held-out half is not looked at. Prints what it finds as JSON; FILE holds settings to begin with.
import { readFile } from "node:fs/promises";
import { advanceDetector, createDetectorState } from "../../server/src/decisions/anomaly/detector.ts";
import { type DetectorSettings, standardSettings } from "../../server/src/decisions/anomaly/settings.ts";
import { readBenchmark } from "./data.ts";
import {
  chance,
  learntMs,
  type MadeSeries,
  plantedSeries,
  spikySeries,
  steadySeries,
} from "./made-series.ts";
import { normalised, type Profile, pointsAt, type Sheet } from "./scoring.ts";

interface Labelled extends Omit<MadeSeries, "name"> {
  readonly sheet: Sheet;
}

/** A setting must hold for thresholds about its own, or it fits these files only. */
const thresholdTimes = [0.82, 0.91, 1, 1.09, 1.2];
/** What a false alarm in a steady or a spiky series costs, and a planted fault that was missed, in points of the score. */
const steadyCost = 0.4;
const spikyCost = 0.12;
const missedCost = 0.3;
/** How much a difference between the files and their disturbed copies costs. */
const unlikeCost = 0.15;

function judged(series: Pick<MadeSeries, "observedAt" | "values">, settings: DetectorSettings): Float64Array {
  const state = createDetectorState({}, settings);
  return series.values.map((value, row) => {
    const { score, isAnomalous } = advanceDetector(
      state,
      { observedAt: series.observedAt[row] ?? 0, value },
      settings,
    );
    return isAnomalous ? Math.max(score, 0.5) : 0;
  });
}

/** The same labels over other readings: a head and some rows left out, the sign turned in every second file. */
function disturbed(files: readonly Labelled[], random: () => number): readonly Labelled[] {
  return files.map(({ observedAt, values, sheet }) => {
    const head = Math.floor(random() * 0.08 * values.length);
    const kept = [...values.keys()].filter((row) => row >= head && random() > 0.08);
    const sign = random() < 0.5 ? 1 : -1;
    const pick = (from: Float64Array | Int32Array) => kept.map((row) => from[row] ?? 0);
    return {
      observedAt: Float64Array.from(pick(observedAt)),
      values: Float64Array.from(pick(values), (value) => sign * value),
      sheet: {
        ...sheet,
        worth: Float64Array.from(pick(sheet.worth)),
        window: Int32Array.from(pick(sheet.window)),
        scoredFrom: kept.findIndex((row) => row >= sheet.scoredFrom),
      },
    };
  });
}

function createObjective(
  files: readonly Labelled[],
  profile: Profile,
): (settings: DetectorSettings) => number {
  const sets = [files, disturbed(files, chance(7))];
  const windows = files.reduce((sum, { sheet }) => sum + sheet.windowCount, 0);
  const [steady, spiky, planted] = [steadySeries(), spikySeries(), plantedSeries()];
  const scoreOf = (set: readonly Labelled[], settings: DetectorSettings) =>
    normalised(
      pointsAt(
        set.map((file) => ({ sheet: file.sheet, scores: judged(file, settings) })),
        0.5,
        profile,
      ),
      windows,
      profile,
    );
  const alarmsIn = (series: readonly MadeSeries[], settings: DetectorSettings) =>
    series.reduce((sum, one) => {
      const learnt = (one.observedAt[0] ?? 0) + learntMs;
      return (
        sum +
        judged(one, settings).filter((score, row) => score > 0 && (one.observedAt[row] ?? 0) >= learnt).length
      );
    }, 0);
  return (settings) => {
    const times = (factor: number) => ({ ...settings, announceNats: settings.announceNats * factor });
    const scores = sets.map((set) => mean(thresholdTimes.map((factor) => scoreOf(set, times(factor)))));
    const missed = planted.filter(({ first, last, ...one }) =>
      judged(one, settings)
        .slice(first, last)
        .every((score) => score === 0),
    );
    return (
      mean(scores) -
      unlikeCost * (Math.max(...scores) - Math.min(...scores)) -
      steadyCost * mean([0.8, 1].map((factor) => alarmsIn(steady, times(factor)))) -
      spikyCost * mean([0.8, 1].map((factor) => alarmsIn(spiky, times(factor)))) -
      missedCost * missed.length
    );
  };
}

const mean = (numbers: readonly number[]) => numbers.reduce((sum, one) => sum + one, 0) / numbers.length;

/** Beyond these a setting loses its meaning; rates end at 1. */
const most: Partial<Record<keyof DetectorSettings, number>> = {
  tailShare: 0.1,
  tailStep: 0.3,
  dayWidthShare: 1,
  restlessShare: 0.05,
  clipDeviations: 10,
  silenceReadings: 80,
  silenceShare: 0.026,
  stillReadings: 60,
  pointMin: 8,
  runMin: 12,
  stepMin: 4,
  stillMin: 3,
  rangeMin: 3,
  habitReadings: 10_000,
};

function changed(settings: DetectorSettings, random: () => number): DetectorSettings {
  const names = Object.keys(settings) as (keyof DetectorSettings)[];
  const changes = Array.from({ length: 1 + Math.floor(random() * 3) }, () => {
    const name = names[Math.floor(random() * names.length)] ?? "levelRate";
    const value = settings[name] * Math.exp((random() - 0.5) * 1.2);
    return [name, Math.min(value, most[name] ?? (name.endsWith("Rate") ? 1 : Number.MAX_VALUE))];
  });
  return { ...settings, ...Object.fromEntries(changes) };
}

/** Simulated annealing: what is a little worse is followed now and then, less and less. */
async function main([seconds = "60", seed = "1", file]: readonly string[]): Promise<void> {
  const benchmark = await readBenchmark();
  if (benchmark === null) throw new Error("The benchmark's data is not there.");
  const tuning = benchmark.files.filter(({ half }) => half === "tuning");
  const objective = createObjective(tuning, benchmark.profiles.standard);
  const random = chance(Number(seed));
  const given =
    file === undefined ? {} : (JSON.parse(await readFile(file, "utf8")) as Partial<DetectorSettings>);
  let present = { settings: { ...standardSettings, ...given }, score: 0 };
  present.score = objective(present.settings);
  let best = present;
  const startedAt = performance.now();
  for (let spent = 0; spent < 1; spent = (performance.now() - startedAt) / (Number(seconds) * 1000)) {
    const settings = changed(present.settings, random);
    const next = { settings, score: objective(settings) };
    const warmth = 0.35 * (1 - spent) + 0.02;
    if (random() < Math.exp((next.score - present.score) / warmth)) present = next;
    if (next.score <= best.score) continue;
    best = next;
    console.error(best.score.toFixed(3));
  }
  console.log(JSON.stringify(best.settings, null, 2));
}

await main(process.argv.slice(2));
