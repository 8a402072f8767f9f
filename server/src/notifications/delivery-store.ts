import type { Delivery, DeliveryState, EscalationStep } from "@waremind/contract";
import { type Kysely, type Selectable, sql } from "kysely";
import type { NotificationTables } from "./tables.ts";
import { placeOfTarget, type StoredTarget } from "./target-store.ts";

type Tables = Kysely<NotificationTables>;

const deliveriesShownMax = 200;
/** What does not fit into one digest goes into the next. */
export const digestEntriesMax = 200;
export const burstWindowMs = 60_000;

/** Answers the new ones only: the same alarm, step and target is noted once. */
export async function insertDeliveries(
  tables: Tables,
  deliveries: readonly {
    readonly id: string;
    readonly alarmId: string | null;
    readonly step: number;
    readonly target: StoredTarget;
    readonly at: number;
  }[],
): Promise<string[]> {
  if (deliveries.length === 0) return [];
  const rows = await tables
    .insertInto("notificationDelivery")
    .values(
      deliveries.map(({ id, alarmId, step, target, at }) => ({
        ...{ id, alarmId, step, targetId: target.id, targetKind: target.kind, state: "waiting" as const },
        ...{ targetNameEn: target.name.en, targetNameZh: target.name.zh, sentTo: placeOfTarget(target) },
        ...{ notedAt: at, claimedAt: null, sentAt: null, lastError: null, digestId: null },
      })),
    )
    .onConflict((conflict) =>
      conflict.columns(["alarmId", "step", "targetId"]).where("alarmId", "is not", null).doNothing(),
    )
    .returning("id")
    .execute();
  return rows.map((row) => row.id);
}

export async function selectDelivery(tables: Tables, id: string): Promise<Delivery | null> {
  const row = await tables
    .selectFrom("notificationDelivery")
    .selectAll()
    .where("id", "=", id)
    .executeTakeFirst();
  return row === undefined ? null : deliveryOf(row);
}

/** In the order in which they were noted. */
export async function selectDeliveriesOf(tables: Tables, alarmId: string): Promise<Delivery[]> {
  const rows = await tables
    .selectFrom("notificationDelivery")
    .selectAll()
    .where("alarmId", "=", alarmId)
    .orderBy("step")
    .orderBy("id")
    .limit(deliveriesShownMax)
    .execute();
  return rows.map(deliveryOf);
}

/**
 * Takes a place among the messages of this minute; the caller holds the target's row. One that has its place keeps it.
 * False when the minute is full: it then goes into the digest.
 */
export async function claimPlace(
  tables: Tables,
  { id, targetId, perMinuteMax, at }: { id: string; targetId: string; perMinuteMax: number; at: number },
): Promise<boolean> {
  const { taken } = await tables
    .selectFrom("notificationDelivery")
    .select(sql<number>`count(*)::int`.as("taken"))
    .where("targetId", "=", targetId)
    .where("id", "!=", id)
    .where("claimedAt", ">", at - burstWindowMs)
    .executeTakeFirstOrThrow();
  const isFree = taken < perMinuteMax;
  await tables
    .updateTable("notificationDelivery")
    .set(isFree ? { claimedAt: sql<number>`coalesce(claimed_at, ${at})` } : { state: "digest" })
    .where("id", "=", id)
    .execute();
  return isFree;
}

/**
 * What goes into the next digest of a target; each keeps the digest it was put into, so that a repetition is the same
 * message. The caller holds the target's row. Empty when nothing waits.
 */
export async function gatherDigest(
  tables: Tables,
  { targetId, newDigestId }: { readonly targetId: string; readonly newDigestId: string },
): Promise<Delivery[]> {
  const waiting = () =>
    tables
      .selectFrom("notificationDelivery")
      .selectAll()
      .where("targetId", "=", targetId)
      .where("state", "=", "digest")
      .orderBy("id")
      .limit(digestEntriesMax);
  const begun = await waiting().where("digestId", "is not", null).execute();
  if (begun.length > 0) {
    const digestId = begun[0]?.digestId ?? newDigestId;
    return begun.filter((row) => row.digestId === digestId).map(deliveryOf);
  }
  const rows = await waiting().execute();
  if (rows.length === 0) return [];
  await tables
    .updateTable("notificationDelivery")
    .set({ digestId: newDigestId })
    .where(
      "id",
      "in",
      rows.map((row) => row.id),
    )
    .execute();
  return rows.map((row) => deliveryOf({ ...row, digestId: newDigestId }));
}

export async function hasDigestWaiting(tables: Tables, targetId: string): Promise<boolean> {
  const row = await tables
    .selectFrom("notificationDelivery")
    .select("id")
    .where("targetId", "=", targetId)
    .where("state", "=", "digest")
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** One that was sent stays sent. */
export async function markDeliveries(
  tables: Tables,
  ids: readonly string[],
  mark: {
    readonly state: DeliveryState;
    readonly sentAt?: number;
    readonly error?: string | null;
    readonly isAttempt: boolean;
  },
): Promise<void> {
  if (ids.length === 0) return;
  await tables
    .updateTable("notificationDelivery")
    .set((builder) => ({
      state: mark.state,
      ...(mark.sentAt === undefined ? {} : { sentAt: mark.sentAt }),
      ...(mark.error === undefined ? {} : { lastError: mark.error }),
      ...(mark.isAttempt ? { attempts: builder("attempts", "+", 1) } : {}),
    }))
    .where("id", "in", [...ids])
    .where("state", "!=", "sent")
    .execute();
}

function deliveryOf(row: Selectable<NotificationTables["notificationDelivery"]>): Delivery {
  const { targetNameEn, targetNameZh, claimedAt: _, ...shown } = row;
  return { ...shown, targetName: { en: targetNameEn, zh: targetNameZh } };
}

/** Where an alarm stands on its ladder, as the store knows it. */
export interface StoredLadder {
  readonly policyId: string;
  readonly policyName: { readonly en: string; readonly zh: string };
  readonly steps: readonly EscalationStep[];
  readonly nextStep: number | null;
  readonly nextAt: number | null;
  readonly stoppedAt: number | null;
  readonly stoppedBecause: NotificationTables["alarmEscalation"]["stoppedBecause"];
}
