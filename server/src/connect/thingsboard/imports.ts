// Imports as they are asked for, followed and stopped: one at a time, in the process that holds the store.
import type { Actor, BilingualText, ImportedDevice, ImportView } from "@waremind/contract";
import { DomainError } from "../../platform/errors.ts";
import { newId } from "../../platform/ids.ts";
import type { Log } from "../../platform/log.ts";
import { noSum } from "./checksum.ts";
import { type ClientOptions, createThingsboardClient, type ThingsboardLogin } from "./client.ts";
import {
  findRun,
  findUnfinished,
  insertRun,
  listDeviceProgress,
  noCounts,
  type Run,
  updateRun,
} from "./import-store.ts";
import { type RunDependencies, runImport } from "./run-import.ts";
import { createThingsboardSource } from "./source.ts";
import { sourceUrlOf } from "./source-problems.ts";
import { createTally, type Tally } from "./tally.ts";

export interface ThingsboardRequest {
  readonly url: string;
  readonly login: ThingsboardLogin;
  /** Epoch milliseconds: only history from then on. */
  readonly since: number | null;
  /** Names of devices, with `*` and `?`. */
  readonly devicePattern: string | null;
  readonly isDryRun: boolean;
}

export interface ThingsboardImports {
  /**
   * Signs in there and begins, or goes on with the unfinished import of the same source and choice.
   *
   * @throws DomainError `invalid-input`, `credentials-wrong`, `not-allowed`, `source-unavailable`; `conflict` while another
   * runs.
   */
  start(request: ThingsboardRequest, by: Actor): Promise<ImportView>;
  find(id: string): Promise<ImportView | null>;
  /** What became of each device, in the order in which they were entered. Empty for a dry run. */
  devices(id: string): Promise<readonly ImportedDevice[]>;
  /** What is stored stays; the same request goes on from there. Resolves when nothing is written any more. */
  stop(id: string): Promise<void>;
  stopAll(): Promise<void>;
  /** Resolves when the import ended, however it did. */
  ended(id: string): Promise<void>;
}

export interface ImportDependencies extends RunDependencies {
  readonly log: Log;
  /** Milliseconds; absent: the timer. Tests do not wait. */
  readonly wait?: ClientOptions["wait"];
}

interface Active {
  readonly run: Run;
  readonly isDryRun: boolean;
  readonly isResumed: boolean;
  readonly tally: Tally;
  readonly stopping: AbortController;
  state: ImportView["state"];
  failure: BilingualText | null;
  ended: Promise<void>;
}

/** Ended imports of this process that are told from memory; a dry run stands nowhere else. */
const endedKeptMax = 20;

export function createThingsboardImports(given: ImportDependencies): ThingsboardImports {
  const deps = { ...given, log: given.log.child({ component: "import" }) };
  const known = new Map<string, Active>();
  const { database, clock } = deps;
  let isStarting = false;
  const running = (): Active | undefined => [...known.values()].find((one) => one.state === "running");

  return {
    start: async (request, by) => {
      if (isStarting || running() !== undefined) throw anotherRuns();
      isStarting = true;
      try {
        const active = await begin(deps, request, by);
        known.set(active.run.id, active);
        for (const [id] of [...known].slice(0, -endedKeptMax)) known.delete(id);
        return viewOfActive(active, clock.now());
      } finally {
        isStarting = false;
      }
    },
    find: async (id) => {
      const active = known.get(id);
      if (active !== undefined) return viewOfActive(active, clock.now());
      const run = await findRun(database, id);
      return run === null ? null : viewOfStored(run, await tallyOf(deps, run));
    },
    devices: async (id) => (await listDeviceProgress(database, id)).map(viewOfDevice),
    stop: async (id) => {
      const active = known.get(id);
      active?.stopping.abort(new Error("stopped"));
      await active?.ended;
    },
    stopAll: async () => {
      for (const active of known.values()) active.stopping.abort(new Error("stopped"));
      await Promise.all([...known.values()].map((active) => active.ended));
    },
    ended: async (id) => {
      await known.get(id)?.ended;
    },
  };
}

async function begin(deps: ImportDependencies, request: ThingsboardRequest, by: Actor): Promise<Active> {
  const { database, clock, guard } = deps;
  const url = sourceUrlOf(request.url);
  const stopping = new AbortController();
  const client = createThingsboardClient({
    ...{ url, login: request.login, signal: stopping.signal },
    wait: deps.wait ?? waitFor(stopping.signal),
  });
  await client.begin();
  const unfinished = request.isDryRun ? null : await findUnfinished(database, { ...request, url });
  const run = unfinished ?? newRun(request, url, clock.now());
  if (unfinished === null && !request.isDryRun)
    await database.transaction(async (connection) => {
      await insertRun(connection, { id: run.id, at: run.startedAt, progress: run.progress });
      await guard.appendAudit(connection, {
        kind: "import-started",
        actor: by,
        body: { importId: run.id, ...choiceOf(run) },
      });
    });
  const active: Active = {
    ...{ run, stopping, isDryRun: request.isDryRun, isResumed: unfinished !== null },
    ...{ tally: createTally(), state: "running", failure: null, ended: Promise.resolve() },
  };
  active.ended = follow(deps, active, createThingsboardSource(client), by);
  return active;
}

