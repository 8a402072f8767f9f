// What deleted devices measured leaves the disk as a job: noted in the transaction that deletes, done whatever restarts.
import { z } from "zod";
import type { Connection } from "../platform/database.ts";
import type { Jobs } from "../platform/jobs.ts";
import type { Telemetry } from "../telemetry/index.ts";

/** A run goes on where the last one stopped, so none of them needs to be long. */
const attemptMsMax = 10 * 60_000;
/** With the growing wait between them a good day: a store that is down that long is somebody's work already. */
const attemptsMax = 100;
/** All removals are one job: each run takes whatever is noted. */
const everything = "everything";

export interface SeriesRemoval {
  /** Something was noted for removal; `null` looks whether anything was left by an earlier process. */
  noted(connection: Connection | null): Promise<void>;
}

export function createSeriesRemoval({
  jobs,
  telemetry,
}: {
  readonly jobs: Jobs;
  readonly telemetry: Pick<Telemetry, "removeForgotten" | "nextRemovalAt">;
}): SeriesRemoval {
  const kind = jobs.define("remove-readings", {
    ...{ payload: z.object({}), attemptsMax, timeoutMs: attemptMsMax, concurrencyMax: 1 },
    run: async (_job, { signal, progress }) => {
      let done = 0;
      for (let isDone = false; !isDone; ) {
        signal.throwIfAborted();
        const run = await telemetry.removeForgotten();
        done += run.rows;
        isDone = run.isDone;
        progress({
          ...{ done, total: null },
          note: { en: "rows of deleted devices removed", zh: "已清除已删除设备的数据行" },
        });
      }
      const runAt = await telemetry.nextRemovalAt();
      if (runAt !== null) await enqueue(null, runAt);
    },
  });
  async function enqueue(connection: Connection | null, runAt?: number): Promise<void> {
    await kind.enqueue(
      connection,
      {},
      { dedupeKey: everything, whileRunning: "run-again", ...(runAt === undefined ? {} : { runAt }) },
    );
  }
  return { noted: (connection) => enqueue(connection) };
}
