// What one process of several does: take in from devices, store and follow up, serve people. By default one does all.
import { createHash } from "node:crypto";
import { type Config, ConfigError, type Role, roles } from "../config.ts";
import { type Database, tablesOf } from "../platform/database.ts";
import { DomainError } from "../platform/errors.ts";
import type { Keys } from "../platform/keys.ts";
import { readShopSettings } from "./shop-settings.ts";

export const isWhole = ({ roles: own }: Pick<Config, "roles">): boolean => own.length === roles.length;

export const hasRole = ({ roles: own }: Pick<Config, "roles">, role: Role): boolean => own.includes(role);

/** Whether a path is answered here: devices speak to ingest, people and programs to api, machines that watch to all. */
export function isServed(config: Pick<Config, "roles">, path: string): boolean {
  if (path === "/healthz" || path === "/readyz" || path === "/metrics") return true;
  return hasRole(config, path.startsWith("/api/v1/") ? "ingest" : "api");
}

export function notServed(path: string): Response {
  return Response.json(
    {
      code: "not-found",
      message: {
        en: `This process does not serve ${path}: devices speak to one with the role ingest, people and programs to one with the role api.`,
        zh: `此进程不提供 ${path}：设备请连接具有 ingest 角色的进程，人员和程序请连接具有 api 角色的进程。`,
      },
    },
    { status: 404 },
  );
}

/** A process that does a part makes no demo: it would seed one shop and the others another. */
export async function checkShopIsThere(
  database: Database,
  config: Pick<Config, "roles">,
  isEmpty: boolean,
): Promise<void> {
  if (isWhole(config) || isEmpty || (await readShopSettings(database)) !== null) return;
  throw new DomainError("state-forbids", {
    en: "There is no shop in this database yet. Start with --empty to create one, or start a process without --roles first.",
    zh: "此数据库中还没有店铺。请使用 --empty 启动以创建店铺，或先启动一个不带 --roles 的进程。",
  });
}

interface SettingTables {
  readonly setting: { readonly key: string; readonly value: unknown; readonly updatedAt: number };
}
const fingerprintKey = "keys-fingerprint";

/**
 * All processes must have the same keys, or a session or a device's password that one made would be unknown to the others.
 * The first one leaves a fingerprint; it tells nothing of keys that are random.
 *
 * @throws ConfigError when this process has others.
 */
export async function checkKeys(
  database: Database,
  keys: Keys,
  { dataDirectory, at }: { readonly dataDirectory: string; readonly at: number },
): Promise<void> {
  const { approvals, sessions, identity, credentials } = keys;
  const shared = [approvals, sessions, identity, credentials].join("\n");
  const fingerprint = createHash("sha256").update(shared).digest("base64url");
  const tables = tablesOf<SettingTables>(database);
  await tables
    .insertInto("setting")
    .values({ key: fingerprintKey, value: JSON.stringify(fingerprint), updatedAt: at })
    .onConflict((conflict) => conflict.column("key").doNothing())
    .execute();
  const known = await tables
    .selectFrom("setting")
    .select("value")
    .where("key", "=", fingerprintKey)
    .executeTakeFirstOrThrow();
  if (known.value === fingerprint) return;
  throw new ConfigError(
    [
      `The keys in ${dataDirectory} are not those of the other processes of this shop: copy keys.json from the data folder of the first one, then start again.`,
      `${dataDirectory} 中的密钥与此店铺其他进程的密钥不同：请从第一个进程的数据文件夹复制 keys.json，然后重新启动。`,
    ].join("\n"),
  );
}
