import { createHmac } from "node:crypto";
import {
  type Delivery,
  type EscalationPolicy,
  type EscalationPolicyInput,
  type EscalationStop,
  escalationLimits,
  type MadeTarget,
  type NotificationTarget,
  type NotificationTargetInput,
} from "@waremind/contract";
import type { Clock } from "../platform/clock.ts";
import { type Connection, type Database, tablesOf } from "../platform/database.ts";
import { DomainError } from "../platform/errors.ts";
import { newId } from "../platform/ids.ts";
import {
  claimPlace,
  gatherDigest,
  hasDigestWaiting,
  insertDeliveries,
  markDeliveries,
  type StoredLadder,
  selectDeliveriesOf,
  selectDelivery,
} from "./delivery-store.ts";
import { insertLadder, moveLadder, selectLadder, stopLadder } from "./ladder-store.ts";
import { countPolicies, deletePolicy, selectPolicies, writePolicy } from "./policy-store.ts";
import type { NotificationTables } from "./tables.ts";
import {
  countTargets,
  deleteTarget,
  raiseSecretRevision,
  type StoredTarget,
  selectTarget,
  selectTargets,
  writeTarget,
} from "./target-store.ts";

const tablesIn = (connection: Connection) => tablesOf<NotificationTables>(connection);

export type Notifications = ReturnType<typeof createNotifications>;

/** Who is told of alarms, the ladders they climb, and what was told. `secret`: secrets of webhooks derive from it. */
export function createNotifications({
  database,
  clock,
  secret,
}: {
  readonly database: Database;
  readonly clock: Clock;
  readonly secret: string;
}) {
  const secretOf = (target: StoredTarget): string => webhookSecret(secret, target);
  return {
    ...targetVerbs({ database, clock, secretOf }),
    ...policyVerbs({ database, clock }),
    ...ladderVerbs({ clock }),
    /** Signs what goes to this target; nothing of it is stored. */
    secretOf,
    delivery: (connection: Connection, id: string): Promise<Delivery | null> =>
      selectDelivery(tablesIn(connection), id),
    deliveriesOf: (alarmId: string): Promise<readonly Delivery[]> =>
      selectDeliveriesOf(tablesIn(database), alarmId),
    /** Answers the ids of those that were not noted before. */
    noteDeliveries: (
      connection: Connection,
      { alarmId, step, targets }: { alarmId: string | null; step: number; targets: readonly StoredTarget[] },
    ): Promise<readonly string[]> => {
      const at = clock.now();
      const rows = targets.map((target) => ({ id: newId("dlv", at), alarmId, step, target, at }));
      return insertDeliveries(tablesIn(connection), rows);
    },
    /** Inside a transaction that holds the target's row. */
    claimPlace: (connection: Connection, delivery: Delivery, perMinuteMax: number): Promise<boolean> => {
      const { id, targetId } = delivery;
      return claimPlace(tablesIn(connection), { id, targetId, perMinuteMax, at: clock.now() });
    },
    /** Inside a transaction that holds the target's row. */
    gatherDigest: (connection: Connection, targetId: string): Promise<readonly Delivery[]> =>
      gatherDigest(tablesIn(connection), { targetId, newDigestId: newId("dig", clock.now()) }),
    hasDigestWaiting: (connection: Connection, targetId: string): Promise<boolean> =>
      hasDigestWaiting(tablesIn(connection), targetId),
    mark: (
      connection: Connection | null,
      ids: readonly string[],
      mark: Parameters<typeof markDeliveries>[2],
    ): Promise<void> => markDeliveries(tablesIn(connection ?? database), ids, mark),
  };
}

