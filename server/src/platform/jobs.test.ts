import fc from "fast-check";
import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { openTestDatabase } from "../../../tests/support/database.ts";
import { until } from "../../../tests/support/until.ts";
import { manualClock, systemClock } from "./clock.ts";
import { type Connection, type Database, tablesOf } from "./database.ts";
import { delayAfter, JobFailure, type JobTools } from "./job.ts";
import { createJobs, type Jobs, jobLimits } from "./jobs.ts";
import { silentLog } from "./log.ts";

const startAt = 1_800_000_000_000;
const clock = manualClock(startAt);
const anything = z.object({ n: z.int().default(0) });

let database: Database;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database.close());
beforeEach(async () => {
  clock.set(startAt);
  await sql`delete from job`.execute(tablesOf(database));
});

const jobsOf = (limits: Parameters<typeof createJobs>[0]["limits"] = {}): Jobs =>
  createJobs({ database, clock, log: silentLog, limits, chance: () => 0 });

/** A kind that does what `work` says; by itself it passes. */
function withKind(
  jobs: Jobs,
  work: (n: number, tools: JobTools) => Promise<void> | void = () => undefined,
  more: { attemptsMax?: number; timeoutMs?: number } = {},
) {
  const ran: number[] = [];
  const kind = jobs.define("count", {
    ...{ payload: anything, attemptsMax: 3, timeoutMs: 60_000, backoff: { firstMs: 1_000, maxMs: 8_000 } },
    ...more,
    run: async ({ payload }, tools) => {
      ran.push(payload.n);
      await work(payload.n, tools);
    },
  });
  return { kind, ran };
}

describe("noting a job", () => {
  test("it is there with the caller's transaction, and not without it", async () => {
    const jobs = jobsOf();
    const { kind, ran } = withKind(jobs);
    const failing = database.transaction(async (connection) => {
      await kind.enqueue(connection, { n: 1 });
      throw new Error("rolled back");
    });
    await expect(failing).rejects.toThrow("rolled back");
    await database.transaction((connection) => kind.enqueue(connection, { n: 2 }));
    await kind.enqueue(null, { n: 3 });
    expect(await jobs.runDue()).toBe(2);
    expect(ran.sort()).toEqual([2, 3]);
    expect(await jobs.counts()).toMatchObject({ queued: 0, done: 2, dead: 0 });
  });

  test("a payload that is not what the kind says, an unknown kind and one twice defined are bugs told at once", async () => {
    const jobs = jobsOf();
    const { kind } = withKind(jobs);
    await expect(kind.enqueue(null, { n: "x" as unknown as number })).rejects.toThrow();
    await expect(jobs.enqueue(null, { kind: "unknown", payload: {} })).rejects.toThrow(/no kind/);
    expect(() => withKind(jobs)).toThrow(/defined twice/);
    const large = jobs.define("large", {
      ...{ payload: z.object({ text: z.string() }), attemptsMax: 1, timeoutMs: 1_000 },
      run: () => Promise.resolve(),
    });
    await expect(large.enqueue(null, { text: "x".repeat(jobLimits.payloadBytesMax) })).rejects.toThrow(
      /at most/,
    );
  });

  test("the same key is one job while it is not over, with the earlier time; afterwards it is a new one", async () => {
    const jobs = jobsOf();
    const { kind, ran } = withKind(jobs);
    const first = await kind.enqueue(null, { n: 1 }, { dedupeKey: "a", runAt: startAt + 60_000 });
    const second = await kind.enqueue(null, { n: 2 }, { dedupeKey: "a", runAt: startAt + 5_000 });
    const other = await kind.enqueue(null, { n: 3 }, { dedupeKey: "b", runAt: startAt + 60_000 });
    expect([first.isNew, second, other.isNew]).toEqual([true, { id: first.id, isNew: false }, true]);
    clock.advance(5_000);
    expect(await jobs.runDue()).toBe(1);
    expect(ran).toEqual([1]);
    expect((await kind.enqueue(null, { n: 4 }, { dedupeKey: "a" })).isNew).toBe(true);
  });

  test("what is asked again while its job runs is run once more where the caller says so", async () => {
    for (const [whileRunning, runs] of [
      ["ignore", 1],
      ["run-again", 2],
    ] as const) {
      await sql`delete from job`.execute(tablesOf(database));
      const jobs = jobsOf();
      const asked: unknown[] = [];
      const { kind, ran } = withKind(jobs, async () => {
        if (asked.length > 0) return;
        asked.push(await kind.enqueue(null, { n: 9 }, { dedupeKey: "a", whileRunning }));
      });
      const { id } = await kind.enqueue(null, { n: 1 }, { dedupeKey: "a" });
      await jobs.runDue();
      expect([asked, ran.length]).toEqual([[{ id, isNew: false }], runs]);
      expect(await jobs.find(id)).toMatchObject({ state: "done", attempts: 1 });
    }
  });
});

