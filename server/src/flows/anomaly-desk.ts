// What people do with watches: switch them on and off, and look at what was noted. Switching on learns from what is stored.
import { setImmediate } from "node:timers/promises";
import type { Actor, AnomalySensitivity, AnomalyWatchView } from "@waremind/contract";
import { z } from "zod";
import {
  advanceDetector,
  createDetectorState,
  type DetectorState,
  encodeDetectorState,
  learningMs,
  learningReadings,
  reasonSentences,
} from "../decisions/anomaly/index.ts";
import type { Guard } from "../guard/index.ts";
import type { Bus } from "../platform/bus.ts";
import type { Clock } from "../platform/clock.ts";
import type { Connection, Database } from "../platform/database.ts";
import { DomainError } from "../platform/errors.ts";
import type { JobTools } from "../platform/job.ts";
import type { Jobs } from "../platform/jobs.ts";
import type { AnomalyRow, Series, Telemetry } from "../telemetry/index.ts";
import { watchesMax } from "./anomaly-watches.ts";
import { pointsSince, stateOf } from "./watch-anomalies.ts";

export interface AnomalyDeskDependencies {
  readonly database: Database;
  readonly telemetry: Pick<Telemetry, "anomalies" | "range" | "readings" | "seriesById">;
  readonly jobs: Pick<Jobs, "define">;
  readonly guard: Pick<Guard, "appendAudit">;
  readonly bus: Bus;
  readonly clock: Clock;
}

export interface AnomalyDesk {
  /**
   * Watches a numeric series, or changes how sensitive its watch is; what is stored is learnt from in the background.
   *
   * @throws DomainError `not-found`; `invalid-input` when the series is not numeric; `limit-reached`
   */
  switchOn(
    seriesId: number,
    options: { readonly sensitivity: AnomalySensitivity; readonly by: Person },
  ): Promise<void>;
  /** What was noted stays; switching off twice changes nothing. @throws DomainError `not-found` */
  switchOff(seriesId: number, options: { readonly by: Person }): Promise<void>;
  /** How the watch stands, and what it noted in a time, newest first. @throws DomainError `not-found` */
  view(seriesId: number, range: { readonly from: number; readonly to: number }): Promise<AnomalyWatchView>;
}

type Person = Extract<Actor, { kind: "person" }>;

const dayMs = 86_400_000;
/** Four weeks hold every hour of the week four times. */
export const historyMs = 28 * dayMs;
/** Of a series that reads more often only the newest are learnt from. */
export const historyReadingsMax = 500_000;
/** Judged in one go, some milliseconds; others have their turn between two. */
const readingsPerTurn = 500;
export const anomaliesPerPage = 200;
const attemptMsMax = 10 * 60_000;
const attemptsMax = 5;
const learned = z.object({ seriesId: z.int(), switchedOnAt: z.int() });

export function createAnomalyDesk(deps: AnomalyDeskDependencies): AnomalyDesk {
  const { database, telemetry, guard, bus } = deps;
  const kind = deps.jobs.define("learn-series", {
    ...{ payload: learned, attemptsMax, timeoutMs: attemptMsMax, concurrencyMax: 1 },
    run: async ({ payload }, tools) => {
      if (await learnFromHistory(deps, payload, tools))
        bus.publish({ kind: "anomalies-changed", seriesId: payload.seriesId });
    },
  });
  return {
    switchOn: async (seriesId, { sensitivity, by }) => {
      const { key } = await numericSeries(deps, seriesId);
      await database.transaction(async (connection) => {
        const watch = await telemetry.anomalies.switchOn(connection, { seriesId, sensitivity, by: by.name });
        await refuseTooMany(deps, connection);
        const { switchedOnAt, judgedAt } = watch;
        if (judgedAt === null)
          await kind.enqueue(
            connection,
            { seriesId, switchedOnAt },
            { dedupeKey: `${seriesId}/${switchedOnAt}` },
          );
        const body = { seriesId, key, sensitivity };
        await guard.appendAudit(connection, { kind: "anomaly-watch-on", actor: by, body });
      });
      bus.publish({ kind: "anomalies-changed", seriesId });
    },
    switchOff: async (seriesId, { by }) => {
      const { key } = await seriesOrRefuse(deps, seriesId);
      await database.transaction(async (connection) => {
        if (!(await telemetry.anomalies.switchOff(connection, seriesId))) return;
        const body = { seriesId, key };
        await guard.appendAudit(connection, { kind: "anomaly-watch-off", actor: by, body });
      });
      bus.publish({ kind: "anomalies-changed", seriesId });
    },
    view: async (seriesId, range) => {
      await seriesOrRefuse(deps, seriesId);
      return viewOf(deps, seriesId, range);
    },
  };
}

async function seriesOrRefuse({ telemetry }: AnomalyDeskDependencies, seriesId: number): Promise<Series> {
  const series = await telemetry.seriesById(seriesId);
  if (series === null)
    throw new DomainError("not-found", {
      en: `There is no series ${seriesId}.`,
      zh: `没有序列 ${seriesId}。`,
    });
  return series;
}

