import type { LimitEvent } from "@waremind/contract";

const minuteMs = 60_000;
export interface MinuteBar {
  readonly minuteAt: number;
  readonly times: number;
}

/**
 * How often limits were met in each minute of the last `minutes`, oldest first, quiet minutes with 0. When nothing happened
 * in them, the stretch that ends with the latest event is shown instead: a quiet hour tells nothing.
 */
export function minuteBars(
  events: readonly LimitEvent[],
  nowAt: number,
  minutes: number,
): readonly MinuteBar[] {
  const present = Math.floor(nowAt / minuteMs) * minuteMs;
  const latest = Math.max(...events.map((event) => event.minuteAt), Number.NEGATIVE_INFINITY);
  const end = latest > present - minutes * minuteMs || latest === Number.NEGATIVE_INFINITY ? present : latest;
  const byMinute = new Map<number, number>();
  for (const event of events) byMinute.set(event.minuteAt, (byMinute.get(event.minuteAt) ?? 0) + event.times);
  return Array.from({ length: minutes }, (_, index) => {
    const minuteAt = end - (minutes - 1 - index) * minuteMs;
    return { minuteAt, times: byMinute.get(minuteAt) ?? 0 };
  });
}
