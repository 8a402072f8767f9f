// What questions cost: latest values, minutes of one series, hours of a thousand, and a chart of a million readings, beside
// InfluxDB and VictoriaMetrics over the same readings, each asked by HTTP and each by the processor time of its own processes.
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { createOwnDatabase } from "../tests/support/postgresql.ts";
import { openAsker } from "./queries/ask.ts";
import { fillInflux, fillVictoria, type Peer, startInflux, startVictoria } from "./queries/peers.ts";
import { type Numbers, type Question, questionsOf, type Wording } from "./queries/questions.ts";
import { type Figures, figuresTable, type Outcome, type Server, verdicts } from "./queries/tables.ts";
import type { QueryServerSettings } from "./queries/waremind-server.ts";
import { hourMs, seriesCount, type Workload, workloadOf } from "./queries/workload.ts";
import { startChild } from "./support/children.ts";
import { nicenessOf, processorSeconds } from "./support/machine.ts";
import { type BenchOptions, type BenchReport, reportOf } from "./support/report.ts";

const fullCount = 20_000_000;
const quickCount = 1_000_000;
/** Another number of readings than the full one, where time is short; the report says it. */
const wantedCount = Number(process.env["WAREMIND_BENCH_READINGS"] ?? fullCount);
const rounds = 3;
const blockMs = { quick: 500, full: 1_500 };
/** By digits: sums are added in another order elsewhere. */
const tolerance = 1e-9;

