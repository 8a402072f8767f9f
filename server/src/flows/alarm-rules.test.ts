import { type LiveEvent, type Point, type ThresholdRule, thresholdRuleSchema } from "@waremind/contract";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { openTestDatabase } from "../../../tests/support/database.ts";
import { wholeProfile } from "../../../tests/support/profile.ts";
import { createDevices, type DeviceIdentity } from "../devices/index.ts";
import { createBus } from "../platform/bus.ts";
import { manualClock } from "../platform/clock.ts";
import type { Database } from "../platform/database.ts";
import { silentLog } from "../platform/log.ts";
import { createTelemetry, type Telemetry } from "../telemetry/index.ts";
import { createAlarmRules } from "./alarm-rules.ts";
import type { IntakeFollower, IntakeSink } from "./intake-sink.ts";
import { createIntake } from "./take-in-readings.ts";

const startAt = 1_790_000_000_000;
const clock = manualClock(startAt + 10 * 3_600_000);
const secondMs = 1_000;

const rule = (id: string, changes: Partial<ThresholdRule>): ThresholdRule =>
  thresholdRuleSchema.parse({
    ...{ id, kind: "threshold", key: "temperature", above: null, below: null, severity: "warning" },
    name: { en: "Too warm", zh: "温度过高" },
    ...changes,
  });
const warm = rule("warm", { above: 8 });
const warmForLong = rule("warm-for-long", { above: 8, forSeconds: 600, severity: "critical" });
const cold = rule("cold", { below: 2, name: { en: "Too cold", zh: "温度过低" } });

let database: Database;
let telemetry: Telemetry;
let devices: ReturnType<typeof createDevices>;
let device: DeviceIdentity["device"];
let intake: IntakeSink;
let events: LiveEvent[];
let made = 0;
beforeAll(async () => {
  database = await openTestDatabase();
  devices = createDevices({ database, clock });
  telemetry = createTelemetry({ database, clock });
  await database.transaction((connection) => devices.createProfile(connection, profileWith([])));
});
beforeEach(async () => {
  made += 1;
  device = await database.transaction((connection) =>
    devices.createDevice(connection, { name: `logger-${made}`, label: "", profileId: "logger" }),
  );
  events = [];
  intake = anIntake();
});
afterAll(() => database.close());

function profileWith(alarmRules: readonly ThresholdRule[]) {
  return wholeProfile({
    id: "logger",
    nameEn: "Logger",
    nameZh: "记录仪",
    keys: [{ key: "temperature", type: "number", unit: "Cel", min: -60, max: 90, decimals: 1 }],
    expectedIntervalSeconds: 60,
    alarmRules,
  });
}

function anIntake(others: readonly IntakeFollower[] = []): IntakeSink {
  const bus = createBus();
  bus.subscribe((event) => events.push(event));
  const followers = [createAlarmRules({ telemetry }), ...others];
  return createIntake({ database, devices, telemetry, followers, bus, clock, log: silentLog });
}

/** One message of temperatures `[second, value]`. */
async function send(
  rules: readonly ThresholdRule[],
  readings: readonly (readonly [number, number])[],
  to = intake,
): Promise<void> {
  const points = readings.map(([second, value]): Point => {
    return {
      key: "temperature",
      value: { type: "number", number: value },
      observedAt: startAt + second * secondMs,
    };
  });
  const identity = { device, profile: profileWith(rules) };
  const payload = Buffer.from("{}");
  await to.append({ identity, transport: "mqtt", points, receivedAt: clock.now(), payload });
}

/** Oldest first: since which second, until which, and how warm it was. */
async function alarms(): Promise<unknown[]> {
  const all = await telemetry.alarms({ subjectKind: "device", subjectId: String(device.id), limit: 99 });
  return all
    .map((alarm) => [
      (alarm.beganAt - startAt) / secondMs,
      alarm.endedAt === null ? null : (alarm.endedAt - startAt) / secondMs,
      alarm.value,
      alarm.severity,
    ])
    .reverse();
}

test("a value beyond its limit raises one alarm, and back inside ends it; each side has its own", async () => {
  const rules = [warm, cold];
  await send(rules, [[0, 5]]);
  await send(rules, [[10, 8]]);
  expect(await alarms()).toEqual([]);
  await send(rules, [[20, 8.1]]);
  await send(rules, [[30, 9]]);
  expect(await alarms()).toEqual([[20, null, 8.1, "warning"]]);
  await send(rules, [[40, 1]]);
  expect(await alarms()).toEqual([
    [20, 40, 8.1, "warning"],
    [40, null, 1, "warning"],
  ]);
  await intake.stop();
  expect(events.filter((event) => event.kind === "alarm-changed")).toHaveLength(3);
});

test("the sentence names the device, the key, the value, the limit and how long, in both languages", async () => {
  await send(
    [warmForLong],
    [
      [0, 9],
      [700, 9.5],
    ],
  );
  const [alarm] = await telemetry.alarms({ subjectId: String(device.id), limit: 1 });
  expect(alarm).toMatchObject({ kind: "rule", deviceName: device.name, unit: "Cel" });
  expect(alarm?.message).toEqual({
    en: `Too warm: temperature of ${device.name} is 9.5 °C, above its limit of 8 °C for 10 min or more.`,
    zh: `温度过高：${device.name} 的 temperature 为 9.5 °C，高于上限 8 °C，已持续 10 分钟以上。`,
  });
});

