// How many messages are taken in and made durable: both stores against two peers, in alternating rounds.
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { createOwnDatabase, onPostgresql } from "../tests/support/postgresql.ts";
import type { LoadRequest, LoadResult } from "./ingest/load.ts";
import { startMosquitto, startNodeTarget, type Target } from "./ingest/targets.ts";
import { type Child, startChild } from "./support/children.ts";
import { measureSyncRate, processorSecondsOf, secondsBetween } from "./support/machine.ts";
import { type BenchOptions, type BenchReport, median, reportOf, type Table } from "./support/report.ts";

interface Workload {
  readonly clients: number;
  readonly inflight: number;
}

const workloads: readonly Workload[] = [
  { clients: 1, inflight: 1 },
  { clients: 50, inflight: 20 },
  { clients: 200, inflight: 5 },
  { clients: 1_000, inflight: 10 },
];
const clientsMax = 1_000;

const names = {
  embedded: "Waremind, embedded, everything on",
  bare: "Waremind, PostgreSQL, bare values",
  everything: "Waremind, PostgreSQL, everything on",
  aedes: "Aedes + PostgreSQL, 10 ms groups",
} as const;

/** What is aimed at, per second of server processor time against Aedes, at 50 × 20 and 200 × 5. */
const aims = [
  { name: names.bare, ratio: 1.4 },
  { name: names.everything, ratio: 1 },
  { name: names.embedded, ratio: 0.5 },
] as const;
const aimedWorkloads: readonly Workload[] = workloads.slice(1, 3);

interface Plan {
  readonly rounds: number;
  readonly warmupMs: number;
  readonly measureMs: number;
}

const fullPlan: Plan = { rounds: 2, warmupMs: 1_000, measureMs: 4_000 };
const quickPlan: Plan = { rounds: 1, warmupMs: 500, measureMs: 1_500 };

/** Device times of the load begin this long before now, so that no round reaches the future. */
const observedBackMs = 30 * 60_000;

interface Round {
  readonly messagesPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Per second of processor time of the server's own process. */
  readonly perServerSecond: number;
  /** Per second of processor time of the server and PostgreSQL together; the same as above without PostgreSQL. */
  readonly perSecondInAll: number | null;
  readonly generatorShare: number;
}

interface Measured {
  readonly workload: Workload;
  readonly target: Target;
  readonly rounds: Round[];
}

export async function runIngest(options: BenchOptions): Promise<BenchReport> {
  const plan = options.quick ? quickPlan : fullPlan;
  const databaseUrl = process.env["WAREMIND_BENCH_DATABASE_URL"] ?? process.env["WAREMIND_TEST_DATABASE_URL"];
  // On the disk of the project and not in a temporary folder, which may be memory.
  const dataFolder = join(import.meta.dirname, "..", "data");
  await mkdir(dataFolder, { recursive: true });
  const folder = await mkdtemp(join(dataFolder, "bench-"));
  const cleanups: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })];
  try {
    const skipped: string[] = [];
    const targets = await startTargets({ folder, databaseUrl, skipped, cleanups, options });
    const load = await startChild("ingest/load.ts", {});
    cleanups.push(load.stop);
    const syncRates = [measureSyncRate(folder, 1_000)];
    const measured = await measureAll({ plan, targets, load, options });
    const losses = await findLosses(targets);
    syncRates.push(measureSyncRate(folder, 1_000));
    const postgresqlSettings = databaseUrl === undefined ? null : await settingsOf(databaseUrl);
    return reportOf(options, {
      title: "Ingest: messages of two readings, QoS 1, acknowledged only when stored",
      notes: notesOf(plan, { syncRates, postgresqlSettings, losses, measured }),
      skipped,
      tables: [aimTable(measured), wallTable(measured), processorTable(measured), ratioTable(measured)],
    });
  } finally {
    for (const cleanup of cleanups.reverse()) await cleanup();
  }
}

async function startTargets(setup: {
  readonly folder: string;
  readonly databaseUrl: string | undefined;
  readonly skipped: string[];
  readonly cleanups: (() => Promise<unknown>)[];
  readonly options: BenchOptions;
}): Promise<Target[]> {
  const { folder, databaseUrl, skipped, cleanups, options } = setup;
  const targets: Target[] = [];
  const add = async (starting: Promise<Target>): Promise<void> => {
    const target = await starting;
    targets.push(target);
    cleanups.push(target.stop);
  };
  options.say("Opening the stores and starting the peers …");
  const waremind = { script: "ingest/waremind-server.ts", isPeer: false };
  const embedded = { kind: "embedded", directory: join(folder, "embedded") };
  const common = { deviceCount: clientsMax };
  await add(
    startNodeTarget({
      ...waremind,
      name: names.embedded,
      usesPostgresql: false,
      settings: { ...common, store: embedded, isBare: false },
    }),
  );
  if (databaseUrl === undefined) {
    skipped.push("Waremind on PostgreSQL and Aedes + PostgreSQL (WAREMIND_BENCH_DATABASE_URL is not set)");
  } else {
    for (const isBare of [true, false]) {
      const store = { kind: "postgresql", url: await makeDatabase(databaseUrl, cleanups) };
      await add(
        startNodeTarget({
          ...waremind,
          name: isBare ? names.bare : names.everything,
          usesPostgresql: true,
          settings: { ...common, store, isBare },
        }),
      );
    }
    await add(
      startNodeTarget({
        name: names.aedes,
        isPeer: true,
        usesPostgresql: true,
        script: "ingest/aedes-server.ts",
        settings: { databaseUrl: await makeDatabase(databaseUrl, cleanups) },
      }),
    );
  }
  const mosquitto = await startMosquitto(folder);
  if (mosquitto === null) skipped.push("Mosquitto (the program is not installed)");
  else await add(Promise.resolve(mosquitto));
  return targets;
}

