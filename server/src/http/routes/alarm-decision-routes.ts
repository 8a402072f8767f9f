import { alarmEscalationSchema, escalationLimits } from "@waremind/contract";
import { z } from "zod";
import type { Connection } from "../../platform/database.ts";
import type { HttpDependencies } from "../dependencies.ts";
import { defineRoute, idParam, itemsOf, notFound, ok, okSchema, personOf, type Route } from "../route.ts";

/** What people do about alarms: they take note of them, take them on, and look whom they were told. */
export function alarmDecisionRoutes(needs: HttpDependencies): readonly Route[] {
  const { telemetry, notifications, guard, people, database } = needs;
  /** The screens are told after the commit. */
  const decide = async (alarmId: string, change: (connection: Connection) => Promise<void>) => {
    await database.transaction(change);
    needs.bus.publish({ kind: "alarm-changed", alarmId, subjectKind: "", subjectId: "" });
    return ok;
  };
  return [
    defineRoute({
      method: "get",
      path: "/api/alarms/{id}/escalation",
      summary: "How far an alarm climbed its ladder, and whom it was told with what result.",
      access: "alarms.read",
      params: idParam,
      answers: alarmEscalationSchema,
      handle: async ({ params }) => {
        const escalation = await needs.escalateAlarms.escalationOf(params.id);
        if (escalation === null) throw noAlarm(params.id);
        return escalation;
      },
    }),
    defineRoute({
      method: "get",
      path: "/api/alarm-assignees",
      summary: "The people of the shop, whom an alarm can be assigned to.",
      access: "alarms.acknowledge",
      answers: itemsOf(z.object({ id: z.string(), name: z.string() })),
      handle: async () => ({ items: (await people.listUsers()).map(({ id, name }) => ({ id, name })) }),
    }),
    defineRoute({
      method: "post",
      path: "/api/alarms/{id}/acknowledge",
      summary: "Says that a person has seen an alarm; then nobody else is told of it. The first one stands.",
      access: "alarms.acknowledge",
      params: idParam,
      body: z.object({ note: z.string().trim().max(escalationLimits.noteLengthMax).optional() }),
      answers: okSchema,
      handle: ({ params: { id: alarmId }, body, caller }) =>
        decide(alarmId, async (connection) => {
          const actor = personOf(caller);
          const note = body.note === undefined || body.note === "" ? {} : { note: body.note };
          await telemetry.acknowledgeAlarm(alarmId, actor.name, { connection, ...note });
          await notifications.stopLadder(connection, alarmId, "acknowledged");
          await guard.appendAudit(connection, {
            ...{ kind: "alarm-acknowledged", actor, body: { alarmId, ...note } },
          });
        }),
    }),
    defineRoute({
      method: "post",
      path: "/api/alarms/{id}/assign",
      summary: "Gives an alarm to a person of the shop; `userId` null: to nobody.",
      access: "alarms.acknowledge",
      params: idParam,
      body: z.object({ userId: z.string().min(1).max(100).nullable() }),
      answers: okSchema,
      handle: async ({ params: { id: alarmId }, body: { userId }, caller }) => {
        const user = userId === null ? null : (await people.listUsers()).find(({ id }) => id === userId);
        if (user === undefined)
          throw notFound({ en: `person ${String(userId)}`, zh: `人员 ${String(userId)}` });
        return decide(alarmId, async (connection) => {
          await telemetry.assignAlarm(connection, alarmId, user);
          await guard.appendAudit(connection, {
            ...{ kind: "alarm-assigned", actor: personOf(caller) },
            body: { alarmId, userId, name: user?.name ?? null },
          });
        });
      },
    }),
  ];
}

const noAlarm = (id: string) => notFound({ en: `alarm ${id}`, zh: `警报 ${id}` });
