// Claims due jobs and runs them, a bounded number at once; whoever waits for work is woken, not polled for.
import { type AnyDefinition, createJobRun, type JobRun, type RunDependencies } from "./job-run.ts";
import { claimJob, deleteOver, recoverExpired, selectNextRunAt } from "./job-store.ts";

export const workerLimits = {
  /** Jobs that one process runs at once. */
  concurrencyMax: 4,
  /** How long another process's job, or a store that came back, may go unseen. */
  pollMs: 5_000,
  /** A job that is due but held by another transaction this very moment is looked at again after this long. */
  againMsMin: 100,
  /** How often leases of dead processes are looked for. */
  recoverMs: 10_000,
  /** How often what is over is cleared away, and how many rows at a time. */
  clearMs: 10 * 60_000,
  clearRowsMax: 1_000,
  /** How long jobs that are over stay readable. */
  doneKeptMs: 7 * 24 * 60 * 60_000,
  deadKeptMs: 90 * 24 * 60 * 60_000,
} as const satisfies Record<string, number>;

export type WorkerLimits = { readonly [Name in keyof typeof workerLimits]: number };

export interface JobWorkerDependencies extends RunDependencies {
  readonly definitions: ReadonlyMap<string, AnyDefinition>;
  readonly limits: WorkerLimits & RunDependencies["limits"];
}

export interface JobWorker {
  start(): void;
  /** Claims nothing more, tells what runs to end, and waits for it a bounded time. */
  stop(): Promise<void>;
  /** There may be work now. */
  wake(): void;
  /** Tells a job that runs in this process to end as cancelled. */
  interrupt(id: string): void;
  /** Runs everything that is due and waits for it; answers how many attempts were made. For tests and for tools. */
  runDue(): Promise<number>;
}

export function createJobWorker(deps: JobWorkerDependencies): JobWorker {
  const { database, clock, log, definitions, limits } = deps;
  /** By id of the job. */
  const runs = new Map<string, JobRun>();
  const sleeper = createSleeper();
  const tidy = createTidy(deps);
  let loop: Promise<void> | undefined;
  let isStopping = false;

  const runningOf = (kind: string) => [...runs.values()].filter((run) => run.kind === kind).length;
  const freeKinds = () =>
    [...definitions]
      .filter(([kind, { concurrencyMax }]) => runningOf(kind) < (concurrencyMax ?? limits.concurrencyMax))
      .map(([kind]) => kind);

  /** Starts what is due while there is room; answers how many. */
  async function claim(): Promise<number> {
    let count = 0;
    while (!isStopping && runs.size < limits.concurrencyMax) {
      const at = clock.now();
      const lease = { lockedBy: deps.name, lockedUntil: at + limits.leaseMs, at };
      const row = await claimJob(database, { kinds: freeKinds(), ...lease });
      const definition = row === undefined ? undefined : definitions.get(row.kind);
      if (row === undefined || definition === undefined) break;
      const run = createJobRun(deps, row, definition);
      runs.set(row.id, run);
      count += 1;
      void run.ended.finally(() => {
        runs.delete(row.id);
        sleeper.wake();
      });
    }
    return count;
  }

  /** One look at the table; answers how long nothing is to be done. */
  async function turn(): Promise<number> {
    await tidy({ isAtOnce: false });
    await claim();
    // Whatever ends wakes the loop.
    if (runs.size >= limits.concurrencyMax) return limits.pollMs;
    const nextAt = await selectNextRunAt(database, freeKinds());
    if (nextAt === null) return limits.pollMs;
    return Math.min(limits.pollMs, Math.max(limits.againMsMin, nextAt - clock.now()));
  }

  async function work(): Promise<void> {
    while (!isStopping) {
      const waitMs = await turn().catch((error: unknown) => {
        log.warn({ err: error }, "the table of jobs could not be read");
        return limits.pollMs;
      });
      if (!isStopping) await sleeper.sleep(waitMs);
    }
  }

  return {
    start: () => {
      loop ??= work();
    },
    stop: async () => {
      isStopping = true;
      sleeper.wake();
      for (const run of runs.values()) run.interrupt("stopping");
      await loop;
      // Also what the last turn began.
      for (const run of runs.values()) run.interrupt("stopping");
      await Promise.all([...runs.values()].map((run) => run.ended));
    },
    wake: sleeper.wake,
    interrupt: (id) => runs.get(id)?.interrupt("cancelled"),
    runDue: async () => {
      await tidy({ isAtOnce: true });
      let total = 0;
      for (let count = await claim(); count > 0; count = await claim()) {
        total += count;
        await Promise.all([...runs.values()].map((run) => run.ended));
      }
      return total;
    },
  };
}

/** Takes over what dead processes left, and clears away what was over long ago; each in its own time. */
function createTidy({
  database,
  clock,
  log,
  limits,
}: JobWorkerDependencies): (options: { readonly isAtOnce: boolean }) => Promise<void> {
  let recoveredAt = Number.NEGATIVE_INFINITY;
  let clearedAt = Number.NEGATIVE_INFINITY;
  return async ({ isAtOnce }) => {
    const at = clock.now();
    if (isAtOnce || at - recoveredAt >= limits.recoverMs) {
      recoveredAt = at;
      const count = await recoverExpired(database, at);
      if (count > 0) log.warn({ count }, "jobs of a process that ended were taken over");
    }
    if (at - clearedAt < limits.clearMs) return;
    clearedAt = at;
    const rowsMax = limits.clearRowsMax;
    await deleteOver(database, { states: ["done", "cancelled"], before: at - limits.doneKeptMs, rowsMax });
    await deleteOver(database, { states: ["dead"], before: at - limits.deadKeptMs, rowsMax });
  };
}

/** A sleep that a wake-up ends; a wake-up while awake ends the next one at once. */
function createSleeper(): { sleep(timeMs: number): Promise<void>; wake(): void } {
  let isWoken = false;
  let end: (() => void) | undefined;
  return {
    sleep: async (timeMs) => {
      if (!isWoken) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, timeMs);
          end = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      isWoken = false;
      end = undefined;
    },
    wake: () => {
      isWoken = true;
      end?.();
    },
  };
}
