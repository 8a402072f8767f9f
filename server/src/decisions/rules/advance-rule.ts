// One rule on one subject: readings in, alarms raised and ended out. Time alone ends a count and raises a silence; every
// other duration is confirmed by a reading.
import type { CompiledRule } from "./compile-rule.ts";
import { verdicts } from "./judge.ts";
import type { Moment } from "./moment.ts";
import { never, noTransitions, type RuleState, type Transition } from "./rule-state.ts";
import { isActiveAt, nextActiveAt } from "./schedule.ts";

/**
 * Takes one moment, later than all before (`isLate` tells), and changes `state` in place. Most moments raise and end nothing:
 * the answer is then always the same empty list, and nothing is allocated but the numbers that the rule remembers.
 *
 * What the rule's settings mean:
 * - An alarm is raised at the first reading at which the condition has held for `forSeconds`, within the schedule.
 * - It ends at the first one at which it has been false for `clearAfterSeconds`, whatever the schedule.
 * - Within an ignore period nothing begins, and what began but was not raised begins anew after it.
 * @throws Error when a reading of the rule's own keys is late: fold again from a checkpoint before it (`refold`).
 */
export function advanceRule(compiled: CompiledRule, state: RuleState, moment: Moment): readonly Transition[] {
  const { at } = moment;
  if (!compiled.rule.isEnabled) return noTransitions;
  if (at <= state.foldedTo) {
    if (!isLate(compiled, state, moment)) return noTransitions;
    throw new Error(
      `A reading of ${at} comes late: rule ${compiled.rule.id} is folded to ${state.foldedTo}.`,
    );
  }
  const lapsed = isTimed(compiled) ? advanceTime(compiled, state, at) : noTransitions;
  const verdict = compiled.judge(state.memory, moment, compiled.measure);
  if (verdict === verdicts.unheard) return lapsed;
  if (compiled.ignoreMs > 0) ignoreAfterSilence(compiled, state, at);
  state.heardAt = at;
  state.foldedTo = at;
  const next =
    verdict === verdicts.holds
      ? hold(compiled, state, at)
      : release(compiled, state, at, verdict === verdicts.clear);
  if (next === null) return lapsed;
  return lapsed.length === 0 ? [next] : [...lapsed, next];
}

/** Whether the moment has something for this rule that belongs before what is folded already. */
export function isLate({ keys }: CompiledRule, { foldedTo }: RuleState, { at, values }: Moment): boolean {
  return at <= foldedTo && values.some(({ key }) => keys === null || keys.includes(key));
}

const isTimed = ({ silenceMs, windowMs }: CompiledRule): boolean => silenceMs !== null || windowMs !== null;

/** True at `at`. */
function hold(compiled: CompiledRule, state: RuleState, at: number): Transition | null {
  const { measure } = compiled;
  state.clearSince = never;
  if (state.beganAt === never) {
    if (at < state.ignoreUntil) return null;
    state.beganAt = at;
    state.peak = measure.value;
    state.peakExcess = measure.excess;
  } else if (measure.value !== null && measure.excess > state.peakExcess) {
    state.peak = measure.value;
    state.peakExcess = measure.excess;
  }
  if (state.raisedAt !== never || at - state.beganAt < compiled.forMs) return null;
  if (!isActiveAt(compiled.rule.schedule, at)) return null;
  state.raisedAt = at;
  state.raisedValue = measure.value;
  return { kind: "raised", beganAt: state.beganAt, at, value: measure.value };
}

/** Not true at `at`. */
function release(compiled: CompiledRule, state: RuleState, at: number, isClear: boolean): Transition | null {
  if (state.raisedAt === never) {
    state.beganAt = never;
    return null;
  }
  if (!isClear) {
    state.clearSince = never;
    return null;
  }
  if (state.clearSince === never) state.clearSince = at;
  return at - state.clearSince >= compiled.clearAfterMs ? end(compiled, state, at) : null;
}

