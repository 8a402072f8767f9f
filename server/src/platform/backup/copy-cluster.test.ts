import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { tablesOf } from "../database.ts";
import { type EmbeddedDatabase, openEmbedded } from "../embedded.ts";
import { silentLog } from "../log.ts";
import { copyEmbedded } from "./copy-embedded.ts";
import type { BackupEvent } from "./format.ts";

let directory = "";
let database: EmbeddedDatabase;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "waremind-copy-"));
  database = await openEmbedded({ directory, log: silentLog });
  await database.migrate({});
  await run("create table thing (id int)");
});
afterAll(async () => {
  await database.close();
  await rm(directory, { recursive: true, force: true });
});

async function run(statement: string): Promise<void> {
  await sql.raw(statement).execute(tablesOf(database));
}

const copy = () => copyEmbedded(database, { product: "0.1.0", createdAt: 1 });

async function namesOf(events: AsyncIterable<BackupEvent>, during?: () => Promise<void>): Promise<string[]> {
  const names: string[] = [];
  for await (const event of events) {
    if (event.kind !== "entry") continue;
    names.push(event.entry.name);
    if (names.length === 10) await during?.();
  }
  return names;
}

test("pg_control is the first file and the log the last, up to where it was written", async () => {
  const names = await namesOf(copy(), () => run("insert into thing values (1)"));
  expect(names[0]).toBe("global/pg_control");
  expect(names.at(-1)).toMatch(/^pg_wal\/[0-9A-F]{24}$/u);
  expect(names.filter((name) => name === "global/pg_control")).toHaveLength(1);
  expect(names).toContain("pg_wal/archive_status");
  expect(names).not.toContain("postmaster.pid");
});

test("a checkpoint that came in between breaks the copy off", async () => {
  const disturbed = namesOf(copy(), async () => {
    await run("insert into thing values (2)");
    await run("checkpoint");
  });
  await expect(disturbed).rejects.toThrow(/broken off/u);
});

test("a second copy is refused while one is made, and allowed when that one was given up", async () => {
  const first = copy();
  await first.next();
  await first.next();
  await expect(namesOf(copy())).rejects.toMatchObject({ code: "conflict" });
  await first.return(undefined);
  expect(await namesOf(copy())).not.toHaveLength(0);
});

test("a file that is dropped while the others are copied is no fault", async () => {
  await run("create table passing as select id from generate_series(1, 10000) as id");
  const names = await namesOf(copy(), () => run("drop table passing"));
  expect(names.at(-1)).toMatch(/^pg_wal\//u);
});
