// [prove: cluster] Several processes on PostgreSQL and NATS, each of them and both services killed under load.
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Database } from "../../server/src/platform/database.ts";
import { openPostgresql } from "../../server/src/platform/postgresql.ts";
import { guests, orphan, signIn } from "./cluster-desk.ts";
import { type ClusterDevice, isMalformed, runClusterDevice } from "./cluster-fleet.ts";
import { type ClusterProcess, createProcess } from "./cluster-process.ts";
import { createNats, createPostgresql, findPrograms, type Service } from "./cluster-services.ts";
import { compare, countByDevice, countReadings, makeDevices, readHoldings } from "./cluster-shop.ts";
import type { Suite, SuiteContext, SuiteOutcome } from "./suite.ts";

const sizes = {
  full: { deviceCount: 40, messagesPerStep: 150, rounds: 2 },
  everyDay: { deviceCount: 12, messagesPerStep: 30, rounds: 1 },
} as const;
/** Waits are for progress; this only ends a run that makes none at all. */
const progressMsMax = 180_000;
/** When nothing more is stored for so long, longer than a dead worker's leases, nothing more will be. */
const quietMs = 15_000;
/** For what would be too much: a batch that comes a second time. */
const surplusMs = 3_000;
const failuresToldMax = 20;

export const cluster: Suite = {
  name: "cluster",
  title: { en: "Several processes, any of which may die", zh: "多个进程，任一皆可终止" },
  bar: "2 ingest, 2 worker and 1 api processes under load, each killed with -9 in turn, NATS killed and PostgreSQL crashed: nothing acknowledged is lost, nothing counted twice, devices come back, a command finds its device",
  run: async (context): Promise<SuiteOutcome> => {
    const programs = findPrograms();
    if (programs.nats === null || programs.postgresql === null) {
      const missing = programs.nats === null ? "nats-server" : "initdb and postgres";
      context.log(`skipped: ${missing} is not on this machine`);
      return { passed: 0, failed: 0, skipped: 1, figure: `skipped: no ${missing}`, failures: [] };
    }
    const directory = mkdtempSync(join(tmpdir(), "waremind-cluster-"));
    // PostgreSQL's account must reach its own folder in it.
    chmodSync(directory, 0o711);
    const open: (() => Promise<void>)[] = [
      () => Promise.resolve(rmSync(directory, { recursive: true, force: true })),
    ];
    try {
      const nats = await createNats(programs.nats, join(directory, "nats"));
      const postgresql = await createPostgresql(programs.postgresql, join(directory, "postgresql"));
      return await prove(context, { nats, postgresql, directory, open });
    } finally {
      for (const close of open.reverse()) await close().catch(() => undefined);
    }
  },
};

interface Plant {
  readonly nats: Service;
  readonly postgresql: Service;
  readonly directory: string;
  readonly open: (() => Promise<void>)[];
}

async function prove(context: SuiteContext, plant: Plant): Promise<SuiteOutcome> {
  const { nats, postgresql, open } = plant;
  const size = context.isFull ? sizes.full : sizes.everyDay;
  open.push(() => postgresql.kill("SIGKILL"));
  await postgresql.start();
  open.push(() => nats.kill("SIGKILL"));
  await nats.start();
  const processes = await startProcesses(plant);
  const database = await openPostgresql({ url: postgresql.url });
  open.push(() => database.close());
  const ports = [processes.ingest1.mqttPort, processes.ingest2.mqttPort];
  const names = Array.from({ length: size.deviceCount }, (_, index) => ({
    ...{ name: `cluster-${String(index).padStart(3, "0")}`, token: `cluster-token-${index}` },
  }));
  await makeDevices(database, [...names, ...guests]);
  const fleet = names.map((_, index) => runClusterDevice(index, ports));
  for (const device of fleet) open.push(() => device.stop());
  const run = createRun(context, { ...plant, ...processes, database, fleet }, size.messagesPerStep);
  await run.step("all send", () => Promise.resolve());
  for (let round = 1; round <= size.rounds; round += 1) await killEverything(run, plant, processes);
  await run.step("people ask, and every device answers its command", () => run.ask());
  await run.settle();
  const failures = [...run.failures, ...(await compare(database, fleet))];
  failures.push(...(await orphan(database, processes.ingest2)));
  const acknowledged = fleet.reduce((sum, device) => sum + device.acknowledged.size, 0);
  const connects = fleet.reduce((sum, device) => sum + device.connectCount, 0);
  const figure = `${acknowledged} messages acknowledged through ${run.kills()} kills, ${failures.length === 0 ? "none lost, none twice" : `${failures.length} faults`}; ${fleet.length} devices connected ${connects} times; ${await countReadings(database)} readings stored`;
  if (failures.length > 0)
    for (const process of Object.values(processes)) context.log(`${process.name}:\n${process.output()}`);
  return {
    passed: failures.length === 0 ? run.kills() : 0,
    failed: failures.length === 0 ? 0 : 1,
    skipped: 0,
    figure,
    failures: failures.slice(0, failuresToldMax),
  };
}

interface Processes {
  readonly ingest1: ClusterProcess;
  readonly ingest2: ClusterProcess;
  readonly worker1: ClusterProcess;
  readonly worker2: ClusterProcess;
  readonly api: ClusterProcess;
}

