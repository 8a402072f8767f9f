import { alarmSchema, alarmSeveritySchema, instantSchema } from "@waremind/contract";
import { z } from "zod";
import type { HttpDependencies } from "../dependencies.ts";
import { defineRoute, idParam, notFound, type Route } from "../route.ts";

const alarmsShownMax = 500;
const textLengthMax = 200;

const alarmDetailSchema = alarmSchema.extend({
  /** For whom it speaks, the longest silent first. */
  suppressed: z.array(
    z.object({ deviceName: z.string(), silentFrom: instantSchema, releasedAt: instantSchema.nullable() }),
  ),
});

/** Conditions that held for a while. */
export function alarmRoutes(needs: HttpDependencies): readonly Route[] {
  return [
    defineRoute({
      method: "get",
      path: "/api/alarms",
      summary: "Alarms, newest first; `before` is `next` of the page before.",
      access: "alarms.read",
      query: z.object({
        open: z.enum(["true", "false"]).default("false"),
        severity: alarmSeveritySchema.optional(),
        subjectKind: z.string().min(1).max(100).optional(),
        subjectId: z.string().min(1).max(100).optional(),
        rule: z.string().min(1).max(200).optional(),
        text: z.string().trim().min(1).max(textLengthMax).optional(),
        before: z.string().min(1).max(100).optional(),
        limit: z.coerce.number().int().min(1).max(alarmsShownMax).default(alarmsShownMax),
      }),
      answers: z.object({ items: z.array(alarmSchema), next: z.string().nullable() }),
      handle: async ({ query: { open, rule, ...rest } }) => {
        const { severity, subjectKind, subjectId, text, before, limit } = rest;
        const items = await needs.telemetry.alarms({
          onlyOpen: open === "true",
          ...(severity === undefined ? {} : { severity }),
          ...(subjectKind === undefined ? {} : { subjectKind }),
          ...(subjectId === undefined ? {} : { subjectId }),
          ...(rule === undefined ? {} : { ruleId: rule }),
          ...(text === undefined ? {} : { text }),
          ...(before === undefined ? {} : { before }),
          limit,
        });
        return { items: [...items], next: items.length < limit ? null : (items.at(-1)?.id ?? null) };
      },
    }),
    defineRoute({
      method: "get",
      path: "/api/alarms/{id}",
      summary: "One alarm, with the devices for which it speaks.",
      access: "alarms.read",
      params: idParam,
      answers: alarmDetailSchema,
      handle: async ({ params }) => {
        const found = await needs.telemetry.findAlarm(needs.database, params.id);
        if (found === null) throw notFound({ en: `alarm ${params.id}`, zh: `警报 ${params.id}` });
        return { ...found.alarm, suppressed: [...(await needs.telemetry.suppressedBy(params.id))] };
      },
    }),
  ];
}
