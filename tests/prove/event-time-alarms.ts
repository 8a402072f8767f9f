// Alarms are a function of the set of readings: whatever the order of arrival, the redeliveries, the restarts and the
// transactions that fail, each of the six kinds of rules gives the alarms that the readings give in order.
import { type AlarmRule, type JsonValue, ruleSchema } from "@waremind/contract";
import fc from "fast-check";
import {
  compileRule,
  type RuleEvent,
  type RuleSpan,
  spansOf,
} from "../../server/src/decisions/rules/index.ts";
import { createDevices, type Device, type Profile } from "../../server/src/devices/index.ts";
import { createAlarmRules } from "../../server/src/flows/alarm-rules.ts";
import { isTimed, rulesOf } from "../../server/src/flows/device-rules.ts";
import type { IntakeFollower, IntakeSink } from "../../server/src/flows/intake-sink.ts";
import { examineRule } from "../../server/src/flows/rule-time.ts";
import { createIntake } from "../../server/src/flows/take-in-readings.ts";
import { createBus } from "../../server/src/platform/bus.ts";
import { manualClock } from "../../server/src/platform/clock.ts";
import type { Database } from "../../server/src/platform/database.ts";
import { silentLog } from "../../server/src/platform/log.ts";
import { createTelemetry, type Telemetry } from "../../server/src/telemetry/index.ts";
import { openEmbeddedForTest, openPostgresqlForTest } from "../support/database.ts";
import { wholeProfile } from "../support/profile.ts";
import type { Suite, SuiteContext, SuiteOutcome } from "./suite.ts";

const begin = Date.UTC(2026, 2, 2);
const secondMs = 1_000;
const now = begin + 30 * 86_400_000;
const sizes = {
  everyDay: { embedded: 250, postgresql: 750 },
  full: { embedded: 1_000, postgresql: 9_000 },
} as const;
const readingsMax = 40;
/** So that states that are stored come into every case. */
const storedEveryMoments = 4;
const failuresShown = 5;

const name = { en: "Rule", zh: "规则" };
const severity = "warning";

/** Of each kind some, with every setting that looks back: duration, hysteresis, ignoring, clearing, a schedule. */
const rules: readonly AlarmRule[] = [
  { kind: "threshold", id: "warm", key: "t", above: 8, below: null, forSeconds: 0 },
  {
    kind: "threshold",
    id: "long",
    key: "t",
    above: 6,
    below: 2,
    clearAbove: 5,
    clearBelow: 3,
    forSeconds: 120,
  },
  { kind: "threshold", id: "calm", key: "t", above: 5, below: null, forSeconds: 0, clearAfterSeconds: 90 },
  {
    ...{ kind: "threshold", id: "later", key: "t", above: 5, below: null, forSeconds: 0 },
    ...{ ignoreSeconds: 200, ignoreAfter: ["start", "silence", "end"] },
  },
  {
    ...{ kind: "threshold", id: "by-day", key: "t", above: 7, below: null, forSeconds: 0 },
    schedule: [{ timeZone: "Asia/Shanghai", days: [1, 2], fromMinute: 480, toMinute: 490 }],
  },
  {
    kind: "rate-of-change",
    id: "rate",
    key: "t",
    perHour: 120,
    direction: "either",
    overSeconds: 90,
    forSeconds: 0,
  },
  { kind: "absence", id: "silent", key: null, intervals: 3 },
  { kind: "absence", id: "silent-t", key: "t", intervals: 4, clearAfterSeconds: 60 },
  {
    ...{ kind: "geofence", id: "out", latitudeKey: "lat", longitudeKey: "lon", on: "leave", forSeconds: 60 },
    fence: { shape: "circle", centre: [121.5, 31.2], radiusMetres: 50_000 },
  },
  {
    ...{ kind: "count-in-window", id: "doors", key: "open", count: 3, windowSeconds: 300 },
    condition: { is: "equals", value: true },
  },
  { kind: "expression", id: "both", expression: "t > 5.0 && open", forSeconds: 30 },
].map((rule) => ruleSchema.parse({ ...rule, name, severity }));

const profile: Profile = wholeProfile({
  ...{
    id: "event-time",
    nameEn: "Event time",
    nameZh: "事件时间",
    expectedIntervalSeconds: 60,
    alarmRules: rules,
  },
  keys: [
    { key: "t", type: "number", unit: "Cel", min: null, max: null, decimals: null },
    { key: "lat", type: "number", unit: "deg", min: null, max: null, decimals: null },
    { key: "lon", type: "number", unit: "deg", min: null, max: null, decimals: null },
    { key: "open", type: "boolean", unit: null, min: null, max: null, decimals: null },
  ],
});

interface Shop {
  readonly database: Database;
  readonly telemetry: Telemetry;
  readonly devices: ReturnType<typeof createDevices>;
  readonly clock: ReturnType<typeof manualClock>;
}

