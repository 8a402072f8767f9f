// Series that an operator has watched: each new reading is judged by what came before it, inside the intake transaction.
// What stands out is noted for people to look at; nothing here raises an alarm.
import type { LiveEvent } from "@waremind/contract";
import {
  advanceDetector,
  createDetectorState,
  type DetectorState,
  decodeDetectorState,
  encodeDetectorState,
} from "../decisions/anomaly/index.ts";
import type { Clock } from "../platform/clock.ts";
import type { Connection } from "../platform/database.ts";
import type {
  AnomalyWatch,
  AnomalyWatchState,
  NewAnomaly,
  StoredReading,
  Telemetry,
} from "../telemetry/index.ts";
import { type AnomalyWatches, watchesMax } from "./anomaly-watches.ts";
import type { IntakeFollower } from "./intake-sink.ts";

export interface AnomalyFollowerDependencies {
  readonly telemetry: Pick<Telemetry, "anomalies" | "range">;
  readonly watches: AnomalyWatches;
  readonly clock: Clock;
}

/** What a series is known to be like is written down this often; what came since is read again from its readings. */
export const savedEveryMs = 60_000;
/** So much is read again: at ten readings a second a little more than eight minutes. What is older is not learnt from. */
export const catchUpReadingsMax = 5_000;
/** Of one transaction: the rest is recalled, or saved, with a later one. */
const recallsPerBatchMax = 50;
const savesPerBatchMax = 50;
/** One for each watch; those that were not heard for longest are dropped, and recalled when they are. */
const statesMax = watchesMax;

interface Known {
  readonly switchedOnAt: number;
  readonly state: DetectorState;
  savedAt: number;
  isChanged: boolean;
}

/**
 * What is known of each series is in memory and, up to a minute older, in the store. Whoever knows nothing of it yet (a
 * start, a partition that was taken over, a failed transaction) begins with the stored state and the readings since, so
 * nothing is lost but what exceeds `catchUpReadingsMax`. Readings that are late, and other values of a moment that was
 * judged, change nothing.
 */
export function createAnomalyFollower(deps: AnomalyFollowerDependencies): IntakeFollower {
  const { telemetry, watches, clock } = deps;
  const memory = new Map<number, Known>();
  const underWay = new Map<Connection, Set<number>>();

  async function follow(
    connection: Connection,
    readings: readonly StoredReading[],
  ): Promise<readonly LiveEvent[]> {
    const present = await watches.present(connection);
    const touched = new Map<number, Touched>();
    for (const reading of readings) take(touched, present, reading);
    if (touched.size === 0) return [];
    underWay.set(connection, new Set(touched.keys()));
    const found: NewAnomaly[] = [];
    const unknown = [...touched.values()].filter(({ watch }) => !isKnown(memory.get(watch.seriesId), watch));
    for (const [seriesId, known] of await recall(deps, connection, unknown, found))
      memory.set(seriesId, known);
    const at = clock.now();
    for (const { watch, points } of touched.values()) {
      const known = memory.get(watch.seriesId);
      if (known === undefined || !isKnown(known, watch)) continue;
      // The one heard last stands last.
      memory.delete(watch.seriesId);
      memory.set(watch.seriesId, known);
      known.state.sensitivity = watch.sensitivity;
      for (const point of points) judge(known, point, found);
    }
    const due = [...touched.keys()].filter((id) => isDue(memory.get(id), at)).slice(0, savesPerBatchMax);
    await save(deps, connection, memory, due);
    dropOldest(memory);
    const noted = await telemetry.anomalies.note(connection, found);
    return noted.map((seriesId) => ({ kind: "anomalies-changed", seriesId }));
  }

  return {
    isInterestedIn: watches.isMaybeWatched,
    follow,
    settled: (connection, isCommitted) => {
      // What was learnt in a transaction that failed never was; the next reading recalls the series.
      if (!isCommitted) for (const seriesId of underWay.get(connection) ?? []) memory.delete(seriesId);
      underWay.delete(connection);
    },
  };
}

interface Point {
  readonly observedAt: number;
  readonly value: number;
}

interface Touched {
  readonly watch: AnomalyWatch;
  readonly points: (Point & { readonly seriesId: number })[];
}

