import { afterAll, beforeAll, expect, test } from "vitest";
import { type ManagedShop, openManagedShop } from "../../../../tests/support/managed-shop.ts";

let shop: ManagedShop;
beforeAll(async () => {
  shop = await openManagedShop();
});
afterAll(() => shop.close());

test.each(["rows", "import", "imports"])("a device may be named %s and is found by it", async (name) => {
  await shop.addDevice(name);
  expect((await shop.ask("owner", "GET", `/api/devices/${name}`)).body.device.name).toBe(name);
  const edited = await shop.ask("owner", "POST", `/api/devices/${name}`, { label: "Mine" });
  expect(edited.body).toMatchObject({ name, label: "Mine" });
});

test("the longest name that a device may have is taken wherever a device is named, and one more is not", async () => {
  const name = "é".repeat(255);
  const token = await shop.addDevice(name);
  await shop.send(token, { temperature: 4, note: "x" });
  const path = `/api/devices/${encodeURIComponent(name)}`;
  expect((await shop.ask("owner", "GET", path)).body.device.name).toBe(name);
  const sent = await shop.ask("owner", "POST", `${path}/commands`, {
    ...{ method: "open", params: { door: 1 }, idempotencyKey: "a-key-of-the-longest" },
  });
  expect([sent.status, sent.body.decision?.verdict]).toEqual([200, "allow"]);
  const set = await shop.ask("owner", "POST", `${path}/attributes`, {
    ...{ values: { setPoint: 4 }, idempotencyKey: "another-key-of-the-longest" },
  });
  expect(set.status).toBe(200);
  const held = await shop.ask("owner", "GET", `/api/quarantine?device=${encodeURIComponent(name)}`);
  expect(held.status).toBe(200);
  const longer = await shop.ask("owner", "POST", "/api/devices", { name: `${name}é`, profileId: "cold" });
  expect(longer.status).toBe(400);
  const csv = `name,profile\n${name}é,cold\n`;
  expect((await shop.ask("owner", "POST", "/api/device-imports?dryRun=true", csv)).body.refused).toBe(1);
});
