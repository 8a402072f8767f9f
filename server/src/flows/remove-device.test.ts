import type { Point } from "@waremind/contract";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestDatabase } from "../../../tests/support/database.ts";
import { wholeProfile } from "../../../tests/support/profile.ts";
import { createDevices, type Device, type Devices } from "../devices/index.ts";
import { createGuard } from "../guard/index.ts";
import { createBus } from "../platform/bus.ts";
import { manualClock } from "../platform/clock.ts";
import { type Database, tablesOf } from "../platform/database.ts";
import { silentLog } from "../platform/log.ts";
import { createTelemetry, type Telemetry } from "../telemetry/index.ts";
import type { IntakeFollower, IntakeSink } from "./intake-sink.ts";
import { removeDevice } from "./remove-device.ts";
import { createIntake } from "./take-in-readings.ts";

const clock = manualClock(1_790_000_000_000);
const profile = wholeProfile({
  ...{ id: "logger", nameEn: "Logger", nameZh: "记录仪", expectedIntervalSeconds: 60 },
  keys: [{ key: "temperature", type: "number", unit: "Cel", min: -60, max: 90, decimals: 1 }],
});

let database: Database;
let devices: Devices;
let telemetry: Telemetry;
beforeAll(async () => {
  database = await openTestDatabase();
  devices = createDevices({ database, clock });
  telemetry = createTelemetry({ database, clock });
  await database.transaction((connection) => devices.createProfile(connection, profile));
});
afterAll(() => database.close());

const roundsMax = 30;
const fleet = 4;
/** Long enough for the other side to come to where it waits. */
const settleMs = 150;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function addDevice(name: string): Promise<Device> {
  return database.transaction((connection) =>
    devices.createDevice(connection, { name, label: "", profileId: "logger" }),
  );
}

/** Once only: what would be tried again is an error here. */
function remove(device: Device): Promise<void> {
  const guard = createGuard({ database, clock, signingSecret: "a".repeat(43) });
  const by = { kind: "system", name: "test" } as const;
  return removeDevice(
    {
      ...{ database, devices, telemetry, guard, deviceHub: { close: () => undefined } },
      seriesRemoval: { noted: () => Promise.resolve() },
    },
    device,
    by,
  );
}

function intakeWith(...followers: IntakeFollower[]): IntakeSink {
  return createIntake({ database, devices, telemetry, followers, bus: createBus(), clock, log: silentLog });
}

/** Resolves when it is stored, or cannot be because its device is gone. */
function send(intake: IntakeSink, device: Device, values: readonly (number | string)[]): Promise<void> {
  const points = values.map(
    (value): Point => ({
      key: "temperature",
      value: typeof value === "number" ? { type: "number", number: value } : { type: "text", text: value },
      observedAt: undefined,
    }),
  );
  const message = { identity: { device, profile }, transport: "mqtt" as const, points };
  return new Promise((resolve) =>
    intake.take(
      { ...message, receivedAt: clock.now(), payload: Buffer.from("{}") },
      { stored: resolve, notStored: () => resolve() },
    ),
  );
}

/** One alarm of each device ends and another begins, as the rules of a profile do it. */
const warmOrCold: IntakeFollower["follow"] = async (connection, readings) => {
  for (const { seriesId, value } of readings) {
    const series = await telemetry.seriesById(seriesId, connection);
    const device = series === null ? null : { id: series.deviceId, name: String(series.deviceId) };
    if (device === null || value.type !== "number") continue;
    const [now, before] = value.number > 0 ? ["warm", "cold"] : ["cold", "warm"];
    await telemetry.endAlarm(connection, { ...alarmOf(device, before), endedAt: 2 });
    await telemetry.raiseAlarm(connection, raised(device, now));
  }
  return [];
};

async function deadlocks(): Promise<number> {
  // Each connection tells what it counted when it is idle for a second, or closes.
  const { rows } = await sql<{ deadlocks: number }>`
    select deadlocks::int4 from pg_stat_database where datname = current_database()`.execute(
    tablesOf(database),
  );
  return rows[0]?.deadlocks ?? 0;
}

const alarmOf = (device: Pick<Device, "id">, ruleId: string) => ({
  ...{ kind: "rule" as const, subjectKind: "device" as const, subjectId: String(device.id), ruleId },
});
const raised = (device: Pick<Device, "id" | "name">, ruleId: string) => ({
  ...{
    ...alarmOf(device, ruleId),
    severity: "warning" as const,
    subjectLabel: device.name,
    deviceId: device.id,
  },
  ...{ seriesId: null, beganAt: 1, value: null, unit: null, messageEn: "a", messageZh: "a" },
});

test("deleting waits for an intake that holds the device's last sign of life and then raises an alarm", async () => {
  const device = await addDevice("heard-then-alarmed");
  const begun = Promise.withResolvers<void>();
  const removal = begun.promise.then(() => remove(device));
  const intake = intakeWith({
    follow: async (connection) => {
      begun.resolve();
      await pause(settleMs);
      await telemetry.raiseAlarm(connection, raised(device, "late"));
      return [];
    },
  });
  const [, removed] = await Promise.allSettled([send(intake, device, [5]), removal]);
  expect(removed).toEqual({ status: "fulfilled", value: undefined });
  await intake.stop();
});

test("deleting waits for an intake that ends one alarm and then raises another", async () => {
  const device = await addDevice("ended-then-alarmed");
  await database.transaction((connection) => telemetry.raiseAlarm(connection, raised(device, "first")));
  await database.transaction((connection) => devices.markHeard(connection, [device.id], clock.now()));
  const begun = Promise.withResolvers<void>();
  const removal = begun.promise.then(() => remove(device));
  const intake = database.transaction(async (connection) => {
    await telemetry.endAlarm(connection, { ...alarmOf(device, "first"), endedAt: 2 });
    begun.resolve();
    await pause(settleMs);
    await telemetry.raiseAlarm(connection, raised(device, "second"));
  });
  const both = await Promise.allSettled([intake, removal]);
  expect(both.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled"]);
});

test("deleting and marking who is connected never wait for each other", async () => {
  for (let round = 0; round < roundsMax; round += 1) {
    const device = await addDevice(`connected-${round}`);
    const mark = (isConnected: boolean) =>
      devices.markConnections([
        { deviceId: device.id, isConnected, transport: "mqtt", reason: "", address: "", at: clock.now() },
      ]);
    await Promise.all([mark(true), remove(device), mark(false)]);
  }
});

test("devices may be deleted while their readings, alarms and comings and goings are written", async () => {
  const before = await deadlocks();
  const intake = intakeWith({ follow: warmOrCold });
  for (let round = 0; round < roundsMax; round += 1) {
    const made = await Promise.all(
      Array.from({ length: fleet }, (_, index) => addDevice(`device-${round}-${index}`)),
    );
    const sendAll = (values: readonly (number | string)[]) => {
      clock.advance(1_000);
      return made.map((device) => send(intake, device, values));
    };
    await Promise.all(sendAll([20]));
    // One alarm ends and another begins, a text is quarantined, and everybody is heard.
    const stored = [...sendAll([-5, "?"]), ...sendAll([20]), ...sendAll([-5])];
    await pause(round % 10);
    const change = {
      isConnected: true,
      transport: "mqtt",
      reason: "",
      address: "",
      at: clock.now(),
    } as const;
    const marked = devices.markConnections(made.map(({ id }) => ({ ...change, deviceId: id })));
    await Promise.all([...made.map(remove), marked, ...stored]);
  }
  await intake.stop();
  expect(await deadlocks()).toBe(before);
});
