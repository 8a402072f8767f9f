import { sql } from "kysely";
import type { Clock } from "../platform/clock.ts";
import { type Connection, type Database, tablesOf } from "../platform/database.ts";
import { assert, DomainError } from "../platform/errors.ts";
import { noteMove } from "./connections.ts";
import type { Device, Profile } from "./device.ts";
import { deviceColumns, insertDeviceUnlessNamed, selectDevice } from "./device-store.ts";
import { insertDevices } from "./enter-devices.ts";
import type { IdentityCache } from "./identity-cache.ts";
import type { GatewayChildren } from "./provisioning.ts";
import { checkDeviceName } from "./registry.ts";
import type { DeviceTables } from "./tables.ts";

export const devicesPerGatewayMaxDefault = 1_000;
/** Whatever a gateway names no known profile for. */
const defaultProfileId = "default";
const defaultIntervalSeconds = 60;

const tablesIn = (connection: Connection) => tablesOf<DeviceTables>(connection);

/** Devices that speak through another; see `provisioning.ts`. */
export function createGatewayChildren(dependencies: {
  readonly database: Database;
  readonly clock: Clock;
  /** The one that `createDevices` was given. */
  readonly identities: IdentityCache;
}): GatewayChildren {
  const { database, clock, identities } = dependencies;
  return {
    openChild: async (connection, gateway, child) => {
      const { device, isAdopted } = await openChild(connection, gateway, { ...child, at: clock.now() });
      // One that was made just now is known under no name yet.
      if (isAdopted) identities.forget(device.id);
      return device;
    },
    enterChildren: async (connection, gateway, list) => {
      await requireRoom(connection, gateway, list.length);
      return insertDevices(
        connection,
        list.map((child) => ({ ...child, gatewayId: gateway.id })),
        clock.now(),
      );
    },
    childrenOf: (gatewayId) =>
      tablesIn(database)
        .selectFrom("device")
        .select(deviceColumns)
        .where("gatewayId", "=", gatewayId)
        .orderBy("name")
        .execute(),
  };
}

interface Opened {
  readonly device: Device;
  readonly isAdopted: boolean;
}

async function openChild(
  connection: Connection,
  gateway: Device,
  child: { readonly name: string; readonly profileName: string | null; readonly at: number },
): Promise<Opened> {
  const tables = tablesIn(connection);
  const { at } = child;
  const known = await selectDevice(tables, child.name);
  if (known?.gatewayId === gateway.id) return { device: activeChild(known), isAdopted: false };
  checkDeviceName(child.name);
  if (known !== null) await requireAdoptable(connection, gateway, known);
  await requireRoom(connection, gateway);
  if (known !== null)
    return { device: await adopt(connection, { gateway, device: known, at }), isAdopted: true };
  const { name, profileName } = child;
  const profileId = await profileOfChild(connection, profileName, at);
  const created = await insertDeviceUnlessNamed(
    connection,
    { name, label: "", profileId, isGateway: false, gatewayId: gateway.id, provisionedAt: at },
    at,
  );
  if (created !== null) return { device: created, isAdopted: false };
  // Entered by somebody else a moment ago.
  const other = await selectDevice(tables, name);
  assert(other !== null, `device ${name} was neither made nor found`);
  if (other.gatewayId === gateway.id) return { device: activeChild(other), isAdopted: false };
  await requireAdoptable(connection, gateway, other);
  return { device: await adopt(connection, { gateway, device: other, at }), isAdopted: true };
}

function activeChild(device: Device): Device {
  if (device.state === "active") return device;
  throw new DomainError(
    "not-allowed",
    {
      en: `The device ${device.name} is disabled; enable it before its gateway speaks for it.`,
      zh: `设备 ${device.name} 已停用；启用后网关才能代其通信。`,
    },
    { name: device.name },
  );
}