test("a rule with a duration raises only when the value stood beyond it without a break for so long", async () => {
  const rules = [warmForLong];
  await send(rules, [[0, 9]]);
  await send(rules, [
    [500, 9],
    [550, 7],
    [560, 9],
  ]);
  await send(rules, [[1_100, 9]]);
  expect(await alarms()).toEqual([]);
  await send(rules, [[1_160, 10]]);
  expect(await alarms()).toEqual([[560, null, 10, "critical"]]);
});

test("a late reading begins an alarm earlier, ends one, splits one, and withdraws what never was", async () => {
  const rules = [warm];
  await send(rules, [[100, 5]]);
  await send(rules, [[50, 20]]);
  expect(await alarms()).toEqual([[50, 100, 20, "warning"]]);
  await send(rules, [[200, 20]]);
  await send(rules, [[300, 21]]);
  await send(rules, [[250, 5]]);
  expect(await alarms()).toEqual([
    [50, 100, 20, "warning"],
    [200, 250, 20, "warning"],
    [300, null, 21, "warning"],
  ]);
  await send(rules, [[150, 9]]);
  expect((await alarms())[1]).toEqual([150, 250, 9, "warning"]);
});

test("an alarm that never was is withdrawn and kept, with who acknowledged it", async () => {
  await send([warmForLong], [[0, 9]]);
  await send([warmForLong], [[700, 9]]);
  const [raised] = await telemetry.alarms({ subjectId: String(device.id), limit: 1 });
  await telemetry.acknowledgeAlarm(raised?.id ?? "", "Mei");
  await send([warmForLong], [[400, 5]]);
  const [alarm] = await telemetry.alarms({ subjectId: String(device.id), limit: 1 });
  expect(alarm).toMatchObject({ id: raised?.id, acknowledgedBy: "Mei", withdrawnAt: clock.now() });
  expect(alarm?.endedAt).not.toBeNull();
});

test("after a restart an open alarm is not raised again, and a breach goes on from where it began", async () => {
  const rules = [warm, warmForLong];
  await send(rules, [
    [0, 9],
    [300, 9],
  ]);
  intake = anIntake();
  await send(rules, [[600, 9]]);
  expect((await alarms()).map(String).sort()).toEqual(["0,,9,critical", "0,,9,warning"]);
  intake = anIntake();
  await send(rules, [[700, 5]]);
  expect((await alarms()).map(String).sort()).toEqual(["0,700,9,critical", "0,700,9,warning"]);
});

test("after a restart a late reading changes what was raised before it", async () => {
  const rules = [warm, warmForLong];
  await send(rules, [[300, 9]]);
  intake = anIntake();
  await send(rules, [[200, 5]]);
  expect(await alarms()).toEqual([[300, null, 9, "warning"]]);
  await send(rules, [[900, 9]]);
  expect((await alarms()).map(String).sort()).toEqual(["300,,9,critical", "300,,9,warning"]);
  intake = anIntake();
  await send(rules, [[500, 5]]);
  expect((await alarms()).map(String).sort()).toContain("300,500,9,warning");
});

test("what was judged in a transaction that failed is judged again", async () => {
  const rules = [warm];
  await send(rules, [[0, 5]]);
  let failures = 1;
  const failing: IntakeFollower = {
    follow: async () => {
      failures -= 1;
      if (failures >= 0) throw Object.assign(new Error("deadlock"), { code: "40P01" });
      return [];
    },
  };
  const other = anIntake([failing]);
  await send(rules, [[10, 9]], other);
  expect(failures).toBe(-1);
  expect(await alarms()).toEqual([[10, null, 9, "warning"]]);
});

test("an alarm ends with its rule: when the profile has it no more, the next reading ends it", async () => {
  await send([warm, cold], [[0, 9]]);
  await send([cold], [[10, 9]]);
  expect(await alarms()).toEqual([[0, 10, 9, "warning"]]);
  await send([rule("warm", { above: 20 })], [[20, 9]]);
  await send([rule("warm", { above: 8.5 })], [[30, 9]]);
  expect((await alarms())[1]).toEqual([30, null, 9, "warning"]);
});

test("series without rules are of no interest once the store was asked about them", async () => {
  const follower = createAlarmRules({ telemetry });
  const [series] = await telemetry.ensureSeries([
    { deviceId: device.id, key: "temperature", valueType: "number", unit: "Cel" },
  ]);
  if (series === undefined) throw new Error("There is a series.");
  expect(follower.isInterestedIn(series.id)).toBe(false);
  follower.learn({ device, profile: profileWith([]) }, [series]);
  expect(follower.isInterestedIn(series.id)).toBe(true);
  const reading = {
    ...{ seriesId: series.id, observedAt: 1, receivedAt: 1, sequence: 0 },
    value: { type: "number", number: 1 } as const,
  };
  await database.transaction((connection) => follower.follow(connection, [reading]));
  expect(follower.isInterestedIn(series.id)).toBe(false);
  follower.learn({ device, profile: profileWith([warm]) }, [series]);
  expect(follower.isInterestedIn(series.id)).toBe(true);
});
