import type { User } from "@waremind/contract";
import fc from "fast-check";
import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openTestDatabase } from "../../../tests/support/database.ts";
import { type ManualClock, manualClock } from "../platform/clock.ts";
import { type Database, tablesOf } from "../platform/database.ts";
import { silentLog } from "../platform/log.ts";
import { createPeople, isRole, may, type People, permissions, rolePermissions, roles } from "./index.ts";
import {
  createSignInLimit,
  signInsPerAccountMax,
  signInsPerAddressMax,
  signInsPerPairMax,
  signInWindowMs,
} from "./sign-in-limit.ts";

const baseUrl = "http://localhost:4100";
const secret = "0123456789abcdef0123456789abcdef-test-only";
const password = "correct horse battery";
const startAt = Date.UTC(2026, 2, 2, 6);

let database: Database;
let people: People;
let clock: ManualClock;
/** Somebody whom no test changes; each test counts attempts anew. */
let staff: User;
let count = 0;
beforeAll(async () => {
  database = await openTestDatabase();
  people = createPeople({ database, clock: manualClock(startAt), baseUrl, secret, log: silentLog });
  staff = await aPerson();
});
afterAll(() => database.close());
beforeEach(() => {
  clock = manualClock(startAt);
  people = createPeople({ database, clock, baseUrl, secret, log: silentLog });
});

const anEmail = () => {
  count += 1;
  return `person${count}@example.com`;
};
const aPerson = (email = anEmail()) =>
  people.createUser({ email, name: "王店长", password, roles: ["owner"] });

interface Call {
  method?: string;
  body?: unknown;
  cookie?: string;
  origin?: string | null;
  address?: string;
  url?: string;
  headers?: Record<string, string>;
}

