import { ruleSchema } from "@waremind/contract";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestDatabase } from "../../../tests/support/database.ts";
import { wholeProfile } from "../../../tests/support/profile.ts";
import { createCatalog } from "../catalog/index.ts";
import { createDevices } from "../devices/index.ts";
import { createBus } from "../platform/bus.ts";
import { manualClock } from "../platform/clock.ts";
import type { Database } from "../platform/database.ts";
import { silentLog } from "../platform/log.ts";
import { createShipments } from "../shipments/index.ts";
import { createTelemetry, type Telemetry } from "../telemetry/index.ts";
import { createAlarmRules } from "./alarm-rules.ts";
import { createIntake } from "./take-in-readings.ts";
import { createRuleTimeWatch } from "./watch-rule-time.ts";
import { createSilenceWatch } from "./watch-silence.ts";

const startAt = 1_790_000_000_000;
const minuteMs = 60_000;
const clock = manualClock(startAt);
const silent = ruleSchema.parse({
  ...{ kind: "absence", id: "silent", key: null, intervals: 3, severity: "warning" },
  name: { en: "Silent", zh: "失联" },
});
const key = { key: "t", type: "number", unit: "Cel", min: null, max: null, decimals: null } as const;
const parts = { nameEn: "P", nameZh: "P", expectedIntervalSeconds: 60, keys: [key] };
const told = wholeProfile({ ...parts, id: "told", alarmRules: [silent] });
const plain = wholeProfile({ ...parts, id: "plain" });

let database: Database;
let telemetry: Telemetry;
let devices: ReturnType<typeof createDevices>;
let check: () => Promise<void>;
let hear: (name: string) => Promise<void>;
beforeAll(async () => {
  database = await openTestDatabase();
  telemetry = createTelemetry({ database, clock });
  devices = createDevices({ database, clock });
  await database.transaction(async (connection) => {
    await devices.createProfile(connection, told);
    await devices.createProfile(connection, plain);
    const gateway = await devices.createDevice(connection, {
      name: "gate",
      label: "",
      profileId: "plain",
      isGateway: true,
    });
    const one = { label: "", gatewayId: gateway.id };
    for (const [name, profileId] of [
      ["child-told", "told"],
      ["child-plain", "plain"],
    ] as const) {
      await devices.createDevice(connection, { ...one, name, profileId });
      await devices.updateDevice(connection, name, { gatewayId: gateway.id });
    }
    await devices.createDevice(connection, { name: "alone", label: "", profileId: "told" });
  });
  const shared = { database, devices, telemetry, clock, bus: createBus(), log: silentLog };
  const intake = createIntake({ ...shared, followers: [createAlarmRules(shared)] });
  const shipments = createShipments({ database, clock });
  const builtIn = createSilenceWatch({ ...shared, shipments, catalog: createCatalog({ database }) });
  const rules = createRuleTimeWatch(shared);
  check = async () => {
    await builtIn.check();
    await rules.check();
  };
  hear = async (name) => {
    const device = await devices.findDevice(name);
    if (device === null) throw new Error(`There is no ${name}.`);
    const profile = device.profileId === "told" ? told : plain;
    const points = [{ key: "t", observedAt: clock.now(), value: { type: "number" as const, number: 1 } }];
    const payload = Buffer.from("{}");
    await intake.append({
      identity: { device, profile },
      transport: "gateway",
      points,
      receivedAt: clock.now(),
      payload,
    });
  };
});
afterAll(() => database.close());

async function open() {
  const all = await telemetry.alarms({ onlyOpen: true, limit: 99 });
  return all
    .map(({ deviceName, kind, cause, beganAt, suppressedCount }) => [
      ...[deviceName, kind, cause, (beganAt - startAt) / minuteMs, suppressedCount],
    ])
    .sort();
}

async function gate(isConnected: boolean): Promise<void> {
  const device = await devices.findDevice("gate");
  if (device === null) return;
  await (isConnected
    ? devices.markConnected(device.id, "mqtt")
    : devices.markDisconnected(device.id, "timeout"));
}

test("a dead gateway raises one alarm for all behind it; who stays silent after it came back raises an own one", async () => {
  await gate(true);
  await check();
  for (const name of ["child-told", "child-plain", "alone"]) await hear(name);
  clock.advance(minuteMs);
  await gate(false);
  clock.advance(4 * minuteMs);
  await check();
  expect(await open()).toEqual([
    ["alone", "rule", "silent", 0, 0],
    ["gate", "absence", "gateway-down", 1, 2],
  ]);
  await check();
  expect(await open()).toHaveLength(2);
  const alarm = (await telemetry.alarms({ onlyOpen: true, limit: 9 })).find(({ kind }) => kind === "absence");
  const suppressed = await telemetry.suppressedBy(alarm?.id ?? "");
  expect(suppressed.map(({ deviceName }) => deviceName)).toEqual(["child-plain", "child-told"]);

  await gate(true);
  await hear("child-plain");
  await check();
  expect(await open()).toEqual([["alone", "rule", "silent", 0, 0]]);
  // A silence for which the gateway's alarm spoke raises none of its own when it ends.
  clock.advance(2 * minuteMs);
  await hear("child-plain");
  clock.advance(2 * minuteMs);
  await hear("child-plain");
  await hear("alone");
  await check();
  expect(await open()).toEqual([["child-told", "rule", "silent", 0, 0]]);
});
