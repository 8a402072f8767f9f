// Readings that came so late that a transaction of the intake could not judge all that follows them: a job does, in slices.

import type { LiveEvent } from "@waremind/contract";
import { z } from "zod";
import { never, type RuleSpan, type RuleState, refold, startRule } from "../decisions/rules/index.ts";
import type { Devices } from "../devices/index.ts";
import type { Bus } from "../platform/bus.ts";
import type { Connection, Database } from "../platform/database.ts";
import { JobFailure, type JobTools } from "../platform/job.ts";
import type { Jobs } from "../platform/jobs.ts";
import type { RuleStateRow, Telemetry } from "../telemetry/index.ts";
import { type DeviceRule, rulesOf } from "./device-rules.ts";
import {
  beginningOf,
  bringSpans,
  eventsOf,
  seriesOfRule,
  subjectOf,
  type WatchedDevice,
} from "./rule-watch.ts";

const readingsPerPage = 5_000;
const attemptsMax = 20;
const attemptMsMax = 30 * 60_000;
/** While late readings keep coming in, it begins again; then the next attempt. */
const beginningsMax = 5;
/** What comes late seldom comes alone: the job waits a moment for the rest. */
const gatherMs = 1_000;

export interface RuleReevaluation {
  /** Notes the work in the caller's transaction; the same rule and device is one job. */
  note(connection: Connection, rule: { readonly deviceId: number; readonly ruleId: string }): Promise<void>;
}

export interface ReevaluationDependencies {
  readonly database: Database;
  readonly telemetry: Pick<Telemetry, "ruleHistory" | "seriesOfDevices">;
  readonly devices: Pick<Devices, "findDeviceById" | "listProfiles" | "liveBindings">;
  readonly jobs: Jobs;
  readonly bus: Bus;
  readonly clock: { now(): number };
}

const payload = z.object({ deviceId: z.int(), ruleId: z.string() });
type Payload = z.output<typeof payload>;

export function createRuleReevaluation(deps: ReevaluationDependencies): RuleReevaluation {
  const kind = deps.jobs.define("reevaluate-rule", {
    ...{ payload, attemptsMax, timeoutMs: attemptMsMax, concurrencyMax: 1 },
    run: async (job, tools) => {
      for (let beginning = 1; beginning <= beginningsMax; beginning += 1) {
        if (await reevaluate(deps, job.payload, tools)) return;
      }
      throw new JobFailure("Late readings of the device keep coming in.", { retryAfterMs: gatherMs });
    },
  });
  return {
    note: async (connection, rule) => {
      await kind.enqueue(connection, rule, {
        ...{ dedupeKey: `${rule.deviceId}/${rule.ruleId}`, whileRunning: "run-again" },
        runAt: deps.clock.now() + gatherMs,
      });
    },
  };
}

/** A rule of a device with what the store says of both; null when one of them is gone or nothing is late any more. */
interface Work {
  readonly device: WatchedDevice;
  readonly rule: DeviceRule;
  readonly row: RuleStateRow;
}

async function workOf(
  deps: ReevaluationDependencies,
  connection: Connection,
  { deviceId, ruleId }: Payload,
  found: { readonly device: WatchedDevice; readonly rule: DeviceRule } | null,
): Promise<Work | null> {
  if (found === null) return null;
  const rows = await deps.telemetry.ruleHistory.states(connection, [deviceId], {
    isLocked: connection !== deps.database,
  });
  const row = rows.find((one) => one.ruleId === ruleId && one.fingerprint === found.rule.fingerprint);
  return row === undefined || row.staleFrom === null ? null : { ...found, row };
}

async function find(deps: ReevaluationDependencies, { deviceId, ruleId }: Payload) {
  const device = await deps.devices.findDeviceById(deviceId);
  const profile = (await deps.devices.listProfiles()).find(({ id }) => id === device?.profileId);
  if (device === null || profile === undefined) return null;
  const bindings = (await deps.devices.liveBindings()).filter((one) => one.deviceId === deviceId);
  const rule = rulesOf(profile, bindings).find((one) => one.ruleId === ruleId);
  if (rule === undefined) return null;
  const series = await deps.telemetry.seriesOfDevices([deviceId]);
  const watched = { deviceId, deviceName: device.name, series: new Map(series.map((one) => [one.id, one])) };
  return { device: watched, rule };
}

