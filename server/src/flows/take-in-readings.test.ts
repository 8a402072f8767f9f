import type { LiveEvent, Point } from "@waremind/contract";
import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openTestDatabase } from "../../../tests/support/database.ts";
import { wholeProfile } from "../../../tests/support/profile.ts";
import { createDevices, type DeviceIdentity, type Devices } from "../devices/index.ts";
import { type Bus, createBus } from "../platform/bus.ts";
import { manualClock } from "../platform/clock.ts";
import { type Connection, type Database, tablesOf } from "../platform/database.ts";
import { silentLog } from "../platform/log.ts";
import { storeUnavailable } from "../platform/store-errors.ts";
import { createTelemetry, type StoredReading, type Telemetry } from "../telemetry/index.ts";
import type { IntakeFollower, IntakeMessage } from "./intake-sink.ts";
import { createIntake } from "./take-in-readings.ts";

const startAt = 1_790_000_000_000;
const clock = manualClock(startAt);
const logger = wholeProfile({
  id: "logger",
  nameEn: "Logger",
  nameZh: "记录仪",
  keys: [
    { key: "temperature", type: "number", unit: "Cel", min: -60, max: 90, decimals: 1 },
    { key: "serial", type: "text", unit: null, min: null, max: null, decimals: null },
    { key: "counter", type: "number", unit: null, min: null, max: null, decimals: null },
    { key: "mass", type: "number", unit: "kg", min: 0, max: 10, decimals: 1, acceptsText: true },
  ],
  expectedIntervalSeconds: 60,
});

let database: Database;
let devices: Devices;
let telemetry: Telemetry;
let bus: Bus;
let identity: DeviceIdentity;
let made = 0;
beforeAll(async () => {
  database = await openTestDatabase();
  devices = createDevices({ database, clock });
  telemetry = createTelemetry({ database, clock });
  await database.transaction((connection) => devices.createProfile(connection, logger));
});
beforeEach(async () => {
  bus = createBus();
  identity = await aDevice();
});
afterAll(() => database.close());

async function aDevice(): Promise<DeviceIdentity> {
  made += 1;
  const device = await database.transaction((connection) =>
    devices.createDevice(connection, { name: `device-${made}`, label: "", profileId: "logger" }),
  );
  return { device, profile: logger };
}

function anIntake(options: { followers?: IntakeFollower[]; over?: Database } = {}) {
  const { followers = [], over = database } = options;
  return createIntake({ database: over, devices, telemetry, followers, bus, clock, log: silentLog });
}

const number = (key: string, value: number, observedAt?: number): Point => ({
  key,
  value: { type: "number", number: value },
  observedAt,
});

function aMessage(points: readonly Point[], overrides: Partial<IntakeMessage> = {}): IntakeMessage {
  const payload = Buffer.from(JSON.stringify(points));
  return { identity, transport: "mqtt", points, receivedAt: clock.now(), payload, ...overrides };
}

async function storedOf(of = identity): Promise<unknown[]> {
  const { rows } = await sql<{ key: string; value: unknown; observedAt: number }>`
    select series.key, coalesce(to_jsonb(number), to_jsonb(text), to_jsonb(boolean), json) as value, observed_at
    from reading join series on series.id = reading.series_id where series.device_id = ${of.device.id}
    order by observed_at, series.key, sequence`.execute(tablesOf(database));
  return rows.map((row) => [row.key, row.value, row.observedAt - startAt]);
}

/** The same database, whose transactions first ask `before` whether they may run. */
function faulty(before: () => void | Promise<void>): Database {
  const transaction = async <Result>(work: (connection: Connection) => Promise<Result>) => {
    await before();
    return database.transaction(work);
  };
  return { ...database, transaction };
}

