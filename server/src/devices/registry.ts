// Devices as they are entered, changed and taken out, and all of them at once as a table shows them.
import { deviceNameLengthMax } from "@waremind/contract";
import { sql } from "kysely";
import { type Connection, type Database, tablesOf } from "../platform/database.ts";
import { DomainError } from "../platform/errors.ts";
import type { Device, DeviceEdit, DeviceRegistryRow, NewDevice } from "./device.ts";
import { deviceColumns, insertDeviceUnlessNamed } from "./device-store.ts";
import type { DeviceTables } from "./tables.ts";

const tablesIn = (connection: Connection) => tablesOf<DeviceTables>(connection);
const labelLengthMax = 255;

/** @throws DomainError `conflict` when the name is taken, `not-found` for an unknown profile, `invalid-input`. */
export async function createDevice(connection: Connection, device: NewDevice, at: number): Promise<Device> {
  checkDeviceName(device.name);
  checkDeviceLabel(device.label);
  await requireProfile(connection, device.profileId);
  const { name, label, profileId, isGateway = false, provisionedAt = null } = device;
  const created = await insertDeviceUnlessNamed(
    connection,
    { name, label, profileId, isGateway, ...(provisionedAt === null ? {} : { provisionedAt }) },
    at,
  );
  if (created !== null) return created;
  throw new DomainError(
    "conflict",
    { en: `A device named ${name} exists already.`, zh: `已有名为 ${name} 的设备。` },
    { name },
  );
}

/** @throws DomainError `not-found` for an unknown device or profile, `invalid-input`. */
export async function updateDevice(connection: Connection, name: string, edit: DeviceEdit): Promise<Device> {
  if (edit.label !== undefined) checkDeviceLabel(edit.label);
  if (edit.profileId !== undefined) await requireProfile(connection, edit.profileId);
  const values = Object.fromEntries(Object.entries(edit).filter(([, value]) => value !== undefined));
  const tables = tablesIn(connection);
  const device =
    Object.keys(values).length === 0
      ? await tables.selectFrom("device").select(deviceColumns).where("name", "=", name).executeTakeFirst()
      : await tables
          .updateTable("device")
          .set(values)
          .where("name", "=", name)
          .returning(deviceColumns)
          .executeTakeFirst();
  if (device !== undefined) return device;
  throw new DomainError(
    "not-found",
    { en: `There is no device named ${name}.`, zh: `没有名为 ${name} 的设备。` },
    { name },
  );
}

/** @throws DomainError `not-found` */
export async function deleteDevice(connection: Connection, deviceId: number): Promise<void> {
  const gone = await tablesIn(connection)
    .deleteFrom("device")
    .where("id", "=", deviceId)
    .returning("id")
    .executeTakeFirst();
  if (gone !== undefined) return;
  throw new DomainError(
    "not-found",
    { en: `There is no device ${deviceId}.`, zh: `没有编号为 ${deviceId} 的设备。` },
    { deviceId },
  );
}

/** @throws DomainError `not-found` */
export async function requireProfile(connection: Connection, profileId: string): Promise<void> {
  const profile = await tablesIn(connection)
    .selectFrom("profile")
    .select("id")
    .where("id", "=", profileId)
    .executeTakeFirst();
  if (profile !== undefined) return;
  throw new DomainError(
    "not-found",
    {
      en: `There is no device profile ${profileId}; create it first.`,
      zh: `没有设备配置 ${profileId}，请先创建。`,
    },
    { profileId },
  );
}

/** @throws DomainError `invalid-input` */
export function checkDeviceName(name: string): void {
  if (name.trim() !== "" && name.length <= deviceNameLengthMax && isPlain(name)) return;
  throw new DomainError(
    "invalid-input",
    {
      en: `A device's name has 1 to ${deviceNameLengthMax} characters, not all of them spaces and none a control character.`,
      zh: `设备名称须为 1 到 ${deviceNameLengthMax} 个字符，不能全是空格，也不含控制字符。`,
    },
    { field: "name", name: name.slice(0, deviceNameLengthMax), lengthMax: deviceNameLengthMax },
  );
}

/** @throws DomainError `invalid-input` */
export function checkDeviceLabel(label: string): void {
  if (label.length <= labelLengthMax && isPlain(label)) return;
  throw new DomainError(
    "invalid-input",
    {
      en: `A device's label has at most ${labelLengthMax} characters, none of them a control character.`,
      zh: `设备标签最多 ${labelLengthMax} 个字符，且不含控制字符。`,
    },
    { field: "label", lengthMax: labelLengthMax },
  );
}

const isPlain = (text: string): boolean => text.isWellFormed() && !/\p{Cc}/u.test(text);

/** One statement for all devices. */
export async function selectDeviceRows(
  database: Database,
  limitsSinceAt: number,
): Promise<readonly DeviceRegistryRow[]> {
  const { rows } = await sql<DeviceRegistryRow>`
    select device.id, device.name, device.label, device.profile_id, device.state, device.is_gateway,
      gateway.name as gateway_name, coalesce(known.is_connected, false) as is_connected, known.transport,
      known.connected_at, known.disconnected_at, known.last_heard_at, profile.expected_interval_seconds,
      coalesce(limits.times, 0)::int8 as limits_met,
      case when release.id is not null then release.title || ' ' || release.version end as firmware
    from device
    join profile on profile.id = device.profile_id
    left join device as gateway on gateway.id = device.gateway_id
    left join device_connection as known on known.device_id = device.id
    left join release on release.id = device.firmware_release_id
    left join (
      select device_id, sum(times)::int8 as times from device_limit_event
      where minute_at >= ${limitsSinceAt} group by device_id
    ) as limits on limits.device_id = device.id
    order by device.name`.execute(tablesIn(database));
  return rows;
}
