// Before a rule goes live: what it would have raised over the last days. Reads in slices, so that the intake goes on.
import {
  type Backtest,
  type BacktestRequest,
  type BilingualText,
  backtestDaysMax,
  backtestSeriesMax,
} from "@waremind/contract";
import {
  type CompiledRule,
  compileRule,
  type RuleSpan,
  refold,
  startRule,
} from "../decisions/rules/index.ts";
import type { Device, Devices, Profile } from "../devices/index.ts";
import type { Clock } from "../platform/clock.ts";
import type { Database } from "../platform/database.ts";
import { DomainError } from "../platform/errors.ts";
import { newId } from "../platform/ids.ts";
import type { Log } from "../platform/log.ts";
import type { Series, Telemetry } from "../telemetry/index.ts";
import { isTimed } from "./device-rules.ts";
import { wholeUntil } from "./reevaluate-rules.ts";

/** One query answers within some 30 ms: on the embedded store everybody else waits meanwhile. */
const readingsPerPage = 10_000;
const devicesPerLookup = 500;
const runningMax = 2;
/** Those that are over are kept so many at a time. */
const keptMax = 20;
const noisiestShown = 50;
const spansShownMax = 200;
const dayMs = 86_400_000;
const minuteMs = 60_000;

export interface Backtests {
  /** @throws DomainError `invalid-input`, `not-found`, `conflict` when too many run. */
  start(request: BacktestRequest): Promise<Backtest>;
  /** Null: there is none, or it was long ago. */
  find(id: string): Backtest | null;
  /** What is over stays as it is. @throws DomainError `not-found` */
  cancel(id: string): Backtest;
  stop(): Promise<void>;
}

export interface BacktestDependencies {
  readonly database: Database;
  readonly telemetry: Pick<Telemetry, "ruleHistory" | "seriesOfDevices">;
  readonly devices: Pick<Devices, "listDevices" | "listProfiles">;
  readonly clock: Clock;
  readonly log: Log;
}

/** A device with the series that the rule listens to. */
interface Subject {
  readonly device: Device;
  readonly series: readonly Series[];
}

interface Run {
  view: Backtest;
  readonly compiled: CompiledRule;
  readonly subjects: readonly Subject[];
  readonly aborted: AbortController;
  done: Promise<void>;
}

export function createBacktests(deps: BacktestDependencies): Backtests {
  const runs = new Map<string, Run>();

  function keepFew(): void {
    const over = [...runs.values()].filter(({ view }) => view.state !== "running");
    for (const { view } of over.slice(0, Math.max(0, over.length - keptMax))) runs.delete(view.id);
  }

  return {
    start: async (request) => {
      const running = [...runs.values()].filter(({ view }) => view.state === "running").length;
      if (running >= runningMax) throw tooMany();
      const { compiled, subjects } = await prepare(deps, request);
      keepFew();
      const run: Run = {
        ...{ view: begun(deps, request, subjects.length), compiled, subjects },
        ...{ aborted: new AbortController(), done: Promise.resolve() },
      };
      runs.set(run.view.id, run);
      run.done = work(deps, run);
      return run.view;
    },
    find: (id) => runs.get(id)?.view ?? null,
    cancel: (id) => {
      const run = runs.get(id);
      if (run === undefined) throw unknownRun(id);
      run.aborted.abort();
      return run.view;
    },
    stop: async () => {
      for (const { aborted } of runs.values()) aborted.abort();
      await Promise.all([...runs.values()].map(({ done }) => done));
    },
  };
}

async function prepare(
  { devices, telemetry }: BacktestDependencies,
  { rule, profileId, deviceName, days }: BacktestRequest,
): Promise<{ readonly compiled: CompiledRule; readonly subjects: readonly Subject[] }> {
  if (days > backtestDaysMax)
    throw invalid({
      en: `A backtest looks back at most ${backtestDaysMax} days.`,
      zh: `回测最多可回溯 ${backtestDaysMax} 天。`,
    });
  const profile = (await devices.listProfiles()).find(({ id }) => id === profileId);
  if (profile === undefined)
    throw notThere({ en: `There is no profile ${profileId}.`, zh: `没有设备配置 ${profileId}。` });
  const compiled = compiledOf(rule, profile);
  const own = (await devices.listDevices()).filter(
    (device) => device.profileId === profileId && (deviceName === null || device.name === deviceName),
  );
  if (own.length === 0) throw noDevice(profileId, deviceName);
  const subjects: Subject[] = [];
  for (let from = 0; from < own.length; from += devicesPerLookup) {
    const part = own.slice(from, from + devicesPerLookup);
    const series = await telemetry.seriesOfDevices(part.map(({ id }) => id));
    const heard = series.filter(({ key }) => compiled.keys === null || compiled.keys.includes(key));
    const byDevice = Map.groupBy(heard, (one) => one.deviceId);
    subjects.push(...part.map((device) => ({ device, series: byDevice.get(device.id) ?? [] })));
  }
  const count = subjects.reduce((sum, { series }) => sum + series.length, 0);
  if (count <= backtestSeriesMax) return { compiled, subjects };
  throw invalid({
    en: `The rule would read ${count} series; a backtest reads at most ${backtestSeriesMax}. Choose one device.`,
    zh: `该规则需要读取 ${count} 个序列，回测最多读取 ${backtestSeriesMax} 个，请选择单个设备。`,
  });
}

