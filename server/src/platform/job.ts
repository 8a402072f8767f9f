// What a job is, and the pure rules about it; jobs.ts is the door.
import type { JobProgress, JobState } from "@waremind/contract";
import type { z } from "zod";

/** A job as screens and programs read it. */
export interface Job {
  readonly id: string;
  readonly kind: string;
  readonly payload: unknown;
  readonly state: JobState;
  /** When it may run next; of a job that is over, when it last might. */
  readonly runAt: number;
  /** Begun, the present one included. */
  readonly attempts: number;
  readonly attemptsMax: number;
  readonly lockedBy: string | null;
  readonly lockedUntil: number | null;
  readonly lastError: string | null;
  readonly dedupeKey: string | null;
  readonly isCancelAsked: boolean;
  readonly progress: JobProgress | null;
  readonly createdAt: number;
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
}

/** The wait before the next attempt: `firstMs`, doubled each time, never above `maxMs`. */
export interface Backoff {
  readonly firstMs: number;
  readonly maxMs: number;
}

export const defaultBackoff: Backoff = { firstMs: 5_000, maxMs: 15 * 60_000 };

/** One attempt, as `run` sees it. */
export interface JobAttempt<Payload> {
  readonly id: string;
  readonly payload: Payload;
  /** From 1 on. */
  readonly attempt: number;
  readonly attemptsMax: number;
}

export interface JobTools {
  /**
   * Aborted when somebody cancels, when the time is up, when the process stops, and when the lease was lost; its reason
   * is a `JobInterrupted`. Whoever loops or waits looks at it: after the grace time another attempt may begin.
   */
  readonly signal: AbortSignal;
  /** Written at most once a second, the last one always; never fails the job. */
  progress(progress: JobProgress): void;
  /**
   * Ends the job in the caller's own transaction: an effect in the store and the end of its job are one commit, so it
   * happens once. Rejects with `JobInterrupted` when the lease was lost, which must roll the transaction back.
   */
  finish(connection: import("./database.ts").Connection): Promise<void>;
}

export interface JobDefinition<Schema extends z.ZodType> {
  readonly payload: Schema;
  readonly attemptsMax: number;
  /** `defaultBackoff` unless said. */
  readonly backoff?: Backoff;
  /** One attempt. */
  readonly timeoutMs: number;
  /** Jobs of this kind that run at once in one process; bounded by the worker's own number besides. */
  readonly concurrencyMax?: number;
  run(job: JobAttempt<z.output<Schema>>, tools: JobTools): Promise<void>;
}

export interface NewJob {
  readonly kind: string;
  readonly payload: unknown;
  /** At once unless said. */
  readonly runAt?: number;
  /** While a job of this kind and key is not over, the same again is that job; the earlier `runAt` counts. */
  readonly dedupeKey?: string;
  /** What the same key means while its job runs already; `ignore` unless said. */
  readonly whileRunning?: "ignore" | "run-again";
}

/** Thrown by `run` to say more than "try again". */
export class JobFailure extends Error {
  readonly isFinal: boolean;
  readonly retryAfterMs: number | undefined;

  /** `isFinal`: no attempt will ever pass. `retryAfterMs`: when the other side says itself when to come again. */
  constructor(
    message: string,
    options: { readonly isFinal?: boolean; readonly retryAfterMs?: number; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "JobFailure";
    this.isFinal = options.isFinal === true;
    this.retryAfterMs = options.retryAfterMs;
  }
}

export type Interruption = "cancelled" | "timed-out" | "stopping" | "lease-lost";

const interruptionSentences: Readonly<Record<Interruption, string>> = {
  cancelled: "It was cancelled.",
  "timed-out": "It took longer than it may.",
  stopping: "The process stops.",
  "lease-lost": "Its lease was lost: another process may run it.",
};

/** Why a running job must end. */
export class JobInterrupted extends Error {
  readonly kind: Interruption;

  constructor(kind: Interruption) {
    super(interruptionSentences[kind]);
    this.name = "JobInterrupted";
    this.kind = kind;
  }
}

/** The exponent is bounded, so that no number of attempts leaves the numbers. */
const doublingsMax = 30;

/**
 * The wait after the given attempt (from 1 on), milliseconds: exponential, with the upper half of it left to chance, so
 * that what failed together does not come back together ("equal jitter", AWS Architecture Blog, "Exponential Backoff
 * and Jitter").
 *
 * @param chance in [0, 1)
 */
export function delayAfter(attempt: number, backoff: Backoff, chance: number): number {
  const doubled = backoff.firstMs * 2 ** Math.min(Math.max(0, attempt - 1), doublingsMax);
  const bounded = Math.min(backoff.maxMs, doubled);
  return Math.round(bounded / 2 + (bounded / 2) * chance);
}

const errorLengthMax = 1_000;

/** What a person reads about a failed attempt. */
export function errorText(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return (text === "" ? "No reason was given." : text).replaceAll("\0", "").slice(0, errorLengthMax);
}