describe("taking in readings", () => {
  test("what append resolved is in the store, with the device heard and the latest value known", async () => {
    const intake = anIntake();
    await intake.append(aMessage([number("temperature", 3.5), number("humidity", 60, startAt - 1_000)]));
    expect(await storedOf()).toEqual([
      ["humidity", 60, -1_000],
      ["temperature", 3.5, 0],
    ]);
    const heard = (await devices.connections()).find((one) => one.deviceId === identity.device.id);
    expect(heard?.lastHeardAt).toBe(startAt);
    const series = await telemetry.findSeries(identity.device.id, "temperature");
    expect(series).toMatchObject({ valueType: "number", unit: "Cel" });
  });

  test("messages of many devices at once are all stored, each device's in the order it sent them", async () => {
    const intake = anIntake();
    const fleet = [identity, await aDevice(), await aDevice(), await aDevice()];
    const settled: string[] = [];
    const appends = Array.from({ length: 400 }, (_, index) => {
      const of = fleet[index % fleet.length] ?? identity;
      // One millisecond for all: only the order of arrival tells them apart.
      const message = aMessage([number("temperature", index / 10, startAt)], { identity: of });
      return intake.append(message).then(() => settled.push(of.device.name));
    });
    await Promise.all(appends);
    for (const of of fleet) {
      const values = (await storedOf(of)).map((row) => (row as [string, number])[1]);
      expect(values).toHaveLength(100);
      expect(values).toEqual(values.toSorted((left, right) => left - right));
    }
    expect(settled).toHaveLength(400);
  });

  test("a flood that changes lanes back and forth keeps each device's order, and every receipt is told once", async () => {
    let underWay = 0;
    let mostUnderWay = 0;
    const transaction = async <Result>(work: (connection: Connection) => Promise<Result>) => {
      underWay += 1;
      mostUnderWay = Math.max(mostUnderWay, underWay);
      return database.transaction(work).finally(() => {
        underWay -= 1;
      });
    };
    const intake = anIntake({ over: { ...database, transaction, slots: 3 } });
    const fleet = [identity, await aDevice(), await aDevice(), await aDevice(), await aDevice()];
    const told = new Map<number, number>();
    let sent = 0;
    /** One millisecond for each ten messages of a device: within it only the order of arrival tells them apart. */
    const send = (count: number) =>
      Array.from({ length: count }, () => {
        const serial = sent;
        sent += 1;
        const of = fleet[serial % fleet.length] ?? identity;
        const observedAt = startAt + Math.floor(serial / 50);
        const message = aMessage([number("counter", serial, observedAt)], { identity: of });
        return new Promise<void>((stored, notStored) => {
          const note = () => told.set(serial, (told.get(serial) ?? 0) + 1);
          intake.take(message, {
            stored: () => {
              note();
              stored();
            },
            notStored,
          });
        });
      });
    for (let wave = 0; wave < 3; wave += 1) {
      const flood = send(6_000);
      await Promise.race(flood);
      await Promise.all([...flood, ...send(500)]);
      await Promise.all(send(5));
    }
    for (const of of fleet) {
      const values = (await storedOf(of)).map((row) => (row as [string, number])[1]);
      expect(values).toHaveLength(sent / fleet.length);
      expect(values).toEqual(values.toSorted((left, right) => left - right));
    }
    expect(told.size).toBe(sent);
    expect([...told.values()].every((count) => count === 1)).toBe(true);
    expect(mostUnderWay).toBeGreaterThan(1);
  });

  test("a redelivered message is acknowledged again and changes nothing", async () => {
    const intake = anIntake();
    const message = aMessage([number("temperature", 3.5)]);
    await Promise.all([intake.append(message), intake.append(message)]);
    await intake.append(message);
    expect(await storedOf()).toHaveLength(1);
  });

  test("a text that looks like a number stays text, as its profile says", async () => {
    const intake = anIntake();
    const value = { type: "text", text: "00012345600012" } as const;
    await intake.append(aMessage([{ key: "serial", value, observedAt: undefined }]));
    expect(await storedOf()).toEqual([["serial", "00012345600012", 0]]);
  });

  test("an event tells the observers what was stored, after it was stored, without what is not a number", async () => {
    const events: LiveEvent[] = [];
    bus.subscribe((event) => events.push(event));
    const intake = anIntake();
    await intake.append(
      aMessage(
        [number("temperature", 4), { key: "door", value: { type: "boolean", boolean: true }, observedAt: 5 }],
        {
          receivedAt: startAt,
        },
      ),
    );
    await intake.stop();
    expect(events).toEqual([
      {
        kind: "readings-stored",
        points: [
          {
            seriesId: expect.any(Number),
            deviceName: identity.device.name,
            key: "temperature",
            observedAt: startAt,
            number: 4,
          },
        ],
      },
    ]);
  });

  test("an observer that fails does not stop the intake", async () => {
    bus.subscribe(() => {
      throw new Error("screen on fire");
    });
    const intake = anIntake();
    await intake.append(aMessage([number("temperature", 4)]));
    await intake.append(aMessage([number("temperature", 5, startAt + 1)]));
    expect(await storedOf()).toHaveLength(2);
  });
});

