import { createHmac } from "node:crypto";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openTestDatabase } from "../../../tests/support/database.ts";
import { manualClock } from "../platform/clock.ts";
import { type Database, tablesOf } from "../platform/database.ts";
import type { Customer, Customers } from "./customer.ts";
import {
  createCustomers,
  createIdentityTokens,
  createProofLimit,
  customerSessionLifetimeMs,
  customerSessionsMax,
  identityTokenLifetimeMs,
  isSameEmail,
  proofRefused,
} from "./index.ts";
import { proofsPerAddressMax, proofsPerSubjectMax, proofWindowMs } from "./proof-limit.ts";
import type { CustomerTables } from "./tables.ts";

const startAt = Date.UTC(2026, 2, 2, 6);
const clock = manualClock(startAt);
let database: Database;
let customers: Customers;
beforeAll(async () => {
  database = await openTestDatabase();
  customers = createCustomers({ database, clock });
});
afterAll(() => database.close());
beforeEach(() => clock.set(startAt));

let count = 0;
function aCustomer(more: Partial<Customer> = {}): Customer {
  count += 1;
  return {
    id: `cus_${count}`,
    name: "林小雨",
    email: `lin${count}@example.com`,
    phone: "13800000000",
    language: "zh",
    timeZone: "Asia/Shanghai",
    postcode: "020000",
    ...more,
  };
}
async function stored(customer: Customer): Promise<Customer> {
  await database.transaction((connection) => customers.createCustomers(connection, [customer]));
  return customer;
}

test("a customer is found by id and by any spelling of their e-mail", async () => {
  const customer = await stored(aCustomer({ email: " Lin.Xiaoyu@Example.COM " }));
  const kept = { ...customer, email: "lin.xiaoyu@example.com" };
  expect(await customers.findCustomer(customer.id)).toEqual(kept);
  expect(await customers.findCustomerByEmail("LIN.xiaoyu@example.com\n")).toEqual(kept);
  expect(await customers.findCustomers([customer.id, "none"])).toEqual([kept]);
  expect(await customers.findCustomer("none")).toBeNull();
  expect(await customers.findCustomerByEmail("nobody@example.com")).toBeNull();
});

test("an e-mail belongs to one customer, however it is spelled", async () => {
  await stored(aCustomer({ email: "twin@example.com" }));
  const twin = stored(aCustomer({ email: "TWIN@example.com" }));
  await expect(twin).rejects.toMatchObject({ name: "DomainError", code: "conflict" });
});

test("thousands of customers are written at once", async () => {
  const many = Array.from({ length: 2000 }, () => aCustomer());
  await database.transaction((connection) => customers.createCustomers(connection, many));
  expect(await customers.findCustomer(many.at(-1)?.id ?? "")).toEqual(many.at(-1));
});

describe("sessions", () => {
  test("a token opens its session until it expires", async () => {
    const { id } = await stored(aCustomer());
    const { session, token } = await customers.startSession(id, "order-and-email");
    expect(session).toMatchObject({ customerId: id, provedBy: "order-and-email" });
    expect(Buffer.from(token, "base64url")).toHaveLength(32);
    clock.advance(customerSessionLifetimeMs - 1);
    expect(await customers.sessionOf(token)).toEqual(session);
    clock.advance(1);
    expect(await customers.sessionOf(token)).toBeNull();
  });

  test("an ended session stays ended", async () => {
    const { id } = await stored(aCustomer());
    const { session, token } = await customers.startSession(id, "identity-token");
    await customers.endSession(session.id);
    await customers.endSession(session.id);
    expect(await customers.sessionOf(token)).toBeNull();
  });

  test("no other text opens a session", async () => {
    const { id } = await stored(aCustomer());
    const { session, token } = await customers.startSession(id, "identity-token");
    const altered = `${token.startsWith("A") ? "B" : "A"}${token.slice(1)}`;
    for (const text of ["", altered, `${token}=`, session.id, "x".repeat(100_000), "\u0000"])
      expect(await customers.sessionOf(text)).toBeNull();
  });

  test("the store never holds the token itself", async () => {
    const { id } = await stored(aCustomer());
    const { token } = await customers.startSession(id, "identity-token");
    const rows = await tablesOf<CustomerTables>(database)
      .selectFrom("customerSession")
      .selectAll()
      .where("customerId", "=", id)
      .execute();
    expect(rows).toHaveLength(1);
    expect(Buffer.from(rows[0]?.tokenHash ?? "").toString("base64url")).not.toBe(token);
    expect(JSON.stringify(rows)).not.toContain(token);
  });

  test("a customer's sessions are bounded: the oldest goes first", async () => {
    const { id } = await stored(aCustomer());
    const { id: otherId } = await stored(aCustomer());
    const other = await customers.startSession(otherId, "test");
    const tokens: string[] = [];
    for (let index = 0; index <= customerSessionsMax; index += 1) {
      clock.advance(1);
      tokens.push((await customers.startSession(id, "test")).token);
    }
    const open = await Promise.all(tokens.map((token) => customers.sessionOf(token)));
    expect(open.filter((session) => session !== null)).toHaveLength(customerSessionsMax);
    expect(open[0]).toBeNull();
    expect(await customers.sessionOf(other.token)).not.toBeNull();
  });
});