function take(
  touched: Map<number, Touched>,
  present: ReadonlyMap<number, AnomalyWatch>,
  { seriesId, observedAt, value }: StoredReading,
): void {
  const watch = present.get(seriesId);
  // Until its history is learnt from there is nothing to judge by; readings wait in the store.
  if (watch === undefined || watch.judgedAt === null || value.type !== "number") return;
  const of = touched.get(seriesId) ?? { watch, points: [] };
  touched.set(seriesId, of);
  of.points.push({ seriesId, observedAt, value: value.number });
}

const isKnown = (known: Known | undefined, watch: AnomalyWatch): boolean =>
  known?.switchedOnAt === watch.switchedOnAt;

const isDue = (known: Known | undefined, at: number): boolean =>
  known?.isChanged === true && (at - known.savedAt >= savedEveryMs || at < known.savedAt);

function judge(
  known: Known,
  { seriesId, observedAt, value }: Point & { readonly seriesId: number },
  found: NewAnomaly[],
): void {
  const { state } = known;
  if (state.count > 0 && observedAt <= state.lastAt) return;
  const { isAnomalous, ...judgement } = advanceDetector(state, { observedAt, value });
  known.isChanged = true;
  if (isAnomalous) found.push({ seriesId, observedAt, value, ...judgement });
}

/** States as they stand in the store, brought up to the readings there are; what stands out on the way is found. */
async function recall(
  { telemetry, clock }: AnomalyFollowerDependencies,
  connection: Connection,
  unknown: readonly Touched[],
  found: NewAnomaly[],
): Promise<ReadonlyMap<number, Known>> {
  const recalled = new Map<number, Known>();
  const now = unknown.slice(0, recallsPerBatchMax);
  const rows = await telemetry.anomalies.findStates(
    connection,
    now.map(({ watch }) => watch.seriesId),
  );
  for (const row of rows) {
    const of = now.find(({ watch }) => watch.seriesId === row.seriesId);
    const state = stateOf(row);
    if (of === undefined || state === null) continue;
    const { seriesId, switchedOnAt } = row;
    const known: Known = { switchedOnAt, state, savedAt: clock.now(), isChanged: false };
    const to = of.points.reduce((newest, { observedAt }) => Math.max(newest, observedAt), 0);
    for (const point of await pointsSince(telemetry, connection, { ...row, to }))
      judge(known, { seriesId, ...point }, found);
    recalled.set(seriesId, known);
  }
  return recalled;
}

/** Null while nothing is learnt. A state of another version of this program cannot be used: the series is learnt anew. */
export function stateOf({
  state,
  sensitivity,
}: Pick<AnomalyWatchState, "state" | "sensitivity">): DetectorState | null {
  if (state === null) return null;
  const known = decodeDetectorState(state) ?? createDetectorState({ sensitivity });
  known.sensitivity = sensitivity;
  return known;
}

/** Numbers after `judgedAt` up to `to`, in order of time; at most `catchUpReadingsMax`. */
export async function pointsSince(
  telemetry: Pick<Telemetry, "range">,
  connection: Connection,
  { seriesId, judgedAt, to }: { seriesId: number; judgedAt: number | null; to: number },
): Promise<readonly Point[]> {
  const from = (judgedAt ?? to) + 1;
  if (from > to) return [];
  const readings = await telemetry.range(connection, seriesId, { from, to, limit: catchUpReadingsMax });
  return readings.flatMap(({ observedAt, value }) =>
    value.type === "number" ? [{ observedAt, value: value.number }] : [],
  );
}

async function save(
  { telemetry, clock }: AnomalyFollowerDependencies,
  connection: Connection,
  memory: ReadonlyMap<number, Known>,
  seriesIds: readonly number[],
): Promise<void> {
  const rows = seriesIds.flatMap((seriesId) => {
    const known = memory.get(seriesId);
    if (known === undefined) return [];
    known.savedAt = clock.now();
    known.isChanged = false;
    const { switchedOnAt, state } = known;
    return [{ seriesId, switchedOnAt, state: encodeDetectorState(state), judgedAt: state.lastAt }];
  });
  await telemetry.anomalies.saveStates(connection, rows);
}

function dropOldest(memory: Map<number, Known>): void {
  for (const seriesId of memory.keys()) {
    if (memory.size <= statesMax) return;
    memory.delete(seriesId);
  }
}
