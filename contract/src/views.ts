// What the REST API answers to the console: one schema per screen, built by server/src/http from the domains.
import { z } from "zod";
import { auditEntrySchema } from "./action.ts";
import { ruleKindSchema } from "./alarm-rule.ts";
import { bandSchema, conditionSchema } from "./condition.ts";
import { curveBucketSchema, curvePointSchema, jsonValueSchema, valueTypeSchema } from "./reading.ts";
import { bilingualTextSchema, instantSchema, moneySchema } from "./text.ts";

export const userSchema = z.object({
  id: z.string(),
  name: z.string(),
  email: z.string(),
  roles: z.array(z.string()),
});
export type User = z.infer<typeof userSchema>;

/** The person who is signed in, with what their roles allow: screens hide what they would only refuse. */
export const signedInSchema = userSchema.extend({ permissions: z.array(z.string()) });
export type SignedIn = z.infer<typeof signedInSchema>;

export const shopSchema = z.object({
  name: bilingualTextSchema,
  currency: z.string(),
  timeZone: z.string(),
  isDemo: z.boolean(),
  engine: z.string(),
  version: z.string(),
});
export type Shop = z.infer<typeof shopSchema>;

export const alarmSchema = z.object({
  id: z.string(),
  kind: z.enum(["threshold", "rate-of-change", "absence", "stock-low", "rule", "release"]),
  severity: z.enum(["info", "warning", "critical"]),
  subjectKind: z.string(),
  subjectId: z.string(),
  subjectLabel: z.string(),
  deviceName: z.string().nullable(),
  beganAt: instantSchema,
  learnedAt: instantSchema,
  endedAt: instantSchema.nullable(),
  acknowledgedAt: instantSchema.nullable(),
  acknowledgedBy: z.string().nullable(),
  value: z.number().nullable(),
  unit: z.string().nullable(),
  message: bilingualTextSchema,
  /** Which rule raised it, empty where a kind has one; of a rule of a binding `{bindingId}/{ruleId}`. */
  ruleId: z.string(),
  ruleKind: ruleKindSchema.nullable(),
  seriesId: z.int().nullable(),
  /** When the condition had held for long enough; null: as soon as it began. */
  raisedAt: instantSchema.nullable(),
  /** The value furthest beyond, as far as it is known. */
  peak: z.number().nullable(),
  /** When we learned that it had ended. */
  endLearnedAt: instantSchema.nullable(),
  /** When readings that came late showed that it never was; it then has ended. */
  withdrawnAt: instantSchema.nullable(),
  /** Why a device is silent; null for every other alarm. */
  cause: z.enum(["gateway-down", "offline", "silent"]).nullable(),
  /** For so many other devices it speaks. */
  suppressedCount: z.int(),
  /** Id of a person of the shop. */
  assignedTo: z.string().nullable(),
  assignedName: z.string().nullable(),
  assignedAt: instantSchema.nullable(),
  /** What the person who acknowledged it wrote. */
  acknowledgedNote: z.string().nullable(),
  /** Readings came late, and whether it was so is being worked out. */
  isBeingReevaluated: z.boolean(),
});
export type Alarm = z.infer<typeof alarmSchema>;

export const attentionSchema = z.object({
  kind: z.enum(["alarm", "approval", "conversation", "device-silent", "stock-mismatch"]),
  id: z.string(),
  severity: z.enum(["info", "warning", "critical"]),
  title: bilingualTextSchema,
  at: instantSchema,
  link: z.string(),
});
export const overviewSchema = z.object({
  counts: z.object({
    ordersToday: z.int(),
    shipmentsUnderway: z.int(),
    shipmentsAtRisk: z.int(),
    devicesOnline: z.int(),
    devices: z.int(),
    approvalsWaiting: z.int(),
    conversationsWaiting: z.int(),
    readingsLastHour: z.int(),
  }),
  attention: z.array(attentionSchema),
});
export type Overview = z.infer<typeof overviewSchema>;

export const custodyLegSchema = z.object({
  position: z.int(),
  holder: bilingualTextSchema,
  isOurs: z.boolean(),
  beganAt: instantSchema,
  endedAt: instantSchema.nullable(),
});
export type CustodyLeg = z.infer<typeof custodyLegSchema>;

export const shipmentSummarySchema = z.object({
  id: z.string(),
  number: z.string(),
  orderNumber: z.string(),
  customerName: z.string(),
  state: z.enum(["ready", "shipping", "delivered", "closed", "cancelled"]),
  carrier: z.string(),
  trackingNumber: z.string(),
  expectedAt: instantSchema.nullable(),
  shippedAt: instantSchema.nullable(),
  deliveredAt: instantSchema.nullable(),
  deviceName: z.string().nullable(),
  condition: conditionSchema.nullable(),
  band: bandSchema.nullable(),
});
export type ShipmentSummary = z.infer<typeof shipmentSummarySchema>;

