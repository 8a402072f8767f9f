import type { Actor } from "@waremind/contract";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openTestDatabase } from "../../../tests/support/database.ts";
import { wholeProfile } from "../../../tests/support/profile.ts";
import type { DeviceIdentity } from "../devices/index.ts";
import { createDevices, type Profile } from "../devices/index.ts";
import { createGuard } from "../guard/index.ts";
import { createBus } from "../platform/bus.ts";
import { manualClock } from "../platform/clock.ts";
import type { Database } from "../platform/database.ts";
import { silentLog } from "../platform/log.ts";
import { createTelemetry, type StoredReading, type Telemetry } from "../telemetry/index.ts";
import type { IntakeFollower } from "./intake-sink.ts";
import { createQuarantineDesk, type PayloadDecoder, type QuarantineDesk } from "./quarantine-desk.ts";
import { createIntake } from "./take-in-readings.ts";

const startAt = 1_790_000_000_000;
const clock = manualClock(startAt);
const person: Extract<Actor, { kind: "person" }> = {
  kind: "person",
  userId: "usr_1",
  name: "Lin",
  roles: ["owner"],
};

const profileUpTo = (max: number): Profile =>
  wholeProfile({
    id: "logger",
    nameEn: "Logger",
    nameZh: "记录仪",
    keys: [{ key: "temperature", type: "number", unit: "Cel", min: -60, max, decimals: 1 }],
    expectedIntervalSeconds: 60,
  });

let database: Database;
let telemetry: Telemetry;
let devices: ReturnType<typeof createDevices>;
let guard: ReturnType<typeof createGuard>;
let identity: DeviceIdentity;
let profile: Profile;
let followed: StoredReading[];
let desk: QuarantineDesk;
let made = 0;

/** The JSON of one number, or of text in latin-1 where UTF-8 is not: enough to see bytes come back. */
const decode: PayloadDecoder = ({ payload }) => {
  const text = Buffer.from(payload).toString("latin1");
  if (!text.startsWith("{")) return { reason: "json-syntax", detail: "It does not begin with {." };
  const parsed = JSON.parse(text) as Record<string, number>;
  return Object.entries(parsed).map(([key, number]) => ({
    key,
    value: { type: "number", number },
    observedAt: undefined,
  }));
};

beforeAll(async () => {
  database = await openTestDatabase();
  devices = createDevices({ database, clock });
  telemetry = createTelemetry({ database, clock });
  guard = createGuard({ database, clock, signingSecret: "a secret of the tests" });
  await database.transaction((connection) => devices.createProfile(connection, profileUpTo(50)));
});
beforeEach(async () => {
  made += 1;
  const device = await database.transaction((connection) =>
    devices.createDevice(connection, { name: `device-${made}`, label: "", profileId: "logger" }),
  );
  profile = profileUpTo(50);
  identity = { device, profile };
  followed = [];
  const follower: IntakeFollower = {
    follow: async (_connection, readings) => {
      followed.push(...readings);
      return [];
    },
  };
  desk = createQuarantineDesk({
    database,
    devices: { identityOf: async () => ({ device, profile }), forget: () => undefined },
    telemetry,
    guard,
    followers: [follower],
    decode,
    bus: createBus(),
  });
});
afterAll(() => database.close());

const anIntake = () =>
  createIntake({ database, devices, telemetry, followers: [], bus: createBus(), clock, log: silentLog });

async function quarantined(payload: Buffer, points: Record<string, number>): Promise<number> {
  const intake = anIntake();
  await intake.append({
    identity,
    transport: "mqtt",
    receivedAt: startAt,
    payload,
    points: Object.entries(points).map(([key, number]) => ({
      key,
      value: { type: "number", number },
      observedAt: undefined,
    })),
  });
  await intake.stop();
  const held = await telemetry.quarantined({ deviceId: identity.device.id, state: "held", limit: 1 });
  return held.rows[0]?.id ?? 0;
}

async function valuesOf(key: string): Promise<unknown[]> {
  const series = await telemetry.findSeries(identity.device.id, key);
  const found = await telemetry.range(database, series?.id ?? 0, { from: 0, to: startAt * 2, limit: 99 });
  return found.map((reading) => [reading.value, reading.observedAt, reading.receivedAt]);
}

const hot = { temperature: 70, humidity: 40 };
const aNumber = (number: number) => ({ type: "number", number });

