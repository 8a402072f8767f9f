// Copies of a state along its way: a late reading starts again from the last one before it, not from the beginning.
import { copyState, never, type RuleState } from "./rule-state.ts";

/** Of each rule and subject; one is a few hundred bytes, more for counts and rates. */
export const checkpointsMax = 12;
/** Two are at least so far apart. */
const checkpointGapMs = 60_000;

/**
 * The checkpoints with one of `state` added, oldest first. Beyond the limit the one goes that is missed least: whose
 * neighbours are close together for its age. What stays is dense for the last minutes and sparse for the last months.
 */
export function withCheckpoint(checkpoints: readonly RuleState[], state: RuleState): readonly RuleState[] {
  const newest = checkpoints.at(-1);
  if (state.foldedTo === never) return checkpoints;
  if (newest !== undefined && state.foldedTo - newest.foldedTo < checkpointGapMs) return checkpoints;
  const all = [...checkpoints, copyState(state)];
  return all.length <= checkpointsMax ? all : all.toSpliced(leastMissed(all), 1);
}

/** The last one that holds nothing of `at` or later; null: start from the beginning. */
export function checkpointBefore(checkpoints: readonly RuleState[], at: number): RuleState | null {
  return checkpoints.findLast(({ foldedTo }) => foldedTo < at) ?? null;
}

function leastMissed(all: readonly RuleState[]): number {
  const now = all.at(-1)?.foldedTo ?? 0;
  let least = 1;
  let leastGap = Number.POSITIVE_INFINITY;
  for (let index = 1; index < all.length - 1; index += 1) {
    const [before, own, after] = [all[index - 1], all[index], all[index + 1]];
    if (before === undefined || own === undefined || after === undefined) continue;
    const gap = (after.foldedTo - before.foldedTo) / (now - own.foldedTo);
    if (gap >= leastGap) continue;
    least = index;
    leastGap = gap;
  }
  return least;
}
