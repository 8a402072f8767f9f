import {
  deliverySchema,
  escalationPolicyInputSchema,
  escalationPolicySchema,
  madeTargetSchema,
  notificationTargetInputSchema,
  notificationTargetSchema,
} from "@waremind/contract";
import { shownTarget } from "../../notifications/index.ts";
import type { Connection } from "../../platform/database.ts";
import type { HttpDependencies } from "../dependencies.ts";
import {
  type Caller,
  defineRoute,
  idParam,
  itemsOf,
  notFound,
  ok,
  okSchema,
  personOf,
  type Route,
} from "../route.ts";

type Change = <Answer>(
  caller: Caller,
  kind: string,
  change: (connection: Connection) => Promise<Answer>,
  bodyOf: (answer: Answer) => Record<string, unknown>,
) => Promise<Answer>;

/** Who is told of alarms, and in which order. */
export function escalationRoutes(needs: HttpDependencies): readonly Route[] {
  const change: Change = (caller, kind, work, bodyOf) =>
    needs.database.transaction(async (connection) => {
      const answer = await work(connection);
      await needs.guard.appendAudit(connection, { kind, actor: personOf(caller), body: bodyOf(answer) });
      return answer;
    });
  return [...policyRoutes(needs, change), ...targetRoutes(needs, change), ...targetActs(needs, change)];
}

function policyRoutes({ notifications }: HttpDependencies, change: Change): readonly Route[] {
  return [
    defineRoute({
      method: "get",
      path: "/api/escalation-policies",
      summary: "The ladders that alarms climb until somebody acknowledges them.",
      access: "escalation.read",
      answers: itemsOf(escalationPolicySchema),
      handle: async () => ({ items: [...(await notifications.policies())] }),
    }),
    defineRoute({
      method: "post",
      path: "/api/escalation-policies",
      summary: "Makes a policy.",
      access: "escalation.write",
      body: escalationPolicyInputSchema,
      answers: escalationPolicySchema,
      handle: ({ body, caller }) =>
        change(
          caller,
          "escalation-policy-made",
          (connection) => notifications.addPolicy(connection, body),
          (policy) => ({ policyId: policy.id, policy: body }),
        ),
    }),
    defineRoute({
      method: "post",
      path: "/api/escalation-policies/{id}",
      summary: "Changes a policy; alarms that climb already go on as it was.",
      access: "escalation.write",
      params: idParam,
      body: escalationPolicyInputSchema,
      answers: escalationPolicySchema,
      handle: ({ params, body, caller }) =>
        change(
          caller,
          "escalation-policy-changed",
          (connection) => notifications.changePolicy(connection, params.id, body),
          () => ({ policyId: params.id, policy: body }),
        ),
    }),
    defineRoute({
      method: "delete",
      path: "/api/escalation-policies/{id}",
      summary: "Deletes a policy.",
      access: "escalation.write",
      params: idParam,
      answers: okSchema,
      handle: async ({ params, caller }) => {
        await change(
          caller,
          "escalation-policy-deleted",
          (connection) => notifications.removePolicy(connection, params.id),
          () => ({ policyId: params.id }),
        );
        return ok;
      },
    }),
  ];
}

function targetRoutes({ notifications }: HttpDependencies, change: Change): readonly Route[] {
  return [
    defineRoute({
      method: "get",
      path: "/api/notification-targets",
      summary: "Where alarms are told: screens, mailboxes, webhooks.",
      access: "escalation.read",
      answers: itemsOf(notificationTargetSchema),
      handle: async () => ({ items: (await notifications.targets()).map(shownTarget) }),
    }),
    defineRoute({
      method: "post",
      path: "/api/notification-targets",
      summary: "Makes a target. The secret that signs a webhook is in this answer and in no other.",
      access: "escalation.write",
      body: notificationTargetInputSchema,
      answers: madeTargetSchema,
      handle: ({ body, caller }) =>
        change(
          caller,
          "notification-target-made",
          (connection) => notifications.addTarget(connection, body),
          ({ target }) => ({ targetId: target.id, kind: target.kind }),
        ),
    }),
    defineRoute({
      method: "post",
      path: "/api/notification-targets/{id}",
      summary: "Changes a target; its kind stays.",
      access: "escalation.write",
      params: idParam,
      body: notificationTargetInputSchema,
      answers: notificationTargetSchema,
      handle: ({ params, body, caller }) =>
        change(
          caller,
          "notification-target-changed",
          (connection) => notifications.changeTarget(connection, params.id, body),
          ({ id, kind, isEnabled }) => ({ targetId: id, kind, isEnabled }),
        ),
    }),
    defineRoute({
      method: "delete",
      path: "/api/notification-targets/{id}",
      summary: "Deletes a target that no policy tells.",
      access: "escalation.write",
      params: idParam,
      answers: okSchema,
      handle: async ({ params, caller }) => {
        await change(
          caller,
          "notification-target-deleted",
          (connection) => notifications.removeTarget(connection, params.id),
          ({ id, kind }) => ({ targetId: id, kind }),
        );
        return ok;
      },
    }),
  ];
}

function targetActs(
  { notifications, deliverNotices, database }: HttpDependencies,
  change: Change,
): readonly Route[] {
  return [
    defineRoute({
      method: "post",
      path: "/api/notification-targets/{id}/renew-secret",
      summary: "Another secret for a webhook, answered this once; the one before signs nothing any more.",
      access: "escalation.write",
      params: idParam,
      answers: madeTargetSchema,
      handle: ({ params, caller }) =>
        change(
          caller,
          "notification-secret-renewed",
          (connection) => notifications.renewSecret(connection, params.id),
          ({ target }) => ({ targetId: target.id }),
        ),
    }),
    defineRoute({
      method: "post",
      path: "/api/notification-targets/{id}/test",
      summary: "Sends a test; what came of it is read at /api/notification-deliveries/{id}.",
      access: "escalation.write",
      params: idParam,
      answers: deliverySchema,
      handle: ({ params, caller }) =>
        change(
          caller,
          "notification-tested",
          (connection) => deliverNotices.test(connection, params.id),
          ({ id, targetId }) => ({ deliveryId: id, targetId }),
        ),
    }),
    defineRoute({
      method: "get",
      path: "/api/notification-deliveries/{id}",
      summary: "What became of one message.",
      access: "escalation.read",
      params: idParam,
      answers: deliverySchema,
      handle: async ({ params }) => {
        const delivery = await notifications.delivery(database, params.id);
        if (delivery === null) throw notFound({ en: `message ${params.id}`, zh: `消息 ${params.id}` });
        return delivery;
      },
    }),
  ];
}
