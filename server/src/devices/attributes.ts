import type { JsonValue } from "@waremind/contract";
import { sql } from "kysely";
import type { Clock } from "../platform/clock.ts";
import { type Connection, type Database, tablesOf } from "../platform/database.ts";
import { DomainError } from "../platform/errors.ts";
import { int4Array } from "../platform/wire-arrays.ts";
import {
  type Attribute,
  type AttributeChange,
  type AttributeRequest,
  type AttributeScope,
  type AttributeValues,
  attributeLimits,
  type DeviceAttributes,
} from "./attribute.ts";
import type { DeviceTables } from "./tables.ts";

/** Deeper values are a mistake or an attack; the store's own limit is a crash of the statement. */
const nestingMax = 64;

const tablesIn = (connection: Connection) => tablesOf<DeviceTables>(connection);

/** What a device says of itself, what we want of it, and what is ours alone; see `attribute.ts`. */
export function createDeviceAttributes(dependencies: {
  readonly database: Database;
  readonly clock: Clock;
}): DeviceAttributes {
  const { database, clock } = dependencies;
  return {
    write: (connection, input) => writeAttributes(connection, input, clock.now()),
    read: (deviceId, request, connection) => readAttributes(connection ?? database, deviceId, request),
    list: (deviceId) => listAttributes(database, deviceId),
    sharedSince: (deviceIds, at) => selectSharedSince(database, deviceIds, at),
  };
}

async function writeAttributes(
  connection: Connection,
  input: Parameters<DeviceAttributes["write"]>[1],
  at: number,
): Promise<AttributeChange> {
  const { deviceId, scope, values, by } = input;
  const entries = Object.entries(values).map(([key, value]) => [key, textOf(key, value)] as const);
  const deleted = (input.deletedKeys ?? []).filter((key) => !Object.hasOwn(values, key));
  for (const key of deleted) checkKey(key);
  if (scope !== "client" || deleted.length > 0) await lockDevice(connection, deviceId);
  const deletedKeys = await deleteKeys(connection, { deviceId, scope, keys: deleted });
  const written = await upsertValues(connection, { deviceId, scope, entries, by, at });
  if (written.size > 0) await checkCount(connection, deviceId, scope);
  return {
    values: Object.fromEntries(Object.entries(values).filter(([key]) => written.has(key))),
    deletedKeys,
  };
}

/**
 * Deleting and writing are two statements, so two writers could wait for each other crosswise; here one waits for the other.
 * What a device reports of itself deletes nothing and needs no lock.
 */
async function lockDevice(connection: Connection, deviceId: number): Promise<void> {
  await tablesIn(connection)
    .selectFrom("device")
    .select("id")
    .where("id", "=", deviceId)
    .forNoKeyUpdate()
    .execute();
}

/** One statement. Equality is that of jsonb: 1 is 1.0, and the order of an object's keys is of no account. */
async function upsertValues(
  connection: Connection,
  write: {
    readonly deviceId: number;
    readonly scope: AttributeScope;
    readonly entries: readonly (readonly [key: string, json: string])[];
    readonly by: string;
    readonly at: number;
  },
): Promise<ReadonlySet<string>> {
  const { deviceId, scope, entries, by, at } = write;
  if (entries.length === 0) return new Set();
  // In the order of the keys, so that two writers of one device never wait for each other crosswise.
  const { rows } = await sql<{ key: string }>`
    insert into device_attribute (device_id, scope, key, value, updated_at, updated_by)
    select ${deviceId}::int4, ${scope}, wanted.key, wanted.value::jsonb, ${at}::int8, ${by}
    from unnest(${entries.map(([key]) => key)}::text[], ${entries.map(([, json]) => json)}::text[])
      as wanted (key, value)
    order by wanted.key
    on conflict (device_id, scope, key) do update
    set value = excluded.value, version = device_attribute.version + 1,
      updated_at = excluded.updated_at, updated_by = excluded.updated_by
    where device_attribute.value is distinct from excluded.value
    returning key`.execute(tablesIn(connection));
  return new Set(rows.map((row) => row.key));
}

async function deleteKeys(
  connection: Connection,
  deletion: { readonly deviceId: number; readonly scope: AttributeScope; readonly keys: readonly string[] },
): Promise<readonly string[]> {
  const { deviceId, scope, keys } = deletion;
  if (keys.length === 0) return [];
  const rows = await tablesIn(connection)
    .deleteFrom("deviceAttribute")
    .where("deviceId", "=", deviceId)
    .where("scope", "=", scope)
    .where("key", "=", sql<string>`any(${keys}::text[])`)
    .returning("key")
    .execute();
  const gone = new Set(rows.map((row) => row.key));
  return [...new Set(keys)].filter((key) => gone.has(key));
}

async function checkCount(connection: Connection, deviceId: number, scope: AttributeScope): Promise<void> {
  const { keysPerScopeMax } = attributeLimits;
  const { count } = await tablesIn(connection)
    .selectFrom("deviceAttribute")
    .select((expression) => expression.fn.countAll<number>().as("count"))
    .where("deviceId", "=", deviceId)
    .where("scope", "=", scope)
    .executeTakeFirstOrThrow();
  if (count <= keysPerScopeMax) return;
  throw new DomainError(
    "limit-reached",
    {
      en: `A device has at most ${keysPerScopeMax} ${scope} attributes, and this would make ${count}; delete some first.`,
      zh: `每个设备每个范围最多 ${keysPerScopeMax} 个属性，此次写入后将有 ${count} 个；请先删除一些。`,
    },
    { limitName: "attribute-keys", scope, allowed: keysPerScopeMax, observed: count },
  );
}

