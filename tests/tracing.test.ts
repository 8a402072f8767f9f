// Traces as a collector receives them: a real HTTP server takes OTLP, the product makes the spans.
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { startTracing } from "../server/src/app/start-tracing.ts";
import { createModelGateway } from "../server/src/language/index.ts";
import { type ManagedShop, openManagedShop } from "./support/managed-shop.ts";

interface Span {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly kind: number;
  readonly status: { readonly code?: number };
  readonly attributes: Record<string, unknown>;
  readonly resource: Record<string, unknown>;
}

const servers: Server[] = [];
const spans: Span[] = [];
const modelAsked: (string | undefined)[] = [];
let shop: ManagedShop;
let collectorUrl: string;

beforeAll(async () => {
  shop = await openManagedShop();
  collectorUrl = await serve(async (request) => {
    expect(request.url).toBe("/v1/traces");
    spans.push(...spansOf(JSON.parse(await bodyOf(request)) as OtlpBody));
    return {};
  });
});
afterAll(async () => {
  for (const server of servers) server.close();
  await shop.close();
});

async function serve(answer: (request: IncomingMessage) => Promise<object>): Promise<string> {
  const server = createServer((request, response) => {
    void answer(request).then((body) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify(body));
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

interface KeyValue {
  readonly key: string;
  readonly value: Record<string, unknown> & {
    readonly arrayValue?: { readonly values: Record<string, unknown>[] };
  };
}
interface OtlpBody {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly KeyValue[] };
    readonly scopeSpans: readonly {
      readonly spans: readonly (Omit<Span, "attributes"> & { readonly attributes: readonly KeyValue[] })[];
    }[];
  }[];
}

const plain = (values: readonly KeyValue[]): Record<string, unknown> =>
  Object.fromEntries(
    values.map(({ key, value }) => [
      key,
      value.arrayValue?.values.map((one) => Object.values(one)[0]) ?? Object.values(value)[0],
    ]),
  );
const spansOf = (body: OtlpBody): Span[] =>
  body.resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap((scope) =>
      scope.spans.map((span) => ({
        ...span,
        attributes: plain(span.attributes),
        resource: plain(resource.attributes),
      })),
    ),
  );

test("requests, commits, jobs and calls of the model are spans, in the caller's trace, without secrets", async () => {
  const modelUrl = await serve(async (request) => {
    modelAsked.push(request.headers["traceparent"] as string | undefined);
    await bodyOf(request);
    return {
      ...{ id: "chat-1", object: "chat.completion", created: 1, model: "tiny-2026" },
      choices: [{ index: 0, message: { role: "assistant", content: "Yes." }, finish_reason: "stop" }],
      usage: { prompt_tokens: 40, completion_tokens: 8, total_tokens: 48 },
    };
  });
  const stop = await startTracing(collectorUrl);
  const token = await shop.addDevice("traced-device");
  const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
  await shop.app.request(`/api/v1/${token}/telemetry`, {
    method: "POST",
    body: '{"temperature": 4}',
    headers: { traceparent: `00-${traceId}-00f067aa0ba902b7-01` },
  });
  const failing = shop.jobs.define("traced", {
    ...{ payload: z.object({}), attemptsMax: 1, timeoutMs: 60_000 },
    run: () => Promise.reject(new TypeError("no")),
  });
  await failing.enqueue(null, {});
  await shop.jobs.runDue();
  const gateway = createModelGateway({ url: modelUrl, key: "sk-secret", model: "tiny" });
  await gateway.converse({
    ...{ instructions: "Answer.", messages: [{ role: "user", text: "Where is my parcel?" }], tools: [] },
  });
  await stop();

  const one = (name: string): Span => {
    const found = spans.filter((span) => span.name === name);
    expect([name, found.length > 0]).toEqual([name, true]);
    return found[0] as Span;
  };
  const request = one("POST /api/v1/:token/telemetry");
  expect(request).toMatchObject({
    ...{ traceId, parentSpanId: "00f067aa0ba902b7", kind: 2 },
    attributes: { "http.request.method": "POST", "http.response.status_code": 200 },
    resource: { "service.name": "waremind" },
  });
  expect(one("intake commit").attributes["waremind.intake.messages"]).toBe(1);
  expect(one("job traced")).toMatchObject({
    ...{ kind: 5, status: { code: 2 } },
    attributes: { "waremind.job.kind": "traced", "waremind.job.attempt": 1, "error.type": "TypeError" },
  });
  const chat = one("chat tiny");
  expect(chat).toMatchObject({
    kind: 3,
    attributes: {
      ...{ "gen_ai.operation.name": "chat", "gen_ai.request.model": "tiny" },
      ...{ "gen_ai.response.model": "tiny-2026", "gen_ai.response.finish_reasons": ["stop"] },
      ...{ "gen_ai.usage.input_tokens": 40, "gen_ai.usage.output_tokens": 8 },
      "server.address": "127.0.0.1",
    },
  });
  // The model server sees the very span that calls it.
  expect(modelAsked).toEqual([`00-${chat.traceId}-${chat.spanId}-01`]);
  const everything = JSON.stringify(spans);
  for (const secret of [token, "sk-secret", "Where is my parcel", "traced-device"])
    expect(everything).not.toContain(secret);
});

test("a collector that is away, or a trace that makes no sense, changes nothing", async () => {
  const stop = await startTracing("http://127.0.0.1:9");
  for (const traceparent of ["nonsense", `00-${"0".repeat(32)}-${"0".repeat(16)}-01`, "ff-".padEnd(60, "a")])
    expect((await shop.app.request("/healthz", { headers: { traceparent } })).status).toBe(200);
  await stop();
});

test("without a collector nothing is sent and nothing is asked of the model server", async () => {
  const before = [spans.length, modelAsked.length];
  expect((await shop.app.request("/healthz")).status).toBe(200);
  expect([spans.length, modelAsked.length]).toEqual(before);
});
