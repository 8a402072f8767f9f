// The band that a series usually keeps, for people to see: two quantiles of its own residuals. Scores do not rest on it.

export interface BandState {
  /** How far readings lie below and above what was expected, in usual residuals. */
  below: number;
  above: number;
}

/** Of the readings so many lie above the band, and as many below it. */
const outsideShare = 0.005;
/** Robbins and Monro 1951, on the logarithm: a quantile is where steps up and down balance. */
const step = 0.15;
const outwards = Math.exp(step * (1 - outsideShare));
const inwards = Math.exp(-step * outsideShare);
/** About what lies outside for normal noise, in mean absolute residuals. */
const atFirst = 3.2;
const least = 0.01;
const most = 1e5;

export const createBand = (): BandState => ({ below: atFirst, above: atFirst });

export function bandAround(
  band: BandState,
  expected: number,
  width: number,
): { readonly low: number; readonly high: number } {
  return { low: expected - width * band.below, high: expected + width * band.above };
}

/** Takes in a residual, in usual residuals. */
export function learnBand(band: BandState, residual: number): void {
  band.above = bounded(band.above * (residual > band.above ? outwards : inwards));
  band.below = bounded(band.below * (-residual > band.below ? outwards : inwards));
}

const bounded = (size: number) => Math.min(most, Math.max(least, size));
