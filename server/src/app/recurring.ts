import type { Log } from "../platform/log.ts";

export interface Recurring {
  readonly name: string;
  readonly everyMs: number;
  run(): Promise<void>;
}

/** Runs small jobs again and again, never one over itself; a failure is logged and the next turn tries again. */
export function createRecurring(
  jobs: readonly Recurring[],
  log: Log,
): { start(): void; stop(): Promise<void> } {
  const timers: NodeJS.Timeout[] = [];
  const underWay = new Map<string, Promise<void>>();
  const turn = (job: Recurring): void => {
    if (underWay.has(job.name)) return;
    const work = job
      .run()
      .catch((error: unknown) => log.error({ err: error, job: job.name }, "recurring job failed"))
      .finally(() => underWay.delete(job.name));
    underWay.set(job.name, work);
  };
  return {
    start: () => {
      for (const job of jobs) timers.push(setInterval(turn, job.everyMs, job));
    },
    stop: async () => {
      for (const timer of timers.splice(0)) clearInterval(timer);
      await Promise.all(underWay.values());
    },
  };
}
