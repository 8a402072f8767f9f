// The library's errors and answers in the product's own words: a Problem for every error, a User for every session.
import { type ProblemCode, problemStatuses, type User } from "@waremind/contract";
import { z } from "zod";
import { DomainError } from "../platform/errors.ts";
import { passwordLengthMax, passwordLengthMin } from "./auth.ts";
import { rolesOf } from "./person-store.ts";

/** A Problem body for every refusal; anything else is a bug, for the caller to tell. */
export function answerOf(error: unknown): Response {
  if (!(error instanceof DomainError)) throw error;
  const retryAfter = error.details?.["retryAfterSeconds"];
  return Response.json(error.toProblem(), {
    status: problemStatuses[error.code],
    headers: typeof retryAfter === "number" ? { "Retry-After": String(retryAfter) } : {},
  });
}

const errorBodySchema = z.object({ code: z.string() }).catch({ code: "" });

/** Throws what the library answered with an error status: a refusal by its reason, or else by its status. */
export async function throwRefusal(answer: Response): Promise<never> {
  const { status } = answer;
  const { code: reason } = errorBodySchema.parse(await answer.json().catch(() => null));
  if (status >= 500) throw new Error(`The sign-in library failed with ${status} ${reason}.`);
  const { code, en, zh } = knownReasons[reason] ?? byStatus[status] ?? otherRefusal;
  throw new DomainError(code, { en, zh }, reason === "" ? {} : { reason });
}

interface Refusal {
  readonly code: ProblemCode;
  readonly en: string;
  readonly zh: string;
}

const originRefused: Refusal = {
  code: "origin-refused",
  en: "Signing in is only possible from the product's own pages.",
  zh: "只能从本系统自己的页面登录。",
};
const passwordLength: Refusal = {
  code: "invalid-input",
  en: `A password has ${passwordLengthMin} to ${passwordLengthMax} characters.`,
  zh: `密码长度应为 ${passwordLengthMin} 至 ${passwordLengthMax} 个字符。`,
};
const otherRefusal: Refusal = {
  code: "invalid-input",
  en: "The request cannot be used.",
  zh: "请求无法使用。",
};

const knownReasons: Readonly<Record<string, Refusal>> = {
  INVALID_EMAIL_OR_PASSWORD: {
    code: "credentials-wrong",
    en: "The e-mail or the password is wrong.",
    zh: "邮箱或密码不正确。",
  },
  INVALID_PASSWORD: {
    code: "credentials-wrong",
    en: "The present password is wrong.",
    zh: "当前密码不正确。",
  },
  PASSWORD_TOO_SHORT: passwordLength,
  PASSWORD_TOO_LONG: passwordLength,
  INVALID_ORIGIN: originRefused,
  MISSING_OR_NULL_ORIGIN: originRefused,
  CROSS_SITE_NAVIGATION_LOGIN_BLOCKED: originRefused,
};

const byStatus: Readonly<Record<number, Refusal>> = {
  401: { code: "not-signed-in", en: "Please sign in.", zh: "请先登录。" },
  403: { code: "not-allowed", en: "This is not allowed.", zh: "不允许执行此操作。" },
  404: { code: "not-found", en: "There is no such page.", zh: "没有此页面。" },
};

const sessionUserSchema = z.object({
  id: z.string(),
  name: z.string(),
  email: z.string(),
  roles: z.string(),
});

/** The library's user as the product's. */
export function userFrom(value: unknown): User {
  const { id, name, email, roles } = sessionUserSchema.parse(value);
  return { id, name, email, roles: rolesOf(roles) };
}

const answerSchema = z.object({ user: z.unknown() }).nullable().catch(null);

/** Keeps the cookies and answers `{ user }` only: a session's token is for the cookie, never for a page's script. */
export async function withoutToken(answer: Response): Promise<Response> {
  const user = answerSchema.parse(await answer.json())?.user ?? null;
  const headers = new Headers(answer.headers);
  headers.delete("content-length");
  return Response.json({ user: user === null ? null : userFrom(user) }, { status: answer.status, headers });
}
