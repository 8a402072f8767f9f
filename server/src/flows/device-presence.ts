// Who is connected, as the registry should know it: at most one write is under way, everything else gathers for the
// next batch, so that five thousand reconnects in a second cost a few statements.
import type { ConnectionChange, Devices } from "../devices/index.ts";
import type { Log } from "../platform/log.ts";
import { storeErrorKind } from "../platform/store-errors.ts";

export const presenceLimits = {
  /** Changes in one transaction. */
  batchMax: 5_000,
  /** Changes kept while the store is slow or down; above it only each device's last one is kept. */
  waitingMax: 50_000,
  attemptsMax: 8,
  retryMsMin: 50,
  retryMsMax: 5_000,
} as const;

export interface Presence {
  note(change: ConnectionChange): void;
  /** Resolves when every change is written, or cannot be because the store is down. */
  settled(): Promise<void>;
}

export function createPresence(deps: {
  readonly devices: Pick<Devices, "markConnections">;
  /** After the commit that holds them. */
  readonly onWritten: (changes: readonly ConnectionChange[]) => void;
  readonly log: Log;
  readonly limits?: typeof presenceLimits;
}): Presence {
  const limits = deps.limits ?? presenceLimits;
  let waiting: ConnectionChange[] = [];
  let isWriting = false;
  /** The store was down for all attempts; tried again at the slowest pace until it is back. */
  let isGivenUp = false;
  let settling: (() => void)[] = [];

  const releaseSettling = (): void => {
    for (const done of settling) done();
    settling = [];
  };

  async function writeAll(): Promise<void> {
    let attempt = 0;
    while (waiting.length > 0) {
      const batch = waiting.splice(0, limits.batchMax);
      try {
        await deps.devices.markConnections(batch);
        attempt = 0;
        isGivenUp = false;
        deps.onWritten(batch);
      } catch (error) {
        attempt += 1;
        keepAfter(error, batch, attempt);
        await pause(Math.min(limits.retryMsMin * 2 ** (attempt - 1), limits.retryMsMax));
      }
    }
  }

  function keepAfter(error: unknown, batch: readonly ConnectionChange[], attempt: number): void {
    const isDown = storeErrorKind(error) === "unavailable";
    deps.log.warn({ err: error, attempt, changes: batch.length }, "Connections could not be marked.");
    if (attempt < limits.attemptsMax || isDown) waiting = [...batch, ...waiting];
    else deps.log.error({ changes: batch.length }, "Connections were given up: the store refuses them.");
    if (attempt < limits.attemptsMax || !isDown) return;
    isGivenUp = true;
    releaseSettling();
  }

  function start(): void {
    if (isWriting) return;
    isWriting = true;
    // A bug in an observer must not end presence: what still waits is taken up again by the next change.
    void writeAll()
      .catch((error: unknown) => deps.log.error({ err: error }, "Writing connections failed."))
      .finally(() => {
        isWriting = false;
        // What came between the last look and this.
        if (waiting.length > 0) start();
        else releaseSettling();
      });
  }

  return {
    note: (change) => {
      waiting.push(change);
      if (waiting.length > limits.waitingMax) {
        const kept = lastOfEach(waiting);
        if (kept.length < waiting.length)
          deps.log.warn({ dropped: waiting.length - kept.length }, "Connection history was shortened.");
        waiting = kept;
      }
      start();
    },
    settled: () =>
      isGivenUp || (!isWriting && waiting.length === 0)
        ? Promise.resolve()
        : new Promise((resolve) => settling.push(resolve)),
  };
}

function lastOfEach(changes: readonly ConnectionChange[]): ConnectionChange[] {
  return [...new Map(changes.map((change) => [change.deviceId, change])).values()];
}

const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
