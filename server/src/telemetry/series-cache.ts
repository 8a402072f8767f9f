import { sql } from "kysely";
import type { Clock } from "../platform/clock.ts";
import { type Database, tablesOf } from "../platform/database.ts";
import { assert } from "../platform/errors.ts";
import { int4Array } from "../platform/wire-arrays.ts";
import type { Series, Telemetry } from "./reading.ts";
import type { TelemetryTables } from "./tables.ts";

/** A series is some 200 bytes; beyond this the cache starts afresh. */
const seriesCachedMax = 100_000;

export type SeriesCache = Pick<
  Telemetry,
  "ensureSeries" | "findSeries" | "seriesOfDevices" | "seriesById"
> & {
  /** What is known of a deleted device's series. */
  dropDevice(deviceId: number): void;
};

const columns = ["id", "deviceId", "key", "valueType", "unit"] as const;

/** A series never changes while its device is there, so what was read is kept; what was not found is asked for again. */
export function createSeriesCache(options: {
  readonly database: Database;
  readonly clock: Clock;
}): SeriesCache {
  const { database, clock } = options;
  const byId = new Map<number, Series>();
  const byDevice = new Map<number, Map<string, Series>>();

  function keep(series: readonly Series[]): void {
    if (byId.size + series.length > seriesCachedMax) {
      byId.clear();
      byDevice.clear();
    }
    for (const one of series) {
      byId.set(one.id, one);
      const keys = byDevice.get(one.deviceId) ?? new Map<string, Series>();
      keys.set(one.key, one);
      byDevice.set(one.deviceId, keys);
    }
  }

  const cached = (deviceId: number, key: string) => byDevice.get(deviceId)?.get(key);

  return {
    dropDevice: (deviceId) => {
      for (const { id } of byDevice.get(deviceId)?.values() ?? []) byId.delete(id);
      byDevice.delete(deviceId);
    },
    ensureSeries: async (wanted) => {
      const missing = wanted.filter(({ deviceId, key }) => cached(deviceId, key) === undefined);
      const found = missing.length > 0 ? await insertOrSelect(database, missing, clock.now()) : [];
      keep(found);
      const foundNow = new Map(found.map((one) => [`${one.deviceId}/${one.key}`, one]));
      return wanted.map(({ deviceId, key }) => {
        const series = cached(deviceId, key) ?? foundNow.get(`${deviceId}/${key}`);
        assert(series !== undefined, `series ${key} of device ${deviceId} was neither found nor made`);
        return series;
      });
    },
    findSeries: async (deviceId, key, connection) => {
      const known = cached(deviceId, key);
      if (known !== undefined) return known;
      const found = await tablesOf<TelemetryTables>(connection ?? database)
        .selectFrom("series")
        .select(columns)
        .where("deviceId", "=", deviceId)
        .where("key", "=", key)
        .executeTakeFirst();
      if (found === undefined) return null;
      keep([found]);
      return found;
    },
    seriesById: async (seriesId, connection) => {
      const known = byId.get(seriesId);
      if (known !== undefined) return known;
      const found = await tablesOf<TelemetryTables>(connection ?? database)
        .selectFrom("series")
        .select(columns)
        .where("id", "=", seriesId)
        .executeTakeFirst();
      if (found === undefined) return null;
      keep([found]);
      return found;
    },
    seriesOfDevices: async (deviceIds) => {
      if (deviceIds.length === 0) return [];
      const { rows } = await sql<Series>`
        select id, device_id, key, value_type, unit from series
        where device_id = any(${int4Array(deviceIds, (id) => id)}::int4[])
        order by device_id, key`.execute(tablesOf(database));
      keep(rows);
      return rows;
    },
  };
}

/** Two statements, so that a series another process made at this very moment is found and not missed. */
async function insertOrSelect(
  database: Database,
  wanted: Parameters<Telemetry["ensureSeries"]>[0],
  at: number,
): Promise<readonly Series[]> {
  const tables = tablesOf<TelemetryTables>(database);
  const distinct = [...new Map(wanted.map((one) => [`${one.deviceId}/${one.key}`, one])).values()];
  const deviceIds = int4Array(distinct, (one) => one.deviceId);
  const keys = distinct.map((one) => one.key);
  await sql`
    insert into series (device_id, key, value_type, unit, created_at)
    select device_id, key, value_type, unit, ${at}::int8
    from unnest(${deviceIds}::int4[], ${keys}::text[], ${distinct.map((one) => one.valueType)}::text[],
      ${distinct.map((one) => one.unit)}::text[]) as wanted (device_id, key, value_type, unit)
    on conflict (device_id, key) do nothing`.execute(tables);
  const { rows } = await sql<Series>`
    select series.id, series.device_id, series.key, series.value_type, series.unit
    from unnest(${deviceIds}::int4[], ${keys}::text[]) as wanted (device_id, key)
    join series using (device_id, key)`.execute(tables);
  return rows;
}
