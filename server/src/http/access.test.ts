import { OpenAPIHono } from "@hono/zod-openapi";
import { describe, expect, test } from "vitest";
import { may, permissions, type Role, rolePermissions, roles } from "../people/index.ts";
import { createAuthorize, originCheck } from "./access.ts";
import type { HttpDependencies } from "./dependencies.ts";
import { problemResponse, type Route } from "./route.ts";
import { allRoutes } from "./server.ts";

const controlToken = "c".repeat(43);
/** Routes reach for what they need only when they are let in, so that nothing stands here for the shop itself. */
const routes = allRoutes({} as HttpDependencies);

/** An app in which the staff cookie is the name of a role. */
function appOf(route: Route): OpenAPIHono {
  const app = new OpenAPIHono();
  app.onError((error, context) => problemResponse(context, error, () => undefined));
  const authorize = createAuthorize({
    controlToken,
    people: {
      userOf: (headers: Headers) => {
        const role = headers.get("cookie");
        return Promise.resolve(
          role === null ? null : { id: "u", name: "U", email: "u@x.example", roles: [role] },
        );
      },
    } as HttpDependencies["people"],
    customers: { sessionOf: () => Promise.resolve(null) } as unknown as HttpDependencies["customers"],
  });
  // Where a caller is let in, the route itself does not run: its answer is not the question here.
  app.on(route.method, route.path.replaceAll(/\{(\w+)\}/g, ":$1"), async (context) => {
    await authorize(context, route.access);
    return context.json({ letIn: true });
  });
  return app;
}

async function statusOf(route: Route, headers: Record<string, string> = {}): Promise<number> {
  const path = route.path.replaceAll(/\{\w+\}/g, "x");
  return (await appOf(route).request(path, { method: route.method.toUpperCase(), headers })).status;
}

describe("who may call what", () => {
  test("there are routes, and every one names who may call it", () => {
    expect(routes.length).toBeGreaterThan(30);
    const known = new Set<string>(["public", "customer", ...permissions]);
    expect(routes.filter((route) => !known.has(route.access)).map((route) => route.path)).toEqual([]);
  });

  test.each(routes.map((route) => [`${route.method} ${route.path}`, route] as const))(
    "%s is closed to a stranger unless it is public",
    async (_name, route) => {
      expect(await statusOf(route)).toBe(route.access === "public" ? 200 : 401);
      expect(await statusOf(route, { authorization: "Bearer guess" })).toBe(
        route.access === "public" ? 200 : 401,
      );
    },
  );

  test.each(roles.map((role) => [role] as const))(
    "%s gets exactly what its permissions say",
    async (role: Role) => {
      for (const route of routes) {
        const isStaff = route.access !== "public" && route.access !== "customer";
        const isAllowed = !isStaff
          ? route.access === "public"
          : (rolePermissions[role] as readonly string[]).includes(route.access);
        const status = await statusOf(route, { cookie: role });
        expect([route.path, status]).toEqual([route.path, isAllowed ? 200 : isStaff ? 403 : 401]);
      }
    },
  );

  test("the machine's own control token opens staff routes and no customer's", async () => {
    for (const route of routes) {
      expect([route.path, await statusOf(route, { authorization: `Bearer ${controlToken}` })]).toEqual([
        route.path,
        route.access === "customer" ? 401 : 200,
      ]);
    }
  });

  test("only those who may decide are let near an approval", () => {
    const user = (role: Role) => ({ id: "u", name: "U", email: "u@x.example", roles: [role] });
    expect(roles.filter((role) => may(user(role), "approvals.decide"))).toEqual(["owner", "support"]);
  });
});

test("a change asked for by another site's page is refused, reading and programs are not", async () => {
  const app = new OpenAPIHono();
  app.onError((error, context) => problemResponse(context, error, () => undefined));
  app.use(
    "*",
    originCheck((origin) => origin === "https://desk.example"),
  );
  app.all("*", (context) => context.json({}));
  const status = async (method: string, origin?: string) =>
    (await app.request("/x", { method, headers: origin === undefined ? {} : { origin } })).status;
  expect(await status("POST", "https://evil.example")).toBe(403);
  expect(await status("DELETE", "null")).toBe(403);
  expect(await status("POST", "https://desk.example")).toBe(200);
  expect(await status("POST")).toBe(200);
  expect(await status("GET", "https://evil.example")).toBe(200);
});
