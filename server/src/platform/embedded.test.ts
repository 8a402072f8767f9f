import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Database, tablesOf } from "./database.ts";
import { type EmbeddedDatabase, openEmbedded } from "./embedded.ts";
import { silentLog } from "./log.ts";

const directory = mkdtempSync(join(tmpdir(), "waremind-embedded-"));
const open = () => openEmbedded({ directory, log: silentLog });

let database: EmbeddedDatabase | undefined;
afterEach(async () => {
  await database?.close();
  database = undefined;
});
beforeAll(async () => {
  const first = await open();
  await run(first, "create table note (text text primary key)");
  await first.close();
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe("the embedded store on disk", () => {
  test("keeps what was committed when it is closed and opened again", async () => {
    database = await open();
    await run(database, "insert into note values ('kept')");
    await database.close();
    database = await open();
    expect(await notes(database)).toContain("kept");
  });

  test("is refused to a second opener while the first lives, in both languages", async () => {
    database = await open();
    const refused = await open().catch((error: unknown) => error);
    expect(refused).toMatchObject({
      code: "conflict",
      sentence: { en: expect.stringContaining("in use by process"), zh: expect.stringContaining("正被") },
    });
  });

  test("is refused to another process while the first lives, and taken over once that was killed", async () => {
    const child = startHolder();
    await once(child.stdout as NodeJS.ReadableStream, "data");
    await expect(open()).rejects.toMatchObject({ code: "conflict", details: { pid: child.pid } });
    child.kill("SIGKILL");
    await once(child, "exit");
    database = await open();
    expect(await notes(database)).toContain("from the child");
  });

  test("takes over the lock of a dead process whose id another process now bears", async () => {
    const holder = { pid: process.ppid, startedAt: "long ago", host: hostname() };
    writeFileSync(join(directory, "waremind.lock"), JSON.stringify(holder));
    database = await open();
    expect(JSON.parse(readFileSync(join(directory, "waremind.lock"), "utf8"))).toMatchObject({
      pid: process.pid,
    });
  });

  test("leaves no lock behind when it is closed", async () => {
    database = await open();
    await database.close();
    database = undefined;
    expect(readdirSync(directory)).toEqual(["postgres"]);
  });

  test("begins again when an earlier first start died halfway", async () => {
    const half = mkdtempSync(join(tmpdir(), "waremind-half-"));
    mkdirSync(join(half, "postgres.new"));
    writeFileSync(join(half, "postgres.new", "PG_VERSION"), "18\n");
    database = await openEmbedded({ directory: half, log: silentLog });
    expect((await sql`select 1 as one`.execute(tablesOf(database))).rows).toEqual([{ one: 1 }]);
    await database.close();
    database = undefined;
    rmSync(half, { recursive: true });
  });
});

describe("one session", () => {
  test("serves many callers one after another", async () => {
    database = await open();
    const { pool } = database;
    const answers = await Promise.all(
      Array.from({ length: 50 }, async (_, index) => {
        const client = await pool.connect();
        try {
          return (await client.query<{ n: number }>("select $1::int as n", [index])).rows[0]?.n;
        } finally {
          client.release();
        }
      }),
    );
    expect(answers).toEqual(Array.from({ length: 50 }, (_, index) => index));
  });

  test("tells the database's own errors by their code and goes on", async () => {
    database = await open();
    await run(database, "insert into note values ('twice')");
    await expect(run(database, "insert into note values ('twice')")).rejects.toMatchObject({ code: "23505" });
    expect(await notes(database)).toContain("twice");
  });

  test("carries answers and questions larger than any buffer on the way", async () => {
    database = await open();
    const text = "温".repeat(1_000_000);
    const { rows } = await sql<{
      text: string;
    }>`select ${text}::text as text from generate_series(1, 3)`.execute(tablesOf(database));
    expect(rows.map((row) => row.text === text)).toEqual([true, true, true]);
  });

  test("a second connection asked for inside a transaction is told at once, not waited for", async () => {
    database = await open();
    const opened = database;
    const work = opened.transaction(() => run(opened, "select 1"));
    await expect(work).rejects.toThrow("Inside a transaction");
    expect(await notes(opened)).toBeInstanceOf(Array);
  });
});

describe("when the disk fails", () => {
  test("the commit is refused as store-unavailable, nothing else is lost, and the store opens again", async () => {
    database = await openEmbedded({ directory, log: silentLog, syncFailsAt: 12 });
    const accepted: string[] = [];
    let refusal: unknown;
    for (let index = 0; refusal === undefined && index < 50; index += 1) {
      const text = `disk-${index}`;
      await run(database, `insert into note values ('${text}')`).then(
        () => accepted.push(text),
        (error: unknown) => {
          refusal = error;
        },
      );
    }
    expect(refusal).toMatchObject({ code: "store-unavailable" });
    expect(accepted.length).toBeGreaterThan(0);
    const found = await notes(database);
    expect(found).toEqual(expect.arrayContaining(accepted));
    await run(database, "insert into note values ('after')");
    expect(await notes(database)).toContain("after");
  });

  test("a transaction under way is refused too, and its client does not end the process", async () => {
    database = await openEmbedded({ directory, log: silentLog, syncFailsAt: 8 });
    const opened = database;
    const work = async () => {
      for (let index = 0; index < 50; index += 1) {
        await opened.transaction(async (connection) => {
          await sql`insert into note values (${`open-${index}`})`.execute(tablesOf(connection));
        });
      }
    };
    await expect(work()).rejects.toMatchObject({ code: "store-unavailable" });
    expect(await notes(opened)).toBeInstanceOf(Array);
  });
});

async function run(target: Database, statement: string): Promise<void> {
  await sql.raw(statement).execute(tablesOf(target));
}

async function notes(target: Database): Promise<string[]> {
  const { rows } = await sql<{ text: string }>`select text from note`.execute(tablesOf(target));
  return rows.map((row) => row.text);
}

function startHolder(): ChildProcess {
  const program = `
    import { sql } from "kysely";
    const { openEmbedded } = await import(${JSON.stringify(new URL("./embedded.ts", import.meta.url).href)});
    const { tablesOf } = await import(${JSON.stringify(new URL("./database.ts", import.meta.url).href)});
    const { silentLog } = await import(${JSON.stringify(new URL("./log.ts", import.meta.url).href)});
    const database = await openEmbedded({ directory: ${JSON.stringify(directory)}, log: silentLog });
    await sql.raw("insert into note values ('from the child')").execute(tablesOf(database));
    process.stdout.write("held");
    setInterval(() => {}, 1000);`;
  return spawn(process.execPath, ["--input-type=module", "-e", program], {
    cwd: new URL("../..", import.meta.url),
    stdio: ["ignore", "pipe", "inherit"],
  });
}
