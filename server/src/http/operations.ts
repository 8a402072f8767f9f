// What machines ask of a running server: does it live, can it work, and its figures.
import { randomUUID, timingSafeEqual } from "node:crypto";
import type { Context, MiddlewareHandler } from "hono";
import { routePath } from "hono/route";
import { withRequestId } from "../platform/log.ts";
import type { Metrics } from "../platform/metrics.ts";
import type { Readiness } from "../platform/readiness.ts";
import { markFailed, traced } from "../platform/tracing.ts";
import { type Authorize, addressOf, type OpenAPIHono } from "./route.ts";

export interface OperationsDependencies {
  readonly metrics: Metrics;
  readonly readiness: Readiness;
  /** Opens `/metrics` to whoever shows it as a bearer token; absent: to this very machine. */
  readonly metricsToken?: string | undefined;
  /** People come through a proxy: then every caller has its address, and none of them is trusted for it. */
  readonly isBehindProxy?: boolean;
}

export function serveOperations(app: OpenAPIHono, needs: OperationsDependencies, authorize: Authorize): void {
  app.get("/healthz", (context) => context.json({ ok: true }));
  app.get("/readyz", async (context) => {
    const { isReady, parts } = await needs.readiness.check();
    context.header("Cache-Control", "no-store");
    return context.json({ ready: isReady, parts }, isReady ? 200 : 503);
  });
  app.get("/metrics", async (context) => {
    if (!mayScrape(context, needs)) await authorize(context, "operations.read");
    const { contentType, body } = await needs.metrics.text();
    return context.body(body, 200, { "Content-Type": contentType, "Cache-Control": "no-store" });
  });
}

function mayScrape(context: Context, { metricsToken, isBehindProxy }: OperationsDependencies): boolean {
  if (metricsToken !== undefined) {
    const bearer = /^Bearer (\S{1,512})$/.exec(context.req.header("authorization") ?? "")?.[1];
    return bearer !== undefined && isSame(bearer, metricsToken);
  }
  return isBehindProxy !== true && isThisMachine(context);
}

const forwardingHeaders = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via"] as const;
const loopbackHost = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/;

/** By its address, by no sign of a proxy, and by the name it asked for: a page of elsewhere may point its own name here. */
function isThisMachine(context: Context): boolean {
  const address = addressOf(context)?.address;
  const isLoopback = address === "::1" || address?.replace(/^::ffff:/, "").startsWith("127.") === true;
  return (
    isLoopback &&
    loopbackHost.test(context.req.header("host") ?? "") &&
    forwardingHeaders.every((name) => context.req.header(name) === undefined)
  );
}

function isSame(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Every answer names its request, and so does every line that is logged for it: who reports a fault can be found. */
export const identifyRequests: MiddlewareHandler = async (context, next) => {
  const requestId = randomUUID();
  await withRequestId(requestId, next);
  context.header("X-Request-Id", requestId);
};

/**
 * A span for each request, in the caller's trace where it names one. The path is not told: it holds tokens of devices and
 * names; the template of the route is.
 */
export const traceRequests: MiddlewareHandler = (context, next) => {
  const { method } = context.req;
  const known = methods.has(method) ? method : "_OTHER";
  return traced(
    {
      name: known,
      kind: "server",
      attributes: { "http.request.method": known },
      headers: context.req.raw.headers,
    },
    async (span) => {
      await next();
      const { status } = context.res;
      const route = templateOf(context);
      span.updateName(`${known} ${route}`);
      span.setAttributes({ "http.route": route, "http.response.status_code": status });
      if (status >= serverFailure) markFailed(span, String(status));
    },
  );
};

const serverFailure = 500;
const secondsBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const methods: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/** Counts answers by the template of their route: a path holds names and tokens, and there are endless ones. */
export function meterRequests(metrics: Metrics): MiddlewareHandler {
  const answers = metrics.counter({
    name: "waremind_http_requests_total",
    help: "HTTP requests by method, template of the route and status.",
    labels: ["method", "route", "status"],
  });
  const seconds = metrics.histogram({
    name: "waremind_http_request_seconds",
    help: "Time until the answer begins, by template of the route.",
    labels: ["route"],
    buckets: secondsBuckets,
  });
  return async (context, next) => {
    const end = seconds.startTimer();
    await next();
    const route = templateOf(context);
    const method = methods.has(context.req.method) ? context.req.method : "other";
    answers.add([method, route, String(context.res.status)]);
    end([route]);
  };
}

/** `/api/devices/:name` of the route that answered last, which stays behind in the context; the console's files are `*`. */
export function templateOf(context: Context): string {
  return routePath(context);
}