export async function runQueries(options: BenchOptions): Promise<BenchReport> {
  const endsAt = Math.floor(Date.now() / hourMs) * hourMs - hourMs / 2;
  const workload = workloadOf(options.quick ? quickCount : wantedCount, endsAt);
  const folder = await mkdtemp(join(tmpdir(), "waremind-queries-"));
  const servers: Server[] = [];
  const skipped: string[] = [];
  const loadBefore = loadavg()[0] ?? Number.NaN;
  try {
    for (const open of [openInflux, openVictoria, openEmbeddedServer, openPostgresqlServer]) {
      const server = await open({ folder, workload, options });
      if (typeof server === "string") skipped.push(server);
      else {
        servers.push(server);
        options.say(`${server.name}: loaded in ${server.loadSeconds.toFixed(0)} s`);
      }
    }
    const product = servers.find((server) => server.peer === null);
    if (product === undefined) throw new Error("No store of the product was there.");
    const questions = await questionsOf(workload, product.ask);
    const firsts = await askFirst(servers, questions, options);
    const figures = await measure(servers, questions, options);
    const priorities = await Promise.all(servers.map(priorityOf));
    return report(options, {
      ...{ workload, servers, skipped, questions, firsts, figures },
      ...{ loadBefore, priorities },
    });
  } finally {
    for (const server of servers) await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

interface Opening {
  readonly folder: string;
  readonly workload: Workload;
  readonly options: BenchOptions;
}

const openInflux = (opening: Opening) =>
  openPeer(opening, {
    ...{ name: "InfluxDB", peer: "influx", program: "influxd" },
    ...{ start: startInflux, fill: fillInflux },
  });
const openVictoria = (opening: Opening) =>
  openPeer(opening, {
    ...{ name: "VictoriaMetrics", peer: "victoria", program: "victoria-metrics" },
    ...{ start: startVictoria, fill: fillVictoria },
  });

async function openPeer(
  { folder, workload, options }: Opening,
  kind: {
    readonly name: string;
    readonly peer: "influx" | "victoria";
    readonly program: string;
    start(folder: string): Promise<Peer | null>;
    fill(peer: Peer, workload: Workload): Promise<void>;
  },
): Promise<Server | string> {
  const peer = await kind.start(join(folder, kind.peer));
  if (peer === null) return `${kind.name} (the program ${kind.program} is not installed or does not start)`;
  options.say(`${kind.name}: loading …`);
  const startedAt = performance.now();
  try {
    await kind.fill(peer, workload);
    await untilIdle(peer.pid);
  } catch (error) {
    await peer.stop();
    throw error;
  }
  return {
    ...{ name: kind.name, peer: kind.peer, loadSeconds: (performance.now() - startedAt) / 1_000 },
    ask: peer.asker.get,
    processes: () => Promise.resolve([peer.pid]),
    stop: peer.stop,
  };
}

const idleSeconds = 2;
const idleWaitSecondsMax = 90;

/** What a peer packs after it was written to is not to be counted among its answers. */
async function untilIdle(pid: number): Promise<void> {
  let quietSeconds = 0;
  let before = processorSeconds(pid) ?? 0;
  for (let waited = 0; waited < idleWaitSecondsMax && quietSeconds < idleSeconds + 4; waited += 1) {
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const now = processorSeconds(pid) ?? 0;
    quietSeconds = now - before < 0.1 ? quietSeconds + 1 : 0;
    before = now;
  }
}

const openEmbeddedServer = (opening: Opening) =>
  openProduct(opening, "Waremind, embedded", {
    kind: "embedded",
    directory: join(opening.folder, "embedded"),
  });

async function openPostgresqlServer(opening: Opening): Promise<Server | string> {
  const url = process.env["WAREMIND_BENCH_DATABASE_URL"] ?? process.env["WAREMIND_TEST_DATABASE_URL"];
  if (url === undefined) return "Waremind on PostgreSQL (WAREMIND_BENCH_DATABASE_URL is not set)";
  const own = await createOwnDatabase(url, { isMigrated: false });
  try {
    const server = await openProduct(opening, "Waremind on PostgreSQL", { kind: "postgresql", url: own.url });
    return {
      ...server,
      stop: async () => {
        await server.stop();
        await own.drop();
      },
    };
  } catch (error) {
    await own.drop();
    throw error;
  }
}

/** Filled by one process and asked by another, so that the first question meets a server that has just started. */
async function openProduct(
  { workload, options }: Opening,
  name: string,
  store: QueryServerSettings["store"],
): Promise<Server> {
  const controlToken = randomBytes(32).toString("base64url");
  const settings: QueryServerSettings = { store, workload, controlToken };
  options.say(`${name}: loading …`);
  const startedAt = performance.now();
  const filler = await startChild("queries/waremind-server.ts", settings);
  try {
    await filler.ask({ do: "fill" });
    await filler.ask({ do: "storeControl" });
  } finally {
    await filler.stop();
  }
  const loadSeconds = (performance.now() - startedAt) / 1_000;
  const child = await startChild("queries/waremind-server.ts", settings);
  const asker = openAsker(await child.ask<number>({ do: "port" }), {
    authorization: `Bearer ${controlToken}`,
  });
  const stop = async () => {
    asker.close();
    await child.stop();
  };
  try {
    await checkControl(asker.get, workload);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    ...{ name, peer: null, loadSeconds },
    ask: asker.get,
    // Asked anew: an idle connection is closed after a while, and the next has another process.
    processes: async () => [child.process.pid ?? 0, ...(await child.ask<number[]>({ do: "backends" }))],
    stop,
  };
}

/** The series that went through the intake reads as the one that was written in bulk, by every verb that is measured. */
async function checkControl(ask: (path: string) => Promise<string>, workload: Workload): Promise<void> {
  const control = seriesCount + 1;
  const day = `from=${workload.endsAt - 24 * hourMs}&to=${workload.endsAt}`;
  const paths = [
    (id: number) => `/api/series/latest?ids=${id}`,
    (id: number) => `/api/series/aggregates?ids=${id}&${day}&span=minute`,
    (id: number) => `/api/series/aggregates?ids=${id}&${day}&span=hour`,
    (id: number) => `/api/series/aggregates?ids=${id}&from=0&to=0&span=day`,
    (id: number) => `/api/series/${id}/curve?from=0&to=${workload.endsAt}&points=300`,
    (id: number) => `/api/series/${id}/curve?from=0&to=${workload.endsAt}&points=30`,
  ];
  for (const path of paths) {
    const [bulk, taken] = [await ask(path(2)), await ask(path(control))];
    const same = taken
      .replaceAll(`"seriesId":${control}`, '"seriesId":2')
      .replaceAll(`bench-${control}`, "bench-2");
    if (!isEqual(JSON.parse(bulk), JSON.parse(same)))
      throw new Error(`What was written in bulk reads otherwise: ${path(2)}`);
  }
}

/** Numbers up to the tolerance. */
function isEqual(left: unknown, right: unknown): boolean {
  if (typeof left === "number" && typeof right === "number") return isClose(left, right);
  if (typeof left !== "object" || typeof right !== "object" || left === null || right === null)
    return left === right;
  const [ours, theirs] = [Object.entries(left), Object.entries(right)];
  return (
    ours.length === theirs.length &&
    ours.every(([key, value], at) => key === theirs[at]?.[0] && isEqual(value, theirs[at]?.[1]))
  );
}

const isClose = (left: number, right: number) => Math.abs(left - right) <= tolerance * Math.abs(left);

const wordingOf = (question: Question, server: Server): Wording => question[server.peer ?? "waremind"];

/** The first time each is asked, and whether all say the same. */
async function askFirst(
  servers: readonly Server[],
  questions: readonly Question[],
  options: BenchOptions,
): Promise<Outcome["firsts"]> {
  const firsts = new Map<string, { ms: number; bytes: number; numbers: number }>();
  for (const question of questions) {
    let agreed: { readonly name: string; readonly numbers: Numbers } | undefined;
    for (const server of servers) {
      const wording = wordingOf(question, server);
      const startedAt = performance.now();
      const text = await server.ask(wording.path);
      const ms = performance.now() - startedAt;
      const numbers = wording.read(text);
      agreed ??= { name: server.name, numbers };
      checkSame(question, agreed, { name: server.name, numbers });
      firsts.set(`${question.name}/${server.name}`, { ms, bytes: text.length, numbers: numbers.size });
    }
    options.say(`${question.name}: ${agreed?.numbers.size ?? 0} entries, the same from all`);
  }
  return firsts;
}

function checkSame(
  question: Question,
  left: { readonly name: string; readonly numbers: Numbers },
  right: { readonly name: string; readonly numbers: Numbers },
): void {
  const differ = (why: string) =>
    new Error(`${question.name}: ${left.name} and ${right.name} differ: ${why}`);
  if (left.numbers.size !== right.numbers.size || left.numbers.size === 0)
    throw differ(`${left.numbers.size} and ${right.numbers.size} entries`);
  for (const [key, numbers] of left.numbers) {
    const others = right.numbers.get(key);
    const isSame =
      others !== undefined &&
      others.length === numbers.length &&
      numbers.every((number, place) => isClose(number, others[place] ?? Number.NaN));
    if (!isSame) throw differ(`${key}: ${numbers.join()} and ${others?.join() ?? "nothing"}`);
  }
}

/** Blocks of each server in turn, so that what else the machine does meets all of them. */
async function measure(
  servers: readonly Server[],
  questions: readonly Question[],
  options: BenchOptions,
): Promise<ReadonlyMap<string, Figures>> {
  const figures = new Map<string, Figures>();
  for (let round = 0; round < rounds; round += 1) {
    for (const question of questions) {
      for (const server of servers) {
        const key = `${question.name}/${server.name}`;
        const own = figures.get(key) ?? { times: [], seconds: 0 };
        figures.set(key, own);
        await measureBlock(server, wordingOf(question, server).path, own, options);
      }
    }
  }
  return figures;
}

async function secondsOf(server: Server): Promise<number> {
  const pids = await server.processes();
  return pids.reduce((total, pid) => total + (processorSeconds(pid) ?? Number.NaN), 0);
}

async function priorityOf(server: Server): Promise<string> {
  const pids = await server.processes();
  return `${server.name} ${pids.map((pid) => nicenessOf(pid) ?? "unknown").join(" and ")}`;
}

const warmUps = 3;

async function measureBlock(
  server: Server,
  path: string,
  figures: Figures,
  options: BenchOptions,
): Promise<void> {
  for (let warm = 0; warm < warmUps; warm += 1) await server.ask(path);
  const before = await secondsOf(server);
  const until = performance.now() + (options.quick ? blockMs.quick : blockMs.full);
  while (performance.now() < until) {
    const startedAt = performance.now();
    await server.ask(path);
    figures.times.push(performance.now() - startedAt);
  }
  figures.seconds += (await secondsOf(server)) - before;
}

function report(options: BenchOptions, outcome: Outcome): BenchReport {
  const { workload, servers, loadBefore } = outcome;
  const count = (value: number) => value.toLocaleString("en-GB");
  return reportOf(options, {
    title: `Queries: ${count(workload.readingCount)} readings of ${count(seriesCount)} series`,
    notes: [
      `One series of ${count(workload.denseCount)} readings, one every ${workload.denseEveryMs / 1_000} s; ${count(seriesCount - 1)} of ${count(workload.sparseCount)}, one every ${workload.sparseEveryMs / 1_000} s; two decimals; seed in bench/queries/workload.ts.`,
      ...(options.quick || wantedCount === fullCount
        ? []
        : [`The bar asks for ${count(fullCount)} readings: this run had fewer, so it does not decide.`]),
      "Everybody is asked by HTTP over one kept connection, without compression. The product checks who asks: GET /api/series/latest, /api/series/aggregates and /api/series/{id}/curve.",
      "Answers are compared entry by entry before anything is measured: counts, lowest, highest, mean or last. For latest values VictoriaMetrics tells no times of readings, the others do; the product's chart holds points beside its buckets.",
      "The product's stores are filled in bulk; one more series went through its intake and its job, and reads the same by every route here.",
      `CPU: processor time of the server's processes for each answer (/proc), of PostgreSQL the backends of the product's connections. ${rounds} alternating rounds; first: right after the start.`,
      "The peers are told how far back to look for what is latest (1 h); VictoriaMetrics does not remember answers (-search.disableCache), nor does anybody else.",
      `Priorities (nice; lower is served first): ${outcome.priorities.join(", ")}. Where they differ on a busy machine p50 and p99 do not compare; CPU does.`,
      `Load of the machine: ${loadBefore.toFixed(1)} before, ${(loadavg()[0] ?? Number.NaN).toFixed(1)} after, its own share included; other work ran beside it.`,
      `Loading, with settling: ${servers.map(({ name, loadSeconds }) => `${name} ${loadSeconds.toFixed(0)} s`).join(", ")}; the product's by SQL, so no measure of its intake.`,
    ],
    skipped: outcome.skipped,
    tables: [verdicts(outcome), figuresTable(outcome)],
  });
}