async function call(path: string, more: Call = {}) {
  const { body, cookie, origin = baseUrl, address, url = baseUrl } = more;
  const method = more.method ?? (body === undefined ? "GET" : "POST");
  const headers = new Headers({ "content-type": "application/json", ...more.headers });
  if (cookie !== undefined) headers.set("cookie", cookie);
  if (origin !== null) headers.set("origin", origin);
  const request = new Request(`${url}/api/auth/${path}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const response = await people.handler(request, address === undefined ? undefined : { address });
  const setCookies = response.headers.getSetCookie();
  return {
    status: response.status,
    body: (await response.json()) as Record<string, unknown>,
    retryAfter: response.headers.get("retry-after"),
    setCookies,
    cookie: setCookies.map((line) => line.split(";")[0]).join("; "),
  };
}
const signIn = (email: string, more: Call & { password?: string } = {}) => {
  const { password: tried = password, ...rest } = more;
  return call("sign-in/email", { body: { email, password: tried }, ...rest });
};
const userOf = (cookie: string) => people.userOf(new Headers({ cookie }));

test("the library checks its tables at first use: it starts on a fresh shop, and on nothing less", async () => {
  const other = await openTestDatabase();
  people = createPeople({ database: other, clock, baseUrl, secret, log: silentLog });
  expect([await people.hasUsers(), await people.listUsers()]).toEqual([false, []]);
  const person = await aPerson();
  expect((await signIn(person.email)).status).toBe(200);
  await sql`alter table person_session drop column user_agent`.execute(tablesOf(other));
  people = createPeople({ database: other, clock, baseUrl, secret, log: silentLog });
  await expect(signIn(person.email)).rejects.toThrow(/schema|user_agent/i);
  await other.close();
});

describe("accounts", () => {
  test("a person is created, listed and counted", async () => {
    const email = anEmail();
    const user = await people.createUser({
      email: ` ${email.toUpperCase()} `,
      name: "王店长",
      password,
      roles: ["support", "warehouse", "support"],
    });
    expect(user).toMatchObject({ email, name: "王店长", roles: ["support", "warehouse"] });
    expect(await people.listUsers()).toContainEqual(user);
    expect(await people.hasUsers()).toBe(true);
  });

  test("an e-mail is taken once, however it is spelled, also when two try at once", async () => {
    const email = anEmail();
    const results = await Promise.allSettled([aPerson(email), aPerson(email.toUpperCase())]);
    expect(results.map((result) => result.status).toSorted()).toEqual(["fulfilled", "rejected"]);
    await expect(aPerson(email)).rejects.toMatchObject({ code: "conflict" });
    const rows =
      await sql`select 1 from person_account a join person p on p.id = a.user_id where p.email = ${email}`.execute(
        tablesOf(database),
      );
    expect(rows.rows).toHaveLength(1);
  });

  test.each([
    ["password", { password: "nine char" }],
    ["password", { password: "x".repeat(129) }],
    ["email", { email: "nobody" }],
    ["name", { name: "  " }],
    ["roles", { roles: [] }],
    ["roles", { roles: ["king" as "owner"] }],
  ])("a wrong %s is refused by name", async (field, change) => {
    const user = { email: anEmail(), name: "A", password, roles: ["owner" as const], ...change };
    await expect(people.createUser(user)).rejects.toMatchObject({
      code: "invalid-input",
      details: { fields: [field] },
    });
  });

  test("nobody signs up, or makes themselves owner, over HTTP", async () => {
    const email = anEmail();
    const body = { email, name: "Eve", password, roles: "owner" };
    expect((await call("sign-up/email", { body })).status).toBe(404);
    const person = await people.createUser({ email, name: "Eve", password, roles: ["warehouse"] });
    const { cookie } = await signIn(email);
    expect((await call("update-user", { body: { roles: "owner" }, cookie })).status).toBe(404);
    expect(await userOf(cookie)).toEqual(person);
  });

  test("the store holds a salted hash, never the password", async () => {
    await aPerson();
    const { rows } = await sql<{ password: string }>`select password from person_account`.execute(
      tablesOf(database),
    );
    expect(rows.length).toBeGreaterThan(0);
    expect(new Set(rows.map((row) => row.password)).size).toBe(rows.length);
    expect(JSON.stringify(rows)).not.toContain(password);
  });
});

describe("signing in", () => {
  test("the right password opens a session that the cookie carries", async () => {
    const person = staff;
    const answer = await signIn(person.email.toUpperCase());
    expect(answer).toMatchObject({ status: 200, body: { user: person } });
    expect(Object.keys(answer.body)).toEqual(["user"]);
    expect(await userOf(answer.cookie)).toEqual(person);
    expect((await call("get-session", { cookie: answer.cookie })).body).toEqual({ user: person });
  });

  test("the cookie is for the browser alone, and for https when the product is", async () => {
    const person = staff;
    const [plain] = (await signIn(person.email)).setCookies;
    expect(plain).toMatch(/^waremind\.session_token=/);
    expect(plain).toMatch(/HttpOnly/i);
    expect(plain).toMatch(/SameSite=Lax/i);
    expect(plain).not.toMatch(/Secure/i);
    const url = "https://desk.example";
    people = createPeople({ database, clock, baseUrl: url, secret, log: silentLog });
    const [secure] = (await signIn(person.email, { url, origin: url })).setCookies;
    expect(secure).toMatch(/^__Secure-waremind/);
    expect(secure).toMatch(/; Secure/i);
  });

  test("an unknown e-mail and a wrong password have the same answer", async () => {
    const person = staff;
    const wrong = await signIn(person.email, { password: "wrong password" });
    const unknown = await signIn(anEmail());
    expect(wrong).toMatchObject({ status: 401, setCookies: [] });
    expect(wrong.body).toEqual(unknown.body);
    expect(unknown.status).toBe(401);
    expect(wrong.body).toMatchObject({ code: "credentials-wrong", message: { zh: "邮箱或密码不正确。" } });
  });

  test("no session without a cookie, with a forged one, or after signing out", async () => {
    const person = staff;
    const { cookie } = await signIn(person.email);
    expect(await people.userOf(new Headers())).toBeNull();
    const [name, value = ""] = cookie.split("=");
    const altered = value.replace(/^./, (first) => (first === "x" ? "y" : "x"));
    expect(await userOf(`${name}=${altered}`)).toBeNull();
    expect(await userOf(`${name}=${value.split(".")[0]}`)).toBeNull();
    expect((await call("sign-out", { body: {}, cookie })).status).toBe(200);
    expect(await userOf(cookie)).toBeNull();
  });

  test("a cookie signed with another secret opens nothing", async () => {
    const person = staff;
    const { cookie } = await signIn(person.email);
    people = createPeople({ database, clock, baseUrl, secret: `${secret}-other`, log: silentLog });
    expect(await userOf(cookie)).toBeNull();
  });

  test("a session that ended is forgotten at the next sign-in", async () => {
    const person = await aPerson();
    const { cookie } = await signIn(person.email);
    await sql`update person_session set expires_at = ${new Date(startAt - 1000)} where user_id = ${person.id}`.execute(
      tablesOf(database),
    );
    expect(await userOf(cookie)).toBeNull();
    await signIn(person.email);
    const { rows } = await sql`select 1 from person_session where user_id = ${person.id}`.execute(
      tablesOf(database),
    );
    expect(rows).toHaveLength(1);
  });

  test("changing the password needs the present one and a long enough new one", async () => {
    const person = await aPerson();
    const { cookie } = await signIn(person.email);
    const change = (currentPassword: string, newPassword: string) =>
      call("change-password", { body: { currentPassword, newPassword }, cookie });
    expect(await change("not it at all", "another long one")).toMatchObject({
      status: 401,
      body: { code: "credentials-wrong" },
    });
    expect(await change(password, "short")).toMatchObject({ status: 400, body: { code: "invalid-input" } });
    expect((await change(password, "another long one")).status).toBe(200);
    expect((await signIn(person.email)).status).toBe(401);
    expect((await signIn(person.email, { password: "another long one" })).status).toBe(200);
    const nobody = await call("change-password", {
      body: { currentPassword: password, newPassword: password },
    });
    expect(nobody).toMatchObject({ status: 401, body: { code: "not-signed-in" } });
  });

  test("signing out elsewhere keeps this session", async () => {
    const person = await aPerson();
    const here = await signIn(person.email);
    const elsewhere = await signIn(person.email);
    expect((await call("revoke-other-sessions", { body: {}, cookie: here.cookie })).status).toBe(200);
    expect(await userOf(here.cookie)).toEqual(person);
    expect(await userOf(elsewhere.cookie)).toBeNull();
  });
});

describe("guessing", () => {
  const wrong = { password: "wrong password" };
  test("one account from one address: a few times, then not even the right password for a while", async () => {
    const person = staff;
    const address = "10.0.0.1";
    for (let index = 0; index < signInsPerPairMax; index += 1)
      expect((await signIn(person.email, { ...wrong, address })).status).toBe(401);
    const refused = await signIn(` ${person.email.toUpperCase()}`, { address });
    expect(refused).toMatchObject({ status: 429, retryAfter: "300", body: { code: "rate-limited" } });
    expect((await signIn(person.email, { address: "10.0.0.2" })).status).toBe(200);
    clock.advance(signInWindowMs);
    expect((await signIn(person.email, { address })).status).toBe(200);
  });

  test("a right password clears the account's count", async () => {
    for (let index = 1; index < signInsPerPairMax; index += 1) await signIn(staff.email, wrong);
    expect((await signIn(staff.email)).status).toBe(200);
    expect((await signIn(staff.email, wrong)).status).toBe(401);
    expect((await signIn(staff.email)).status).toBe(200);
  });

  test("one address at many accounts, and one account from many addresses", () => {
    const limit = createSignInLimit({ clock });
    const attempt = (account: string, address?: string) => () => limit.take({ account, address });
    const refused = expect.objectContaining({ code: "rate-limited" });
    for (let index = 0; index < signInsPerAddressMax; index += 1)
      expect(attempt(`nobody${index}`, "10.1.1.1")).not.toThrow();
    expect(attempt("somebody", "10.1.1.1")).toThrow(refused);
    for (let index = 0; index < signInsPerAccountMax; index += 1)
      expect(attempt("owner", `10.2.0.${index}`)).not.toThrow();
    expect(attempt("owner", "10.3.0.1")).toThrow(refused);
    expect(attempt("somebody")).not.toThrow();
  });

  test("the present password cannot be guessed through changing it", async () => {
    const person = staff;
    const { cookie } = await signIn(person.email);
    const guess = () =>
      call("change-password", { body: { currentPassword: "a guess of it", newPassword: password }, cookie });
    for (let index = 0; index < signInsPerPairMax; index += 1) expect((await guess()).status).toBe(401);
    expect((await guess()).status).toBe(429);
  });
});

describe("where requests come from", () => {
  test.each(["https://evil.example", "null", "http://localhost:9999", "http://localhost.evil.example:4100"])(
    "a page of %s cannot sign anybody in or out",
    async (origin) => {
      const person = staff;
      expect(
        await signIn(person.email, { origin, headers: { "sec-fetch-site": "cross-site" } }),
      ).toMatchObject({
        status: 403,
        body: { code: "origin-refused" },
      });
      const { cookie } = await signIn(person.email);
      expect((await call("sign-out", { body: {}, cookie, origin })).status).toBe(403);
      expect(await userOf(cookie)).toEqual(person);
    },
  );

  test("with a cookie, a change needs an origin", async () => {
    const person = staff;
    const { cookie } = await signIn(person.email);
    expect((await call("sign-out", { body: {}, cookie, origin: null })).status).toBe(403);
  });

  test("the address that was called is its own origin: a phone in the shop's network may sign in", async () => {
    const person = staff;
    const url = "http://192.168.1.20:4100";
    expect((await signIn(person.email, { url, origin: url })).status).toBe(200);
  });

  test("a program without cookies or origin may sign in", async () => {
    const person = staff;
    expect((await signIn(person.email, { origin: null })).status).toBe(200);
  });
});

describe("odd requests", () => {
  test.each([
    ["no JSON", "sign-in/email", { body: "email=a" }, 400, "payload-malformed"],
    ["no e-mail", "sign-in/email", { body: { password } }, 400, "invalid-input"],
    [
      "an object as e-mail",
      "sign-in/email",
      { body: { email: { $ne: "" }, password } },
      400,
      "invalid-input",
    ],
    ["an empty body", "sign-in/email", { body: "" }, 400, "invalid-input"],
    [
      "a huge body",
      "sign-in/email",
      { body: { email: "a@b.cn", password: "x".repeat(100_000) } },
      413,
      "payload-too-large",
    ],
    ["no address at all", "sign-in/email", { body: { email: "nonsense", password } }, 400, "invalid-input"],
    ["another page", "ok", {}, 404, "not-found"],
    ["a list of sessions with their tokens", "list-sessions", {}, 404, "not-found"],
    ["a social sign-in", "sign-in/social", { body: { provider: "github" } }, 404, "not-found"],
    ["a longer path", "sign-in/email/", { body: { email: "a@b.cn", password } }, 404, "not-found"],
  ])("%s", async (_name, path, more, status, code) => {
    const answer = await call(path, more);
    expect(answer).toMatchObject({ status, body: { code } });
    expect(answer.body).toMatchObject({
      message: { en: expect.any(String), zh: expect.stringMatching(/\p{Script=Han}/u) },
    });
  });

  test("what a page asks to come back to is not followed", async () => {
    const person = staff;
    const body = { email: person.email, password, callbackURL: "https://evil.example" };
    const request = new Request(`${baseUrl}/api/auth/sign-in/email`, {
      method: "POST",
      headers: { "content-type": "application/json", origin: baseUrl },
      body: JSON.stringify(body),
    });
    const response = await people.handler(request);
    expect([response.status, response.headers.get("location")]).toEqual([200, null]);
  });

  test("nobody signed in has no session and no error", async () => {
    expect(await call("get-session")).toMatchObject({ status: 200, body: { user: null } });
  });
});

test("a store that is down is said to be, and is no wrong password", async () => {
  const broken = await openTestDatabase();
  people = createPeople({ database: broken, clock, baseUrl, secret, log: silentLog });
  await aPerson();
  await broken.close();
  expect(await signIn(anEmail())).toMatchObject({ status: 503, body: { code: "store-unavailable" } });
});

describe("permissions", () => {
  test("the owner may do everything; nobody may do anything without a role", () => {
    for (const permission of permissions) {
      expect(may({ roles: ["owner"] }, permission)).toBe(true);
      expect(may({ roles: [] }, permission)).toBe(false);
      expect(may({ roles: ["king", "OWNER", "__proto__"] }, permission)).toBe(false);
    }
  });
  test("deciding is for owner and support, and what is above the limit for the owner alone", () => {
    const deciders = (permission: (typeof permissions)[number]) =>
      roles.filter((role) => may({ roles: [role] }, permission));
    expect(deciders("approvals.decide")).toEqual(["owner", "support"]);
    expect(deciders("approvals.decide-support")).toEqual(["owner", "support"]);
    expect(deciders("approvals.decide-owner")).toEqual(["owner"]);
    expect(deciders("audit.read")).toEqual(["owner", "auditor"]);
    expect(deciders("people.write")).toEqual(["owner"]);
  });
  test("the auditor only looks", () => {
    const changing = rolePermissions.auditor.filter((permission) => !permission.endsWith(".read"));
    expect(changing).toEqual(["suites.run"]);
  });
  test("roles add up, and take nothing away", () => {
    const role = fc.constantFrom(...roles);
    const property = fc.property(fc.array(role), fc.constantFrom(...permissions), (held, permission) => {
      const any = held.some((one) => may({ roles: [one] }, permission));
      expect(may({ roles: held }, permission)).toBe(any);
    });
    fc.assert(property);
    expect(roles.every(isRole)).toBe(true);
  });
});
