import { expect, test } from "vitest";
import { manualClock } from "./clock.ts";
import { createReadiness } from "./readiness.ts";

test("one part that is not ready makes the whole not ready, and is named with its reason", async () => {
  const readiness = createReadiness({ clock: manualClock(0) });
  readiness.add("store", () => null);
  const away = readiness.add("nats", () => Promise.resolve({ en: "It is away.", zh: "已断开。" }));
  expect(await readiness.check()).toEqual({
    isReady: false,
    parts: [
      { part: "store", isReady: true },
      { part: "nats", isReady: false, reason: { en: "It is away.", zh: "已断开。" } },
    ],
  });
  away();
  expect((await readiness.check()).isReady).toBe(true);
});

test("a part that throws, rejects or never answers is not ready", async () => {
  const readiness = createReadiness({ clock: manualClock(0), limitMs: 5 });
  readiness.add("throws", () => {
    throw new Error("broken");
  });
  readiness.add("rejects", () => Promise.reject(new Error("refused")));
  readiness.add("hangs", () => new Promise(() => undefined));
  const { isReady, parts } = await readiness.check();
  expect([isReady, parts.map(({ reason }) => reason?.en)]).toEqual([
    false,
    ["broken", "refused", "It did not answer within 5 ms."],
  ]);
});

test("parts are asked once a second however often somebody asks", async () => {
  const clock = manualClock(0);
  const readiness = createReadiness({ clock });
  let asked = 0;
  readiness.add("store", () => {
    asked += 1;
    return null;
  });
  await Promise.all([readiness.check(), readiness.check(), readiness.check()]);
  expect(asked).toBe(1);
  clock.advance(1_000);
  await readiness.check();
  expect(asked).toBe(2);
});
