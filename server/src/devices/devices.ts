import type { AlarmRule } from "@waremind/contract";
import type { Clock } from "../platform/clock.ts";
import { type Connection, type Database, tablesOf } from "../platform/database.ts";
import { assert, DomainError } from "../platform/errors.ts";
import { newId } from "../platform/ids.ts";
import { createBindingCache, withRules } from "./binding-cache.ts";
import { createConnections } from "./connections.ts";
import { selectIdentityById } from "./credential-store.ts";
import { findByToken, issueCredential } from "./credentials.ts";
import type { Binding, Device, DeviceEdit, Devices } from "./device.ts";
import {
  insertProfile,
  selectDevice,
  selectDeviceById,
  selectDevices,
  selectProfiles,
} from "./device-store.ts";
import { enterDevices } from "./enter-devices.ts";
import { createIdentityCache, type IdentityCache } from "./identity-cache.ts";
import { createDevice, deleteDevice, selectDeviceRows, updateDevice } from "./registry.ts";
import { hashOfToken } from "./secret-hashes.ts";
import { createSignIns } from "./sign-ins.ts";
import type { DeviceTables } from "./tables.ts";
import type { UnknownSecrets } from "./unknown-secrets.ts";

const tablesIn = (connection: Connection) => tablesOf<DeviceTables>(connection);

/** The registry: profiles, devices, their tokens, whether they are heard, and what they are bound to. */
export function createDevices(dependencies: {
  readonly database: Database;
  readonly clock: Clock;
  /** Shared with `createDeviceCredentials`; absent: one of its own. */
  readonly identities?: IdentityCache;
  /** Under which the devices that are connected here are marked, where there are other processes. */
  readonly processId?: string | undefined;
}): Devices {
  const { database, clock } = dependencies;
  const identities = dependencies.identities ?? createIdentityCache({ clock });
  const { unknownSecrets } = identities;
  const signIns = createSignIns({ database, clock, unknownSecrets });
  const bindings = createBindingCache({ database, clock });

  return {
    createProfile: (connection, profile) => insertProfile(tablesIn(connection), profile, clock.now()),
    listProfiles: () => selectProfiles(tablesIn(database)),
    createDevice: (connection, device) => createDevice(connection, device, clock.now()),
    enterDevices: (connection, list) => enterDevices(connection, list, { at: clock.now(), unknownSecrets }),
    issueAccessToken: (connection, deviceId, token) =>
      issueAccessToken(connection, { deviceId, token, at: clock.now(), unknownSecrets }),
    authenticate: (token) => findByToken(identities, signIns, hashOfToken(token)),
    identityOf: (deviceId) =>
      identities.find(`device:${deviceId}`, () => selectIdentityById(database, deviceId)),
    forget: (deviceId) => identities.forget(deviceId),
    listDevices: () => selectDevices(tablesIn(database)),
    findDevice: (name) => selectDevice(tablesIn(database), name),
    findDeviceById: (deviceId) => selectDeviceById(tablesIn(database), deviceId),
    updateDevice: (connection, name, edit) => changeDevice(identities, connection, name, edit),
    deleteDevice: async (connection, deviceId) => {
      await deleteDevice(connection, deviceId);
      identities.forget(deviceId);
      bindings.distrust();
    },
    deviceRows: (options) => selectDeviceRows(database, options.limitsSinceAt),
    tokenHints: () => selectTokenHints(database),
    ...createConnections({ database, clock, processId: dependencies.processId }),
    bind: async (connection, binding) => {
      bindings.distrust();
      return insertBinding(connection, binding, clock.now());
    },
    unbind: async (connection, bindingId, at) => {
      bindings.distrust();
      await endBinding(connection, bindingId, at ?? clock.now());
    },
    setBindingRules: async (connection, bindingId, rules) => {
      bindings.distrust();
      return updateBindingRules(connection, bindingId, rules);
    },
    liveBindings: (connection) => bindings.live(connection),
    bindingsOf: (targetId, connection) => selectBindingsOf(connection ?? database, targetId),
  };
}

