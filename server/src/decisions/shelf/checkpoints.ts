// Earlier states of a count, so that a weight that comes late is folded in at its own time without beginning at the beginning.
import type { CellCountState } from "./count.ts";

/** Of each of these steps the last two states are kept: there is one not much older than any age up to ten hours. */
const stepsMs = [300_000, 1_200_000, 4_800_000, 19_200_000] as const;
const keptPerStep = 2;

/** With the newest state, if its step is a new one; in the order of time, at most eight. */
export function withCheckpoint(
  checkpoints: readonly CellCountState[],
  state: CellCountState,
): readonly CellCountState[] {
  if (!isNewStep(checkpoints.at(-1), state, stepsMs[0])) return checkpoints;
  const all = [...checkpoints, state];
  const left = stepsMs.map(() => keptPerStep);
  const kept = all.map((one, index) => ({ one, earlier: all[index - 1] })).toReversed();
  return kept
    .filter(({ one, earlier }) => {
      const wanted = stepsMs.map(
        (stepMs, place) => isNewStep(earlier, one, stepMs) && (left[place] ?? 0) > 0,
      );
      for (const [place, isWanted] of wanted.entries()) if (isWanted) left[place] = (left[place] ?? 0) - 1;
      return wanted.some(Boolean);
    })
    .map(({ one }) => one)
    .toReversed();
}

/** Those that hold nothing after an instant. */
export function checkpointsBefore(
  checkpoints: readonly CellCountState[],
  at: number,
): readonly CellCountState[] {
  return checkpoints.filter(({ lastAt }) => lastAt !== null && lastAt <= at);
}

function isNewStep(earlier: CellCountState | undefined, later: CellCountState, stepMs: number): boolean {
  const stepOf = (state: CellCountState | undefined) => Math.floor((state?.lastAt ?? -1) / stepMs);
  return stepOf(earlier) !== stepOf(later);
}
