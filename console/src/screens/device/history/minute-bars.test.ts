import type { LimitEvent } from "@waremind/contract";
import { expect, test } from "vitest";
import { minuteBars } from "./minute-bars.ts";

const minuteMs = 60_000;
const nowAt = 1_764_000_000_000 - (1_764_000_000_000 % minuteMs) + 12_345;
const present = nowAt - 12_345;
const event = (minutesAgo: number, times: number, limitName = "messages"): LimitEvent => ({
  limitName,
  minuteAt: present - minutesAgo * minuteMs,
  allowed: "20:1",
  times,
  worst: 30,
  lastAt: present,
});

test("each minute adds up all limits, and quiet minutes stand as nothing", () => {
  const bars = minuteBars([event(0, 2), event(0, 3, "telemetry-points"), event(2, 7)], nowAt, 5);
  expect(bars.map((bar) => bar.times)).toEqual([0, 0, 7, 0, 5]);
  expect(bars.at(-1)?.minuteAt).toBe(present);
});
test("when all was long ago, the stretch that ends with the latest is shown", () => {
  const bars = minuteBars([event(500, 4)], nowAt, 3);
  expect(bars.map((bar) => bar.times)).toEqual([0, 0, 4]);
});
test("without any event the last minutes are quiet", () => {
  expect(minuteBars([], nowAt, 3).map((bar) => bar.times)).toEqual([0, 0, 0]);
});
