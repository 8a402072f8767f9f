// [prove: durability] Kills the server under load, again and again: what was acknowledged is there, once, and it opens.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { createLog } from "../../server/src/platform/log.ts";
import { createOwnDatabase } from "../support/postgresql.ts";
import { createFleetDevice, type FleetDevice, pointsOf } from "./durability-fleet.ts";
import { findDisagreements, openStore, type Place, readEverything } from "./durability-place.ts";
import type { Suite, SuiteContext, SuiteOutcome } from "./suite.ts";

const deviceCount = 8;
const kills = {
  full: { embedded: 20, postgresql: 5 },
  everyDay: { embedded: 6, postgresql: 2 },
} as const;
/** Load runs this long before the kill; before one kill in four there is another while the store is opening. */
const loadMsMin = 150;
const loadMsMax = 1_500;
const openingMsMax = 900;
const openingShare = 0.25;
const readyTimeMsMax = 60_000;
const failuresToldMax = 20;

interface Tally {
  passed: number;
  acknowledged: number;
  readonly failures: string[];
}

export const durability: Suite = {
  name: "durability",
  title: { en: "Nothing acknowledged is lost", zh: "已确认的数据绝不丢失" },
  bar: "20 kills under load on the embedded store and 5 on PostgreSQL: every acknowledged reading is there, once, and the store opens every time",
  run: async (context): Promise<SuiteOutcome> => {
    const sizes = context.isFull ? kills.full : kills.everyDay;
    const random = randomFrom(context.seed);
    const tally: Tally = { passed: 0, acknowledged: 0, failures: [] };
    await proveEmbedded(context, { kills: sizes.embedded, random, tally });
    const hasPostgresql = context.postgresqlUrl !== undefined;
    if (hasPostgresql)
      await provePostgresql(context, context.postgresqlUrl, { kills: sizes.postgresql, random, tally });
    else context.log(`skipped: ${sizes.postgresql} kills on PostgreSQL (no PostgreSQL was given)`);
    const done = sizes.embedded + (hasPostgresql ? sizes.postgresql : 0);
    return {
      passed: tally.passed,
      failed: done - tally.passed,
      skipped: hasPostgresql ? 0 : sizes.postgresql,
      figure: `${tally.passed} of ${done} kills survived; ${tally.acknowledged} acknowledged messages, ${tally.failures.length === 0 ? "none lost, none twice" : `${tally.failures.length} faults`}`,
      failures: tally.failures.slice(0, failuresToldMax),
    };
  },
};

interface Rounds {
  readonly kills: number;
  readonly random: () => number;
  readonly tally: Tally;
}

