// Packages for devices: kept in parts, taken in only when checksum and signature hold.
import { type Kysely, sql } from "kysely";
import type { Clock } from "../platform/clock.ts";
import { type Connection, type Database, tablesOf } from "../platform/database.ts";
import { DomainError } from "../platform/errors.ts";
import { newId } from "../platform/ids.ts";
import { int4Array } from "../platform/wire-arrays.ts";
import { digestPackage } from "./package-digests.ts";
import {
  type ChecksumAlgorithm,
  type DeviceReleases,
  type PackageDigests,
  type Release,
  type ReleaseKey,
  type ReleaseKind,
  type ReleaseUses,
  releaseLimits,
} from "./release.ts";
import { isReleaseName, isSignedBy, manifestOf, publicKeyOf } from "./release-package.ts";
import type { ReleaseTables } from "./release-tables.ts";

type Tables = Kysely<ReleaseTables>;
const tablesIn = (connection: Connection): Tables => tablesOf<ReleaseTables>(connection);

/** A thousand devices fetch the same parts at the same time. */
const partsCachedMax = 64;
const keysMax = 100;
const listedMax = 1_000;
const usesMax = 100;

export const assignedColumn = {
  firmware: "firmwareReleaseId",
  software: "softwareReleaseId",
} as const satisfies Record<ReleaseKind, string>;

export function createDeviceReleases(dependencies: {
  readonly database: Database;
  readonly clock: Clock;
}): DeviceReleases {
  const { database, clock } = dependencies;
  const tables = tablesIn(database);
  const parts = createPartCache((releaseId, position) => selectPart(tables, releaseId, position));
  return {
    addKey: (connection, key) => addKey(tablesIn(connection), key, clock.now()),
    keys: () => tables.selectFrom("releaseKey").selectAll().orderBy("createdAt").execute(),
    revokeKey: (connection, keyId) => revokeKey(tablesIn(connection), keyId, clock.now()),
    digest: (bytes, algorithm) => digestPackage({ bytes, algorithm }),
    upload: async (connection, release, bytes, digests) =>
      upload(tablesIn(connection), release, {
        bytes,
        digests: digests ?? (await digestPackage({ bytes, algorithm: release.checksumAlgorithm })),
        at: clock.now(),
      }),
    find: (releaseId, connection) => selectRelease(tablesIn(connection ?? database), releaseId),
    list: async () =>
      (
        await tables
          .selectFrom("release")
          .selectAll()
          .orderBy("createdAt", "desc")
          .orderBy("id", "desc")
          .limit(listedMax)
          .execute()
      ).map(asRelease),
    usesOf: (connection, releaseId) => selectUses(tablesIn(connection), releaseId),
    remove: async (connection, releaseId) => {
      await tablesIn(connection).deleteFrom("release").where("id", "=", releaseId).execute();
    },
    read: async (releaseId, from, to) => {
      const release = await selectRelease(tables, releaseId);
      return release === null ? Buffer.alloc(0) : readBytes(parts, release, from, to);
    },
    assigned: (deviceId, kind) => selectAssigned(tables, deviceId, kind),
    assign: async (connection, deviceIds, kind, releaseId) => {
      if (deviceIds.length === 0) return;
      await tablesIn(connection)
        .updateTable("device")
        .set({ [assignedColumn[kind]]: releaseId })
        .where(sql<boolean>`id = any(${int4Array(deviceIds, (id) => id)}::int4[])`)
        .execute();
    },
  };
}

async function addKey(
  tables: Tables,
  key: { readonly name: string; readonly publicPem: string },
  at: number,
): Promise<ReleaseKey> {
  // In one spelling, so that the same key with other line ends is the same key.
  const publicPem = publicKeyOf(key.publicPem).export({ type: "spki", format: "pem" }).toString();
  const { count } = await tables
    .selectFrom("releaseKey")
    .select((select) => select.fn.countAll<number>().as("count"))
    .executeTakeFirstOrThrow();
  if (Number(count) >= keysMax) {
    throw new DomainError(
      "limit-reached",
      { en: `There are ${keysMax} keys already.`, zh: `已有 ${keysMax} 个密钥。` },
      { keysMax },
    );
  }
  const added = await tables
    .insertInto("releaseKey")
    .values({ id: newId("rky", at), name: key.name, publicPem, createdAt: at, revokedAt: null })
    .onConflict((conflict) => conflict.column("publicPem").doNothing())
    .returningAll()
    .executeTakeFirst();
  if (added !== undefined) return added;
  throw new DomainError("conflict", { en: "This key is there already.", zh: "该密钥已存在。" });
}

