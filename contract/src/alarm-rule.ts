// Alarm rules of profiles and bindings: what must hold, for how long, and when nobody wants to hear of it.
import { z } from "zod";
import { bilingualTextSchema } from "./text.ts";

/** A condition may have to hold for so long at most: one week. */
const holdSecondsMax = 604_800;
/** Times of so many readings are remembered while they are counted. */
export const ruleCountMax = 500;
export const ruleExpressionLengthMax = 500;
export const fencePointsMax = 200;
const fenceRadiusMetresMax = 2_000_000;
const scheduleWindowsMax = 14;

const keySchema = z.string().min(1).max(255);
const limitSchema = z.number().nullable();
const forSecondsSchema = z.number().min(0).max(holdSecondsMax).default(0);

export const alarmSeveritySchema = z.enum(["info", "warning", "critical"]);
export type AlarmSeverity = z.infer<typeof alarmSeveritySchema>;

/** Hours of the day on a wall clock; where `toMinute` is not after `fromMinute` they end on the next day. */
export const scheduleWindowSchema = z.object({
  timeZone: z.string().min(1).max(64).refine(isTimeZone, "must be the name of a time zone"),
  /** On which days they begin, Monday 1 to Sunday 7. */
  days: z.array(z.int().min(1).max(7)).min(1).max(7),
  fromMinute: z.int().min(0).max(1_439),
  toMinute: z.int().min(1).max(1_440),
});
export type ScheduleWindow = z.infer<typeof scheduleWindowSchema>;

/**
 * Occasions after which nothing begins for `ignoreSeconds`: the first reading of all, the first one after a silence that
 * was longer than that and than three expected intervals, the end of the alarm before.
 */
export const ignoreAfterSchema = z.enum(["start", "silence", "end"]);
export type IgnoreAfter = z.infer<typeof ignoreAfterSchema>;

/** What a rule has beside its condition when nothing else is said. */
export const ruleDefaults = {
  isEnabled: true,
  schedule: null,
  ignoreSeconds: 0,
  ignoreAfter: ["start"] as IgnoreAfter[],
  clearAfterSeconds: 0,
  message: null,
};

const common = {
  id: z
    .string()
    .min(1)
    .max(64)
    .regex(/^[\w.-]+$/u, "must be letters, digits, dot, dash or underscore"),
  name: bilingualTextSchema,
  severity: alarmSeveritySchema,
  isEnabled: z.boolean().default(ruleDefaults.isEnabled),
  /** When it may raise; null: always. What is open then stays open until its condition ends. */
  schedule: z
    .array(scheduleWindowSchema)
    .min(1)
    .max(scheduleWindowsMax)
    .nullable()
    .default(ruleDefaults.schedule),
  ignoreSeconds: z.number().min(0).max(holdSecondsMax).default(ruleDefaults.ignoreSeconds),
  ignoreAfter: z.array(ignoreAfterSchema).max(3).default(ruleDefaults.ignoreAfter),
  /** An alarm ends after its condition was false for so long without a break. */
  clearAfterSeconds: z.number().min(0).max(holdSecondsMax).default(ruleDefaults.clearAfterSeconds),
  /** What the alarm says, with {device}, {name}, {key}, {value}, {unit} in it; null: the text of its kind. */
  message: z
    .object({ en: z.string().min(1).max(500), zh: z.string().min(1).max(500) })
    .nullable()
    .default(ruleDefaults.message),
};

/** A number beyond `above` or `below`; it is back once it is at `clearAbove` or lower, at `clearBelow` or higher. */
export const thresholdRuleSchema = z.object({
  ...common,
  kind: z.literal("threshold"),
  key: keySchema,
  above: limitSchema,
  below: limitSchema,
  /** At most `above`; null: `above` itself. */
  clearAbove: limitSchema.default(null),
  /** At least `below`; null: `below` itself. */
  clearBelow: limitSchema.default(null),
  forSeconds: forSecondsSchema,
});
export type ThresholdRule = z.infer<typeof thresholdRuleSchema>;

/** A number that changed by more than `perHour` an hour, between its value `overSeconds` ago and now. */
export const rateRuleSchema = z.object({
  ...common,
  kind: z.literal("rate-of-change"),
  key: keySchema,
  perHour: z.number().positive(),
  direction: z.enum(["up", "down", "either"]),
  overSeconds: z.number().min(1).max(86_400),
  forSeconds: forSecondsSchema,
});
export type RateRule = z.infer<typeof rateRuleSchema>;