async function proveEmbedded(context: SuiteContext, rounds: Rounds): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "waremind-durability-"));
  try {
    await killAgainAndAgain(context, { kind: "embedded", directory }, rounds);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function provePostgresql(context: SuiteContext, url: string, rounds: Rounds): Promise<void> {
  const own = await createOwnDatabase(url, { isMigrated: false });
  try {
    await killAgainAndAgain(context, { kind: "postgresql", url: own.url }, rounds);
  } finally {
    await own.drop();
  }
}

async function killAgainAndAgain(context: SuiteContext, place: Place, rounds: Rounds): Promise<void> {
  const { random, tally } = rounds;
  const fleet = Array.from({ length: deviceCount }, (_, index) => createFleetDevice(index));
  for (let round = 1; round <= rounds.kills; round += 1) {
    context.signal.throwIfAborted();
    const openingMs = round > 1 && random() < openingShare ? random() * openingMsMax : null;
    if (openingMs !== null) await killWhileOpening(place, openingMs);
    const loadMs = loadMsMin + random() * (loadMsMax - loadMsMin);
    const before = acknowledgedBy(fleet);
    const fault = await loadAndKill(place, fleet, loadMs);
    // Every other time the next server, not this program, is the first to recover the store.
    const isChecked = fault === null && (round === rounds.kills || random() < 0.5);
    const failures = isChecked ? await verify(place, fleet) : wrap(fault);
    if (failures.length === 0) tally.passed += 1;
    tally.failures.push(...failures.map((failure) => `${place.kind}, kill ${round}: ${failure}`));
    const count = acknowledgedBy(fleet) - before;
    context.log(
      `${place.kind}, kill ${round} of ${rounds.kills}, ${tale({ openingMs, loadMs, count, isChecked, failures })}`,
    );
  }
  tally.acknowledged += acknowledgedBy(fleet);
}

function tale(round: {
  readonly openingMs: number | null;
  readonly loadMs: number;
  readonly count: number;
  readonly isChecked: boolean;
  readonly failures: readonly string[];
}): string {
  const opening =
    round.openingMs === null ? "" : `, after one ${Math.round(round.openingMs)} ms into its opening`;
  const outcome = round.failures[0] ?? (round.isChecked ? "all there, once" : "the next opens it");
  return `${Math.round(round.loadMs)} ms under load${opening}: ${round.count} messages acknowledged, ${outcome}`;
}

const wrap = (failure: string | null): readonly string[] => (failure === null ? [] : [failure]);

const acknowledgedBy = (fleet: readonly FleetDevice[]): number =>
  fleet.reduce((sum, device) => sum + device.acknowledged.size, 0);

function startServer(place: Place): ChildProcess {
  return fork(join(import.meta.dirname, "durability-server.ts"), [JSON.stringify({ place, deviceCount })], {
    stdio: ["ignore", "ignore", "inherit", "ipc"],
    execArgv: [],
  });
}

async function kill(child: ChildProcess): Promise<void> {
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
}

/** Recovery itself may be cut off; counted as part of the kill that follows it. */
async function killWhileOpening(place: Place, afterMs: number): Promise<void> {
  const child = startServer(place);
  await pause(afterMs);
  await kill(child);
}

/** Answers what went wrong, or null. */
async function loadAndKill(
  place: Place,
  fleet: readonly FleetDevice[],
  afterMs: number,
): Promise<string | null> {
  const child = startServer(place);
  const port = await portOf(child);
  if (port === null) {
    if (child.exitCode === null) await kill(child);
    return "the server did not start on the store that the kill before left behind";
  }
  const before = acknowledgedBy(fleet);
  for (const device of fleet) device.run(port);
  const isUnderLoad = await until(() => acknowledgedBy(fleet) > before, readyTimeMsMax);
  await pause(afterMs);
  await kill(child);
  await Promise.all(fleet.map((device) => device.stopped()));
  return isUnderLoad ? null : "the server started, but acknowledged nothing";
}

/** A slow machine must not turn a kill under load into a kill before it. */
async function until(isSo: () => boolean, timeMsMax: number): Promise<boolean> {
  const startedAt = performance.now();
  while (!isSo()) {
    if (performance.now() - startedAt > timeMsMax) return false;
    await pause(5);
  }
  return true;
}

async function portOf(child: ChildProcess): Promise<number | null> {
  const cancel = new AbortController();
  const listening = once(child, "message", { signal: cancel.signal }).then(
    ([message]) => message as { port: number },
  );
  const ended = once(child, "exit", { signal: cancel.signal }).then(() => null);
  const late = pause(readyTimeMsMax, null, { signal: cancel.signal });
  try {
    return (await Promise.race([listening, ended, late]))?.port ?? null;
  } finally {
    for (const waiting of [listening, ended, late]) waiting.catch(() => undefined);
    cancel.abort();
  }
}

/** Opens what the kill left behind and compares it with what the devices remember. */
async function verify(place: Place, fleet: readonly FleetDevice[]): Promise<readonly string[]> {
  const database = await openStore(place, createLog("error")).catch((error: unknown) => String(error));
  if (typeof database === "string") return [`the store did not open: ${database}`];
  try {
    const stored = new Map<string, number>();
    for await (const page of readEverything(database)) {
      for (const { device, key, observedAt, number } of page) {
        const name = pointName({ device, key, observedAt, number });
        stored.set(name, (stored.get(name) ?? 0) + 1);
      }
    }
    return [...compare(stored, fleet), ...(await findDisagreements(database))];
  } finally {
    await database.close();
  }
}

interface NamedPoint {
  readonly device: string;
  readonly key: string;
  readonly observedAt: number;
  readonly number: number;
}

const pointName = ({ device, key, observedAt, number }: NamedPoint): string =>
  `${device}/${key} ${observedAt} ${number}`;

function compare(stored: ReadonlyMap<string, number>, fleet: readonly FleetDevice[]): string[] {
  const failures: string[] = [];
  const sent = new Set(fleet.flatMap((device) => namesOf(device, countTo(device.nextCounter))));
  for (const device of fleet) {
    for (const name of namesOf(device, device.acknowledged)) {
      if (!stored.has(name)) failures.push(`${name} was acknowledged and is lost`);
    }
  }
  for (const [name, count] of stored) {
    if (count > 1) failures.push(`${name} is stored ${count} times`);
    if (!sent.has(name)) failures.push(`${name} is stored but was never sent`);
  }
  return failures;
}

const countTo = (end: number): readonly number[] => Array.from({ length: end }, (_, counter) => counter);

function namesOf(device: FleetDevice, counters: Iterable<number>): string[] {
  return [...counters]
    .flatMap(pointsOf)
    .flatMap(({ observedAt, number }) => [
      pointName({ device: device.name, key: "rising", observedAt, number }),
      pointName({ device: device.name, key: "falling", observedAt, number: -number }),
    ]);
}

/** Mulberry32: the same kills for the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
