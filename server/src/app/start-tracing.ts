// Sets up OpenTelemetry where a collector is named; nothing of its SDK is loaded otherwise.
import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { context, propagation, trace } from "@opentelemetry/api";
import { traceparentPropagator } from "../platform/tracing.ts";
import { version } from "./version.ts";

/** Spans that wait to be sent; what comes beyond is dropped, never waited for. */
const queuedSpansMax = 4_096;
const spansPerRequestMax = 512;
const sendEveryMs = 2_000;
const sendMsMax = 10_000;
/** How long a stop waits for the last spans. */
const flushMsMax = 3_000;

/**
 * Sends spans to `otlpUrl` by OTLP over HTTP. Answers how to stop, which sends what is left.
 *
 * @param otlpUrl base URL (`/v1/traces` is added) or the whole URL of traces
 */
export async function startTracing(otlpUrl: string): Promise<() => Promise<void>> {
  const [{ TracerProvider, BatchSpanProcessor }, { OTLPTraceExporter }, { AsyncLocalStorageContextManager }] =
    await Promise.all([
      import("@opentelemetry/sdk-trace"),
      import("@opentelemetry/exporter-trace-otlp-http"),
      import("@opentelemetry/context-async-hooks"),
    ]);
  const provider = new TracerProvider({
    resource: resourceOf({
      "service.name": "waremind",
      "service.version": version,
      "service.instance.id": randomUUID(),
      "host.name": hostname(),
    }),
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: new OTLPTraceExporter({ url: tracesUrl(otlpUrl), timeoutMillis: sendMsMax }),
        maxQueueSize: queuedSpansMax,
        maxExportBatchSize: spansPerRequestMax,
        scheduledDelayMillis: sendEveryMs,
      }),
    ],
  });
  const contexts = new AsyncLocalStorageContextManager();
  context.setGlobalContextManager(contexts.enable());
  propagation.setGlobalPropagator(traceparentPropagator);
  trace.setGlobalTracerProvider(provider);
  return async () => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, flushMsMax);
    });
    // A collector that is away must not hold up the stop.
    await Promise.race([provider.shutdown().catch(() => undefined), late]);
    clearTimeout(timer);
    trace.disable();
    propagation.disable();
    context.disable();
  };
}

const tracesUrl = (url: string): string =>
  /\/v1\/traces\/?$/.test(url) ? url : `${url.replace(/\/+$/, "")}/v1/traces`;

type Resource = NonNullable<
  NonNullable<ConstructorParameters<typeof import("@opentelemetry/sdk-trace").TracerProvider>[0]>["resource"]
>;

/** Who sends, as fixed attributes: the SDK's own detectors would read the environment. */
function resourceOf(attributes: Readonly<Record<string, string>>): Resource {
  const resource: Resource = {
    attributes,
    merge: () => resource,
    getRawAttributes: () => Object.entries(attributes),
  };
  return resource;
}
