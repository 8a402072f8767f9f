// A process of its own that runs jobs of the kind "slow" and says which it began: to be killed in the middle.
import { z } from "zod";
import { systemClock } from "../../server/src/platform/clock.ts";
import { createJobs } from "../../server/src/platform/jobs.ts";
import { silentLog } from "../../server/src/platform/log.ts";
import { openPostgresql } from "../../server/src/platform/postgresql.ts";

const database = await openPostgresql({ url: process.argv[2] ?? "" });
const jobs = createJobs({
  ...{ database, clock: systemClock, log: silentLog },
  limits: { leaseMs: 1_500, extendMs: 300, recoverMs: 200 },
});
jobs.define("slow", {
  ...{ payload: z.object({}), attemptsMax: 3, timeoutMs: 60_000 },
  run: async ({ id }) => {
    process.stdout.write(`began ${id}\n`);
    await new Promise(() => undefined);
  },
});
jobs.start();