function targetVerbs({
  database,
  clock,
  secretOf,
}: {
  readonly database: Database;
  readonly clock: Clock;
  readonly secretOf: (target: StoredTarget) => string;
}) {
  const stored = async (connection: Connection, id: string): Promise<StoredTarget> => {
    const target = await selectTarget(tablesIn(connection), id, { isLocked: true });
    if (target === null) throw notThere(id, { en: "target", zh: "通知对象" });
    return target;
  };
  return {
    targets: (connection?: Connection): Promise<readonly StoredTarget[]> =>
      selectTargets(tablesIn(connection ?? database)),
    /** Locks its row; null when it is gone. */
    lockTarget: (connection: Connection, id: string): Promise<StoredTarget | null> =>
      selectTarget(tablesIn(connection), id, { isLocked: true }),
    /** The secret of a webhook is answered here and when it is renewed, never again. */
    addTarget: async (connection: Connection, input: NotificationTargetInput): Promise<MadeTarget> => {
      if ((await countTargets(tablesIn(connection))) >= escalationLimits.targetsMax)
        throw full("targets", "通知对象", escalationLimits.targetsMax);
      const at = clock.now();
      const id = newId("tgt", at);
      await writeTarget(tablesIn(connection), input, { id, at });
      const target = await stored(connection, id);
      return { target: shownTarget(target), secret: target.kind === "webhook" ? secretOf(target) : null };
    },
    /** @throws DomainError `not-found`; `invalid-input` when it is of another kind. */
    changeTarget: async (connection: Connection, id: string, input: NotificationTargetInput) => {
      const before = await stored(connection, id);
      if (before.kind !== input.kind)
        throw new DomainError("invalid-input", {
          en: `The target ${id} is of kind ${before.kind}, which cannot be changed. Make another one.`,
          zh: `通知对象 ${id} 的类型为 ${before.kind}，无法更改，请另建一个。`,
        });
      await writeTarget(tablesIn(connection), input, { id, at: clock.now() });
      return shownTarget(await stored(connection, id));
    },
    renewSecret: async (connection: Connection, id: string): Promise<MadeTarget> => {
      const before = await stored(connection, id);
      if (before.kind !== "webhook")
        throw new DomainError("state-forbids", {
          en: "Only a webhook has a secret.",
          zh: "只有 Webhook 才有密钥。",
        });
      await raiseSecretRevision(tablesIn(connection), id, clock.now());
      const target = await stored(connection, id);
      return { target: shownTarget(target), secret: secretOf(target) };
    },
    /** @throws DomainError `conflict` while a policy names it. */
    removeTarget: async (connection: Connection, id: string): Promise<NotificationTarget> => {
      const target = await stored(connection, id);
      const policies = await selectPolicies(tablesIn(connection));
      const user = policies.find(({ steps }) => steps.some((step) => step.targetIds.includes(id)));
      if (user !== undefined)
        throw new DomainError(
          "conflict",
          {
            en: `The policy “${user.name.en}” tells this target. Take it out there first.`,
            zh: `通知策略“${user.name.zh}”正在使用该通知对象，请先从策略中移除。`,
          },
          { policyId: user.id },
        );
      await deleteTarget(tablesIn(connection), id);
      return shownTarget(target);
    },
  };
}

function policyVerbs({ database, clock }: { readonly database: Database; readonly clock: Clock }) {
  const write = async (connection: Connection, id: string, input: EscalationPolicyInput) => {
    const targets = await selectTargets(tablesIn(connection));
    const unknown = input.steps
      .flatMap((step) => step.targetIds)
      .find((targetId) => !targets.some((target) => target.id === targetId));
    if (unknown !== undefined) throw notThere(unknown, { en: "target", zh: "通知对象" });
    const at = clock.now();
    await writePolicy(tablesIn(connection), input, { id, at });
    return { ...input, id, updatedAt: at } satisfies EscalationPolicy;
  };
  return {
    policies: (connection?: Connection): Promise<readonly EscalationPolicy[]> =>
      selectPolicies(tablesIn(connection ?? database)),
    addPolicy: async (connection: Connection, input: EscalationPolicyInput): Promise<EscalationPolicy> => {
      if ((await countPolicies(tablesIn(connection))) >= escalationLimits.policiesMax)
        throw full("policies", "通知策略", escalationLimits.policiesMax);
      return write(connection, newId("esc", clock.now()), input);
    },
    /** @throws DomainError `not-found` for an unknown policy or target. */
    changePolicy: async (connection: Connection, id: string, input: EscalationPolicyInput) => {
      const known = await selectPolicies(tablesIn(connection));
      if (!known.some((policy) => policy.id === id))
        throw notThere(id, { en: "escalation policy", zh: "通知策略" });
      return write(connection, id, input);
    },
    removePolicy: async (connection: Connection, id: string): Promise<void> => {
      if (!(await deletePolicy(tablesIn(connection), id)))
        throw notThere(id, { en: "escalation policy", zh: "通知策略" });
    },
  };
}

function ladderVerbs({ clock }: { readonly clock: Clock }) {
  return {
    ladder: (
      connection: Connection,
      alarmId: string,
      options?: { isLocked: boolean },
    ): Promise<StoredLadder | null> => selectLadder(tablesIn(connection), alarmId, options),
    beginLadder: (connection: Connection, alarmId: string, policy: EscalationPolicy, nextAt: number) =>
      insertLadder(tablesIn(connection), alarmId, policy, nextAt),
    moveLadder: (connection: Connection, alarmId: string, next: { step: number; at: number }) =>
      moveLadder(tablesIn(connection), alarmId, next),
    /** The first reason stands; nothing happens where no ladder is climbed. */
    stopLadder: (connection: Connection, alarmId: string, because: EscalationStop) =>
      stopLadder(tablesIn(connection), alarmId, { because, at: clock.now() }),
  };
}

/** Derived, not stored: whoever reads the database or a backup of it cannot sign. */
function webhookSecret(secret: string, { id, secretRevision }: StoredTarget): string {
  const derived = createHmac("sha256", secret).update(`webhook:${id}:${String(secretRevision)}`);
  return `whsec_${derived.digest("base64url")}`;
}

export function shownTarget({ secretRevision: _, ...target }: StoredTarget): NotificationTarget {
  return target;
}

function notThere(id: string, what: { readonly en: string; readonly zh: string }): DomainError {
  return new DomainError(
    "not-found",
    { en: `There is no ${what.en} ${id}.`, zh: `没有${what.zh} ${id}。` },
    { id },
  );
}

function full(en: string, zh: string, max: number): DomainError {
  return new DomainError("limit-reached", {
    en: `There are ${String(max)} ${en} already. Remove one first.`,
    zh: `已有 ${String(max)} 个${zh}，请先删除一个。`,
  });
}
