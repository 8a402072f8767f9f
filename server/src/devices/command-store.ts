import type { Actor, CommandState, JsonValue } from "@waremind/contract";
import { type ColumnType, type Generated, type Kysely, type Selectable, sql } from "kysely";
import { type Connection, tablesOf } from "../platform/database.ts";
import { int4Array } from "../platform/wire-arrays.ts";
import type { CommandTarget, DeviceCommand } from "./command.ts";
import type { DeviceTables } from "./tables.ts";

/** jsonb: written as text, read as the value. */
type Json<Value> = ColumnType<Value, string, string>;

interface CommandTables extends Pick<DeviceTables, "device" | "profile"> {
  deviceCommand: {
    id: string;
    number: Generated<number>;
    deviceId: number;
    method: string;
    params: Json<JsonValue>;
    isOneWay: boolean;
    isPersistent: boolean;
    state: CommandState;
    idempotencyKey: string;
    requestedBy: Json<Actor>;
    receiptId: string | null;
    attempts: Generated<number>;
    createdAt: number;
    expiresAt: number;
    sentAt: number | null;
    deliveredAt: number | null;
    endedAt: number | null;
    answer: Json<JsonValue> | null;
    error: string | null;
  };
}

const tablesIn = (connection: Connection): Kysely<CommandTables> => tablesOf<CommandTables>(connection);

type CommandRow = Selectable<CommandTables["deviceCommand"]> & { readonly deviceName: string | null };
const commandOf = (row: CommandRow): DeviceCommand => ({ ...row, deviceName: row.deviceName ?? "" });

/** People and screens know a device by its name, so each command comes with it. */
const deviceName = sql<string | null>`(
  select device.name from device where device.id = device_command.device_id)`.as("deviceName");

export async function selectTarget(
  connection: Connection,
  deviceName: string,
): Promise<CommandTarget | null> {
  const row = await tablesIn(connection)
    .selectFrom("device")
    .innerJoin("profile", "profile.id", "device.profileId")
    .select(["device.id", "device.name", "device.state", "profile.commands"])
    .where("device.name", "=", deviceName)
    .executeTakeFirst();
  return row === undefined ? null : { ...row, commands: row.commands as CommandTarget["commands"] };
}

/** Null when the idempotency key is used. */
export async function insertCommand(
  connection: Connection,
  command: Omit<
    DeviceCommand,
    "number" | "deviceName" | "attempts" | "sentAt" | "deliveredAt" | "endedAt" | "answer" | "error"
  >,
): Promise<DeviceCommand | null> {
  const row = await tablesIn(connection)
    .insertInto("deviceCommand")
    .values({
      ...command,
      params: JSON.stringify(command.params),
      requestedBy: JSON.stringify(command.requestedBy),
      ...{ sentAt: null, deliveredAt: null, endedAt: null, answer: null, error: null },
    })
    .onConflict((conflict) => conflict.column("idempotencyKey").doNothing())
    .returningAll()
    .returning(deviceName)
    .executeTakeFirst();
  return row === undefined ? null : commandOf(row);
}

export async function selectDeliverable(
  connection: Connection,
  where: { readonly deviceId: number; readonly at: number; readonly limit: number },
): Promise<readonly DeviceCommand[]> {
  const rows = await tablesIn(connection)
    .selectFrom("deviceCommand")
    .selectAll()
    .select(deviceName)
    .where("deviceId", "=", where.deviceId)
    .where("endedAt", "is", null)
    .where("state", "in", ["queued", "sent"])
    .where("expiresAt", ">", where.at)
    .orderBy("number")
    .limit(where.limit)
    .execute();
  return rows.map(commandOf);
}

export async function selectDevicesWithDeliverable(
  connection: Connection,
  deviceIds: readonly number[],
  at: number,
): Promise<readonly number[]> {
  if (deviceIds.length === 0) return [];
  const rows = await tablesIn(connection)
    .selectFrom("deviceCommand")
    .select("deviceId")
    .distinct()
    .where("deviceId", "=", sql<number>`any(${int4Array(deviceIds, (id) => id)}::int4[])`)
    .where("endedAt", "is", null)
    .where("state", "in", ["queued", "sent"])
    .where("expiresAt", ">", at)
    .execute();
  return rows.map((row) => row.deviceId);
}

