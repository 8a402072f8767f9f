import { expect, test } from "vitest";
import { createPump } from "./pump.ts";
import { openStore, type StoredReading } from "./store.ts";
import { encodeValues } from "./values.ts";

/** A connection whose acknowledgements the test gives by hand. */
function handLink() {
  const sent: { payload: string; settle(outcome: number | null | Error): void }[] = [];
  return {
    sent,
    isUp: true,
    publish: (_topic: string, payload: string | Buffer) => {
      const outcome = Promise.withResolvers<number | null>();
      sent.push({
        payload: String(payload),
        settle: (value) => (value instanceof Error ? outcome.reject(value) : outcome.resolve(value)),
      });
      return outcome.promise;
    },
  };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function aPump() {
  const store = openStore(":memory:");
  const link = handLink();
  const refused: { reading: StoredReading; reason: string }[] = [];
  const pump = createPump({
    ...{ store, link, signal: new AbortController().signal },
    refused: (reading, reason) => refused.push({ reading, reason }),
    settled: () => undefined,
  });
  return { store, link, pump, refused };
}

test("readings leave in order, together, and are forgotten only when acknowledged", async () => {
  const { store, link, pump } = aPump();
  for (let at = 1; at <= 3; at += 1) store.addReading(at, `{"t":${at}}`);
  pump.run();
  expect(link.sent.map(({ payload }) => payload)).toEqual([
    '[{"ts":1,"values":{"t":1}},{"ts":2,"values":{"t":2}},{"ts":3,"values":{"t":3}}]',
  ]);
  expect(store.readingCount).toBe(3);
  link.sent[0]?.settle(null);
  await turn();
  expect(store.readingCount).toBe(0);
});

test("what was under way when the connection broke is sent again", async () => {
  const { store, link, pump } = aPump();
  store.addReading(1, '{"t":1}');
  pump.run();
  pump.reset();
  link.sent[0]?.settle(new Error("broken"));
  await turn();
  pump.run();
  expect(link.sent).toHaveLength(2);
  link.sent[1]?.settle(null);
  await turn();
  expect(store.readingCount).toBe(0);
});

test("a refused batch is taken apart: the good readings arrive, the bad one is kept with its reason", async () => {
  const { store, link, pump, refused } = aPump();
  for (const at of [1, 2, 3]) store.addReading(at, `{"t":${at}}`);
  pump.run();
  link.sent[0]?.settle(0x99);
  await turn();
  expect(link.sent.slice(1).map(({ payload }) => payload)).toEqual(
    [1, 2, 3].map((at) => `[{"ts":${at},"values":{"t":${at}}}]`),
  );
  link.sent[1]?.settle(null);
  link.sent[2]?.settle(0x99);
  link.sent[3]?.settle(null);
  await turn();
  expect(store.readingCount).toBe(0);
  expect(refused.map(({ reading }) => reading.at)).toEqual([2]);
  expect(store.refused(10)).toMatchObject([{ at: 2, values: '{"t":2}' }]);
});

test("a batch stays below what a message may hold", () => {
  const { store, link, pump } = aPump();
  for (const at of [1, 2]) store.addReading(at, JSON.stringify({ t: "x".repeat(60_000) }));
  pump.run();
  expect(link.sent.map(({ payload }) => payload.length < 65_536)).toEqual([true, true]);
});

test("a full outbox refuses rather than forgets", () => {
  const store = openStore(":memory:", { readingsMax: 2 });
  store.addReading(1, "{}");
  store.addReading(2, "{}");
  expect(() => store.addReading(3, "{}")).toThrow(/holds 2 readings/);
  expect(store.readingsAfter(0, 10).map(({ at }) => at)).toEqual([1, 2]);
});

test("a backlog of readings with many values leaves in messages that the server takes", async () => {
  const { store, link, pump } = aPump();
  const pointsPerMessageMax = 5_000;
  const values = JSON.stringify(
    Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`k${index}`, 1])),
  );
  for (let at = 1; at <= 400; at += 1) store.addReading(at, values);
  pump.run();
  for (let index = 0; index < link.sent.length; index += 1) {
    const { payload = "[]", settle } = link.sent[index] ?? {};
    const readings = JSON.parse(payload) as { values: Record<string, number> }[];
    const points = readings.reduce((count, reading) => count + Object.keys(reading.values).length, 0);
    // As the server answers: too many points are over a quota (0x97), and waiting changes nothing about that.
    settle?.(points > pointsPerMessageMax ? 0x97 : null);
    await turn();
  }
  expect(store.readingCount).toBe(0);
});

test("values that no message may hold are refused before they block the outbox", () => {
  const tooMany = Object.fromEntries(Array.from({ length: 5_001 }, (_, index) => [`k${index}`, 1]));
  expect(() => encodeValues(tooMany)).toThrow(RangeError);
  delete tooMany["k0"];
  expect(() => encodeValues(tooMany)).not.toThrow();
});
