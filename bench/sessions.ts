// Many connected devices that say little each: latency, memory per session, and reconnect storms of all of them.
import { mkdtemp, rm } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { createOwnDatabase } from "../tests/support/postgresql.ts";
import type { SessionLoadResult } from "./sessions/load.ts";
import { type Child, startChild } from "./support/children.ts";
import { type BenchOptions, type BenchReport, reportOf } from "./support/report.ts";

const sessions = 5_000;
const messagesPerSecond = 500;
const readingsPerMessage = 2;
const observedBackMs = 6 * 3_600_000;
const busySampleMs = 5_000;

interface Plan {
  readonly durationMs: number;
  readonly peerDurationMs: number;
  readonly storms: number;
}

const fullPlan: Plan = { durationMs: 600_000, peerDurationMs: 60_000, storms: 10 };
const quickPlan: Plan = { durationMs: 20_000, peerDurationMs: 10_000, storms: 2 };

interface Subject {
  readonly name: string;
  readonly isPeer: boolean;
  readonly server: Child;
}

interface Measured {
  readonly subject: Subject;
  readonly openSeconds: number;
  readonly bytesPerSession: number;
  readonly heapBytesPerSession: number;
  readonly residentMegabytes: number;
  readonly load: SessionLoadResult;
  readonly serverSeconds: number;
  /** Mean number of processes of this machine that ran or waited to, ours among them. */
  readonly machineLoad: number;
  readonly storms: readonly { readonly seconds: number; readonly isWhole: boolean }[];
  readonly sent: number;
  readonly stored: number;
  readonly lost: number;
}

export async function runSessions(options: BenchOptions): Promise<BenchReport> {
  const plan = options.quick ? quickPlan : fullPlan;
  const databaseUrl = process.env["WAREMIND_BENCH_DATABASE_URL"] ?? process.env["WAREMIND_TEST_DATABASE_URL"];
  const folder = await mkdtemp(join(tmpdir(), "waremind-sessions-"));
  const cleanups: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })];
  const skipped: string[] = [];
  try {
    const measured: Measured[] = [];
    const failures: Error[] = [];
    const only = process.env["WAREMIND_BENCH_SERVERS"] ?? "";
    for (const { name, start } of subjectsOf({ folder, databaseUrl, cleanups, skipped })) {
      if (!name.toLowerCase().includes(only.toLowerCase())) {
        skipped.push(`${name} (WAREMIND_BENCH_SERVERS asks for ${only})`);
        continue;
      }
      const outcome = await attempt(start, plan, options);
      if (!(outcome instanceof Error)) {
        measured.push(outcome);
        continue;
      }
      failures.push(outcome);
      skipped.push(`${name} (failed: ${outcome.message})`);
      options.say(skipped.at(-1) ?? "");
    }
    if (measured.length === 0 && failures.length > 0)
      throw new AggregateError(failures, "Nothing was measured.");
    return report(options, plan, { measured, skipped });
  } finally {
    for (const cleanup of cleanups.reverse()) await cleanup();
  }
}