async function changeDevice(
  identities: IdentityCache,
  connection: Connection,
  name: string,
  edit: DeviceEdit,
): Promise<Device> {
  const device = await updateDevice(connection, name, edit);
  identities.forget(device.id);
  return device;
}

async function issueAccessToken(
  connection: Connection,
  request: {
    readonly deviceId: number;
    readonly token: string | undefined;
    readonly at: number;
    readonly unknownSecrets: UnknownSecrets;
  },
): Promise<{ token: string; hint: string }> {
  const { deviceId, token, at, unknownSecrets } = request;
  // The key only matters to basic credentials.
  const issued = await issueCredential(connection, {
    ...{ deviceId, at, unknownSecrets, key: "", credential: { kind: "access-token", token } },
  });
  assert(issued.kind === "access-token", "a token was asked for");
  return { token: issued.token, hint: issued.hint };
}

async function selectTokenHints(database: Database): Promise<ReadonlyMap<number, string>> {
  const rows = await tablesIn(database)
    .selectFrom("deviceCredential")
    .select(["deviceId", "hint"])
    .where("revokedAt", "is", null)
    .orderBy("id")
    .execute();
  return new Map(rows.map((row) => [row.deviceId, row.hint]));
}

const bindingColumns = ["id", "kind", "deviceId", "seriesKey", "targetId", "boundAt", "alarmRules"] as const;

/** @throws DomainError `conflict` when this very binding is live already. */
async function insertBinding(
  connection: Connection,
  binding: Parameters<Devices["bind"]>[1],
  now: number,
): Promise<Binding> {
  const { kind, deviceId, seriesKey, targetId } = binding;
  const created = await tablesIn(connection)
    .insertInto("binding")
    .values({
      id: newId("bnd", now),
      kind,
      deviceId,
      seriesKey,
      targetId,
      boundAt: binding.boundAt ?? now,
      unboundAt: null,
      alarmRules: JSON.stringify(binding.alarmRules ?? []),
    })
    .onConflict((conflict) =>
      conflict.columns(["deviceId", "seriesKey", "targetId"]).where("unboundAt", "is", null).doNothing(),
    )
    .returning(bindingColumns)
    .executeTakeFirst();
  if (created !== undefined) return withRules(created);
  throw new DomainError(
    "conflict",
    {
      en: `Series ${seriesKey} of this device is bound to ${targetId} already.`,
      zh: `该设备的序列 ${seriesKey} 已绑定到 ${targetId}。`,
    },
    { deviceId, seriesKey, targetId },
  );
}

/** @throws DomainError `not-found` when no live binding has this id. */
async function endBinding(connection: Connection, bindingId: string, at: number): Promise<void> {
  const ended = await tablesIn(connection)
    .updateTable("binding")
    .set({ unboundAt: at })
    .where("id", "=", bindingId)
    .where("unboundAt", "is", null)
    .returning("id")
    .executeTakeFirst();
  if (ended === undefined) throw noSuchBinding(bindingId);
}

async function updateBindingRules(
  connection: Connection,
  bindingId: string,
  rules: readonly AlarmRule[],
): Promise<Binding> {
  const changed = await tablesIn(connection)
    .updateTable("binding")
    .set({ alarmRules: JSON.stringify(rules) })
    .where("id", "=", bindingId)
    .where("unboundAt", "is", null)
    .returning(bindingColumns)
    .executeTakeFirst();
  if (changed === undefined) throw noSuchBinding(bindingId);
  return withRules(changed);
}

function noSuchBinding(bindingId: string): DomainError {
  return new DomainError(
    "not-found",
    { en: `No live binding ${bindingId}.`, zh: `没有生效中的绑定 ${bindingId}。` },
    { bindingId },
  );
}

async function selectBindingsOf(
  connection: Connection,
  targetId: string,
): Promise<(Binding & { readonly unboundAt: number | null })[]> {
  const rows = await tablesIn(connection)
    .selectFrom("binding")
    .select([...bindingColumns, "unboundAt"])
    .where("targetId", "=", targetId)
    .orderBy("boundAt", "desc")
    .orderBy("id", "desc")
    .execute();
  return rows.map(withRules);
}
