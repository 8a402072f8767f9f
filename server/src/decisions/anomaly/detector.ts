// Anomalies of one series without labels: what it should read, how far from that a reading lies, how rare that is for this
// series, and whether it is worth a word. One pass, constant memory, no look ahead; nothing here pages anybody.
import { type AnnounceState, announce, createAnnouncing } from "./announce.ts";
import { type BandState, bandAround, createBand, learnBand } from "./band.ts";
import { createLevels, expectedOf, type LevelState, learnLevels, rounding, widthOf } from "./levels.ts";
import { type DetectorSettings, learningMs, learningReadings, standardSettings } from "./settings.ts";
import {
  createSignals,
  readSignals,
  restartRuns,
  type SignalName,
  type SignalState,
  signalNames,
} from "./signals.ts";
import { createTails, surpriseOf, type TailState } from "./tails.ts";

/** How much it takes for a word: `low` announces least. */
export type Sensitivity = "low" | "normal" | "high";

export interface DetectorOptions {
  readonly sensitivity?: Sensitivity;
}

/** Mutable and of constant size; `encodeDetectorState` turns it into text. */
export interface DetectorState {
  readonly version: 1;
  sensitivity: Sensitivity;
  /** Readings taken in. */
  count: number;
  firstAt: number;
  lastAt: number;
  /** Usual time between two readings, milliseconds. */
  intervalMs: number;
  readonly levels: LevelState;
  readonly band: BandState;
  readonly signals: SignalState;
  readonly tails: TailState;
  readonly announcing: AnnounceState;
}

export interface SeriesPoint {
  readonly observedAt: number;
  readonly value: number;
}

/** Why a reading scored as it did. `usual` up to `announced` are calm; the rest name what stands out most. */
export type AnomalyReason =
  | "usual"
  | "learning"
  | "late"
  | "not-a-number"
  | "announced"
  | "above-band"
  | "below-band"
  | "shift-up"
  | "shift-down"
  | "jump-up"
  | "jump-down"
  | "flat-line"
  | "never-so-high"
  | "never-so-low";

export interface Judgement {
  /** 0 (nothing) to 1; 0.5 and more is anomalous at normal sensitivity. */
  readonly score: number;
  /** What the series was expected to read, and the band that some 99 of 100 readings keep, in its unit. */
  readonly expected: number;
  readonly low: number;
  readonly high: number;
  readonly isAnomalous: boolean;
  readonly reason: AnomalyReason;
}

export function createDetectorState(
  options: DetectorOptions = {},
  settings: DetectorSettings = standardSettings,
): DetectorState {
  return {
    version: 1,
    sensitivity: options.sensitivity ?? "normal",
    count: 0,
    firstAt: 0,
    lastAt: 0,
    intervalMs: 0,
    levels: createLevels(),
    band: createBand(),
    signals: createSignals(),
    tails: createTails(2 * signalNames.length, settings),
    announcing: createAnnouncing(),
  };
}

/** Times `announceNats`. */
const sensitivities: Readonly<Record<Sensitivity, number>> = { low: 1.3, normal: 1, high: 0.8 };
/** No measurement is larger; sums of such values are still finite. */
const valueMost = 1e100;
/** A pause of so many usual intervals is a gap. */
const gapIntervals = 20;
const intervalRate = 0.02;

/** Of the reading at hand; written and read within one call. */
const sizes = new Float64Array(signalNames.length);

/**
 * Judges the next reading by what came before it, then learns from it; changes `state`. Readings are expected in order of
 * time, at intervals as they come: what is older than the last one (`late`), no number, or beyond ±1e100 changes nothing.
 */
