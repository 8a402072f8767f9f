// The short way of a threshold that is far from anything: a whole batch of moments at the cost of one.
import type { CompiledRule } from "./compile-rule.ts";
import type { Moment } from "./moment.ts";
import { never, type RuleState } from "./rule-state.ts";

/** What a key measured over several moments, its numbers alone. */
interface KeyRange {
  min: number;
  max: number;
  /** Of the last moment that has it. */
  lastAt: number;
}

/** Moments in the order of time, and what each key of them measured. */
export interface Stretch {
  readonly moments: readonly Moment[];
  readonly ranges: ReadonlyMap<string, KeyRange>;
}

/** Looked at once for all rules of a subject. */
export function stretchOf(moments: readonly Moment[]): Stretch {
  const ranges = new Map<string, KeyRange>();
  for (const { at, values } of moments)
    for (const { key, value } of values) if (typeof value === "number") widen(ranges, key, value, at);
  return { moments, ranges };
}

function widen(ranges: Map<string, KeyRange>, key: string, value: number, at: number): void {
  const range = ranges.get(key);
  if (range === undefined) {
    ranges.set(key, { min: value, max: value, lastAt: at });
    return;
  }
  if (value < range.min) range.min = value;
  if (value > range.max) range.max = value;
  range.lastAt = at;
}

/**
 * True when advancing over all moments of the stretch would raise, begin and end nothing; the state is then as if that had
 * been done, in constant time. False, with the state as it was, when they have to be taken one by one.
 */
export function passQuietly(
  { rule, ignoreMs }: CompiledRule,
  state: RuleState,
  { moments, ranges }: Stretch,
): boolean {
  if (rule.kind !== "threshold" || !rule.isEnabled || ignoreMs > 0) return false;
  if (state.beganAt !== never || state.raisedAt !== never) return false;
  const [first] = moments;
  if (first === undefined || first.at <= state.foldedTo) return false;
  const range = ranges.get(rule.key);
  if (range === undefined) return true;
  const { above, below } = rule;
  if ((above !== null && range.max > above) || (below !== null && range.min < below)) return false;
  state.heardAt = range.lastAt;
  state.foldedTo = range.lastAt;
  return true;
}
