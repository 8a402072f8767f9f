// Who was heard when by the time of their readings, which alarms time alone may end, and for whom another one speaks.
import { sql } from "kysely";
import type { Clock } from "../platform/clock.ts";
import { type Connection, tablesOf } from "../platform/database.ts";
import { int4Array } from "../platform/wire-arrays.ts";
import type { TelemetryTables } from "./tables.ts";

/** Beyond it the rest is looked at once these are over. */
const timedMax = 1_000;

export interface SilenceRecords {
  /** The newest reading of each key of these devices. */
  heardAt(
    connection: Connection,
    deviceIds: readonly number[],
  ): Promise<readonly { readonly deviceId: number; readonly key: string; readonly at: number }[]>;
  /** Open alarms of rules that time alone may end, at most a thousand. */
  openTimed(
    connection: Connection,
  ): Promise<readonly { readonly deviceId: number; readonly ruleId: string }[]>;
  /** The open alarm of a device's silence; null when none is. */
  openAbsence(connection: Connection, deviceId: number): Promise<string | null>;
  /** One alarm speaks for these devices too; answers whether that makes them more. */
  speakFor(
    connection: Connection,
    alarmId: string,
    devices: readonly { readonly deviceId: number; readonly silentFrom: number }[],
  ): Promise<boolean>;
  /** An alarm speaks for nobody any more. */
  release(connection: Connection, alarmId: string): Promise<void>;
}

const tablesIn = (connection: Connection) => tablesOf<TelemetryTables>(connection);

export function createSilenceRecords({ clock }: { readonly clock: Clock }): SilenceRecords {
  return {
    heardAt: async (connection, deviceIds) => {
      if (deviceIds.length === 0) return [];
      const { rows } = await sql<{ deviceId: number; key: string; at: number }>`
        select series.device_id, series.key, latest.observed_at as at from series join latest on latest.series_id = series.id
        where series.device_id = any(${int4Array(deviceIds, (id) => id)}::int4[])`.execute(
        tablesIn(connection),
      );
      return rows;
    },
    openTimed: async (connection) => {
      const rows = await tablesIn(connection)
        .selectFrom("alarm")
        .select(["deviceId", "ruleId"])
        .where("endedAt", "is", null)
        .where("ruleKind", "in", ["absence", "count-in-window"])
        .orderBy("beganAt")
        .limit(timedMax)
        .execute();
      return rows.flatMap(({ deviceId, ruleId }) => (deviceId === null ? [] : [{ deviceId, ruleId }]));
    },
    openAbsence: async (connection, deviceId) => {
      const row = await tablesIn(connection)
        .selectFrom("alarm")
        .select("id")
        .where("kind", "=", "absence")
        .where("subjectKind", "=", "device")
        .where("subjectId", "=", String(deviceId))
        .where("endedAt", "is", null)
        .executeTakeFirst();
      return row?.id ?? null;
    },
    speakFor: (connection, alarmId, devices) => saveSpokenFor(connection, { alarmId, devices }),
    release: async (connection, alarmId) => {
      await tablesIn(connection)
        .updateTable("alarmSuppressed")
        .set({ releasedAt: clock.now() })
        .where("alarmId", "=", alarmId)
        .where("releasedAt", "is", null)
        .execute();
    },
  };
}

async function saveSpokenFor(
  connection: Connection,
  {
    alarmId,
    devices,
  }: {
    readonly alarmId: string;
    readonly devices: readonly { readonly deviceId: number; readonly silentFrom: number }[];
  },
): Promise<boolean> {
  const tables = tablesIn(connection);
  const ids = int4Array(devices, ({ deviceId }) => deviceId);
  await sql`
    insert into alarm_suppressed (alarm_id, device_id, silent_from)
    select ${alarmId}, device.id, given.silent_from
    from unnest(${ids}::int4[], ${devices.map(({ silentFrom }) => silentFrom)}::int8[]) as given (device_id, silent_from)
    join device on device.id = given.device_id
    on conflict (alarm_id, device_id) do update set released_at = null where alarm_suppressed.released_at is not null`.execute(
    tables,
  );
  const { rows } = await sql<{ id: string }>`
    update alarm set suppressed_count = counted.total
    from (select count(*)::int4 as total from alarm_suppressed where alarm_id = ${alarmId}) as counted
    where id = ${alarmId} and suppressed_count <> counted.total returning id`.execute(tables);
  return rows.length > 0;
}
