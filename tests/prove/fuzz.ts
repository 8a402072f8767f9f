// A million mutated packets and a hundred thousand mutated requests against the device side and the REST API of a server in
// a process of its own, while devices that behave go on sending.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Child, startChild } from "../../bench/support/children.ts";
import {
  type Bystander,
  type Observer,
  openCoapBystander,
  openHttpBystander,
  openMqttBystander,
  openObserver,
} from "./fuzz-bystanders.ts";
import { throwDatagrams } from "./fuzz-coap.ts";
import { throwRequests } from "./fuzz-http.ts";
import { leaksOf, memoryOf, shownMb } from "./fuzz-memory.ts";
import { type Thrower, throwPackets } from "./fuzz-mqtt.ts";
import { createPace } from "./fuzz-pace.ts";
import {
  bystanders as bystanderNames,
  coapLanesOf,
  devices,
  httpLanes,
  mqttLanes,
  type Sizes,
  sacrifices,
  tokenOf,
} from "./fuzz-plan.ts";
import type { Opened, ServerState } from "./fuzz-server.ts";
import type { Census } from "./fuzz-store.ts";
import type { Suite, SuiteContext, SuiteOutcome } from "./suite.ts";

const sizesOf = {
  everyDay: { mqtt: 1_000_000, http: 50_000, coap: 50_000 },
  full: { mqtt: 2_000_000, http: 100_000, coap: 100_000 },
} as const satisfies Record<string, Sizes>;
/**
 * Shares of the whole. The first fills caches before memory is measured. The last two throw the cases of the first once more,
 * so that nothing is new: what grows then is a leak.
 */
const partPlan = [
  { number: 0, share: 0.1, isRepeat: false },
  { number: 1, share: 0.45, isRepeat: false },
  { number: 2, share: 0.45, isRepeat: false },
  { number: 0, share: 0.1, isRepeat: true },
  { number: 0, share: 0.1, isRepeat: true },
] as const;
/** Longer than anything is remembered without being used. */
const forgottenAfterMs = 3_600_000;
/** A connection of each MQTT bystander, one that the HTTP bystander keeps open. */
const bystanderSockets = 3;
const bystanderSessions = 2;
/** Exchanges of the CoAP bystander since the others were forgotten. */
const bystanderExchangesMax = 5_000;
const failuresMax = 20;

export const fuzz: Suite = {
  name: "fuzz",
  title: {
    en: "Broken packets break nothing",
    zh: "畸形报文不会造成破坏",
  },
  bar: "A million mutated MQTT packets and 100,000 mutated HTTP and CoAP requests: no crash, no leak, no unauthenticated write, and no other session disturbed.",
  run: (context) => proveFuzz(context, context.isFull ? sizesOf.full : sizesOf.everyDay),
};

interface Run {
  readonly context: SuiteContext;
  readonly child: Child;
  readonly opened: Opened;
  readonly thrower: Thrower;
  readonly failures: string[];
  /** What the server wrote to standard error. */
  readonly written: string[];
}

