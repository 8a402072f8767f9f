import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestDatabase } from "../../../tests/support/database.ts";
import { createGuard, defaultClauses, type Guard } from "../guard/index.ts";
import { manualClock } from "../platform/clock.ts";
import type { Database } from "../platform/database.ts";
import { addMissingClauses } from "./prepare-shop.ts";

const clock = manualClock(1_772_000_000_000);
let database: Database;
let guard: Guard;

beforeAll(async () => {
  database = await openTestDatabase();
  guard = createGuard({ database, clock, signingSecret: "a-secret-of-the-test" });
});
afterAll(() => database.close());

const versions = async () => (await guard.clauses()).map(({ id, version }) => `${id} ${version}`);

test("a shop of an earlier version gets the clauses it does not have, once, and keeps its own", async () => {
  await database.transaction(async (connection) => {
    for (const clause of defaultClauses({ currency: "CNY", validFrom: clock.now() })) {
      if (clause.id === "device-control") continue;
      await guard.putClause(connection, clause);
      if (clause.id === "hand-off") await guard.putClause(connection, { ...clause, version: 2 });
    }
  });
  clock.advance(1_000);
  await addMissingClauses({ guard, database, clock }, { currency: "CNY" });
  await addMissingClauses({ guard, database, clock }, { currency: "CNY" });
  expect(await versions()).toEqual([
    "cancel-while-pending 1",
    "cold-chain-refund 1",
    "device-control 1",
    "hand-off 2",
    "own-orders-only 1",
  ]);
  expect((await guard.proveAudit()).firstBrokenSequence).toBeNull();
});

test("a clock that was set back neither stops the start nor adds a version", async () => {
  clock.advance(-10_000);
  await addMissingClauses({ guard, database, clock }, { currency: "CNY" });
  clock.advance(10_000);
  expect(await versions()).toContain("device-control 1");
});