function compiledOf(rule: BacktestRequest["rule"], profile: Profile): CompiledRule {
  // A draft may be switched off; the question is what it would do.
  const result = compileRule({ ...rule, isEnabled: true }, profile);
  if (!result.ok) throw invalid(result.problem);
  return result.compiled;
}

function begun({ clock }: BacktestDependencies, request: BacktestRequest, devices: number): Backtest {
  const now = clock.now();
  return {
    ...{ id: newId("bkt", now), state: "running", ruleId: request.rule.id, profileId: request.profileId },
    ...{ fromAt: now - request.days * dayMs, toAt: now, startedAt: now, finishedAt: null },
    progress: { devicesDone: 0, devices, readings: 0 },
    ...{ problem: null, alarmCount: 0, alarmMinutes: 0, devicesWithAlarms: 0, devices: [] },
  };
}

async function work(deps: BacktestDependencies, run: Run): Promise<void> {
  try {
    for (const subject of run.subjects) {
      if (run.aborted.signal.aborted) break;
      const spans = await spansOfSubject(deps, run, subject);
      if (spans !== null) add(run, subject.device.name, spans);
    }
    const state = run.aborted.signal.aborted ? "cancelled" : "done";
    run.view = { ...run.view, state, finishedAt: deps.clock.now() };
  } catch (error) {
    deps.log.error({ err: error, backtest: run.view.id }, "a backtest failed");
    run.view = { ...run.view, state: "failed", finishedAt: deps.clock.now(), problem: failed };
  }
}

/** Page by page from the oldest on; null when it was cancelled meanwhile. */
async function spansOfSubject(
  { database, telemetry }: BacktestDependencies,
  run: Run,
  { series }: Subject,
): Promise<readonly RuleSpan[] | null> {
  const { compiled, view } = run;
  const keys = new Map(series.map(({ id, key }) => [id, key]));
  const spans: RuleSpan[] = [];
  let state = startRule();
  let after = view.fromAt - 1;
  for (let isWhole = series.length === 0; !isWhole; ) {
    if (run.aborted.signal.aborted) return null;
    const wanted = series.map(({ id }) => ({ seriesId: id, after }));
    const limit = Math.ceil(readingsPerPage / series.length);
    const page = await telemetry.ruleHistory.readingsAfter(database, wanted, limit);
    const cut = wholeUntil(page, limit);
    isWhole = cut === null;
    const end = Math.min(cut ?? view.toAt, view.toAt);
    const events = page.flatMap(({ seriesId, at, value }) => {
      const key = keys.get(seriesId);
      return at > end || key === undefined ? [] : [{ at, key, value }];
    });
    const folded = refold(compiled, state, events);
    state = folded.state;
    spans.push(...folded.spans.filter(({ endedAt }) => endedAt !== null));
    count(run, events.length);
    after = end;
    if (end >= view.toAt) isWhole = true;
  }
  const until = isTimed(compiled) ? view.toAt : null;
  return [...spans, ...refold(compiled, state, [], { since: null, until }).spans];
}

function count(run: Run, readings: number): void {
  const { progress } = run.view;
  run.view = { ...run.view, progress: { ...progress, readings: progress.readings + readings } };
}

function add(run: Run, deviceName: string, spans: readonly RuleSpan[]): void {
  const { view } = run;
  const progress = { ...view.progress, devicesDone: view.progress.devicesDone + 1 };
  if (spans.length === 0) {
    run.view = { ...view, progress };
    return;
  }
  const minutes = spans.reduce(
    (sum, { beganAt, endedAt }) => sum + ((endedAt ?? view.toAt) - beganAt) / minuteMs,
    0,
  );
  const own = {
    deviceName,
    alarmCount: spans.length,
    alarmMinutes: minutes,
    spans: spans.slice(-spansShownMax),
  };
  run.view = {
    ...{ ...view, progress },
    alarmCount: view.alarmCount + spans.length,
    alarmMinutes: view.alarmMinutes + minutes,
    devicesWithAlarms: view.devicesWithAlarms + 1,
    devices: [...view.devices, own]
      .toSorted((a, b) => b.alarmCount - a.alarmCount || b.alarmMinutes - a.alarmMinutes)
      .slice(0, noisiestShown),
  };
}

const failed: BilingualText = {
  en: "The readings could not be read. Try again in a moment; the server's log says why.",
  zh: "无法读取读数，请稍后重试；原因见服务器日志。",
};
const invalid = (text: BilingualText) => new DomainError("invalid-input", text);
const notThere = (text: BilingualText) => new DomainError("not-found", text);

function noDevice(profileId: string, deviceName: string | null): DomainError {
  return deviceName === null
    ? notThere({ en: `No device has the profile ${profileId}.`, zh: `没有设备使用配置 ${profileId}。` })
    : notThere({
        en: `No device ${deviceName} has the profile ${profileId}.`,
        zh: `没有使用配置 ${profileId} 的设备 ${deviceName}。`,
      });
}

export const unknownRun = (id: string): DomainError =>
  notThere({
    en: `There is no backtest ${id}, or it was long ago. Start it again.`,
    zh: `没有回测 ${id}，或已过期，请重新运行。`,
  });

const tooMany = (): DomainError =>
  new DomainError("conflict", {
    en: `${runningMax} backtests are running. Wait for one of them or cancel it.`,
    zh: `已有 ${runningMax} 个回测正在运行，请等待或取消其中一个。`,
  });
