import {
  deviceImportBytesMax,
  deviceImportRowSchema,
  deviceNameLengthMax,
  deviceRowSchema,
  deviceViewSchema,
  issuedCredentialSchema,
  valueTypeSchema,
} from "@waremind/contract";
import { z } from "zod";
import type { Device, DeviceEdit } from "../../devices/index.ts";
import { removeDevice } from "../../flows/remove-device.ts";
import { newCredentialSchema } from "../credential-schemas.ts";
import type { HttpDependencies } from "../dependencies.ts";
import { deviceNamed } from "../find-device.ts";
import { defineRoute, itemsOf, nameParam, notFound, ok, okSchema, personOf, type Route } from "../route.ts";
import { deviceRowViews, deviceViews } from "../views/device-views.ts";

const quarantinedShownMax = 50;
const nameSchema = z
  .string()
  .trim()
  .min(1)
  .max(deviceNameLengthMax)
  .regex(/^[^\p{C}]+$/u, "must have no control characters");
const labelSchema = z.string().trim().max(200);
const profileIdSchema = z.string().min(1).max(100);

/** The registry: which devices there are. */
export function deviceRoutes(needs: HttpDependencies): readonly Route[] {
  return [
    ...listRoutes(needs),
    detailRoute(needs),
    createRoute(needs),
    importRoute(needs),
    editRoute(needs),
    removeRoute(needs),
  ];
}

function listRoutes(needs: HttpDependencies): readonly Route[] {
  return [
    defineRoute({
      method: "get",
      path: "/api/devices",
      summary: "Devices with when each was last heard and what it measured last; for a few hundred.",
      access: "devices.read",
      answers: itemsOf(deviceViewSchema),
      handle: async () => ({ items: await deviceViews(needs) }),
    }),
    defineRoute({
      method: "get",
      path: "/api/device-rows",
      summary: "All devices, one small line each.",
      access: "devices.read",
      answers: itemsOf(deviceRowSchema),
      handle: async () => ({ items: await deviceRowViews(needs) }),
    }),
  ];
}

const detailSchema = deviceViewSchema.extend({
  state: deviceRowSchema.shape.state,
  isGateway: z.boolean(),
  gatewayName: z.string().nullable(),
  /** Title and version of the packages that it should run. */
  firmware: z.string().nullable(),
  software: z.string().nullable(),
});

function detailRoute(needs: HttpDependencies): Route {
  return defineRoute({
    method: "get",
    path: "/api/devices/{name}",
    summary: "One device, its series and what is in quarantine.",
    access: "devices.read",
    params: nameParam,
    answers: z.object({
      device: detailSchema,
      series: z.array(
        z.object({
          seriesId: z.int(),
          key: z.string(),
          unit: z.string().nullable(),
          valueType: valueTypeSchema,
        }),
      ),
      quarantined: z.array(
        z.object({
          id: z.number(),
          receivedAt: z.number(),
          reason: z.string(),
          detail: z.string(),
          payload: z.string(),
        }),
      ),
    }),
    handle: async ({ params }) => {
      const found = await deviceNamed(needs, params.name);
      const series = await needs.telemetry.seriesOfDevices([found.id]);
      return {
        device: await detailView(needs, found),
        series: series.map(({ id, key, unit, valueType }) => ({ seriesId: id, key, unit, valueType })),
        quarantined: [...(await needs.telemetry.quarantinedOf(found.id, quarantinedShownMax))],
      };
    },
  });
}

async function detailView(needs: HttpDependencies, device: Device): Promise<z.infer<typeof detailSchema>> {
  const [view] = await deviceViews(needs, device);
  if (view === undefined) throw new Error("A device always has a view.");
  const gateway = device.gatewayId === null ? null : await needs.devices.findDeviceById(device.gatewayId);
  const release = async (id: string | null) => {
    const found = id === null ? null : await needs.deviceReleases.find(id);
    return found === null ? null : `${found.title} ${found.version}`;
  };
  return {
    ...view,
    ...{ state: device.state, isGateway: device.isGateway, gatewayName: gateway?.name ?? null },
    firmware: await release(device.firmwareReleaseId),
    software: await release(device.softwareReleaseId),
  };
}

