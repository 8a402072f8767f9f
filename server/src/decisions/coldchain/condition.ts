// The condition of a shipment as a fold over its readings. Sources: specs/cold-chain.md, USP <1160> and <1079.2>.
import type { Band, Condition, Excursion, Gap } from "@waremind/contract";
import {
  type ConditionState,
  countedMs,
  excursionsKeptMax,
  gapMsOf,
  gapsKeptMax,
  ignoreMsOf,
  intervalMsOf,
  type OpenRun,
  type TemperatureReading,
} from "./condition-state.ts";
import { type Course, startCourse, withReading } from "./course.ts";
import { ageingPace, celsiusOfPace } from "./kinetic.ts";
import { type Approach, approachOf, nextWarning, presentPace, type Warned } from "./warning.ts";

const msPerMinute = 60_000;

/** The state before the first reading. It does not depend on the band; the band comes with every reading. */
export function startCondition(): ConditionState {
  return {
    version: 2,
    readingCount: 0,
    firstAt: null,
    last: null,
    minCelsius: null,
    maxCelsius: null,
    maxAt: null,
    kineticSum: 0,
    kineticMs: 0,
    run: null,
    returnedAt: null,
    excursions: [],
    excursionMs: 0,
    gaps: [],
    gapMs: 0,
    course: null,
    warning: null,
    warningEndedAt: null,
  };
}

/** Whether a reading is older than the last one folded: then the state must be made again from all readings. */
export function isLate(state: ConditionState, observedAt: number): boolean {
  return state.last !== null && observedAt < state.last[0];
}

/**
 * Folds one reading into the state, in constant time. Readings come in time order (`isLate` tells; a late one throws);
 * two of the same instant count in the order given.
 *
 * Between two readings the temperature is taken as a straight line: the band is left and entered where that line
 * meets the limit, rounded to a millisecond. A value on the limit is in the band.
 *
 * Silence longer than three expected intervals is a gap, through which no line is drawn and no excursion time
 * accrues. Goods seen out of band on the same side before and after a gap stay in one stretch, with the gap taken out;
 * otherwise the stretch ends, or begins, at the first reading after the gap.
 *
 * Each stretch out of band has its own ignore period, of which a gap uses up nothing.
 *
 * Mean kinetic temperature weighs each reading by the time it stands for: half the way to either neighbour, and half
 * an expected interval where there is no neighbour (the ends, and the edges of a gap). At equal spacing this is the
 * published formula.
 *
 * The warning of a coming crossing is part of the state, so that it neither flutters nor depends on when it is asked.
 */
export function advanceCondition(
  state: ConditionState,
  reading: TemperatureReading,
  band: Band,
): ConditionState {
  const { observedAt, celsius } = reading;
  if (state.last === null) return firstReading(state, reading, band);
  if (isLate(state, observedAt))
    throw new RangeError(
      `A reading of ${observedAt} comes after one of ${state.last[0]}: fold from the start.`,
    );
  const [lastAt, lastCelsius] = state.last;
  const isGap = observedAt - lastAt > gapMsOf(band);
  const halfMs = (isGap ? intervalMsOf(band) : observedAt - lastAt) / 2;
  const isWarmest = celsius > (state.maxCelsius ?? celsius);
  const runs = isGap ? runsAfterGap(state, reading, band) : runsAfter(state, reading, band);
  const course = courseAfter({ ...state, ...runs }, state.run, { ...reading, isGap }, band);
  return {
    ...state,
    ...(isGap ? withGap(state, { from: lastAt, to: observedAt }) : {}),
    ...runs,
    readingCount: state.readingCount + 1,
    last: [observedAt, celsius],
    minCelsius: Math.min(celsius, state.minCelsius ?? celsius),
    maxCelsius: isWarmest ? celsius : state.maxCelsius,
    maxAt: isWarmest ? observedAt : state.maxAt,
    kineticSum: state.kineticSum + (ageingPace(lastCelsius) + ageingPace(celsius)) * halfMs,
    kineticMs: state.kineticMs + 2 * halfMs,
    course,
    ...warningAfter({ ...state, ...runs }, course, reading, band),
  };
}

