// Five ways in which a reading can stand out. Each is a number, 0 or more (signed where it has a direction); how rare it is
// among its own past is for tails.ts to say.
import { type LevelState, rounding, widthOf } from "./levels.ts";
import type { DetectorSettings } from "./settings.ts";

/** Far from what was expected; for a while; far from the last reading; not moving at all; beyond all that was seen. */
export const signalNames = ["point", "run", "step", "still", "range"] as const;
export type SignalName = (typeof signalNames)[number];

export interface SignalState {
  previous: number;
  /** Running mean of the residual, in usual residuals. */
  run: number;
  /** Usual step from reading to reading. */
  step: number;
  /** Readings in a row that hardly moved, and the most of them that a run that ended had. */
  still: number;
  stillMost: number;
  /** The range of what was seen, forgotten slowly. */
  low: number;
  high: number;
}

export const createSignals = (): SignalState => ({
  previous: 0,
  run: 0,
  step: 0,
  still: 0,
  stillMost: 0,
  low: 0,
  high: 0,
});

/** Begins with the first reading, or again after a gap: what ran before it no longer runs. */
export function restartRuns(signals: SignalState, value: number): void {
  signals.previous = value;
  signals.run = 0;
  signals.still = 0;
}

/** A residual counts in a run, and a step in the usual step, for at most this many times `clipDeviations`. */
const clipTimes = 2;
const firstReadings = 10;
/** A step below this share of the usual one is none. */
const stillShare = 0.1;
/** Beyond this a leap is a leap. */
const leapMost = 20;
const stillReadingsMax = 1e6;

interface Taken {
  readonly observedAt: number;
  readonly value: number;
  readonly expected: number;
  /** Readings with this one. */
  readonly count: number;
}

/** Writes the signals of this reading to `into`, in the order of `signalNames`, and takes the reading in. */
export function readSignals(
  signals: SignalState,
  levels: LevelState,
  { observedAt, value, expected, count }: Taken,
  settings: DetectorSettings,
  into: Float64Array,
): void {
  const tiny = rounding(value, levels.slow);
  const noise = settings.noiseShare * levels.spread + tiny;
  const most = clipTimes * settings.clipDeviations;
  const residual = (value - expected) / widthOf(levels, observedAt, noise, settings);
  const clipped = residual > most ? most : residual < -most ? -most : residual;
  signals.run += settings.runRate * (clipped - signals.run);
  const step = Math.abs(value - signals.previous);
  signals.previous = value;
  // A step that was foreseen (the doors open at nine) is none.
  const unforeseen = Math.min(step, Math.abs(value - expected));
  const leap = Math.min(leapMost, (unforeseen + noise / 10) / (signals.step + noise / 10));
  keepStill(signals, step <= stillShare * signals.step + tiny);
  const widest = count < firstReadings ? step : signals.step * most + tiny;
  signals.step += Math.max(settings.stepRate, 1 / count) * (Math.min(step, widest) - signals.step);
  const beyond = value > signals.high ? value - signals.high : value < signals.low ? signals.low - value : 0;
  stretchRange(signals, levels.slow, value, settings);
  // Sizes are brought to about the same scale: tails compare logarithms with one offset.
  into[0] = residual;
  into[1] = 3 * signals.run;
  into[2] = leap > 1 ? 3 * Math.log(leap) : 0;
  const still = signals.still / Math.max(signals.stillMost, settings.stillReadings);
  into[3] = still > 1 ? 3 * Math.log(still) : 0;
  into[4] = beyond / (levels.spread + tiny);
}

function keepStill(signals: SignalState, isStill: boolean): void {
  if (isStill) signals.still = Math.min(signals.still + 1, stillReadingsMax);
  else {
    signals.stillMost = Math.max(signals.stillMost, signals.still);
    signals.still = 0;
  }
}

function stretchRange(signals: SignalState, level: number, value: number, settings: DetectorSettings): void {
  if (value > signals.high) signals.high = value;
  else if (value < signals.low) signals.low = value;
  else {
    signals.high += settings.rangeRate * (level - signals.high);
    signals.low += settings.rangeRate * (level - signals.low);
  }
}