/** Nothing heard for so many expected intervals; `key` null: of any key of the device. */
export const absenceRuleSchema = z.object({
  ...common,
  kind: z.literal("absence"),
  key: keySchema.nullable(),
  intervals: z.number().min(1).max(10_000),
});
export type AbsenceRule = z.infer<typeof absenceRuleSchema>;

/** Degrees of WGS 84. */
const positionSchema = z.tuple([z.number().min(-180).max(180), z.number().min(-90).max(90)]);
export const fenceSchema = z.discriminatedUnion("shape", [
  z.object({
    shape: z.literal("circle"),
    /** `[longitude, latitude]`. */
    centre: positionSchema,
    radiusMetres: z.number().positive().max(fenceRadiusMetresMax),
  }),
  z.object({
    shape: z.literal("polygon"),
    /** Corners as `[longitude, latitude]`, the last joined to the first; each edge goes the shorter way around the earth. */
    points: z.array(positionSchema).min(3).max(fencePointsMax),
  }),
]);
export type Fence = z.infer<typeof fenceSchema>;

/**
 * `inside`, `outside`: as long as the position is. `enter`, `leave`: the same, but only after it was seen on the other side
 * before. A position counts when latitude and longitude are of one instant.
 */
export const geofenceRuleSchema = z.object({
  ...common,
  kind: z.literal("geofence"),
  latitudeKey: keySchema,
  longitudeKey: keySchema,
  fence: fenceSchema,
  on: z.enum(["enter", "leave", "inside", "outside"]),
  forSeconds: forSecondsSchema,
});
export type GeofenceRule = z.infer<typeof geofenceRuleSchema>;

export const countedReadingSchema = z.discriminatedUnion("is", [
  z.object({ is: z.literal("any") }),
  z.object({ is: z.literal("above"), limit: z.number() }),
  z.object({ is: z.literal("below"), limit: z.number() }),
  z.object({ is: z.literal("equals"), value: z.union([z.number(), z.string().max(255), z.boolean()]) }),
]);
export type CountedReading = z.infer<typeof countedReadingSchema>;

/** `count` or more such readings within the last `windowSeconds`. */
export const countRuleSchema = z.object({
  ...common,
  kind: z.literal("count-in-window"),
  key: keySchema,
  condition: countedReadingSchema,
  count: z.int().min(1).max(ruleCountMax),
  windowSeconds: z.number().min(1).max(holdSecondsMax),
});
export type CountRule = z.infer<typeof countRuleSchema>;

/** A condition over several keys in the Common Expression Language; true once each key it names was heard. */
export const expressionRuleSchema = z.object({
  ...common,
  kind: z.literal("expression"),
  expression: z.string().min(1).max(ruleExpressionLengthMax),
  forSeconds: forSecondsSchema,
});
export type ExpressionRule = z.infer<typeof expressionRuleSchema>;

export const ruleSchema = z.discriminatedUnion("kind", [
  thresholdRuleSchema,
  rateRuleSchema,
  absenceRuleSchema,
  geofenceRuleSchema,
  countRuleSchema,
  expressionRuleSchema,
]);
export type Rule = z.infer<typeof ruleSchema>;
export type RuleKind = Rule["kind"];
export const ruleKindSchema = z.enum([
  "threshold",
  "rate-of-change",
  "absence",
  "geofence",
  "count-in-window",
  "expression",
]) satisfies z.ZodType<RuleKind>;

/** A rule as it is stored or sent: one without `kind` is from before there were kinds, a threshold. */
export const alarmRuleSchema = z.preprocess(withKind, ruleSchema);
export type AlarmRule = Rule;

const storedRulesSchema = z.array(alarmRuleSchema);

/** Rules as they stand in the store, of whatever version; throws when they are none. */
export function readStoredRules(stored: unknown): readonly AlarmRule[] {
  return storedRulesSchema.parse(stored);
}

export function isThresholdRule(rule: AlarmRule): rule is ThresholdRule {
  return rule.kind === "threshold";
}

function withKind(value: unknown): unknown {
  const isOld = typeof value === "object" && value !== null && !Array.isArray(value) && !("kind" in value);
  return isOld ? { ...value, kind: "threshold" } : value;
}

function isTimeZone(name: string): boolean {
  try {
    // Its constructor is the only thing in the language that knows the names.
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