describe("identity tokens", () => {
  const secret = "the shop's secret, shared once";
  const tokens = createIdentityTokens({ secret, clock });
  const signed = (payload: unknown, key = secret) => {
    const text = typeof payload === "string" ? payload : JSON.stringify(payload);
    const body = `wm1.${Buffer.from(text).toString("base64url")}`;
    return `${body}.${createHmac("sha256", key).update(body).digest("base64url")}`;
  };

  test("what the shop signed is read back until it expires", () => {
    const token = tokens.issue({ email: " Lin@Example.com" });
    const expiresAt = startAt + identityTokenLifetimeMs;
    expect(tokens.verify(token)).toEqual({ email: "lin@example.com", issuedAt: startAt, expiresAt });
    expect(tokens.verify(tokens.issue({ customerId: "cus_1" }))).toMatchObject({ customerId: "cus_1" });
    clock.advance(identityTokenLifetimeMs);
    expect(tokens.verify(token)).toBeNull();
  });

  test("a token made with nothing but HMAC and JSON is understood", () => {
    const token = signed({ email: "a@example.com", issuedAt: startAt, expiresAt: startAt + 1000 });
    expect(tokens.verify(token)).toMatchObject({ email: "a@example.com" });
  });

  test.each([
    [
      "another secret",
      () => signed({ email: "a@b.cn", issuedAt: startAt, expiresAt: startAt + 1 }, "other secret here"),
    ],
    ["a life of a day", () => tokens.issue({ email: "a@b.cn" }, 86_400_000)],
    ["no life", () => tokens.issue({ email: "a@b.cn" }, 0)],
    [
      "issued tomorrow",
      () => signed({ email: "a@b.cn", issuedAt: startAt + 86_400_000, expiresAt: startAt + 86_401_000 }),
    ],
    [
      "two subjects",
      () => signed({ email: "a@b.cn", customerId: "c", issuedAt: startAt, expiresAt: startAt + 1 }),
    ],
    ["no subject", () => signed({ issuedAt: startAt, expiresAt: startAt + 1 })],
    ["no JSON", () => signed("email=a@b.cn")],
    ["no signature", () => tokens.issue({ email: "a@b.cn" }).split(".").slice(0, 2).join(".")],
    ["an empty signature", () => `${tokens.issue({ email: "a@b.cn" }).split(".").slice(0, 2).join(".")}.`],
    ["a fourth part", () => `${tokens.issue({ email: "a@b.cn" })}.x`],
    ["endless text", () => `wm1.${"A".repeat(1_000_000)}.AAAA`],
    ["nothing", () => ""],
  ])("refused: %s", (_name, token) => {
    expect(tokens.verify(token())).toBeNull();
  });

  test("no change of a single character goes unnoticed", () => {
    const token = tokens.issue({ customerId: "cus_1" });
    const property = fc.property(
      fc.nat(token.length - 1),
      fc.constantFrom(..."ABCabc019-_.="),
      (index, character) => {
        fc.pre(token[index] !== character);
        const altered = token.slice(0, index) + character + token.slice(index + 1);
        expect(tokens.verify(altered)).toBeNull();
      },
    );
    fc.assert(property, { numRuns: 500 });
  });

  test("a short secret is a mistake told at once", () => {
    expect(() => createIdentityTokens({ secret: "short", clock })).toThrow(/16 characters/);
  });
});

test("e-mails are the same when their spelling is, whatever their length", () => {
  expect(isSameEmail(" A@example.com", "a@EXAMPLE.com ")).toBe(true);
  expect(isSameEmail("a@example.com", "b@example.com")).toBe(false);
  expect(isSameEmail("a@example.com", "")).toBe(false);
});

describe("guessing at who somebody is", () => {
  test("one order may be guessed at a few times, from however many addresses", () => {
    const limit = createProofLimit({ clock });
    for (let index = 0; index < proofsPerSubjectMax; index += 1)
      limit.take({ address: `10.0.0.${index}`, subject: "W-100001" });
    const guess = () => limit.take({ address: "10.9.9.9", subject: " w-100001 " });
    expect(guess).toThrow(
      expect.objectContaining({ code: "rate-limited", details: { retryAfterSeconds: 900 } }),
    );
    clock.advance(proofWindowMs);
    expect(guess).not.toThrow();
  });

  test("one address may guess a few times, at however many orders", () => {
    const limit = createProofLimit({ clock });
    const guess = (index: number) => () => limit.take({ address: "10.0.0.1", subject: `W-${index}` });
    for (let index = 0; index < proofsPerAddressMax; index += 1) expect(guess(index)).not.toThrow();
    expect(guess(999)).toThrow(expect.objectContaining({ code: "rate-limited" }));
    expect(() => limit.take({ address: "10.0.0.2", subject: "W-999" })).not.toThrow();
  });

  test("every failed proof has the same answer", () => {
    expect(proofRefused().toProblem()).toEqual(proofRefused().toProblem());
    expect(proofRefused().code).toBe("credentials-wrong");
  });
});
