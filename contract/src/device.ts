// The device side as screens and programs see it: profiles, credentials, attributes, commands, releases, limits.
import { z } from "zod";
import { actorSchema } from "./action.ts";
import { alarmRuleSchema } from "./alarm-rule.ts";
import { jsonValueSchema, valueTypeSchema } from "./reading.ts";
import { bilingualTextSchema, instantSchema } from "./text.ts";

const identifierSchema = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[\w.-]+$/u, "must be letters, digits, dot, dash or underscore");

/** One key that a kind of device measures. */
export const profileKeySchema = z.object({
  key: z.string().min(1).max(255),
  type: valueTypeSchema,
  /** UCUM code, or null for text. */
  unit: z.string().max(40).nullable(),
  min: z.number().nullable(),
  max: z.number().nullable(),
  decimals: z.int().min(0).max(17).nullable(),
  /** A quoted number of this key is taken as a number; without it text stays text and is quarantined. */
  acceptsText: z.boolean().optional(),
  /** UCUM code in which it is sent, where that is not its unit: numbers are converted before their range is looked at. */
  sentUnit: z.string().min(1).max(40).optional(),
});

export const commandParameterSchema = z.object({
  name: identifierSchema,
  type: z.enum(["number", "text", "boolean"]),
  unit: z.string().max(40).nullable(),
  min: z.number().nullable(),
  max: z.number().nullable(),
  isRequired: z.boolean(),
});

/** A command that a kind of device understands. A physical one moves something: the guard asks more of who sends it. */
export const commandDefinitionSchema = z.object({
  method: z.string().min(1).max(100),
  name: bilingualTextSchema,
  isPhysical: z.boolean(),
  isOneWay: z.boolean(),
  parameters: z.array(commandParameterSchema).max(20),
});
export type CommandDefinition = z.infer<typeof commandDefinitionSchema>;

export const profileTransportSchema = z.object({
  payloadType: z.enum(["json", "protobuf"]),
  /** Text of .proto files (proto3), each with one message of the given purpose; null: the built-in schemas. */
  protobuf: z
    .object({
      telemetry: z.string().max(20_000),
      attributes: z.string().max(20_000),
      commandRequest: z.string().max(20_000),
      commandResponse: z.string().max(20_000),
    })
    .nullable()
    .optional(),
  /** Other names for the topics of ThingsBoard; filters may hold + and #. */
  telemetryTopic: z.string().max(200).nullable().optional(),
  attributesTopic: z.string().max(200).nullable().optional(),
  attributesSubscribeTopic: z.string().max(200).nullable().optional(),
});
export type ProfileTransport = z.infer<typeof profileTransportSchema>;

/** `n:seconds` pairs, each a limit of its own: `"20:1,600:60"`. Empty: no limit. */
export const rateTextSchema = z.string().regex(/^(\d{1,9}:\d{1,6}(,\d{1,9}:\d{1,6}){0,3})?$/u);
export const profileLimitsSchema = z.object({
  messages: rateTextSchema.optional(),
  telemetryMessages: rateTextSchema.optional(),
  telemetryPoints: rateTextSchema.optional(),
  devicesPerGatewayMax: z.int().min(0).max(100_000).optional(),
});
export type ProfileLimits = z.infer<typeof profileLimitsSchema>;

export const provisionStrategySchema = z.enum([
  "disabled",
  "allow-create-new",
  "check-pre-provisioned",
  "x509-chain",
]);

/** A profile as it is edited. */
export const profileSchema = z.object({
  id: identifierSchema,
  version: z.int(),
  name: bilingualTextSchema,
  keys: z.array(profileKeySchema).max(500),
  expectedIntervalSeconds: z.number().positive().max(31_536_000),
  commands: z.array(commandDefinitionSchema).max(100),
  transport: profileTransportSchema,
  limits: profileLimitsSchema,
  alarmRules: z.array(alarmRuleSchema).max(100),
  provisioning: z.object({
    strategy: provisionStrategySchema,
    key: z.string().nullable(),
    hasSecret: z.boolean(),
    issuerPem: z.string().nullable(),
    commonNamePattern: z.string().nullable(),
  }),
  deviceCount: z.int(),
});
export type ProfileView = z.infer<typeof profileSchema>;

