/** The only source of the present. Tests pass a clock that stands still or is moved by hand. */
export interface Clock {
  /** Epoch milliseconds, UTC. */
  now(): number;
}

export const systemClock: Clock = { now: () => Date.now() };

export interface ManualClock extends Clock {
  set(at: number): void;
  advance(byMs: number): void;
}

export function manualClock(startAt: number): ManualClock {
  let at = startAt;
  return {
    now: () => at,
    set: (next) => {
      at = next;
    },
    advance: (byMs) => {
      at += byMs;
    },
  };
}
