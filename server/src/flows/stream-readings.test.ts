import { expect, test } from "vitest";
import type { DeviceIdentity } from "../devices/index.ts";
import { silentLog } from "../platform/log.ts";
import type { IntakeMessage } from "./intake-sink.ts";
import { partitionCount, partitionOf } from "./partitions.ts";
import { decodeBatch, type ReadingBatch } from "./reading-batch.ts";
import { createStreamIntake, type StreamPublisher } from "./stream-readings.ts";

const profile = { id: "p", keys: [] } as unknown as DeviceIdentity["profile"];

function aMessage(deviceId: number, number: number, payload = Buffer.from("{}")): IntakeMessage {
  const identity = { device: { id: deviceId, name: `d${deviceId}` } as DeviceIdentity["device"], profile };
  const points = [{ key: "t", value: { type: "number" as const, number }, observedAt: number }];
  return { identity, transport: "mqtt", points, receivedAt: 1, payload };
}

/** A stream whose acknowledgements the test gives one by one. */
function heldStream() {
  const batches: { batch: ReadingBatch; id: string; settle(error?: Error): void }[] = [];
  const publisher: StreamPublisher = {
    publish: ({ bytes, id }) =>
      new Promise((resolve, reject) => {
        const settle = (error?: Error) => (error === undefined ? resolve() : reject(error));
        batches.push({ batch: decodeBatch(bytes), id, settle });
      }),
  };
  return { batches, publisher };
}

const limits = { retryMs: 0, gatherMs: 0 };
const open = (publisher: StreamPublisher) =>
  createStreamIntake({ publisher, processId: "one", log: silentLog, limits });
const turns = () => new Promise((resolve) => setTimeout(resolve, 5));

test("a device is told only after the stream acknowledged, and the next batch waits for that", async () => {
  const { batches, publisher } = heldStream();
  const sink = open(publisher);
  const told: number[] = [];
  for (const number of [1, 2]) void sink.append(aMessage(7, number)).then(() => told.push(number));
  await turns();
  void sink.append(aMessage(7, 3)).then(() => told.push(3));
  await turns();
  expect(batches).toHaveLength(1);
  expect([told, sink.pendingCount]).toEqual([[], 3]);
  batches[0]?.settle();
  await turns();
  expect(told).toEqual([1, 2]);
  expect(batches.map(({ batch }) => [batch.number, batch.messages.length])).toEqual([
    [1, 2],
    [2, 1],
  ]);
  batches[1]?.settle();
  await sink.stop();
  expect([told, sink.pendingCount]).toEqual([[1, 2, 3], 0]);
});

test("a batch that was not taken goes again under its own number and id, before anything else of its partition", async () => {
  const { batches, publisher } = heldStream();
  const sink = open(publisher);
  const first = sink.append(aMessage(7, 1));
  await turns();
  const second = sink.append(aMessage(7, 2));
  batches[0]?.settle(new Error("timeout"));
  await turns();
  batches[1]?.settle();
  await first;
  await turns();
  batches[2]?.settle();
  await second;
  expect(batches.map(({ batch, id }) => [batch.number, id.endsWith(String(batch.number))])).toEqual([
    [1, true],
    [1, true],
    [2, true],
  ]);
  expect(batches[0]?.id).toBe(batches[1]?.id);
});

test("what the stream refuses for good is told as not stored, with all that waited behind it", async () => {
  const publisher = { publish: () => Promise.reject(new Error("maximum bytes exceeded")) };
  const sink = createStreamIntake({
    ...{ publisher, processId: "one", log: silentLog },
    limits: { ...limits, attemptsMax: 2 },
  });
  const results = await Promise.allSettled([1, 2, 3].map((number) => sink.append(aMessage(7, number))));
  expect(results.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
  expect(sink.pendingCount).toBe(0);
});

test("large payloads are spread over several batches, and a malformed message travels with its reason", async () => {
  const { batches, publisher } = heldStream();
  const sink = open(publisher);
  const large = Buffer.alloc(64 * 1024, 32);
  const all = [1, 2, 3].map((number) => sink.append(aMessage(7, number, large)));
  const { identity } = aMessage(7, 0);
  const malformed = { identity, transport: "http", receivedAt: 2, payload: Buffer.from("{") } as const;
  all.push(sink.appendMalformed({ ...malformed, reason: "payload-malformed", detail: "at 1" }));
  for (let index = 0; index < 2; index += 1) {
    await turns();
    batches[index]?.settle();
  }
  await Promise.all(all);
  expect(batches.map(({ batch }) => batch.messages.length)).toEqual([2, 2]);
  expect(batches[1]?.batch.messages[1]).toMatchObject({
    fault: { reason: "payload-malformed", detail: "at 1" },
    points: [],
    transport: "http",
  });
});

test("devices spread over the partitions, also when their ids share a step", () => {
  for (const step of [1, 2, 16, 1_000]) {
    const counts = new Map<number, number>();
    for (let index = 1; index <= 1_600; index += 1) {
      const partition = partitionOf(index * step);
      counts.set(partition, (counts.get(partition) ?? 0) + 1);
    }
    expect(Math.min(...counts.values())).toBeGreaterThan(20);
    expect([...counts.keys()].every((one) => one >= 0 && one < partitionCount)).toBe(true);
    expect(counts.size).toBe(partitionCount);
  }
});
