// Which processes live: this one says so, and one of them looks after what the dead have left.
import { retryContention } from "../platform/contention.ts";
import { processLimits } from "../platform/processes.ts";
import type { Cluster } from "./cluster.ts";
import type { Domains, Flows, Ground } from "./domains.ts";

/** The turns that keep this process among the living; `buryDead` is for one process at a time. */
export function createVitalSigns(
  { cluster, database, bus, log, clock }: Ground & { readonly cluster: Cluster },
  { devices }: Domains,
  { deviceHub }: Flows,
): { beat(): Promise<void>; buryDead(): Promise<void> } {
  const { processes } = cluster;
  let beatAt = clock.now();
  let steadySince = beatAt;
  return {
    beat: async () => {
      const wasBuried = await processes.beat();
      const now = clock.now();
      if (wasBuried || now - beatAt > processLimits.deadAfterMs / 2) steadySince = now;
      beatAt = now;
      if (!wasBuried) return;
      log.warn("This process was taken for dead; it says again which devices it holds.");
      deviceHub.noteAgain();
    },
    buryDead: async () => {
      // After an outage of the store everybody seems dead, until each has had its turn to say otherwise.
      if (clock.now() - steadySince < processLimits.deadAfterMs) return;
      const names = await retryContention(() =>
        database.transaction(async (connection) => {
          const dead = await processes.buryDead(connection);
          if (dead.length > 0) log.warn({ processes: dead }, "Processes fell silent and are taken for dead.");
          return devices.markLeftBehind(connection, "process-died");
        }),
      );
      for (const deviceName of names)
        bus.publish({ kind: "device-connection-changed", deviceName, isConnected: false });
    },
  };
}