describe("attempts", () => {
  test("a failure is tried again later each time, and after the last one the job is dead with its reason", async () => {
    const jobs = jobsOf();
    const { kind, ran } = withKind(jobs, () => {
      throw new Error("the mail server says no");
    });
    const { id } = await kind.enqueue(null, { n: 1 });
    const waits: (number | string)[] = [];
    for (let turn = 0; turn < 3; turn += 1) {
      expect(await jobs.runDue()).toBe(1);
      expect(await jobs.runDue()).toBe(0);
      const job = await jobs.find(id);
      waits.push(job?.state === "queued" ? job.runAt - clock.now() : (job?.state ?? "gone"));
      clock.advance(60_000);
    }
    // Half of 1 s and of 2 s, since chance is 0 here.
    expect(waits).toEqual([500, 1_000, "dead"]);
    expect(ran).toHaveLength(3);
    expect(await jobs.find(id)).toMatchObject({
      ...{ attempts: 3, lastError: "the mail server says no", lockedBy: null },
      finishedAt: startAt + 120_000,
    });
    expect(await jobs.list({ state: "dead", limit: 10 })).toHaveLength(1);
  });

  test("a failure that is final is not tried again, and one that says when is tried then", async () => {
    const jobs = jobsOf();
    const { kind } = withKind(jobs, (n) => {
      throw new JobFailure("no such address", n === 1 ? { isFinal: true } : { retryAfterMs: 77_000 });
    });
    const final = await kind.enqueue(null, { n: 1 });
    const later = await kind.enqueue(null, { n: 2 });
    await jobs.runDue();
    expect(await jobs.find(final.id)).toMatchObject({ state: "dead", attempts: 1 });
    expect(await jobs.find(later.id)).toMatchObject({ state: "queued", runAt: startAt + 77_000 });
  });

  test("a payload that an earlier version stored and this one cannot read is dead, not tried for ever", async () => {
    const jobs = jobsOf();
    const { kind } = withKind(jobs);
    const { id } = await kind.enqueue(null, {});
    await sql`update job set payload = '{"n": "many"}'`.execute(tablesOf(database));
    await jobs.runDue();
    expect(await jobs.find(id)).toMatchObject({ state: "dead", attempts: 1 });
  });

  test("one that takes too long is told so, and its attempt has failed", async () => {
    const jobs = jobsOf();
    const { kind } = withKind(jobs, (_n, { signal }) => untilAborted(signal), { timeoutMs: 10 });
    const { id } = await kind.enqueue(null, {});
    await jobs.runDue();
    expect(await jobs.find(id)).toMatchObject({
      ...{ state: "queued", attempts: 1, lastError: "It took longer than it may." },
    });
  });

  test("one that ignores its signal does not keep its slot for ever", async () => {
    const jobs = jobsOf({ graceMs: 10 });
    const { kind } = withKind(jobs, () => new Promise(() => undefined), { timeoutMs: 10 });
    const { id } = await kind.enqueue(null, {});
    await jobs.runDue();
    expect(await jobs.find(id)).toMatchObject({ state: "queued", attempts: 1 });
  });

  test("the wait grows to a bound and never leaves it", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10_000 }),
        fc.integer({ min: 1, max: 60_000 }),
        fc.integer({ min: 1, max: 100_000_000 }),
        fc.double({ min: 0, max: 0.999_999, noNaN: true }),
        (attempt, firstMs, maxMs, chance) => {
          const delayMs = delayAfter(attempt, { firstMs, maxMs }, chance);
          expect(delayMs).toBeGreaterThanOrEqual(0);
          expect(delayMs).toBeLessThanOrEqual(maxMs);
          const next = delayAfter(attempt + 1, { firstMs, maxMs }, chance);
          expect(next).toBeGreaterThanOrEqual(delayMs);
        },
      ),
    );
  });
});

const untilAborted = (signal: AbortSignal) =>
  new Promise<void>((_resolve, reject) => {
    const end = () => reject(signal.reason as Error);
    if (signal.aborted) end();
    else signal.addEventListener("abort", end);
  });

