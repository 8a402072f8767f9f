// Background jobs: work that is noted in the caller's transaction and happens afterwards, whatever becomes of the process.
// At least once: a process that dies after the effect and before the end of its job runs it again, so what a job does is
// made to bear that, or ends its job in the transaction of its effect (`finish`).
import type { JobState } from "@waremind/contract";
import type { z } from "zod";
import type { Clock } from "./clock.ts";
import { afterCommit, type Connection, type Database } from "./database.ts";
import { DomainError } from "./errors.ts";
import { newId } from "./ids.ts";
import type { Job, JobDefinition, NewJob } from "./job.ts";
import { type AnyDefinition, runLimits } from "./job-run.ts";
import {
  countJobs,
  insertJob,
  markCancelled,
  queueAgain,
  selectJob,
  selectJobs,
  selectLiveByKey,
} from "./job-store.ts";
import { createJobWorker, type JobWorker, workerLimits } from "./job-worker.ts";
import type { Log } from "./log.ts";

/** One kind of job, as the part of the product that defined it knows it. */
export interface JobKind<Payload> {
  /** Like `Jobs.enqueue`, with the payload's own type. */
  enqueue(
    connection: Connection | null,
    payload: Payload,
    options?: Omit<NewJob, "kind" | "payload">,
  ): Promise<{ readonly id: string; readonly isNew: boolean }>;
}

export interface Jobs extends Omit<JobWorker, "wake" | "interrupt"> {
  /** Says what jobs of this kind do. Before `start`; twice is a bug. */
  define<Schema extends z.ZodType>(kind: string, definition: JobDefinition<Schema>): JobKind<z.input<Schema>>;
  /**
   * Notes a job in the caller's transaction, or at once where `connection` is null. The worker of this process hears of
   * it after the commit. The payload is stored as it is and shown to operators: ids, never secrets.
   */
  enqueue(
    connection: Connection | null,
    job: NewJob,
  ): Promise<{ readonly id: string; readonly isNew: boolean }>;
  find(id: string): Promise<Job | null>;
  /** Newest first; `beforeId` is the last one shown. */
  list(options: {
    readonly state?: JobState;
    readonly beforeId?: string;
    readonly limit: number;
  }): Promise<readonly Job[]>;
  counts(): Promise<Readonly<Record<JobState, number>>>;
  /**
   * Queues a dead or cancelled job again with all its attempts, and a waiting one at once.
   *
   * @throws DomainError `not-found`; `state-forbids` when it runs or is done; `conflict` when a newer one has its key.
   */
  retry(connection: Connection, id: string): Promise<Job>;
  /**
   * Ends a waiting job; asks a running one to end (it is told at once in this process, within seconds in another).
   *
   * @throws DomainError `not-found`; `state-forbids` when it is over.
   */
  cancel(connection: Connection, id: string): Promise<Job>;
}

export const jobLimits = { ...workerLimits, ...runLimits, payloadBytesMax: 64 * 1024 } as const;

export function createJobs(options: {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
  /** Single limits replaced, for tests. */
  readonly limits?: Partial<{ readonly [Name in keyof typeof jobLimits]: number }>;
  /** In [0, 1). */
  readonly chance?: () => number;
}): Jobs {
  const { database, clock } = options;
  const limits = { ...jobLimits, ...options.limits };
  const definitions = new Map<string, AnyDefinition>();
  const worker = createJobWorker({
    ...{ database, clock, definitions, limits },
    log: options.log.child({ component: "jobs" }),
    name: newId("worker", clock.now()),
    chance: options.chance ?? Math.random,
  });

  const enqueue: Jobs["enqueue"] = async (connection, job) => {
    const definition = definitions.get(job.kind);
    if (definition === undefined) throw new Error(`There is no kind of job named ${job.kind}.`);
    const payload: unknown = definition.payload.parse(job.payload);
    const bytes = Buffer.byteLength(JSON.stringify(payload));
    if (bytes > limits.payloadBytesMax)
      throw new Error(
        `The payload of ${job.kind} has ${bytes} bytes; ${limits.payloadBytesMax} at most: store it and give its id.`,
      );
    const at = clock.now();
    const noted = await insertJob(connection ?? database, {
      ...{ id: newId("job", at), kind: job.kind, payload, at, runAt: job.runAt ?? at },
      ...{ attemptsMax: definition.attemptsMax, dedupeKey: job.dedupeKey ?? null },
      runsAgain: job.whileRunning === "run-again",
    });
    afterCommit(connection ?? database, worker.wake);
    return noted;
  };

  return {
    define: (kind, definition) => {
      if (definitions.has(kind)) throw new Error(`The kind of job ${kind} is defined twice.`);
      definitions.set(kind, definition);
      return {
        enqueue: (connection, payload, more) => enqueue(connection, { kind, payload, ...more }),
      };
    },
    enqueue,
    find: async (id) => (await selectJob(database, id)) ?? null,
    list: (listed) => selectJobs(database, listed),
    counts: () => countJobs(database),
    retry: (connection, id) => retry(connection, id, { clock, wake: worker.wake }),
    cancel: async (connection, id) => {
      const job = await lockedJob(connection, id);
      if (job.state !== "queued" && job.state !== "running") throw forbidden(job, "cancelled", "取消");
      await markCancelled(connection, { id, isRunning: job.state === "running" }, clock.now());
      afterCommit(connection, () => worker.interrupt(id));
      return lockedJob(connection, id);
    },
    start: worker.start,
    stop: worker.stop,
    runDue: worker.runDue,
  };
}

async function retry(
  connection: Connection,
  id: string,
  { clock, wake }: { readonly clock: Clock; readonly wake: () => void },
): Promise<Job> {
  const job = await lockedJob(connection, id);
  if (job.state === "running" || job.state === "done") throw forbidden(job, "run again", "重新运行");
  if (job.state !== "queued" && job.dedupeKey !== null) await refuseTakenKey(connection, job);
  await queueAgain(connection, id, clock.now());
  afterCommit(connection, wake);
  return lockedJob(connection, id);
}

/** A newer job of the same key does the same work already. */
async function refuseTakenKey(connection: Connection, job: Job): Promise<void> {
  const other = await selectLiveByKey(connection, job);
  if (other === undefined) return;
  throw new DomainError(
    "conflict",
    {
      en: `The job ${other} does the same already (${job.kind}). This one needs no retry.`,
      zh: `任务 ${other} 已在执行相同的工作（${job.kind}），无需重试此任务。`,
    },
    { id: job.id, otherId: other },
  );
}

async function lockedJob(connection: Connection, id: string): Promise<Job> {
  const job = await selectJob(connection, id, { isLocked: true });
  if (job === undefined)
    throw new DomainError("not-found", { en: `There is no job ${id}.`, zh: `没有任务 ${id}。` }, { id });
  return job;
}

const stateWords: Readonly<Record<JobState, { readonly en: string; readonly zh: string }>> = {
  queued: { en: "waiting", zh: "等待中" },
  running: { en: "running", zh: "运行中" },
  done: { en: "done", zh: "已完成" },
  dead: { en: "given up", zh: "已放弃" },
  cancelled: { en: "cancelled", zh: "已取消" },
};

function forbidden(job: Job, en: string, zh: string): DomainError {
  const state = stateWords[job.state];
  return new DomainError(
    "state-forbids",
    {
      en: `The job ${job.id} is ${state.en} and cannot be ${en}. Load the list again.`,
      zh: `任务 ${job.id} 的状态为“${state.zh}”，无法${zh}，请刷新列表。`,
    },
    { id: job.id, state: job.state },
  );
}
