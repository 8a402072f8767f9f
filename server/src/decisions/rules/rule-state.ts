/** Before any instant that can be; a state is JSON, which knows no infinity. */
export const never = -8_640_000_000_000_001;

export type MemoryCell = number | string | boolean | null;

/**
 * What a rule knows of one subject: JSON of bounded size. It is changed in place by `advanceRule` and `advanceTime`; a
 * copy (`copyState`) is a checkpoint, from which readings after `foldedTo` give what they give from the beginning.
 */
export interface RuleState {
  /** Readings and time up to here are in this state; a reading at or before it comes late. */
  foldedTo: number;
  /** Since when somebody waits for its first word. */
  watchedFrom: number;
  /** The last instant that had something for this rule. */
  heardAt: number;
  /** Nothing begins before. */
  ignoreUntil: number;
  /** Since when the condition is true. */
  beganAt: number;
  /** When it had been true for long enough: an alarm is open. */
  raisedAt: number;
  /** Since when the condition of an open alarm is false. */
  clearSince: number;
  /** With which value it was raised. */
  raisedValue: number | null;
  /** The furthest beyond since it began. */
  peak: number | null;
  /** How far beyond that is, by the measure of its kind. */
  peakExcess: number;
  /** What the kind of rule remembers: see its judge. */
  memory: MemoryCell[];
}

/** `since`: when the subject came under watch, for absence of one that never spoke; null: when it first speaks. */
export function startRule({ since }: { readonly since: number | null } = { since: null }): RuleState {
  return {
    ...{ foldedTo: never, watchedFrom: since ?? never, heardAt: never, ignoreUntil: never },
    ...{
      beganAt: never,
      raisedAt: never,
      raisedValue: null,
      clearSince: never,
      peak: null,
      peakExcess: never,
      memory: [],
    },
  };
}

export function copyState(state: RuleState): RuleState {
  return { ...state, memory: [...state.memory] };
}

export type Transition =
  /** `beganAt`: when it became true; `at`: when it had been for long enough; `value`: of that moment, where it has one. */
  | { readonly kind: "raised"; readonly beganAt: number; readonly at: number; readonly value: number | null }
  /** `at`: when it had been false for long enough; `value`: when it was raised; `peak`: the furthest beyond, from `beganAt` on. */
  | {
      readonly kind: "ended";
      readonly beganAt: number;
      readonly raisedAt: number;
      readonly at: number;
      readonly value: number | null;
      readonly peak: number | null;
    };

/** The same empty list each time: most readings change nothing. */
export const noTransitions: readonly Transition[] = [];
