// Who is told of an alarm, and when: targets, the ladder of steps, and the log of what was told.
import { z } from "zod";
import { alarmSeveritySchema, scheduleWindowSchema } from "./alarm-rule.ts";
import { bilingualTextSchema, instantSchema, languageSchema } from "./text.ts";

export const escalationLimits = {
  stepsMax: 10,
  targetsPerStepMax: 20,
  addressesMax: 20,
  /** Two weeks: an alarm that nobody looked at for so long is told to nobody else. */
  afterMinutesMax: 20_160,
  policiesMax: 200,
  targetsMax: 200,
  noteLengthMax: 1_000,
} as const;

const nameSchema = z.object({ en: z.string().trim().min(1).max(120), zh: z.string().trim().min(1).max(120) });
const idSchema = z.string().min(1).max(64);

export const escalationStepSchema = z.object({
  /** Counted from when the alarm was learned. */
  afterMinutes: z.number().min(0).max(escalationLimits.afterMinutesMax),
  targetIds: z.array(idSchema).min(1).max(escalationLimits.targetsPerStepMax),
});
export type EscalationStep = z.infer<typeof escalationStepSchema>;

/** The ladder that an alarm climbs until somebody acknowledges it. */
export const escalationPolicyInputSchema = z.object({
  name: nameSchema,
  /** Alarms below it do not climb. */
  minSeverity: alarmSeveritySchema,
  steps: z
    .array(escalationStepSchema)
    .min(1)
    .max(escalationLimits.stepsMax)
    .refine(
      (steps) => steps.every((step, index) => step.afterMinutes > (steps[index - 1]?.afterMinutes ?? -1)),
      "each step must come later than the one before",
    ),
  /** When it is used; null: always. */
  schedule: z.array(scheduleWindowSchema).min(1).max(14).nullable().default(null),
  /** Only for alarms of devices of these profiles; with `ruleIds` empty as well: for every alarm. */
  profileIds: z.array(idSchema).max(200).default([]),
  /** Only for alarms that these rules raised; stands before a policy of the profile. */
  ruleIds: z.array(idSchema).max(200).default([]),
  isEnabled: z.boolean().default(true),
});
export type EscalationPolicyInput = z.infer<typeof escalationPolicyInputSchema>;

export const escalationPolicySchema = escalationPolicyInputSchema.extend({
  id: z.string(),
  updatedAt: instantSchema,
});
export type EscalationPolicy = z.infer<typeof escalationPolicySchema>;

const webUrlSchema = z.url({ protocol: /^https?$/u }).max(2_000);
const targetCommon = {
  name: nameSchema,
  /** In which language it is told. */
  language: languageSchema.default("en"),
  isEnabled: z.boolean().default(true),
  /** More than so many in a minute are joined into one message. */
  perMinuteMax: z.int().min(1).max(600).default(10),
};

export const notificationTargetInputSchema = z.discriminatedUnion("kind", [
  z.object({ ...targetCommon, kind: z.literal("screen") }),
  z.object({
    ...targetCommon,
    kind: z.literal("email"),
    addresses: z.array(z.email().max(320)).min(1).max(escalationLimits.addressesMax),
  }),
  z.object({ ...targetCommon, kind: z.literal("webhook"), url: webUrlSchema }),
]);
export type NotificationTargetInput = z.infer<typeof notificationTargetInputSchema>;
export const targetKinds = ["screen", "email", "webhook"] as const;
export type TargetKind = (typeof targetKinds)[number];

export const notificationTargetSchema = z.object({
  id: z.string(),
  kind: z.enum(targetKinds),
  name: bilingualTextSchema,
  language: languageSchema,
  addresses: z.array(z.string()),
  url: z.string().nullable(),
  isEnabled: z.boolean(),
  perMinuteMax: z.int(),
  updatedAt: instantSchema,
});
export type NotificationTarget = z.infer<typeof notificationTargetSchema>;

/** A target with the secret that signs its webhook, which is answered once. */
export const madeTargetSchema = z.object({
  target: notificationTargetSchema,
  secret: z.string().nullable(),
});
export type MadeTarget = z.infer<typeof madeTargetSchema>;

/**
 * `waiting`: noted, or tried and to be tried again. `digest`: too many at once; it goes with others in one message.
 * `sent`, `failed`: over. `cancelled`: the alarm stopped, or the target is gone, before it was told.
 */
export const deliveryStates = ["waiting", "digest", "sent", "failed", "cancelled"] as const;
export type DeliveryState = (typeof deliveryStates)[number];

export const deliverySchema = z.object({
  id: z.string(),
  /** Null: a test. */
  alarmId: z.string().nullable(),
  step: z.int(),
  targetId: z.string(),
  targetKind: z.enum(targetKinds),
  targetName: bilingualTextSchema,
  sentTo: z.string(),
  state: z.enum(deliveryStates),
  notedAt: instantSchema,
  sentAt: instantSchema.nullable(),
  attempts: z.int(),
  lastError: z.string().nullable(),
  digestId: z.string().nullable(),
});
export type Delivery = z.infer<typeof deliverySchema>;

export const escalationStops = ["acknowledged", "ended", "withdrawn", "finished"] as const;
export type EscalationStop = (typeof escalationStops)[number];

/** Where an alarm stands on its ladder. */
export const alarmEscalationSchema = z.object({
  /** Null: no policy is for it, or its first step is not done yet. */
  policyName: bilingualTextSchema.nullable(),
  steps: z.array(escalationStepSchema),
  nextStep: z.int().nullable(),
  nextAt: instantSchema.nullable(),
  stoppedAt: instantSchema.nullable(),
  stoppedBecause: z.enum(escalationStops).nullable(),
  deliveries: z.array(deliverySchema),
});
export type AlarmEscalation = z.infer<typeof alarmEscalationSchema>;
