import type { Band, Excursion, Gap } from "@waremind/contract";
import type { Course } from "./course.ts";
import type { Sample } from "./trend.ts";
import type { Side, Warning } from "./warning.ts";

export interface TemperatureReading {
  readonly observedAt: number;
  readonly celsius: number;
}

/** A stretch out of band that has not ended. */
export interface OpenRun {
  readonly side: Side;
  readonly leftBandAt: number;
  /** Where the ignore period ends; a gap inside the ignore period moves it on by its own length. */
  readonly countsFrom: number;
  /** Silence after `countsFrom`, which does not count. */
  readonly silentMs: number;
  readonly peakCelsius: number;
  readonly peakAt: number;
  /** Readings out of band; a lone one may be a spike. */
  readonly readingCount: number;
}

/**
 * Everything the fold remembers of a shipment's readings: plain JSON of bounded size, whatever the number of readings.
 * Milliseconds and °C.
 */
export interface ConditionState {
  readonly version: 2;
  readonly readingCount: number;
  readonly firstAt: number | null;
  readonly last: Sample | null;
  readonly minCelsius: number | null;
  readonly maxCelsius: number | null;
  readonly maxAt: number | null;
  /** Sum of `ageingPace · weight` and of the weights, ms; the last reading's second half is added when asked. */
  readonly kineticSum: number;
  readonly kineticMs: number;
  readonly run: OpenRun | null;
  /** When the goods last came back into band: what follows is recovery, not a trend. */
  readonly returnedAt: number | null;
  /** Ended stretches that outlasted the ignore period; at most `excursionsKeptMax`, the longest. */
  readonly excursions: readonly Excursion[];
  /** Of all ended excursions, kept or not. */
  readonly excursionMs: number;
  readonly gaps: readonly Gap[];
  readonly gapMs: number;
  /** What the rate of change is seen from; null before the first reading. */
  readonly course: Course | null;
  /** The warning that a limit is being approached, in band only. */
  readonly warning: Warning | null;
  readonly warningEndedAt: number | null;
}

/** Totals stay exact beyond these; only the list forgets its shortest entries. */
export const excursionsKeptMax = 100;
export const gapsKeptMax = 100;

/** Silence longer than this many expected intervals is a gap (specs/cold-chain.md). */
const intervalsPerGap = 3;

export const intervalMsOf = (band: Band): number => band.expectedIntervalSeconds * 1000;
export const gapMsOf = (band: Band): number => intervalMsOf(band) * intervalsPerGap;
export const ignoreMsOf = (band: Band): number => Math.round(band.ignoreMinutes * 60_000);

/** Milliseconds of a stretch that count at `at`. */
export function countedMs(run: OpenRun, at: number): number {
  return Math.max(0, at - run.countsFrom - run.silentMs);
}

/**
 * Whether a stretch out of band is more than one odd reading: two readings at least, over half an expected interval.
 * (The ignore period is another matter: it decides from when a confirmed stretch counts as an excursion.)
 */
export function isConfirmed(run: OpenRun, at: number, band: Band): boolean {
  return run.readingCount >= 2 && at - run.leftBandAt >= intervalMsOf(band) / 2;
}
