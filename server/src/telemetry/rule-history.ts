// What the store keeps for alarm rules: how far each is judged, the readings it is judged by, and its alarms of the past.
import type { Alarm, RuleKind } from "@waremind/contract";
import { type Kysely, sql } from "kysely";
import type { Clock } from "../platform/clock.ts";
import { type Connection, tablesOf } from "../platform/database.ts";
import { newId } from "../platform/ids.ts";
import { int4Array, int8Array } from "../platform/wire-arrays.ts";
import type { TelemetryTables } from "./tables.ts";

type Tables = Kysely<TelemetryTables>;

/** How far one rule is judged on one device. */
export interface RuleStateRow {
  readonly deviceId: number;
  readonly ruleId: string;
  readonly fingerprint: string;
  /** Readings from here on are judged; null: all. */
  readonly judgedFrom: number | null;
  /** What ended up to here was before the rule; null: nothing was. */
  readonly knownFrom: number | null;
  /** JSON of all readings up to its `foldedTo`; null: of none. */
  readonly state: unknown;
  /** The earliest late reading that is not judged yet; null: there is none. */
  readonly staleFrom: number | null;
  /** Grows whenever something is late that is not judged yet. */
  readonly revision: number;
}

export interface RuleReading {
  readonly seriesId: number;
  readonly at: number;
  readonly value: number | string | boolean;
}

/** An alarm of a rule as far as a correction looks at it. */
export interface RuleAlarm {
  readonly id: string;
  readonly deviceId: number;
  readonly ruleId: string;
  readonly beganAt: number;
  readonly raisedAt: number | null;
  readonly endedAt: number | null;
  readonly value: number | null;
  readonly peak: number | null;
}

export interface RuleAlarmFields {
  readonly beganAt: number;
  readonly raisedAt: number;
  readonly endedAt: number | null;
  readonly value: number | null;
  readonly peak: number | null;
  readonly messageEn: string;
  readonly messageZh: string;
}

export interface NewRuleAlarm extends RuleAlarmFields {
  readonly ruleId: string;
  readonly ruleKind: RuleKind;
  readonly severity: Alarm["severity"];
  readonly deviceId: number;
  readonly subjectLabel: string;
  readonly seriesId: number | null;
  readonly unit: string | null;
  readonly cause: Alarm["cause"];
}

export interface RuleHistory {
  /** In the order of device and rule; `isLocked` until the end of the transaction. */
  states(
    connection: Connection,
    deviceIds: readonly number[],
    options?: { readonly isLocked: boolean },
  ): Promise<readonly RuleStateRow[]>;
  /** Adds and replaces; rows of deleted devices are passed over. The revision stays. */
  saveStates(connection: Connection, rows: readonly Omit<RuleStateRow, "revision">[]): Promise<void>;
  forgetStates(connection: Connection, deviceId: number, ruleIds: readonly string[]): Promise<void>;
  /** Something of `at` came late and is left to a job. */
  markStale(
    connection: Connection,
    stale: { readonly deviceId: number; readonly ruleId: string; readonly at: number },
  ): Promise<void>;
  /** Of each series its oldest readings after an instant, at most `limit` of each; JSON is left out. In order of time. */
  readingsAfter(
    connection: Connection,
    series: readonly { readonly seriesId: number; readonly after: number }[],
    limit: number,
  ): Promise<readonly RuleReading[]>;
  /** Of each series its newest `limit` instants. */
  newestOf(
    connection: Connection,
    seriesIds: readonly number[],
    limit: number,
  ): Promise<readonly { readonly seriesId: number; readonly at: number; readonly sequence: number }[]>;
  /** Alarms of rules that are open or ended after an instant; what was withdrawn is none. Oldest first. */
  alarmsOf(
    connection: Connection,
    deviceIds: readonly number[],
    options: { readonly endedAfter: number; readonly ruleId?: string },
  ): Promise<readonly RuleAlarm[]>;
  /** Whether another alarm spoke for a silence that began then. */
  isSpokenFor(connection: Connection, deviceId: number, silentFrom: number): Promise<boolean>;
  /** Before its alarms are changed, as who deletes a device locks them. */
  lockDevice(connection: Connection, deviceId: number): Promise<void>;
  /** Answers its id; null when one of this rule and device is open already. */
  addAlarm(connection: Connection, alarm: NewRuleAlarm): Promise<string | null>;
  correctAlarm(connection: Connection, id: string, fields: RuleAlarmFields): Promise<void>;
  /** It never was: it stays, with what people did with it, and has ended. */
  withdrawAlarm(connection: Connection, id: string): Promise<void>;
}