describe("numbers and what looks like one", () => {
  const exact = (key: string, literal: string): Point => ({
    key,
    value: { type: "number", number: Number(literal), literal },
    observedAt: startAt,
  });
  const text = (key: string, value: string): Point => ({
    key,
    value: { type: "text", text: value },
    observedAt: startAt,
  });
  const latestOf = async (key: string) => {
    const series = await telemetry.findSeries(identity.device.id, key);
    return series === null ? null : (await telemetry.latest([series.id])).get(series.id)?.value;
  };

  test("a long whole number without quotes is an identifier, unless its key is known to be a number", async () => {
    const digits = "106141412345678908";
    const intake = anIntake();
    await intake.append(
      aMessage([
        exact("sscc", digits),
        exact("serial", digits),
        exact("counter", digits),
        exact("pi", "3.14159265358979324"),
      ]),
    );
    expect(await latestOf("sscc")).toEqual({ type: "text", text: digits });
    expect(await latestOf("serial")).toEqual({ type: "text", text: digits });
    expect(await latestOf("counter")).toEqual(exact("counter", digits).value);
    expect(await latestOf("pi")).toEqual(exact("pi", "3.14159265358979324").value);
    expect(await telemetry.quarantinedOf(identity.device.id, 9)).toEqual([]);
  });

  test("a number in quotes is one only where the profile says so, and only in plain decimal digits", async () => {
    const intake = anIntake();
    await intake.append(aMessage([text("mass", "4.20")]));
    expect(await latestOf("mass")).toEqual({ type: "number", number: 4.2 });
    for (const refused of ["1e3", "007", "", "4,2", "full"])
      await intake.append(aMessage([text("mass", refused)]));
    await intake.append(aMessage([text("mass", "10.5")]));
    await intake.append(aMessage([text("counter", "5")]));
    expect((await telemetry.quarantinedOf(identity.device.id, 9)).map((row) => row.reason)).toEqual([
      "type-mismatch",
      "out-of-range",
      ...Array.from({ length: 5 }, () => "type-mismatch"),
    ]);
    expect(await latestOf("mass")).toEqual({ type: "number", number: 4.2 });
  });
});

describe("what is refused", () => {
  test("one bad point is quarantined with its reason; the rest of its message is stored", async () => {
    const intake = anIntake();
    await intake.append(
      aMessage([
        number("temperature", 400),
        number("pressure", 1013),
        number("voltage", Number.NaN),
        number("clock", 1, startAt + 25 * 3_600_000),
        { key: "serial", value: { type: "number", number: 7 }, observedAt: undefined },
      ]),
    );
    expect(await storedOf()).toEqual([["pressure", 1013, 0]]);
    const [held] = await telemetry.quarantinedOf(identity.device.id, 10);
    expect(held?.reason).toBe("out-of-range");
    for (const part of ["temperature: 400", "voltage: NaN", "clock:", "serial: expected text"]) {
      expect(held?.detail).toContain(part);
    }
    expect(held?.payload).toContain("1013");
  });

  test("a value of another type than its series is refused, whoever came first", async () => {
    const intake = anIntake();
    await intake.append(aMessage([number("mode", 1)]));
    await intake.append(
      aMessage([{ key: "mode", value: { type: "text", text: "1" }, observedAt: undefined }]),
    );
    expect(await storedOf()).toEqual([["mode", 1, 0]]);
    expect(await telemetry.quarantinedOf(identity.device.id, 10)).toMatchObject([
      { reason: "type-mismatch" },
    ]);
  });

  test("a malformed message is on disk with its reason before it is acknowledged, even if it is not text", async () => {
    const intake = anIntake();
    const message = {
      identity,
      transport: "mqtt",
      receivedAt: startAt,
      reason: "payload-malformed",
    } as const;
    await intake.appendMalformed({ ...message, detail: "position 3", payload: Buffer.from('{"a"') });
    await intake.appendMalformed({
      ...message,
      detail: "not text",
      payload: Buffer.from([0xff, 0x00, 0x01]),
    });
    const held = await telemetry.quarantinedOf(identity.device.id, 10);
    expect(held.map((one) => one.payload)).toEqual(["base64:/wAB", '{"a"']);
    expect(held.every((one) => one.reason === "payload-malformed")).toBe(true);
  });

  test("a device that invents keys is stopped at a limit, and its known keys go on", async () => {
    const intake = anIntake();
    const keys = Array.from({ length: 1_005 }, (_, index) => number(`key-${index}`, index));
    await intake.append(aMessage(keys));
    expect(await storedOf()).toHaveLength(1_000);
    await intake.append(aMessage([number("key-3", 4, startAt + 1), number("one-more", 1)]));
    expect(await storedOf()).toHaveLength(1_001);
    expect((await telemetry.quarantinedOf(identity.device.id, 1))[0]?.reason).toBe("too-many-keys");
  });
});

