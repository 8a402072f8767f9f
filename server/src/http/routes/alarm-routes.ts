import { alarmSchema } from "@waremind/contract";
import { z } from "zod";
import type { HttpDependencies } from "../dependencies.ts";
import { defineRoute, itemsOf, type Route } from "../route.ts";

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
  ];
}