/** @param sizes how many cases of each kind, warm-up included. */
export async function proveFuzz(context: SuiteContext, sizes: Sizes): Promise<SuiteOutcome> {
  const directory = await mkdtemp(join(tmpdir(), "waremind-fuzz-"));
  const failures: string[] = [];
  const written: string[] = [];
  const fail = (sentence: string): void => {
    if (failures.length >= failuresMax) return;
    failures.push(sentence);
    context.log(sentence);
  };
  let child: Child | undefined;
  try {
    const settings = { directory: join(directory, "store"), devices };
    child = await startChild("../tests/prove/fuzz-server.ts", settings, (text) => written.push(text));
    const opened = await child.ask<Opened>({ do: "open" });
    const ended = new AbortController();
    child.process.once("exit", () => ended.abort());
    const signal = AbortSignal.any([context.signal, ended.signal]);
    const { ask, process: serverProcess } = child;
    const pace = createPace(
      () => ask<number>({ do: "beat" }),
      () => {
        fail("The server answers nothing any more.");
        serverProcess.kill("SIGKILL");
      },
    );
    const thrower = { seed: context.seed, fail, underway: new Map(), pace, signal };
    const run = { context, child, opened, thrower, failures, written };
    return await proveWith(run, sizes)
      .catch((error: unknown) => outcomeOfCrash(run, error))
      .finally(() => pace.stop());
  } finally {
    await child?.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

/** What it takes to find the packet that ended the server. */
function outcomeOfCrash(run: Run, error: unknown): SuiteOutcome {
  const faults = faultsOfServer(run);
  const { exitCode, signalCode } = run.child.process;
  if (exitCode === null && signalCode === null) throw error;
  const last = [...run.thrower.underway.values()].map((shown) => shown());
  return { passed: 0, failed: 1, skipped: 0, figure: "the server ended", failures: [...faults, ...last] };
}

async function proveWith(run: Run, sizes: Sizes): Promise<SuiteOutcome> {
  const { child, context, failures } = run;
  const names = [...sacrifices, ...bystanderNames];
  const before = await child.ask<Census>({ do: "census", names });
  const { bystanders, observer } = await openBystanders(run);
  const states: ServerState[] = [];
  const parts: Thrown[] = [];
  for (const [index, { number, share }] of partPlan.entries()) {
    parts.push(await throwPart(run, scaled(sizes, share), number));
    states.push(await settle(run));
    context.log(sentenceOf(index, parts[index], states[index]));
    if (context.signal.aborted) break;
  }
  const told = await child.ask<number>({ do: "stopTelling" });
  for (const bystander of bystanders) await bystander.finish();
  const after = await child.ask<Census>({ do: "census", names });
  const checks: readonly (readonly string[])[] = [
    [...failures],
    faultsOfServer(run),
    foreignWrites(before, after),
    leaksOf(states, partPlan),
    notLetGo(states),
    ...(await Promise.all(bystanders.map((bystander) => faultsOf(bystander, child)))),
    faultsOfObserver(observer, told),
    isWhole(parts, sizes) ? [] : ["The run was cut short: not every case was thrown."],
  ];
  for (const bystander of bystanders) await bystander.leave();
  observer.leave();
  const found = checks.flat();
  const failed = checks.filter((faults) => faults.length > 0).length;
  return {
    passed: checks.length - failed,
    ...{ failed, skipped: 0, failures: found },
    figure: `${figureOf(parts, states, bystanders)}; slowest beat ${Math.round(run.thrower.pace.slowestMs)} ms`,
  };
}

interface Thrown {
  readonly mqtt: number;
  readonly mqttConnections: number;
  readonly http: number;
  readonly httpConnections: number;
  readonly httpWaiting: number;
  readonly coap: number;
  readonly seconds: Readonly<Record<"mqtt" | "http" | "coap", number>>;
}

const scaled = ({ mqtt, http, coap }: Sizes, share: number): Sizes => ({
  mqtt: Math.ceil(mqtt * share),
  http: Math.ceil(http * share),
  coap: Math.ceil(coap * share),
});

/** All transports at once. */
async function throwPart({ opened, thrower, context }: Run, sizes: Sizes, part: number): Promise<Thrown> {
  const { mqttPort, httpPort, coapPort, routes } = opened;
  const startedAt = performance.now();
  const seconds = { mqtt: 0, http: 0, coap: 0 };
  const timed = async <Counts>(kind: keyof typeof seconds, lanes: readonly Promise<Counts>[]) => {
    const counts = await Promise.all(lanes);
    seconds[kind] = (performance.now() - startedAt) / 1_000;
    context.log(`part ${part}: ${kind} done after ${seconds[kind].toFixed(1)} s`);
    return counts;
  };
  const [mqtt, http, coap] = await Promise.all([
    timed(
      "mqtt",
      mqttLanes(sizes.mqtt, part).map((lane) => throwPackets(lane, mqttPort, thrower)),
    ),
    timed(
      "http",
      httpLanes(sizes.http, part, routes).map((lane) => throwRequests(lane, httpPort, thrower)),
    ),
    timed(
      "coap",
      coapLanesOf(sizes.coap, part).map((lane) => throwDatagrams(lane, coapPort, thrower)),
    ),
  ]);
  return {
    ...{ mqtt: sum(mqtt, "cases"), mqttConnections: sum(mqtt, "connections") },
    ...{ http: sum(http, "cases"), httpConnections: sum(http, "connections") },
    ...{ httpWaiting: sum(http, "waiting"), coap: sum(coap, "cases"), seconds },
  };
}

const sum = <Name extends string>(counts: readonly Readonly<Record<Name, number>>[], name: Name): number =>
  counts.reduce((total, one) => total + one[name], 0);

/** Ends what only time would end, and waits until all of it is gone. */
async function settle({ child }: Run): Promise<ServerState> {
  await child.ask({ do: "advance", byMs: forgottenAfterMs });
  return child.ask<ServerState>({
    ...{ do: "settled", names: sacrifices, sessions: bystanderSessions, observers: 1 },
    ...{ sockets: bystanderSockets, coapKept: bystanderExchangesMax },
  });
}

async function openBystanders({ child, opened, thrower }: Run): Promise<{
  readonly bystanders: readonly Bystander[];
  readonly observer: Observer;
}> {
  const { mqttPort, httpPort, coapPort } = opened;
  const observer = await openObserver(tokenOf("by-observer"), coapPort);
  await child.ask({ do: "tell", name: "by-observer" });
  const opening = (name: string, port: number) => ({
    ...{ name, token: tokenOf(name), port, pace: thrower.pace },
  });
  const bystanders = [
    await openMqttBystander(opening("by-mqtt-3", mqttPort), 4),
    await openMqttBystander(opening("by-mqtt-5", mqttPort), 5),
    openHttpBystander(opening("by-http", httpPort)),
    openCoapBystander(opening("by-coap", coapPort)),
  ];
  return { bystanders, observer };
}

async function faultsOf({ name, acknowledged, faults }: Bystander, child: Child): Promise<readonly string[]> {
  const stored = new Set(await child.ask<readonly number[]>({ do: "numbers", name }));
  const lost = [...acknowledged].filter((number) => !stored.has(number));
  return [
    ...faults.map((fault) => `${name}: ${fault}`),
    ...(lost.length === 0 ? [] : [`${name}: acknowledged and not stored: ${lost.slice(0, 10).join(", ")}`]),
    ...(acknowledged.size === 0 ? [`${name}: nothing was acknowledged, so it proves nothing`] : []),
  ];
}

/** The last number may still be on its way. */
function faultsOfObserver({ heard, faults }: Observer, told: number): readonly string[] {
  const isBehind = told === 0 || heard < told - 1;
  return isBehind ? [...faults, `by-observer: heard of ${heard}, was told ${told}`] : faults;
}

const linesMax = 5;

function faultsOfServer({ child, written }: Run): readonly string[] {
  const { exitCode, signalCode } = child.process;
  const isGone = exitCode !== null || signalCode !== null;
  const lines = written
    .join("")
    .split("\n")
    .filter((line) => line !== "" && !line.includes("ExperimentalWarning"));
  return [
    ...(isGone ? [`The server ended with ${exitCode ?? signalCode}.`] : []),
    ...lines.slice(0, linesMax).map((line) => `The server wrote: ${line.slice(0, 1_500)}`),
    ...(lines.length > linesMax ? [`and ${lines.length - linesMax} lines more.`] : []),
  ];
}

function foreignWrites(before: Census, after: Census): readonly string[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return names
    .filter((table) => before[table] !== after[table])
    .map((table) => `A write that nobody was allowed: ${table} had ${before[table]}, has ${after[table]}`);
}

function notLetGo(states: readonly ServerState[]): readonly string[] {
  const unclean = states.filter(
    ({ sessions, observers, sockets, coapKept, pollsAndDownloads, answersUnderway }) =>
      sessions !== bystanderSessions ||
      observers !== 1 ||
      sockets > bystanderSockets ||
      coapKept > bystanderExchangesMax ||
      pollsAndDownloads > 0 ||
      answersUnderway > 1,
  );
  return unclean.map((state) => `Not everything was let go: ${JSON.stringify(state)}`);
}

/** What was thrown a second time does not count. */
function isWhole(parts: readonly Thrown[], sizes: Sizes): boolean {
  const first = parts.filter((_, index) => partPlan[index]?.isRepeat === false);
  return (["mqtt", "http", "coap"] as const).every((kind) => sum(first, kind) >= sizes[kind]);
}

function sentenceOf(part: number, thrown: Thrown | undefined, state: ServerState | undefined): string {
  return `part ${part}: ${JSON.stringify(thrown)}; then ${JSON.stringify(state)}`;
}

function figureOf(
  parts: readonly Thrown[],
  states: readonly ServerState[],
  bystanders: readonly Bystander[],
): string {
  const secondsOf = (kind: keyof Thrown["seconds"]): number =>
    parts.reduce((total, { seconds }) => total + seconds[kind], 0);
  const rate = (kind: "mqtt" | "http" | "coap"): string =>
    `${sum(parts, kind).toLocaleString("en")} ${kind.toUpperCase()} (${Math.round(sum(parts, kind) / secondsOf(kind)).toLocaleString("en")}/s)`;
  const acknowledged = bystanders.reduce((total, one) => total + one.acknowledged.size, 0);
  const slowest = Math.max(...bystanders.map(({ slowestMs }) => slowestMs));
  const memory = states
    .map((state) => `${shownMb(memoryOf(state))} (${state.series.toLocaleString("en")} series)`)
    .join(" → ");
  const longestTurn = Math.max(...states.map(({ longestTurnMs }) => longestTurnMs));
  return [
    `${rate("mqtt")} on ${sum(parts, "mqttConnections").toLocaleString("en")} connections`,
    `${rate("http")} on ${sum(parts, "httpConnections").toLocaleString("en")}, ${sum(parts, "httpWaiting")} left waiting`,
    rate("coap"),
    `memory ${memory}`,
    `${acknowledged.toLocaleString("en")} numbers of bystanders stored, the slowest in ${Math.round(slowest)} ms`,
    `the server's longest turn ${longestTurn} ms, its processor time ${Math.round(states.at(-1)?.processorSeconds ?? 0)} s`,
  ].join("; ");
}
