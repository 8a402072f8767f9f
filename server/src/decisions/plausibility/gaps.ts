// Gaps of a series: silence is data, and has a row.

/** `to` null: nothing came since. */
export interface SeriesGap {
  readonly from: number;
  readonly to: number | null;
}

/** As in the cold chain: silence of more than so many expected intervals. */
export const intervalsPerGap = 3;

/** Between readings (in time order) and, where `now` is given, up to the present. */
export function gapsOf(
  observedAts: readonly number[],
  { expectedIntervalMs, now }: { readonly expectedIntervalMs: number; readonly now?: number },
): readonly SeriesGap[] {
  const longestMs = expectedIntervalMs * intervalsPerGap;
  const gaps: SeriesGap[] = [];
  for (const [index, to] of observedAts.entries()) {
    const from = observedAts[index - 1];
    if (from !== undefined && to - from > longestMs) gaps.push({ from, to });
  }
  const last = observedAts.at(-1);
  if (last !== undefined && now !== undefined && now - last > longestMs) gaps.push({ from: last, to: null });
  return gaps;
}
