// Readings as rules see them: all of one instant at once, in an order that does not depend on how they arrived.

/** What a rule can judge of a reading; JSON is judged by none. */
export type RuleValue = number | string | boolean;

/** One reading of one subject; `at` is when it was observed, epoch milliseconds. */
export interface RuleEvent {
  readonly at: number;
  readonly key: string;
  readonly value: RuleValue;
}

/** Everything that one subject measured at one instant. */
export interface Moment {
  readonly at: number;
  readonly values: readonly { readonly key: string; readonly value: RuleValue }[];
}

const typeRanks: Readonly<Record<string, number>> = { boolean: 0, number: 1, string: 2 };

/**
 * By time, then key, then type and value: an order of the readings themselves, so that those of one millisecond mean the
 * same whichever came first. Zero for one reading that came twice.
 */
export function compareEvents(left: RuleEvent, right: RuleEvent): number {
  if (left.at !== right.at) return left.at - right.at;
  if (left.key !== right.key) return left.key < right.key ? -1 : 1;
  if (left.value === right.value) return 0;
  const byType = (typeRanks[typeof left.value] ?? 0) - (typeRanks[typeof right.value] ?? 0);
  if (byType !== 0) return byType;
  return left.value < right.value ? -1 : 1;
}

/** The moments of a set of readings, oldest first; a reading that is there twice counts once. */
export function momentsOf(events: readonly RuleEvent[]): Moment[] {
  const sorted = events.filter(isJudgeable).sort(compareEvents);
  const moments: { readonly at: number; readonly values: RuleEvent[] }[] = [];
  let before: RuleEvent | undefined;
  for (const event of sorted) {
    if (before !== undefined && compareEvents(before, event) === 0) continue;
    before = event;
    const last = moments.at(-1);
    if (last?.at === event.at) last.values.push(event);
    else moments.push({ at: event.at, values: [event] });
  }
  return moments;
}

function isJudgeable({ value }: RuleEvent): boolean {
  return typeof value !== "number" || Number.isFinite(value);
}
