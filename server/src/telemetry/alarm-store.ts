import type { Alarm } from "@waremind/contract";
import { type Kysely, sql } from "kysely";
import { DomainError } from "../platform/errors.ts";
import { newId } from "../platform/ids.ts";
import { int4Array } from "../platform/wire-arrays.ts";
import type { AlarmRaise, Telemetry } from "./reading.ts";
import type { TelemetryTables } from "./tables.ts";

type Tables = Kysely<TelemetryTables>;

const alarmsMax = 1_000;

export async function insertAlarm(
  tables: Tables,
  alarm: AlarmRaise,
  learnedAt: number,
): Promise<string | null> {
  const raised = await tables
    .insertInto("alarm")
    .values({
      ...alarm,
      id: newId("alm", learnedAt),
      learnedAt,
      endedAt: null,
      acknowledgedAt: null,
      acknowledgedBy: null,
      ruleKind: alarm.ruleKind ?? null,
      raisedAt: alarm.raisedAt ?? null,
      peak: alarm.peak ?? null,
      cause: alarm.cause ?? null,
      ...{ endLearnedAt: null, withdrawnAt: null, assignedTo: null, assignedAt: null },
    })
    .onConflict((conflict) =>
      conflict
        .columns(["kind", "subjectKind", "subjectId", "ruleId"])
        .where("endedAt", "is", null)
        .doNothing(),
    )
    .returning("id")
    .executeTakeFirst();
  return raised?.id ?? null;
}

export async function endOpenAlarm(
  tables: Tables,
  alarm: Parameters<Telemetry["endAlarm"]>[1],
  learnedAt: number,
): Promise<string | null> {
  // The device before its alarm, as who deletes a device locks them: the next alarm of this transaction refers to it.
  await sql`
    select device.id from device where device.id in (
      select device_id from alarm where kind = ${alarm.kind} and subject_kind = ${alarm.subjectKind}
        and subject_id = ${alarm.subjectId} and rule_id = ${alarm.ruleId ?? ""} and ended_at is null)
    for key share`.execute(tables);
  const ended = await tables
    .updateTable("alarm")
    .set({ endedAt: alarm.endedAt, endLearnedAt: learnedAt })
    .where("kind", "=", alarm.kind)
    .where("subjectKind", "=", alarm.subjectKind)
    .where("subjectId", "=", alarm.subjectId)
    .where("ruleId", "=", alarm.ruleId ?? "")
    .where("endedAt", "is", null)
    .returning("id")
    .executeTakeFirst();
  return ended?.id ?? null;
}

/** The first acknowledgement stands, with its note. @throws DomainError `not-found` for an unknown alarm. */
export async function markAcknowledged(
  tables: Tables,
  acknowledgement: {
    readonly alarmId: string;
    readonly by: string;
    readonly note: string | null;
    readonly at: number;
  },
): Promise<void> {
  const { alarmId, by, note, at } = acknowledgement;
  const marked = await tables
    .updateTable("alarm")
    .set((builder) => ({
      acknowledgedNote: sql<
        string | null
      >`case when acknowledged_at is null then ${note}::text else acknowledged_note end`,
      acknowledgedAt: builder.fn.coalesce("acknowledgedAt", builder.val(at)),
      acknowledgedBy: builder.fn.coalesce("acknowledgedBy", builder.val(by)),
    }))
    .where("id", "=", alarmId)
    .returning("id")
    .executeTakeFirst();
  if (marked === undefined) throw noAlarm(alarmId);
}

/** `to` null: nobody. @throws DomainError `not-found` for an unknown alarm. */
export async function markAssigned(
  tables: Tables,
  alarmId: string,
  to: { readonly id: string; readonly name: string; readonly at: number } | null,
): Promise<void> {
  const marked = await tables
    .updateTable("alarm")
    .set({ assignedTo: to?.id ?? null, assignedName: to?.name ?? null, assignedAt: to?.at ?? null })
    .where("id", "=", alarmId)
    .returning("id")
    .executeTakeFirst();
  if (marked === undefined) throw noAlarm(alarmId);
}

function noAlarm(alarmId: string): DomainError {
  return new DomainError(
    "not-found",
    { en: `There is no alarm ${alarmId}.`, zh: `没有警报 ${alarmId}。` },
    { alarmId },
  );
}

/** With the profile of its device. */
export async function selectAlarm(
  tables: Tables,
  alarmId: string,
): Promise<{ readonly alarm: Alarm; readonly profileId: string | null } | null> {
  const row = await shownAlarms(tables)
    .select(sql<string | null>`device.profile_id`.as("profileId"))
    .where("alarm.id", "=", alarmId)
    .executeTakeFirst();
  if (row === undefined) return null;
  const { messageEn, messageZh, deviceId: _device, profileId, ...alarm } = row;
  return { alarm: { ...alarm, message: { en: messageEn, zh: messageZh } }, profileId };
}

