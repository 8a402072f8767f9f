// One way to write a route: what it takes, what it answers, who may call it. The OpenAPI document and the list of
// permissions come from the same definitions.
import { OpenAPIHono } from "@hono/zod-openapi";
import {
  type Actor,
  deviceNameLengthMax,
  type Problem,
  problemSchema,
  problemStatuses,
  type User,
} from "@waremind/contract";
import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { z } from "zod";
import type { CustomerSession } from "../customers/index.ts";
import type { Permission } from "../people/index.ts";
import { type Bindings, clientAddressOf } from "../platform/client-address.ts";
import { storeBusy } from "../platform/contention.ts";
import { DomainError } from "../platform/errors.ts";
import { storeErrorKind } from "../platform/store-errors.ts";
import { findNul } from "./find-nul.ts";
import { type BodyKind, bodyBytesMax, readBody } from "./read-body.ts";

/** Who may call: anyone, a customer with a proven session, or a person with a permission. */
export type Access = "public" | "customer" | Permission;

export type Caller =
  | { readonly kind: "anyone" }
  | { readonly kind: "customer"; readonly session: CustomerSession }
  | { readonly kind: "person"; readonly user: User };

/** Finds out who calls and refuses who may not. */
export type Authorize = (context: Context, access: Access) => Promise<Caller>;

interface Asked<Params extends z.ZodObject, Query extends z.ZodObject, Body extends z.ZodType> {
  readonly method: "get" | "post" | "put" | "delete";
  /** With `{name}` for parameters. */
  readonly path: string;
  readonly summary: string;
  readonly access: Access;
  readonly params?: Params;
  readonly query?: Query;
  readonly body?: Body;
  /** JSON unless said. */
  readonly bodyKind?: BodyKind;
  /** Bytes; `bodyBytesMax` unless said. Read only after the caller was let in. */
  readonly bodyBytesMax?: number;
}

interface Input<Params extends z.ZodObject, Query extends z.ZodObject, Body extends z.ZodType> {
  readonly params: z.output<Params>;
  readonly query: z.output<Query>;
  readonly body: z.output<Body>;
  readonly caller: Caller;
  readonly context: Context;
}

interface RouteSpec<
  Params extends z.ZodObject,
  Query extends z.ZodObject,
  Body extends z.ZodType,
  Answer extends z.ZodType,
> extends Asked<Params, Query, Body> {
  readonly answers: Answer;
  readonly handle: (input: Input<Params, Query, Body>) => Promise<z.input<Answer>>;
}

/** A route that answers a file: the answer is written while it is read from the store. */
interface DownloadSpec<Params extends z.ZodObject, Query extends z.ZodObject>
  extends Asked<Params, Query, z.ZodType> {
  readonly contentType: string;
  readonly handle: (
    input: Input<Params, Query, z.ZodType>,
  ) => Promise<{ readonly fileName: string; readonly chunks: AsyncIterable<string | Uint8Array> }>;
}

export interface Route {
  readonly method: string;
  readonly path: string;
  readonly access: Access;
  /** What its body may have; absent: no more than any other's. */
  readonly bodyBytesMax?: number | undefined;
  register(app: OpenAPIHono, authorize: Authorize): void;
}

const nothing = z.object({});

type AnySpec = Asked<z.ZodObject, z.ZodObject, z.ZodType>;
type AnyInput = Input<z.ZodObject, z.ZodObject, z.ZodType>;

export function defineRoute<
  Answer extends z.ZodType,
  Params extends z.ZodObject = typeof nothing,
  Query extends z.ZodObject = typeof nothing,
  Body extends z.ZodType = typeof nothing,
>(spec: RouteSpec<Params, Query, Body, Answer>): Route {
  const handle = spec.handle as unknown as (input: AnyInput) => Promise<object>;
  const answers = { "application/json": { schema: spec.answers } };
  return routeOf(spec as unknown as AnySpec, answers, async (input) =>
    input.context.json(await handle(input)),
  );
}

/** Like `defineRoute`, for a file that is written as it is read. What fails midway breaks the transfer off. */
export function defineDownload<
  Params extends z.ZodObject = typeof nothing,
  Query extends z.ZodObject = typeof nothing,
>(spec: DownloadSpec<Params, Query>): Route {
  const handle = spec.handle as unknown as (input: AnyInput) => ReturnType<typeof spec.handle>;
  const answers = { [spec.contentType]: { schema: z.string() } };
  return routeOf(spec as unknown as AnySpec, answers, async (input) => {
    const { fileName, chunks } = await handle(input);
    return input.context.body(streamOf(chunks), 200, {
      "Content-Type": spec.contentType.startsWith("text/")
        ? `${spec.contentType}; charset=utf-8`
        : spec.contentType,
      "Content-Disposition": `attachment; filename*=UTF-8''${encodeURIComponent(fileName)}`,
    });
  });
}

function streamOf(chunks: AsyncIterable<string | Uint8Array>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const iterator = chunks[Symbol.asyncIterator]();
  return new ReadableStream({
    pull: async (controller) => {
      const next = await iterator.next();
      if (next.done === true) controller.close();
      else controller.enqueue(typeof next.value === "string" ? encoder.encode(next.value) : next.value);
    },
    cancel: async () => {
      await iterator.return?.();
    },
  });
}

type AnswersContent = Readonly<Record<string, { readonly schema: z.ZodType }>>;

