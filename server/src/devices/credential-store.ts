import { sql } from "kysely";
import { type Connection, tablesOf } from "../platform/database.ts";
import { DomainError } from "../platform/errors.ts";
import { sha256Array } from "../platform/wire-arrays.ts";
import type { Credential, CredentialKind } from "./credential.ts";
import type { DeviceIdentity, Profile } from "./device.ts";
import { deviceColumns, deviceOf, identityOf, profileColumns, profileOf } from "./device-store.ts";
import type { DeviceTables } from "./tables.ts";

const tablesIn = (connection: Connection) => tablesOf<DeviceTables>(connection);
const credentialColumns = ["id", "deviceId", "kind", "hint", "createdAt", "revokedAt"] as const;

/** Whom a secret stands for; `shut-out` when it was revoked or its device is disabled. */
export type Holder = DeviceIdentity | "shut-out" | "unknown";

/**
 * Looks up any number of secrets with two statements. Devices of one profile get the same profile, which thousands of
 * sessions then hold once.
 */
export async function selectHolders(
  connection: Connection,
  hashes: readonly Buffer[],
): Promise<(hash: Buffer) => Holder> {
  const holders = new Map<string, Holder>();
  if (hashes.length > 0) {
    const rows = await tablesIn(connection)
      .selectFrom("deviceCredential as credential")
      .innerJoin("device", "device.id", "credential.deviceId")
      .select(["credential.secretHash", "credential.revokedAt", ...deviceColumns])
      .where("credential.secretHash", "=", sql<Buffer>`any(${sha256Array(hashes)}::bytea[])`)
      .execute();
    const open = rows.filter((row) => row.revokedAt === null && row.state === "active");
    const profiles = await selectProfilesById(connection, [...new Set(open.map((row) => row.profileId))]);
    for (const row of rows) holders.set(nameOf(row.secretHash), "shut-out");
    for (const row of open) {
      const profile = profiles.get(row.profileId);
      // Absent when device and profile were deleted between the two statements.
      if (profile !== undefined) holders.set(nameOf(row.secretHash), { device: deviceOf(row), profile });
    }
  }
  return (hash) => holders.get(nameOf(hash)) ?? "unknown";
}

/** The store may answer a plain array of bytes. */
const nameOf = (hash: Uint8Array): string =>
  Buffer.from(hash.buffer, hash.byteOffset, hash.byteLength).toString("latin1");

async function selectProfilesById(
  connection: Connection,
  ids: readonly string[],
): Promise<ReadonlyMap<string, Profile>> {
  if (ids.length === 0) return new Map();
  const rows = await tablesIn(connection)
    .selectFrom("profile")
    .select(["id", ...profileColumns])
    .where("id", "in", ids)
    .execute();
  return new Map(rows.map((row) => [row.id, profileOf(row.id, row)]));
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
