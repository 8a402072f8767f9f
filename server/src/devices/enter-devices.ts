// Many devices in a few statements, for tables of thousands: all of them or none.
import { type Connection, tablesOf } from "../platform/database.ts";
import { DomainError } from "../platform/errors.ts";
import { tokenInUse } from "./credentials.ts";
import type { Device } from "./device.ts";
import { deviceColumns } from "./device-store.ts";
import { prepareToken } from "./new-credential.ts";
import { checkDeviceLabel, checkDeviceName, requireProfile } from "./registry.ts";
import type { DeviceTables } from "./tables.ts";
import type { UnknownSecrets } from "./unknown-secrets.ts";

const tablesIn = (connection: Connection) => tablesOf<DeviceTables>(connection);

export interface EnteredDevice {
  readonly name: string;
  readonly label: string;
  readonly profileId: string;
  readonly isGateway?: boolean;
  /** The gateway that speaks for it. */
  readonly gatewayId?: number;
}

/**
 * In the order of the list; at most as many as one INSERT takes (`rowsPerInsertMax`).
 *
 * @throws DomainError `conflict` when a name is taken (also within the list), `not-found` for an unknown profile, `invalid-input`
 */
export async function insertDevices(
  connection: Connection,
  list: readonly EnteredDevice[],
  at: number,
): Promise<readonly Device[]> {
  for (const { name, label } of list) {
    checkDeviceName(name);
    checkDeviceLabel(label);
  }
  for (const profileId of new Set(list.map((one) => one.profileId)))
    await requireProfile(connection, profileId);
  const rows = list.map(({ isGateway = false, gatewayId, ...device }) => ({
    ...{ ...device, isGateway, createdAt: at, gatewayId: gatewayId ?? null },
    provisionedAt: gatewayId === undefined ? null : at,
  }));
  const tables = tablesIn(connection);
  const created = await tables
    .insertInto("device")
    .values(rows)
    .onConflict((conflict) => conflict.column("name").doNothing())
    .returning(deviceColumns)
    .execute();
  const byName = new Map(created.map((device) => [device.name, device]));
  const devices = list.flatMap(({ name }) => byName.get(name) ?? []);
  if (created.length < list.length || devices.length < list.length) throw nameTaken(list, byName);
  await tables
    .insertInto("deviceConnection")
    .values(
      devices.map(({ id }) => ({
        ...{ deviceId: id, transport: null, connectedAt: null, disconnectedAt: null },
        ...{ disconnectReason: null, lastHeardAt: null },
      })),
    )
    .execute();
  return devices;
}

function nameTaken(list: readonly EnteredDevice[], created: ReadonlyMap<string, Device>): DomainError {
  const name = list.find((one) => !created.has(one.name))?.name ?? list[0]?.name ?? "";
  return new DomainError(
    "conflict",
    { en: `A device named ${name} exists already.`, zh: `已有名为 ${name} 的设备。` },
    { name },
  );
}

/** Each with an access token, the given one or a new one. @throws as `insertDevices`; `conflict` when a token is in use */
export async function enterDevices(
  connection: Connection,
  list: readonly (EnteredDevice & { readonly token: string | undefined })[],
  context: { readonly at: number; readonly unknownSecrets: UnknownSecrets },
): Promise<readonly { readonly device: Device; readonly token: string }[]> {
  const { at, unknownSecrets } = context;
  const prepared = list.map(({ token }) => prepareToken(token));
  const devices = await insertDevices(
    connection,
    list.map(({ token: _token, ...device }) => device),
    at,
  );
  const entered = devices.flatMap((device, index) => {
    const credential = prepared[index];
    return credential?.shown.kind === "access-token"
      ? [
          {
            device,
            secretHash: credential.secretHash,
            hint: credential.shown.hint,
            token: credential.shown.token,
          },
        ]
      : [];
  });
  const written = await tablesIn(connection)
    .insertInto("deviceCredential")
    .values(
      entered.map(({ device, secretHash, hint }) => ({
        ...{ deviceId: device.id, kind: "access-token" as const, secretHash, hint },
        ...{ createdAt: at, revokedAt: null },
      })),
    )
    .onConflict((conflict) => conflict.column("secretHash").doNothing())
    .returning("id")
    .execute();
  if (written.length < list.length) throw tokenInUse();
  for (const { secretHash } of entered) unknownSecrets.added(secretHash);
  return entered.map(({ device, token }) => ({ device, token }));
}
