// How rare a signal is among its own past: the tail of its distribution, fitted as it goes. Peaks over a threshold (Pickands
// 1975; streamed as in Siffer et al., "Anomaly Detection in Streams with Extreme Value Theory", KDD 2017), here with the
// logarithm's exponential excess (Hill 1975), for which a quantile and a mean suffice. The mean begins at that of all series and
// moves slowly: a surprise is a measure of rarity to compare by, not a calibrated probability.
import type { DetectorSettings } from "./settings.ts";

export interface TailState {
  /** For each tail ln of the signal that `tailShare` of its signals exceed, the mean excess beyond it, and their number. */
  readonly threshold: Float64Array;
  readonly excess: Float64Array;
  readonly exceeded: Float64Array;
  readonly seen: Float64Array;
}

export function createTails(count: number, settings: DetectorSettings): TailState {
  return {
    threshold: new Float64Array(count),
    excess: new Float64Array(count).fill(settings.excessAtFirst),
    exceeded: new Float64Array(count),
    seen: new Float64Array(count),
  };
}

const excessMost = 3;
/** Forgets excesses of long ago. */
const excessRateMin = 0.0002;
const thresholdMin = -4;
/** At first the quantile moves in greater steps, these over the number of signals seen. */
const stepAtFirst = 10;
const stepMost = 0.5;

/** The surprise of a signal of this size, −ln of its fitted tail probability (nats); 0 within the ordinary. Takes it in. */
export function surpriseOf(
  tails: TailState,
  signal: { readonly tail: number; readonly size: number; readonly sizeMin: number },
  settings: DetectorSettings,
): number {
  const { tail, size, sizeMin } = signal;
  const threshold = tails.threshold[tail] ?? 0;
  const seen = (tails.seen[tail] ?? 0) + 1;
  tails.seen[tail] = seen;
  const logSize = Math.log(settings.signalOffset + size);
  const over = logSize - threshold;
  const mean = Math.max(tails.excess[tail] ?? 0, settings.excessMin);
  // Robbins and Monro 1951: a quantile is where steps up and down balance.
  const step = 0.5 * Math.max(settings.tailStep, Math.min(stepMost, stepAtFirst / seen));
  if (over <= 0) {
    tails.threshold[tail] = Math.max(thresholdMin, threshold - step * settings.tailShare);
    return 0;
  }
  tails.threshold[tail] = threshold + step * (1 - settings.tailShare);
  const exceeded = (tails.exceeded[tail] ?? 0) + 1;
  tails.exceeded[tail] = exceeded;
  const known = tails.excess[tail] ?? 0;
  const rate = Math.max(excessRateMin, 1 / (exceeded + settings.excessAtFirstCount));
  tails.excess[tail] = known + rate * (Math.min(over, excessMost) - known);
  const beyond = Math.min(over, logSize - Math.log(settings.signalOffset + sizeMin));
  return beyond > 0 ? beyond / mean - Math.log(settings.tailShare) : 0;
}
