// Background jobs as the console and programs read them.
import { z } from "zod";
import { bilingualTextSchema, instantSchema } from "./text.ts";

export const jobStates = ["queued", "running", "done", "dead", "cancelled"] as const;
export type JobState = (typeof jobStates)[number];

/** How far a job is; `total` is null where nobody knows it beforehand. */
export const jobProgressSchema = z.object({
  done: z.number(),
  total: z.number().nullable(),
  note: bilingualTextSchema.optional(),
});
export type JobProgress = z.infer<typeof jobProgressSchema>;

export const jobViewSchema = z.object({
  id: z.string(),
  kind: z.string(),
  payload: z.unknown(),
  state: z.enum(jobStates),
  /** When it runs next; of a job that is over, when it last might. */
  runAt: instantSchema,
  /** Begun, the present one included. */
  attempts: z.int(),
  attemptsMax: z.int(),
  lastError: z.string().nullable(),
  isCancelAsked: z.boolean(),
  progress: jobProgressSchema.nullable(),
  createdAt: instantSchema,
  startedAt: instantSchema.nullable(),
  finishedAt: instantSchema.nullable(),
});
export type JobView = z.infer<typeof jobViewSchema>;

/** One page, newest first, with how many there are of each state. */
export const jobPageSchema = z.object({
  items: z.array(jobViewSchema),
  counts: z.record(z.enum(jobStates), z.int()),
  /** Give it as `before` for the next page; null at the end. */
  next: z.string().nullable(),
});
export type JobPage = z.infer<typeof jobPageSchema>;
