// Which readings of a series to believe: too fast, a spike, or a sensor that is stuck.

/** What a kind of sensor can do; a gate that is null is open. Values are in the series' unit. */
export interface Gates {
  /** Faster than so many units a second nothing that is measured can change. */
  readonly changePerSecondMax: number | null;
  /** The same value for longer than this is not measured any more: real sensors have noise. */
  readonly stuckAfterSeconds: number | null;
  /** Values this near to the first of a run are the same. */
  readonly stuckTolerance: number;
}

/** A reading's quality: none, or the sum of these. */
export const quality = {
  good: 0,
  /** It left and came back faster than anything measured can. */
  spike: 1,
  /** It changed faster than anything measured can, and did not come back at once. */
  tooFast: 2,
  /** The same as all before it, for too long. */
  stuck: 4,
} as const;

export interface GateReading {
  readonly observedAt: number;
  readonly value: number;
}

/** Plain data of constant size, so that it can be kept with the series. */
export interface GateState {
  readonly before: GateReading | null;
  /** The one before that. */
  readonly earlier: GateReading | null;
  /** Into which direction `before` jumped, 0 when it did not. */
  readonly jump: -1 | 0 | 1;
  /** The first of the readings that are all the same as the last. */
  readonly run: GateReading | null;
}

export interface Judged {
  readonly state: GateState;
  /** Of the reading that was judged. */
  readonly quality: number;
  /** Of the reading before it, where this one shows what that was; undefined: it stays as it is. */
  readonly before: number | undefined;
}

export const startGates: GateState = { before: null, earlier: null, jump: 0, run: null };

/**
 * Judges one reading by those before it, in constant time. Readings come in time order; of a set of readings the qualities
 * are a function, whatever order they arrived in. A reading of the same instant as the one before is judged by the one
 * before that.
 *
 * A change faster than `changePerSecondMax` marks the later reading. If the next one goes back as fast, to where it could have
 * come from without the one between, that one was a spike and the next is good. Of a run of equal values those are stuck
 * that come more than `stuckAfterSeconds` after its first.
 */
export function judgeReading(state: GateState, reading: GateReading, gates: Gates): Judged {
  const { before, earlier } = state;
  const jump = jumpOf(before, reading, gates);
  const isReturn =
    jump !== 0 && jump === -state.jump && earlier !== null && jumpOf(earlier, reading, gates) === 0;
  const isSameInstant = before !== null && before.observedAt === reading.observedAt;
  const run = state.run !== null && isSame(state.run, reading, gates) ? state.run : reading;
  const isStuck =
    gates.stuckAfterSeconds !== null && reading.observedAt - run.observedAt > gates.stuckAfterSeconds * 1_000;
  const isTooFast = jump !== 0 && !isReturn;
  return {
    state: {
      before: reading,
      earlier: isSameInstant || isReturn ? earlier : before,
      jump: isReturn ? 0 : jump,
      run,
    },
    quality: (isTooFast ? quality.tooFast : 0) + (isStuck ? quality.stuck : 0),
    before: isReturn ? quality.spike : undefined,
  };
}

/** All readings of a series (in time order) with their qualities: what folding them one by one comes to. */
export function qualitiesOf(readings: readonly GateReading[], gates: Gates): number[] {
  const qualities: number[] = [];
  let state = startGates;
  for (const reading of readings) {
    const judged = judgeReading(state, reading, gates);
    if (judged.before !== undefined) qualities[qualities.length - 1] = judged.before;
    qualities.push(judged.quality);
    state = judged.state;
  }
  return qualities;
}

function jumpOf(before: GateReading | null, { observedAt, value }: GateReading, gates: Gates): -1 | 0 | 1 {
  if (before === null || gates.changePerSecondMax === null || observedAt <= before.observedAt) return 0;
  const change = value - before.value;
  const most = (gates.changePerSecondMax * (observedAt - before.observedAt)) / 1_000;
  if (Math.abs(change) <= most) return 0;
  return change > 0 ? 1 : -1;
}

function isSame(run: GateReading, { value }: GateReading, { stuckTolerance }: Gates): boolean {
  return Math.abs(value - run.value) <= stuckTolerance;
}