/** A device that can speak for itself is spoken for by nobody else. */
async function requireAdoptable(connection: Connection, gateway: Device, device: Device): Promise<void> {
  activeChild(device);
  const credential = await tablesIn(connection)
    .selectFrom("deviceCredential")
    .select("id")
    .where("deviceId", "=", device.id)
    .where("revokedAt", "is", null)
    .limit(1)
    .executeTakeFirst();
  if (device.id !== gateway.id && credential === undefined) return;
  throw new DomainError(
    "not-allowed",
    {
      en: `The device ${device.name} has credentials of its own, so the gateway ${gateway.name} may not speak for it. Revoke them first, or let it use another name.`,
      zh: `设备 ${device.name} 拥有自己的凭证，网关 ${gateway.name} 不能代其通信。请先吊销其凭证，或使用其他名称。`,
    },
    { name: device.name, gatewayName: gateway.name },
  );
}

/** One at a time for each gateway: two sessions cannot both take the last place. */
async function requireRoom(connection: Connection, gateway: Device, wanted = 1): Promise<void> {
  const tables = tablesIn(connection);
  const row = await tables
    .selectFrom("device")
    .innerJoin("profile", "profile.id", "device.profileId")
    .select("profile.limits")
    .where("device.id", "=", gateway.id)
    .forNoKeyUpdate("device")
    .executeTakeFirst();
  const limits = (row?.limits ?? {}) as Profile["limits"];
  const allowed = limits.devicesPerGatewayMax ?? devicesPerGatewayMaxDefault;
  const { count } = await tables
    .selectFrom("device")
    .select((expression) => expression.fn.countAll<number>().as("count"))
    .where("gatewayId", "=", gateway.id)
    .executeTakeFirstOrThrow();
  if (count + wanted <= allowed) return;
  throw new DomainError(
    "limit-reached",
    {
      en: `The gateway ${gateway.name} has ${count} devices, as many as its profile allows (${allowed}). Raise devicesPerGatewayMax or delete devices.`,
      zh: `网关 ${gateway.name} 已有 ${count} 个设备，达到其配置允许的上限（${allowed}）。请提高 devicesPerGatewayMax 或删除设备。`,
    },
    { limitName: "devices-per-gateway", gatewayName: gateway.name, allowed, observed: count + wanted },
  );
}

/** A child may roam: whichever gateway names it last speaks for it, and its history says so. */
async function adopt(
  connection: Connection,
  adoption: { readonly gateway: Device; readonly device: Device; readonly at: number },
): Promise<Device> {
  const { gateway, device } = adoption;
  await noteMove(connection, adoption);
  return tablesIn(connection)
    .updateTable("device")
    .set({ gatewayId: gateway.id })
    .where("id", "=", device.id)
    .returning(deviceColumns)
    .executeTakeFirstOrThrow();
}

/** By id, or by either name; the id wins. */
async function profileOfChild(connection: Connection, name: string | null, at: number): Promise<string> {
  if (name?.isWellFormed() && !name.includes("\0")) {
    const named = await tablesIn(connection)
      .selectFrom("profile")
      .select("id")
      .where((expression) =>
        expression.or([
          expression("id", "=", name),
          expression("nameEn", "=", name),
          expression("nameZh", "=", name),
        ]),
      )
      .orderBy(sql`id = ${name}`, "desc")
      .orderBy("id")
      .limit(1)
      .executeTakeFirst();
    if (named !== undefined) return named.id;
  }
  await tablesIn(connection)
    .insertInto("profile")
    .values({
      id: defaultProfileId,
      ...{ nameEn: "Default", nameZh: "默认", keys: "[]" },
      ...{ expectedIntervalSeconds: defaultIntervalSeconds, createdAt: at },
      ...{ provisionKey: null, provisionSecretHash: null, issuerPem: null, commonNamePattern: null },
    })
    .onConflict((conflict) => conflict.column("id").doNothing())
    .execute();
  return defaultProfileId;
}
