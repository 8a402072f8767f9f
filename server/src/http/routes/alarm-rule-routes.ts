import { backtestRequestSchema, backtestSchema, profileSchema } from "@waremind/contract";
import { z } from "zod";
import { unknownRun } from "../../flows/backtest-rules.ts";
import { checkRules } from "../../flows/check-rules.ts";
import type { HttpDependencies } from "../dependencies.ts";
import { defineRoute, idParam, itemsOf, notFound, personOf, type Route } from "../route.ts";

const { alarmRules } = profileSchema.shape;
const boundSchema = z.object({
  ...{
    id: z.string(),
    kind: z.string(),
    deviceName: z.string(),
    seriesKey: z.string(),
    targetId: z.string(),
  },
  boundAt: z.number(),
  alarmRules,
});

/** Rules before they go live, and rules of what a device is bound to. */
export function alarmRuleRoutes(needs: HttpDependencies): readonly Route[] {
  return [...backtestRoutes(needs), ...rulesOfBindings(needs)];
}

function backtestRoutes({ backtests }: HttpDependencies): readonly Route[] {
  return [
    defineRoute({
      method: "post",
      path: "/api/alarm-rules/backtest",
      summary: "Runs a rule, stored or not, over the last days; answers at once, the run goes on.",
      access: "devices.write",
      body: backtestRequestSchema,
      answers: backtestSchema,
      handle: ({ body }) => backtests.start(body),
    }),
    defineRoute({
      method: "get",
      path: "/api/alarm-rules/backtest/{id}",
      summary: "How far a backtest is, and what the rule would have raised so far.",
      access: "devices.read",
      params: idParam,
      answers: backtestSchema,
      handle: ({ params }) => {
        const found = backtests.find(params.id);
        if (found === null) throw unknownRun(params.id);
        return Promise.resolve(found);
      },
    }),
    defineRoute({
      method: "post",
      path: "/api/alarm-rules/backtest/{id}/cancel",
      summary: "Ends a backtest that runs.",
      access: "devices.write",
      params: idParam,
      answers: backtestSchema,
      handle: ({ params }) => Promise.resolve(backtests.cancel(params.id)),
    }),
  ];
}

function rulesOfBindings(needs: HttpDependencies): readonly Route[] {
  const namesOf = async () =>
    new Map((await needs.devices.listDevices()).map((device) => [device.id, device]));
  return [
    defineRoute({
      method: "get",
      path: "/api/bindings",
      summary: "What devices are bound to now, with the alarm rules of each binding.",
      access: "devices.read",
      answers: itemsOf(boundSchema),
      handle: async () => {
        const devices = await namesOf();
        const live = await needs.devices.liveBindings();
        return {
          items: live.map(({ deviceId, ...binding }) => ({
            ...{ ...binding, alarmRules: [...binding.alarmRules] },
            deviceName: devices.get(deviceId)?.name ?? "",
          })),
        };
      },
    }),
    defineRoute({
      method: "post",
      path: "/api/bindings/{id}/alarm-rules",
      summary: "Sets the alarm rules that hold while a device is bound to this.",
      access: "devices.write",
      params: idParam,
      body: z.object({ alarmRules }),
      answers: boundSchema,
      handle: async ({ params, body, caller }) => {
        const bound = (await needs.devices.liveBindings()).find(({ id }) => id === params.id);
        const device = bound === undefined ? undefined : (await namesOf()).get(bound.deviceId);
        const profile = (await needs.devices.listProfiles()).find(({ id }) => id === device?.profileId);
        if (device === undefined || profile === undefined)
          throw notFound({ en: `live binding ${params.id}`, zh: `有效的绑定 ${params.id}` });
        checkRules(body.alarmRules, profile);
        const changed = await needs.database.transaction(async (connection) => {
          const binding = await needs.devices.setBindingRules(connection, params.id, body.alarmRules);
          await needs.guard.appendAudit(connection, {
            ...{ kind: "binding-rules-changed", actor: personOf(caller) },
            body: { bindingId: params.id, rules: body.alarmRules.map(({ id }) => id) },
          });
          return binding;
        });
        const { deviceId: _device, ...binding } = changed;
        return { ...binding, alarmRules: [...binding.alarmRules], deviceName: device.name };
      },
    }),
  ];
}
