import { type EscalationPolicy, type EscalationStop, escalationStepSchema } from "@waremind/contract";
import type { Kysely } from "kysely";
import { z } from "zod";
import type { StoredLadder } from "./delivery-store.ts";
import type { NotificationTables } from "./tables.ts";

type Tables = Kysely<NotificationTables>;

const stepsSchema = z.array(escalationStepSchema);

export async function selectLadder(
  tables: Tables,
  alarmId: string,
  { isLocked = false }: { readonly isLocked?: boolean } = {},
): Promise<StoredLadder | null> {
  const query = tables.selectFrom("alarmEscalation").selectAll().where("alarmId", "=", alarmId);
  const row = await (isLocked ? query.forUpdate() : query).executeTakeFirst();
  if (row === undefined) return null;
  const { policyId, policyNameEn, policyNameZh, nextStep, nextAt, stoppedAt, stoppedBecause } = row;
  return {
    ...{ policyId, nextStep, nextAt, stoppedAt, stoppedBecause },
    policyName: { en: policyNameEn, zh: policyNameZh },
    steps: stepsSchema.parse(row.steps),
  };
}

/** An alarm climbs one ladder, as its policy was when it began. */
export async function insertLadder(
  tables: Tables,
  alarmId: string,
  policy: EscalationPolicy,
  nextAt: number,
): Promise<void> {
  await tables
    .insertInto("alarmEscalation")
    .values({
      ...{ alarmId, policyId: policy.id, policyNameEn: policy.name.en, policyNameZh: policy.name.zh },
      steps: JSON.stringify(policy.steps),
      ...{ nextStep: 0, nextAt, stoppedAt: null, stoppedBecause: null },
    })
    .onConflict((conflict) => conflict.column("alarmId").doNothing())
    .execute();
}

export async function moveLadder(
  tables: Tables,
  alarmId: string,
  next: { readonly step: number; readonly at: number },
): Promise<void> {
  await tables
    .updateTable("alarmEscalation")
    .set({ nextStep: next.step, nextAt: next.at })
    .where("alarmId", "=", alarmId)
    .where("stoppedAt", "is", null)
    .execute();
}

/** The first reason stands. */
export async function stopLadder(
  tables: Tables,
  alarmId: string,
  stop: { readonly because: EscalationStop; readonly at: number },
): Promise<void> {
  await tables
    .updateTable("alarmEscalation")
    .set({ nextStep: null, nextAt: null, stoppedAt: stop.at, stoppedBecause: stop.because })
    .where("alarmId", "=", alarmId)
    .where("stoppedAt", "is", null)
    .execute();
}