describe("a process that ends", () => {
  test("what it left running is tried again after its lease, and dead after its last attempt", async () => {
    const dead = jobsOf({ leaseMs: 30_000, stopGraceMs: 10 });
    const begun: string[] = [];
    // As after kill -9: it began, and nothing was ever heard of it again.
    const { kind } = withKind(dead, () => {
      begun.push("began");
      return new Promise(() => undefined);
    });
    const { id } = await kind.enqueue(null, {});
    void dead.runDue();
    await until(() => (begun.length === 1 ? true : undefined), "the first process runs it");

    const living = jobsOf();
    const { ran } = withKind(living);
    expect(await living.runDue()).toBe(0);
    clock.advance(30_001);
    expect(await living.runDue()).toBe(1);
    expect(ran).toEqual([0]);
    expect(await living.find(id)).toMatchObject({ state: "done", attempts: 2 });
    await dead.stop();
    expect(await living.find(id)).toMatchObject({ state: "done", attempts: 2 });
  });

  test("a job that ends its process each time it runs is dead in the end", async () => {
    const jobs = jobsOf();
    const { kind } = withKind(jobs);
    const { id } = await kind.enqueue(null, {});
    await sql`update job set state = 'running', locked_by = 'gone', locked_until = ${startAt - 1}, attempts = 3`.execute(
      tablesOf(database),
    );
    expect(await jobs.runDue()).toBe(0);
    expect(await jobs.find(id)).toMatchObject({ state: "dead", attempts: 3 });
  });

  test("a stop gives back what it broke off, and the attempt does not count", async () => {
    const jobs = jobsOf();
    const { kind, ran } = withKind(jobs, (_n, { signal }) => untilAborted(signal));
    jobs.start();
    const { id } = await kind.enqueue(null, {});
    await until(() => (ran.length === 1 ? true : undefined), "it runs");
    await jobs.stop();
    expect(await jobs.find(id)).toMatchObject({ state: "queued", attempts: 0, lockedBy: null });
  });

  test("a worker that lost its lease is told, and writes nothing over the one who has it", async () => {
    const jobs = jobsOf({ extendMs: 5 });
    const told: string[] = [];
    const { kind } = withKind(jobs, async (_n, { signal }) => {
      await sql`update job set locked_by = 'another'`.execute(tablesOf(database));
      await untilAborted(signal).catch((error: Error) => told.push(error.message));
    });
    const { id } = await kind.enqueue(null, {});
    await jobs.runDue();
    expect(told).toEqual([expect.stringContaining("lease was lost")]);
    expect(await jobs.find(id)).toMatchObject({ state: "running", lockedBy: "another" });
  });

  test("a lease is extended while its job runs", async () => {
    const jobs = jobsOf({ extendMs: 5 });
    const { kind } = withKind(jobs, async () => {
      clock.advance(20_000);
      await until(async () => {
        const [job] = await jobs.list({ limit: 1 });
        return (job?.lockedUntil ?? 0) === clock.now() + jobLimits.leaseMs ? true : undefined;
      }, "the lease is longer");
    });
    const { id } = await kind.enqueue(null, {});
    await jobs.runDue();
    expect(await jobs.find(id)).toMatchObject({ state: "done" });
  });
});

describe("a person", () => {
  const within = <Result>(work: (connection: Connection) => Promise<Result>) => database.transaction(work);

  test("cancels a waiting job, which then never runs", async () => {
    const jobs = jobsOf();
    const { kind, ran } = withKind(jobs);
    const { id } = await kind.enqueue(null, {});
    expect(await within((connection) => jobs.cancel(connection, id))).toMatchObject({ state: "cancelled" });
    expect(await jobs.runDue()).toBe(0);
    expect(ran).toEqual([]);
    await expect(within((connection) => jobs.cancel(connection, id))).rejects.toMatchObject({
      code: "state-forbids",
    });
  });

  test("cancels a running job: it is told in this process at once, in another with its next lease", async () => {
    for (const isHere of [true, false]) {
      await sql`delete from job`.execute(tablesOf(database));
      const jobs = jobsOf({ extendMs: isHere ? 60_000 : 5 });
      const other = jobsOf();
      const { kind, ran } = withKind(jobs, (_n, { signal }) => untilAborted(signal));
      const { id } = await kind.enqueue(null, {});
      const running = jobs.runDue();
      await until(() => (ran.length === 1 ? true : undefined), "it runs");
      await within((connection) => (isHere ? jobs : other).cancel(connection, id));
      await running;
      expect(await jobs.find(id)).toMatchObject({ state: "cancelled", attempts: 1 });
    }
  });

  test("queues a dead job again with all its attempts, and one that waits at once", async () => {
    const jobs = jobsOf();
    let isFailing = true;
    const { kind } = withKind(jobs, () => {
      if (isFailing) throw new JobFailure("no", { isFinal: true });
    });
    const { id } = await kind.enqueue(null, {}, { dedupeKey: "k" });
    await jobs.runDue();
    isFailing = false;
    expect(await within((connection) => jobs.retry(connection, id))).toMatchObject({
      ...{ state: "queued", attempts: 0, lastError: "no" },
    });
    await jobs.runDue();
    expect(await jobs.find(id)).toMatchObject({ state: "done", attempts: 1 });
    await expect(within((connection) => jobs.retry(connection, id))).rejects.toMatchObject({
      code: "state-forbids",
    });
    const late = await kind.enqueue(null, {}, { runAt: startAt + 1e9 });
    await within((connection) => jobs.retry(connection, late.id));
    expect(await jobs.runDue()).toBe(1);
  });

  test("is told when a newer job has the key of a dead one", async () => {
    const jobs = jobsOf();
    const { kind } = withKind(jobs, () => {
      throw new JobFailure("no", { isFinal: true });
    });
    const { id } = await kind.enqueue(null, {}, { dedupeKey: "k" });
    await jobs.runDue();
    await kind.enqueue(null, {}, { dedupeKey: "k", runAt: startAt + 1e9 });
    await expect(within((connection) => jobs.retry(connection, id))).rejects.toMatchObject({
      code: "conflict",
    });
    await expect(within((connection) => jobs.retry(connection, "job_none"))).rejects.toMatchObject({
      code: "not-found",
    });
  });
});

