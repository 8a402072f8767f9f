// What follows from readings is a function of the set of them: rollups, gaps, a shipment's condition and a shelf's count are
// the same whatever the order of arrival, the redeliveries, the restarts and the transactions that fail.
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { sql } from "kysely";
import { gapsOf } from "../../server/src/decisions/plausibility/index.ts";
import type { DeviceIdentity } from "../../server/src/devices/index.ts";
import { createShelfFollower } from "../../server/src/flows/count-shelves.ts";
import { createShipmentFollower } from "../../server/src/flows/follow-shipments.ts";
import type { IntakeFollower, IntakeSink } from "../../server/src/flows/intake-sink.ts";
import { createGapFollower } from "../../server/src/flows/keep-gaps.ts";
import { createIntake } from "../../server/src/flows/take-in-readings.ts";
import { type Database, tablesOf } from "../../server/src/platform/database.ts";
import { silentLog } from "../../server/src/platform/log.ts";
import { seriesGaps } from "../../server/src/telemetry/index.ts";
import { openEmbeddedForTest, openPostgresqlForTest } from "../support/database.ts";
import { addOrder, openSmallShop, type SmallShop, shopStartAt } from "../support/small-shop.ts";
import { anyCase, type Case, type Sent } from "./event-time-case.ts";
import type { Suite, SuiteContext, SuiteOutcome } from "./suite.ts";

const sizes = {
  everyDay: { embedded: 800, postgresql: 300 },
  full: { embedded: 2_000, postgresql: 8_000 },
} as const;
/** So many cases are delivered side by side, in common commits. */
const casesPerGroup = 20;
const failuresShown = 5;
const expectedIntervalMs = 60_000;
const dayMs = 86_400_000;
/** Longer than what is believed of bindings. */
const settleMs = 6_000;
const keys = ["temperature", "weight"] as const;

export const eventTime: Suite = {
  name: "event-time",
  title: { en: "The time of the readings", zh: "事件时间" },
  bar: "any arrival order and any redelivery of a set of readings gives the rollups, gaps, condition and shelf count of in-order arrival",
  run: proveEventTime,
};

async function proveEventTime(context: SuiteContext): Promise<SuiteOutcome> {
  const size = context.isFull ? sizes.full : sizes.everyDay;
  const { postgresqlUrl } = context;
  const onEmbedded = postgresqlUrl === undefined ? size.embedded + size.postgresql : size.embedded;
  const shares = [await proveOn("embedded", await openEmbeddedForTest(), { context, count: onEmbedded })];
  if (postgresqlUrl !== undefined) {
    const database = await openPostgresqlForTest(postgresqlUrl);
    shares.push(await proveOn("PostgreSQL", database, { context, count: size.postgresql }));
  }
  const sum = (of: (share: Share) => number) => shares.reduce((total, share) => total + of(share), 0);
  const failures = shares.flatMap((share) => share.failures);
  const cases = sum((share) => share.cases);
  return {
    passed: cases - failures.length,
    failed: failures.length,
    skipped: 0,
    figure: `${cases} sets of ${sum((share) => share.readings)} readings in any order: ${sum((share) => share.gaps)} gaps, ${sum((share) => share.counted)} counts, rollups and conditions alike`,
    failures: failures.slice(0, failuresShown),
  };
}

interface Share {
  cases: number;
  readings: number;
  gaps: number;
  counted: number;
  readonly failures: string[];
}

async function proveOn(
  store: string,
  database: Database,
  { context, count }: { readonly context: SuiteContext; readonly count: number },
): Promise<Share> {
  const share: Share = { cases: 0, readings: 0, gaps: 0, counted: 0, failures: [] };
  try {
    const shop = await openSmallShop(database);
    await makeLocation(shop);
    const cases = fc.sample(anyCase, { numRuns: count, seed: context.seed });
    for (let first = 0; first < count && !context.signal.aborted; first += casesPerGroup) {
      const group = cases.slice(first, first + casesPerGroup);
      await proveGroup(shop, group, { store, first, share, seed: context.seed });
      context.log(`${store}: ${share.cases} of ${count}, ${share.failures.length} failed`);
    }
  } finally {
    await database.close();
  }
  return share;
}