export function advanceDetector(
  state: DetectorState,
  point: SeriesPoint,
  settings: DetectorSettings = standardSettings,
): Judgement {
  const { observedAt, value } = point;
  if (!(Math.abs(value) <= valueMost) || !Number.isFinite(observedAt))
    return aside(state, "not-a-number", settings);
  if (state.count === 0) return begin(state, point);
  if (observedAt < state.lastAt) return aside(state, "late", settings);
  const { levels, signals } = state;
  keepTime(state, point);
  const tiny = rounding(value, levels.slow);
  const expected = expectedOf(levels, observedAt, tiny, settings);
  const band = bandAt(state, expected, observedAt, settings);
  const reading = { observedAt, value, expected, count: state.count };
  readSignals(signals, levels, reading, settings, sizes);
  learnBand(state.band, sizes[0] ?? 0);
  const { nats, loudest } = join(state.tails, settings);
  learnLevels(levels, reading, tiny, settings);
  if (state.count < learningReadings || observedAt - state.firstAt < learningMs) {
    return { score: 0, expected, ...band, isAnomalous: false, reason: "learning" };
  }
  const announceNats = settings.announceNats * sensitivities[state.sensitivity];
  const news = announce(state.announcing, { nats, count: state.count, announceNats }, settings);
  const isAnomalous = news.nats >= announceNats;
  return {
    score: 1 - 2 ** (-news.nats / settings.announceNats),
    expected,
    ...band,
    isAnomalous,
    reason: isAnomalous ? reasonOf(loudest, value >= expected) : news.isSilent ? "announced" : "usual",
  };
}

function begin(state: DetectorState, { observedAt, value }: SeriesPoint): Judgement {
  const { levels, signals } = state;
  state.count = 1;
  state.firstAt = observedAt;
  state.lastAt = observedAt;
  levels.slow = value;
  signals.low = value;
  signals.high = value;
  restartRuns(signals, value);
  return { score: 0, expected: value, low: value, high: value, isAnomalous: false, reason: "learning" };
}

/** For what is not taken in: the band as it stands. */
function aside(state: DetectorState, reason: "late" | "not-a-number", settings: DetectorSettings): Judgement {
  const expected = expectedOf(state.levels, state.lastAt, rounding(state.levels.slow, 0), settings);
  const band = bandAt(state, expected, state.lastAt, settings);
  return { score: 0, expected, ...band, isAnomalous: false, reason };
}

function keepTime(state: DetectorState, { observedAt, value }: SeriesPoint): void {
  const pause = observedAt - state.lastAt;
  state.lastAt = observedAt;
  state.count += 1;
  const rate = Math.max(intervalRate, 1 / (state.count - 1));
  if (state.count > learningReadings && pause > gapIntervals * state.intervalMs)
    restartRuns(state.signals, value);
  const most = state.count > learningReadings ? gapIntervals * state.intervalMs : pause;
  state.intervalMs += rate * (Math.min(pause, most) - state.intervalMs);
}

function bandAt(state: DetectorState, expected: number, observedAt: number, settings: DetectorSettings) {
  const noise = settings.noiseShare * state.levels.spread + rounding(state.levels.slow, 0);
  return bandAround(state.band, expected, widthOf(state.levels, observedAt, noise, settings));
}

/** The power mean's sum of the weighted surprises, and which signal says most. */
function join(
  tails: TailState,
  settings: DetectorSettings,
): { readonly nats: number; readonly loudest: SignalName } {
  let sum = 0;
  let most = 0;
  let loudest: SignalName = "point";
  for (let index = 0; index < signalNames.length; index += 1) {
    const size = sizes[index] ?? 0;
    const name = signalNames[index] ?? "point";
    const { weight, sizeMin } = measureOf(name, settings);
    const signal = { tail: 2 * index + (size < 0 ? 1 : 0), size: Math.abs(size), sizeMin };
    const nats = weight * surpriseOf(tails, signal, settings);
    if (nats <= 0) continue;
    sum += nats ** settings.joinPower;
    if (nats > most) [most, loudest] = [nats, name];
  }
  return { nats: sum ** (1 / settings.joinPower), loudest };
}

function measureOf(name: SignalName, settings: DetectorSettings) {
  switch (name) {
    case "point":
      return { weight: settings.pointWeight, sizeMin: settings.pointMin };
    case "run":
      return { weight: settings.runWeight, sizeMin: settings.runMin };
    case "step":
      return { weight: settings.stepWeight, sizeMin: settings.stepMin };
    case "still":
      return { weight: settings.stillWeight, sizeMin: settings.stillMin };
    case "range":
      return { weight: settings.rangeWeight, sizeMin: settings.rangeMin };
  }
}

function reasonOf(name: SignalName, isAbove: boolean): AnomalyReason {
  switch (name) {
    case "point":
      return isAbove ? "above-band" : "below-band";
    case "run":
      return isAbove ? "shift-up" : "shift-down";
    case "step":
      return isAbove ? "jump-up" : "jump-down";
    case "still":
      return "flat-line";
    case "range":
      return isAbove ? "never-so-high" : "never-so-low";
  }
}