async function makeDatabase(url: string, cleanups: (() => Promise<unknown>)[]): Promise<string> {
  const own = await createOwnDatabase(url, { isMigrated: false });
  cleanups.push(own.drop);
  return own.url;
}

/** Acknowledged messages of each target, to be compared with what it stored. */
const sentMessages = new Map<string, number>();

async function measureAll(setup: {
  readonly plan: Plan;
  readonly targets: readonly Target[];
  readonly load: Child;
  readonly options: BenchOptions;
}): Promise<Measured[]> {
  const { plan, targets, load, options } = setup;
  const measured = workloads.flatMap((workload) =>
    targets.map((target): Measured => ({ workload, target, rounds: [] })),
  );
  const clock = { observedFrom: Date.now() - observedBackMs };
  for (let round = 1; round <= plan.rounds; round += 1) {
    // Every other round goes the other way, so that nobody always follows the same neighbour.
    const order = round % 2 === 1 ? measured : measured.toReversed();
    for (const entry of order) {
      await entry.target.settle();
      const result = await measureOnce(entry, { plan, load, clock });
      entry.rounds.push(result);
      options.say(
        `round ${round}  ${nameOf(entry.workload)}  ${entry.target.name}: ${Math.round(result.messagesPerSecond)} messages/s`,
      );
    }
  }
  return measured;
}

async function measureOnce(
  { workload, target }: Measured,
  setup: { readonly plan: Plan; readonly load: Child; readonly clock: { observedFrom: number } },
): Promise<Round> {
  const { plan, load, clock } = setup;
  const request: LoadRequest = {
    port: target.port,
    ...workload,
    warmupMs: plan.warmupMs,
    measureMs: plan.measureMs,
    observedFrom: clock.observedFrom,
  };
  const ask = <Answer>(verb: string): Promise<Answer> => load.ask<Answer>({ do: verb, ...request });
  await ask("open");
  await ask("warmUp");
  const serverBefore = await target.processorSeconds();
  const postgresqlBefore = processorSecondsOf("postgres");
  const result = await ask<LoadResult>("measure");
  const serverSeconds = (await target.processorSeconds()) - serverBefore;
  const postgresqlSeconds = target.usesPostgresql
    ? secondsBetween(postgresqlBefore, processorSecondsOf("postgres"))
    : 0;
  const closed = await ask<{ lost: number; sent: number; observedUntil: number }>("close");
  if (closed.lost > 0) throw new Error(`${target.name} left ${closed.lost} messages without an answer.`);
  clock.observedFrom = closed.observedUntil;
  sentMessages.set(target.name, (sentMessages.get(target.name) ?? 0) + closed.sent);
  const inAll = postgresqlSeconds === null ? null : serverSeconds + postgresqlSeconds;
  return {
    messagesPerSecond: result.acknowledged / result.seconds,
    p50Ms: result.p50Ms,
    p99Ms: result.p99Ms,
    perServerSecond: result.acknowledged / serverSeconds,
    perSecondInAll: inAll === null ? null : result.acknowledged / inAll,
    generatorShare: result.generatorSeconds / result.seconds,
  };
}

/** Every acknowledged message must have both its readings in the store. */
async function findLosses(targets: readonly Target[]): Promise<string[]> {
  const lines: string[] = [];
  for (const target of targets) {
    const stored = await target.countReadings();
    if (stored === null) continue;
    const expected = (sentMessages.get(target.name) ?? 0) * 2;
    if (stored !== expected) {
      throw new Error(`${target.name} acknowledged ${expected} readings and holds ${stored}.`);
    }
    lines.push(
      `${target.name}: all ${expected.toLocaleString("en-GB")} acknowledged readings are in its store.`,
    );
  }
  return lines;
}

