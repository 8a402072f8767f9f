import type { Point } from "@waremind/contract";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestDatabase } from "../../../tests/support/database.ts";
import { wholeProfile } from "../../../tests/support/profile.ts";
import { createDevices, type Device } from "../devices/index.ts";
import { createBus } from "../platform/bus.ts";
import { manualClock } from "../platform/clock.ts";
import type { Database } from "../platform/database.ts";
import { silentLog } from "../platform/log.ts";
import { createTelemetry, type Telemetry } from "../telemetry/index.ts";
import type { IntakeSink } from "./intake-sink.ts";
import { createIntake } from "./take-in-readings.ts";

const startAt = 1_790_000_000_000;
const clock = manualClock(startAt);
const key = { key: "t", type: "number", unit: "Cel", min: -40, max: 60, decimals: 1 } as const;
const profileSending = (sentUnit: string | undefined) =>
  wholeProfile({
    ...{ id: "logger", nameEn: "Logger", nameZh: "记录仪", expectedIntervalSeconds: 60 },
    keys: [{ ...key, acceptsText: true, sentUnit }],
  });
const fahrenheit = profileSending("[degF]");

let database: Database;
let telemetry: Telemetry;
let devices: ReturnType<typeof createDevices>;
let intake: IntakeSink;
let made = 0;
beforeAll(async () => {
  database = await openTestDatabase();
  devices = createDevices({ database, clock });
  telemetry = createTelemetry({ database, clock });
  await database.transaction((connection) => devices.createProfile(connection, fahrenheit));
  intake = createIntake({
    ...{ database, devices, telemetry, followers: [], bus: createBus(), clock, log: silentLog },
  });
});
afterAll(() => database.close());

async function aDevice(): Promise<Device> {
  made += 1;
  return database.transaction((connection) =>
    devices.createDevice(connection, { name: `logger-${made}`, label: "", profileId: "logger" }),
  );
}

async function send(device: Device, profile: typeof fahrenheit, values: readonly Point["value"][]) {
  const points = values.map((value, index): Point => ({ key: "t", value, observedAt: startAt + index }));
  const message = { identity: { device, profile }, transport: "mqtt", points, receivedAt: startAt } as const;
  await intake.append({ ...message, payload: new Uint8Array() });
}

async function storedOf(device: Device) {
  const series = await telemetry.findSeries(device.id, "t");
  const found = await telemetry.range(database, series?.id ?? 0, { from: 0, to: startAt * 2, limit: 100 });
  return { unit: series?.unit, values: found.map(({ value }) => value) };
}

const number = (value: number) => ({ type: "number", number: value }) as const;

test("numbers are converted to the unit of their series, those in quotes too", async () => {
  const device = await aDevice();
  await send(device, fahrenheit, [number(32), { type: "text", text: "39.2" }]);
  expect(await storedOf(device)).toEqual({ unit: "Cel", values: [number(0), number(4)] });
});

test("digits that were sent are not kept beside a number that was converted", async () => {
  const device = await aDevice();
  await send(device, fahrenheit, [{ type: "number", number: 50, literal: "50.000000000000000001" }]);
  expect((await storedOf(device)).values).toEqual([number(10)]);
});

test("the range holds for what was converted", async () => {
  const device = await aDevice();
  await send(device, fahrenheit, [number(100), number(141)]);
  expect((await storedOf(device)).values).toEqual([number(37.7777777778)]);
  expect(await telemetry.quarantinedOf(device.id, 10)).toMatchObject([{ reason: "out-of-range" }]);
});

test("a profile that changes converts from then on", async () => {
  const device = await aDevice();
  await send(device, profileSending(undefined), [number(5)]);
  await send(device, profileSending("K"), [number(5), number(278.15)]);
  expect((await storedOf(device)).values).toEqual([number(5), number(5)]);
});

test("what cannot be converted is quarantined with the reason", async () => {
  const device = await aDevice();
  await send(device, profileSending("kg"), [number(5)]);
  expect((await storedOf(device)).values).toEqual([]);
  expect(await telemetry.quarantinedOf(device.id, 10)).toMatchObject([
    { reason: "unit-not-convertible", detail: expect.stringContaining("measure different things") },
  ]);
});
