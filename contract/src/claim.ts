import { z } from "zod";
import { factSchema } from "./fact.ts";
import { languageSchema } from "./text.ts";

export const claimKindSchema = z.enum([
  "number",
  "money",
  "percentage",
  "date",
  "time",
  "duration",
  "count",
  "identifier",
  "status",
  "comparison",
  "superlative",
  "availability",
  "promise",
]);
export type ClaimKind = z.infer<typeof claimKindSchema>;

/** Why a claim does not stand; the console has a sentence for each, in both languages. */
export const claimFaultSchema = z.enum([
  "no-fact",
  "differs",
  "wrong-unit",
  "wrong-currency",
  "stale",
  "own-arithmetic",
  "promise-without-receipt",
  "not-allowed",
]);
export type ClaimFault = z.infer<typeof claimFaultSchema>;

/** One thing in a text that could be false. `start` and `end` are offsets (UTF-16 units) into the whole text. */
export const claimSchema = z.object({
  kind: claimKindSchema,
  text: z.string(),
  start: z.int(),
  end: z.int(),
  /** What was read, normalised for people: `4.97 Cel`, `2026-03-02`, `¥59.00`, `delivered`. */
  reads: z.string(),
  verdict: z.enum(["supported", "customer-words", "unsupported"]),
  factIds: z.array(z.string()),
  fault: claimFaultSchema.optional(),
  /** For a fault: the nearest fact, so that a repair knows what may be said instead. */
  nearestFactId: z.string().optional(),
});
export type Claim = z.infer<typeof claimSchema>;

export const checkedSentenceSchema = z.object({
  text: z.string(),
  start: z.int(),
  end: z.int(),
  claims: z.array(claimSchema),
  isSupported: z.boolean(),
});
export type CheckedSentence = z.infer<typeof checkedSentenceSchema>;

export const textCheckSchema = z.object({ passes: z.boolean(), sentences: z.array(checkedSentenceSchema) });
export type TextCheck = z.infer<typeof textCheckSchema>;

/** A text that left the product, with everything it rests on. */
export const evidenceRecordSchema = z.object({
  id: z.string(),
  kind: z.enum(["answer", "copy", "briefing"]),
  language: languageSchema,
  text: z.string(),
  sentences: z.array(checkedSentenceSchema),
  facts: z.array(factSchema),
  createdAt: z.int(),
  /** What was drafted and not said: removed or repaired sentences with their faults. */
  withheld: z.array(checkedSentenceSchema),
});
export type EvidenceRecord = z.infer<typeof evidenceRecordSchema>;
