import { readStoredRules } from "@waremind/contract";
import type { Kysely, Selectable } from "kysely";
import { type Connection, tablesOf } from "../platform/database.ts";
import type { Device, DeviceIdentity, NewProfile, Profile } from "./device.ts";
import type { DeviceTables } from "./tables.ts";

type Tables = Kysely<DeviceTables>;

export const deviceColumns = [
  "device.id",
  "device.name",
  "device.label",
  "device.profileId",
  "device.state",
  "device.isGateway",
  "device.gatewayId",
  "device.firmwareReleaseId",
  "device.softwareReleaseId",
] as const;

export const profileColumns = [
  "profile.nameEn",
  "profile.nameZh",
  "profile.keys",
  "profile.expectedIntervalSeconds",
  "profile.version",
  "profile.commands",
  "profile.transport",
  "profile.limits",
  "profile.alarmRules",
] as const;

type ProfileRow = Pick<
  Selectable<DeviceTables["profile"]>,
  | "nameEn"
  | "nameZh"
  | "keys"
  | "expectedIntervalSeconds"
  | "version"
  | "commands"
  | "transport"
  | "limits"
  | "alarmRules"
>;

export function profileOf(id: string, row: ProfileRow): Profile {
  return {
    id,
    nameEn: row.nameEn,
    nameZh: row.nameZh,
    keys: row.keys as Profile["keys"],
    expectedIntervalSeconds: row.expectedIntervalSeconds,
    version: row.version,
    commands: row.commands as Profile["commands"],
    transport: row.transport as Profile["transport"],
    limits: row.limits as Profile["limits"],
    alarmRules: readStoredRules(row.alarmRules),
  };
}

export async function insertProfile(tables: Tables, profile: NewProfile, at: number): Promise<void> {
  const { id, nameEn, nameZh, expectedIntervalSeconds } = profile;
  await tables
    .insertInto("profile")
    .values({
      ...{ id, nameEn, nameZh, expectedIntervalSeconds, createdAt: at },
      keys: JSON.stringify(profile.keys),
      commands: JSON.stringify(profile.commands ?? []),
      transport: JSON.stringify(profile.transport ?? { payloadType: "json" }),
      limits: JSON.stringify(profile.limits ?? {}),
      alarmRules: JSON.stringify(profile.alarmRules ?? []),
    })
    .execute();
}

export async function selectProfiles(tables: Tables): Promise<Profile[]> {
  const rows = await tables
    .selectFrom("profile")
    .select(["id", ...profileColumns])
    .orderBy("id")
    .execute();
  return rows.map((row) => profileOf(row.id, row));
}

/** The row of what is known of its connection comes with it, so that intake need only update. Null: the name is taken. */
export async function insertDeviceUnlessNamed(
  connection: Connection,
  device: {
    readonly name: string;
    readonly label: string;
    readonly profileId: string;
    readonly isGateway: boolean;
    readonly gatewayId?: number;
    readonly provisionedAt?: number;
  },
  at: number,
): Promise<Device | null> {
  const tables = tablesOf<DeviceTables>(connection);
  const created = await tables
    .insertInto("device")
    .values({ ...device, createdAt: at })
    .onConflict((conflict) => conflict.column("name").doNothing())
    .returning(deviceColumns)
    .executeTakeFirst();
  if (created === undefined) return null;
  await tables
    .insertInto("deviceConnection")
    .values({
      deviceId: created.id,
      transport: null,
      connectedAt: null,
      disconnectedAt: null,
      disconnectReason: null,
      lastHeardAt: null,
    })
    .execute();
  return created;
}

export async function selectDevices(tables: Tables): Promise<Device[]> {
  return tables.selectFrom("device").select(deviceColumns).orderBy("name").execute();
}

export async function selectDevice(tables: Tables, name: string): Promise<Device | null> {
  const row = await tables
    .selectFrom("device")
    .select(deviceColumns)
    .where("name", "=", name)
    .executeTakeFirst();
  return row ?? null;
}

export async function selectDeviceById(tables: Tables, id: number): Promise<Device | null> {
  const row = await tables.selectFrom("device").select(deviceColumns).where("id", "=", id).executeTakeFirst();
  return row ?? null;
}

export function identityOf(row: Device & ProfileRow): DeviceIdentity {
  return { device: deviceOf(row), profile: profileOf(row.profileId, row) };
}

/** The columns of a device, without the others of its row. */
export function deviceOf(row: Device): Device {
  const { id, name, label, profileId, state, isGateway, gatewayId, firmwareReleaseId, softwareReleaseId } =
    row;
  return { id, name, label, profileId, state, isGateway, gatewayId, firmwareReleaseId, softwareReleaseId };
}
