// What joins this process with the others of its shop: NATS, its row among the living, and the leases of its work.
import { hostname } from "node:os";
import type { Config } from "../config.ts";
import type { DeviceAttributes, IdentityCache } from "../devices/index.ts";
import {
  createDeviceHub,
  type DeviceHubDependencies,
  type OwnedDeviceHub,
} from "../flows/create-device-hub.ts";
import type { IntakeFollower } from "../flows/intake-sink.ts";
import { createNotices, type Notice, type Notices } from "../flows/notices.ts";
import { openReadingStream, type ReadingStream } from "../flows/reading-stream.ts";
import { catchUp, createSharedDeviceHub, heedNotice, noticeOfSession } from "../flows/shared-device-hub.ts";
import type { Bus } from "../platform/bus.ts";
import type { Clock } from "../platform/clock.ts";
import type { Database } from "../platform/database.ts";
import { newId } from "../platform/ids.ts";
import { createLeases, type Leases } from "../platform/leases.ts";
import type { Log } from "../platform/log.ts";
import { type Nats, openNats } from "../platform/nats.ts";
import { createProcesses, type Processes } from "../platform/processes.ts";
import { createRelayedBus } from "../platform/relayed-bus.ts";

export interface Cluster {
  /** Of this start of this process. */
  readonly processId: string;
  readonly nats: Nats;
  readonly bus: Bus;
  readonly notices: Notices;
  readonly stream: ReadingStream;
  readonly leases: Leases;
  readonly processes: Processes;
  close(): Promise<void>;
}

export async function openCluster(options: {
  readonly config: Config;
  readonly settings: NonNullable<Config["nats"]>;
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
}): Promise<Cluster> {
  const { config, database, clock, log } = options;
  const { url, name, replicas } = options.settings;
  const processId = newId("prc", clock.now());
  const nats = await openNats({ url, name: `waremind ${config.roles.join(",")} ${processId}`, log });
  const own = { id: processId, roles: config.roles, host: hostname(), pid: process.pid };
  const processes = createProcesses(database, own);
  const shared = { name, processId, log };
  const stream = await openReadingStream(nats, { name, replicas, log });
  // Before anything is done under its name.
  await processes.beat();
  return {
    ...{ processId, nats, processes, stream },
    bus: createRelayedBus(nats, shared),
    notices: createNotices(nats, shared),
    leases: createLeases(database, processId),
    close: async () => {
      await nats.close();
      await processes
        .leave()
        .catch((error: unknown) => log.warn({ err: error }, "This process did not sign off."));
    },
  };
}

/** What one process learns that a device's identity changed, all forget. */
export function shareIdentities(local: IdentityCache, { notices }: Cluster): IdentityCache {
  return {
    ...local,
    forget: (deviceId) => {
      local.forget(deviceId);
      notices.tell({ kind: "forget-device", deviceId });
    },
    forgetProfile: (profileId) => {
      local.forgetProfile(profileId);
      notices.tell({ kind: "forget-profile", profileId });
    },
  };
}

/** A connection may be dead so long before it is noticed, and clocks of machines differ. */
const unnoticedMsMax = 30_000;

/** The hub of the sessions held here, that speaks with those of the other processes. */
export function openSharedHub(
  deps: DeviceHubDependencies & { readonly deviceAttributes: DeviceAttributes },
  { cluster, identities }: { readonly cluster: Cluster; readonly identities: IdentityCache },
): OwnedDeviceHub {
  const { notices, nats } = cluster;
  const onSession = (deviceId: number): void => notices.tell(noticeOfSession(deviceId, deps.clock));
  const local = createDeviceHub({ ...deps, onSession });
  notices.listen((notice: Notice) => {
    if (notice.kind === "forget-device") identities.forget(notice.deviceId);
    if (notice.kind === "forget-profile") identities.forgetProfile(notice.profileId);
    return heedNotice(local, notice);
  });
  let awaySince: number | null = null;
  nats.onChange((isUp) => {
    if (!isUp) awaySince ??= deps.clock.now() - unnoticedMsMax;
    else if (awaySince !== null) {
      void catchUp(local, deps.deviceAttributes, awaySince).catch((error: unknown) =>
        deps.log.warn({ err: error }, "What devices missed meanwhile could not be looked up."),
      );
      awaySince = null;
    }
  });
  return createSharedDeviceHub(local, notices);
}

/** Remembers nothing between two transactions: workers judge the same series meanwhile. */
export function forgetful(follower: IntakeFollower): IntakeFollower {
  const { settled } = follower;
  if (settled === undefined) return follower;
  return { ...follower, settled: (connection) => settled(connection, false) };
}
