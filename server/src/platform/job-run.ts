// One attempt at one job: its lease is kept while it runs, its end is written whatever it was.
import type { JobProgress } from "@waremind/contract";
import type { Clock } from "./clock.ts";
import { afterCommit, type Connection, type Database } from "./database.ts";
import {
  defaultBackoff,
  delayAfter,
  errorText,
  type Interruption,
  type JobDefinition,
  JobFailure,
  JobInterrupted,
  type JobTools,
} from "./job.ts";
import {
  endCancelled,
  endDone,
  endFailed,
  extendLease,
  giveBack,
  type Hold,
  type JobRow,
  writeProgress,
} from "./job-store.ts";
import type { Log } from "./log.ts";
import { markFailed, traced } from "./tracing.ts";

export const runLimits = {
  /** A process that says nothing for this long is taken for dead; clocks of processes must not differ by as much. */
  leaseMs: 30_000,
  extendMs: 10_000,
  progressMs: 1_000,
  /** How long a run that was told to end may take; then its slot is given away, and it may overlap the next attempt. */
  graceMs: 30_000,
  stopGraceMs: 5_000,
  /** The end of a job is written this often before it is left to its lease. */
  endAttemptsMax: 5,
  endRetryMs: 500,
} as const satisfies Record<string, number>;

// biome-ignore lint/suspicious/noExplicitAny: a payload's own schema gives it its type before `run` sees it.
export type AnyDefinition = JobDefinition<any>;

export interface RunDependencies {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
  /** Names this process in the rows it holds. */
  readonly name: string;
  readonly limits: { readonly [Name in keyof typeof runLimits]: number };
  /** In [0, 1). */
  readonly chance: () => number;
}

export interface JobRun {
  readonly kind: string;
  /** Resolves when its end was written or given up; never rejects. */
  readonly ended: Promise<void>;
  interrupt(kind: Interruption): void;
}

type Outcome = { readonly isOk: true } | { readonly isOk: false; readonly error: unknown };

export function createJobRun(deps: RunDependencies, row: JobRow, definition: AnyDefinition): JobRun {
  const control = new AbortController();
  const interrupt = (kind: Interruption): void => {
    if (!control.signal.aborted) control.abort(new JobInterrupted(kind));
  };
  const ended = attempt(deps, { row, definition, control, interrupt }).catch((error: unknown) => {
    deps.log.error({ err: error, jobId: row.id, kind: row.kind }, "the end of a job could not be written");
  });
  return { kind: row.kind, ended, interrupt };
}

interface Running {
  readonly row: JobRow;
  readonly definition: AnyDefinition;
  readonly control: AbortController;
  readonly interrupt: (kind: Interruption) => void;
}

async function attempt(deps: RunDependencies, running: Running): Promise<void> {
  const { row, definition, control, interrupt } = running;
  const hold: Hold = { id: row.id, lockedBy: deps.name, attempt: row.attempts };
  const lease = keepLease(deps, hold, interrupt);
  const progress = createProgressWriter(deps, hold);
  const timer = setTimeout(interrupt, definition.timeoutMs, "timed-out");
  let isFinished = false;
  const finish = async (connection: Connection): Promise<void> => {
    if (!(await endDone(connection, hold, deps.clock.now()))) throw new JobInterrupted("lease-lost");
    afterCommit(connection, () => {
      isFinished = true;
    });
  };
  try {
    const tools: JobTools = { signal: control.signal, progress: progress.note, finish };
    const outcome = await bounded(deps, control.signal, tracedInvoke(running, tools));
    await progress.flush();
    if (!isFinished) await writeEnd(deps, running, hold, outcome);
  } finally {
    clearTimeout(timer);
    lease.stop();
  }
}

function tracedInvoke(running: Running, tools: JobTools): Promise<Outcome> {
  const { id, kind, attempts } = running.row;
  const attributes = { "waremind.job.id": id, "waremind.job.kind": kind, "waremind.job.attempt": attempts };
  return traced({ name: `job ${kind}`, kind: "consumer", attributes, isRoot: true }, async (span) => {
    const outcome = await invoke(running, tools);
    if (!outcome.isOk) markFailed(span, outcome.error instanceof Error ? outcome.error.name : "unknown");
    return outcome;
  });
}

async function invoke({ row, definition }: Running, tools: JobTools): Promise<Outcome> {
  try {
    const payload = definition.payload.safeParse(row.payload);
    if (!payload.success)
      throw new JobFailure(`Its payload cannot be used: ${payload.error.message}`, { isFinal: true });
    const { id, attempts, attemptsMax } = row;
    await definition.run({ id, payload: payload.data, attempt: attempts, attemptsMax }, tools);
    return { isOk: true };
  } catch (error) {
    return { isOk: false, error };
  }
}

/** What a run that ignores its signal comes to: not waited for beyond the grace time. */
class NotEnding extends Error {}