/** One line of the table of all devices; small, since ten thousand come at once. */
export const deviceRowSchema = z.object({
  id: z.int(),
  name: z.string(),
  label: z.string(),
  profileId: z.string(),
  state: z.enum(["active", "disabled"]),
  isGateway: z.boolean(),
  gatewayName: z.string().nullable(),
  isConnected: z.boolean(),
  transport: z.string().nullable(),
  lastHeardAt: instantSchema.nullable(),
  liveness: z.enum(["never-heard", "heard", "late", "silent", "offline"]),
  boundLabel: z.string().nullable(),
  quarantinedCount: z.int(),
  limitsMetToday: z.int(),
  firmware: z.string().nullable(),
});
export type DeviceRow = z.infer<typeof deviceRowSchema>;

export const credentialKindSchema = z.enum(["access-token", "basic", "x509"]);
export const credentialViewSchema = z.object({
  id: z.int(),
  kind: credentialKindSchema,
  /** The end of a token, the user name or client id, or the end of a certificate's fingerprint. */
  hint: z.string(),
  createdAt: instantSchema,
  revokedAt: instantSchema.nullable(),
});
export type CredentialView = z.infer<typeof credentialViewSchema>;

/** A credential as it is shown once, when it is made; only hashes are stored. */
export const issuedCredentialSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("access-token"), id: z.int(), token: z.string(), hint: z.string() }),
  z.object({
    kind: z.literal("basic"),
    id: z.int(),
    clientId: z.string().nullable(),
    userName: z.string().nullable(),
    password: z.string().nullable(),
    hint: z.string(),
  }),
  z.object({ kind: z.literal("x509"), id: z.int(), fingerprint: z.string(), hint: z.string() }),
]);
export type IssuedCredential = z.infer<typeof issuedCredentialSchema>;

export const attributeScopeSchema = z.enum(["client", "shared", "server"]);
export const attributeViewSchema = z.object({
  scope: attributeScopeSchema,
  key: z.string(),
  value: jsonValueSchema,
  version: z.int(),
  updatedAt: instantSchema,
  updatedBy: z.string(),
});
export type AttributeView = z.infer<typeof attributeViewSchema>;
/** What we want (shared) beside what the device says (client), for one key. */
export const attributeDeltaSchema = z.object({
  key: z.string(),
  desired: jsonValueSchema,
  reported: jsonValueSchema,
  desiredAt: instantSchema,
  reportedAt: instantSchema.nullable(),
});
export type AttributeDelta = z.infer<typeof attributeDeltaSchema>;

export const commandStateSchema = z.enum([
  "queued",
  "sent",
  "delivered",
  "successful",
  "timeout",
  "expired",
  "failed",
  "deleted",
]);
export type CommandState = z.infer<typeof commandStateSchema>;
export const deviceCommandSchema = z.object({
  id: z.string(),
  number: z.int(),
  deviceName: z.string(),
  method: z.string(),
  params: jsonValueSchema,
  isOneWay: z.boolean(),
  isPersistent: z.boolean(),
  state: commandStateSchema,
  requestedBy: actorSchema,
  receiptId: z.string().nullable(),
  attempts: z.int(),
  createdAt: instantSchema,
  expiresAt: instantSchema,
  sentAt: instantSchema.nullable(),
  deliveredAt: instantSchema.nullable(),
  endedAt: instantSchema.nullable(),
  answer: jsonValueSchema.nullable(),
  error: z.string().nullable(),
});
export type DeviceCommandView = z.infer<typeof deviceCommandSchema>;

