import fc from "fast-check";
import { expect, test } from "vitest";
import { createGate, forEachAtOnce } from "./gate.ts";
import { readPage } from "./pages.ts";
import type { SourcePoint } from "./source.ts";
import { namePattern } from "./take-over.ts";

/** A source that answers like ThingsBoard: from inclusive, to exclusive, cut at the limit. */
const sourceOf = (all: readonly SourcePoint[]) => ({
  points: (_device: string, { from, to, limit }: { from: number; to: number; limit: number }) =>
    Promise.resolve(all.filter(({ at }) => at >= from && at < to).slice(0, limit)),
});

async function readAll(
  all: readonly SourcePoint[],
  limits: { pointsPerPage: number; pointsPerPageMax: number },
) {
  const read: SourcePoint[] = [];
  for (let from: number | null = 0; from !== null; ) {
    const page = await readPage(sourceOf(all), "d", { key: "k", from, to: 1_000 }, limits);
    read.push(...page.points);
    from = page.nextAt;
  }
  return read;
}

test("however points crowd in milliseconds and pages, each is read once and in order", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: 12 }), { maxLength: 120 }),
      fc.integer({ min: 1, max: 9 }),
      async (times, pointsPerPage) => {
        const all = times
          .toSorted((left, right) => left - right)
          .map((at, index): SourcePoint => ({ at, value: { type: "number", number: index } }));
        expect(await readAll(all, { pointsPerPage, pointsPerPageMax: 4 ** 6 })).toEqual(all);
      },
    ),
  );
});

test("a millisecond with more points than the largest page is said, not cut", async () => {
  const all = Array.from(
    { length: 20 },
    (): SourcePoint => ({ at: 5, value: { type: "boolean", boolean: true } }),
  );
  await expect(readAll(all, { pointsPerPage: 2, pointsPerPageMax: 8 })).rejects.toMatchObject({
    code: "limit-reached",
  });
});

test.each([
  ["*", "anything", true],
  ["logger-?", "logger-7", true],
  ["logger-?", "logger-17", false],
  ["LOGGER-*", "logger-17", true],
  ["*-7", "logger-7-7", true],
  ["a.c", "abc", false],
  ["", "a", false],
])("the pattern %s and the name %s", (pattern, name, isMatch) => {
  expect(namePattern(pattern)(name)).toBe(isMatch);
});

test("a pattern full of stars is answered at once", () => {
  expect(namePattern("*a".repeat(100))(`${"a".repeat(250)}b`)).toBe(false);
});

test("a gate lets no more in than it is wide, and a failed list stops", async () => {
  const gate = createGate(2);
  let [inside, most] = [0, 0];
  const work = async () => {
    inside += 1;
    most = Math.max(most, inside);
    await Promise.resolve();
    inside -= 1;
  };
  await Promise.all(Array.from({ length: 9 }, () => gate(work)));
  expect(most).toBe(2);
  const seen: number[] = [];
  const failing = forEachAtOnce([1, 2, 3, 4, 5, 6], 2, (item) => {
    seen.push(item);
    return item === 2 ? Promise.reject(new Error("two")) : Promise.resolve();
  });
  await expect(failing).rejects.toThrow("two");
  expect(seen.length).toBeLessThan(6);
});
