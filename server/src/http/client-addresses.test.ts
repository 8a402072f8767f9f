import { afterAll, beforeAll, expect, test } from "vitest";
import { type ManagedShop, openManagedShop } from "../../../tests/support/managed-shop.ts";
import { proofsPerAddressMax } from "../customers/proof-limit.ts";
import { bindClientAddress, createClientAddress } from "../platform/client-address.ts";

let shop: ManagedShop;
beforeAll(async () => {
  shop = await openManagedShop();
});
afterAll(() => shop.close());

let orders = 0;
/** Guesses at an order through a proxy, for the client that the proxy names. */
async function guess(trusted: readonly string[], proxy: string, client: string): Promise<number> {
  orders += 1;
  const incoming = { socket: { remoteAddress: proxy }, headers: { "x-forwarded-for": client } };
  const response = await shop.app.request(
    "/api/customer/sessions",
    {
      method: "POST",
      body: JSON.stringify({ orderNumber: `none-${orders}`, email: `a${orders}@b.example` }),
    },
    bindClientAddress({ incoming }, createClientAddress(trusted)),
  );
  return response.status;
}

test("behind a trusted proxy each client has its own attempts", async () => {
  const from = (client: string) => guess(["10.0.0.1"], "10.0.0.1", client);
  for (let attempt = 0; attempt < proofsPerAddressMax; attempt += 1)
    expect(await from("203.0.113.1")).toBe(401);
  expect(await from("203.0.113.1")).toBe(429);
  expect(await from("203.0.113.2")).toBe(401);
});

test("who writes the header itself gains nothing by it", async () => {
  const as = (client: string) => guess([], "198.51.100.7", client);
  for (let attempt = 0; attempt < proofsPerAddressMax; attempt += 1)
    expect(await as(`203.0.113.${attempt}`)).toBe(401);
  expect(await as("203.0.113.200")).toBe(429);
});
