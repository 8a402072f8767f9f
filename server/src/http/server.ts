// The HTTP side of the product: security headers, routes, the device API, the live stream and the console's files.
import { join } from "node:path";
import { serveStatic } from "@hono/node-server/serve-static";
import type { Context, MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { patientDatabase } from "../platform/contention.ts";
import { DomainError } from "../platform/errors.ts";
import { createAuthorize, originCheck } from "./access.ts";
import type { HttpDependencies } from "./dependencies.ts";
import { createLiveStreams } from "./live.ts";
import { identifyRequests, meterRequests, serveOperations, traceRequests } from "./operations.ts";
import {
  addressOf,
  bodyBytesMax,
  bodyTooLarge,
  brokenOff,
  OpenAPIHono,
  problemResponse,
  type Route,
} from "./route.ts";
import { alarmDecisionRoutes } from "./routes/alarm-decision-routes.ts";
import { alarmRoutes } from "./routes/alarm-routes.ts";
import { alarmRuleRoutes } from "./routes/alarm-rule-routes.ts";
import { anomalyRoutes } from "./routes/anomaly-routes.ts";
import { backupRoutes } from "./routes/backup-routes.ts";
import { bindingRoutes } from "./routes/binding-routes.ts";
import { claimRoutes } from "./routes/claim-routes.ts";
import { controlRoutes } from "./routes/control-routes.ts";
import { credentialRoutes } from "./routes/credential-routes.ts";
import { customerRoutes } from "./routes/customer-routes.ts";
import { demoRoutes } from "./routes/demo-routes.ts";
import { deskRoutes } from "./routes/desk-routes.ts";
import { deviceRoutes } from "./routes/device-routes.ts";
import { escalationRoutes } from "./routes/escalation-routes.ts";
import { gapRoutes } from "./routes/gap-routes.ts";
import { importRoutes } from "./routes/import-routes.ts";
import { jobRoutes } from "./routes/job-routes.ts";
import { positionRoutes } from "./routes/position-routes.ts";
import { profileRoutes } from "./routes/profile-routes.ts";
import { quarantineRoutes } from "./routes/quarantine-routes.ts";
import { readingRoutes } from "./routes/reading-routes.ts";
import { releaseRoutes } from "./routes/release-routes.ts";
import { seriesRoutes } from "./routes/series-routes.ts";
import { shopRoutes } from "./routes/shop-routes.ts";

/** Every route with who may call it; the list that an auditor asks for. */
export function allRoutes(needs: HttpDependencies): readonly Route[] {
  return [
    ...shopRoutes(needs),
    ...deviceRoutes(needs),
    ...claimRoutes(needs),
    ...credentialRoutes(needs),
    ...controlRoutes(needs),
    ...profileRoutes(needs),
    ...readingRoutes(needs),
    ...positionRoutes(needs),
    ...anomalyRoutes(needs),
    ...seriesRoutes(needs),
    ...gapRoutes(needs),
    ...quarantineRoutes(needs),
    ...alarmRoutes(needs),
    ...alarmRuleRoutes(needs),
    ...alarmDecisionRoutes(needs),
    ...escalationRoutes(needs),
    ...importRoutes(needs),
    ...jobRoutes(needs),
    ...backupRoutes(needs),
    ...releaseRoutes(needs),
    ...bindingRoutes(needs),
    ...deskRoutes(needs),
    ...demoRoutes(needs),
    ...customerRoutes(needs),
  ];
}

export function createHttp(given: HttpDependencies): OpenAPIHono {
  const log = given.log.child({ component: "http" });
  const needs = { ...given, log, database: patientDatabase(given.database) };
  const app = new OpenAPIHono();
  app.onError((error, context) =>
    problemResponse(context, error, (unexpected) =>
      needs.log.error({ err: unexpected, path: context.req.path }, "request failed"),
    ),
  );
  app.use("*", identifyRequests);
  app.use("*", meterRequests(needs.metrics));
  app.use("*", traceRequests);
  app.route("/", needs.deviceApi);
  app.use("*", securityHeaders);
  app.use("/api/*", originCheck(isSameSite));
  const routes = allRoutes(needs);
  app.use("/api/*", limitOfBodies(routes));
  app.all("/api/auth/*", (context) =>
    needs.people.handler(context.req.raw, addressOf(context)).catch((error: unknown) => {
      throw context.req.raw.signal.aborted ? brokenOff(error) : error;
    }),
  );

  const authorize = createAuthorize(needs);
  serveOperations(app, needs, authorize);
  for (const route of routes) route.register(app, authorize);
  const openLive = createLiveStreams(needs.bus);
  app.get("/api/live", async (context) => {
    await authorize(context, "overview.read");
    return openLive(context);
  });
  app.doc31("/api/openapi.json", {
    openapi: "3.1.0",
    info: { title: "Waremind", version: needs.shop.version },
  });
  app.all("/api/*", (context) =>
    context.json(
      {
        code: "not-found",
        message: {
          en: `There is no ${context.req.method} ${context.req.path}.`,
          zh: `没有 ${context.req.method} ${context.req.path}。`,
        },
      },
      404,
    ),
  );
  serveConsole(app, needs.consoleDirectory);
  return app;
}

/**
 * Larger bodies are cut off while they come in, never gathered. A route that takes more counts for itself, once it
 * knows who calls.
 */
function limitOfBodies(routes: readonly Route[]): MiddlewareHandler {
  const large = routes
    .filter((route) => route.bodyBytesMax !== undefined)
    .map(({ method, path }) => ({ method: method.toUpperCase(), path: pathPattern(path) }));
  const limit = bodyLimit({
    maxSize: bodyBytesMax,
    onError: () => {
      throw bodyTooLarge();
    },
  });
  return (context, next) =>
    large.some((route) => route.method === context.req.method && route.path.test(context.req.path))
      ? next()
      : // What fails behind it is answered there; what rejects here is the reading of a body.
        limit(context, next).catch((error: unknown) => {
          throw error instanceof DomainError ? error : brokenOff(error);
        });
}

const pathPattern = (path: string): RegExp =>
  new RegExp(`^${path.replaceAll(".", "\\.").replaceAll(/\{\w+\}/g, "[^/]+")}$`, "u");

/** A page may change things here when it came from this very address. */
function isSameSite(origin: string, context: Context): boolean {
  const host = context.req.header("x-forwarded-host") ?? context.req.header("host");
  return URL.canParse(origin) && new URL(origin).host === host;
}

const contentPolicy = (ancestors: string): string =>
  `default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'self'; object-src 'none'; frame-ancestors ${ancestors}`;

/** Only the widget may stand in another site's frame; it holds no cookie. */
const securityHeaders: MiddlewareHandler = async (context, next) => {
  await next();
  const isWidget = context.req.path === "/widget" || context.req.path === "/widget.html";
  context.header("Content-Security-Policy", contentPolicy(isWidget ? "*" : "'none'"));
  context.header("X-Content-Type-Options", "nosniff");
  context.header("Referrer-Policy", "same-origin");
  context.header(
    "Cross-Origin-Resource-Policy",
    context.req.path === "/widget.js" ? "cross-origin" : "same-origin",
  );
  if (context.req.path.startsWith("/api/")) context.header("Cache-Control", "no-store");
};

/** Built files by their hashed names for a year, pages never; every other path is a view of the console. */
function serveConsole(app: OpenAPIHono, directory: string): void {
  const files = serveStatic({
    root: directory,
    onFound: (path, context) =>
      context.header(
        "Cache-Control",
        path.includes("/assets/") ? "public, max-age=31536000, immutable" : "no-cache",
      ),
  });
  app.get("/widget", serveStatic({ path: join(directory, "widget.html") }));
  app.use("*", files);
  app.get("*", serveStatic({ path: join(directory, "index.html") }));
}
