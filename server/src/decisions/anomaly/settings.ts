// The one setting for all series. Its numbers were searched for on the tuning half of the benchmark (`bench/anomaly/search.ts`).

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
  /** What each incident of late that was as surprising takes off, in nats; the readings over which it is forgotten; and how
   * many of them make the next one usual. */
  readonly habitNats: number;
  readonly habitReadings: number;
  readonly habitCount: number;
  /** Surprise that is announced, in nats. */
  readonly announceNats: number;
  /** Silence after an announcement: readings, and share of all readings known. */
  readonly silenceReadings: number;
  readonly silenceShare: number;
}

export const standardSettings: DetectorSettings = {
  levelRate: 0.0302,
  errorRate: 0.0021,
  deviationRate: 0.00165,
  stepRate: 0.00164,
  dayRate: 0.521,
  weekRate: 0.0711,
  rideRate: 0.000422,
  clipDeviations: 7.16,
  forecastPower: 6.69,
  dayWidthShare: 0.655,
  noiseShare: 0.0422,
  runRate: 0.105,
  rangeRate: 3.12e-6,
  stillReadings: 60,
  tailShare: 0.0216,
  tailStep: 0.00203,
  excessAtFirst: 0.108,
  excessAtFirstCount: 5670,
  excessMin: 0.00155,
  signalOffset: 0.722,
  pointMin: 5.21,
  runMin: 2.58,
  stepMin: 0.74,
  stillMin: 0.307,
  rangeMin: 0.43,
  pointWeight: 0.277,
  runWeight: 1.56,
  stepWeight: 0.265,
  stillWeight: 3.28,
  rangeWeight: 1.96,
  joinPower: 1.09,
  restlessPart: 0.501,
  restlessShare: 5.22e-5,
  echoPart: 0.0687,
  echoReadings: 208,
  habitNats: 0.953,
  habitReadings: 2500,
  habitCount: 6,
  announceNats: 6.24,
  silenceReadings: 42.1,
  silenceShare: 0.026,
};

/** Nothing is announced before this much is known. */
export const learningReadings = 100;
export const learningMs = 86_400_000;
/** However much is known, the silence is never longer. */
export const silenceReadingsMax = 600;
