// Stretches in which series were silent: pure.
import type { TimeWindow } from "./window.ts";

/** Those that overlap become one, so that what several series share is drawn once. */
export function joinedWindows(windows: readonly TimeWindow[]): readonly TimeWindow[] {
  const joined: { from: number; to: number }[] = [];
  for (const { from, to } of windows.toSorted((one, other) => one.from - other.from)) {
    const last = joined.at(-1);
    if (last !== undefined && from <= last.to) last.to = Math.max(last.to, to);
    else joined.push({ from, to });
  }
  return joined;
}
