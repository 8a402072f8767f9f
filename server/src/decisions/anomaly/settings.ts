// The one setting for all series. Its numbers were searched for on the tuning half of the benchmark (`bench/anomaly.ts`).

export interface DetectorSettings {
  /** Learning rates, 0 to 1 a reading: slow level, errors of the three forecasts, size of residuals, usual step. */
  readonly levelRate: number;
  readonly errorRate: number;
  readonly deviationRate: number;
  readonly stepRate: number;
  /** The least a reading moves its quarter of the day and its hour of the week, and the level that both ride on. */
  readonly dayRate: number;
  readonly weekRate: number;
  readonly rideRate: number;
  /** A residual counts for at most this many usual ones when something is learnt from it. */
  readonly clipDeviations: number;
  /** How sharply the better forecast is preferred. */
  readonly forecastPower: number;
  /** How much a quarter of the day has a width of its own. */
  readonly dayWidthShare: number;
  /** Residuals below this share of the usual spread say nothing. */
  readonly noiseShare: number;
  /** Rates of the run of residuals, and at which the range that was seen is forgotten. */
  readonly runRate: number;
  readonly rangeRate: number;
  /** So many readings may stand still in any series. */
  readonly stillReadings: number;
  /** Tails: share of signals beyond the threshold, its step, excess at first, its weight in readings, and the least excess. */
  readonly tailShare: number;
  readonly tailStep: number;
  readonly excessAtFirst: number;
  readonly excessAtFirstCount: number;
  readonly excessMin: number;
  /** Signals are compared as ln(offset + signal). */
  readonly signalOffset: number;
  /** Signals of this size are ordinary for any series, however steady it was: sizes as in signals.ts. */
  readonly pointMin: number;
  readonly runMin: number;
  readonly stepMin: number;
  readonly stillMin: number;
  readonly rangeMin: number;
  /** Weights of the signals, and the power mean that joins them. */
  readonly pointWeight: number;
  readonly runWeight: number;
  readonly stepWeight: number;
  readonly stillWeight: number;
  readonly rangeWeight: number;
  readonly joinPower: number;
  /** Part of the surprise that this series shows every so often (`restlessShare`) which is taken off. */
  readonly restlessPart: number;
  readonly restlessShare: number;
  /** Part of the greatest surprise of late that a new one must exceed, and the readings over which it fades. */
  readonly echoPart: number;
  readonly echoReadings: number;
  /** Surprise that is announced, in nats. */
  readonly announceNats: number;
  /** Silence after an announcement: readings, and share of all readings known. */
  readonly silenceReadings: number;
  readonly silenceShare: number;
}

export const standardSettings: DetectorSettings = {
  levelRate: 0.033,
  errorRate: 0.00265,
  deviationRate: 0.00122,
  stepRate: 0.00285,
  dayRate: 0.345,
  weekRate: 0.112,
  rideRate: 0.00101,
  clipDeviations: 8.06,
  forecastPower: 8.39,
  dayWidthShare: 1.0,
  noiseShare: 0.0431,
  runRate: 0.0683,
  rangeRate: 2.56e-6,
  stillReadings: 36,
  tailShare: 0.0213,
  tailStep: 0.00198,
  excessAtFirst: 0.101,
  excessAtFirstCount: 2830.0,
  excessMin: 0.000301,
  signalOffset: 0.951,
  pointMin: 3.27,
  runMin: 3,
  stepMin: 1.8,
  stillMin: 1,
  rangeMin: 0.39,
  pointWeight: 0.186,
  runWeight: 1.55,
  stepWeight: 0.8,
  stillWeight: 1.6,
  rangeWeight: 1.75,
  joinPower: 1.09,
  restlessPart: 0.535,
  restlessShare: 0.000169,
  echoPart: 0.157,
  echoReadings: 330.0,
  announceNats: 6.24,
  silenceReadings: 26.5,
  silenceShare: 0.00815,
};

/** Nothing is announced before this much is known. */
export const learningReadings = 100;
export const learningMs = 86_400_000;
/** However much is known, the silence is never longer. */
export const silenceReadingsMax = 600;
