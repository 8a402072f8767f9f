import { OpenAPIHono } from "@hono/zod-openapi";
import { type Problem, problemSchema } from "@waremind/contract";
import { bodyLimit } from "hono/body-limit";
import { expect, test } from "vitest";
import { z } from "zod";
import { DomainError } from "../platform/errors.ts";
import { bodyBytesMax, bodyTooLarge, defineDownload, defineRoute, problemResponse } from "./route.ts";

const unexpected: unknown[] = [];
const app = new OpenAPIHono();
app.onError((error, context) => problemResponse(context, error, (one) => unexpected.push(one)));
app.use(
  "/api/*",
  bodyLimit({
    maxSize: bodyBytesMax,
    onError: () => {
      throw bodyTooLarge();
    },
  }),
);
const anyone = () => Promise.resolve({ kind: "anyone" as const });
defineRoute({
  method: "post",
  path: "/api/parcels/{id}",
  summary: "Doubles a count.",
  access: "public",
  params: z.object({ id: z.string().max(5) }),
  query: z.object({ times: z.coerce.number().int().max(9).default(2) }),
  body: z.object({ units: z.number().int() }),
  answers: z.object({ id: z.string(), units: z.number() }),
  handle: ({ params, query, body }) => {
    if (body.units === 13) throw new Error("the secret path /srv/keys");
    if (body.units === 11) throw Object.assign(new Error("deadlock detected"), { code: "40P01" });
    if (body.units === 12)
      throw new DomainError("limit-reached", { en: "Full.", zh: "已满。" }, { retryAfterSeconds: 7 });
    return Promise.resolve({ id: params.id, units: body.units * query.times });
  },
}).register(app, anyone);

defineRoute({
  method: "post",
  path: "/lists",
  summary: "Counts lines.",
  access: "public",
  body: z.instanceof(Uint8Array),
  bodyKind: "csv",
  bodyBytesMax: 2 * bodyBytesMax,
  answers: z.object({ lines: z.int() }),
  handle: ({ body }) => Promise.resolve({ lines: Buffer.from(body).toString("latin1").split("\n").length }),
}).register(app, anyone);
defineRoute({
  method: "post",
  path: "/files",
  summary: "Says what came.",
  access: "public",
  body: z.object({ file: z.instanceof(File), kind: z.string() }),
  bodyKind: "form",
  bodyBytesMax: 1000,
  answers: z.object({ kind: z.string(), size: z.int() }),
  handle: ({ body }) => Promise.resolve({ kind: body.kind, size: body.file.size }),
}).register(app, anyone);
let isClosed = false;
defineDownload({
  method: "get",
  path: "/rows.csv",
  summary: "Rows.",
  access: "public",
  contentType: "text/csv",
  handle: () => Promise.resolve({ fileName: "水.csv", chunks: rows() }),
}).register(app, anyone);
async function* rows(): AsyncGenerator<string> {
  try {
    for (const row of ["a\n", "水\n"]) yield await Promise.resolve(row);
  } finally {
    isClosed = true;
  }
}

const post = (body: string, path = "/api/parcels/a") => app.request(path, { method: "POST", body });
const problemOf = async (response: Response): Promise<Problem> => problemSchema.parse(await response.json());

test("path, query and body arrive parsed", async () => {
  expect(await (await post('{"units": 3}', "/api/parcels/a?times=3")).json()).toEqual({ id: "a", units: 9 });
});

test("bad input names the field and the fault in both languages", async () => {
  const response = await post('{"units": "three"}');
  const problem = await problemOf(response);
  expect(response.status).toBe(400);
  expect(problem.message.en).toContain("body.units");
  expect(problem.message.zh).toMatch(/body\.units.*期望|body\.units.*无效/);
  expect(problem.details?.["faults"]).toHaveLength(1);
});

test("a body that is no JSON says where it breaks", async () => {
  const response = await post('{"units": }');
  expect(response.status).toBe(400);
  expect((await problemOf(response)).code).toBe("payload-malformed");
});

test("a body over the limit is refused with the limit", async () => {
  const response = await post(JSON.stringify({ units: 1, more: "x".repeat(bodyBytesMax) }));
  expect(response.status).toBe(413);
  expect((await problemOf(response)).details).toEqual({ bytesMax: bodyBytesMax });
});

test("a refusal that can be tried again says when", async () => {
  const response = await post('{"units": 12}');
  expect(response.status).toBe(429);
  expect(response.headers.get("Retry-After")).toBe("7");
});