async function settingsOf(url: string): Promise<string> {
  return onPostgresql(url, async (client) => {
    const show = async (name: string): Promise<string> => {
      const answer = await client.query<Record<string, string>>(`show ${name}`);
      return answer.rows[0]?.[name] ?? "unknown";
    };
    return `PostgreSQL ${await show("server_version")}, fsync ${await show("fsync")}, synchronous_commit ${await show("synchronous_commit")}`;
  });
}

function notesOf(
  plan: Plan,
  facts: {
    readonly syncRates: readonly number[];
    readonly postgresqlSettings: string | null;
    readonly losses: readonly string[];
    readonly measured: readonly Measured[];
  },
): string[] {
  const [before, after] = facts.syncRates.map(Math.round);
  const shares = facts.measured.flatMap((entry) => entry.rounds.map((round) => round.generatorShare));
  return [
    "MQTT 3.1.1 over loopback; each client keeps a fixed number of messages unacknowledged; every message has its own device time.",
    `${plan.rounds} alternating round(s) of ${plan.measureMs / 1_000} s after ${plan.warmupMs / 1_000} s of warm-up; figures are medians over the rounds.`,
    `The disk made ${before} (before) and ${after} (after) single 8 KB appends durable per second.`,
    ...(facts.postgresqlSettings === null ? [] : [`${facts.postgresqlSettings}, on the same machine.`]),
    `The load generator used at most ${Math.round(Math.max(...shares) * 100)} % of one core, shared with the servers.`,
    ...facts.losses,
    "Everything on: profiles with ranges, latest values, rollups, what follows for shipments and shelves, ten alarm rules. Bare: checks of the values and last heard only.",
    "Mosquitto stores nothing; Aedes keeps one table of numbers, without checks of the values: both do less than Waremind even when bare.",
  ];
}

function wallTable(measured: readonly Measured[]): Table {
  return {
    title: "By wall clock",
    columns: ["clients × in flight", "server", "messages/s", "p50 ms", "p99 ms"],
    rows: measured.map((entry) => [
      nameOf(entry.workload),
      entry.target.name,
      middle(entry, "messagesPerSecond"),
      middle(entry, "p50Ms"),
      middle(entry, "p99Ms"),
    ]),
  };
}

function processorTable(measured: readonly Measured[]): Table {
  return {
    title: "Per second of processor time",
    columns: [
      "clients × in flight",
      "server",
      "messages per server second",
      "messages per second, PostgreSQL included",
      "server µs per message",
    ],
    rows: measured.map((entry) => [
      nameOf(entry.workload),
      entry.target.name,
      middle(entry, "perServerSecond"),
      middle(entry, "perSecondInAll"),
      perMessage(middle(entry, "perServerSecond")),
    ]),
  };
}

function aimTable(measured: readonly Measured[]): Table {
  const find = (workload: Workload, name: string) =>
    measured.find((entry) => entry.workload === workload && entry.target.name === name);
  const rows = aimedWorkloads.flatMap((workload) =>
    aims.map((aim) => {
      const [own, peer] = [find(workload, aim.name), find(workload, names.aedes)];
      const reached = own === undefined || peer === undefined ? null : ratio(own, peer, "perServerSecond");
      const verdict = reached === null ? "not measured" : reached >= aim.ratio ? "reached" : "missed";
      return [nameOf(workload), aim.name, reached, aim.ratio, verdict];
    }),
  );
  return {
    title: "Per second of server processor time, against Aedes",
    columns: ["clients × in flight", "server", "times Aedes", "aim", "verdict"],
    rows,
  };
}

function ratioTable(measured: readonly Measured[]): Table {
  const rows = measured
    .filter((entry) => !entry.target.isPeer)
    .flatMap((entry) =>
      measured
        .filter((peer) => peer.target.isPeer && peer.workload === entry.workload)
        .map((peer) => [
          nameOf(entry.workload),
          `${entry.target.name} ÷ ${peer.target.name}`,
          ratio(entry, peer, "messagesPerSecond"),
          ratio(entry, peer, "perServerSecond"),
          ratio(entry, peer, "perSecondInAll"),
        ]),
    );
  return {
    title: "Against the peers",
    columns: ["clients × in flight", "ratio", "wall clock", "per server second", "PostgreSQL included"],
    rows,
  };
}

type Figure = "messagesPerSecond" | "p50Ms" | "p99Ms" | "perServerSecond" | "perSecondInAll";

function middle(entry: Measured, figure: Figure): number | null {
  const values = entry.rounds.map((round) => round[figure]).filter((value) => value !== null);
  const value = median(values);
  return Number.isFinite(value) ? value : null;
}

function ratio(entry: Measured, peer: Measured, figure: Figure): number | null {
  const [own, other] = [middle(entry, figure), middle(peer, figure)];
  return own === null || other === null ? null : own / other;
}

function perMessage(perSecond: number | null): number | null {
  return perSecond === null ? null : 1e6 / perSecond;
}

function nameOf({ clients, inflight }: Workload): string {
  return `${clients.toLocaleString("en-GB")} × ${inflight}`;
}