function end({ rule, ignoreMs }: CompiledRule, state: RuleState, at: number): Transition {
  const { beganAt, raisedAt, raisedValue, peak } = state;
  state.beganAt = never;
  state.raisedAt = never;
  state.clearSince = never;
  state.raisedValue = null;
  state.peak = null;
  if (ignoreMs > 0 && rule.ignoreAfter.includes("end"))
    state.ignoreUntil = Math.max(state.ignoreUntil, at + ignoreMs);
  return { kind: "ended", beganAt, raisedAt, at, value: raisedValue, peak };
}

function ignoreAfterSilence(compiled: CompiledRule, state: RuleState, at: number): void {
  const { rule, ignoreMs, ignoreSilenceMs } = compiled;
  const isStart = state.heardAt === never;
  if (!isStart && at - state.heardAt <= ignoreSilenceMs) return;
  if (!rule.ignoreAfter.includes(isStart ? "start" : "silence")) return;
  state.ignoreUntil = Math.max(state.ignoreUntil, at + ignoreMs);
  if (state.raisedAt === never) state.beganAt = never;
}

/**
 * What time alone changes up to `now`, each transition with the instant it is true of, not with `now`: silences of absence
 * rules, and counts whose readings have left the window. Calling it often or never gives the same alarms in the end.
 */
export function advanceTime(compiled: CompiledRule, state: RuleState, now: number): readonly Transition[] {
  if (!compiled.rule.isEnabled) return noTransitions;
  if (compiled.silenceMs !== null) return fallSilent(compiled, compiled.silenceMs, state, now);
  if (compiled.windowMs !== null && state.raisedAt !== never)
    return runOut(compiled, compiled.windowMs, state, now);
  return noTransitions;
}

/** A count is true up to the instant at which its oldest reading is a window old, and false after it. */
function runOut(
  compiled: CompiledRule,
  windowMs: number,
  state: RuleState,
  now: number,
): readonly Transition[] {
  const lastTrueAt = Number(state.memory[0]) + windowMs;
  if (now <= lastTrueAt) return noTransitions;
  // A reading of before then still finds the count true, and takes this back.
  if (state.clearSince === never) state.clearSince = lastTrueAt;
  const endsAt = state.clearSince + compiled.clearAfterMs;
  if (now <= endsAt) return noTransitions;
  state.foldedTo = Math.max(state.foldedTo, endsAt);
  return [end(compiled, state, endsAt)];
}

function fallSilent(
  compiled: CompiledRule,
  silenceMs: number,
  state: RuleState,
  now: number,
): readonly Transition[] {
  const lastAt = state.heardAt === never ? state.watchedFrom : state.heardAt;
  if (lastAt === never || now <= lastAt) return noTransitions;
  const silentAt = lastAt + silenceMs;
  const ended = state.clearSince === never ? null : speakOn(compiled, state, { silentAt, now });
  if (state.raisedAt !== never || now <= silentAt) return ended === null ? noTransitions : [ended];
  const raised = raiseSilence(compiled, state, { lastAt, silentAt, now });
  return [ended, raised].filter((one) => one !== null);
}

/** After the first word an open alarm ends with time, unless the next silence is there before. */
function speakOn(
  compiled: CompiledRule,
  state: RuleState,
  { silentAt, now }: { readonly silentAt: number; readonly now: number },
): Transition | null {
  const endsAt = state.clearSince + compiled.clearAfterMs;
  if (now <= Math.min(endsAt, silentAt)) return null;
  state.foldedTo = Math.max(state.foldedTo, Math.min(endsAt, silentAt));
  if (endsAt <= silentAt) return end(compiled, state, endsAt);
  state.clearSince = never;
  return null;
}

/** Silent since the last word; told when it has been for long enough, or when the schedule next allows. */
function raiseSilence(
  compiled: CompiledRule,
  state: RuleState,
  { lastAt, silentAt, now }: { readonly lastAt: number; readonly silentAt: number; readonly now: number },
): Transition | null {
  const at = nextActiveAt(compiled.rule.schedule, Math.max(silentAt, state.ignoreUntil));
  if (at === null || now <= at) return null;
  state.beganAt = lastAt;
  state.raisedAt = at;
  state.foldedTo = Math.max(state.foldedTo, at);
  return { kind: "raised", beganAt: lastAt, at, value: null };
}
