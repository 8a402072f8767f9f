// The line through a few minutes of temperatures, how sure it is, and how much the readings scatter.

/** `[observedAt, celsius]`, in time order. */
export type Sample = readonly [number, number];

export interface Line {
  /** Median of all pairwise slopes, °C per millisecond. */
  readonly slope: number;
  readonly celsiusAt: (at: number) => number;
  /** Of the slope, °C per millisecond. */
  readonly slopeError: number;
  /** Pairs that rise minus pairs that fall, over all pairs (Kendall's tau-a), −1 to 1. */
  readonly agreement: number;
}

/** Fewer samples show no slope. */
const samplesForLineMin = 3;
/** Makes a median absolute deviation an estimate of a normal standard deviation. */
const deviationPerMedian = 1.4826;
/** A sensor's steps and noise are never taken to be smaller, °C. */
const noiseCelsiusMin = 0.03;

/**
 * The Theil–Sen line (Theil 1950; Sen, J. Am. Stat. Assoc. 63, 1968, 1379–1389): up to 29 % of the samples may be wild
 * without moving it far. Its error is that of a least-squares slope, with the residuals' spread taken from their median
 * absolute deviation (Rousseeuw and Croux, J. Am. Stat. Assoc. 88, 1993, 1273–1283) and at least `noiseCelsius`.
 * Null with fewer than three instants. Quadratic in the number of samples, which the caller bounds.
 */
export function lineThrough(samples: readonly Sample[], noiseCelsius = noiseCelsiusMin): Line | null {
  const slopes = pairwiseSlopes(samples);
  if (samples.length < samplesForLineMin || slopes.length < samplesForLineMin) return null;
  const slope = median(slopes);
  const origin = samples[0]?.[0] ?? 0;
  const intercept = median(samples.map(([at, celsius]) => celsius - slope * (at - origin)));
  const celsiusAt = (at: number): number => intercept + slope * (at - origin);
  const residuals = samples.map(([at, celsius]) => Math.abs(celsius - celsiusAt(at)));
  const spread = Math.max(noiseCelsius, median(residuals) * deviationPerMedian);
  const meanAge = samples.reduce((sum, [at]) => sum + at - origin, 0) / samples.length;
  const squares = samples.reduce((sum, [at]) => sum + (at - origin - meanAge) ** 2, 0);
  const agreement = slopes.reduce((sum, one) => sum + Math.sign(one), 0) / slopes.length;
  return { slope, celsiusAt, slopeError: spread / Math.sqrt(squares), agreement };
}

function pairwiseSlopes(samples: readonly Sample[]): number[] {
  const slopes: number[] = [];
  for (const [index, [laterAt, later]] of samples.entries()) {
    for (let before = 0; before < index; before += 1) {
      const [earlierAt, earlier] = samples[before] ?? [laterAt, later];
      if (laterAt > earlierAt) slopes.push((later - earlier) / (laterAt - earlierAt));
    }
  }
  return slopes;
}

/**
 * Standard deviation of the samples around their neighbours, °C: pseudo-residuals of Gasser, Sroka and
 * Jennen-Steinmetz (Biometrika 73, 1986, 625–633), whose variance is 3/2 of the noise; their median keeps spikes out.
 * A cycle that is fast against the samples counts as noise, as it should.
 */
export function noiseOf(samples: readonly Sample[]): number {
  const residuals = samples.flatMap(([, celsius], index) => {
    const [before, after] = [samples[index - 1], samples[index + 1]];
    return before === undefined || after === undefined
      ? []
      : [Math.abs(celsius - (before[1] + after[1]) / 2)];
  });
  if (residuals.length === 0) return noiseCelsiusMin;
  return Math.max(noiseCelsiusMin, (median(residuals) * deviationPerMedian) / Math.sqrt(1.5));
}

function median(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}
