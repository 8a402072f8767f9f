import { curveSchema } from "@waremind/contract";
import { z } from "zod";
import { DomainError } from "../../platform/errors.ts";
import { type ExportedSeries, exportSeriesMax, readingsCsv, readingsParquet } from "../../telemetry/index.ts";
import type { HttpDependencies } from "../dependencies.ts";
import { deviceNamed } from "../find-device.ts";
import { defineDownload, defineRoute, nameParam, notFound, type Route } from "../route.ts";

const dayMs = 86_400_000;
export const seriesParam = z.object({ id: z.coerce.number().int().positive().max(2_147_483_647) });
export const instant = z.coerce.number().int().min(-8.64e15).max(8.64e15).optional();

/** What devices measured: drawn, and as a file. */
export function readingRoutes(needs: HttpDependencies): readonly Route[] {
  return [curveRoute(needs), ...fileRoutes(needs)];
}

function curveRoute(needs: HttpDependencies): Route {
  return defineRoute({
    method: "get",
    path: "/api/series/{id}/curve",
    summary: "A numeric curve, downsampled to at most `points`.",
    access: "devices.read",
    params: seriesParam,
    query: z.object({
      from: instant,
      to: instant,
      points: z.coerce.number().int().min(2).max(2000).default(600),
    }),
    answers: curveSchema,
    handle: async ({ params, query }) => {
      const { series, deviceName } = await seriesNamed(needs, params.id);
      const to = query.to ?? needs.clock.now();
      const { points, buckets, ...rest } = await needs.telemetry.curve(series.id, {
        from: query.from ?? to - dayMs,
        to,
        points: query.points,
      });
      return {
        seriesId: series.id,
        key: series.key,
        unit: series.unit,
        deviceName,
        points: [...points],
        ...(buckets === undefined ? {} : { buckets: [...buckets] }),
        ...rest,
      };
    },
  });
}

async function seriesNamed(needs: HttpDependencies, seriesId: number) {
  const series = await needs.telemetry.seriesById(seriesId);
  const device = series === null ? null : await needs.devices.findDeviceById(series.deviceId);
  if (series === null || device === null)
    throw notFound({ en: `series ${seriesId}`, zh: `序列 ${seriesId}` });
  return { series, deviceName: device.name };
}

/** Absent: from the beginning, and past the end, since clocks of devices may be ahead. */
function periodOf(needs: HttpDependencies, query: { from?: number | undefined; to?: number | undefined }) {
  return { from: query.from ?? -8.64e15, to: query.to ?? needs.clock.now() + dayMs };
}

/** Every reading as it was sent, in the two kinds of file that others read. */
const fileKinds = [
  { ending: "csv", name: "CSV", contentType: "text/csv", write: readingsCsv },
  {
    ending: "parquet",
    name: "Parquet",
    contentType: "application/vnd.apache.parquet",
    write: readingsParquet,
  },
] as const;

function fileRoutes(needs: HttpDependencies): readonly Route[] {
  return fileKinds.flatMap(({ ending, name, contentType, write }) => [
    defineDownload({
      method: "get",
      path: `/api/series/{id}/readings.${ending}`,
      summary: `Readings of a series, verbatim, as ${name}.`,
      access: "devices.read",
      params: seriesParam,
      query: z.object({ from: instant, to: instant }),
      contentType,
      handle: async ({ params, query }) => {
        const { series, deviceName } = await seriesNamed(needs, params.id);
        const { key, unit } = series;
        const exported = [{ seriesId: series.id, deviceName, key, unit }];
        return {
          fileName: `${deviceName}-${key}.${ending}`,
          chunks: write(needs.telemetry, exported, periodOf(needs, query)),
        };
      },
    }),
    defineDownload({
      method: "get",
      path: `/api/devices/{name}/readings.${ending}`,
      summary: `Readings of a device, verbatim, as ${name}: of the series in \`keys\` (a,b), or of all.`,
      access: "devices.read",
      params: nameParam,
      query: z.object({ keys: z.string().max(10_000).optional(), from: instant, to: instant }),
      contentType,
      handle: async ({ params, query }) => {
        const device = await deviceNamed(needs, params.name);
        const exported = await exportedOf(needs, device, query.keys);
        return {
          fileName: `${device.name}.${ending}`,
          chunks: write(needs.telemetry, exported, periodOf(needs, query)),
        };
      },
    }),
  ]);
}

/** Refused before the first line is written: a file that broke off looks like a whole one. */
async function exportedOf(
  needs: HttpDependencies,
  device: { readonly id: number; readonly name: string },
  keys: string | undefined,
): Promise<readonly ExportedSeries[]> {
  const series = await needs.telemetry.seriesOfDevices([device.id]);
  const wanted = keys === undefined || keys === "" ? null : new Set(keys.split(","));
  const unknown = [...(wanted ?? [])].find((key) => !series.some((one) => one.key === key));
  if (unknown !== undefined)
    throw notFound({
      en: `series ${unknown} of ${device.name}`,
      zh: `设备 ${device.name} 的序列 ${unknown}`,
    });
  const chosen = series.filter((one) => wanted === null || wanted.has(one.key));
  if (chosen.length > exportSeriesMax)
    throw new DomainError(
      "limit-reached",
      {
        en: `${device.name} has ${chosen.length} series; at most ${exportSeriesMax} go into one file. Name some with keys=a,b.`,
        zh: `${device.name} 有 ${chosen.length} 个序列,一个文件最多 ${exportSeriesMax} 个,请用 keys=a,b 指定。`,
      },
      { exportSeriesMax },
    );
  return chosen.map(({ id, key, unit }) => ({ seriesId: id, deviceName: device.name, key, unit }));
}
