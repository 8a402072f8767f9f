import { z } from "zod";
import { instantSchema } from "./text.ts";

/** What one key of a device may carry. Text is never turned into a number. */
export const valueTypeSchema = z.enum(["number", "text", "boolean", "json"]);
export type ValueType = z.infer<typeof valueTypeSchema>;

export type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue };

/** Named, so that what describes itself (OpenAPI) may refer to it from within itself. */
export const jsonValueSchema: z.ZodType<JsonValue> = z
  .lazy(() =>
    z.union([
      z.string(),
      z.number(),
      z.boolean(),
      z.null(),
      z.array(jsonValueSchema),
      z.record(z.string(), jsonValueSchema),
    ]),
  )
  .meta({ id: "JsonValue" });

export type ReadingValue =
  /** `literal`: the digits as they were sent, where a double cannot give them back. */
  | { readonly type: "number"; readonly number: number; readonly literal?: string }
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "boolean"; readonly boolean: boolean }
  | { readonly type: "json"; readonly json: JsonValue };

/** One decoded point of a device message, before it has a series. `observedAt` absent: the server's receive time. */
export interface Point {
  readonly key: string;
  readonly value: ReadingValue;
  readonly observedAt: number | undefined;
}

/** A point of a numeric curve as the console draws it: `[observedAt, value]`. */
export const curvePointSchema = z.tuple([instantSchema, z.number()]);
export type CurvePoint = z.infer<typeof curvePointSchema>;

/** Every reading of one stretch of a numeric curve: `[beginsAt, lowest, highest, last, count]`. */
export const curveBucketSchema = z.tuple([instantSchema, z.number(), z.number(), z.number(), z.int()]);
export type CurveBucket = z.infer<typeof curveBucketSchema>;

/**
 * Silences of a series between `from` and `to`, of which both ends are readings, in the order of time; `to` null: it has been
 * silent since. A silence of more than `longestSilenceSeconds` is a gap.
 */
export const seriesGapsSchema = z.object({
  seriesId: z.int(),
  longestSilenceSeconds: z.number(),
  gaps: z.array(z.object({ from: instantSchema, to: instantSchema.nullable() })),
  /** There are older ones in the span, which were left out. */
  isCut: z.boolean(),
});
export type SeriesGaps = z.infer<typeof seriesGapsSchema>;
