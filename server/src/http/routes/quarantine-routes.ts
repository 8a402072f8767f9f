import {
  connectionEventSchema,
  deviceNameLengthMax,
  limitEventSchema,
  quarantinedSchema,
} from "@waremind/contract";
import { z } from "zod";
import type { HttpDependencies } from "../dependencies.ts";
import { deviceNamed } from "../find-device.ts";
import { defineRoute, nameParam, ok, okSchema, personOf, type Route } from "../route.ts";

const connectionsShownMax = 200;
const limitsShownMax = 500;
const quarantinedPerPage = 50;
const messageParam = z.object({ id: z.coerce.number().int().positive() });

/** What went wrong with devices: connections that ended, limits that were met, messages that were held back. */
export function quarantineRoutes(needs: HttpDependencies): readonly Route[] {
  return [historyRoute(needs), listRoute(needs), ...decisionRoutes(needs)];
}

function historyRoute(needs: HttpDependencies): Route {
  return defineRoute({
    method: "get",
    path: "/api/devices/{name}/history",
    summary: "When a device came and went, and which limits it met, newest first.",
    access: "devices.read",
    params: nameParam,
    answers: z.object({
      connections: z.array(connectionEventSchema),
      limits: z.array(limitEventSchema),
    }),
    handle: async ({ params }) => {
      const device = await deviceNamed(needs, params.name);
      await needs.limitLedger.flush();
      const limits = await needs.limitLedger.list(device.id, limitsShownMax);
      return {
        connections: [...(await needs.devices.connectionHistory(device.id, connectionsShownMax))],
        limits: limits.map(({ deviceId: _device, ...event }) => event),
      };
    },
  });
}

function listRoute(needs: HttpDependencies): Route {
  return defineRoute({
    method: "get",
    path: "/api/quarantine",
    summary: "Messages that were held back, newest first; `before` is the id of the last one shown.",
    access: "devices.read",
    query: z.object({
      device: z.string().min(1).max(deviceNameLengthMax).optional(),
      state: quarantinedSchema.shape.state.default("held"),
      before: z.coerce.number().int().positive().optional(),
    }),
    answers: z.object({ items: z.array(quarantinedSchema), total: z.int() }),
    handle: async ({ query }) => {
      const device = query.device === undefined ? undefined : await deviceNamed(needs, query.device);
      const { rows, total } = await needs.telemetry.quarantined({
        ...{ state: query.state, limit: quarantinedPerPage },
        ...(device === undefined ? {} : { deviceId: device.id }),
        ...(query.before === undefined ? {} : { beforeId: query.before }),
      });
      return { items: rows.map(({ deviceId: _device, ...row }) => row), total };
    },
  });
}

function decisionRoutes(needs: HttpDependencies): readonly Route[] {
  return [
    defineRoute({
      method: "post",
      path: "/api/quarantine/{id}/release",
      summary: "Takes a message in again under the present profile, with the time it was received at.",
      access: "quarantine.decide",
      params: messageParam,
      answers: z.object({
        stored: z.int(),
        stillRefused: z.array(z.object({ reason: z.string(), detail: z.string() })),
      }),
      handle: async ({ params, caller }) => {
        const outcome = await needs.quarantineDesk.release(params.id, personOf(caller));
        return {
          stored: outcome.storedCount,
          stillRefused: outcome.state === "held" ? [{ reason: outcome.reason, detail: outcome.detail }] : [],
        };
      },
    }),
    defineRoute({
      method: "post",
      path: "/api/quarantine/{id}/discard",
      summary: "Keeps a message out for good; it stays readable.",
      access: "quarantine.decide",
      params: messageParam,
      answers: okSchema,
      handle: async ({ params, caller }) => {
        await needs.quarantineDesk.discard(params.id, personOf(caller));
        return ok;
      },
    }),
  ];
}