function createRoute(needs: HttpDependencies): Route {
  return defineRoute({
    method: "post",
    path: "/api/devices",
    summary: "Adds a device; what it connects with is answered this once.",
    access: "devices.write",
    body: z.object({
      name: nameSchema,
      label: labelSchema.default(""),
      profileId: profileIdSchema,
      isGateway: z.boolean().default(false),
      credential: newCredentialSchema.default({ kind: "access-token" }),
    }),
    answers: z.object({
      device: deviceViewSchema,
      /** Null when it connects with something else than an access token. */
      token: z.string().nullable(),
      credential: issuedCredentialSchema,
    }),
    handle: async ({ body, caller }) => {
      const { name, label, profileId, isGateway } = body;
      await requireProfile(needs, profileId);
      const { created, credential } = await needs.database.transaction(async (connection) => {
        const made = await needs.devices.createDevice(connection, { name, label, profileId, isGateway });
        const issued = await needs.deviceCredentials.issue(connection, made.id, body.credential);
        await needs.guard.appendAudit(connection, {
          kind: "device-created",
          actor: personOf(caller),
          body: { name, profileId, isGateway, credential: issued.kind },
        });
        return { created: made, credential: issued };
      });
      const [device] = await deviceViews(needs, created);
      if (device === undefined) throw new Error("A device always has a view.");
      return { device, token: credential.kind === "access-token" ? credential.token : null, credential };
    },
  });
}

async function requireProfile(needs: HttpDependencies, profileId: string): Promise<void> {
  if (!(await needs.devices.listProfiles()).some((profile) => profile.id === profileId))
    throw notFound({ en: `profile ${profileId}`, zh: `设备配置 ${profileId}` });
}

function importRoute(needs: HttpDependencies): Route {
  return defineRoute({
    method: "post",
    path: "/api/device-imports",
    summary: "Adds devices from a CSV (name,label,profile,gateway,token); tokens are answered this once.",
    access: "devices.write",
    query: z.object({ dryRun: z.enum(["true", "false"]).default("false") }),
    body: z.instanceof(Uint8Array).meta({ type: "string", format: "binary" }),
    bodyKind: "csv",
    bodyBytesMax: deviceImportBytesMax,
    answers: z.object({
      rows: z.array(deviceImportRowSchema),
      created: z.int(),
      existing: z.int(),
      refused: z.int(),
    }),
    handle: async ({ query, body, caller }) => {
      const isDryRun = query.dryRun === "true";
      const rows = await needs.deviceImport.run({ csv: body, dryRun: isDryRun });
      const count = (outcome: (typeof rows)[number]["outcome"]) =>
        rows.filter((row) => row.outcome === outcome).length;
      const counts = { created: count("created"), existing: count("exists"), refused: count("refused") };
      if (!isDryRun)
        await needs.database.transaction((connection) =>
          needs.guard.appendAudit(connection, {
            kind: "devices-imported",
            actor: personOf(caller),
            body: counts,
          }),
        );
      return { rows: [...rows], ...counts };
    },
  });
}

function editRoute(needs: HttpDependencies): Route {
  return defineRoute({
    method: "post",
    path: "/api/devices/{name}",
    summary: "Changes a device; disabling it ends its sessions.",
    access: "devices.write",
    params: nameParam,
    body: z.object({
      label: labelSchema.optional(),
      profileId: profileIdSchema.optional(),
      isGateway: z.boolean().optional(),
      state: z.enum(["active", "disabled"]).optional(),
    }),
    answers: detailSchema,
    handle: async ({ params, body, caller }) => {
      const before = await deviceNamed(needs, params.name);
      const edit: DeviceEdit = body;
      const after = await needs.database.transaction(async (connection) => {
        const changed = await needs.devices.updateDevice(connection, before.name, edit);
        await needs.guard.appendAudit(connection, {
          kind: "device-changed",
          actor: personOf(caller),
          body: { name: before.name, ...body },
        });
        return changed;
      });
      needs.devices.forget(after.id);
      if (after.state === "disabled") needs.deviceHub.close(after.id, "device-disabled");
      return detailView(needs, after);
    },
  });
}

function removeRoute(needs: HttpDependencies): Route {
  return defineRoute({
    method: "delete",
    path: "/api/devices/{name}",
    summary:
      "Deletes a device with everything it measured. Refused while it is bound to a shipment or a shelf.",
    access: "devices.write",
    params: nameParam,
    answers: okSchema,
    handle: async ({ params, caller }) => {
      const device = await deviceNamed(needs, params.name);
      await removeDevice(needs, device, personOf(caller));
      return ok;
    },
  });
}
