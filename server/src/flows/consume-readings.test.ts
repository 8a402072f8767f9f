import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { openTestDatabase } from "../../../tests/support/database.ts";
import { wholeProfile } from "../../../tests/support/profile.ts";
import { createDevices, type Device, type Devices } from "../devices/index.ts";
import { createBus } from "../platform/bus.ts";
import { manualClock } from "../platform/clock.ts";
import { type Database, tablesOf } from "../platform/database.ts";
import { createLeases, type Leases } from "../platform/leases.ts";
import { silentLog } from "../platform/log.ts";
import { createTelemetry, type Telemetry } from "../telemetry/index.ts";
import { readPartition } from "./consume-readings.ts";
import { leaseOfPartition } from "./partitions.ts";
import { encodeBatch, type StreamedMessage } from "./reading-batch.ts";
import { createSlots } from "./slots.ts";

const startAt = 1_790_000_000_000;
const clock = manualClock(startAt);
const profile = wholeProfile({
  ...{ id: "logger", nameEn: "Logger", nameZh: "记录仪", expectedIntervalSeconds: 60 },
  keys: [{ key: "temperature", type: "number", unit: "Cel", min: -60, max: 90, decimals: 1 }],
});

let database: Database;
let devices: Devices;
let telemetry: Telemetry;
let leases: Leases;
let device: Device;
let partition = -1;
beforeAll(async () => {
  database = await openTestDatabase();
  devices = createDevices({ database, clock });
  telemetry = createTelemetry({ database, clock });
  leases = createLeases(database, "worker-1");
  await database.transaction((connection) => devices.createProfile(connection, profile));
});
afterAll(() => database.close());
beforeEach(async () => {
  // A partition and a device of its own for each test.
  partition += 1;
  await leases.ensure([leaseOfPartition(partition)]);
  const name = `device-${partition}`;
  device = await database.transaction((connection) =>
    devices.createDevice(connection, { name, label: "", profileId: "logger" }),
  );
});

/** A stream in memory: it brings every batch that is not acknowledged to whoever opens it, in order. */
function aStream(initial: readonly Uint8Array[]) {
  const kept = initial.map((bytes) => ({ bytes, isAcknowledged: false }));
  let breakOff: (why: string) => void = () => undefined;
  let keepsAcknowledgements = true;
  return {
    get leftCount() {
      return kept.filter(({ isAcknowledged }) => !isAcknowledged).length;
    },
    loseAcknowledgements: () => {
      keepsAcknowledgements = false;
    },
    breakOff: () => breakOff("it was cut"),
    open: async (
      _partition: number,
      reader: {
        onBatch(batch: { bytes: Uint8Array; acknowledge(): void }): void;
        onBroken(why: string): void;
      },
    ) => {
      breakOff = reader.onBroken;
      for (const one of kept)
        if (!one.isAcknowledged)
          reader.onBatch({
            bytes: one.bytes,
            acknowledge: () => {
              one.isAcknowledged = keepsAcknowledgements;
            },
          });
      return { close: () => Promise.resolve() };
    },
  };
}

function aMessage(number: number, over: Partial<StreamedMessage> = {}): StreamedMessage {
  return {
    ...{ deviceId: device.id, transport: "mqtt", receivedAt: startAt, payload: Buffer.from("{}") },
    points: [{ key: "temperature", value: { type: "number", number }, observedAt: startAt + number }],
    fault: undefined,
    ...over,
  };
}

const batchOf = (number: number, messages: readonly StreamedMessage[]) =>
  encodeBatch({ publisher: "ingest-1", number, messages });

async function reading(stream: ReturnType<typeof aStream>, holder = leases) {
  const epoch = (await holder.take([leaseOfPartition(partition)], 1)).get(leaseOfPartition(partition)) ?? -1;
  const ground = { database, devices, telemetry, bus: createBus(), clock, log: silentLog };
  return readPartition(
    {
      ...{ ...ground, leases: holder, slots: createSlots(1), makeFollowers: () => [], stream },
      limits: { reopenMs: 1 },
    },
    { partition, epoch },
  );
}

