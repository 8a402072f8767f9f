import {
  type EscalationPolicy,
  type EscalationPolicyInput,
  escalationLimits,
  escalationPolicySchema,
} from "@waremind/contract";
import { type Kysely, sql } from "kysely";
import type { NotificationTables } from "./tables.ts";

type Tables = Kysely<NotificationTables>;

export async function selectPolicies(tables: Tables): Promise<EscalationPolicy[]> {
  const rows = await tables
    .selectFrom("escalationPolicy")
    .selectAll()
    .orderBy("createdAt")
    .orderBy("id")
    .limit(escalationLimits.policiesMax)
    .execute();
  return rows.map(({ nameEn, nameZh, createdAt: _, ...row }) =>
    escalationPolicySchema.parse({ ...row, name: { en: nameEn, zh: nameZh } }),
  );
}

export async function countPolicies(tables: Tables): Promise<number> {
  const { count } = await tables
    .selectFrom("escalationPolicy")
    .select(sql<number>`count(*)::int`.as("count"))
    .executeTakeFirstOrThrow();
  return count;
}

export async function writePolicy(
  tables: Tables,
  input: EscalationPolicyInput,
  { id, at }: { readonly id: string; readonly at: number },
): Promise<void> {
  const { name, minSeverity, isEnabled, steps, schedule, profileIds, ruleIds } = input;
  const set = {
    ...{ nameEn: name.en, nameZh: name.zh, minSeverity, isEnabled, updatedAt: at },
    steps: JSON.stringify(steps),
    schedule: schedule === null ? null : JSON.stringify(schedule),
    profileIds: JSON.stringify(profileIds),
    ruleIds: JSON.stringify(ruleIds),
  };
  await tables
    .insertInto("escalationPolicy")
    .values({ ...set, id, createdAt: at })
    .onConflict((conflict) => conflict.column("id").doUpdateSet(set))
    .execute();
}

export async function deletePolicy(tables: Tables, id: string): Promise<boolean> {
  const removed = await tables
    .deleteFrom("escalationPolicy")
    .where("id", "=", id)
    .returning("id")
    .executeTakeFirst();
  return removed !== undefined;
}
