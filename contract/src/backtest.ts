// What a rule would have raised, had it been there for the last days.
import { z } from "zod";
import { alarmRuleSchema } from "./alarm-rule.ts";
import { bilingualTextSchema, deviceNameLengthMax, instantSchema } from "./text.ts";

export const backtestDaysMax = 90;
/** Series that the rule listens to, of all devices together. */
export const backtestSeriesMax = 2_000;

/** A rule that need not be stored, over the devices of a profile or over one device. */
export const backtestRequestSchema = z.object({
  rule: alarmRuleSchema,
  profileId: z.string().min(1).max(100),
  /** Null: every device of the profile. */
  deviceName: z.string().min(1).max(deviceNameLengthMax).nullable().default(null),
  days: z.int().min(1).max(backtestDaysMax),
});
export type BacktestRequest = z.infer<typeof backtestRequestSchema>;

export const backtestSpanSchema = z.object({
  beganAt: instantSchema,
  raisedAt: instantSchema,
  endedAt: instantSchema.nullable(),
  value: z.number().nullable(),
  peak: z.number().nullable(),
});

export const backtestSchema = z.object({
  id: z.string(),
  state: z.enum(["running", "done", "cancelled", "failed"]),
  ruleId: z.string(),
  profileId: z.string(),
  fromAt: instantSchema,
  toAt: instantSchema,
  startedAt: instantSchema,
  finishedAt: instantSchema.nullable(),
  progress: z.object({
    devicesDone: z.int(),
    devices: z.int(),
    readings: z.int(),
  }),
  /** Why it failed; null unless it did. */
  problem: bilingualTextSchema.nullable(),
  /** Of the devices that are done: complete once it is. */
  alarmCount: z.int(),
  /** Minutes between the beginnings and the ends; what still holds counts until `toAt`. */
  alarmMinutes: z.number(),
  devicesWithAlarms: z.int(),
  /** The devices with the most alarms, the noisiest first. */
  devices: z.array(
    z.object({
      deviceName: z.string(),
      alarmCount: z.int(),
      alarmMinutes: z.number(),
      /** The newest of them, oldest first. */
      spans: z.array(backtestSpanSchema),
    }),
  ),
});
export type Backtest = z.infer<typeof backtestSchema>;
