import { z } from "zod";
import { bilingualTextSchema, instantSchema } from "./text.ts";

/** What a fact is about. `id` is the row's id; `label` is what a person calls it (order number, SKU). */
export const subjectKindSchema = z.enum([
  "shop",
  "customer",
  "order",
  "order-line",
  "shipment",
  "custody-leg",
  "lot",
  "variant",
  "product",
  "location",
  "shelf-cell",
  "device",
  "policy-clause",
  "refund",
  "approval",
  "receipt",
  "alarm",
]);
export type SubjectKind = z.infer<typeof subjectKindSchema>;

export const subjectSchema = z.object({
  kind: subjectKindSchema,
  id: z.string(),
  label: z.string(),
  /** What it belongs to: a shipment's or a line's order, a leg's shipment. Keeps two orders of one answer apart. */
  partOf: z.object({ kind: subjectKindSchema, id: z.string() }).optional(),
});
export type Subject = z.infer<typeof subjectSchema>;

/** The value of a fact. Units are UCUM codes: Cel, K, min, h, d, s, g, kg, %, 1 (a count or ratio), km. */
export const factValueSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("number"), number: z.number(), unit: z.string() }),
  z.object({ type: z.literal("money"), amountMinor: z.int(), currency: z.string() }),
  z.object({ type: z.literal("instant"), at: instantSchema }),
  z.object({ type: z.literal("date"), date: z.iso.date() }),
  z.object({ type: z.literal("status"), status: z.string() }),
  z.object({ type: z.literal("identifier"), text: z.string() }),
  z.object({ type: z.literal("boolean"), boolean: z.boolean() }),
  z.object({ type: z.literal("text"), text: bilingualTextSchema }),
]);
export type FactValue = z.infer<typeof factValueSchema>;

/** Where a fact can be looked up. A series source names the very points the fact rests on. */
export const factSourceSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("row"), table: z.string(), id: z.string() }),
  z.object({
    kind: z.literal("series"),
    seriesId: z.int(),
    deviceName: z.string(),
    key: z.string(),
    from: instantSchema,
    to: instantSchema,
    pointCount: z.int(),
    /** Times of the points to mark on the curve (the peak, the crossing, the last); at most 50. */
    markedAt: z.array(instantSchema).max(50),
  }),
  z.object({ kind: z.literal("clause"), clauseId: z.string(), version: z.int() }),
  z.object({ kind: z.literal("computed"), engine: z.string(), fromFactIds: z.array(z.string()) }),
]);
export type FactSource = z.infer<typeof factSourceSchema>;

/**
 * Something known. `property` is a kebab-case name such as `temperature-max`, `excursion-duration`, `order-status`.
 * `freshForSeconds` null: it does not age. Older than that, it may be said only together with its age.
 */
export const factSchema = z.object({
  id: z.string(),
  subject: subjectSchema,
  property: z.string(),
  value: factValueSchema,
  observedAt: instantSchema,
  freshForSeconds: z.number().positive().nullable(),
  source: factSourceSchema,
});
export type Fact = z.infer<typeof factSchema>;
