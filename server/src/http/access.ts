import { timingSafeEqual } from "node:crypto";
import type { Context, MiddlewareHandler } from "hono";
import type { Customers } from "../customers/index.ts";
import { may, type People } from "../people/index.ts";
import { DomainError } from "../platform/errors.ts";
import type { Authorize, Caller } from "./route.ts";

const notSignedIn = () => new DomainError("not-signed-in", { en: "Please sign in.", zh: "请先登录。" });

/** Finds the caller of a route: the staff cookie, a customer's bearer token, or the machine's own control token. */
export function createAuthorize(options: {
  readonly people: People;
  readonly customers: Customers;
  readonly controlToken: string;
}): Authorize {
  return async (context, access) => {
    if (access === "public") return { kind: "anyone" };
    const bearer = /^Bearer (\S{1,512})$/.exec(context.req.header("authorization") ?? "")?.[1];
    if (access === "customer") return await customerCaller(options.customers, bearer);
    if (bearer !== undefined && isSame(bearer, options.controlToken)) return controlCaller;
    const user = await options.people.userOf(context.req.raw.headers);
    if (user === null) throw notSignedIn();
    if (!may(user, access)) {
      throw new DomainError(
        "not-allowed",
        {
          en: `Your role may not do this (${access}). Ask the owner of the shop.`,
          zh: `您的角色无权执行此操作(${access}),请联系店主。`,
        },
        { permission: access },
      );
    }
    return { kind: "person", user };
  };
}

/** The command line of this machine, which read the control token in the data folder. */
export const controlUserId = "control";

const controlCaller: Caller = {
  kind: "person",
  user: { id: controlUserId, name: "Command line", email: "", roles: ["owner"] },
};

async function customerCaller(customers: Customers, token: string | undefined): Promise<Caller> {
  if (token === undefined)
    throw new DomainError("not-signed-in", { en: "Please say who you are first.", zh: "请先验证您的身份。" });
  const session = await customers.sessionOf(token);
  if (session === null)
    throw new DomainError("session-expired", {
      en: "Your session has ended. Please identify yourself again.",
      zh: "会话已结束,请重新验证身份。",
    });
  return { kind: "customer", session };
}

function isSame(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/**
 * Refuses a change that another site's page asks a signed-in browser to make: a request with a body or an effect must
 * come from the address it goes to. Programs send no Origin and carry no cookie of a browser.
 */
export function originCheck(isTrusted: (origin: string, context: Context) => boolean): MiddlewareHandler {
  return async (context, next) => {
    const origin = context.req.header("origin");
    const isReading =
      context.req.method === "GET" || context.req.method === "HEAD" || context.req.method === "OPTIONS";
    if (!isReading && origin !== undefined && !isTrusted(origin, context)) {
      throw new DomainError(
        "origin-refused",
        { en: `A page of ${origin} may not do this here.`, zh: `来自 ${origin} 的页面不能在此执行操作。` },
        { origin },
      );
    }
    await next();
  };
}
