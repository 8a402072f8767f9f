// What is remembered of a watched shipment between batches, and which alarms its condition calls for. Pure.
import type { Alarm, Band, Condition } from "@waremind/contract";
import {
  type ConditionState,
  conditionOf,
  isConfirmed,
  startCondition,
} from "../decisions/coldchain/index.ts";

/** Alarms of a shipment that are open, so that only a change costs a statement. */
export interface OpenAlarms {
  readonly rate: boolean;
  readonly threshold: "none" | "warning" | "critical";
  readonly absence: boolean;
}

/** The running state in `shipment_condition.state`. */
export interface WatchState {
  readonly version: 2;
  readonly condition: ConditionState;
  readonly alarms: OpenAlarms;
}

export const startWatch: WatchState = {
  version: 2,
  condition: startCondition(),
  alarms: { rate: false, threshold: "none", absence: false },
};

/** Null for what another version wrote: then it is made again from the readings. */
export function watchStateOf(state: unknown): WatchState | null {
  const isOurs =
    typeof state === "object" &&
    state !== null &&
    "version" in state &&
    state.version === startWatch.version &&
    "condition" in state &&
    "alarms" in state;
  return isOurs ? (state as WatchState) : null;
}

/** An alarm to end or to raise, in the order of happening. */
export type AlarmStep =
  | { readonly do: "end"; readonly kind: Alarm["kind"]; readonly at: number }
  | {
      readonly do: "raise";
      readonly kind: Alarm["kind"];
      readonly severity: Alarm["severity"];
      readonly at: number;
      readonly condition: Condition;
      readonly side: "above" | "below";
    };

/** A threshold alarm ends this far inside the band, so that a value on the limit does not ring on and off. */
const clearCelsius = 0.2;

/**
 * The alarms after a reading. `rate-of-change` (warning) before a limit is crossed, on either side, for as long as the
 * engine's own warning is on. `threshold` as a warning when a second reading in a row is out of band, dated back to
 * the crossing (a lone odd reading rings nothing), and, as a new alarm, critical when the ignore period is over and the
 * excursion counts (an acknowledged warning does not silence it). Cool-down from the first reading on raises nothing
 * within the ignore period.
 */
export function alarmSteps(
  watch: WatchState,
  band: Band,
): { readonly steps: readonly AlarmStep[]; readonly alarms: OpenAlarms } {
  const { condition: state, alarms: open } = watch;
  const at = state.last?.[0];
  if (at === undefined) return { steps: [], alarms: open };
  const condition = conditionOf(state, band, at);
  const next: OpenAlarms = {
    ...open,
    // Out of band, and until it is clearly back, the threshold alarm speaks alone.
    rate: state.warning !== null && state.run === null && open.threshold === "none",
    threshold: thresholdOf(watch, condition, band),
  };
  return {
    steps: [...endings(open, next, at), ...raisings(open, next, { state, condition, at })],
    alarms: next,
  };
}

/** What ends when a shipment is no longer underway: nothing more can be done for it on its way. */
export function endAll(open: OpenAlarms, at: number): ReturnType<typeof alarmSteps> {
  const none: OpenAlarms = { rate: false, threshold: "none", absence: false };
  const absence: AlarmStep[] = open.absence ? [{ do: "end", kind: "absence", at }] : [];
  return { steps: [...endings(open, none, at), ...absence], alarms: none };
}

export function isUnderway(state: string): boolean {
  return state === "ready" || state === "shipping";
}

function endings(open: OpenAlarms, next: OpenAlarms, at: number): AlarmStep[] {
  const steps: AlarmStep[] = [];
  if (open.rate && !next.rate) steps.push({ do: "end", kind: "rate-of-change", at });
  if (open.threshold !== "none" && open.threshold !== next.threshold)
    steps.push({ do: "end", kind: "threshold", at });
  return steps;
}

function raisings(
  open: OpenAlarms,
  next: OpenAlarms,
  now: { readonly state: ConditionState; readonly condition: Condition; readonly at: number },
): AlarmStep[] {
  const { state, condition, at } = now;
  const steps: AlarmStep[] = [];
  if (next.rate && !open.rate) {
    const { side, raisedAt } = state.warning ?? { side: "above", raisedAt: at };
    steps.push({ do: "raise", kind: "rate-of-change", severity: "warning", at: raisedAt, condition, side });
  }
  if (next.threshold !== "none" && next.threshold !== open.threshold) {
    const began = next.threshold === "critical" ? state.run?.countsFrom : state.run?.leftBandAt;
    const side = state.run?.side ?? "above";
    const severity = next.threshold;
    steps.push({ do: "raise", kind: "threshold", severity, at: began ?? at, condition, side });
  }
  return steps;
}

function thresholdOf(
  { condition: { run, firstAt, last }, alarms }: WatchState,
  condition: Condition,
  band: Band,
): OpenAlarms["threshold"] {
  if (run === null) return isClear(condition, band) ? "none" : alarms.threshold;
  if (alarms.threshold === "none" && !isConfirmed(run, last?.[0] ?? 0, band)) return "none";
  if (condition.excursions.at(-1)?.returnedAt === null) return "critical";
  const isCoolDown = run.leftBandAt === firstAt;
  if (isCoolDown) return "none";
  // A new stretch while an old critical alarm is not clear yet: it goes on.
  return alarms.threshold === "critical" ? "critical" : "warning";
}

function isClear({ lastCelsius }: Condition, band: Band): boolean {
  if (lastCelsius === null) return true;
  const margin = Math.min(clearCelsius, (band.maxCelsius - band.minCelsius) / 10);
  return lastCelsius <= band.maxCelsius - margin && lastCelsius >= band.minCelsius + margin;
}

/** Whether the condition ends in a gap that is still going on. */
export function isSilent(condition: Condition): boolean {
  return condition.gaps.at(-1)?.to === null;
}
