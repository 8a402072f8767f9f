import type { User } from "@waremind/contract";
import { z } from "zod";
import type { Clock } from "../platform/clock.ts";
import { DomainError } from "../platform/errors.ts";
import { newId } from "../platform/ids.ts";
import { uniqueViolation } from "../platform/violations.ts";
import { type AuthDependencies, createAuth, passwordLengthMax, passwordLengthMin } from "./auth.ts";
import { isRole } from "./permissions.ts";
import type { NewUser, People } from "./person.ts";
import { deleteExpiredSessions, insertPerson, selectPeople } from "./person-store.ts";
import { answerOf, throwRefusal, userFrom, withoutToken } from "./problem-answers.ts";
import { createSignInLimit, type SignInAttempt } from "./sign-in-limit.ts";

const peopleListedMax = 1000;
const bodyCharactersMax = 8192;

type Auth = ReturnType<typeof createAuth>;

export function createPeople(deps: AuthDependencies & { readonly clock: Clock }): People {
  const { database, clock } = deps;
  const limit = createSignInLimit({ clock });
  // Made on first use: the library starts working when it is made.
  let made: Auth | undefined;
  const auth = () => {
    made ??= createAuth(deps);
    return made;
  };
  const userOf = async (headers: Headers) => {
    const session = await auth().api.getSession({ headers });
    return session === null ? null : userFrom(session.user);
  };
  const answer = async (request: Request, address: string | undefined) => {
    const body = await bodyOf(request);
    const attempt = await attemptOf(request, body, address, userOf);
    if (attempt !== null) limit.take(attempt);
    const answered = await auth().handler(withBody(request, body));
    if (!answered.ok) return throwRefusal(answered);
    if (attempt !== null) {
      limit.succeed(attempt);
      await deleteExpiredSessions(database, new Date(clock.now()));
    }
    return withoutToken(answered);
  };
  return {
    handler: (request, from) => answer(request, from?.address).catch(answerOf),
    userOf,
    createUser: async (user) => {
      const valid = validUser(user);
      const { password } = await auth().$context;
      return insertUser(deps, valid, await password.hash(user.password));
    },
    hasUsers: async () => (await selectPeople(database, 1)).length > 0,
    listUsers: () => selectPeople(database, peopleListedMax),
  };
}

const signInSchema = z.object({
  email: z.string().trim().toLowerCase().max(320),
  password: z.string().max(1000),
  rememberMe: z.boolean().optional(),
});
const changePasswordSchema = z.object({
  currentPassword: z.string().max(1000),
  newPassword: z.string().max(1000),
  revokeOtherSessions: z.boolean().optional(),
});
const nothingSchema = z.object({});

/** What of the library is open to the outside; it has more, and none of that is needed. */
const openRoutes: Readonly<Record<string, z.ZodObject>> = {
  "POST /api/auth/sign-in/email": signInSchema,
  "POST /api/auth/change-password": changePasswordSchema,
  "POST /api/auth/sign-out": nothingSchema,
  "POST /api/auth/revoke-other-sessions": nothingSchema,
  "GET /api/auth/get-session": nothingSchema,
};

const routeOf = (request: Request): string => `${request.method} ${new URL(request.url).pathname}`;

/** Only the fields that the route knows go on to the library. */
async function bodyOf(request: Request): Promise<Record<string, unknown>> {
  const schema = openRoutes[routeOf(request)];
  if (schema === undefined) {
    const route = routeOf(request);
    throw new DomainError("not-found", { en: `There is no ${route}.`, zh: `没有 ${route}。` });
  }
  const text = await request.text();
  if (text.length > bodyCharactersMax)
    throw new DomainError("payload-too-large", { en: "The body is too long.", zh: "请求正文过长。" });
  const parsed = schema.safeParse(jsonOf(text));
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues.map((issue) => issue.path.join("."));
  const en = `The request cannot be used: ${fields.join(", ")}.`;
  throw new DomainError("invalid-input", { en, zh: `请求无法使用：${fields.join("、")}。` }, { fields });
}

function jsonOf(text: string): unknown {
  if (text === "") return {};
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    const sentence = { en: "The body is not JSON.", zh: "请求正文不是有效的 JSON。" };
    throw new DomainError("payload-malformed", sentence, {}, error);
  }
}

function withBody(request: Request, body: Record<string, unknown>): Request {
  const { method, url } = request;
  const headers = new Headers(request.headers);
  headers.delete("content-length");
  if (method === "GET") return new Request(url, { method, headers });
  headers.set("content-type", "application/json");
  return new Request(url, { method, headers, body: JSON.stringify(body) });
}

/** Both ways to try a password are counted: signing in, and naming the present one to change it. */
async function attemptOf(
  request: Request,
  body: Record<string, unknown>,
  address: string | undefined,
  userOf: People["userOf"],
): Promise<SignInAttempt | null> {
  switch (routeOf(request)) {
    case "POST /api/auth/sign-in/email":
      return { account: String(body["email"]), address };
    case "POST /api/auth/change-password": {
      const user = await userOf(request.headers);
      return user === null ? null : { account: user.email, address };
    }
    default:
      return null;
  }
}

const newUserSchema = z.object({
  email: z.string().trim().toLowerCase().pipe(z.email().max(320)),
  name: z.string().trim().min(1).max(200),
  password: z.string().min(passwordLengthMin).max(passwordLengthMax),
  roles: z.array(z.string().refine(isRole)).min(1),
});

function validUser(user: NewUser): z.output<typeof newUserSchema> {
  const parsed = newUserSchema.safeParse(user);
  if (parsed.success) return parsed.data;
  const fields = [...new Set(parsed.error.issues.map((issue) => String(issue.path[0])))];
  const length = `${passwordLengthMin}–${passwordLengthMax}`;
  throw new DomainError(
    "invalid-input",
    {
      en: `Check ${fields.join(", ")}: a person has an e-mail, a name, known roles and a password of ${length} characters.`,
      zh: `请检查 ${fields.join("、")}：需要有效的邮箱、姓名、已有角色，以及 ${length} 个字符的密码。`,
    },
    { fields },
  );
}

async function insertUser(
  { database, clock }: Pick<AuthDependencies, "database"> & { readonly clock: Clock },
  { email, name, roles }: z.output<typeof newUserSchema>,
  passwordHash: string,
): Promise<User> {
  const now = clock.now();
  const user = { id: newId("usr", now), name, email, roles: [...new Set(roles)] };
  const account = { accountId: newId("acc", now), passwordHash, at: new Date(now) };
  try {
    await database.transaction((connection) => insertPerson(connection, { ...user, ...account }));
  } catch (error) {
    if (uniqueViolation(error) === null) throw error;
    const sentence = { en: `${email} has an account already.`, zh: `${email} 已有账户。` };
    throw new DomainError("conflict", sentence, { field: "email" }, error);
  }
  return user;
}
