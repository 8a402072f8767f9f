// The Windowed Gaussian of NAB (nab/detectors/gaussian/windowedGaussian_detector.py), restated: how far into the tail of a
// normal distribution, fitted to the last 6,400 values in steps of 100, a value lies.

const windowRows = 6_400;
const stepRows = 100;
const deviationWhereNone = 0.000001;

export function windowedGaussian(values: ArrayLike<number>): Float64Array {
  const scores = new Float64Array(values.length);
  const fit = createFit(values[0] ?? 0);
  for (let row = 0; row < values.length; row += 1) {
    const value = values[row] ?? 0;
    if (row > 0) scores[row] = 1 - normalTail(Math.abs(value - fit.mean) / fit.deviation);
    if (row < windowRows) {
      shift(fit, value, 1);
      refit(fit, row + 1);
    } else if ((row + 1 - windowRows) % stepRows === 0) {
      for (let back = 0; back < stepRows; back += 1) {
        shift(fit, values[row - back] ?? 0, 1);
        shift(fit, values[row - back - windowRows] ?? 0, -1);
      }
      refit(fit, windowRows);
    }
  }
  return scores;
}

/** Sums are kept about the first value: the squares of large values would eat the digits. */
const createFit = (origin: number) => ({ origin, sum: 0, squares: 0, mean: 0, deviation: 1 });
type Fit = ReturnType<typeof createFit>;

function shift(fit: Fit, value: number, sign: 1 | -1): void {
  const about = value - fit.origin;
  fit.sum += sign * about;
  fit.squares += sign * about * about;
}

function refit(fit: Fit, rows: number): void {
  const about = fit.sum / rows;
  fit.mean = fit.origin + about;
  const deviation = Math.sqrt(Math.max(0, fit.squares / rows - about * about));
  fit.deviation = deviation === 0 ? deviationWhereNone : deviation;
}

/** Probability that a standard normal exceeds `z` (0 or more). Rational Chebyshev fit of erfc, relative error under 1.2e-7
 * (W. Press et al., Numerical Recipes, section 6.2). */
function normalTail(z: number): number {
  const x = z / Math.SQRT2;
  const t = 2 / (2 + x);
  const y = 4 * t - 2;
  let [d, previous] = [0, 0];
  for (let index = chebyshev.length - 1; index > 0; index -= 1) {
    [d, previous] = [y * d - previous + (chebyshev[index] ?? 0), d];
  }
  return 0.5 * t * Math.exp(-x * x + 0.5 * ((chebyshev[0] ?? 0) + y * d) - previous);
}

const chebyshev: readonly number[] = [
  -1.3026537197817094, 0.6419697923564902, 1.9476473204185836e-2, -9.561514786808631e-3, -9.46595344482036e-4,
  3.66839497852761e-4, 4.2523324806907e-5, -2.0278578112534e-5, -1.624290004647e-6, 1.30365583558e-6,
  1.5626441722e-8, -8.5238095915e-8, 6.529054439e-9, 5.059343495e-9, -9.91364156e-10, -2.27365122e-10,
  9.6467911e-11, 2.394038e-12, -6.886027e-12, 8.94487e-13, 3.13092e-13, -1.12708e-13, 3.81e-16, 7.106e-15,
];
