import { deviceNameLengthMax } from "@waremind/contract";
import { z } from "zod";
import type { Binding } from "../../devices/index.ts";
import type { HttpDependencies } from "../dependencies.ts";
import { defineRoute, notFound, ok, okSchema, personOf, type Route } from "../route.ts";

const bindingSchema = z.object({
  id: z.string(),
  kind: z.enum(["logger-shipment", "cell-stock"]),
  deviceName: z.string(),
  seriesKey: z.string(),
  targetId: z.string(),
  boundAt: z.number(),
});

/** What a device means to the business: a logger in a parcel, a scale under a shelf cell. */
export function bindingRoutes(needs: HttpDependencies): readonly Route[] {
  return [
    defineRoute({
      method: "post",
      path: "/api/bindings",
      summary:
        "Binds a device's series to a shipment or a shelf cell; a former device of that target is released.",
      access: "devices.write",
      body: z.object({
        kind: bindingSchema.shape.kind,
        deviceName: z.string().min(1).max(deviceNameLengthMax),
        seriesKey: z.string().min(1).max(255),
        target: z.string().min(1).max(100),
      }),
      answers: bindingSchema,
      handle: async ({ body, caller }) => {
        const device = await needs.devices.findDevice(body.deviceName);
        if (device === null)
          throw notFound({ en: `device ${body.deviceName}`, zh: `设备 ${body.deviceName}` });
        const targetId = await findTarget(needs, body.kind, body.target);
        const former = (await needs.devices.liveBindings()).filter(
          (binding) => binding.targetId === targetId && binding.kind === body.kind,
        );
        const made = await needs.database.transaction(async (connection) => {
          for (const binding of former) await needs.devices.unbind(connection, binding.id);
          const binding = await needs.devices.bind(connection, {
            kind: body.kind,
            deviceId: device.id,
            seriesKey: body.seriesKey,
            targetId,
          });
          await needs.guard.appendAudit(connection, {
            kind: "device-bound",
            actor: personOf(caller),
            body: { ...body, targetId, released: former.map((one) => one.id) },
          });
          return binding;
        });
        return {
          id: made.id,
          kind: made.kind,
          deviceName: device.name,
          seriesKey: made.seriesKey,
          targetId,
          boundAt: made.boundAt,
        };
      },
    }),
    defineRoute({
      method: "delete",
      path: "/api/bindings/{id}",
      summary: "Releases a device from its target.",
      access: "devices.write",
      params: z.object({ id: z.string().min(1).max(100) }),
      answers: okSchema,
      handle: async ({ params, caller }) => {
        const live = (await needs.devices.liveBindings()).find((binding) => binding.id === params.id);
        if (live === undefined)
          throw notFound({ en: `live binding ${params.id}`, zh: `有效的绑定 ${params.id}` });
        await needs.database.transaction(async (connection) => {
          await needs.devices.unbind(connection, live.id);
          await needs.guard.appendAudit(connection, {
            kind: "device-released",
            actor: personOf(caller),
            body: { bindingId: live.id },
          });
        });
        return ok;
      },
    }),
  ];
}

/** A shipment by its id or number, a shelf cell by its id or code. */
async function findTarget(needs: HttpDependencies, kind: Binding["kind"], name: string): Promise<string> {
  if (kind === "logger-shipment") {
    const shipment =
      (await needs.shipments.findShipment(name)) ?? (await needs.shipments.findShipmentByNumber(name));
    if (shipment === null) throw notFound({ en: `shipment ${name}`, zh: `货件 ${name}` });
    return shipment.id;
  }
  const cell = (await needs.inventory.listCells()).find((one) => one.id === name || one.code === name);
  if (cell === undefined) throw notFound({ en: `shelf cell ${name}`, zh: `货格 ${name}` });
  return cell.id;
}