test("progress is readable while a job runs, and its last word stays", async () => {
  const jobs = jobsOf({ progressMs: 5 });
  const { kind } = withKind(jobs, async (_n, { progress }) => {
    progress({ done: 1, total: 3 });
    await until(
      async () => ((await jobs.list({ limit: 1 }))[0]?.progress?.done === 1 ? true : undefined),
      "1",
    );
    progress({ done: 2, total: 3 });
    progress({ done: 3, total: 3, note: { en: "all", zh: "全部" } });
  });
  const { id } = await kind.enqueue(null, {});
  await jobs.runDue();
  expect((await jobs.find(id))?.progress).toEqual({ done: 3, total: 3, note: { en: "all", zh: "全部" } });
});

test("an effect and the end of its job are one commit", async () => {
  const jobs = jobsOf();
  const { kind } = withKind(jobs, async (n, { finish }) => {
    await database.transaction(async (connection) => {
      await sql`insert into setting (key, value, updated_at) values ('effect', ${n}, 0)
        on conflict (key) do update set value = to_jsonb((setting.value #>> '{}')::int + 1)`.execute(
        tablesOf(connection),
      );
      await finish(connection);
    });
    throw new Error("the process died right after the commit");
  });
  const { id } = await kind.enqueue(null, { n: 1 });
  await jobs.runDue();
  clock.advance(1e6);
  expect(await jobs.runDue()).toBe(0);
  expect(await jobs.find(id)).toMatchObject({ state: "done", attempts: 1, lastError: null });
});

test("done jobs leave after a while, dead ones later", async () => {
  const jobs = jobsOf();
  const { kind } = withKind(jobs, (n) => {
    if (n === 2) throw new JobFailure("no", { isFinal: true });
  });
  await kind.enqueue(null, { n: 1 });
  await kind.enqueue(null, { n: 2 });
  await jobs.runDue();
  clock.advance(jobLimits.doneKeptMs + 1);
  await jobs.runDue();
  expect(await jobs.counts()).toMatchObject({ done: 0, dead: 1 });
  clock.advance(jobLimits.deadKeptMs);
  await jobs.runDue();
  expect(await jobs.counts()).toMatchObject({ done: 0, dead: 0 });
});

test("a started worker hears of a job with its commit, and runs no more at once than it may", async () => {
  const jobs = createJobs({
    ...{ database, clock: systemClock, log: silentLog },
    // Nothing here comes from polling.
    limits: { pollMs: 1e8, concurrencyMax: 2 },
  });
  let most = 0;
  let now = 0;
  const kind = jobs.define("count", {
    ...{ payload: anything, attemptsMax: 3, timeoutMs: 60_000 },
    run: async () => {
      now += 1;
      most = Math.max(most, now);
      await new Promise((resolve) => setTimeout(resolve, 2));
      now -= 1;
    },
  });
  jobs.start();
  await database.transaction(async (connection) => {
    for (let n = 0; n < 12; n += 1) await kind.enqueue(connection, { n });
  });
  await until(async () => ((await jobs.counts()).done === 12 ? true : undefined), "all ran");
  await jobs.stop();
  expect(most).toBe(2);
});

test("a kind may have a narrower bound of its own", async () => {
  const jobs = jobsOf();
  let most = 0;
  let now = 0;
  const kind = jobs.define("one-by-one", {
    ...{ payload: anything, attemptsMax: 1, timeoutMs: 60_000, concurrencyMax: 1 },
    run: async () => {
      now += 1;
      most = Math.max(most, now);
      await new Promise((resolve) => setTimeout(resolve, 1));
      now -= 1;
    },
  });
  for (let n = 0; n < 3; n += 1) await kind.enqueue(null, { n });
  expect(await jobs.runDue()).toBe(3);
  expect(most).toBe(1);
});