/** False when something else came late meanwhile. */
async function reevaluate(
  deps: ReevaluationDependencies,
  payloadOfJob: Payload,
  tools: JobTools,
): Promise<boolean> {
  const found = await find(deps, payloadOfJob);
  const work = await workOf(deps, deps.database, payloadOfJob, found);
  if (work === null) return true;
  const begun = beginning(work);
  const folded = await foldAll(deps, deps.database, work, { ...begun, tools });
  const events = await deps.database.transaction(async (connection) => {
    const now = await workOf(deps, connection, payloadOfJob, found);
    if (now === null) return [];
    if (now.row.revision !== work.row.revision) return null;
    // What came in order while the slices were read; nothing more can come before the end of this transaction.
    const whole = await foldAll(deps, connection, work, { ...folded, tools });
    return finish(deps, connection, work, { ...whole, from: begun.from });
  });
  for (const event of events ?? []) deps.bus.publish(event);
  return events !== null;
}

interface Folded {
  readonly state: RuleState;
  readonly spans: readonly RuleSpan[];
}

function beginning({ row }: Work): Folded & { readonly from: number } {
  // It was written by `dueRow`.
  const stored = row.state === null ? null : (row.state as RuleState);
  if (stored !== null && stored.foldedTo < (row.staleFrom ?? never))
    return { state: stored, spans: [], from: stored.foldedTo };
  return { state: startRule(), spans: [], from: beginningOf(row) };
}

async function foldAll(
  { telemetry }: ReevaluationDependencies,
  connection: Connection,
  { device, rule }: Work,
  begun: Folded & { readonly from?: number; readonly tools: JobTools },
): Promise<Folded> {
  let { state } = begun;
  const spans = begun.spans.filter(({ endedAt }) => endedAt !== null);
  let after = Math.max(state.foldedTo, begun.from ?? never);
  const series = seriesOfRule(device, rule).map(({ id }) => id);
  const limit = Math.max(1, Math.ceil(readingsPerPage / Math.max(1, series.length)));
  let done = 0;
  for (;;) {
    begun.tools.signal.throwIfAborted();
    const wanted = series.map((seriesId) => ({ seriesId, after }));
    const page = await telemetry.ruleHistory.readingsAfter(connection, wanted, limit);
    const cut = wholeUntil(page, limit);
    const events = eventsOf(device, page).filter(({ at }) => cut === null || at <= cut);
    const next = refold(rule.compiled, state, events);
    state = next.state;
    spans.push(...next.spans.filter(({ endedAt }) => endedAt !== null));
    if (cut === null)
      return { state, spans: [...spans, ...next.spans.filter(({ endedAt }) => endedAt === null)] };
    after = cut;
    done += events.length;
    begun.tools.progress({
      done,
      total: null,
      note: { en: "readings judged again", zh: "已重新评估的读数" },
    });
  }
}

/** Up to where a page has all readings of all its series: a series that is cut off counts up to before its last instant. */
export function wholeUntil(
  page: readonly { readonly seriesId: number; readonly at: number }[],
  limit: number,
): number | null {
  let until: number | null = null;
  for (const own of Map.groupBy(page, ({ seriesId }) => seriesId).values()) {
    const [first, last] = [own[0], own.at(-1)];
    if (own.length < limit || first === undefined || last === undefined) continue;
    // A page of one instant alone is taken as it is, or it would be read again for ever.
    const ownEnd = last.at === first.at ? last.at : last.at - 1;
    until = until === null ? ownEnd : Math.min(until, ownEnd);
  }
  return until;
}

async function finish(
  { telemetry }: ReevaluationDependencies,
  connection: Connection,
  { device, rule, row }: Work,
  { state, spans, from }: Folded & { readonly from: number },
): Promise<readonly LiveEvent[]> {
  const history = telemetry.ruleHistory;
  const subject = subjectOf(device, rule);
  const events = await bringSpans({ history, connection }, row, { subject, spans, from });
  const { revision: _revision, ...present } = row;
  await history.saveStates(connection, [{ ...present, state, staleFrom: null }]);
  return events;
}
