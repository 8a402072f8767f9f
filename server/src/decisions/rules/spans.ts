// Alarms as a function of the set of readings: the reference for a backtest, and for what late readings change.
import { advanceRule, advanceTime, isLate } from "./advance-rule.ts";
import type { CompiledRule } from "./compile-rule.ts";
import { momentsOf, type RuleEvent } from "./moment.ts";
import { copyState, never, type RuleState, startRule, type Transition } from "./rule-state.ts";

/** One alarm from its beginning to its end, or still open. */
export interface RuleSpan {
  /** When the condition became true. */
  readonly beganAt: number;
  /** When it had been for long enough. */
  readonly raisedAt: number;
  readonly endedAt: number | null;
  /** When it was raised and at its worst; null for kinds that have no number to say. */
  readonly value: number | null;
  readonly peak: number | null;
}

/** From when to when time is known to have passed, besides what the readings show. */
export interface FoldBounds {
  /** Since when a first word is waited for; null: since it comes. */
  readonly since: number | null;
  /** The present, for what time alone changes; null: that of the last reading. */
  readonly until: number | null;
}

const noBounds: FoldBounds = { since: null, until: null };

/** What the rule says of these readings of one subject, in any order and however often each is there. */
export function spansOf(
  compiled: CompiledRule,
  events: readonly RuleEvent[],
  bounds: FoldBounds = noBounds,
): RuleSpan[] {
  return refold(compiled, null, events, bounds).spans;
}

export interface Refolded {
  /** The state after everything; a new one, the checkpoint is as it was. */
  readonly state: RuleState;
  /** The alarm that was open at the checkpoint with what became of it, and every one since. */
  readonly spans: RuleSpan[];
}

/**
 * Folds readings from a checkpoint, or from the beginning when it is null. Readings up to the checkpoint's `foldedTo` are in
 * it already and are passed over, so it serves only for what is later: `checkpointBefore` finds the one for a late reading.
 */
export function refold(
  compiled: CompiledRule,
  checkpoint: RuleState | null,
  events: readonly RuleEvent[],
  { since, until }: FoldBounds = noBounds,
): Refolded {
  const state = checkpoint === null ? startRule({ since }) : copyState(checkpoint);
  const spans: RuleSpan[] = [];
  for (const moment of momentsOf(events)) {
    if (!isLate(compiled, state, moment)) collect(spans, advanceRule(compiled, state, moment));
  }
  if (until !== null) collect(spans, advanceTime(compiled, state, until));
  const open = openSpan(state);
  if (open !== null) spans.push(open);
  return { state, spans };
}

/** The alarm that is open in this state; null when none is. */
export function openSpan({ beganAt, raisedAt, raisedValue, peak }: RuleState): RuleSpan | null {
  return raisedAt === never ? null : { beganAt, raisedAt, endedAt: null, value: raisedValue, peak };
}

function collect(spans: RuleSpan[], transitions: readonly Transition[]): void {
  for (const one of transitions) {
    if (one.kind === "raised") continue;
    const { beganAt, raisedAt, at, value, peak } = one;
    spans.push({ beganAt, raisedAt, endedAt: at, value, peak });
  }
}