export interface Move {
  readonly from: readonly CommandState[];
  readonly to: CommandState;
  readonly answer?: JsonValue;
  readonly error?: string;
}

const endStates: readonly CommandState[] = ["successful", "timeout", "expired", "failed", "deleted"];

/** One statement, so that of two who move a command one finds it moved. An ended one never moves again. */
export async function updateCommand(
  connection: Connection,
  number: number,
  { from, to, answer, error }: Move,
  at: number,
): Promise<DeviceCommand | null> {
  let query = tablesIn(connection)
    .updateTable("deviceCommand")
    .set({
      state: to,
      ...(to === "sent" ? { sentAt: at, attempts: sql<number>`attempts + 1` } : {}),
      ...(to === "delivered"
        ? { deliveredAt: at, endedAt: sql<number | null>`case when is_one_way then ${at}::int8 end` }
        : {}),
      ...(endStates.includes(to) ? { endedAt: at } : {}),
      ...(answer === undefined ? {} : { answer: JSON.stringify(answer) }),
      ...(error === undefined ? {} : { error }),
    })
    .where("number", "=", number)
    .where("state", "in", [...from])
    .where("endedAt", "is", null);
  // Nothing is sent after its lifetime, however long ago it was read.
  if (to === "sent") query = query.where("expiresAt", ">", at);
  const row = await query.returningAll().returning(deviceName).executeTakeFirst();
  return row === undefined ? null : commandOf(row);
}

export async function selectCommand(
  connection: Connection,
  where: { readonly id: string } | { readonly deviceId: number; readonly number: number },
): Promise<DeviceCommand | null> {
  const all = tablesIn(connection).selectFrom("deviceCommand").selectAll().select(deviceName);
  const query =
    "id" in where
      ? all.where("id", "=", where.id)
      : all.where("deviceId", "=", where.deviceId).where("number", "=", where.number);
  const row = await query.executeTakeFirst();
  return row === undefined ? null : commandOf(row);
}

/** Newest first. */
export async function selectCommands(
  connection: Connection,
  options: { readonly deviceId?: number; readonly limit: number; readonly beforeNumber?: number },
): Promise<readonly DeviceCommand[]> {
  let query = tablesIn(connection).selectFrom("deviceCommand").selectAll().select(deviceName);
  if (options.deviceId !== undefined) query = query.where("deviceId", "=", options.deviceId);
  if (options.beforeNumber !== undefined) query = query.where("number", "<", options.beforeNumber);
  const rows = await query.orderBy("number", "desc").limit(options.limit).execute();
  return rows.map(commandOf);
}

/** Two processes that expire at once share the work: neither waits for a row that the other holds. */
export async function expireOpen(
  connection: Connection,
  where: { readonly at: number; readonly limit: number },
): Promise<readonly DeviceCommand[]> {
  const { rows } = await sql<{ number: number }>`
    update device_command set ended_at = ${where.at}::int8,
      state = case when state = 'delivered' then 'timeout' else 'expired' end,
      error = case
        when state = 'delivered' then 'The device did not answer in time.'
        else 'The command was not delivered in its lifetime.' end
    where number in (
      select number from device_command where ended_at is null and expires_at <= ${where.at}::int8
      order by expires_at limit ${where.limit} for update skip locked)
    returning number`.execute(tablesIn(connection));
  if (rows.length === 0) return [];
  const numbers = rows.map((row) => row.number);
  const ended = await tablesIn(connection)
    .selectFrom("deviceCommand")
    .selectAll()
    .select(deviceName)
    .where("number", "=", sql<number>`any(${numbers}::int4[])`)
    .orderBy("number")
    .execute();
  return ended.map(commandOf);
}
