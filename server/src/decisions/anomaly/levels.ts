// What a series should read now: a slow level, the quarter of the day and the hour of the week, each trusted as it has
// foretold so far.
import type { DetectorSettings } from "./settings.ts";

const dayMs = 86_400_000;
const quarterMs = 900_000;
const hourMs = 3_600_000;
export const quartersOfDay = 96;
export const hoursOfWeek = 168;
/** 1 January 1970 was a Thursday; weeks begin on Monday. */
const mondayMs = 3 * dayMs;
/** While so few readings are known, nothing is clipped: everything is news. */
const firstReadings = 20;

export interface LevelState {
  /** Values in the unit of the series. */
  slow: number;
  /** What the series lies above (below) its days and weeks of late. */
  dayRide: number;
  weekRide: number;
  /** Usual absolute error of each forecast. */
  slowError: number;
  dayError: number;
  weekError: number;
  dayForecasts: number;
  weekForecasts: number;
  /** Usual absolute distance from what was expected, and from the slow level. */
  deviation: number;
  spread: number;
  /** For each quarter of the day its value, how often it was seen, and its usual absolute residual. */
  readonly day: Float64Array;
  readonly dayCount: Float64Array;
  readonly dayDeviation: Float64Array;
  readonly week: Float64Array;
  readonly weekCount: Float64Array;
}

export function createLevels(): LevelState {
  return {
    slow: 0,
    dayRide: 0,
    weekRide: 0,
    slowError: 0,
    dayError: 0,
    weekError: 0,
    dayForecasts: 0,
    weekForecasts: 0,
    deviation: 0,
    spread: 0,
    day: new Float64Array(quartersOfDay),
    dayCount: new Float64Array(quartersOfDay),
    dayDeviation: new Float64Array(quartersOfDay),
    week: new Float64Array(hoursOfWeek),
    weekCount: new Float64Array(hoursOfWeek),
  };
}

/** Below this a number is rounding, not measurement. */
export const rounding = (value: number, level: number) =>
  1e-9 * (Math.abs(value) + Math.abs(level)) + Number.MIN_VALUE * 2 ** 60;

const modulo = (value: number, by: number) => ((value % by) + by) % by;
const quarterOf = (observedAt: number) => Math.floor(modulo(observedAt, dayMs) / quarterMs);
const hourOf = (observedAt: number) => Math.floor(modulo(observedAt + mondayMs, 7 * dayMs) / hourMs);

const forecastOfDay = (levels: LevelState, quarter: number) =>
  (levels.dayCount[quarter] ?? 0) > 0 ? (levels.day[quarter] ?? 0) + levels.dayRide : levels.slow;

const forecastOfWeek = (levels: LevelState, quarter: number, hour: number) =>
  (levels.weekCount[hour] ?? 0) > 0
    ? (levels.week[hour] ?? 0) + levels.weekRide
    : forecastOfDay(levels, quarter);

/** A forecast is trusted at most this many times more than the slow level. */
const ratioMost = 1e6;

/** The three forecasts, weighted by their error so far (inverse power weighting, as in Bates and Granger 1969). */
export function expectedOf(levels: LevelState, observedAt: number, tiny: number, settings: DetectorSettings) {
  const quarter = quarterOf(observedAt);
  const hour = hourOf(observedAt);
  const power = settings.forecastPower;
  const hasDay = (levels.dayCount[quarter] ?? 0) > 0 && levels.dayForecasts > 0;
  const hasWeek = (levels.weekCount[hour] ?? 0) > 0 && levels.weekForecasts > 0;
  // Relative to the slow error and bounded, so that no power overflows.
  const base = levels.slowError + tiny;
  const day = hasDay ? Math.min(base / (levels.dayError + tiny), ratioMost) ** power : 0;
  const week = hasWeek ? Math.min(base / (levels.weekError + tiny), ratioMost) ** power : 0;
  const sum =
    levels.slow +
    (day > 0 ? day * forecastOfDay(levels, quarter) : 0) +
    (week > 0 ? week * forecastOfWeek(levels, quarter, hour) : 0);
  return sum / (1 + day + week);
}

/** The usual absolute residual now: that of the series, and in part that of this quarter of the day. */
export function widthOf(levels: LevelState, observedAt: number, least: number, settings: DetectorSettings) {
  const quarter = quarterOf(observedAt);
  const own = (levels.dayCount[quarter] ?? 0) > 0 ? (levels.dayDeviation[quarter] ?? 0) : levels.deviation;
  return (1 - settings.dayWidthShare) * levels.deviation + settings.dayWidthShare * own + least;
}