const tablesIn = (connection: Connection) => tablesOf<TelemetryTables>(connection);

export function createRuleHistory({ clock }: { readonly clock: Clock }): RuleHistory {
  return {
    states: (connection, deviceIds, options) =>
      selectStates(tablesIn(connection), deviceIds, options?.isLocked === true),
    saveStates: (connection, rows) => upsertStates(tablesIn(connection), rows),
    forgetStates: async (connection, deviceId, ruleIds) => {
      if (ruleIds.length === 0) return;
      await tablesIn(connection)
        .deleteFrom("alarmRuleState")
        .where("deviceId", "=", deviceId)
        .where("ruleId", "in", [...ruleIds])
        .execute();
    },
    markStale: async (connection, { deviceId, ruleId, at }) => {
      await sql`
        update alarm_rule_state set stale_from = least(coalesce(stale_from, ${at}::int8), ${at}::int8), revision = revision + 1
        where device_id = ${deviceId} and rule_id = ${ruleId}`.execute(tablesIn(connection));
    },
    readingsAfter: (connection, series, limit) => selectAfter(tablesIn(connection), series, limit),
    newestOf: (connection, seriesIds, limit) => selectNewest(tablesIn(connection), seriesIds, limit),
    alarmsOf: (connection, deviceIds, options) => selectRuleAlarms(tablesIn(connection), deviceIds, options),
    isSpokenFor: async (connection, deviceId, silentFrom) => {
      const found = await tablesIn(connection)
        .selectFrom("alarmSuppressed")
        .select("alarmId")
        .where("deviceId", "=", deviceId)
        .where("silentFrom", "=", silentFrom)
        .executeTakeFirst();
      return found !== undefined;
    },
    lockDevice: async (connection, deviceId) => {
      await sql`select id from device where id = ${deviceId} for key share`.execute(tablesIn(connection));
    },
    addAlarm: (connection, alarm) => insertRuleAlarm(tablesIn(connection), alarm, clock.now()),
    correctAlarm: (connection, id, fields) =>
      updateRuleAlarm(tablesIn(connection), { id, fields, at: clock.now() }),
    withdrawAlarm: async (connection, id) => {
      const now = clock.now();
      await tablesIn(connection)
        .updateTable("alarm")
        .set((builder) => ({
          withdrawnAt: now,
          endedAt: builder.fn.coalesce("endedAt", builder.val(now)),
          endLearnedAt: builder.fn.coalesce("endLearnedAt", builder.val(now)),
        }))
        .where("id", "=", id)
        .execute();
    },
  };
}

async function selectStates(
  tables: Tables,
  deviceIds: readonly number[],
  isLocked: boolean,
): Promise<readonly RuleStateRow[]> {
  if (deviceIds.length === 0) return [];
  const { rows } = await sql<RuleStateRow>`
    select device_id, rule_id, fingerprint, judged_from, known_from, state, stale_from, revision from alarm_rule_state
    where device_id = any(${int4Array(deviceIds, (id) => id)}::int4[]) order by device_id, rule_id
    ${isLocked ? sql`for update` : sql``}`.execute(tables);
  return rows;
}

async function upsertStates(tables: Tables, rows: readonly Omit<RuleStateRow, "revision">[]): Promise<void> {
  if (rows.length === 0) return;
  const sorted = rows.toSorted((a, b) => a.deviceId - b.deviceId || (a.ruleId < b.ruleId ? -1 : 1));
  await sql`
    insert into alarm_rule_state (device_id, rule_id, fingerprint, judged_from, known_from, state, stale_from)
    select device.id, given.rule_id, given.fingerprint, given.judged_from, given.known_from, given.state::jsonb, given.stale_from
    from unnest(${int4Array(sorted, (row) => row.deviceId)}::int4[], ${sorted.map((row) => row.ruleId)}::text[],
      ${sorted.map((row) => row.fingerprint)}::text[], ${sorted.map((row) => row.judgedFrom)}::int8[],
      ${sorted.map((row) => row.knownFrom)}::int8[],
      ${sorted.map((row) => (row.state === null ? null : JSON.stringify(row.state)))}::text[],
      ${sorted.map((row) => row.staleFrom)}::int8[])
      as given (device_id, rule_id, fingerprint, judged_from, known_from, state, stale_from)
    join device on device.id = given.device_id
    on conflict (device_id, rule_id) do update set fingerprint = excluded.fingerprint, judged_from = excluded.judged_from,
      known_from = excluded.known_from, state = excluded.state, stale_from = excluded.stale_from`.execute(
    tables,
  );
}