async function revokeKey(tables: Tables, keyId: string, at: number): Promise<void> {
  const revoked = await tables
    .updateTable("releaseKey")
    .set({ revokedAt: at })
    .where("id", "=", keyId)
    .where("revokedAt", "is", null)
    .returning("id")
    .executeTakeFirst();
  if (revoked !== undefined) return;
  throw new DomainError(
    "not-found",
    { en: `There is no key ${keyId} in force.`, zh: `没有有效的密钥 ${keyId}。` },
    { keyId },
  );
}

async function upload(
  tables: Tables,
  release: Omit<Release, "id" | "sizeBytes" | "createdAt">,
  { bytes, digests, at }: { readonly bytes: Buffer; readonly digests: PackageDigests; readonly at: number },
): Promise<Release> {
  await refuseUntrue(tables, release, { sizeBytes: bytes.length, digests });
  // Lower case: ThingsBoard's devices compare it letter by letter with what they computed.
  const checksum = release.checksum.toLowerCase();
  const row = { ...release, checksum, id: newId("rel", at), sizeBytes: bytes.length, createdAt: at };
  const written = await tables
    .insertInto("release")
    .values(row)
    .onConflict((conflict) => conflict.columns(["kind", "profileId", "title", "version"]).doNothing())
    .returning("id")
    .executeTakeFirst();
  if (written === undefined) {
    const name = `${release.title} ${release.version}`;
    throw new DomainError(
      "conflict",
      {
        en: `${name} is there already for this kind of device. A published version is never replaced; give the new one another version.`,
        zh: `该类设备已有 ${name}。已发布的版本不会被替换，请使用新的版本号。`,
      },
      { title: release.title, version: release.version },
    );
  }
  for (let position = 0; position * releaseLimits.partBytes < bytes.length; position += 1) {
    const from = position * releaseLimits.partBytes;
    await tables
      .insertInto("releasePart")
      .values({ releaseId: row.id, position, bytes: bytes.subarray(from, from + releaseLimits.partBytes) })
      .execute();
  }
  return row;
}

/** Names, size, checksum, key and signature, in this order; each refusal says which. */
async function refuseUntrue(
  tables: Tables,
  release: Omit<Release, "id" | "sizeBytes" | "createdAt">,
  { sizeBytes, digests }: { readonly sizeBytes: number; readonly digests: PackageDigests },
): Promise<void> {
  const { sizeBytesMax } = releaseLimits;
  if (![release.title, release.version].every(isReleaseName)) throw badName();
  if (sizeBytes === 0) throw untrue("The package is empty.", "升级包为空。");
  if (sizeBytes > sizeBytesMax) {
    throw new DomainError(
      "payload-too-large",
      { en: `A package has at most ${sizeBytesMax} bytes.`, zh: `升级包最多 ${sizeBytesMax} 字节。` },
      { sizeBytesMax },
    );
  }
  const { checksum, sha256 } = digests;
  if (checksum !== release.checksum.toLowerCase())
    throw untrue(
      `The ${release.checksumAlgorithm} of the file is ${checksum}, not ${release.checksum}: it is another file, or it was cut off.`,
      `文件的 ${release.checksumAlgorithm} 为 ${checksum}，与填写的 ${release.checksum} 不符：文件不同或不完整。`,
    );
  const key = await tables
    .selectFrom("releaseKey")
    .select("publicPem")
    .where("id", "=", release.keyId)
    .where("revokedAt", "is", null)
    // A revocation waits until this package is in, or this finds it revoked.
    .forShare()
    .executeTakeFirst();
  if (key === undefined) throw untrue("The key is unknown or revoked.", "密钥不存在或已吊销。");
  if (!isSignedBy(key.publicPem, manifestOf(release, { sizeBytes, sha256 }), release.signature))
    throw untrue(
      "The signature does not fit this file, title and version under this key.",
      "签名与该文件、名称、版本及密钥不匹配。",
    );
}

