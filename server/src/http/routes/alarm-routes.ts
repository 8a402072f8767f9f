import { alarmSchema } from "@waremind/contract";
import { z } from "zod";
import type { HttpDependencies } from "../dependencies.ts";
import { defineRoute, idParam, itemsOf, ok, okSchema, personOf, type Route } from "../route.ts";

const alarmsShownMax = 500;

/** Conditions that held for a while. */
export function alarmRoutes(needs: HttpDependencies): readonly Route[] {
  return [
    defineRoute({
      method: "get",
      path: "/api/alarms",
      summary: "Alarms, newest first.",
      access: "alarms.read",
      query: z.object({ open: z.enum(["true", "false"]).default("false") }),
      answers: itemsOf(alarmSchema),
      handle: async ({ query }) => ({
        items: [
          ...(await needs.telemetry.alarms({ onlyOpen: query.open === "true", limit: alarmsShownMax })),
        ],
      }),
    }),
    defineRoute({
      method: "post",
      path: "/api/alarms/{id}/acknowledge",
      summary: "Says that a person has seen an alarm.",
      access: "alarms.acknowledge",
      params: idParam,
      answers: okSchema,
      handle: async ({ params, caller }) => {
        const person = personOf(caller);
        await needs.telemetry.acknowledgeAlarm(params.id, person.name);
        await needs.database.transaction((connection) =>
          needs.guard.appendAudit(connection, {
            kind: "alarm-acknowledged",
            actor: person,
            body: { alarmId: params.id },
          }),
        );
        needs.bus.publish({ kind: "alarm-changed", alarmId: params.id, subjectKind: "", subjectId: "" });
        return ok;
      },
    }),
  ];
}
