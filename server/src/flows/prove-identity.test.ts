import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { addOrder, openSmallShop, type SmallShop } from "../../../tests/support/small-shop.ts";
import { createIdentityTokens, type IdentityTokens } from "../customers/index.ts";
import { createIdentityProof, type IdentityProof } from "./prove-identity.ts";

let shop: SmallShop;
let proof: IdentityProof;
let tokens: IdentityTokens;
beforeAll(async () => {
  shop = await openSmallShop();
  await addOrder(shop, { id: "ord-1" });
  tokens = createIdentityTokens({ secret: "a-secret-of-the-test", clock: shop.clock });
});
afterAll(() => shop.database.close());
beforeEach(() => {
  proof = createIdentityProof({ ...shop, identityTokens: tokens });
});

const refusalOf = (work: Promise<unknown>) =>
  work.then(
    () => "accepted",
    (error: { code: string; message: string }) => `${error.code}: ${error.message}`,
  );

describe("an order number with its e-mail", () => {
  test("opens a session of that customer, however it is typed", async () => {
    const { session, token } = await proof.proveByOrder({
      orderNumber: " N-ord-1 ",
      email: " CUS-1@Example.com",
    });
    expect(session).toMatchObject({ customerId: "cus-1", provedBy: "order:N-ord-1" });
    expect((await shop.customers.sessionOf(token))?.id).toBe(session.id);
  });

  test("fails the same way for a wrong order, a wrong e-mail, and another customer's e-mail", async () => {
    const answers = [];
    for (const [orderNumber, email] of [
      ["N-none", "cus-1@example.com"],
      ["N-ord-1", "nobody@example.com"],
      ["N-ord-1", "cus-2@example.com"],
    ] as const)
      answers.push(await refusalOf(proof.proveByOrder({ orderNumber, email })));
    expect(new Set(answers).size).toBe(1);
    expect(answers[0]).toMatch(/^credentials-wrong/);
  });

  test("may be guessed at five times, from however many addresses, and the right guess is refused then too", async () => {
    for (let guess = 0; guess < 5; guess += 1)
      await refusalOf(
        proof.proveByOrder({ orderNumber: "N-ord-1", email: `g${guess}@x.com`, address: `10.0.0.${guess}` }),
      );
    const right = { orderNumber: "N-ord-1", email: "cus-1@example.com" };
    expect(await refusalOf(proof.proveByOrder(right))).toMatch(/^rate-limited/);
    shop.clock.advance(15 * 60_000);
    expect(await refusalOf(proof.proveByOrder(right))).toBe("accepted");
  });

  test("limits guessing orders of one e-mail, and anything from one address", async () => {
    for (let guess = 0; guess < 5; guess += 1)
      await refusalOf(proof.proveByOrder({ orderNumber: `N-${guess}`, email: "cus-1@example.com" }));
    expect(await refusalOf(proof.proveByOrder({ orderNumber: "N-9", email: "cus-1@example.com" }))).toMatch(
      /^rate-limited/,
    );
    const guessFrom = (guess: number) =>
      refusalOf(
        proof.proveByOrder({ orderNumber: `M-${guess}`, email: `m${guess}@x.com`, address: "10.1.1.1" }),
      );
    for (let guess = 0; guess < 20; guess += 1) expect(await guessFrom(guess)).toMatch(/^credentials-wrong/);
    expect(await guessFrom(20)).toMatch(/^rate-limited/);
  });

  test("does not lock out who comes back often with the right details", async () => {
    for (let visit = 0; visit < 12; visit += 1)
      expect(
        await refusalOf(proof.proveByOrder({ orderNumber: "N-ord-1", email: "cus-1@example.com" })),
      ).toBe("accepted");
  });
});

describe("a token of the shop's own server", () => {
  test("opens a session, by customer id or e-mail", async () => {
    for (const subject of [{ customerId: "cus-2" }, { email: "cus-2@example.com" }]) {
      const { session } = await proof.proveByToken(tokens.issue(subject));
      expect(session).toMatchObject({ customerId: "cus-2", provedBy: "identity-token" });
    }
  });

  test("is refused when forged, expired, of nobody, or not asked for", async () => {
    const forged = createIdentityTokens({ secret: "another-secret-entirely", clock: shop.clock });
    const expired = tokens.issue({ customerId: "cus-2" }, 1_000);
    shop.clock.advance(1_000);
    for (const token of [
      forged.issue({ customerId: "cus-2" }),
      expired,
      tokens.issue({ customerId: "cus-9" }),
      "wm1.x.y",
    ])
      expect(await refusalOf(proof.proveByToken(token))).toMatch(/^credentials-wrong/);
    const without = createIdentityProof(shop);
    expect(await refusalOf(without.proveByToken(tokens.issue({ customerId: "cus-2" })))).toMatch(
      /^credentials-wrong/,
    );
  });
});