const badName = (): DomainError =>
  untrue(
    `Title and version have 1 to ${releaseLimits.nameLengthMax} characters and hold no line break or other control character: they are lines of what is signed.`,
    `名称与版本须为 1 到 ${releaseLimits.nameLengthMax} 个字符，且不含换行或其他控制字符：它们是签名内容中的行。`,
  );
const untrue = (en: string, zh: string): DomainError => new DomainError("invalid-input", { en, zh });

async function selectRelease(tables: Tables, releaseId: string): Promise<Release | null> {
  const row = await tables.selectFrom("release").selectAll().where("id", "=", releaseId).executeTakeFirst();
  return row === undefined ? null : asRelease(row);
}

async function selectUses(tables: Tables, releaseId: string): Promise<ReleaseUses> {
  await tables.selectFrom("release").select("id").where("id", "=", releaseId).forUpdate().execute();
  const devices = await sql<{ name: string }>`
    select name from device where firmware_release_id = ${releaseId} or software_release_id = ${releaseId}
    order by name limit ${usesMax}`.execute(tables);
  const rollouts = await sql<ReleaseUses["rollouts"][number]>`
    select id, state, created_at from rollout
    where release_id = ${releaseId} or (state in ('running', 'paused') and exists (
      select from rollout_device as part where part.rollout_id = rollout.id and part.previous_release_id = ${releaseId}
    ))
    order by created_at desc, id desc limit ${usesMax}`.execute(tables);
  return { deviceNames: devices.rows.map(({ name }) => name), rollouts: rollouts.rows };
}

async function selectAssigned(tables: Tables, deviceId: number, kind: ReleaseKind): Promise<Release | null> {
  const row = await tables
    .selectFrom("release")
    .innerJoin("device", `device.${assignedColumn[kind]}`, "release.id")
    .selectAll("release")
    .where("device.id", "=", deviceId)
    .executeTakeFirst();
  return row === undefined ? null : asRelease(row);
}

type ReleaseRow = Omit<Release, "checksumAlgorithm"> & { readonly checksumAlgorithm: string };

function asRelease(row: ReleaseRow): Release {
  return {
    ...row,
    signature: Buffer.from(row.signature),
    checksumAlgorithm: row.checksumAlgorithm as ChecksumAlgorithm,
  };
}

async function selectPart(tables: Tables, releaseId: string, position: number): Promise<Buffer> {
  const row = await tables
    .selectFrom("releasePart")
    .select("bytes")
    .where("releaseId", "=", releaseId)
    .where("position", "=", position)
    .executeTakeFirst();
  if (row === undefined) throw new Error(`Release ${releaseId} has no part ${position}.`);
  return Buffer.from(row.bytes);
}

type ReadPart = (releaseId: string, position: number) => Promise<Buffer>;

function createPartCache(load: ReadPart): ReadPart {
  const parts = new Map<string, Promise<Buffer>>();
  return (releaseId, position) => {
    const name = `${releaseId}/${position}`;
    const present = parts.get(name);
    if (present !== undefined) return present;
    const loading = load(releaseId, position);
    parts.set(name, loading);
    loading.catch(() => parts.delete(name));
    if (parts.size > partsCachedMax) {
      const [oldest] = parts.keys();
      if (oldest !== undefined) parts.delete(oldest);
    }
    return loading;
  };
}

async function readBytes(readPart: ReadPart, release: Release, from: number, to: number): Promise<Buffer> {
  const { partBytes } = releaseLimits;
  const begin = Math.max(0, from);
  const end = Math.min(to, release.sizeBytes);
  const pieces: Buffer[] = [];
  for (let at = begin; at < end; ) {
    const position = Math.floor(at / partBytes);
    const part = await readPart(release.id, position);
    const piece = part.subarray(at - position * partBytes, Math.min(part.length, end - position * partBytes));
    pieces.push(piece);
    at += piece.length;
  }
  return Buffer.concat(pieces);
}
