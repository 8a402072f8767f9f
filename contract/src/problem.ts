import { z } from "zod";
import { bilingualTextSchema } from "./text.ts";

/** Every public error code with its HTTP status. A code says what happened; the sentence says to what and what to do. */
export const problemStatuses = {
  "invalid-input": 400,
  "payload-malformed": 400,
  "not-signed-in": 401,
  "token-unknown": 401,
  "credentials-wrong": 401,
  "session-expired": 401,
  "not-allowed": 403,
  "origin-refused": 403,
  "not-found": 404,
  conflict: 409,
  "approval-used": 409,
  "approval-expired": 409,
  "approval-altered": 409,
  "state-forbids": 409,
  "already-done": 409,
  "payload-too-large": 413,
  "unsupported-media-type": 415,
  "rate-limited": 429,
  "limit-reached": 429,
  unexpected: 500,
  "engine-unavailable": 502,
  "source-unavailable": 502,
  "store-unavailable": 503,
  overloaded: 503,
} as const satisfies Record<string, number>;
export type ProblemCode = keyof typeof problemStatuses;

/** The body of every error answer. `details` names the field, the limit or the position. */
export const problemSchema = z.object({
  code: z.enum(Object.keys(problemStatuses) as [ProblemCode, ...ProblemCode[]]),
  message: bilingualTextSchema,
  details: z.record(z.string(), z.unknown()).optional(),
});
export type Problem = z.infer<typeof problemSchema>;
