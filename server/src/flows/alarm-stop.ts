import type { Alarm, EscalationStop } from "@waremind/contract";

/** Why an alarm is told to nobody any more, and since when; null while it is. */
export function stopOf(alarm: Alarm): { readonly because: EscalationStop; readonly at: number } | null {
  if (alarm.acknowledgedAt !== null) return { because: "acknowledged", at: alarm.acknowledgedAt };
  if (alarm.withdrawnAt !== null) return { because: "withdrawn", at: alarm.withdrawnAt };
  if (alarm.endedAt !== null) return { because: "ended", at: alarm.endLearnedAt ?? alarm.endedAt };
  return null;
}