async function startProcesses({ nats, postgresql, directory, open }: Plant): Promise<Processes> {
  const environment = { WAREMIND_DATABASE_URL: postgresql.url, WAREMIND_NATS_URL: nats.url };
  // One data folder: it holds the keys that all of them need.
  const shared = { environment, dataDirectory: join(directory, "data") };
  const make = (name: string, roles: string) => createProcess({ name, roles, ...shared });
  const processes = {
    api: await make("api", "api"),
    ingest1: await make("ingest-1", "ingest"),
    ingest2: await make("ingest-2", "ingest"),
    worker1: await make("worker-1", "worker"),
    worker2: await make("worker-2", "worker"),
  };
  for (const process of Object.values(processes)) open.push(() => process.kill());
  await processes.api.start();
  await Promise.all([processes.ingest1.start(), processes.ingest2.start()]);
  await Promise.all([processes.worker1.start(), processes.worker2.start()]);
  return processes;
}

/** Each is dead while the others go on, then comes back. */
async function killEverything(run: Run, { nats, postgresql }: Plant, processes: Processes): Promise<void> {
  const { ingest1, ingest2, worker1, worker2, api } = processes;
  for (const process of [ingest1, worker1, ingest2, worker2, api]) {
    await run.step(`${process.name} is killed`, () => process.kill());
    if (process === worker1) await run.stored("the other worker takes over");
    await run.step(`${process.name} is back`, () => process.start());
  }
  await run.step("NATS is killed and started again", async () => {
    await nats.kill("SIGKILL");
    await pause(1_000);
    await nats.start();
  });
  await run.step("PostgreSQL crashes and is started again", async () => {
    // Immediate: it recovers from its log, as after a crash.
    await postgresql.kill("SIGQUIT");
    await pause(1_000);
    await postgresql.start();
  });
}

interface Run {
  /** Does it, then waits until every device has had so many more messages acknowledged. */
  step(what: string, work: () => Promise<unknown>): Promise<void>;
  /** Waits until readings that were acknowledged just now are stored. */
  stored(what: string): Promise<void>;
  /** What people see and do in the api process reaches devices wherever they are. */
  ask(): Promise<void>;
  /** No device sends anything new: waits until all is acknowledged and stored. */
  settle(): Promise<void>;
  kills(): number;
  readonly failures: string[];
}

interface Needs extends Processes {
  readonly database: Database;
  readonly fleet: readonly ClusterDevice[];
}

function createRun(context: SuiteContext, needs: Needs, messagesPerStep: number): Run {
  const { database, fleet } = needs;
  const failures: string[] = [];
  let kills = 0;
  const acknowledged = (): number => fleet.reduce((sum, device) => sum + device.acknowledged.size, 0);

  async function areStored(wanted: readonly (readonly [name: string, count: number])[]): Promise<boolean> {
    const stored = await countByDevice(database).catch(() => new Map<string, number>());
    return wanted.every(([name, count]) => (stored.get(name) ?? 0) >= count);
  }

  async function until(isSo: () => boolean | Promise<boolean>, what: string): Promise<void> {
    let changedAt = performance.now();
    let before = acknowledged();
    while (!(await isSo())) {
      context.signal.throwIfAborted();
      const now = acknowledged();
      if (now !== before) changedAt = performance.now();
      before = now;
      if (performance.now() - changedAt > progressMsMax) throw new Error(`No progress any more: ${what}.`);
      await pause(50);
    }
  }

  return {
    failures,
    kills: () => kills,
    step: async (what, work) => {
      const startedAt = performance.now();
      if (/killed|crashes/u.test(what)) kills += 1;
      await work();
      const wanted = fleet.map((device) => device.acknowledged.size + messagesPerStep);
      await until(
        () => fleet.every((device, index) => device.acknowledged.size >= (wanted[index] ?? 0)),
        what,
      );
      const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
      context.log(`${what}; every device went on after ${seconds} s, ${acknowledged()} acknowledged`);
    },
    stored: async (what) => {
      const wanted = fleet.map((device) => [device.name, readingsOf(device)] as const);
      const startedAt = performance.now();
      await until(() => areStored(wanted), what);
      context.log(`${what} after ${((performance.now() - startedAt) / 1_000).toFixed(1)} s`);
    },
    ask: async () => {
      await until(
        async () => (await readHoldings(database)).filter(isHeld).length === fleet.length,
        "all are held",
      );
      const desk = await signIn(needs.api);
      failures.push(...(await desk.live()), ...(await desk.command(fleet.map(({ name }) => name))));
      failures.push(...(await desk.disable(needs.ingest1)));
    },
    settle: async () => {
      for (const device of fleet) device.finish();
      await until(() => fleet.every((device) => device.isFinished), "all is acknowledged");
      const wanted = fleet.map((device) => [device.name, readingsOf(device)] as const);
      // What was lost never comes: then the comparison names it.
      for (let count = -1; !(await areStored(wanted)); ) {
        const before = count;
        await pause(quietMs);
        count = await countReadings(database);
        if (count === before) break;
      }
      await pause(surplusMs);
      const own = new Set(fleet.map(({ name }) => name));
      for (const { name, isConnected, roles } of await readHoldings(database))
        if (own.has(name) && !(isConnected && roles === "ingest"))
          failures.push(`${name} is not connected to a process that lives`);
    },
  };
}

const readingsOf = ({ acknowledged }: ClusterDevice): number =>
  [...acknowledged].filter((counter) => !isMalformed(counter)).length;

const isHeld = (holding: { readonly isConnected: boolean; readonly roles: string | null }): boolean =>
  holding.isConnected && holding.roles === "ingest";
