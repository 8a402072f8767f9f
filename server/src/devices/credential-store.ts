import { type Connection, tablesOf } from "../platform/database.ts";
import { DomainError } from "../platform/errors.ts";
import type { Credential, CredentialKind } from "./credential.ts";
import type { DeviceIdentity } from "./device.ts";
import { deviceColumns, identityOf, profileColumns } from "./device-store.ts";
import type { DeviceTables } from "./tables.ts";

const tablesIn = (connection: Connection) => tablesOf<DeviceTables>(connection);
const credentialColumns = ["id", "deviceId", "kind", "hint", "createdAt", "revokedAt"] as const;

/** The active device that knows the first of these hashes that any knows; one query for all of them. */
export async function selectIdentityByHashes(
  connection: Connection,
  hashes: readonly Buffer[],
): Promise<DeviceIdentity | null> {
  if (hashes.length === 0) return null;
  const rows = await tablesIn(connection)
    .selectFrom("deviceCredential as credential")
    .innerJoin("device", "device.id", "credential.deviceId")
    .innerJoin("profile", "profile.id", "device.profileId")
    .select(["credential.secretHash", ...deviceColumns, ...profileColumns])
    .where("credential.secretHash", "in", hashes)
    .where("credential.revokedAt", "is", null)
    .where("device.state", "=", "active")
    .execute();
  for (const hash of hashes) {
    const row = rows.find((one) => hash.equals(one.secretHash));
    if (row !== undefined) return identityOf(row);
  }
  return null;
}

export async function selectIdentityById(
  connection: Connection,
  deviceId: number,
): Promise<DeviceIdentity | null> {
  const row = await tablesIn(connection)
    .selectFrom("device")
    .innerJoin("profile", "profile.id", "device.profileId")
    .select([...deviceColumns, ...profileColumns])
    .where("device.id", "=", deviceId)
    .where("device.state", "=", "active")
    .executeTakeFirst();
  return row === undefined ? null : identityOf(row);
}

/** Whether a hash is known at all: revoked, or of a disabled device, too. */
export async function isHashKnown(connection: Connection, hash: Buffer): Promise<boolean> {
  const row = await tablesIn(connection)
    .selectFrom("deviceCredential")
    .select("id")
    .where("secretHash", "=", hash)
    .executeTakeFirst();
  return row !== undefined;
}

/** Answers its id, or null when the hash is in use. */
export async function insertCredential(
  connection: Connection,
  credential: {
    readonly deviceId: number;
    readonly kind: CredentialKind;
    readonly secretHash: Buffer;
    readonly hint: string;
    readonly at: number;
  },
): Promise<number | null> {
  const { at, ...values } = credential;
  const written = await tablesIn(connection)
    .insertInto("deviceCredential")
    .values({ ...values, createdAt: at, revokedAt: null })
    .onConflict((conflict) => conflict.column("secretHash").doNothing())
    .returning("id")
    .executeTakeFirst();
  return written?.id ?? null;
}

export async function selectCredentials(connection: Connection, deviceId: number): Promise<Credential[]> {
  return tablesIn(connection)
    .selectFrom("deviceCredential")
    .select(credentialColumns)
    .where("deviceId", "=", deviceId)
    .orderBy("id")
    .execute();
}

export async function selectCredential(connection: Connection, id: number): Promise<Credential | null> {
  const row = await tablesIn(connection)
    .selectFrom("deviceCredential")
    .select(credentialColumns)
    .where("id", "=", id)
    .executeTakeFirst();
  return row ?? null;
}

/** A revoked one stays revoked since when it first was. @throws DomainError `not-found`. */
export async function revokeCredential(connection: Connection, id: number, at: number): Promise<Credential> {
  const revoked = await tablesIn(connection)
    .updateTable("deviceCredential")
    .set((expression) => ({ revokedAt: expression.fn.coalesce("revokedAt", expression.val(at)) }))
    .where("id", "=", id)
    .returning(credentialColumns)
    .executeTakeFirst();
  if (revoked !== undefined) return revoked;
  throw new DomainError(
    "not-found",
    { en: `There is no credential ${id}.`, zh: `没有编号为 ${id} 的凭证。` },
    { credentialId: id },
  );
}