test("what stood in another's way to the end is no fault of ours: come again in a second", async () => {
  const response = await post('{"units": 11}');
  expect([response.status, response.headers.get("Retry-After")]).toEqual([503, "1"]);
  const { code, message } = await problemOf(response);
  expect(code).toBe("overloaded");
  expect(message.zh).toContain("稍后重试");
  expect(unexpected).toHaveLength(0);
});

test("an unexpected error keeps its details to the log", async () => {
  const response = await post('{"units": 13}');
  expect(response.status).toBe(500);
  expect(JSON.stringify(await response.json())).not.toContain("/srv/keys");
  expect(unexpected).toHaveLength(1);
});

test("a body that breaks off is refused, and nothing is written to the log", async () => {
  const loggedBefore = unexpected.length;
  const body = new ReadableStream({ pull: (controller) => controller.error(new Error("aborted")) });
  const response = await app.request(new Request("http://x/lists", { method: "POST", body, duplex: "half" }));
  expect([response.status, (await problemOf(response)).code]).toEqual([400, "invalid-input"]);
  expect(unexpected).toHaveLength(loggedBefore);
});

test("a table comes as its bytes, up to its route's own limit", async () => {
  const text = `name\n${"x".repeat(bodyBytesMax + 10)}`;
  expect(await (await post(text, "/lists")).json()).toEqual({ lines: 2 });
  const response = await post("x".repeat(2 * bodyBytesMax + 1), "/lists");
  expect(response.status).toBe(413);
  expect((await problemOf(response)).details).toEqual({ bytesMax: 2 * bodyBytesMax });
});

test("a table in another encoding than UTF-8 is handed over undamaged", async () => {
  const response = await app.request("/lists", { method: "POST", body: new Uint8Array([0xff, 0x0a, 0xc0]) });
  expect(await response.json()).toEqual({ lines: 2 });
});

test("a form comes with its files, and anything else in its place is refused", async () => {
  const form = new FormData();
  form.set("kind", "firmware");
  form.set("file", new File(["bytes"], "a.bin"));
  const response = await app.request("/files", { method: "POST", body: form });
  expect(await response.json()).toEqual({ kind: "firmware", size: 5 });
  expect((await post("{}", "/files")).status).toBe(415);
  const large = new FormData();
  large.set("kind", "x".repeat(2000));
  expect((await app.request("/files", { method: "POST", body: large })).status).toBe(413);
});

test("a download is written row by row under its name, and what feeds it is closed when the reader leaves", async () => {
  const response = await app.request("/rows.csv");
  expect(response.headers.get("content-type")).toBe("text/csv; charset=utf-8");
  expect(response.headers.get("content-disposition")).toBe("attachment; filename*=UTF-8''%E6%B0%B4.csv");
  expect(await response.text()).toBe("a\n水\n");
  isClosed = false;
  const reader = (await app.request("/rows.csv")).body?.getReader();
  await reader?.read();
  await reader?.cancel();
  expect(isClosed).toBe(true);
});

test("a NUL, which no store can keep, is refused wherever it stands", async () => {
  const app = new OpenAPIHono();
  const faults: unknown[] = [];
  app.onError((error, context) => problemResponse(context, error, (one) => faults.push(one)));
  defineRoute({
    method: "post",
    path: "/api/notes/{id}",
    summary: "Keeps a note.",
    access: "public",
    params: z.object({ id: z.string() }),
    query: z.object({ of: z.string().optional() }),
    body: z.object({ note: z.json() }),
    answers: z.object({ id: z.string() }),
    handle: async ({ params }) => ({ id: params.id }),
  }).register(app, anyone);
  const post = async (path: string, note: unknown) => {
    const headers = { "content-type": "application/json" };
    const response = await app.request(path, { method: "POST", headers, body: JSON.stringify({ note }) });
    const { message } = (await response.json()) as { message?: { en: string } };
    return [response.status, message?.en.split(". ")[1]];
  };
  expect(await post("/api/notes/a%00b", 1)).toEqual([400, "path.id: holds U+0000, which cannot be kept."]);
  expect(await post("/api/notes/a?of=%00", 1)).toEqual([
    400,
    "query.of: holds U+0000, which cannot be kept.",
  ]);
  const where = "body.note.0.x: holds U+0000, which cannot be kept.";
  expect(await post("/api/notes/a", [{ x: "\0" }])).toEqual([400, where]);
  expect(await post("/api/notes/a", { "k\0": 1 })).toMatchObject([400, expect.stringContaining("U+0000")]);
  expect(await post("/api/notes/a", ["\u0001", "\ud800"])).toEqual([200, undefined]);
  expect(faults).toEqual([]);
});
