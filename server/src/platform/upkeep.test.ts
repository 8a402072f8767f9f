import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { tablesOf } from "./database.ts";
import { type EmbeddedDatabase, openEmbedded } from "./embedded.ts";
import { silentLog } from "./log.ts";
import { createUpkeep } from "./upkeep.ts";

let database: EmbeddedDatabase;
beforeAll(async () => {
  database = await openEmbedded({ inMemory: true, log: silentLog });
  await run("create table busy (id int primary key, value int)");
  await run("create table quiet (id int primary key)");
});
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  return () => vi.useRealTimers();
});
afterAll(() => database.close());

async function run(statement: string): Promise<void> {
  await sql.raw(statement).execute(tablesOf(database));
}

async function keepUpFor(minutes: number): Promise<void> {
  const upkeep = createUpkeep({ database, log: silentLog });
  upkeep.start();
  vi.advanceTimersByTime(minutes * 60_000);
  await upkeep.stop();
}

async function one<Row>(statement: string): Promise<Row> {
  const { rows } = await sql.raw<Row>(statement).execute(tablesOf(database));
  return rows[0] as Row;
}

test("a table full of dead rows is vacuumed and analysed within a minute, a quiet one is left alone", async () => {
  await run("insert into busy select id, 0 from generate_series(1, 3000) as id");
  await run("update busy set value = 1");
  // The engine tells its statistics at most once a second.
  await vi.waitFor(async () => {
    await run("select pg_stat_force_next_flush()");
    const { dead } = await one<{ dead: number }>(
      "select n_dead_tup as dead from pg_stat_user_tables where relname = 'busy'",
    );
    expect(dead).toBeGreaterThan(1_000);
  });
  await keepUpFor(1);
  const state = (table: string) =>
    one<{ vacuumed: boolean; analysed: boolean }>(
      `select last_vacuum is not null as vacuumed, last_analyze is not null as analysed from pg_stat_user_tables where relname = '${table}'`,
    );
  expect(await state("busy")).toEqual({ vacuumed: true, analysed: true });
  expect(await state("quiet")).toEqual({ vacuumed: false, analysed: false });
});

test("the log is checkpointed every five minutes when something was written", async () => {
  const checkpoint = () =>
    one<{ at: string }>("select checkpoint_lsn::text as at from pg_control_checkpoint()");
  await run("insert into quiet values (1)");
  const before = await checkpoint();
  await keepUpFor(4);
  expect(await checkpoint()).toEqual(before);
  await keepUpFor(5);
  expect(await checkpoint()).not.toEqual(before);
});

test("while the files are copied no checkpoint comes, and one copy is made at a time", async () => {
  const checkpoint = () =>
    one<{ at: string }>("select checkpoint_lsn::text as at from pg_control_checkpoint()");
  const upkeep = createUpkeep({ database, log: silentLog });
  const resume = await upkeep.suspendCheckpoints();
  await expect(upkeep.suspendCheckpoints()).rejects.toMatchObject({ code: "conflict" });
  await run("insert into quiet values (2)");
  const before = await checkpoint();
  upkeep.start();
  vi.advanceTimersByTime(6 * 60_000);
  await upkeep.stop();
  expect(await checkpoint()).toEqual(before);
  resume();
  upkeep.start();
  vi.advanceTimersByTime(5_000);
  await upkeep.stop();
  expect(await checkpoint()).not.toEqual(before);
  (await upkeep.suspendCheckpoints())();
});