describe("releasing a quarantined message", () => {
  test.each([
    [
      "telemetry-limit-reached",
      "readings that a limit kept out were acknowledged, so a person can let them in",
    ],
    ["limit-reached", "anything else that a limit kept out holds no readings"],
  ])("of the reason %s: %s", async (reason) => {
    const payload = Buffer.from(JSON.stringify({ temperature: 21 }));
    const intake = anIntake();
    const about = { identity, transport: "mqtt", receivedAt: startAt, payload } as const;
    await intake.appendMalformed({ ...about, reason, detail: "The limit was reached." });
    await intake.stop();
    const held = await telemetry.quarantined({ deviceId: identity.device.id, state: "held", limit: 1 });
    const released = desk.release(held.rows[0]?.id ?? 0, person);
    if (reason === "limit-reached") await expect(released).rejects.toMatchObject({ code: "not-allowed" });
    else {
      expect(await released).toEqual({ state: "released", storedCount: 1 });
      expect(await valuesOf("temperature")).toEqual([[aNumber(21), startAt, startAt]]);
    }
  });

  test("takes in what was refused, once, with the time at which it was received, and leaves an audit entry", async () => {
    const id = await quarantined(Buffer.from(JSON.stringify(hot)), hot);
    profile = profileUpTo(90);
    clock.advance(3_600_000);
    const before = (await guard.audit({ limit: 1 })).total;
    const outcomes = await Promise.allSettled([desk.release(id, person), desk.release(id, person)]);
    expect(outcomes.map((one) => one.status).sort()).toEqual(["fulfilled", "rejected"]);
    expect(outcomes.find((one) => one.status === "fulfilled")).toMatchObject({
      value: { state: "released", storedCount: 1 },
    });
    expect(outcomes.find((one) => one.status === "rejected")).toMatchObject({ reason: { code: "conflict" } });
    expect(await valuesOf("temperature")).toEqual([[aNumber(70), startAt, startAt]]);
    expect(await valuesOf("humidity")).toEqual([[aNumber(40), startAt, startAt]]);
    expect(followed.map((reading) => reading.value)).toEqual([aNumber(70)]);
    expect(await telemetry.findQuarantined(id)).toMatchObject({
      state: "released",
      decidedAt: clock.now(),
      decidedBy: "Lin",
    });
    const audit = await guard.audit({ limit: 1 });
    expect(audit.total).toBe(before + 1);
    expect(audit.entries[0]).toMatchObject({ kind: "quarantine-released", body: { quarantineId: id } });
  });

  test("what does not fit today's profile either stays held, with the reason of today", async () => {
    const id = await quarantined(Buffer.from(JSON.stringify(hot)), hot);
    profile = profileUpTo(60);
    expect(await desk.release(id, person)).toMatchObject({
      state: "held",
      storedCount: 0,
      reason: "out-of-range",
      detail: "temperature: 70 is outside -60 … 60.",
    });
    expect(await telemetry.findQuarantined(id)).toMatchObject({
      state: "held",
      detail: "temperature: 70 is outside -60 … 60.",
      decidedBy: null,
    });
    expect(await valuesOf("temperature")).toEqual([]);
  });

  test("a payload that is not text comes back byte for byte", async () => {
    const payload = Buffer.from('{"temperature":70,"caf\xe9":1}', "latin1");
    const id = await quarantined(payload, { temperature: 70 });
    expect((await telemetry.findQuarantined(id))?.payload).toMatch(/^base64:/);
    profile = profileUpTo(90);
    expect(await desk.release(id, person)).toMatchObject({ state: "released", storedCount: 2 });
    expect(await valuesOf("café")).toHaveLength(1);
  });

  test("a message that was no telemetry is never taken in", async () => {
    await database.transaction((connection) =>
      telemetry.quarantine(connection, [
        {
          deviceId: identity.device.id,
          receivedAt: startAt,
          transport: "mqtt",
          reason: "topic-unknown",
          detail: "There is no such topic.",
          payload: '{"temperature":1}',
        },
      ]),
    );
    const { rows } = await telemetry.quarantined({ deviceId: identity.device.id, limit: 9 });
    await expect(desk.release(rows[0]?.id ?? 0, person)).rejects.toMatchObject({ code: "not-allowed" });
    await desk.discard(rows[0]?.id ?? 0, person);
    expect(await valuesOf("temperature")).toEqual([]);
  });
});

test("a discarded message stays readable and cannot be released", async () => {
  const id = await quarantined(Buffer.from(JSON.stringify(hot)), hot);
  await desk.discard(id, person);
  expect(await telemetry.findQuarantined(id)).toMatchObject({
    state: "discarded",
    payload: JSON.stringify(hot),
    decidedBy: "Lin",
  });
  expect((await guard.audit({ limit: 1 })).entries[0]).toMatchObject({ kind: "quarantine-discarded" });
  await expect(desk.release(id, person)).rejects.toMatchObject({ code: "conflict" });
  await expect(desk.discard(id, person)).rejects.toMatchObject({ code: "conflict" });
  await expect(desk.release(987_654, person)).rejects.toMatchObject({ code: "not-found" });
});

test("the quarantine is read in pages, newest first, by device and by state", async () => {
  const ids: number[] = [];
  for (let index = 0; index < 5; index += 1) {
    clock.advance(1);
    ids.push(await quarantined(Buffer.from(JSON.stringify(hot)), hot));
  }
  await desk.discard(ids[1] ?? 0, person);
  const deviceId = identity.device.id;
  const first = await telemetry.quarantined({ deviceId, state: "held", limit: 2 });
  expect(first.total).toBe(4);
  expect(first.rows.map((row) => row.id)).toEqual([ids[4], ids[3]]);
  const beforeId = first.rows.at(-1)?.id ?? 0;
  const second = await telemetry.quarantined({ deviceId, state: "held", limit: 9, beforeId });
  expect(second.rows.map((row) => row.id)).toEqual([ids[2], ids[0]]);
  expect(second.rows[0]?.deviceName).toBe(identity.device.name);
});
