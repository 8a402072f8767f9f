import { expect, test } from "vitest";
import { leaksOf } from "./prove/fuzz-memory.ts";

const megabyte = 1_048_576;
const parts = [{ isRepeat: false }, { isRepeat: false }, { isRepeat: true }];
const state = (heapUsedMb: number, series: number, external = 0) => ({
  ...{ heapUsed: heapUsedMb * megabyte, external, series },
});

test("what new kinds of readings cost is no leak, and neither is the noise of a repetition", () => {
  expect(leaksOf([state(60, 1_000), state(85, 21_000), state(85.5, 21_003)], parts)).toEqual([]);
});

test("new cases that leave more than their new kinds of readings explain are a leak", () => {
  const [fault] = leaksOf([state(60, 1_000), state(85, 2_000), state(85, 2_000)], parts);
  expect(fault).toContain("Part 1 left 25.0 MB with 1000 new kinds of readings");
});

test("a repetition that leaves two megabytes behind is a leak, wherever they are", () => {
  expect(leaksOf([state(60, 0), state(60, 0), state(62, 0)], parts)).toHaveLength(1);
  expect(leaksOf([state(60, 0), state(60, 0), state(60, 0, 2 * megabyte)], parts)).toHaveLength(1);
});

test("a repetition that brings something new proves nothing and says so", () => {
  const [fault] = leaksOf([state(60, 0), state(60, 0), state(60, 500)], parts);
  expect(fault).toContain("made 500 kinds of readings");
});