function routeOf(
  spec: AnySpec,
  answers: AnswersContent,
  answer: (input: AnyInput) => Promise<Response>,
): Route {
  const { method, path, access } = spec;
  return {
    ...{ method, path, access, bodyBytesMax: spec.bodyBytesMax },
    register(app, authorize) {
      describe(app, spec, answers);
      app.on(method, path.replaceAll(/\{(\w+)\}/g, ":$1"), async (context) => {
        const caller = await authorize(context, access);
        const params = parse(spec.params ?? nothing, context.req.param(), "path");
        const query = parse(spec.query ?? nothing, context.req.query(), "query");
        const body =
          spec.body === undefined
            ? {}
            : parse(
                spec.body,
                await readBody(context.req.raw, spec.bodyKind ?? "json", spec.bodyBytesMax ?? bodyBytesMax),
                "body",
              );
        return answer({ params, query, body, caller, context });
      });
    },
  };
}

const bodyTypes = {
  json: "application/json",
  "exact-json": "application/json",
  csv: "text/csv",
  form: "multipart/form-data",
} as const satisfies Record<BodyKind, string>;

function describe(app: OpenAPIHono, spec: AnySpec, answers: AnswersContent): void {
  app.openAPIRegistry.registerPath({
    method: spec.method,
    path: spec.path,
    summary: spec.summary,
    description: `Access: ${spec.access}`,
    request: {
      ...(spec.params === undefined ? {} : { params: spec.params }),
      ...(spec.query === undefined ? {} : { query: spec.query }),
      ...(spec.body === undefined
        ? {}
        : { body: { content: { [bodyTypes[spec.bodyKind ?? "json"]]: { schema: spec.body } } } }),
    },
    responses: {
      200: { description: "Done.", content: answers },
      default: {
        description: "Refused: the code, and a sentence in both languages.",
        content: { "application/json": { schema: problemSchema } },
      },
    },
  });
}

function parse<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  where: "path" | "query" | "body",
): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) {
    // A table is read line by line, and refuses those that hold one.
    const nul = typeof value === "string" ? null : findNul(value);
    if (nul === null) return parsed.data;
    const field = [where, ...nul].join(".");
    throw unusable(
      [{ field, fault: "holds U+0000, which cannot be kept" }],
      [{ field, fault: "含有无法保存的 U+0000" }],
    );
  }
  const faults = faultsOf(parsed.error, where);
  // The same faults once more in Chinese words; the first parse decided.
  const inChinese = schema.safeParse(value, { error: chinese.localeError });
  throw unusable(faults, inChinese.error === undefined ? faults : faultsOf(inChinese.error, where));
}

function unusable(faults: readonly Fault[], inChinese: readonly Fault[]): DomainError {
  const sentence = (listed: readonly Fault[]) =>
    listed.map(({ field, fault }) => `${field}: ${fault}`).join("; ");
  return new DomainError(
    "invalid-input",
    {
      en: `The request cannot be used. ${sentence(faults)}.`,
      zh: `请求无法使用。${sentence(inChinese)}。`,
    },
    { faults },
  );
}

interface Fault {
  readonly field: string;
  readonly fault: string;
}

const chinese = z.locales.zhCN();
const faultsShownMax = 10;

const faultsOf = (error: z.ZodError, where: string): readonly Fault[] =>
  error.issues
    .slice(0, faultsShownMax)
    .map((issue) => ({ field: [where, ...issue.path].join("."), fault: issue.message }));

/** The person who acts, as the guard and the audit log know them. */
export function personOf(caller: Caller): Extract<Actor, { kind: "person" }> {
  if (caller.kind !== "person") throw new Error("Only a route with a permission has a person.");
  const { id, name, roles } = caller.user;
  return { kind: "person", userId: id, name, roles: [...roles] };
}

export function customerOf(caller: Caller): CustomerSession {
  if (caller.kind !== "customer") throw new Error("Only a customer's route has a customer session.");
  return caller.session;
}

export function notFound(what: { readonly en: string; readonly zh: string }): DomainError {
  return new DomainError("not-found", { en: `There is no ${what.en}.`, zh: `没有${what.zh}。` });
}

/** The answer to every error: a Problem body with the code's status. Unexpected ones keep their details to the log. */
export function problemResponse(
  context: Context,
  thrown: unknown,
  logUnexpected: (error: unknown) => void,
): Response {
  const error = storeErrorKind(thrown) === "contention" ? storeBusy(thrown) : thrown;
  if (error instanceof DomainError) {
    return context.json(
      error.toProblem(),
      problemStatuses[error.code] as ContentfulStatusCode,
      retryHeader(error),
    );
  }
  logUnexpected(error);
  const problem: Problem = {
    code: "unexpected",
    message: {
      en: "Something went wrong on our side. It has been written to the log; please try again.",
      zh: "我们这边出了问题,已写入日志,请重试。",
    },
  };
  return context.json(problem, 500);
}

function retryHeader(error: DomainError): Record<string, string> {
  const seconds = error.details?.["retryAfterSeconds"];
  return typeof seconds === "number" ? { "Retry-After": String(Math.ceil(seconds)) } : {};
}

/** Of the client, as far as trusted proxies tell it; absent when there is no socket (tests). */
export function addressOf(context: Context): { readonly address: string } | undefined {
  const address = clientAddressOf(context.env as Bindings | undefined);
  return address === undefined ? undefined : { address };
}

export const okSchema = z.object({ ok: z.literal(true) });
export const ok = { ok: true } as const;
export const itemsOf = <Item extends z.ZodType>(item: Item) => z.object({ items: z.array(item) });
export const idParam = z.object({ id: z.string().min(1).max(100) });
/** Names a device in a path: any name it may have. */
export const nameParam = z.object({ name: z.string().min(1).max(deviceNameLengthMax) });
export { bodyBytesMax, bodyTooLarge, brokenOff } from "./read-body.ts";
export { OpenAPIHono };
