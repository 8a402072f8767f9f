import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { openTestDatabase } from "../../../tests/support/database.ts";
import { type Database, tablesOf } from "./database.ts";
import { createLeases, isHeld } from "./leases.ts";

const names = ["a", "b", "c"];
let database: Database;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database.close());
beforeEach(async () => {
  await sql`delete from lease`.execute(tablesOf(database));
  await createLeases(database, "").ensure(names);
});

const expire = (name: string) =>
  sql`update lease set until_at = 0 where name = ${name}`.execute(tablesOf(database));
const holds = (name: string, epoch: number) =>
  database.transaction((connection) => isHeld(connection, { name, epoch }));

test("what one holds nobody else takes, until it is released or was not renewed in time", async () => {
  const [one, other] = [createLeases(database, "one"), createLeases(database, "other")];
  expect([...(await one.take(names, 2)).keys()]).toEqual(["a", "b"]);
  expect([...(await other.take(names, 3)).keys()]).toEqual(["c"]);
  await one.release(["a"]);
  await expire("b");
  expect([...(await other.take(names, 3)).keys()].toSorted()).toEqual(["a", "b"]);
  expect([...(await one.renew()).keys()]).toEqual([]);
  expect([...(await other.renew()).keys()].toSorted()).toEqual(names);
  // Of another holder: nothing happens.
  await one.release(["c"]);
  expect((await one.take(names, 3)).size).toBe(0);
});

test("an epoch ends with the next hold, so that who lost it unnoticed is refused in its transaction", async () => {
  const [one, other] = [createLeases(database, "one"), createLeases(database, "other")];
  const first = (await one.take(["a"], 1)).get("a") ?? -1;
  expect(await holds("a", first)).toBe(true);
  const second = (await one.advance("a", first)) ?? -1;
  expect([await holds("a", first), await holds("a", second)]).toEqual([false, true]);
  expect(await one.advance("a", first)).toBeNull();
  await expire("a");
  await other.take(["a"], 1);
  expect([await holds("a", second), await one.advance("a", second)]).toEqual([false, null]);
});