interface ReadingRow {
  readonly seriesId: number;
  readonly observedAt: number;
  readonly number: number | null;
  readonly text: string | null;
  readonly boolean: boolean | null;
}

async function selectAfter(
  tables: Tables,
  series: readonly { readonly seriesId: number; readonly after: number }[],
  limit: number,
): Promise<readonly RuleReading[]> {
  if (series.length === 0) return [];
  const { rows } = await sql<ReadingRow>`
    select found.series_id, found.observed_at, found.number, found.text, found.boolean
    from unnest(${int4Array(series, (one) => one.seriesId)}::int4[], ${int8Array(series, (one) => one.after)}::int8[])
      as wanted (series_id, after_at)
    cross join lateral (
      select series_id, observed_at, sequence, number, text, boolean from reading
      where reading.series_id = wanted.series_id and observed_at > wanted.after_at
      order by observed_at, sequence limit ${limit}) as found
    order by found.observed_at`.execute(tables);
  return rows.flatMap(({ seriesId, observedAt, number, text, boolean }) => {
    const value = number ?? boolean ?? text;
    return value === null ? [] : [{ seriesId, at: observedAt, value }];
  });
}

async function selectNewest(
  tables: Tables,
  seriesIds: readonly number[],
  limit: number,
): ReturnType<RuleHistory["newestOf"]> {
  if (seriesIds.length === 0) return [];
  const { rows } = await sql<{ seriesId: number; at: number; sequence: number }>`
    select found.series_id, found.observed_at as at, found.sequence
    from unnest(${int4Array(seriesIds, (id) => id)}::int4[]) as wanted (series_id)
    cross join lateral (
      select series_id, observed_at, sequence from reading where reading.series_id = wanted.series_id
      order by observed_at desc, sequence desc limit ${limit}) as found`.execute(tables);
  return rows;
}

async function selectRuleAlarms(
  tables: Tables,
  deviceIds: readonly number[],
  { endedAfter, ruleId }: { readonly endedAfter: number; readonly ruleId?: string },
): Promise<readonly RuleAlarm[]> {
  if (deviceIds.length === 0) return [];
  let query = tables
    .selectFrom("alarm")
    .select(["id", "subjectId", "ruleId", "beganAt", "raisedAt", "endedAt", "value", "peak"])
    .where("kind", "=", "rule")
    .where("subjectKind", "=", "device")
    .where("subjectId", "in", deviceIds.map(String))
    .where("ruleId", "!=", "follower-failed")
    .where("withdrawnAt", "is", null)
    .where((where) => where.or([where("endedAt", "is", null), where("endedAt", ">", endedAfter)]));
  if (ruleId !== undefined) query = query.where("ruleId", "=", ruleId);
  const rows = await query.orderBy("beganAt").orderBy("id").execute();
  return rows.map(({ subjectId, ...row }) => ({ ...row, deviceId: Number(subjectId) }));
}

async function insertRuleAlarm(tables: Tables, alarm: NewRuleAlarm, now: number): Promise<string | null> {
  const { deviceId, ...fields } = alarm;
  const added = await tables
    .insertInto("alarm")
    .values({
      ...fields,
      ...{
        id: newId("alm", now),
        kind: "rule",
        subjectKind: "device",
        subjectId: String(deviceId),
        deviceId,
      },
      ...{ learnedAt: now, endLearnedAt: alarm.endedAt === null ? null : now, withdrawnAt: null },
      ...{ acknowledgedAt: null, acknowledgedBy: null, assignedTo: null, assignedAt: null },
    })
    .onConflict((conflict) =>
      conflict
        .columns(["kind", "subjectKind", "subjectId", "ruleId"])
        .where("endedAt", "is", null)
        .doNothing(),
    )
    .returning("id")
    .executeTakeFirst();
  return added?.id ?? null;
}

/** When its end was learned changes only with the end. */
async function updateRuleAlarm(
  tables: Tables,
  { id, fields, at }: { readonly id: string; readonly fields: RuleAlarmFields; readonly at: number },
): Promise<void> {
  const { endedAt } = fields;
  await tables
    .updateTable("alarm")
    .set({
      ...fields,
      endLearnedAt:
        endedAt === null
          ? null
          : sql<number>`case when ended_at is not distinct from ${endedAt}::int8 then coalesce(end_learned_at, ${at}::int8) else ${at}::int8 end`,
    })
    .where("id", "=", id)
    .execute();
}
