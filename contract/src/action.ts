import { z } from "zod";
import { jsonValueSchema } from "./reading.ts";
import { bilingualTextSchema, deviceNameLengthMax, instantSchema, moneySchema } from "./text.ts";

/** Who asks. The guard treats a model as untrusted: `model` never gets what its session's customer could not. */
export const actorSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("customer"), customerId: z.string(), sessionId: z.string() }),
  z.object({ kind: z.literal("model"), customerId: z.string(), sessionId: z.string(), engine: z.string() }),
  z.object({ kind: z.literal("person"), userId: z.string(), name: z.string(), roles: z.array(z.string()) }),
  z.object({ kind: z.literal("device"), deviceName: z.string() }),
  z.object({ kind: z.literal("system"), name: z.string() }),
]);
export type Actor = z.infer<typeof actorSchema>;

/** Actions of this version; each has one flow that runs it and nothing else can. */
export const actionSchema = z.discriminatedUnion("name", [
  z.object({
    name: z.literal("refund-excursion"),
    orderId: z.string(),
    shipmentId: z.string(),
    orderLineIds: z.array(z.string()).min(1),
    amount: moneySchema,
    refundTo: z.enum(["original-payment"]),
  }),
  z.object({
    name: z.literal("cancel-order"),
    orderId: z.string(),
    reason: z.enum(["no-longer-needed", "ordered-by-mistake"]),
  }),
  z.object({ name: z.literal("hand-off"), conversationId: z.string(), reason: z.string().max(500) }),
  /** Sends a command to a device. The key makes a repetition the same act: it answers the first one's receipt. */
  z.object({
    name: z.literal("send-command"),
    deviceName: z.string().min(1).max(deviceNameLengthMax),
    method: z.string().min(1).max(100),
    params: jsonValueSchema,
    isOneWay: z.boolean(),
    /** Kept while the device is offline and delivered when it connects; otherwise it fails at once. */
    isPersistent: z.boolean(),
    /** Milliseconds from the moment it may run until it is no longer delivered. */
    lifetimeMs: z
      .int()
      .min(1_000)
      .max(30 * 86_400_000),
    idempotencyKey: z.string().min(8).max(100),
  }),
  /** Changes what we want of a device: its shared attributes. */
  z.object({
    name: z.literal("set-attributes"),
    deviceName: z.string().min(1).max(deviceNameLengthMax),
    values: z.record(z.string().min(1).max(255), jsonValueSchema),
    deletedKeys: z.array(z.string().min(1).max(255)).max(100),
    idempotencyKey: z.string().min(8).max(100),
  }),
]);
export type Action = z.infer<typeof actionSchema>;
export type ActionName = Action["name"];

export const clauseReferenceSchema = z.object({ clauseId: z.string(), version: z.int() });
export type ClauseReference = z.infer<typeof clauseReferenceSchema>;

export const decisionSchema = z.discriminatedUnion("verdict", [
  z.object({ verdict: z.literal("allow"), clause: clauseReferenceSchema }),
  z.object({
    verdict: z.literal("deny"),
    code: z.string(),
    reason: bilingualTextSchema,
    clause: clauseReferenceSchema,
  }),
  z.object({
    verdict: z.literal("needs-approval"),
    level: z.enum(["support", "owner"]),
    reason: bilingualTextSchema,
    clause: clauseReferenceSchema,
  }),
]);
export type Decision = z.infer<typeof decisionSchema>;

export const approvalStateSchema = z.enum(["waiting", "granted", "denied", "executed", "expired", "failed"]);
export const approvalSchema = z.object({
  id: z.string(),
  action: actionSchema,
  argumentsHash: z.string(),
  level: z.enum(["support", "owner"]),
  clause: clauseReferenceSchema,
  reason: bilingualTextSchema,
  requestedBy: actorSchema,
  requestedAt: instantSchema,
  expiresAt: instantSchema,
  state: approvalStateSchema,
  decidedBy: z.string().nullable(),
  decidedAt: instantSchema.nullable(),
  note: z.string().nullable(),
  receiptId: z.string().nullable(),
  evidenceRecordId: z.string().nullable(),
  /** What a person should see before deciding. */
  summary: bilingualTextSchema,
});
export type Approval = z.infer<typeof approvalSchema>;

export const receiptSchema = z.object({
  id: z.string(),
  action: actionSchema,
  actor: actorSchema,
  approvalId: z.string().nullable(),
  at: instantSchema,
  /** What changed: table and row, one line each. */
  effects: z.array(z.object({ table: z.string(), id: z.string(), change: z.string() })),
  auditSequence: z.int(),
});
export type Receipt = z.infer<typeof receiptSchema>;

export const auditEntrySchema = z.object({
  sequence: z.int(),
  at: instantSchema,
  kind: z.string(),
  actor: actorSchema,
  body: z.record(z.string(), z.unknown()),
  previousHash: z.string(),
  hash: z.string(),
});
export type AuditEntry = z.infer<typeof auditEntrySchema>;