async function proveGroup(
  shop: SmallShop,
  group: readonly Case[],
  at: { readonly store: string; readonly first: number; readonly share: Share; readonly seed: number },
): Promise<void> {
  const { store, first, share, seed } = at;
  const sides = await makeSides(shop, group, first);
  await deliver(shop, sides, first + seed);
  await shop.telemetry.rollUp();
  for (const [index, one] of group.entries()) {
    const [inOrder, anyOrder] = [sides[2 * index], sides[2 * index + 1]];
    if (inOrder === undefined || anyOrder === undefined) continue;
    const [expected, found] = [await outcomeOf(shop, inOrder), await outcomeOf(shop, anyOrder)];
    share.cases += 1;
    share.readings += one.sent.length;
    share.gaps += found.gaps.flat().length;
    share.counted += found.count === null ? 0 : 1;
    const problem = differenceOf(expected, found) ?? differenceOf({ gaps: expectedGaps(one.sent) }, found);
    if (problem !== undefined)
      share.failures.push(
        `${store}, case ${share.cases} of seed ${seed}: ${problem} after ${JSON.stringify(one)}`,
      );
  }
  await sql`update binding set unbound_at = ${shop.clock.now()} where unbound_at is null`.execute(
    tablesOf(shop.database),
  );
}

/** One device with what it is bound to, and how its readings arrive. */
interface Side {
  readonly identity: DeviceIdentity;
  readonly shipmentId: string;
  readonly cellId: string;
  readonly sent: readonly Sent[];
  readonly batches: readonly (readonly number[])[];
}

async function makeLocation(shop: SmallShop): Promise<void> {
  const location = { id: "loc-1", name: { en: "Cold room", zh: "冷库" }, timeZone: "Asia/Shanghai" };
  await shop.database.transaction((connection) => shop.inventory.createLocation(connection, location));
}

async function makeSides(shop: SmallShop, group: readonly Case[], first: number): Promise<readonly Side[]> {
  const sides: Side[] = [];
  for (const [index, { sent, inOrder, anyOrder }] of group.entries()) {
    for (const [name, batches] of [
      [`case-${first + index}-in-order`, inOrder],
      [`case-${first + index}-any-order`, anyOrder],
    ] as const)
      sides.push({ ...(await makeSide(shop, name)), sent, batches });
  }
  // Now the bindings are believed.
  shop.clock.advance(settleMs);
  return sides;
}

async function makeSide(shop: SmallShop, name: string): Promise<Omit<Side, "sent" | "batches">> {
  await addOrder(shop, { id: name });
  const shipmentId = `${name}-shp`;
  const cellId = `${name}-cell`;
  const cell = { id: cellId, locationId: "loc-1", code: name, row: 1, column: 1, variantId: "var-1" };
  const scale = { capacityUnits: 10, tareGrams: 350, unitGrams: 500, bookedUnits: 8 };
  const device = await shop.database.transaction(async (connection) => {
    await shop.inventory.createShelfCells(connection, [{ ...cell, ...scale }]);
    const made = await shop.devices.createDevice(connection, { name, label: "", profileId: "logger" });
    const binding = { deviceId: made.id, boundAt: shopStartAt };
    const parcel = { kind: "logger-shipment", seriesKey: "temperature", targetId: shipmentId } as const;
    const shelf = { kind: "cell-stock", seriesKey: "weight", targetId: cellId } as const;
    await shop.devices.bind(connection, { ...binding, ...parcel });
    await shop.devices.bind(connection, { ...binding, ...shelf });
    return made;
  });
  const identity = await shop.devices.identityOf(device.id);
  if (identity === null) throw new Error(`${name} is not known`);
  return { identity, shipmentId, cellId };
}

/** The batches of all sides one after the other; now and then a transaction fails once, the process starts anew, the job runs. */
async function deliver(shop: SmallShop, sides: readonly Side[], salt: number): Promise<void> {
  shop.clock.set(Math.max(shop.clock.now(), shopStartAt + 60 * dayMs));
  let failuresLeft = 0;
  const failing: IntakeFollower = {
    follow: () => {
      failuresLeft -= 1;
      const deadlock = Object.assign(new Error("deadlock"), { code: "40P01" });
      return failuresLeft >= 0 ? Promise.reject(deadlock) : Promise.resolve([]);
    },
  };
  const rounds = Math.max(...sides.map(({ batches }) => batches.length));
  let intake = openIntake(shop, failing);
  for (let round = 0; round < rounds; round += 1) {
    if ((salt + round) % 3 === 0) failuresLeft = 1;
    await Promise.all(sides.map((side) => send(shop, intake, side, side.batches[round] ?? [])));
    if ((salt + round) % 4 === 1) await shop.telemetry.rollUp();
    if ((salt + round) % 5 !== 2) continue;
    await intake.stop();
    intake = openIntake(shop, failing);
  }
  await intake.stop();
}

