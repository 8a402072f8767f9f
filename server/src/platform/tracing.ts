// Spans for OpenTelemetry. Without an SDK (app/start-tracing.ts) every call here does nothing.
import {
  type Attributes,
  type Context,
  context,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type TextMapPropagator,
  TraceFlags,
  trace,
} from "@opentelemetry/api";

export interface SpanNote {
  readonly name: string;
  readonly kind?: "server" | "client" | "consumer";
  /** Never a secret, never what a customer wrote. */
  readonly attributes?: Attributes;
  /** A request that carries the caller's trace. */
  readonly headers?: Headers;
  /** A trace of its own, whoever caused it: what serves many callers at once belongs to none of them. */
  readonly isRoot?: boolean;
}

const kinds = { server: SpanKind.SERVER, client: SpanKind.CLIENT, consumer: SpanKind.CONSUMER } as const;

/** Runs `work` inside a span; what it rejects with marks the span as failed and is passed on. */
export async function traced<Result>(
  { name, kind, attributes, headers, isRoot }: SpanNote,
  work: (span: Span) => Promise<Result>,
): Promise<Result> {
  const here = isRoot === true ? ROOT_CONTEXT : context.active();
  const parent = headers === undefined ? here : parentOf(headers);
  const options = {
    ...(kind === undefined ? {} : { kind: kinds[kind] }),
    ...(attributes === undefined ? {} : { attributes }),
  };
  return trace.getTracer("waremind").startActiveSpan(name, options, parent, async (span) => {
    try {
      return await work(span);
    } catch (error) {
      const type = error instanceof Error ? error.name : "unknown";
      span.setAttribute("error.type", type);
      span.setStatus({ code: SpanStatusCode.ERROR, message: type });
      throw error;
    } finally {
      span.end();
    }
  });
}

/** Marks a span as failed whose work did not reject. */
export function markFailed(span: Span, errorType: string): void {
  span.setAttribute("error.type", errorType);
  span.setStatus({ code: SpanStatusCode.ERROR });
}

/** The present trace, for a request to another server; empty without one. */
export function traceHeaders(): Record<string, string> {
  const headers: Record<string, string> = {};
  propagation.inject(context.active(), headers);
  return headers;
}

function parentOf(headers: Headers): Context {
  return propagation.extract(context.active(), headers, {
    keys: (carrier) => [...carrier.keys()],
    get: (carrier, key) => carrier.get(key) ?? undefined,
  });
}

const traceparentPattern =
  /^(?!ff)[\da-f]{2}-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-([\da-f]{2})(?:-|$)/;

/** `traceparent` alone, as in W3C Trace Context, Level 1, section 3.2; `tracestate` is not passed on. */
export const traceparentPropagator: TextMapPropagator = {
  fields: () => ["traceparent"],
  inject: (from, carrier: unknown, setter) => {
    const span = trace.getSpanContext(from);
    if (span === undefined || !trace.isSpanContextValid(span)) return;
    const flags = (span.traceFlags & TraceFlags.SAMPLED).toString(16).padStart(2, "0");
    setter.set(carrier, "traceparent", `00-${span.traceId}-${span.spanId}-${flags}`);
  },
  extract: (from, carrier: unknown, getter) => {
    const header = getter.get(carrier, "traceparent");
    const match = typeof header === "string" ? traceparentPattern.exec(header) : null;
    const [, traceId, spanId, flags] = match ?? [];
    if (traceId === undefined || spanId === undefined || flags === undefined) return from;
    const traceFlags = Number.parseInt(flags, 16) & TraceFlags.SAMPLED;
    return trace.setSpanContext(from, { traceId, spanId, traceFlags, isRemote: true });
  },
};
