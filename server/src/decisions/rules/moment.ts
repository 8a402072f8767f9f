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

interface OpenMoment {
  readonly at: number;
  values: RuleEvent[];
}

/** The moments of a set of readings, oldest first; a reading that is there twice counts once. */
export function momentsOf(events: readonly RuleEvent[]): Moment[] {
  const moments = momentsInOrder(events) ?? momentsInOrder(events.toSorted(compareEvents)) ?? [];
  for (const moment of moments) if (moment.values.length > 1) moment.values = distinct(moment.values);
  return moments;
}

/** Readings mostly come in the order of their time; null when one does not. */
function momentsInOrder(events: readonly RuleEvent[]): OpenMoment[] | null {
  const moments: OpenMoment[] = [];
  let last: OpenMoment | undefined;
  for (const event of events) {
    if (!isJudgeable(event)) continue;
    if (last !== undefined && event.at < last.at) return null;
    if (last?.at === event.at) last.values.push(event);
    else {
      last = { at: event.at, values: [event] };
      moments.push(last);
    }
  }
  return moments;
}

function distinct(values: RuleEvent[]): RuleEvent[] {
  const sorted = values.sort(compareEvents);
  return sorted.filter((event, index) => {
    const before = sorted[index - 1];
    return before === undefined || compareEvents(before, event) !== 0;
  });
}

function isJudgeable({ value }: RuleEvent): boolean {
  return typeof value !== "number" || Number.isFinite(value);
}
