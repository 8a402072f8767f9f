import { z } from "zod";
import { instantSchema } from "./text.ts";

/** The limits a product must be kept within; configuration per product, never a constant in code. */
export const bandSchema = z.object({
  id: z.string(),
  nameEn: z.string(),
  nameZh: z.string(),
  minCelsius: z.number(),
  maxCelsius: z.number(),
  /** After loading or a door opening, time out of band that does not count, minutes. */
  ignoreMinutes: z.number().nonnegative(),
  /** A rate-of-change alarm is raised when the limit would be crossed within this many minutes. */
  warnAheadMinutes: z.number().positive(),
  /** Expected time between readings, seconds; three times this is a gap. */
  expectedIntervalSeconds: z.number().positive(),
  /** Null where mean kinetic temperature does not describe the product (biologics, freezing). */
  meanKineticLimitCelsius: z.number().nullable(),
  /** Excursion minutes after which the goods are no longer good to eat or use. */
  excursionMinutesMax: z.number().nonnegative(),
});
export type Band = z.infer<typeof bandSchema>;

export const excursionSchema = z.object({
  /** When the temperature left the band, and when it came back (null: still out). */
  leftBandAt: instantSchema,
  returnedAt: instantSchema.nullable(),
  /** Where the ignore period ended and the excursion began to count. */
  countsFrom: instantSchema,
  minutes: z.number(),
  peakCelsius: z.number(),
  peakAt: instantSchema,
  side: z.enum(["above", "below"]),
});
export type Excursion = z.infer<typeof excursionSchema>;

export const gapSchema = z.object({ from: instantSchema, to: instantSchema.nullable() });
export type Gap = z.infer<typeof gapSchema>;

/** The condition of a shipment, derived from its logger's readings by `decisions/coldchain`. Temperatures in °C. */
export const conditionSchema = z.object({
  verdict: z.enum(["no-readings", "in-band", "warming", "out-of-band", "excursion", "spoiled", "silent"]),
  readingCount: z.int(),
  firstAt: instantSchema.nullable(),
  lastAt: instantSchema.nullable(),
  lastCelsius: z.number().nullable(),
  minCelsius: z.number().nullable(),
  maxCelsius: z.number().nullable(),
  maxAt: instantSchema.nullable(),
  meanKineticCelsius: z.number().nullable(),
  ratePerHour: z.number().nullable(),
  /** Minutes until the limit at the present rate; null when no more than noise and the usual cycle moves. */
  minutesToLimit: z.number().nullable(),
  excursionMinutes: z.number(),
  excursions: z.array(excursionSchema),
  gaps: z.array(gapSchema),
  gapMinutes: z.number(),
});
export type Condition = z.infer<typeof conditionSchema>;