/** The value as it is stored. @throws DomainError `invalid-input`, `limit-reached` */
function textOf(key: string, value: JsonValue): string {
  checkKey(key);
  checkValue(key, value, 0);
  const text = JSON.stringify(value);
  const bytes = Buffer.byteLength(text);
  const { valueBytesMax } = attributeLimits;
  if (bytes <= valueBytesMax) return text;
  throw new DomainError(
    "limit-reached",
    {
      en: `The value of attribute ${key} has ${bytes} bytes of JSON; at most ${valueBytesMax} are kept.`,
      zh: `属性 ${key} 的值为 ${bytes} 字节 JSON；最多保存 ${valueBytesMax} 字节。`,
    },
    { key, allowed: valueBytesMax, observed: bytes },
  );
}

function checkKey(key: string): void {
  const { keyLengthMax } = attributeLimits;
  if (key.length > 0 && key.length <= keyLengthMax && isKept(key)) return;
  const shown = JSON.stringify(key.slice(0, 40));
  throw new DomainError(
    "invalid-input",
    {
      en: `The key of an attribute is a text of 1 to ${keyLengthMax} characters without NUL or half a character, not ${shown}.`,
      zh: `属性的键须为 1 到 ${keyLengthMax} 个字符，不含 NUL 或残缺字符，而不是 ${shown}。`,
    },
    { key: shown, lengthMax: keyLengthMax },
  );
}

function checkValue(key: string, value: JsonValue, depth: number): void {
  if (depth > nestingMax) {
    throw new DomainError(
      "invalid-input",
      {
        en: `The value of attribute ${key} is nested deeper than ${nestingMax} levels.`,
        zh: `属性 ${key} 的值嵌套超过 ${nestingMax} 层。`,
      },
      { key, nestingMax },
    );
  }
  if (typeof value === "string") checkText(key, value);
  else if (Array.isArray(value)) for (const item of value) checkValue(key, item, depth + 1);
  else if (typeof value === "object" && value !== null) {
    for (const [name, item] of Object.entries(value)) {
      checkText(key, name);
      checkValue(key, item, depth + 1);
    }
  } else if (typeof value === "number" && !Number.isFinite(value)) {
    throw new DomainError(
      "invalid-input",
      { en: `The value of attribute ${key} is no finite number.`, zh: `属性 ${key} 的值不是有限数。` },
      { key },
    );
  }
}

function checkText(key: string, text: string): void {
  if (isKept(text)) return;
  throw new DomainError(
    "invalid-input",
    {
      en: `The value of attribute ${key} holds NUL or half a character, which cannot be kept as it is.`,
      zh: `属性 ${key} 的值含有 NUL 或残缺字符，无法原样保存。`,
    },
    { key },
  );
}

const isKept = (text: string): boolean => text.isWellFormed() && !text.includes("\0");

async function readAttributes(
  connection: Connection,
  deviceId: number,
  request: AttributeRequest,
): Promise<{ client: AttributeValues; shared: AttributeValues }> {
  const wanted = (["client", "shared"] as const).filter((scope) => request[scope] !== "none");
  if (wanted.length === 0) return { client: {}, shared: {} };
  const rows = await tablesIn(connection)
    .selectFrom("deviceAttribute")
    .select(["scope", "key", "value"])
    .where("deviceId", "=", deviceId)
    .where((expression) =>
      expression.or(
        wanted.map((scope) => {
          const keys = request[scope];
          const isScope = expression("scope", "=", scope);
          // Keys that the store cannot hold are absent there, and must not break the statement.
          return typeof keys === "string"
            ? isScope
            : isScope.and("key", "=", sql<string>`any(${keys.filter(isKept)}::text[])`);
        }),
      ),
    )
    .orderBy("key")
    .execute();
  const valuesOf = (scope: AttributeScope): AttributeValues =>
    Object.fromEntries(
      rows.filter((row) => row.scope === scope).map((row) => [row.key, row.value as JsonValue]),
    );
  return { client: valuesOf("client"), shared: valuesOf("shared") };
}

async function listAttributes(database: Database, deviceId: number): Promise<readonly Attribute[]> {
  const rows = await tablesIn(database)
    .selectFrom("deviceAttribute")
    .select(["scope", "key", "value", "version", "updatedAt", "updatedBy"])
    .where("deviceId", "=", deviceId)
    .orderBy("scope")
    .orderBy("key")
    .execute();
  return rows.map((row) => ({ ...row, value: row.value as JsonValue }));
}

async function selectSharedSince(
  database: Database,
  deviceIds: readonly number[],
  at: number,
): Promise<ReadonlyMap<number, AttributeValues>> {
  const { rows } = await sql<{ deviceId: number; key: string; value: JsonValue }>`
    select device_id, key, value from device_attribute
    where scope = 'shared' and updated_at >= ${at}::int8
      and device_id = any(${int4Array(deviceIds, (id) => id)}::int4[])
    order by device_id, key`.execute(tablesIn(database));
  const byDevice = Map.groupBy(rows, ({ deviceId }) => deviceId);
  return new Map(
    [...byDevice].map(([deviceId, own]) => [
      deviceId,
      Object.fromEntries(own.map(({ key, value }) => [key, value])),
    ]),
  );
}