/** Answers an error where it failed: what was measured of the others took long, and is kept. */
async function attempt(
  start: () => Promise<Subject>,
  plan: Plan,
  options: BenchOptions,
): Promise<Measured | Error> {
  try {
    const subject = await start();
    options.say(`${subject.name}: ${sessions} sessions, ${messagesPerSecond} messages a second …`);
    const measured = await measure(subject, plan, options);
    await subject.server.stop();
    return measured;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function subjectsOf(setup: {
  readonly folder: string;
  readonly databaseUrl: string | undefined;
  readonly cleanups: (() => Promise<unknown>)[];
  readonly skipped: string[];
}): { readonly name: string; start(): Promise<Subject> }[] {
  const { folder, databaseUrl, cleanups, skipped } = setup;
  const open = async (script: string, settings: unknown): Promise<Child> => {
    const server = await startChild(script, settings);
    cleanups.push(server.stop);
    return server;
  };
  const own = async (): Promise<string> => {
    const database = await createOwnDatabase(databaseUrl ?? "", { isMigrated: false });
    cleanups.push(database.drop);
    return database.url;
  };
  const embedded = { kind: "embedded", directory: join(folder, "embedded") };
  const named = (name: string, isPeer: boolean, server: () => Promise<Child>) => ({
    name,
    start: async (): Promise<Subject> => ({ name, isPeer, server: await server() }),
  });
  const subjects = [
    named("Waremind, embedded", false, () =>
      open("sessions/server.ts", { store: embedded, deviceCount: sessions }),
    ),
  ];
  if (databaseUrl === undefined) {
    skipped.push("Waremind on PostgreSQL and Aedes + PostgreSQL (WAREMIND_BENCH_DATABASE_URL is not set)");
    return subjects;
  }
  return [
    ...subjects,
    named("Waremind, PostgreSQL", false, async () => {
      const store = { kind: "postgresql", url: await own() };
      return open("sessions/server.ts", { store, deviceCount: sessions });
    }),
    named("Aedes + PostgreSQL, 10 ms groups", true, async () =>
      open("ingest/aedes-server.ts", { databaseUrl: await own(), takesRedeliveries: true }),
    ),
  ];
}

async function measure(subject: Subject, plan: Plan, options: BenchOptions): Promise<Measured> {
  const { server } = subject;
  const load = await startChild("sessions/load.ts", {});
  try {
    const before = await server.ask<{ rss: number; heapUsed: number }>({ do: "memory" });
    const observedFrom = Date.now() - observedBackMs;
    const port = await server.ask<number>({ do: "port" });
    const opened = await load.ask<{ seconds: number }>({
      ...{ do: "open", port, sessions, messagesPerSecond, observedFrom },
    });
    const idle = await server.ask<{ rss: number; heapUsed: number }>({ do: "memory" });
    const processorBefore = await server.ask<number>({ do: "processorSeconds" });
    const durationMs = subject.isPeer ? plan.peerDurationMs : plan.durationMs;
    const machine = watchMachine();
    const steady = await load.ask<SessionLoadResult>({ do: "run", durationMs });
    const machineLoad = machine.stop();
    const serverSeconds = (await server.ask<number>({ do: "processorSeconds" })) - processorBefore;
    const { rss } = await server.ask<{ rss: number }>({ do: "memory" });
    const storms: { seconds: number; isWhole: boolean }[] = [];
    for (let count = 1; count <= plan.storms; count += 1) {
      storms.push(await load.ask({ do: "storm" }));
      options.say(`${subject.name}: storm ${count}, all back after ${storms.at(-1)?.seconds.toFixed(1)} s`);
      await load.ask({ do: "run", durationMs: 2_000 });
    }
    const { sent, lost } = await load.ask<{ sent: number; lost: number }>({ do: "close" });
    return {
      ...{ subject, openSeconds: opened.seconds, load: steady, serverSeconds, storms, sent, lost },
      machineLoad,
      bytesPerSession: (idle.rss - before.rss) / sessions,
      heapBytesPerSession: (idle.heapUsed - before.heapUsed) / sessions,
      residentMegabytes: rss / 1e6,
      stored: (await server.ask<number>({ do: "countReadings" })) / readingsPerMessage,
    };
  } finally {
    await load.stop();
  }
}

/** Others may use the machine at the same time: how busy it was stands beside the figures. */
function watchMachine(): { stop(): number } {
  const seen: number[] = [];
  const look = (): void => {
    seen.push(loadavg()[0] ?? 0);
  };
  look();
  const timer = setInterval(look, busySampleMs);
  return {
    stop: () => {
      clearInterval(timer);
      return seen.reduce((total, load) => total + load, 0) / seen.length;
    },
  };
}

function report(
  options: BenchOptions,
  plan: Plan,
  { measured, skipped }: { readonly measured: readonly Measured[]; readonly skipped: readonly string[] },
): BenchReport {
  const minutes = plan.durationMs / 60_000;
  return reportOf(options, {
    title: `Sessions: ${sessions} connected devices, ${messagesPerSecond} messages a second`,
    notes: [
      `MQTT 3.1.1, QoS 1, two readings a message, each device subscribed to its commands and attributes; ${minutes.toFixed(1)} minutes (peer: ${(plan.peerDurationMs / 60_000).toFixed(1)}), then ${plan.storms} storms in which every connection is reset at once and comes back by itself, with the load going on after each.`,
      "A message counts as lost when it was never acknowledged, or acknowledged and not found in the store at the end.",
      "Memory per session: resident memory, and JavaScript's heap, with all sessions open and idle less that before, after a full garbage collection.",
      "Load generator and PostgreSQL run on the same machine; so may other work. Machine load: the mean of the system's one-minute average of processes that run or wait to; above the number of cores, each waits for others and latencies tell of that too. The server's share is of one core.",
    ],
    skipped: [...skipped],
    tables: [steadyTable(measured), stormTable(measured)],
  });
}

function steadyTable(measured: readonly Measured[]) {
  return {
    title: "Steady load",
    columns: [
      ...["server", "messages", "lost", "median ms", "p99 ms", "slowest ms", "reconnects"],
      ...["kB per session", "heap kB per session", "resident MB"],
      ...["server processor share", "machine load"],
    ],
    rows: measured.map((one) => {
      const { subject, load, lost, sent, stored } = one;
      return [
        ...[subject.name, sent, lost + Math.max(0, sent - stored), load.p50Ms, load.p99Ms, load.slowestMs],
        ...[load.reconnects, one.bytesPerSession / 1_000, one.heapBytesPerSession / 1_000],
        ...[one.residentMegabytes, one.serverSeconds / load.seconds],
        one.machineLoad,
      ];
    }),
  };
}

function stormTable(measured: readonly Measured[]) {
  return {
    title: "All sessions connecting",
    columns: ["server", "first time, s", "storms", "all back", "median s", "slowest s"],
    rows: measured.map(({ subject, openSeconds, storms }) => {
      const seconds = storms.map((storm) => storm.seconds).toSorted((left, right) => left - right);
      const whole = storms.filter(({ isWhole }) => isWhole).length;
      return [
        ...[subject.name, openSeconds, storms.length, whole],
        ...[seconds[Math.floor(seconds.length / 2)] ?? null, seconds.at(-1) ?? null],
      ];
    }),
  };
}