const clip = (value: number, bound: number) => (value > bound ? bound : value < -bound ? -bound : value);

/**
 * Takes the reading in. Every residual is clipped first, so that a wild value moves what is learnt no further than a merely
 * large one (stochastic M-estimation of location and scale with Huber's ψ).
 */
export function learnLevels(
  levels: LevelState,
  reading: {
    readonly observedAt: number;
    readonly value: number;
    readonly expected: number;
    readonly count: number;
  },
  tiny: number,
  settings: DetectorSettings,
): void {
  const { observedAt, value, expected, count } = reading;
  const quarter = quarterOf(observedAt);
  const hour = hourOf(observedAt);
  const newest = 1 / count;
  const isFirst = count < firstReadings;
  const clipped = settings.clipDeviations;
  const residual = Math.abs(value - expected);
  const fromSlow = value - levels.slow;
  const fromDay = value - forecastOfDay(levels, quarter);
  const fromWeek = value - forecastOfWeek(levels, quarter, hour);
  const bound = clipped * (levels.deviation + tiny) + (isFirst ? residual : 0);
  const wide = isFirst ? Number.MAX_VALUE : 2 * clipped * (levels.spread + tiny);
  const rate = (least: number, sample = newest) => (least > sample ? least : sample);

  levels.slow += rate(settings.levelRate) * clip(fromSlow, 2 * bound);
  levels.slowError += rate(settings.errorRate) * (Math.min(Math.abs(fromSlow), wide) - levels.slowError);
  if ((levels.dayCount[quarter] ?? 0) > 0) {
    levels.dayForecasts += 1;
    const error = Math.min(Math.abs(fromDay), wide) - levels.dayError;
    levels.dayError += rate(settings.errorRate, 1 / levels.dayForecasts) * error;
  }
  if ((levels.weekCount[hour] ?? 0) > 0) {
    levels.weekForecasts += 1;
    const error = Math.min(Math.abs(fromWeek), wide) - levels.weekError;
    levels.weekError += rate(settings.errorRate, 1 / levels.weekForecasts) * error;
  }
  const widest = isFirst ? Number.MAX_VALUE : clipped * levels.deviation + tiny;
  levels.deviation += rate(settings.deviationRate) * (Math.min(residual, widest) - levels.deviation);
  levels.spread += rate(settings.stepRate) * (Math.min(Math.abs(fromSlow), wide) - levels.spread);
  learnSeasons(
    levels,
    { quarter, hour, value, residual, fromSlow, fromDay, fromWeek, bound, tiny },
    settings,
  );
}

interface Seasonal {
  readonly quarter: number;
  readonly hour: number;
  readonly value: number;
  readonly residual: number;
  readonly fromSlow: number;
  readonly fromDay: number;
  readonly fromWeek: number;
  readonly bound: number;
  readonly tiny: number;
}

function learnSeasons(levels: LevelState, seen: Seasonal, settings: DetectorSettings): void {
  const { quarter, hour, value, tiny } = seen;
  const wide = 2 * settings.clipDeviations * (levels.spread + tiny);
  const dayCount = (levels.dayCount[quarter] ?? 0) + 1;
  levels.dayCount[quarter] = dayCount;
  const ofDay = value - levels.dayRide;
  if (dayCount === 1) {
    levels.day[quarter] = ofDay;
    levels.dayDeviation[quarter] = Math.abs(seen.fromSlow);
  } else {
    const rate = Math.max(settings.dayRate, 1 / dayCount);
    const known = levels.day[quarter] ?? 0;
    levels.day[quarter] = known + rate * clip(ofDay - known, wide);
    const width = levels.dayDeviation[quarter] ?? 0;
    const widest = settings.clipDeviations * (width + levels.deviation) + tiny;
    levels.dayDeviation[quarter] = width + rate * (Math.min(seen.residual, widest) - width);
  }
  levels.dayRide += settings.rideRate * clip(seen.fromDay, seen.bound);
  const weekCount = (levels.weekCount[hour] ?? 0) + 1;
  levels.weekCount[hour] = weekCount;
  const ofWeek = value - levels.weekRide;
  if (weekCount === 1) levels.week[hour] = ofWeek;
  else {
    const known = levels.week[hour] ?? 0;
    levels.week[hour] = known + Math.max(settings.weekRate, 1 / weekCount) * clip(ofWeek - known, wide);
  }
  levels.weekRide += settings.rideRate * clip(seen.fromWeek, seen.bound);
}
