import { importedDeviceSchema, importViewSchema } from "@waremind/contract";
import { z } from "zod";
import type { HttpDependencies } from "../dependencies.ts";
import { defineRoute, idParam, itemsOf, notFound, ok, okSchema, personOf, type Route } from "../route.ts";

const loginSchema = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("password"),
    user: z.string().min(1).max(255),
    password: z.string().min(1).max(255),
  }),
  z.object({ kind: z.literal("api-key"), key: z.string().min(1).max(1_000) }),
]);

/** Taking over another system. What opens it is used and forgotten; it stands in no row and in no log. */
export function importRoutes(needs: HttpDependencies): readonly Route[] {
  return [
    defineRoute({
      method: "post",
      path: "/api/imports/thingsboard",
      summary: "Takes over a ThingsBoard with its history, or goes on with what was interrupted.",
      access: "imports.run",
      body: z.object({
        url: z.string().min(1).max(500),
        login: loginSchema,
        since: z.int().min(0).max(8.64e15).nullable().default(null),
        devicePattern: z.string().min(1).max(200).nullable().default(null),
        isDryRun: z.boolean().default(false),
      }),
      answers: importViewSchema,
      handle: ({ body, caller }) => needs.thingsboardImports.start(body, personOf(caller)),
    }),
    defineRoute({
      method: "get",
      path: "/api/imports/{id}",
      summary: "How far an import is.",
      access: "imports.run",
      params: idParam,
      answers: importViewSchema,
      handle: async ({ params }) => findImport(needs, params.id),
    }),
    defineRoute({
      method: "get",
      path: "/api/imports/{id}/devices",
      summary: "What became of each device of an import.",
      access: "imports.run",
      params: idParam,
      answers: itemsOf(importedDeviceSchema),
      handle: async ({ params }) => {
        await findImport(needs, params.id);
        return { items: [...(await needs.thingsboardImports.devices(params.id))] };
      },
    }),
    defineRoute({
      method: "post",
      path: "/api/imports/{id}/stop",
      summary: "Stops an import; the same request goes on where it stopped.",
      access: "imports.run",
      params: idParam,
      answers: okSchema,
      handle: async ({ params }) => {
        await findImport(needs, params.id);
        await needs.thingsboardImports.stop(params.id);
        return ok;
      },
    }),
  ];
}

async function findImport(needs: HttpDependencies, importId: string) {
  const found = await needs.thingsboardImports.find(importId);
  if (found === null) throw notFound({ en: `import ${importId}`, zh: `导入 ${importId}` });
  return found;
}
