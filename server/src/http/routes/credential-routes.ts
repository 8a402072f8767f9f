import { credentialViewSchema, issuedCredentialSchema } from "@waremind/contract";
import { z } from "zod";
import { newCredentialSchema } from "../credential-schemas.ts";
import type { HttpDependencies } from "../dependencies.ts";
import { deviceNamed } from "../find-device.ts";
import { defineRoute, itemsOf, nameParam, notFound, ok, okSchema, personOf, type Route } from "../route.ts";

/** What a device connects with. Secrets are answered once; neither the audit log nor any list has them. */
export function credentialRoutes(needs: HttpDependencies): readonly Route[] {
  return [
    defineRoute({
      method: "get",
      path: "/api/devices/{name}/credentials",
      summary: "Credentials of a device, revoked ones too, without their secrets.",
      access: "devices.read",
      params: nameParam,
      answers: itemsOf(credentialViewSchema),
      handle: async ({ params }) => {
        const device = await deviceNamed(needs, params.name);
        const list = await needs.deviceCredentials.list(device.id);
        return {
          items: list.map(({ id, kind, hint, createdAt, revokedAt }) => ({
            ...{ id, kind, hint, createdAt, revokedAt },
          })),
        };
      },
    }),
    defineRoute({
      method: "post",
      path: "/api/devices/{name}/credentials",
      summary: "Gives a device one more credential; it is answered this once.",
      access: "devices.write",
      params: nameParam,
      body: newCredentialSchema,
      answers: z.object({ credential: issuedCredentialSchema }),
      handle: async ({ params, body, caller }) => {
        const device = await deviceNamed(needs, params.name);
        const credential = await needs.database.transaction(async (connection) => {
          const issued = await needs.deviceCredentials.issue(connection, device.id, body);
          await needs.guard.appendAudit(connection, {
            kind: "credential-issued",
            actor: personOf(caller),
            body: { deviceName: device.name, credentialId: issued.id, credential: issued.kind },
          });
          return issued;
        });
        return { credential };
      },
    }),
    defineRoute({
      method: "post",
      path: "/api/credentials/{id}/revoke",
      summary: "Takes a credential out of use for good; sessions of its device end.",
      access: "devices.write",
      params: z.object({ id: z.coerce.number().int().positive().max(2_147_483_647) }),
      answers: okSchema,
      handle: async ({ params, caller }) => {
        const found = await needs.deviceCredentials.find(params.id);
        const device = found === null ? null : await needs.devices.findDeviceById(found.deviceId);
        if (device === null) throw notFound({ en: `credential ${params.id}`, zh: `凭证 ${params.id}` });
        await needs.database.transaction(async (connection) => {
          await needs.deviceCredentials.revoke(connection, params.id);
          await needs.guard.appendAudit(connection, {
            kind: "credential-revoked",
            actor: personOf(caller),
            body: { deviceName: device.name, credentialId: params.id },
          });
        });
        needs.devices.forget(device.id);
        needs.deviceHub.close(device.id, "credentials-revoked");
        return ok;
      },
    }),
  ];
}
