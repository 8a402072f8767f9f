import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestDatabase } from "../../../tests/support/database.ts";
import { createCatalog } from "../catalog/index.ts";
import { createCustomers } from "../customers/index.ts";
import { createDevices } from "../devices/index.ts";
import { createGuard } from "../guard/index.ts";
import { createInventory } from "../inventory/index.ts";
import { createOrders } from "../orders/index.ts";
import { manualClock } from "../platform/clock.ts";
import type { Database } from "../platform/database.ts";
import { createShipments } from "../shipments/index.ts";
import { createTelemetry } from "../telemetry/index.ts";
import { demoData } from "./demo-data.ts";
import { readDemoMark } from "./demo-mark.ts";
import { type SeedDependencies, seedDemoShop } from "./seed-demo-shop.ts";
import { loadDemoLogins } from "./users.ts";

const now = Date.UTC(2026, 10, 22, 2, 0);

let database: Database;
let shop: SeedDependencies;
let folder: string;
const accounts: string[] = [];
const people = {
  createUser: async ({ email }: { email: string }) => accounts.push(email),
  listUsers: async () => accounts.map((email) => ({ email })),
};

beforeAll(async () => {
  database = await openTestDatabase();
  folder = await mkdtemp(join(tmpdir(), "demo-"));
  const clock = manualClock(now);
  const ground = { database, clock };
  shop = {
    ...ground,
    catalog: createCatalog(ground),
    inventory: createInventory(ground),
    customers: createCustomers(ground),
    orders: createOrders(ground),
    shipments: createShipments(ground),
    devices: createDevices(ground),
    telemetry: createTelemetry(ground),
    guard: createGuard({ ...ground, signingSecret: "a secret of at least thirty-two characters" }),
  };
});
afterAll(async () => {
  await database.close();
  await rm(folder, { recursive: true });
});

test("an empty store becomes the demo shop, once", async () => {
  await seedDemoShop({ ...shop, seed: 1, people, dataDirectory: folder });
  await seedDemoShop({ ...shop, seed: 1, people, dataDirectory: folder });
  expect(await readDemoMark(database)).toEqual({ seed: 1, seededAt: now });
  expect(await shop.orders.countPlacedSince(0)).toBe(3000);
  expect((await shop.inventory.listCells()).length).toBe(60);
  expect((await shop.devices.listDevices()).length).toBe(12);
  expect((await shop.guard.clauses()).map(({ id }) => id)).toContain("cold-chain-refund");
  expect(accounts).toEqual(["owner@example.com", "support@example.com", "warehouse@example.com"]);
});

test("a product is found first by the names that customers use for it", async () => {
  const { catalogue } = demoData();
  const [first] = await shop.catalog.searchVariants("充电宝", { limit: 1 });
  expect(first?.variant.title.en).toContain("Power bank");
  const [prawns] = await shop.catalog.searchVariants("do you have shrimp?", { limit: 1 });
  expect(prawns?.variant.productId).toBe("prd_king-prawns");
  for (const { id, attributes } of catalogue.products) {
    const names = attributes["otherNames"];
    if (!Array.isArray(names) || names.length === 0) throw new Error(`${id} has no other names.`);
    expect(names.length).toBeLessThanOrEqual(4);
    for (const name of names) {
      const hits = await shop.catalog.searchVariants(String(name), { limit: 12 });
      const best = hits.filter(({ score }) => score === hits[0]?.score);
      expect(
        best.map(({ variant }) => variant.productId),
        String(name),
      ).toContain(`prd_${id}`);
      expect(hits[0]?.score, String(name)).toBeGreaterThan(0.6);
    }
  }
});

test("parcels under way have a logger, a curve and a condition in band", async () => {
  const live = (await shop.devices.liveBindings()).filter(({ kind }) => kind === "logger-shipment");
  expect(live).toHaveLength(4);
  const conditions = await shop.shipments.conditionOf(
    database,
    live.map(({ targetId }) => targetId),
  );
  expect(conditions.size).toBe(4);
  for (const { seriesId, condition } of conditions.values()) {
    expect(condition.verdict).toBe("in-band");
    expect(condition.gaps).toEqual([]);
    const { rawCount } = await shop.telemetry.curve(seriesId, { from: 0, to: now, points: 100 });
    expect(rawCount).toBeGreaterThanOrEqual(condition.readingCount);
    expect(condition.readingCount).toBeGreaterThan(40);
  }
});

test("a few parcels of the last days grew too warm, and their alarms have ended", async () => {
  const alarms = await shop.telemetry.alarms({ limit: 100 });
  expect(alarms.filter(({ kind }) => kind === "threshold").length).toBeGreaterThanOrEqual(1);
  expect(alarms.every(({ endedAt }) => endedAt !== null)).toBe(true);
});

test("stock can be sold: what is on hand covers what is reserved", async () => {
  const variants = await shop.catalog.listVariants({ limit: 100 });
  const stock = await shop.inventory.stockOf(variants.map(({ id }) => id));
  expect(stock.size).toBe(47);
  for (const { onHandUnits, reservedUnits } of stock.values())
    expect(onHandUnits).toBeGreaterThanOrEqual(reservedUnits);
});

test("the logins are the same at every start and only their owner can read them", async () => {
  const logins = await loadDemoLogins(folder);
  expect(await loadDemoLogins(folder)).toEqual(logins);
  expect(new Set(logins.map(({ password }) => password)).size).toBe(3);
  expect((await stat(join(folder, "demo-logins.json"))).mode & 0o777).toBe(0o600);
  expect(await readFile(join(folder, "demo-logins.json"), "utf8")).toContain(logins[0]?.password);
});