/** The course begins anew with the first reading back in band, and once more when loading or recovery is over. */
function courseAfter(
  { course, run, firstAt, returnedAt }: ConditionState,
  runBefore: OpenRun | null,
  reading: TemperatureReading & { readonly isGap: boolean },
  band: Band,
): Course {
  const settledAt = settlesAt({ firstAt, returnedAt }, band);
  const isBack = runBefore !== null && run === null;
  const isSettled = course !== null && course.startedAt < settledAt && reading.observedAt >= settledAt;
  return course === null || isBack || isSettled ? startCourse(reading) : withReading(course, reading);
}

/** After loading, and after coming back into band, goods find their temperature for as long as the ignore period. */
function settlesAt(
  { firstAt, returnedAt }: Pick<ConditionState, "firstAt" | "returnedAt">,
  band: Band,
): number {
  return (returnedAt ?? firstAt ?? 0) + ignoreMsOf(band);
}

function warningAfter(
  state: ConditionState,
  course: Course,
  { observedAt }: TemperatureReading,
  band: Band,
): Pick<ConditionState, "warning" | "warningEndedAt"> {
  const before: Warned = { warning: state.warning, endedAt: state.warningEndedAt };
  // Beyond the limit there is nothing left to warn of.
  const isOver = state.run !== null && before.warning !== null;
  const isCalm = state.run !== null || observedAt < settlesAt(state, band);
  const { warning, endedAt } = isOver
    ? { warning: null, endedAt: observedAt }
    : isCalm
      ? before
      : nextWarning(before, course, band, observedAt);
  return { warning, warningEndedAt: endedAt };
}

function firstReading(
  state: ConditionState,
  { observedAt, celsius }: TemperatureReading,
  band: Band,
): ConditionState {
  const halfMs = intervalMsOf(band) / 2;
  const side = sideOf(celsius, band);
  return {
    ...state,
    readingCount: 1,
    firstAt: observedAt,
    last: [observedAt, celsius],
    minCelsius: celsius,
    maxCelsius: celsius,
    maxAt: observedAt,
    kineticSum: ageingPace(celsius) * halfMs,
    kineticMs: halfMs,
    run: side === null ? null : openRun(side, observedAt, { observedAt, celsius }, band),
    course: startCourse({ observedAt, celsius }),
  };
}

type Closed = Pick<ConditionState, "excursions" | "excursionMs">;
type Runs = Closed & Pick<ConditionState, "run" | "returnedAt">;

const closedOf = ({ excursions, excursionMs }: ConditionState): Closed => ({ excursions, excursionMs });

function runsAfter(state: ConditionState, reading: TemperatureReading, band: Band): Runs {
  const side = sideOf(reading.celsius, band);
  const { run } = state;
  if (run !== null && run.side === side)
    return { ...closedOf(state), returnedAt: state.returnedAt, run: withPeak(run, reading) };
  const crossing = (of: OpenRun["side"]): number => crossingAt(state, reading, limitOf(of, band));
  return {
    ...(run === null ? closedOf(state) : withEnded(state, run, crossing(run.side))),
    returnedAt: run === null ? state.returnedAt : crossing(run.side),
    run: side === null ? null : openRun(side, crossing(side), reading, band),
  };
}

function runsAfterGap(state: ConditionState, reading: TemperatureReading, band: Band): Runs {
  const side = sideOf(reading.celsius, band);
  const gapMs = reading.observedAt - (state.last?.[0] ?? reading.observedAt);
  const run = state.run === null ? null : withSilence(state.run, state.last?.[0] ?? 0, gapMs);
  if (run !== null && run.side === side)
    return { ...closedOf(state), returnedAt: state.returnedAt, run: withPeak(run, reading) };
  return {
    ...(run === null ? closedOf(state) : withEnded(state, run, reading.observedAt)),
    returnedAt: run === null ? state.returnedAt : reading.observedAt,
    run: side === null ? null : openRun(side, reading.observedAt, reading, band),
  };
}