async function follow(
  deps: ImportDependencies,
  active: Active,
  source: ReturnType<typeof createThingsboardSource>,
  by: Actor,
): Promise<void> {
  const { run, tally, stopping, isDryRun } = active;
  try {
    await runImport(
      deps,
      source,
      {
        ...{ runId: run.id, startedAt: run.startedAt, isDryRun, signal: stopping.signal },
        ...{ since: run.progress.since, devicePattern: run.progress.devicePattern },
      },
      tally,
    );
    await close(deps, active, by, null);
  } catch (error) {
    const failure = stopping.signal.aborted ? stopped : sentenceOf(error);
    if (!stopping.signal.aborted && !(error instanceof DomainError))
      deps.log.error({ err: error, importId: run.id }, "an import failed");
    await close(deps, active, by, failure).catch((unwritten: unknown) => {
      // The row still says "running", which is what the next start takes for unfinished.
      deps.log.error({ err: unwritten, importId: run.id }, "the end of an import could not be written");
      active.failure = failure;
      active.state = "failed";
    });
  }
}

async function close(
  { database, clock, guard }: ImportDependencies,
  active: Active,
  by: Actor,
  failure: BilingualText | null,
): Promise<void> {
  const { run, tally } = active;
  const state = failure === null ? "finished" : "failed";
  if (!active.isDryRun)
    await database.transaction(async (connection) => {
      const { counts, problems, problemCount } = tally;
      const progress = { ...run.progress, counts, problems, problemCount, failure };
      await updateRun(connection, { id: run.id, state, progress, at: clock.now() });
      if (state === "finished")
        await guard.appendAudit(connection, {
          kind: "import-finished",
          actor: by,
          body: {
            ...{ importId: run.id, ...choiceOf(run), counts, problemCount },
            ...checksumsOf(tally),
          },
        });
    });
  active.failure = failure;
  active.state = state;
}

function newRun(request: ThingsboardRequest, url: string, at: number): Run {
  const { since, devicePattern } = request;
  return {
    ...{ id: newId("imp", at), state: "running", startedAt: at, updatedAt: at },
    progress: { url, since, devicePattern, counts: noCounts, problems: [], problemCount: 0, failure: null },
  };
}

const choiceOf = ({ progress: { url, since, devicePattern } }: Run) => ({ url, since, devicePattern });

/** A run of an earlier process: what its devices' rows say. */
async function tallyOf(deps: ImportDependencies, run: Run): Promise<Tally> {
  const tally = createTally();
  for (const progress of await listDeviceProgress(deps.database, run.id)) tally.addDevice(progress);
  return tally;
}

const checksumsOf = ({ sourceChecksum, storeChecksum, heldChecksum }: Tally) => ({
  ...{ sourceChecksum, storeChecksum, heldChecksum },
});

function viewOfActive(active: Active, now: number): ImportView {
  const { run, tally, isDryRun, isResumed, state, failure } = active;
  return {
    ...{ id: run.id, source: run.progress.url, state, isDryRun, isResumed, failure },
    ...{ startedAt: run.startedAt, updatedAt: now, counts: { ...tally.counts } },
    ...{ problems: [...tally.problems], problemCount: tally.problemCount },
    ...checksumsOf(tally),
  };
}

/** "Running" in the store without anybody who runs it: its process was ended, and the next start goes on with it. */
function viewOfStored(run: Run, tally: Tally): ImportView {
  const { progress } = run;
  return {
    ...{ id: run.id, source: progress.url, isDryRun: false, isResumed: false },
    ...{ startedAt: run.startedAt, updatedAt: run.updatedAt },
    state: run.state === "running" ? "failed" : run.state,
    failure: run.state === "running" ? interrupted : progress.failure,
    counts: run.state === "running" ? { ...tally.counts } : progress.counts,
    problems: [...(run.state === "running" ? tally.problems : progress.problems)],
    problemCount: run.state === "running" ? tally.problemCount : progress.problemCount,
    ...checksumsOf(tally),
  };
}

function viewOfDevice(progress: Awaited<ReturnType<typeof listDeviceProgress>>[number]): ImportedDevice {
  const { name, isDone, attributesTaken, pointsRead, pointsStored, pointsPresent, pointsQuarantined } =
    progress;
  return {
    ...{ name, isDone, attributesTaken, pointsRead, pointsStored, pointsPresent, pointsQuarantined },
    ...{ sourceChecksum: progress.sourceSum, storeChecksum: progress.storeSum },
    heldChecksum: progress.heldSum ?? noSum,
  };
}

const stopped: BilingualText = {
  en: "It was stopped. What was read is stored; the same request goes on from there.",
  zh: "导入已停止。已读取的数据已保存,再次提交同一请求会从此处继续。",
};
const interrupted: BilingualText = {
  en: "The program was ended while it ran. What was read is stored; the same request goes on from there.",
  zh: "程序在导入过程中被终止。已读取的数据已保存,再次提交同一请求会从此处继续。",
};

function sentenceOf(error: unknown): BilingualText {
  if (error instanceof DomainError) return error.sentence;
  return {
    en: "Something went wrong on our side; it has been written to the log. The same request goes on where this one stopped.",
    zh: "我们这边出了问题,已写入日志。再次提交同一请求会从中断处继续。",
  };
}

function anotherRuns(): DomainError {
  return new DomainError("conflict", {
    en: "An import is under way. Wait for its end, or stop it.",
    zh: "已有导入正在进行,请等待其结束或将其停止。",
  });
}

function waitFor(signal: AbortSignal): ClientOptions["wait"] {
  return (ms) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        signal.removeEventListener("abort", stop);
        resolve();
      }, ms);
      const stop = (): void => {
        clearTimeout(timer);
        reject(signal.reason as Error);
      };
      signal.addEventListener("abort", stop, { once: true });
    });
}