async function numericSeries(deps: AnomalyDeskDependencies, seriesId: number): Promise<Series> {
  const series = await seriesOrRefuse(deps, seriesId);
  if (series.valueType === "number") return series;
  throw new DomainError("invalid-input", {
    en: `Only numbers can be watched for what is unusual; ${series.key} holds none.`,
    zh: `只有数值序列可以开启异常观察，${series.key} 不是数值。`,
  });
}

async function refuseTooMany({ telemetry }: AnomalyDeskDependencies, connection: Connection): Promise<void> {
  if ((await telemetry.anomalies.countWatches(connection)) <= watchesMax) return;
  throw new DomainError(
    "limit-reached",
    {
      en: `At most ${watchesMax} series may be watched. Switch one off first.`,
      zh: `最多可观察 ${watchesMax} 个序列，请先关闭一个。`,
    },
    { watchesMax },
  );
}

/** False when there is nothing to do any more. A run that breaks off begins anew. */
async function learnFromHistory(
  { database, telemetry, clock }: AnomalyDeskDependencies,
  { seriesId, switchedOnAt }: z.output<typeof learned>,
  { signal, progress, finish }: JobTools,
): Promise<boolean> {
  const [watch] = await telemetry.anomalies.findStates(database, [seriesId]);
  if (watch === undefined || watch.switchedOnAt !== switchedOnAt || watch.state !== null) return false;
  const to = clock.now();
  const options = { from: to - historyMs, readingsMax: historyReadingsMax };
  const from = await telemetry.anomalies.newestFrom(database, seriesId, options);
  const state = createDetectorState({ sensitivity: watch.sensitivity });
  let done = 0;
  for await (const { observedAt, value } of telemetry.readings(seriesId, { from, to })) {
    // One moment is judged once, as it is when readings come in.
    const isNext = state.count === 0 || observedAt > state.lastAt;
    if (value.type === "number" && isNext) advanceDetector(state, { observedAt, value: value.number });
    done += 1;
    if (done % readingsPerTurn > 0) continue;
    signal.throwIfAborted();
    progress({ done, total: null, note: { en: "readings learnt from", zh: "已学习的读数" } });
    await setImmediate();
  }
  signal.throwIfAborted();
  const judgedAt = state.count === 0 ? from - 1 : state.lastAt;
  await database.transaction(async (connection) => {
    await telemetry.anomalies.saveStates(connection, [
      { seriesId, switchedOnAt, state: encodeDetectorState(state), judgedAt },
    ]);
    await finish(connection);
  });
  return true;
}

async function viewOf(
  { database, telemetry, clock }: AnomalyDeskDependencies,
  seriesId: number,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<AnomalyWatchView> {
  const { anomalies } = telemetry;
  const rows = await anomalies.list(database, seriesId, { from, to, limit: anomaliesPerPage + 1 });
  const [watch] = await anomalies.findStates(database, [seriesId]);
  const state = watch === undefined ? null : stateOf(watch);
  // The store is up to a minute behind what the intake knows.
  if (state !== null && watch !== undefined) {
    const since = { seriesId, judgedAt: watch.judgedAt, to: clock.now() + dayMs };
    for (const point of await pointsSince(telemetry, database, since)) advanceDetector(state, point);
  }
  return {
    seriesId,
    ...standing(watch === undefined, state),
    sensitivity: watch?.sensitivity ?? null,
    switchedOnAt: watch?.switchedOnAt ?? null,
    switchedOnBy: watch?.switchedOnBy ?? null,
    items: rows.slice(0, anomaliesPerPage).map(shown),
    isCut: rows.length > anomaliesPerPage,
  };
}

/** No number is asked about, so nothing is learnt: the judgement holds the band as it stands. */
const nothingRead = { observedAt: Number.NaN, value: Number.NaN };

function standing(
  isOff: boolean,
  state: DetectorState | null,
): Pick<AnomalyWatchView, "state" | "learnedCount" | "band"> {
  if (isOff) return { state: "off", learnedCount: 0, band: null };
  if (state === null) return { state: "reading-history", learnedCount: 0, band: null };
  const learnedCount = state.count;
  if (learnedCount === 0) return { state: "learning", learnedCount, band: null };
  const { expected, low, high } = advanceDetector(state, nothingRead);
  const at = state.lastAt;
  return {
    state: isLearning(state) ? "learning" : "watching",
    learnedCount,
    band: { at, expected, low, high },
  };
}

/** As the detector itself decides: the reading after the last would still be one to learn from. */
function isLearning({ count, firstAt, lastAt }: DetectorState): boolean {
  return count < learningReadings || lastAt - firstAt < learningMs;
}

function shown({ reason, seriesId: _series, ...row }: AnomalyRow): AnomalyWatchView["items"][number] {
  const sentence = isReason(reason) ? reasonSentences[reason] : { en: reason, zh: reason };
  return { ...row, reason, sentence };
}

const isReason = (reason: string): reason is keyof typeof reasonSentences =>
  Object.hasOwn(reasonSentences, reason);
