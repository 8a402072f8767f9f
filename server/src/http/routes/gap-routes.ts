import { seriesGapsSchema } from "@waremind/contract";
import { z } from "zod";
import { longestSilenceMs } from "../../flows/keep-gaps.ts";
import { seriesGaps } from "../../telemetry/index.ts";
import type { HttpDependencies } from "../dependencies.ts";
import { defineRoute, notFound, type Route } from "../route.ts";

const dayMs = 86_400_000;
/** A screen draws no more; who wants older ones asks for an earlier span. */
const gapsMax = 1_000;
const instant = z.coerce.number().int().min(-8.64e15).max(8.64e15).optional();

/** When series were silent. */
export function gapRoutes(needs: HttpDependencies): readonly Route[] {
  return [
    defineRoute({
      method: "get",
      path: "/api/series/{id}/gaps",
      summary: `When a series was silent within a span (the last day, unless given): its newest ${gapsMax} gaps.`,
      access: "devices.read",
      params: z.object({ id: z.coerce.number().int().positive().max(2_147_483_647) }),
      query: z.object({ from: instant, to: instant }),
      answers: seriesGapsSchema,
      handle: async ({ params, query }) => {
        const longestMs = await longestSilenceOf(needs, params.id);
        const now = needs.clock.now();
        const to = query.to ?? now;
        const from = query.from ?? to - dayMs;
        const found = await seriesGaps.within(needs.database, params.id, { from, to, limit: gapsMax + 1 });
        const newestAt = (await seriesGaps.newestAt(needs.database, [params.id])).get(params.id);
        const isSilent = newestAt !== undefined && now - newestAt > longestMs && newestAt < to;
        return {
          seriesId: params.id,
          longestSilenceSeconds: longestMs / 1_000,
          gaps: [...found.slice(-gapsMax), ...(isSilent ? [{ from: newestAt, to: null }] : [])],
          isCut: found.length > gapsMax,
        };
      },
    }),
  ];
}

async function longestSilenceOf({ telemetry, devices }: HttpDependencies, seriesId: number): Promise<number> {
  const series = await telemetry.seriesById(seriesId);
  const device = series === null ? null : await devices.findDeviceById(series.deviceId);
  const profile =
    device === null ? undefined : (await devices.listProfiles()).find(({ id }) => id === device.profileId);
  if (profile === undefined) throw notFound({ en: `series ${seriesId}`, zh: `序列 ${seriesId}` });
  return longestSilenceMs(profile.expectedIntervalSeconds);
}
