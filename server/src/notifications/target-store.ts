import { escalationLimits, type NotificationTarget, type NotificationTargetInput } from "@waremind/contract";
import { type Kysely, type Selectable, sql } from "kysely";
import { z } from "zod";
import type { NotificationTables } from "./tables.ts";

type Tables = Kysely<NotificationTables>;

/** A target with what only the sender needs. */
export interface StoredTarget extends NotificationTarget {
  readonly secretRevision: number;
}

const addressesSchema = z.array(z.string());

export async function selectTargets(tables: Tables): Promise<StoredTarget[]> {
  const rows = await tables
    .selectFrom("notificationTarget")
    .selectAll()
    .orderBy("createdAt")
    .orderBy("id")
    .limit(escalationLimits.targetsMax)
    .execute();
  return rows.map(targetOf);
}

export async function selectTarget(
  tables: Tables,
  id: string,
  { isLocked = false }: { readonly isLocked?: boolean } = {},
): Promise<StoredTarget | null> {
  const query = tables.selectFrom("notificationTarget").selectAll().where("id", "=", id);
  const row = await (isLocked ? query.forUpdate() : query).executeTakeFirst();
  return row === undefined ? null : targetOf(row);
}

export async function countTargets(tables: Tables): Promise<number> {
  const { count } = await tables
    .selectFrom("notificationTarget")
    .select(sql<number>`count(*)::int`.as("count"))
    .executeTakeFirstOrThrow();
  return count;
}

export async function writeTarget(
  tables: Tables,
  input: NotificationTargetInput,
  { id, at }: { readonly id: string; readonly at: number },
): Promise<void> {
  const { name, kind, language, isEnabled, perMinuteMax } = input;
  const set = {
    ...{ nameEn: name.en, nameZh: name.zh, language, isEnabled, perMinuteMax, updatedAt: at },
    addresses: JSON.stringify(input.kind === "email" ? input.addresses : []),
    url: input.kind === "webhook" ? input.url : null,
  };
  await tables
    .insertInto("notificationTarget")
    .values({ ...set, id, kind, createdAt: at })
    .onConflict((conflict) => conflict.column("id").doUpdateSet(set))
    .execute();
}

export async function raiseSecretRevision(tables: Tables, id: string, at: number): Promise<void> {
  await tables
    .updateTable("notificationTarget")
    .set((builder) => ({ secretRevision: builder("secretRevision", "+", 1), updatedAt: at }))
    .where("id", "=", id)
    .execute();
}

export async function deleteTarget(tables: Tables, id: string): Promise<void> {
  await tables.deleteFrom("notificationTarget").where("id", "=", id).execute();
}

function targetOf(row: Selectable<NotificationTables["notificationTarget"]>): StoredTarget {
  const { id, kind, nameEn, nameZh, language, url, isEnabled, perMinuteMax, updatedAt, secretRevision } = row;
  return {
    ...{ id, kind, language, url, isEnabled, perMinuteMax, updatedAt, secretRevision },
    name: { en: nameEn, zh: nameZh },
    addresses: addressesSchema.parse(row.addresses),
  };
}

/** Where it goes, in words for the log of deliveries; of an address on the web never its path, which may hold a secret. */
export function placeOfTarget(target: NotificationTarget): string {
  switch (target.kind) {
    case "screen":
      return "";
    case "email":
      return target.addresses.join(", ");
    case "webhook":
      return target.url === null ? "" : new URL(target.url).origin;
  }
}