interface Arrival {
  /** Places of readings, in the order of arrival, some twice. */
  readonly batches: readonly (readonly number[])[];
  /** After which batches the process starts anew, and which fail once. */
  readonly restarts: ReadonlySet<number>;
  readonly failures: ReadonlySet<number>;
}

interface Case {
  readonly events: readonly RuleEvent[];
  readonly arrival: Arrival;
}

export const eventTimeAlarms: Suite = {
  name: "event-time-alarms",
  title: { en: "Alarms in the time of the readings", zh: "按事件时间的警报" },
  bar: "any arrival order and any redelivery gives the alarms of in-order arrival, for all six kinds of rules",
  run: proveAlarms,
};

/** For another suite to call; on each store its share of the cases. */
export async function proveAlarms(context: SuiteContext): Promise<SuiteOutcome> {
  const size = context.isFull ? sizes.full : sizes.everyDay;
  const { postgresqlUrl } = context;
  const embedded = await proveOn("embedded", await openEmbeddedForTest(), {
    context,
    count: postgresqlUrl === undefined ? size.embedded + size.postgresql : size.embedded,
  });
  const other =
    postgresqlUrl === undefined
      ? nothing
      : await proveOn("PostgreSQL", await openPostgresqlForTest(postgresqlUrl), {
          context,
          count: size.postgresql,
        });
  const cases = embedded.cases + other.cases;
  const failures = [...embedded.failures, ...other.failures];
  return {
    passed: cases - failures.length,
    failed: failures.length,
    skipped: 0,
    figure: `${cases} sets of readings in any order, ${embedded.alarms + other.alarms} alarms of ${rules.length} rules alike`,
    failures: failures.slice(0, failuresShown),
  };
}

interface Share {
  readonly cases: number;
  readonly alarms: number;
  readonly failures: readonly string[];
}

const nothing: Share = { cases: 0, alarms: 0, failures: [] };

async function proveOn(
  store: string,
  database: Database,
  { context, count }: { readonly context: SuiteContext; readonly count: number },
): Promise<Share> {
  const clock = manualClock(now);
  const shop: Shop = {
    ...{ database, clock, telemetry: createTelemetry({ database, clock }) },
    devices: createDevices({ database, clock }),
  };
  const failures: string[] = [];
  let alarms = 0;
  let cases = 0;
  try {
    await database.transaction((connection) => shop.devices.createProfile(connection, profile));
    for (const one of fc.sample(anyCase, { numRuns: count, seed: context.seed })) {
      if (context.signal.aborted) break;
      const { problem, found } = await proveCase(shop, one, `device-${cases}`);
      cases += 1;
      alarms += found;
      if (problem !== undefined) failures.push(`${store}, case ${cases} of seed ${context.seed}: ${problem}`);
      if (cases % 100 === 0) context.log(`${store}: ${cases} of ${count}, ${failures.length} failed`);
    }
  } finally {
    await database.close();
  }
  return { cases, alarms, failures };
}

async function proveCase(shop: Shop, { events, arrival }: Case, deviceName: string) {
  const device = await shop.database.transaction((connection) =>
    shop.devices.createDevice(connection, { name: deviceName, label: "", profileId: profile.id }),
  );
  await deliver(shop, device, { events, arrival });
  await letTimePass(shop, device);
  const expected = expectedAlarms(events);
  const found = await alarmsOf(shop.telemetry, device);
  const isSame = JSON.stringify(found) === JSON.stringify(expected);
  const problem = isSame
    ? undefined
    : `expected ${JSON.stringify(expected)}, found ${JSON.stringify(found)} after ${JSON.stringify({ events, batches: arrival.batches, restarts: [...arrival.restarts], failures: [...arrival.failures] })}`;
  return { problem, found: found.length };
}

/** Rule, beginning and end, as the pure fold of all readings in order says. */
function expectedAlarms(events: readonly RuleEvent[]): JsonValue[] {
  return sorted(
    rules.flatMap((rule) => {
      const result = compileRule(rule, profile);
      if (!result.ok) throw new Error(`${rule.id}: ${result.problem.en}`);
      return spansOf(result.compiled, events, { since: null, until: now }).map((span) =>
        rowOf(rule.id, span),
      );
    }),
  );
}

/** As the recurring look at silences and counts does it. */
async function letTimePass({ database, telemetry }: Shop, { id, name: deviceName }: Device): Promise<void> {
  const all = await telemetry.seriesOfDevices([id]);
  const device = { deviceId: id, deviceName, series: new Map(all.map((one) => [one.id, one])) };
  for (const rule of rulesOf(profile, []).filter(({ compiled }) => isTimed(compiled))) {
    await database.transaction((connection) =>
      examineRule({ history: telemetry.ruleHistory, connection }, { device, rule }, { until: now }),
    );
  }
}

async function alarmsOf(telemetry: Telemetry, { id }: Device): Promise<JsonValue[]> {
  const all = await telemetry.alarms({ subjectKind: "device", subjectId: String(id), limit: 1_000 });
  return sorted(
    all.filter(({ withdrawnAt }) => withdrawnAt === null).map((alarm) => rowOf(alarm.ruleId, alarm)),
  );
}

