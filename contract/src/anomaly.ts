// What stands out in one series, told without labels and without an alarm.
import { z } from "zod";
import { bilingualTextSchema, instantSchema } from "./text.ts";

/** How much it takes for a word: `low` notes least. */
export const anomalySensitivitySchema = z.enum(["low", "normal", "high"]);
export type AnomalySensitivity = z.infer<typeof anomalySensitivitySchema>;

/** One reading that stood out, with what was expected instead; all values in the unit of the series. */
export const anomalySchema = z.object({
  id: z.int(),
  observedAt: instantSchema,
  value: z.number(),
  expected: z.number(),
  /** The band that some 99 of 100 readings keep. */
  low: z.number(),
  high: z.number(),
  /** 0 to 1; how rare this is for the series. */
  score: z.number(),
  reason: z.string(),
  sentence: bilingualTextSchema,
  /** When it was noted. */
  learnedAt: instantSchema,
});
export type Anomaly = z.infer<typeof anomalySchema>;

export const anomalyBandSchema = z.object({
  /** Of the last reading that was judged. */
  at: instantSchema,
  expected: z.number(),
  low: z.number(),
  high: z.number(),
});
export type AnomalyBand = z.infer<typeof anomalyBandSchema>;

export const anomalyWatchViewSchema = z.object({
  seriesId: z.int(),
  /** `reading-history`: what is stored already is being learnt from; `learning`: too little is known to note anything. */
  state: z.enum(["off", "reading-history", "learning", "watching"]),
  sensitivity: anomalySensitivitySchema.nullable(),
  switchedOnAt: instantSchema.nullable(),
  switchedOnBy: z.string().nullable(),
  /** Readings learnt from. */
  learnedCount: z.int(),
  /** Null while nothing is expected yet. */
  band: anomalyBandSchema.nullable(),
  /** Newest first. */
  items: z.array(anomalySchema),
  /** Whether there are more in this time than were answered. */
  isCut: z.boolean(),
});
export type AnomalyWatchView = z.infer<typeof anomalyWatchViewSchema>;