export const connectionEventSchema = z.object({
  at: instantSchema,
  /** Moved: another gateway speaks for it now. */
  kind: z.enum(["connected", "disconnected", "moved"]),
  transport: z.string(),
  reason: z.string(),
  address: z.string(),
  /** Of a move alone: the gateway that speaks for it now, and the one that did before (null: none). */
  gatewayName: z.string().nullable(),
  gatewayBefore: z.string().nullable(),
});
export type ConnectionEvent = z.infer<typeof connectionEventSchema>;
/** One minute in which a device met a limit. `worst` and `allowed` are in the limit's own unit. */
export const limitEventSchema = z.object({
  limitName: z.string(),
  minuteAt: instantSchema,
  allowed: z.string(),
  times: z.int(),
  worst: z.number(),
  lastAt: instantSchema,
});
export type LimitEvent = z.infer<typeof limitEventSchema>;
export const quarantinedSchema = z.object({
  id: z.int(),
  deviceName: z.string().nullable(),
  receivedAt: instantSchema,
  transport: z.string(),
  reason: z.string(),
  detail: z.string(),
  payload: z.string(),
  state: z.enum(["held", "released", "discarded"]),
  decidedAt: instantSchema.nullable(),
  decidedBy: z.string().nullable(),
});
export type Quarantined = z.infer<typeof quarantinedSchema>;

export const releaseKindSchema = z.enum(["firmware", "software"]);
export const releaseViewSchema = z.object({
  id: z.string(),
  kind: releaseKindSchema,
  title: z.string(),
  version: z.string(),
  tag: z.string(),
  profileId: z.string(),
  fileName: z.string(),
  sizeBytes: z.int(),
  checksumAlgorithm: z.string(),
  checksum: z.string(),
  keyName: z.string(),
  createdAt: instantSchema,
  createdBy: z.string(),
  /** Devices that should run it, and those of them that said in a rollout of it that they do. */
  assignedCount: z.int(),
  confirmedCount: z.int(),
});
export type ReleaseView = z.infer<typeof releaseViewSchema>;
export const releaseKeySchema = z.object({
  id: z.string(),
  name: z.string(),
  publicPem: z.string(),
  createdAt: instantSchema,
  revokedAt: instantSchema.nullable(),
});
export type ReleaseKey = z.infer<typeof releaseKeySchema>;
export const rolloutDeviceStateSchema = z.enum([
  "waiting",
  "offered",
  "initiated",
  "downloading",
  "downloaded",
  "verified",
  "updating",
  "updated",
  "failed",
  "rolled-back",
]);
export const rolloutViewSchema = z.object({
  id: z.string(),
  releaseId: z.string(),
  releaseTitle: z.string(),
  state: z.enum(["running", "paused", "stopped", "finished"]),
  /** Each ring's share of all devices, cumulative to 1. */
  rings: z.array(z.object({ share: z.number(), deviceCount: z.int(), updated: z.int(), failed: z.int() })),
  ring: z.int(),
  failureShareMax: z.number(),
  failuresMin: z.int(),
  soakMinutes: z.number(),
  stoppedReason: bilingualTextSchema.nullable(),
  createdAt: instantSchema,
  createdBy: z.string(),
  endedAt: instantSchema.nullable(),
  devices: z.array(
    z.object({
      deviceName: z.string(),
      ring: z.int(),
      state: rolloutDeviceStateSchema,
      error: z.string().nullable(),
      bytesSent: z.int(),
      updatedAt: instantSchema,
    }),
  ),
});
export type RolloutView = z.infer<typeof rolloutViewSchema>;

/** What one import of a CSV of devices may have; as bytes, also where it was pasted. */
export const deviceImportBytesMax = 5 * 1024 * 1024;

/** One line of a CSV of devices that could not be used, or what became of it. */
export const deviceImportRowSchema = z.object({
  line: z.int(),
  name: z.string(),
  outcome: z.enum(["created", "exists", "refused"]),
  message: bilingualTextSchema.nullable(),
  /** Shown this once. */
  token: z.string().nullable(),
});
export type DeviceImportRow = z.infer<typeof deviceImportRowSchema>;