function sideOf(celsius: number, band: Band): OpenRun["side"] | null {
  if (celsius > band.maxCelsius) return "above";
  return celsius < band.minCelsius ? "below" : null;
}

const limitOf = (side: OpenRun["side"], band: Band): number =>
  side === "above" ? band.maxCelsius : band.minCelsius;

/** Where the line from the last reading to this one meets the limit; one of the two lies beyond it. */
function crossingAt(state: ConditionState, reading: TemperatureReading, limit: number): number {
  const [lastAt, lastCelsius] = state.last ?? [reading.observedAt, limit];
  const share = (limit - lastCelsius) / (reading.celsius - lastCelsius);
  return Math.round(lastAt + (reading.observedAt - lastAt) * share);
}

function openRun(
  side: OpenRun["side"],
  leftBandAt: number,
  reading: TemperatureReading,
  band: Band,
): OpenRun {
  return {
    side,
    leftBandAt,
    countsFrom: leftBandAt + ignoreMsOf(band),
    silentMs: 0,
    peakCelsius: reading.celsius,
    peakAt: reading.observedAt,
    readingCount: 1,
  };
}

function withPeak(run: OpenRun, { observedAt, celsius }: TemperatureReading): OpenRun {
  const isPeak = run.side === "above" ? celsius > run.peakCelsius : celsius < run.peakCelsius;
  const readingCount = run.readingCount + 1;
  return isPeak
    ? { ...run, readingCount, peakCelsius: celsius, peakAt: observedAt }
    : { ...run, readingCount };
}

/** Silence uses up neither the ignore period nor, after it, excursion time. */
function withSilence(run: OpenRun, silentFrom: number, silentMs: number): OpenRun {
  return silentFrom < run.countsFrom
    ? { ...run, countsFrom: run.countsFrom + silentMs }
    : { ...run, silentMs: run.silentMs + silentMs };
}

function withEnded(state: ConditionState, run: OpenRun, returnedAt: number): Closed {
  const ms = countedMs(run, returnedAt);
  if (ms === 0) return closedOf(state);
  const excursions = keepLongest(
    [...state.excursions, excursionOf(run, returnedAt, ms)],
    excursionsKeptMax,
    (excursion) => excursion.minutes,
  );
  return { excursions, excursionMs: state.excursionMs + ms };
}

function excursionOf(run: OpenRun, returnedAt: number | null, ms: number): Excursion {
  const { leftBandAt, countsFrom, peakCelsius, peakAt, side } = run;
  return { leftBandAt, returnedAt, countsFrom, minutes: ms / msPerMinute, peakCelsius, peakAt, side };
}

function withGap(
  state: ConditionState,
  gap: { from: number; to: number },
): Pick<ConditionState, "gaps" | "gapMs"> {
  const lengthOf = ({ from, to }: Gap): number => (to ?? from) - from;
  return {
    gaps: keepLongest([...state.gaps, gap], gapsKeptMax, lengthOf),
    gapMs: state.gapMs + lengthOf(gap),
  };
}

/** Drops the shortest entry of a list that grew one too long; the order stays. */
function keepLongest<Entry>(
  entries: readonly Entry[],
  keptMax: number,
  lengthOf: (entry: Entry) => number,
): readonly Entry[] {
  if (entries.length <= keptMax) return entries;
  const shortest = Math.min(...entries.map(lengthOf));
  const dropped = entries.findIndex((entry) => lengthOf(entry) === shortest);
  return entries.filter((_, index) => index !== dropped);
}

/**
 * The condition at `now`. An open excursion counts up to the last reading: what was not measured is not claimed.
 * The verdict, first that holds: no-readings; spoiled (excursion minutes above the band's maximum; they stay);
 * silent (no reading for three intervals before `now`); excursion (out of band beyond the ignore period, now or
 * earlier); out-of-band (now, within the ignore period); warming (the warning of the upper limit is on); in-band.
 * `ratePerHour` is the approach's when there is one, else that of the last ten minutes; `minutesToLimit` serves both
 * limits and is null while nothing more than noise and the usual cycle moves.
 */
