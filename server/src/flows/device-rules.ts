// Which alarm rules hold for a device: those of its profile, and those of what it is bound to. Pure.
import { createHash } from "node:crypto";
import type { AlarmRule } from "@waremind/contract";
import { type CompiledRule, compileRule } from "../decisions/rules/index.ts";
import type { Binding, Profile } from "../devices/index.ts";

/** One rule, ready to judge a device. */
export interface DeviceRule {
  /** Of the profile its own id; of a binding `{bindingId}/{id}`, which no rule of a profile can be called. */
  readonly ruleId: string;
  readonly compiled: CompiledRule;
  /** The same for rules that judge the same, whatever they are called. */
  readonly fingerprint: string;
  /** The whole rule as text: the same for rules that also say the same. */
  readonly text: string;
  /** Readings from here on; null: all. */
  readonly since: number | null;
}

const hourMs = 3_600_000;
/** What an expression or a fence has to know of before is looked for so far back. */
const remembranceMs = 24 * hourMs;
const fingerprintLength = 22;

const ofProfiles = new WeakMap<Profile, readonly DeviceRule[]>();
/** By profile and binding rules as text: bindings are read anew every few seconds. */
const ofBindings = new WeakMap<Profile, Map<string, readonly DeviceRule[]>>();
const bindingsKeptMax = 1_000;

/** Rules that are switched off, or that no profile like this could have, are left out. */
export function rulesOf(profile: Profile, bindings: readonly Binding[]): readonly DeviceRule[] {
  const own = ofProfiles.get(profile) ?? compileAll(profile, profile.alarmRules, null);
  ofProfiles.set(profile, own);
  if (bindings.length === 0) return own;
  return [...own, ...bindings.flatMap((binding) => rulesOfBinding(profile, binding))];
}

function rulesOfBinding(profile: Profile, binding: Binding): readonly DeviceRule[] {
  const known = ofBindings.get(profile) ?? new Map<string, readonly DeviceRule[]>();
  ofBindings.set(profile, known);
  const key = `${binding.id}/${JSON.stringify(binding.alarmRules)}`;
  const present = known.get(key);
  if (present !== undefined) return present;
  if (known.size >= bindingsKeptMax) known.clear();
  const made = compileAll(profile, binding.alarmRules, binding);
  known.set(key, made);
  return made;
}

function compileAll(
  profile: Profile,
  rules: readonly AlarmRule[],
  binding: Binding | null,
): readonly DeviceRule[] {
  return rules.flatMap((rule) => {
    const result = rule.isEnabled ? compileRule(rule, profile) : null;
    if (result === null || !result.ok) return [];
    const since = binding === null ? null : binding.boundAt;
    const ruleId = binding === null ? rule.id : `${binding.id}/${rule.id}`;
    const { name: _name, message: _message, severity: _severity, ...judged } = rule;
    const text = JSON.stringify([rule, since, profile.expectedIntervalSeconds]);
    const fingerprint = createHash("sha256")
      .update(JSON.stringify([judged, since, profile.expectedIntervalSeconds]))
      .digest("base64url")
      .slice(0, fingerprintLength);
    return [{ ruleId, compiled: result.compiled, fingerprint, text, since }];
  });
}

/**
 * How far back a rule that is new to a device looks at what the device said before, in milliseconds: as far as its
 * condition reaches. What began before is not known to it.
 */
export function lookbackMs({ rule, forMs, silenceMs, windowMs }: CompiledRule): number {
  switch (rule.kind) {
    case "threshold":
      return forMs;
    case "rate-of-change":
      return forMs + rule.overSeconds * 1_000;
    case "absence":
      return silenceMs ?? 0;
    case "count-in-window":
      return windowMs ?? 0;
    case "geofence":
    case "expression":
      return forMs + remembranceMs;
  }
}

/** Whether time alone may raise or end an alarm of it. */
export const isTimed = ({ silenceMs, windowMs }: CompiledRule): boolean =>
  silenceMs !== null || windowMs !== null;
