import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestDatabase } from "../../../tests/support/database.ts";
import { patientDatabase, retryContention } from "./contention.ts";
import { type Database, tablesOf } from "./database.ts";

let database: Database;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database.close());

const inTheWay = (code = "40P01") => Object.assign(new Error("deadlock detected"), { code });

test("work that another transaction stood in the way of is done again", async () => {
  let attempts = 0;
  const done = await retryContention(() => {
    attempts += 1;
    return attempts < 3 ? Promise.reject(inTheWay()) : Promise.resolve("done");
  });
  expect([done, attempts]).toEqual(["done", 3]);
});

test("work is not done again for ever, nor after any other error", async () => {
  let attempts = 0;
  const failing = (error: Error) =>
    retryContention(() => {
      attempts += 1;
      return Promise.reject(error);
    });
  await expect(failing(inTheWay("40001"))).rejects.toMatchObject({ code: "40001" });
  expect(attempts).toBe(5);
  attempts = 0;
  await expect(failing(new Error("a bug"))).rejects.toThrow("a bug");
  expect(attempts).toBe(1);
});

test("what an attempt wrote is gone before the next one", async () => {
  let attempts = 0;
  await patientDatabase(database).transaction(async (connection) => {
    attempts += 1;
    await sql`insert into release_key (id, name, public_pem, created_at) values ('k', 'k', 'k', 1)`.execute(
      tablesOf(connection),
    );
    if (attempts < 3)
      await sql`do $$ begin raise exception using errcode = '40001'; end $$`.execute(tablesOf(connection));
  });
  const { rows } = await sql`select id from release_key`.execute(tablesOf(database));
  expect([attempts, rows.length]).toEqual([3, 1]);
});