export function conditionOf(state: ConditionState, band: Band, now: number): Condition {
  const { last, run } = state;
  const openMs = run === null || last === null ? 0 : countedMs(run, last[0]);
  const openGap = last !== null && now - last[0] > gapMsOf(band) ? now - last[0] : 0;
  const excursionMinutes = (state.excursionMs + openMs) / msPerMinute;
  return {
    verdict: verdictOf({ state, band, excursionMinutes, isSilent: openGap > 0 }),
    readingCount: state.readingCount,
    firstAt: state.firstAt,
    lastAt: last?.[0] ?? null,
    lastCelsius: last?.[1] ?? null,
    minCelsius: state.minCelsius,
    maxCelsius: state.maxCelsius,
    maxAt: state.maxAt,
    meanKineticCelsius: meanKineticOf(state, band),
    ...paceOf(state, band),
    excursionMinutes,
    excursions:
      run === null || openMs === 0
        ? [...state.excursions]
        : [...state.excursions, excursionOf(run, null, openMs)],
    gaps: last === null || openGap === 0 ? [...state.gaps] : [...state.gaps, { from: last[0], to: null }],
    gapMinutes: (state.gapMs + openGap) / msPerMinute,
  };
}

function verdictOf(input: {
  readonly state: ConditionState;
  readonly band: Band;
  readonly excursionMinutes: number;
  readonly isSilent: boolean;
}): Condition["verdict"] {
  if (input.state.last === null) return "no-readings";
  if (input.excursionMinutes > input.band.excursionMinutesMax) return "spoiled";
  if (input.isSilent) return "silent";
  if (input.excursionMinutes > 0) return "excursion";
  if (input.state.run !== null) return "out-of-band";
  return input.state.warning?.side === "above" ? "warming" : "in-band";
}

/** Null where the band says that mean kinetic temperature does not describe the product. */
function meanKineticOf(state: ConditionState, band: Band): number | null {
  if (state.last === null || band.meanKineticLimitCelsius === null) return null;
  const halfMs = intervalMsOf(band) / 2;
  return celsiusOfPace((state.kineticSum + ageingPace(state.last[1]) * halfMs) / (state.kineticMs + halfMs));
}

/** The minutes only of a movement that may be extended: out of noise and cycle, or warned of and still going on. */
function paceOf(state: ConditionState, band: Band): Pick<Condition, "ratePerHour" | "minutesToLimit"> {
  const { course, run, last, warning } = state;
  if (course === null || last === null) return { ratePerHour: null, minutesToLimit: null };
  const isCalm = run !== null || last[0] < settlesAt(state, band);
  const approach = isCalm ? null : approachOf(course, band);
  if (approach !== null) return shown(approach);
  const pace = presentPace(course, band);
  const isWarned = pace !== null && warning !== null && pace.side === warning.side;
  return isWarned ? shown(pace) : { ratePerHour: pace?.ratePerHour ?? null, minutesToLimit: null };
}

const shown = ({
  ratePerHour,
  minutesToLimit,
}: Pick<Approach, "ratePerHour" | "minutesToLimit">): Pick<Condition, "ratePerHour" | "minutesToLimit"> => ({
  ratePerHour,
  minutesToLimit,
});

/** The same answer from all readings at once, in any order of time (equal instants keep the order given). */
export function evaluateCondition(
  readings: readonly TemperatureReading[],
  band: Band,
  now: number,
): Condition {
  return conditionOf(foldReadings(readings, band), band, now);
}

export function foldReadings(readings: readonly TemperatureReading[], band: Band): ConditionState {
  return readings
    .toSorted((a, b) => a.observedAt - b.observedAt)
    .reduce((state, reading) => advanceCondition(state, reading, band), startCondition());
}
