import fc from "fast-check";
import { expect, test } from "vitest";
import { createAttemptLimit } from "./attempt-limit.ts";
import { manualClock } from "./clock.ts";

function aLimit(more: { attemptsMax?: number; windowMs?: number; keysMax?: number } = {}) {
  const clock = manualClock(1000);
  return {
    clock,
    limit: createAttemptLimit({ clock, attemptsMax: 3, windowMs: 10_000, keysMax: 100, ...more }),
  };
}

test("attempts are used up and come back when the window ends", () => {
  const { clock, limit } = aLimit();
  expect([1, 2, 3, 4].map(() => limit.take("a"))).toEqual([true, true, true, false]);
  expect(limit.retryAfterSeconds("a")).toBe(10);
  expect(limit.take("b")).toBe(true);
  clock.advance(9_999);
  expect(limit.take("a")).toBe(false);
  expect(limit.retryAfterSeconds("a")).toBe(1);
  clock.advance(1);
  expect(limit.take("a")).toBe(true);
  expect(limit.retryAfterSeconds("a")).toBe(0);
});

test("one used-up key refuses all, and counts for none", () => {
  const { limit } = aLimit({ attemptsMax: 1 });
  expect(limit.take("address")).toBe(true);
  expect(limit.take("address", "order")).toBe(false);
  expect(limit.take("order")).toBe(true);
});

test("a success forgets what was counted", () => {
  const { limit } = aLimit({ attemptsMax: 1 });
  limit.take("a");
  limit.forget("a");
  expect(limit.take("a")).toBe(true);
});

test("however many keys come, the newest ones stay limited", () => {
  const { limit } = aLimit({ attemptsMax: 1, keysMax: 10 });
  for (let index = 0; index < 1000; index += 1) expect(limit.take(`key-${index}`)).toBe(true);
  const refused = Array.from({ length: 1000 }, (_, index) => `key-${index}`).filter(
    (key) => limit.retryAfterSeconds(key) > 0,
  );
  expect(refused).toEqual(Array.from({ length: 10 }, (_, index) => `key-${990 + index}`));
});

test("no window lets more through than its attempts, whatever the timing", () => {
  const property = fc.property(
    fc.integer({ min: 1, max: 5 }),
    fc.array(fc.nat(4000), { maxLength: 60 }),
    (attemptsMax, pauses) => {
      const { clock, limit } = aLimit({ attemptsMax });
      const taken: number[] = [];
      for (const pause of pauses) {
        clock.advance(pause);
        if (limit.take("a")) taken.push(clock.now());
      }
      // Windows do not overlap, so any window's length holds at most two windows' attempts.
      for (const at of taken)
        expect(taken.filter((other) => other >= at && other < at + 10_000).length).toBeLessThanOrEqual(
          2 * attemptsMax,
        );
    },
  );
  fc.assert(property);
});