async function bounded(
  { limits }: RunDependencies,
  signal: AbortSignal,
  work: Promise<Outcome>,
): Promise<Outcome> {
  let timer: NodeJS.Timeout | undefined;
  const overdue = new Promise<Outcome>((resolve) => {
    const waitForEnd = (): void => {
      const graceMs = interruptionOf(signal) === "stopping" ? limits.stopGraceMs : limits.graceMs;
      timer = setTimeout(() => resolve({ isOk: false, error: new NotEnding() }), graceMs);
    };
    if (signal.aborted) waitForEnd();
    else signal.addEventListener("abort", waitForEnd, { once: true });
  });
  const outcome = await Promise.race([work, overdue]);
  clearTimeout(timer);
  return outcome;
}

function interruptionOf(signal: AbortSignal): Interruption | undefined {
  const reason: unknown = signal.reason;
  return signal.aborted && reason instanceof JobInterrupted ? reason.kind : undefined;
}

async function writeEnd(
  deps: RunDependencies,
  running: Running,
  hold: Hold,
  outcome: Outcome,
): Promise<void> {
  const { limits } = deps;
  for (let left = limits.endAttemptsMax; ; left -= 1) {
    try {
      return await writeEndOnce(deps, running, hold, outcome);
    } catch (error) {
      if (left <= 1) throw error;
      await new Promise((resolve) => setTimeout(resolve, limits.endRetryMs));
    }
  }
}

async function writeEndOnce(
  deps: RunDependencies,
  running: Running,
  hold: Hold,
  outcome: Outcome,
): Promise<void> {
  const { database, clock } = deps;
  if (outcome.isOk) {
    await endDone(database, hold, clock.now());
    return;
  }
  const interruption = interruptionOf(running.control.signal);
  switch (interruption) {
    case "lease-lost":
      return;
    case "stopping":
      // One that still runs keeps its lease, so nobody else begins while it does.
      if (!(outcome.error instanceof NotEnding)) await giveBack(database, hold, clock.now());
      return;
    case "cancelled":
      await endCancelled(database, hold, clock.now());
      return;
    case "timed-out":
    case undefined:
      await writeFailure(deps, running, hold, {
        error: interruption === undefined ? outcome.error : new JobInterrupted(interruption),
      });
  }
}

async function writeFailure(
  deps: RunDependencies,
  { row, definition }: Running,
  hold: Hold,
  { error }: { readonly error: unknown },
): Promise<void> {
  const { database, clock, log } = deps;
  const isOver = row.attempts >= row.attemptsMax || (error instanceof JobFailure && error.isFinal);
  const told = error instanceof JobFailure ? error.retryAfterMs : undefined;
  const delayMs = delayAfter(row.attempts, definition.backoff ?? defaultBackoff, deps.chance());
  const at = clock.now();
  const about = { jobId: row.id, kind: row.kind, attempt: row.attempts, err: error };
  if (isOver) log.error(about, "a job failed for the last time");
  else log.warn(about, "a job failed and will be tried again");
  const runAt = isOver ? null : at + Math.max(0, Math.round(told ?? delayMs));
  await endFailed(database, hold, { error: errorText(error), runAt, at });
}

/** Extends the lease again and again; ends the run when it is lost, or when somebody elsewhere cancelled. */
function keepLease(
  deps: RunDependencies,
  hold: Hold,
  interrupt: (kind: Interruption) => void,
): { stop(): void } {
  const { database, clock, log, limits } = deps;
  let lockedUntil = clock.now() + limits.leaseMs;
  let isUnderWay = false;
  const extend = async (): Promise<void> => {
    const until = clock.now() + limits.leaseMs;
    const answer = await extendLease(database, hold, until);
    if (answer === undefined) return interrupt("lease-lost");
    lockedUntil = until;
    if (answer.isCancelAsked) interrupt("cancelled");
  };
  const timer = setInterval(() => {
    // A store that does not answer must not keep a lease alive in this process's own mind.
    if (clock.now() >= lockedUntil) interrupt("lease-lost");
    if (isUnderWay) return;
    isUnderWay = true;
    extend()
      .catch((error: unknown) => log.warn({ err: error, jobId: hold.id }, "a lease was not extended"))
      .finally(() => {
        isUnderWay = false;
      });
  }, limits.extendMs);
  return { stop: () => clearInterval(timer) };
}

function createProgressWriter(
  { database, log, limits }: RunDependencies,
  hold: Hold,
): { note(progress: JobProgress): void; flush(): Promise<void> } {
  let latest: JobProgress | undefined;
  let timer: NodeJS.Timeout | undefined;
  let current = Promise.resolve();
  const write = (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    const progress = latest;
    latest = undefined;
    if (progress === undefined) return current;
    current = current
      .then(() => writeProgress(database, hold, progress))
      .catch((error: unknown) => log.warn({ err: error, jobId: hold.id }, "progress was not written"));
    return current;
  };
  return {
    note: (progress) => {
      latest = progress;
      timer ??= setTimeout(() => void write(), limits.progressMs);
    },
    flush: write,
  };
}