async function stored() {
  const { rows } = await sql<{ readings: number; held: number; minutes: number }>`
    select
      (select count(*)::int from reading join series on series.id = reading.series_id where device_id = ${device.id}) as readings,
      (select coalesce(sum(count), 0)::int from rollup_minute join series on series.id = rollup_minute.series_id
        where device_id = ${device.id}) as minutes,
      (select count(*)::int from quarantine where device_id = ${device.id}) as held`.execute(
    tablesOf(database),
  );
  return rows[0];
}

const until = (isSo: () => boolean) => expect.poll(isSo, { timeout: 20_000 }).toBe(true);

test("what comes again after a lost acknowledgement counts once, its quarantine as well", async () => {
  const messages = [1, 2, 200].map((number) => aMessage(number));
  const malformed = aMessage(3, { points: [], fault: { reason: "payload-malformed", detail: "at 1" } });
  const stream = aStream([batchOf(1, messages), batchOf(2, [malformed, aMessage(4)])]);
  stream.loseAcknowledgements();
  const first = await reading(stream);
  await expect.poll(stored, { timeout: 20_000 }).toEqual({ readings: 3, held: 2, minutes: 3 });
  stream.breakOff();
  await first.stop();
  expect(stream.leftCount).toBe(2);
  await leases.release([leaseOfPartition(partition)]);

  const second = await reading(
    aStream([batchOf(1, messages), batchOf(2, [malformed]), batchOf(3, [aMessage(5)])]),
  );
  await expect.poll(stored, { timeout: 20_000 }).toEqual({ readings: 4, held: 2, minutes: 4 });
  await second.stop();
});

test("a batch of which a part was stored is finished, and its part is not stored again", async () => {
  const whole = [aMessage(1), aMessage(200), aMessage(3)];
  const begun = await reading(aStream([batchOf(7, whole.slice(0, 2))]));
  await expect.poll(stored, { timeout: 20_000 }).toEqual({ readings: 1, held: 1, minutes: 1 });
  await begun.stop();
  await leases.release([leaseOfPartition(partition)]);
  const stream = aStream([batchOf(7, whole)]);
  const again = await reading(stream);
  await until(() => stream.leftCount === 0);
  await again.stop();
  expect(await stored()).toEqual({ readings: 2, held: 1, minutes: 2 });
});

test("a worker whose partition was taken stores nothing more, and ends", async () => {
  const stream = aStream([]);
  const slow = await reading(stream);
  await sql`update lease set holder = 'worker-2', epoch = epoch + 1 where name = ${leaseOfPartition(partition)}`.execute(
    tablesOf(database),
  );
  const late = aStream([batchOf(1, [aMessage(1)])]);
  stream.open = late.open;
  stream.breakOff();
  await until(() => slow.isOver);
  expect([await stored(), late.leftCount]).toEqual([{ readings: 0, held: 0, minutes: 0 }, 1]);
});

test("what can never be read goes to quarantine, what has no device any more is passed over, and the rest is stored", async () => {
  const before = (await telemetry.quarantined({ limit: 500 })).total;
  const stream = aStream([
    Buffer.from("no batch at all"),
    batchOf(1, [aMessage(1, { deviceId: 2_000_000_000 }), aMessage(2)]),
  ]);
  const reader = await reading(stream);
  await until(() => stream.leftCount === 0);
  await reader.stop();
  expect(await stored()).toEqual({ readings: 1, held: 0, minutes: 1 });
  const { rows, total } = await telemetry.quarantined({ limit: 1 });
  expect(total).toBe(before + 1);
  expect(rows[0]).toMatchObject({ deviceId: null, transport: "stream", payload: "no batch at all" });
});

test("a device that was disabled after its message was acknowledged loses nothing", async () => {
  await database.transaction((connection) =>
    devices.updateDevice(connection, device.name, { state: "disabled" }),
  );
  const stream = aStream([batchOf(1, [aMessage(1)])]);
  const reader = await reading(stream);
  await until(() => stream.leftCount === 0);
  await reader.stop();
  expect(await stored()).toEqual({ readings: 1, held: 0, minutes: 1 });
});
