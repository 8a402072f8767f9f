import {
  attributeDeltaSchema,
  attributeViewSchema,
  decisionSchema,
  deviceCommandSchema,
  type JsonValue,
  jsonValueSchema,
} from "@waremind/contract";
import { z } from "zod";
import type { Attribute, DeviceCommand } from "../../devices/index.ts";
import type { HttpDependencies } from "../dependencies.ts";
import { deviceNamed } from "../find-device.ts";
import { defineRoute, idParam, itemsOf, nameParam, ok, okSchema, personOf, type Route } from "../route.ts";

const commandsPerPage = 50;
const waitMsMax = 30_000;
const lifetimeMsMax = 30 * 86_400_000;
const keySchema = z.string().min(1).max(255);
const valuesSchema = z.record(keySchema, jsonValueSchema);
const deletedKeysSchema = z.array(keySchema).max(100).default([]);
const idempotencyKeySchema = z.string().min(8).max(100);

/** What we ask of a device: attributes and commands. What moves or changes one goes through the guard. */
export function controlRoutes(needs: HttpDependencies): readonly Route[] {
  return [...attributeRoutes(needs), ...commandRoutes(needs)];
}

const proposedSchema = z.object({
  decision: decisionSchema,
  approvalId: z.string().nullable(),
  receiptId: z.string().nullable(),
});

function attributeRoutes(needs: HttpDependencies): readonly Route[] {
  return [
    defineRoute({
      method: "get",
      path: "/api/devices/{name}/attributes",
      summary: "Attributes of all scopes, and where what we want differs from what the device says.",
      access: "devices.read",
      params: nameParam,
      answers: z.object({ items: z.array(attributeViewSchema), delta: z.array(attributeDeltaSchema) }),
      handle: async ({ params }) => {
        const device = await deviceNamed(needs, params.name);
        const items = await needs.deviceAttributes.list(device.id);
        return { items: [...items], delta: deltaOf(items) };
      },
    }),
    defineRoute({
      method: "post",
      path: "/api/devices/{name}/attributes",
      summary: "Changes what we want of a device (shared attributes), as far as the guard allows it.",
      access: "devices.command",
      params: nameParam,
      bodyKind: "exact-json",
      body: z.object({
        values: valuesSchema,
        deletedKeys: deletedKeysSchema,
        idempotencyKey: idempotencyKeySchema,
      }),
      answers: proposedSchema,
      handle: async ({ params, body, caller }) => {
        const device = await deviceNamed(needs, params.name);
        const { decision, approvalId, receiptId } = await needs.actions.propose({
          actor: personOf(caller),
          action: { name: "set-attributes", deviceName: device.name, ...body },
          ...{ conversationId: null, evidenceRecordId: null },
        });
        return { decision, approvalId, receiptId };
      },
    }),
    defineRoute({
      method: "post",
      path: "/api/devices/{name}/server-attributes",
      summary: "Changes what we note of a device for ourselves; the device never sees it.",
      access: "devices.write",
      params: nameParam,
      bodyKind: "exact-json",
      body: z.object({ values: valuesSchema, deletedKeys: deletedKeysSchema }),
      answers: okSchema,
      handle: async ({ params, body, caller }) => {
        const device = await deviceNamed(needs, params.name);
        const person = personOf(caller);
        const change = await needs.database.transaction(async (connection) => {
          const written = await needs.deviceAttributes.write(connection, {
            ...{ deviceId: device.id, scope: "server", by: person.name },
            ...body,
          });
          await needs.guard.appendAudit(connection, {
            kind: "server-attributes-changed",
            actor: person,
            // Names alone: a value may be anything, also something that nobody else should read.
            body: {
              deviceName: device.name,
              keys: Object.keys(written.values),
              deletedKeys: [...written.deletedKeys],
            },
          });
          return written;
        });
        if (Object.keys(change.values).length + change.deletedKeys.length > 0)
          needs.bus.publish({ kind: "device-attributes-changed", deviceName: device.name });
        return ok;
      },
    }),
  ];
}

