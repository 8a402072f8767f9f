import { anomalySensitivitySchema, anomalyWatchViewSchema } from "@waremind/contract";
import { z } from "zod";
import type { HttpDependencies } from "../dependencies.ts";
import { defineRoute, ok, okSchema, personOf, type Route } from "../route.ts";
import { instant, seriesParam } from "./reading-routes.ts";

/** Unless it is said: as much as a person looks over. */
const shownMs = 30 * 86_400_000;

/** Watches of single series for what is unusual, and what they noted. */
export function anomalyRoutes({ anomalyDesk, clock }: HttpDependencies): readonly Route[] {
  return [
    defineRoute({
      method: "put",
      path: "/api/series/{id}/anomaly-watch",
      summary:
        "Watches a numeric series for what is unusual, or changes how sensitive its watch is; raises no alarm.",
      access: "devices.write",
      params: seriesParam,
      body: z.object({ sensitivity: anomalySensitivitySchema.default("normal") }),
      answers: okSchema,
      handle: async ({ params, body, caller }) => {
        await anomalyDesk.switchOn(params.id, { sensitivity: body.sensitivity, by: personOf(caller) });
        return ok;
      },
    }),
    defineRoute({
      method: "delete",
      path: "/api/series/{id}/anomaly-watch",
      summary: "Watches a series no longer: what was learnt is forgotten, what was noted stays.",
      access: "devices.write",
      params: seriesParam,
      answers: okSchema,
      handle: async ({ params, caller }) => {
        await anomalyDesk.switchOff(params.id, { by: personOf(caller) });
        return ok;
      },
    }),
    defineRoute({
      method: "get",
      path: "/api/series/{id}/anomalies",
      summary:
        "How the watch of a series stands, the band it expects now, and what it noted, newest first, at most 200.",
      access: "devices.read",
      params: seriesParam,
      query: z.object({ from: instant, to: instant }),
      answers: anomalyWatchViewSchema,
      handle: ({ params, query }) => {
        // Clocks of devices may be ahead.
        const to = query.to ?? clock.now() + 86_400_000;
        return anomalyDesk.view(params.id, { from: query.from ?? to - shownMs, to });
      },
    }),
  ];
}
