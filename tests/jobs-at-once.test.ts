// Jobs with two workers on one store: never one job twice at the same time, and none lost with its process.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { manualClock, systemClock } from "../server/src/platform/clock.ts";
import type { Database } from "../server/src/platform/database.ts";
import { createJobs } from "../server/src/platform/jobs.ts";
import { silentLog } from "../server/src/platform/log.ts";
import { openPostgresql } from "../server/src/platform/postgresql.ts";
import { openTestDatabase } from "./support/database.ts";
import { createOwnDatabase } from "./support/postgresql.ts";
import { until } from "./support/until.ts";

let database: Database;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database.close());

test("two workers run every job once, and none at the same time, whatever the order they ask in", async () => {
  const clock = manualClock(1_800_000_000_000);
  const running = new Set<string>();
  const runs = new Map<string, number>();
  const overlaps: string[] = [];
  const worker = () => {
    const jobs = createJobs({ database, clock, log: silentLog });
    const kind = jobs.define("count", {
      ...{ payload: z.object({ n: z.int() }), attemptsMax: 1, timeoutMs: 60_000 },
      run: async ({ id, payload }) => {
        if (running.has(id)) overlaps.push(id);
        running.add(id);
        runs.set(id, (runs.get(id) ?? 0) + 1);
        await new Promise((resolve) => setTimeout(resolve, payload.n % 4));
        running.delete(id);
      },
    });
    return { jobs, kind };
  };
  const [one, two] = [worker(), worker()];
  for (let n = 0; n < 120; n += 1) await one.kind.enqueue(null, { n });
  await Promise.all([one.jobs.runDue(), two.jobs.runDue()]);
  await Promise.all([one.jobs.runDue(), two.jobs.runDue()]);
  expect(overlaps).toEqual([]);
  expect([...runs.values()].filter((count) => count !== 1)).toEqual([]);
  expect(await one.jobs.counts()).toMatchObject({ done: 120, queued: 0, running: 0 });
});

const url = process.env["WAREMIND_TEST_DATABASE_URL"];

test.skipIf(url === undefined)(
  "a worker killed in the middle leads to a second attempt elsewhere",
  async () => {
    const own = await createOwnDatabase(url ?? "", { isMigrated: true });
    const here = await openPostgresql({ url: own.url });
    const child = spawn(
      process.execPath,
      ["--disable-warning=ExperimentalWarning", join(import.meta.dirname, "support/job-child.ts"), own.url],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    try {
      const jobs = createJobs({
        ...{ database: here, clock: systemClock, log: silentLog },
        limits: { leaseMs: 1_500, extendMs: 300, recoverMs: 200, pollMs: 200 },
      });
      const attempts: number[] = [];
      const kind = jobs.define("slow", {
        ...{ payload: z.object({}), attemptsMax: 3, timeoutMs: 60_000 },
        run: ({ attempt }) => {
          attempts.push(attempt);
          return Promise.resolve();
        },
      });
      let said = "";
      child.stdout.on("data", (chunk: Buffer) => {
        said += chunk.toString();
      });
      const { id } = await kind.enqueue(null, {});
      await until(() => (said.includes(`began ${id}`) ? true : undefined), "the other process runs it");
      jobs.start();
      // Its lease is kept while it lives: several times over, nobody here takes the job.
      const before = await jobs.find(id);
      await until(async () => {
        const job = await jobs.find(id);
        return (job?.lockedUntil ?? 0) > (before?.lockedUntil ?? 0) + 2_000 ? true : undefined;
      }, "the lease was extended");
      expect(attempts).toEqual([]);
      child.kill("SIGKILL");
      await until(
        async () => ((await jobs.find(id))?.state === "done" ? true : undefined),
        "it is done here",
      );
      expect(attempts).toEqual([2]);
      await jobs.stop();
    } finally {
      child.kill("SIGKILL");
      await here.close();
      await own.drop();
    }
  },
);
