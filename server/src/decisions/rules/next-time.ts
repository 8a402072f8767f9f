import type { CompiledRule } from "./compile-rule.ts";
import { never, type RuleState } from "./rule-state.ts";
import { nextActiveAt } from "./schedule.ts";

/**
 * The instant after which time alone next changes something (`advanceTime` with a later `now`), unless a reading comes
 * before; null when nothing is awaited. So that whoever watches many subjects asks only of those that are due.
 */
export function nextTimeAt(compiled: CompiledRule, state: RuleState): number | null {
  if (!compiled.rule.isEnabled) return null;
  if (compiled.silenceMs !== null) return silenceDueAt(compiled, compiled.silenceMs, state);
  if (compiled.windowMs === null || state.raisedAt === never) return null;
  const falseSince =
    state.clearSince === never ? Number(state.memory[0]) + compiled.windowMs : state.clearSince;
  return falseSince + compiled.clearAfterMs;
}

function silenceDueAt(compiled: CompiledRule, silenceMs: number, state: RuleState): number | null {
  const lastAt = state.heardAt === never ? state.watchedFrom : state.heardAt;
  if (lastAt === never) return null;
  const silentAt = lastAt + silenceMs;
  if (state.raisedAt === never)
    return nextActiveAt(compiled.rule.schedule, Math.max(silentAt, state.ignoreUntil));
  return state.clearSince === never ? null : Math.min(state.clearSince + compiled.clearAfterMs, silentAt);
}
