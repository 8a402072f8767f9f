import type { Alarm } from "@waremind/contract";

export interface AlarmFilter {
  readonly severity: Alarm["severity"] | undefined;
  /** Looked for in the subject and in the message of both languages. */
  readonly query: string | undefined;
  /** A person's id. */
  readonly assignedTo: string | undefined;
}

const ranks: Record<Alarm["severity"], number> = { critical: 0, warning: 1, info: 2 };

/** Those that fit: what still holds and nobody took note of first, then by severity, then the newest. */
export function filterAlarms(alarms: readonly Alarm[], filter: AlarmFilter): readonly Alarm[] {
  const query = filter.query?.trim().toLowerCase() ?? "";
  return alarms
    .filter(
      (alarm) =>
        (filter.severity === undefined || alarm.severity === filter.severity) &&
        (filter.assignedTo === undefined || alarm.assignedTo === filter.assignedTo) &&
        (query === "" || textOf(alarm).includes(query)),
    )
    .toSorted(
      (left, right) =>
        urgency(left) - urgency(right) ||
        ranks[left.severity] - ranks[right.severity] ||
        right.beganAt - left.beganAt,
    );
}

const textOf = ({ subjectLabel, deviceName, message }: Alarm): string =>
  [subjectLabel, deviceName ?? "", message.en, message.zh].join(" ").toLowerCase();

function urgency(alarm: Alarm): number {
  if (alarm.endedAt !== null) return 2;
  return alarm.acknowledgedAt === null ? 0 : 1;
}
