import type { AlarmSeverity, EscalationPolicy } from "@waremind/contract";

const ranks: Readonly<Record<AlarmSeverity, number>> = { info: 0, warning: 1, critical: 2 };

/** What decides which ladder an alarm climbs. */
export interface EscalatedAlarm {
  readonly severity: AlarmSeverity;
  /** Empty where no rule raised it; of a binding `{bindingId}/{ruleId}`. */
  readonly ruleId: string;
  /** Of the alarm's device; null without one. */
  readonly profileId: string | null;
}

/**
 * The policy that names the rule (together with the profile where it names one as well), else the one that names the
 * profile, else one for every alarm; of several the one with the highest minimum that the alarm reaches, then the oldest.
 * Null when none is for it: then nobody is told.
 *
 * @param isInForce whether a policy's schedule is open now
 */
export function choosePolicy(
  policies: readonly EscalationPolicy[],
  alarm: EscalatedAlarm,
  isInForce: (policy: EscalationPolicy) => boolean,
): EscalationPolicy | null {
  let best: { readonly policy: EscalationPolicy; readonly score: number } | null = null;
  for (const policy of policies) {
    const closeness = closenessOf(policy, alarm);
    const reached = ranks[alarm.severity] >= ranks[policy.minSeverity];
    if (!policy.isEnabled || closeness === null || !reached || !isInForce(policy)) continue;
    const score = closeness * 3 + ranks[policy.minSeverity];
    if (best === null || score > best.score) best = { policy, score };
  }
  return best?.policy ?? null;
}

/** How closely a policy means an alarm, 0 to 3; null when it means others. */
function closenessOf({ ruleIds, profileIds }: EscalationPolicy, alarm: EscalatedAlarm): number | null {
  const namesRule = ruleIds.length > 0;
  const namesProfile = profileIds.length > 0;
  if (namesRule && (alarm.ruleId === "" || !ruleIds.includes(alarm.ruleId))) return null;
  if (namesProfile && (alarm.profileId === null || !profileIds.includes(alarm.profileId))) return null;
  return (namesRule ? 2 : 0) + (namesProfile ? 1 : 0);
}
