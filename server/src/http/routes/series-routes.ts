import { type ReadingValue, seriesAggregatesSchema, seriesLatestSchema } from "@waremind/contract";
import { z } from "zod";
import { aggregateSeriesMax } from "../../telemetry/index.ts";
import type { HttpDependencies } from "../dependencies.ts";
import { defineRoute, type Route } from "../route.ts";

const dayMs = 86_400_000;
const spansMs = { minute: 60_000, hour: 3_600_000, day: dayMs } as const;
const seriesIdMax = 2_147_483_647;
/** `1,2,3`: at most a thousand. */
const seriesIds = z
  .string()
  .max(12 * aggregateSeriesMax)
  .regex(/^\d{1,10}(,\d{1,10})*$/u)
  .transform((text) => [...new Set(text.split(",").map(Number))])
  .refine((ids) => ids.length <= aggregateSeriesMax && ids.every((id) => id >= 1 && id <= seriesIdMax));
const instant = z.coerce.number().int().min(-8.64e15).max(8.64e15).optional();

/** What many series measured, in one answer. */
export function seriesRoutes(needs: HttpDependencies): readonly Route[] {
  return [aggregatesRoute(needs), latestRoute(needs)];
}

function aggregatesRoute(needs: HttpDependencies): Route {
  return defineRoute({
    method: "get",
    path: "/api/series/aggregates",
    summary: "Count, lowest, highest and mean of many numeric series (`ids`: 1,2,3) by minute, hour or day.",
    access: "devices.read",
    query: z.object({ ids: seriesIds, from: instant, to: instant, span: z.enum(["minute", "hour", "day"]) }),
    answers: seriesAggregatesSchema,
    handle: async ({ query }) => {
      const to = query.to ?? needs.clock.now();
      const spanMs = spansMs[query.span];
      const found = await needs.telemetry.aggregates(query.ids, {
        from: query.from ?? to - dayMs,
        to,
        spanMs,
      });
      return {
        bucketMs: spanMs,
        series: query.ids.map((seriesId) => ({ seriesId, buckets: [...(found.get(seriesId) ?? [])] })),
      };
    },
  });
}

function latestRoute(needs: HttpDependencies): Route {
  return defineRoute({
    method: "get",
    path: "/api/series/latest",
    summary: "What each of many series (`ids`: 1,2,3) measured last.",
    access: "devices.read",
    query: z.object({ ids: seriesIds }),
    answers: seriesLatestSchema,
    handle: async ({ query }) => {
      const found = await needs.telemetry.latest(query.ids);
      return {
        items: [...found.values()].map(({ seriesId, observedAt, value }) => ({
          seriesId,
          observedAt,
          ...shownValue(value),
        })),
      };
    },
  });
}

function shownValue(value: ReadingValue) {
  switch (value.type) {
    case "number":
      return {
        type: value.type,
        value: value.number,
        ...(value.literal === undefined ? {} : { literal: value.literal }),
      };
    case "text":
      return { type: value.type, value: value.text };
    case "boolean":
      return { type: value.type, value: value.boolean };
    case "json":
      return { type: value.type, value: value.json };
  }
}