/** What a release is offered by: the device answers it with telemetry (`current_fw_title`, `fw_state`), not with attributes. */
const releaseOffer = /^(?:fw|sw)_(?:title|version|tag|size|checksum|checksum_algorithm|signature|url)$/u;

/** A key that we want and the device says otherwise, or not at all. */
function deltaOf(items: readonly Attribute[]): z.infer<typeof attributeDeltaSchema>[] {
  const reported = new Map(items.filter(({ scope }) => scope === "client").map((one) => [one.key, one]));
  return items
    .filter(({ scope, key }) => scope === "shared" && !releaseOffer.test(key))
    .flatMap((desired) => {
      const said = reported.get(desired.key);
      if (said !== undefined && isSameJson(said.value, desired.value)) return [];
      return [
        {
          ...{ key: desired.key, desired: desired.value, reported: said?.value ?? null },
          ...{ desiredAt: desired.updatedAt, reportedAt: said?.updatedAt ?? null },
        },
      ];
    });
}

/** The order of an object's members is of no account. */
function isSameJson(left: JsonValue, right: JsonValue): boolean {
  return JSON.stringify(left, sortedMembers) === JSON.stringify(right, sortedMembers);
}

const sortedMembers = (_name: string, value: unknown): unknown =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).toSorted(([left], [right]) => (left < right ? -1 : 1)))
    : value;

function commandRoutes(needs: HttpDependencies): readonly Route[] {
  return [
    defineRoute({
      method: "get",
      path: "/api/devices/{name}/commands",
      summary: "Commands of a device, newest first; `before` is the number of the last one shown.",
      access: "devices.read",
      params: nameParam,
      query: z.object({ before: z.coerce.number().int().positive().max(2_147_483_647).optional() }),
      answers: itemsOf(deviceCommandSchema),
      handle: async ({ params, query }) => {
        const device = await deviceNamed(needs, params.name);
        const commands = await needs.deviceCommands.list({
          ...{ deviceId: device.id, limit: commandsPerPage },
          ...(query.before === undefined ? {} : { beforeNumber: query.before }),
        });
        return { items: commands.map(commandView) };
      },
    }),
    sendRoute(needs),
    defineRoute({
      method: "delete",
      path: "/api/commands/{id}",
      summary: "Takes back a command that was not sent yet.",
      access: "devices.command",
      params: idParam,
      answers: okSchema,
      handle: async ({ params, caller }) => {
        await needs.commandDesk.takeBack(params.id, personOf(caller));
        return ok;
      },
    }),
  ];
}

function sendRoute(needs: HttpDependencies): Route {
  return defineRoute({
    method: "post",
    path: "/api/devices/{name}/commands",
    summary: "Sends a command, as far as the guard allows it; waits for its end as long as asked.",
    access: "devices.command",
    params: nameParam,
    bodyKind: "exact-json",
    body: z.object({
      method: z.string().min(1).max(100),
      params: jsonValueSchema.default(null),
      isOneWay: z.boolean().default(false),
      isPersistent: z.boolean().default(false),
      lifetimeMs: z.int().min(1_000).max(lifetimeMsMax).default(60_000),
      idempotencyKey: idempotencyKeySchema,
      waitMs: z.int().min(0).max(waitMsMax).default(0),
    }),
    answers: proposedSchema.extend({ command: deviceCommandSchema.nullable() }),
    handle: async ({ params, body, caller }) => {
      const device = await deviceNamed(needs, params.name);
      const { waitMs, ...request } = body;
      const { proposal, command } = await needs.commandDesk.send(personOf(caller), {
        deviceName: device.name,
        ...request,
      });
      const { decision, approvalId, receiptId } = proposal;
      const later =
        command === null || waitMs === 0 ? command : await needs.commandDesk.waitFor(command.id, waitMs);
      return { decision, approvalId, receiptId, command: later === null ? null : commandView(later) };
    },
  });
}

/** Without the idempotency key, which is the caller's own. */
function commandView(command: DeviceCommand): z.infer<typeof deviceCommandSchema> {
  const { deviceId: _device, idempotencyKey: _key, ...shown } = command;
  return shown;
}