/** Seconds since the beginning; what is furthest beyond is only known at the end. */
function rowOf(
  ruleId: string,
  span: Omit<RuleSpan, "raisedAt"> & { readonly raisedAt: number | null },
): JsonValue {
  const seconds = (at: number | null) => (at === null ? null : (at - begin) / secondMs);
  const { beganAt, raisedAt, endedAt, value, peak } = span;
  const end = endedAt === null ? [null] : [seconds(endedAt), peak];
  return [ruleId, seconds(beganAt), seconds(raisedAt), value, ...end];
}

const sorted = (rows: JsonValue[]): JsonValue[] =>
  rows.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));

async function deliver(shop: Shop, device: Device, { events, arrival }: Case): Promise<void> {
  let failuresLeft = 0;
  const failing: IntakeFollower = {
    follow: async () => {
      failuresLeft -= 1;
      if (failuresLeft >= 0) throw Object.assign(new Error("deadlock"), { code: "40P01" });
      return [];
    },
  };
  let intake = openIntake(shop, failing);
  for (const [index, batch] of arrival.batches.entries()) {
    if (arrival.failures.has(index)) failuresLeft = 1;
    await send(
      intake,
      device,
      batch.flatMap((place) => events[place] ?? []),
    );
    if (!arrival.restarts.has(index)) continue;
    await intake.stop();
    intake = openIntake(shop, failing);
  }
  await intake.stop();
}

function openIntake({ database, devices, telemetry, clock }: Shop, failing: IntakeFollower): IntakeSink {
  const followers = [createAlarmRules({ telemetry, devices, storedEveryMoments }), failing];
  return createIntake({ database, devices, telemetry, followers, bus: createBus(), clock, log: silentLog });
}

async function send(intake: IntakeSink, device: Device, events: readonly RuleEvent[]): Promise<void> {
  const points = events.map(({ at, key, value }) => ({
    ...{ key, observedAt: at },
    value:
      typeof value === "boolean"
        ? ({ type: "boolean", boolean: value } as const)
        : ({ type: "number", number: Number(value) } as const),
  }));
  const payload = Buffer.from("{}");
  await intake.append({ identity: { device, profile }, transport: "mqtt", points, receivedAt: now, payload });
}

const anyEvent: fc.Arbitrary<readonly RuleEvent[]> = fc
  .tuple(
    fc.nat({ max: 90 }),
    fc.oneof(
      { weight: 5, arbitrary: fc.nat({ max: 12 }).map((value) => ({ t: value })) },
      { weight: 1, arbitrary: fc.constantFrom({ lat: 31.2, lon: 121.5 }, { lat: 39.9, lon: 116.4 }) },
      { weight: 2, arbitrary: fc.boolean().map((value) => ({ open: value })) },
    ),
  )
  .map(([step, values]) =>
    Object.entries<number | boolean>({ ...values }).map(([key, value]) => ({ at: step * 10, key, value })),
  );

const anyCase: fc.Arbitrary<Case> = fc
  .array(anyEvent, { minLength: 3, maxLength: readingsMax })
  .map((all) => all.flat().map((event) => ({ ...event, at: begin + event.at * secondMs })))
  .chain((events) =>
    fc
      .tuple(
        fc.shuffledSubarray(
          events.map((_, place) => place),
          { minLength: events.length, maxLength: events.length },
        ),
        fc.array(fc.nat({ max: events.length - 1 }), { maxLength: 10 }),
        fc.array(fc.integer({ min: 1, max: 6 }), { minLength: events.length, maxLength: events.length }),
        fc.boolean(),
        fc.tuple(
          fc.array(fc.nat({ max: 20 }), { maxLength: 3 }),
          fc.array(fc.nat({ max: 20 }), { maxLength: 3 }),
        ),
      )
      .map(([shuffled, again, lengths, isNearlyInOrder, [restarts, failures]]) => {
        const order = isNearlyInOrder ? nearlyInOrder(events, shuffled) : shuffled;
        const batches = cut([...order, ...again], lengths);
        return { events, arrival: { batches, restarts: new Set(restarts), failures: new Set(failures) } };
      }),
  );

/** In the order of time, but for every fourth, which comes at the end. */
function nearlyInOrder(events: readonly RuleEvent[], places: readonly number[]): number[] {
  const inOrder = places.toSorted((a, b) => (events[a]?.at ?? 0) - (events[b]?.at ?? 0));
  const isLate = (index: number) => index % 4 === 3;
  return [...inOrder.filter((_, index) => !isLate(index)), ...inOrder.filter((_, index) => isLate(index))];
}

function cut(places: readonly number[], lengths: readonly number[]): number[][] {
  const batches: number[][] = [];
  let from = 0;
  for (const length of [...lengths, places.length]) {
    if (from < places.length) batches.push(places.slice(from, from + length));
    from += length;
  }
  return batches;
}
