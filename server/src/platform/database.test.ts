import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestDatabase } from "../../../tests/support/database.ts";
import { afterCommit, type Database, tablesOf } from "./database.ts";

interface SettingTables {
  setting: { key: string; value: unknown; updatedAt: number };
}

let database: Database;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database.close());

test("a failed transaction leaves nothing behind", async () => {
  const work = database.transaction(async (connection) => {
    await tablesOf<SettingTables>(connection)
      .insertInto("setting")
      .values({ key: "a", value: JSON.stringify({ oneWord: 1 }), updatedAt: 1_700_000_000_000 })
      .execute();
    throw new Error("changed my mind");
  });
  await expect(work).rejects.toThrow("changed my mind");
  expect(await tablesOf<SettingTables>(database).selectFrom("setting").selectAll().execute()).toEqual([]);
});

test("instants come back as numbers and JSON keys as they were written", async () => {
  await database.transaction((connection) =>
    tablesOf<SettingTables>(connection)
      .insertInto("setting")
      .values({ key: "b", value: JSON.stringify({ oneWord: 1, two_words: 2 }), updatedAt: 1_700_000_000_000 })
      .execute(),
  );
  const row = await tablesOf<SettingTables>(database)
    .selectFrom("setting")
    .selectAll()
    .where("key", "=", "b")
    .executeTakeFirstOrThrow();
  expect(row).toEqual({ key: "b", value: { oneWord: 1, two_words: 2 }, updatedAt: 1_700_000_000_000 });
});

test("who waits for a commit is told after it, never of a rollback, and at once outside of a transaction", async () => {
  const told: string[] = [];
  const failing = database.transaction((connection) => {
    afterCommit(connection, () => told.push("rolled back"));
    return Promise.reject(new Error("no"));
  });
  await expect(failing).rejects.toThrow("no");
  await database.transaction((connection) => {
    afterCommit(connection, () => told.push("committed"));
    told.push("inside");
    return Promise.resolve();
  });
  afterCommit(database, () => told.push("at once"));
  expect(told).toEqual(["inside", "committed", "at once"]);
});