describe("followers", () => {
  test("are given exactly what is new, in order, and their events follow the commit", async () => {
    const seen: number[] = [];
    const events: string[] = [];
    bus.subscribe((event) => events.push(event.kind));
    const follower: IntakeFollower = {
      follow: async (_connection, readings) => {
        for (const { value } of readings) if (value.type === "number") seen.push(value.number);
        return [{ kind: "cell-counted", cellId: "c", units: seen.length }];
      },
    };
    const intake = anIntake({ followers: [follower] });
    const first = aMessage([number("temperature", 1, startAt), number("temperature", 2, startAt)]);
    await intake.append(first);
    await Promise.all([
      intake.append(first),
      intake.append(aMessage([number("temperature", 3, startAt - 1)])),
    ]);
    await intake.stop();
    expect(seen).toEqual([1, 2, 3]);
    expect(events).toEqual(["readings-stored", "cell-counted", "readings-stored", "cell-counted"]);
  });

  test("that name their series are asked for no other", async () => {
    const [wanted] = await telemetry.ensureSeries([
      { deviceId: identity.device.id, key: "weight", valueType: "number", unit: "g" },
    ]);
    const seen: StoredReading[] = [];
    const follower: IntakeFollower = {
      isInterestedIn: (seriesId) => seriesId === wanted?.id,
      follow: async (_connection, readings) => {
        seen.push(...readings);
        return [];
      },
    };
    const intake = anIntake({ followers: [follower] });
    await intake.append(aMessage([number("temperature", 1)]));
    expect(seen).toEqual([]);
    await intake.append(aMessage([number("temperature", 2, startAt + 1), number("weight", 500)]));
    expect(seen.map((reading) => reading.seriesId)).toEqual([wanted?.id]);
  });

  test("write in the same transaction: what they derive is there exactly when the readings are", async () => {
    let failures = 2;
    const follower: IntakeFollower = {
      follow: async (connection) => {
        await sql`insert into setting (key, value, updated_at) values (${identity.device.name}, '1', 0)`.execute(
          tablesOf(connection),
        );
        failures -= 1;
        if (failures >= 0) throw Object.assign(new Error("deadlock"), { code: "40P01" });
        return [];
      },
    };
    const intake = anIntake({ followers: [follower] });
    await intake.append(aMessage([number("temperature", 1)]));
    expect(failures).toBe(-1);
    expect(await storedOf()).toHaveLength(1);
    const settings = await sql`select 1 from setting where key = ${identity.device.name}`.execute(
      tablesOf(database),
    );
    expect(settings.rows).toHaveLength(1);
  });
});