function openIntake(shop: SmallShop, failing: IntakeFollower): IntakeSink {
  const gaps = createGapFollower({ gaps: seriesGaps });
  const followers = [createShipmentFollower(shop), createShelfFollower(shop), gaps, failing];
  return createIntake({ ...shop, followers, log: silentLog });
}

async function send(
  shop: SmallShop,
  intake: IntakeSink,
  { identity, sent }: Side,
  places: readonly number[],
): Promise<void> {
  const points = places.flatMap((place) => {
    const one = sent[place];
    if (one === undefined) return [];
    const value = { type: "number", number: one.value } as const;
    return [{ key: one.key, value, observedAt: shopStartAt + one.at }];
  });
  if (points.length === 0) return;
  const receivedAt = shop.clock.now();
  await intake.append({ identity, transport: "mqtt", points, receivedAt, payload: new Uint8Array() });
}

/** All that is kept of a side, without what names it. Alarms of rules have a suite of their own: event-time-alarms. */
async function outcomeOf(shop: SmallShop, { identity, shipmentId, cellId }: Side) {
  const { database, telemetry } = shop;
  const all = await telemetry.seriesOfDevices([identity.device.id]);
  const ids = keys.map((key) => all.find((one) => one.key === key)?.id ?? 0);
  const condition = (await shop.shipments.conditionOf(database, [shipmentId])).get(shipmentId);
  const count = (await shop.inventory.cellCounts(database, [cellId])).get(cellId);
  const state = condition?.state as { readonly condition?: unknown } | undefined;
  const shelf = count?.state as { readonly count?: unknown } | undefined;
  const range = { from: 0, to: Number.MAX_SAFE_INTEGER, limit: 1_000 };
  return {
    readings: await Promise.all(ids.map((id) => readingsOf(database, id))),
    rollups: await Promise.all(ids.map((id) => rollupsOf(database, id))),
    gaps: await Promise.all(ids.map((id) => seriesGaps.within(database, id, range))),
    condition: condition === undefined ? null : [condition.condition, state?.condition],
    count: count === undefined ? null : [count.units, count.weightGrams, count.observedAt, shelf?.count],
  };
}

async function readingsOf(database: Database, seriesId: number): Promise<readonly unknown[]> {
  const { rows } = await sql<object>`select observed_at, sequence, number from reading
    where series_id = ${seriesId} order by observed_at, sequence`.execute(tablesOf(database));
  return rows;
}

/** Minutes, hours and days, the open minute too. */
async function rollupsOf(database: Database, seriesId: number): Promise<readonly unknown[]> {
  const { rows } = await sql<object>`
    select 60000 as span_ms, begins_at, sum(count)::int8 as count, min(min) as min, max(max) as max, sum(sum) as sum,
      (array_agg(last order by last_at desc))[1] as last, max(last_at) as last_at
    from rollup_minute where series_id = ${seriesId} group by begins_at
    union all
    select span_ms, begins_at, count, min, max, sum, last, last_at from rollup
    where series_id = ${seriesId} and span_ms <> 60000
    order by 1, 2`.execute(tablesOf(database));
  return rows;
}

function expectedGaps(sent: readonly Sent[]) {
  return keys.map((key) => {
    const times = sent.filter((one) => one.key === key).map(({ at }) => shopStartAt + at);
    return gapsOf(times, { expectedIntervalMs });
  });
}

/** The first of the expected things that is not what was found. */
function differenceOf(expected: object, found: object): string | undefined {
  const others = new Map(Object.entries(found));
  for (const [name, value] of Object.entries(expected)) {
    const other: unknown = others.get(name);
    if (!isDeepStrictEqual(plain(value), plain(other)))
      return `${name} should be ${JSON.stringify(value)}, not ${JSON.stringify(other)}`;
  }
  return undefined;
}

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
