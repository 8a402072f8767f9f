import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { openTestDatabase } from "../../../tests/support/database.ts";
import { wholeProfile } from "../../../tests/support/profile.ts";
import { createDevices, type Device, type Devices } from "../devices/index.ts";
import { createBus } from "../platform/bus.ts";
import { manualClock } from "../platform/clock.ts";
import type { Database } from "../platform/database.ts";
import { silentLog } from "../platform/log.ts";
import { createTelemetry, type Telemetry } from "../telemetry/index.ts";
import { createFollowerAlarmEnd } from "./end-follower-alarms.ts";
import type { IntakeFollower, IntakeSink } from "./intake-sink.ts";
import { createIntake } from "./take-in-readings.ts";

const clock = manualClock(1_790_000_000_000);
const logger = wholeProfile({
  ...{ id: "logger", nameEn: "Logger", nameZh: "记录仪", expectedIntervalSeconds: 60 },
  keys: ["temperature", "humidity"].map((key) => ({
    ...{ key, type: "number" as const, unit: null, min: null, max: null, decimals: 1 },
  })),
});

let database: Database;
let devices: Devices;
let telemetry: Telemetry;
let device: Device;
let made = 0;
/** The series whose readings the follower cannot bear. */
let broken = new Set<string>();
beforeAll(async () => {
  database = await openTestDatabase();
  devices = createDevices({ database, clock });
  telemetry = createTelemetry({ database, clock });
  await database.transaction((connection) => devices.createProfile(connection, logger));
});
beforeEach(async () => {
  broken = new Set();
  device = await aDevice();
});
afterAll(() => database.close());

async function aDevice(): Promise<Device> {
  made += 1;
  return database.transaction((connection) =>
    devices.createDevice(connection, { name: `device-${made}`, label: "", profileId: "logger" }),
  );
}

function anIntake(): IntakeSink {
  const follower: IntakeFollower = {
    follow: async (connection, readings) => {
      for (const { seriesId } of readings) {
        const key = (await telemetry.seriesById(seriesId, connection))?.key ?? "";
        if (broken.has(key)) throw new Error("cannot bear it");
      }
      return [];
    },
  };
  const followers = [createFollowerAlarmEnd({ telemetry, clock }), follower];
  return createIntake({ database, devices, telemetry, followers, bus: createBus(), clock, log: silentLog });
}

async function send(intake: IntakeSink, key: string, of = device): Promise<void> {
  clock.advance(11_000);
  const points = [{ key, value: { type: "number" as const, number: 4 }, observedAt: undefined }];
  const identity = { device: of, profile: logger };
  const payload = Buffer.from("{}");
  await intake.append({ identity, transport: "mqtt", points, receivedAt: clock.now(), payload });
}

const openAlarms = (of = device) =>
  telemetry.alarms({ onlyOpen: true, subjectKind: "device", subjectId: String(of.id), limit: 10 });

/** The alarm is raised after the reading was acknowledged, so it may be a moment later. */
const alarmRaised = () => vi.waitFor(async () => expect(await openAlarms()).toHaveLength(1));

test("the alarm about what could not be worked out ends when it can be again", async () => {
  const intake = anIntake();
  broken = new Set(["temperature"]);
  await send(intake, "temperature");
  await alarmRaised();
  await send(intake, "temperature");
  await alarmRaised();
  broken = new Set();
  await send(intake, "temperature");
  expect(await openAlarms()).toEqual([]);
  const [ended] = await telemetry.alarms({ subjectKind: "device", subjectId: String(device.id), limit: 10 });
  expect(ended?.endedAt).toBe(clock.now());
});

test("it stays while the series that fails still does, whatever other series and devices report", async () => {
  const intake = anIntake();
  const other = await aDevice();
  broken = new Set(["temperature"]);
  await send(intake, "temperature");
  await alarmRaised();
  for (const one of [device, other]) await send(intake, "humidity", one);
  expect(await openAlarms()).toHaveLength(1);
  await send(intake, "temperature", other);
  await vi.waitFor(async () => expect(await openAlarms(other)).toHaveLength(1));
  broken = new Set();
  await send(intake, "temperature", other);
  expect([await openAlarms(), await openAlarms(other)]).toMatchObject([[{}], []]);
  await send(intake, "temperature");
  expect(await openAlarms()).toEqual([]);
});

test("a series that failed once and is heard no more does not keep it open for ever, nor does a restart", async () => {
  const before = anIntake();
  broken = new Set(["temperature"]);
  await send(before, "temperature");
  await alarmRaised();
  clock.advance(61 * 60_000);
  await send(before, "humidity");
  expect(await openAlarms()).toEqual([]);

  await send(before, "temperature");
  await alarmRaised();
  broken = new Set();
  await send(anIntake(), "temperature");
  expect(await openAlarms()).toEqual([]);
});