export const shipmentDetailSchema = shipmentSummarySchema.extend({
  orderId: z.string(),
  lines: z.array(
    z.object({
      orderLineId: z.string(),
      title: bilingualTextSchema,
      sku: z.string(),
      lotNumber: z.string().nullable(),
      expiresOn: z.string().nullable(),
      units: z.int(),
    }),
  ),
  legs: z.array(custodyLegSchema),
  alarms: z.array(alarmSchema),
  /** The logger's series and its curve (downsampled on the server to at most 1,000 points). */
  seriesId: z.int().nullable(),
  curve: z.array(curvePointSchema),
  refunds: z.array(
    z.object({ id: z.string(), amount: moneySchema, at: instantSchema, receiptId: z.string() }),
  ),
});
export type ShipmentDetail = z.infer<typeof shipmentDetailSchema>;

export const orderSummarySchema = z.object({
  id: z.string(),
  number: z.string(),
  customerName: z.string(),
  state: z.enum(["pending", "processed", "shipped", "delivered", "cancelled"]),
  total: moneySchema,
  placedAt: instantSchema,
});
export type OrderSummary = z.infer<typeof orderSummarySchema>;

export const orderViewSchema = orderSummarySchema.extend({
  lines: z.array(
    z.object({
      id: z.string(),
      title: bilingualTextSchema,
      sku: z.string(),
      units: z.int(),
      unitPrice: moneySchema,
      isRefunded: z.boolean(),
    }),
  ),
  payments: z.array(z.object({ label: z.string(), amount: moneySchema, state: z.string() })),
  refunds: z.array(
    z.object({
      id: z.string(),
      amount: moneySchema,
      reason: z.string(),
      receiptId: z.string(),
      at: instantSchema,
    }),
  ),
  shipments: z.array(
    z.object({ id: z.string(), number: z.string(), state: shipmentSummarySchema.shape.state }),
  ),
  /** The order's state machine as it ran, oldest first. */
  history: z.array(z.object({ at: instantSchema, kind: z.string() })),
});
export type OrderView = z.infer<typeof orderViewSchema>;

export const shelfCellViewSchema = z.object({
  id: z.string(),
  code: z.string(),
  locationId: z.string(),
  row: z.int(),
  column: z.int(),
  variantId: z.string().nullable(),
  title: bilingualTextSchema.nullable(),
  sku: z.string().nullable(),
  capacityUnits: z.int(),
  bookedUnits: z.int().nullable(),
  sensedUnits: z.int().nullable(),
  sensedAt: instantSchema.nullable(),
  weightGrams: z.number().nullable(),
  deviceName: z.string().nullable(),
  isMismatch: z.boolean(),
});
export type ShelfCellView = z.infer<typeof shelfCellViewSchema>;
export const locationViewSchema = z.object({
  id: z.string(),
  name: bilingualTextSchema,
  cells: z.array(shelfCellViewSchema),
});
export type LocationView = z.infer<typeof locationViewSchema>;

export const stockRowSchema = z.object({
  variantId: z.string(),
  sku: z.string(),
  title: bilingualTextSchema,
  price: moneySchema,
  onHandUnits: z.int(),
  reservedUnits: z.int(),
  expiringUnits: z.int(),
  nextExpiryOn: z.string().nullable(),
  sensedUnits: z.int().nullable(),
  sensedAt: instantSchema.nullable(),
});
export type StockRow = z.infer<typeof stockRowSchema>;

export const deviceViewSchema = z.object({
  id: z.int(),
  name: z.string(),
  label: z.string(),
  profileId: z.string(),
  profileName: bilingualTextSchema,
  isConnected: z.boolean(),
  lastHeardAt: instantSchema.nullable(),
  expectedIntervalSeconds: z.number().nullable(),
  liveness: z.enum(["never-heard", "heard", "late", "silent", "offline"]),
  tokenHint: z.string().nullable(),
  latest: z.array(
    z.object({ key: z.string(), text: z.string(), unit: z.string().nullable(), observedAt: instantSchema }),
  ),
  boundTo: z.array(
    z.object({ kind: z.enum(["logger-shipment", "cell-stock"]), targetId: z.string(), label: z.string() }),
  ),
  quarantinedCount: z.int(),
});
export type DeviceView = z.infer<typeof deviceViewSchema>;

export const curveSchema = z.object({
  seriesId: z.int(),
  key: z.string(),
  unit: z.string().nullable(),
  deviceName: z.string(),
  points: z.array(curvePointSchema),
  rawCount: z.int(),
  /** Absent: the points are all the readings. Else some were left out, and a bucket is this wide. */
  bucketMs: z.int().optional(),
  /** With `bucketMs`: what all readings of each stretch have been, none left out; where nothing was measured there is none. */
  buckets: z.array(curveBucketSchema).optional(),
});
export type Curve = z.infer<typeof curveSchema>;

