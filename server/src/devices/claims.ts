// Claiming: the device opens a window with a secret that stands on it, a person who holds it closes the window.
import { createHmac, timingSafeEqual } from "node:crypto";
import { type Connection, tablesOf } from "../platform/database.ts";
import { DomainError } from "../platform/errors.ts";
import type { Device } from "./device.ts";
import { deviceColumns } from "./device-store.ts";
import type { DeviceTables } from "./tables.ts";

/** Also the window of a device that names none. */
export const claimWindowMsMax = 24 * 60 * 60_000;
const secretLengthMax = 255;

const tablesIn = (connection: Connection) => tablesOf<DeviceTables>(connection);

/** Short and printed on a label, so hashed under the installation's key; a device may ask for none at all. */
function hashOfClaim(secret: string, key: string): Buffer {
  return createHmac("sha256", key).update(`claim:${secret}`).digest();
}

/** Opening again replaces the window. @throws DomainError `invalid-input` */
export async function openClaim(
  connection: Connection,
  claim: {
    readonly deviceId: number;
    readonly secret: string;
    readonly durationMs: number | null;
    readonly key: string;
    readonly at: number;
  },
): Promise<void> {
  const { deviceId, secret, durationMs, key, at } = claim;
  const isDuration = durationMs === null || (Number.isSafeInteger(durationMs) && durationMs > 0);
  if (!isDuration || secret.length > secretLengthMax) {
    throw new DomainError(
      "invalid-input",
      {
        en: `A claim has a secret of at most ${secretLengthMax} characters and a duration above 0 ms.`,
        zh: `认领的密钥最多 ${secretLengthMax} 个字符，时长须大于 0 毫秒。`,
      },
      { field: isDuration ? "secretKey" : "durationMs", lengthMax: secretLengthMax },
    );
  }
  const opened = {
    secretHash: hashOfClaim(secret, key),
    openedAt: at,
    expiresAt: at + Math.min(durationMs ?? claimWindowMsMax, claimWindowMsMax),
  };
  await tablesIn(connection)
    .insertInto("deviceClaim")
    .values({ deviceId, ...opened, claimedAt: null, claimedBy: null })
    .onConflict((conflict) => conflict.column("deviceId").doUpdateSet(opened))
    .execute();
}

/** @throws DomainError `not-found` */
export async function claimDevice(
  connection: Connection,
  input: {
    readonly deviceName: string;
    readonly secret: string;
    readonly by: string;
    readonly key: string;
    readonly at: number;
  },
): Promise<Device> {
  const { deviceName, secret, by, key, at } = input;
  const tables = tablesIn(connection);
  const row = await tables
    .selectFrom("device")
    .innerJoin("deviceClaim as claim", "claim.deviceId", "device.id")
    .select([...deviceColumns, "claim.secretHash"])
    .where("device.name", "=", deviceName)
    .where("device.state", "=", "active")
    .where("claim.expiresAt", ">", at)
    .forUpdate()
    .executeTakeFirst();
  const hash = hashOfClaim(secret, key);
  const isSecret = timingSafeEqual(row?.secretHash ?? Buffer.alloc(hash.length), hash);
  if (row === undefined || !isSecret) {
    throw new DomainError(
      "not-found",
      {
        en: `No device ${deviceName} waits to be claimed with this secret. Check the name and secret on its label, and switch it on again: it opens a new window.`,
        zh: `没有名为 ${deviceName} 的设备等待用该密钥认领。请核对标签上的名称和密钥，并重新启动设备以再次开放认领。`,
      },
      { deviceName },
    );
  }
  const { secretHash: _, ...device } = row;
  await tables
    .updateTable("deviceClaim")
    .set({ claimedAt: at, claimedBy: by, expiresAt: at })
    .where("deviceId", "=", device.id)
    .execute();
  return device;
}