describe("when something fails", () => {
  test("a follower that fails costs no reading: they are stored, and an alarm says what is missing", async () => {
    const seen: number[] = [];
    const follower: IntakeFollower = {
      follow: async (_connection, readings) => {
        for (const { value } of readings) {
          if (value.type === "number" && value.number === 13) throw new Error("thirteen");
        }
        seen.push(...readings.map(({ value }) => (value.type === "number" ? value.number : -1)));
        return [];
      },
    };
    const intake = anIntake({ followers: [follower] });
    const settled = await Promise.allSettled(
      Array.from({ length: 50 }, (_, index) =>
        intake.append(aMessage([number("temperature", index, startAt + index)])),
      ),
    );
    expect(settled.every((one) => one.status === "fulfilled")).toBe(true);
    expect(await storedOf()).toHaveLength(50);
    expect(seen).toEqual(Array.from({ length: 50 }, (_, index) => index).filter((value) => value !== 13));
    expect(await telemetry.quarantinedOf(identity.device.id, 10)).toEqual([]);
    const alarms = await telemetry.alarms({ onlyOpen: true, subjectKind: "device", limit: 10 });
    const own = alarms.filter((alarm) => alarm.subjectId === String(identity.device.id));
    expect(own).toMatchObject([{ kind: "rule", severity: "critical", deviceName: identity.device.name }]);
    expect(own[0]?.message.en).toContain("thirteen");
  });

  test("what the store itself refuses is found, quarantined and acknowledged; all others of its batch are stored", async () => {
    const refusing: Telemetry = {
      ...telemetry,
      storeReadings: (connection, readings) => {
        if (readings.some(({ value }) => value.type === "number" && value.number === 13)) {
          throw new Error("thirteen");
        }
        return telemetry.storeReadings(connection, readings);
      },
    };
    const intake = createIntake({
      database,
      devices,
      telemetry: refusing,
      followers: [],
      bus,
      clock,
      log: silentLog,
    });
    const settled = await Promise.allSettled(
      Array.from({ length: 50 }, (_, index) =>
        intake.append(aMessage([number("temperature", index, startAt + index)])),
      ),
    );
    expect(settled.every((one) => one.status === "fulfilled")).toBe(true);
    expect(await storedOf()).toHaveLength(49);
    expect(await telemetry.quarantinedOf(identity.device.id, 10)).toMatchObject([
      { reason: "store-refused", detail: "thirteen" },
    ]);
  });

  test("a store that is away for a moment is waited for; nothing is acknowledged meanwhile", async () => {
    let failures = 3;
    let isAcknowledged = false;
    const over = faulty(() => {
      expect(isAcknowledged).toBe(false);
      failures -= 1;
      if (failures >= 0) throw storeUnavailable("restarting");
    });
    await anIntake({ over })
      .append(aMessage([number("temperature", 1)]))
      .then(() => {
        isAcknowledged = true;
      });
    expect(failures).toBe(-1);
    expect(await storedOf()).toHaveLength(1);
  });

  test("a store that stays away means no acknowledgement, for what waits as well, and all goes on when it is back", async () => {
    let isAway = true;
    const over = faulty(() => {
      if (isAway) throw storeUnavailable("gone");
    });
    const intake = anIntake({ over });
    const first = intake.append(aMessage([number("temperature", 1)]));
    await new Promise((resolve) => setImmediate(resolve));
    const second = intake.append(aMessage([number("temperature", 2, startAt + 1)]));
    const settled = await Promise.allSettled([first, second]);
    expect(settled).toMatchObject([
      { status: "rejected", reason: { code: "store-unavailable" } },
      { status: "rejected", reason: { code: "store-unavailable" } },
    ]);
    expect(await storedOf()).toEqual([]);
    expect(intake.pendingCount).toBe(0);
    isAway = false;
    await intake.append(aMessage([number("temperature", 1)]));
    expect(await storedOf()).toHaveLength(1);
  }, 20_000);

  test("a commit whose answer was lost is tried again and stored once", async () => {
    let isFirst = true;
    const transaction = async <Result>(work: (connection: Connection) => Promise<Result>) => {
      const result = await database.transaction(work);
      if (isFirst) {
        isFirst = false;
        throw storeUnavailable("the answer was lost");
      }
      return result;
    };
    await anIntake({ over: { ...database, transaction } }).append(aMessage([number("temperature", 1)]));
    expect(await storedOf()).toHaveLength(1);
  });
});

describe("bounds", () => {
  test("above the limit there is no room, at twice the limit a message is refused, and room returns", async () => {
    let open: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const intake = anIntake({ over: faulty(() => gate) });
    const large = Buffer.alloc(4_096 * 1_000, 0x20);
    const appends: Promise<void>[] = [];
    for (let index = 0; intake.pendingCount < intake.pendingCountMax; index += 1) {
      appends.push(intake.append(aMessage([number("temperature", 1, startAt + index)], { payload: large })));
    }
    expect(appends.length).toBeLessThan(intake.pendingCountMax / 900);
    let hasRoom = false;
    const room = intake.waitForRoom().then(() => {
      hasRoom = true;
    });
    while (intake.pendingCount < 2 * intake.pendingCountMax) {
      appends.push(intake.append(aMessage([number("temperature", 1)], { payload: large })));
    }
    await expect(intake.append(aMessage([number("temperature", 1)]))).rejects.toMatchObject({
      code: "overloaded",
    });
    expect(hasRoom).toBe(false);
    open();
    await Promise.all(appends);
    await room;
    expect(intake.pendingCount).toBe(0);
  });

  test("stop stores what is pending and refuses what comes after", async () => {
    const intake = anIntake();
    const appends = Array.from({ length: 20 }, (_, index) =>
      intake.append(aMessage([number("temperature", index, startAt + index)])),
    );
    const stopped = intake.stop();
    await expect(intake.append(aMessage([number("temperature", 1)]))).rejects.toMatchObject({
      code: "store-unavailable",
    });
    await Promise.all([...appends, stopped]);
    expect(await storedOf()).toHaveLength(20);
  });
});