/** What the readings of one stretch have been: `[beginsAt, count, lowest, highest, mean]`; null: the sum is beyond a double. */
export const aggregateSchema = z.tuple([
  instantSchema,
  z.int(),
  z.number(),
  z.number(),
  z.number().nullable(),
]);
export type Aggregate = z.infer<typeof aggregateSchema>;

export const seriesAggregatesSchema = z.object({
  /** Each begins at a multiple of this, counted from the epoch. */
  bucketMs: z.int(),
  /** In the order asked. Where nothing was measured there is no bucket. */
  series: z.array(z.object({ seriesId: z.int(), buckets: z.array(aggregateSchema) })),
});

/** What series measured last; of one that measured nothing there is no item. */
export const seriesLatestSchema = z.object({
  items: z.array(
    z.object({
      seriesId: z.int(),
      observedAt: instantSchema,
      /** A number, a text, true or false, or JSON, as `type` says. */
      type: valueTypeSchema,
      value: jsonValueSchema,
      /** The digits as they were sent, where a double cannot give them back. */
      literal: z.string().optional(),
    }),
  ),
});

export const scenarioSchema = z.object({
  id: z.string(),
  title: bilingualTextSchema,
  description: bilingualTextSchema,
  state: z.enum(["stopped", "running", "finished"]),
  startedAt: instantSchema.nullable(),
  /** The number of the shipment or the code of the shelf cell that the running story is about; empty before the first run. */
  subjectLabel: z.string(),
  /** With what the story's customer proves who they are, so that a person can ask as them. */
  askAs: z.object({ orderNumber: z.string(), email: z.string() }).nullable().optional(),
  /** Why a run ended that nobody stopped. */
  problem: bilingualTextSchema.nullable().optional(),
});
export type Scenario = z.infer<typeof scenarioSchema>;

export const suiteResultSchema = z.object({
  suite: z.string(),
  passed: z.int(),
  failed: z.int(),
  skipped: z.int(),
  figure: z.string(),
  bar: z.string(),
  holds: z.boolean(),
  durationMs: z.number(),
  failures: z.array(z.string()),
});
export type SuiteResult = z.infer<typeof suiteResultSchema>;
export const suiteViewSchema = z.object({
  suite: z.string(),
  title: bilingualTextSchema,
  /** What must hold, in one line. */
  bar: z.string(),
  state: z.enum(["idle", "running", "done", "failed"]),
  result: suiteResultSchema.nullable(),
  ranAt: instantSchema.nullable(),
  log: z.array(z.string()),
});
export type SuiteView = z.infer<typeof suiteViewSchema>;

export const auditPageSchema = z.object({
  entries: z.array(auditEntrySchema),
  total: z.int(),
  chainHolds: z.boolean(),
  firstBrokenSequence: z.int().nullable(),
});
export type AuditPage = z.infer<typeof auditPageSchema>;

/** Server-sent events: the name of each with its body. Observers re-read what they show; bodies stay small. */
export const liveEventSchema = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("readings-stored"),
    points: z.array(
      z.object({
        seriesId: z.int(),
        deviceName: z.string(),
        key: z.string(),
        observedAt: instantSchema,
        number: z.number(),
      }),
    ),
  }),
  z.object({ kind: z.literal("shipment-condition-changed"), shipmentId: z.string(), verdict: z.string() }),
  z.object({ kind: z.literal("cell-counted"), cellId: z.string(), units: z.int() }),
  z.object({
    kind: z.literal("alarm-changed"),
    alarmId: z.string(),
    subjectKind: z.string(),
    subjectId: z.string(),
  }),
  /** A step of an alarm's ladder that tells the screens; `alarmId` is empty for a test. */
  z.object({
    kind: z.literal("alarm-told"),
    alarmId: z.string(),
    step: z.int(),
    severity: z.enum(["info", "warning", "critical"]),
    subjectLabel: z.string(),
    message: bilingualTextSchema,
  }),
  z.object({
    kind: z.literal("device-connection-changed"),
    deviceName: z.string(),
    isConnected: z.boolean(),
  }),
  z.object({ kind: z.literal("conversation-changed"), conversationId: z.string() }),
  z.object({ kind: z.literal("approval-changed"), approvalId: z.string(), state: z.string() }),
  z.object({ kind: z.literal("order-changed"), orderId: z.string(), state: z.string() }),
  z.object({ kind: z.literal("scenario-changed"), scenarioId: z.string(), state: z.string() }),
  z.object({ kind: z.literal("device-attributes-changed"), deviceName: z.string() }),
  z.object({
    kind: z.literal("command-changed"),
    commandId: z.string(),
    deviceName: z.string(),
    state: z.string(),
  }),
  z.object({ kind: z.literal("rollout-changed"), rolloutId: z.string(), state: z.string() }),
  z.object({ kind: z.literal("anomalies-changed"), seriesId: z.int() }),
  z.object({ kind: z.literal("suite-changed"), suite: z.string(), state: z.string() }),
]);
export type LiveEvent = z.infer<typeof liveEventSchema>;