function shownAlarms(tables: Tables) {
  return tables
    .selectFrom("alarm")
    .leftJoin("device", "device.id", "alarm.deviceId")
    .selectAll("alarm")
    .select("device.name as deviceName")
    .select(
      sql<boolean>`exists (select from alarm_rule_state as state where state.device_id = alarm.device_id
        and state.rule_id = alarm.rule_id and alarm.kind = 'rule' and state.stale_from is not null)`.as(
        "isBeingReevaluated",
      ),
    );
}

/** Newest first. */
export async function selectAlarms(
  tables: Tables,
  options: Parameters<Telemetry["alarms"]>[0],
): Promise<Alarm[]> {
  let query = shownAlarms(tables);
  if (options.onlyOpen === true) query = query.where("alarm.endedAt", "is", null);
  if (options.subjectKind !== undefined) query = query.where("alarm.subjectKind", "=", options.subjectKind);
  if (options.subjectId !== undefined) query = query.where("alarm.subjectId", "=", options.subjectId);
  if (options.severity !== undefined) query = query.where("alarm.severity", "=", options.severity);
  if (options.ruleId !== undefined) query = query.where("alarm.ruleId", "=", options.ruleId);
  if (options.text !== undefined) query = query.where(textIn(options.text));
  if (options.before !== undefined)
    query = query.where(
      sql<boolean>`(alarm.began_at, alarm.id) < (select began_at, id from alarm where id = ${options.before})`,
    );
  const rows = await query
    .orderBy("alarm.beganAt", "desc")
    .orderBy("alarm.id", "desc")
    .limit(Math.min(options.limit, alarmsMax))
    .execute();
  return rows.map(({ messageEn, messageZh, deviceId: _device, ...alarm }) => ({
    ...alarm,
    message: { en: messageEn, zh: messageZh },
  }));
}

/** In what it says in either language, whom it is about, or its device. */
function textIn(text: string) {
  const like = `%${text.replaceAll(/[\\%_]/g, (one) => `\\${one}`)}%`;
  return sql<boolean>`(alarm.message_en ilike ${like} or alarm.message_zh ilike ${like}
    or alarm.subject_label ilike ${like} or device.name ilike ${like})`;
}

/** The devices for which an alarm speaks, the longest silent first. */
export async function selectSuppressed(
  tables: Tables,
  alarmId: string,
): Promise<readonly { deviceName: string; silentFrom: number; releasedAt: number | null }[]> {
  return tables
    .selectFrom("alarmSuppressed")
    .innerJoin("device", "device.id", "alarmSuppressed.deviceId")
    .select(["device.name as deviceName", "silentFrom", "releasedAt"])
    .where("alarmId", "=", alarmId)
    .orderBy("silentFrom")
    .orderBy("device.name")
    .limit(alarmsMax)
    .execute();
}

export async function selectAlarmedSubjects(
  tables: Tables,
  alarm: Parameters<Telemetry["alarmedSubjects"]>[1],
): Promise<readonly string[]> {
  const rows = await tables
    .selectFrom("alarm")
    .select("subjectId")
    .where("kind", "=", alarm.kind)
    .where("subjectKind", "=", alarm.subjectKind)
    .where("ruleId", "=", alarm.ruleId)
    .where("endedAt", "is", null)
    .limit(alarmsMax)
    .execute();
  return rows.map((row) => row.subjectId);
}

export async function selectOpenRules(
  tables: Tables,
  seriesIds: readonly number[],
): ReturnType<Telemetry["openRules"]> {
  if (seriesIds.length === 0) return new Map();
  const { rows } = await sql<{ seriesId: number; observedAt: number; ruleId: string | null }>`
    select latest.series_id, latest.observed_at, alarm.rule_id from latest
    left join alarm on alarm.kind = 'rule' and alarm.ended_at is null and alarm.series_id = latest.series_id
    where latest.series_id = any(${int4Array(seriesIds, (id) => id)}::int4[])`.execute(tables);
  const open = new Map<number, { newestAt: number; ruleIds: string[] }>();
  for (const { seriesId, observedAt, ruleId } of rows) {
    const own = open.get(seriesId) ?? { newestAt: observedAt, ruleIds: [] };
    if (ruleId !== null) own.ruleIds.push(ruleId);
    open.set(seriesId, own);
  }
  return open;
}
