// Time as the server has it: how often it has answered a question that goes through its event loop and its store. A busy
// machine makes these beats slow, and what waits by beats waits longer; a server that stopped answering is told from it.
import { setTimeout as pause } from "node:timers/promises";

export interface Pace {
  /** Calls `isLate` once the server has answered so many more beats; call what it answers when there is nothing to wait for. */
  after(beats: number, isLate: () => void): () => void;
  /**
   * Resolves when the server has room for more. Who ends its connections waits for no acknowledgement: while the store has no
   * processor to run on, what it left behind would fill the intake, and those that behave would be told to wait.
   */
  room(): Promise<void>;
  readonly slowestMs: number;
  stop(): void;
}

/** At most two beats in a second, however fast the server is. */
const beatMs = 500;
/** Messages in the intake, and time since a beat was asked for, above which nobody throws: a quarter of what it takes. */
const pendingMax = 5_000;
const beatWaitMsMax = 1_500;
/** No machine is so busy: a server that answers no beat for so long hangs. */
const silenceMsMax = 300_000;

/** Beats without an answer after which it will not come: a minute of a server that has nothing else to do. */
export const answerBeatsMax = 120;

/**
 * @param beat answers how many messages are not stored yet.
 * @param hangs called when it does not answer any more, and nothing that waits by beats would ever end.
 */
export function createPace(beat: () => Promise<number>, hangs: () => void): Pace {
  const waiting = new Map<symbol, { readonly due: number; readonly isLate: () => void }>();
  const state = { beats: 0, slowestMs: 0, pending: 0, askedAt: Number.POSITIVE_INFINITY, isOver: false };
  let crowd: (() => void)[] = [];

  function tell(beats: number): void {
    for (const [id, { due, isLate }] of waiting) {
      if (due > beats) continue;
      waiting.delete(id);
      isLate();
    }
  }

  async function run(): Promise<void> {
    while (!state.isOver) {
      const sentAt = performance.now();
      state.askedAt = sentAt;
      const silence = setTimeout(hangs, silenceMsMax).unref();
      state.pending = await beat().finally(() => clearTimeout(silence));
      state.askedAt = Number.POSITIVE_INFINITY;
      state.slowestMs = Math.max(state.slowestMs, performance.now() - sentAt);
      state.beats += 1;
      tell(state.beats);
      if (state.pending <= pendingMax) letGoOn();
      await pause(beatMs);
    }
  }

  function letGoOn(): void {
    for (const goOn of crowd) goOn();
    crowd = [];
  }

  const isCrowded = (): boolean =>
    state.pending > pendingMax || performance.now() - state.askedAt > beatWaitMsMax;

  run().catch(() => {
    // The server has ended, which is told elsewhere: nobody may wait for it any more.
    state.isOver = true;
    letGoOn();
    tell(Number.POSITIVE_INFINITY);
  });
  return {
    after: (beats, isLate) => {
      const id = Symbol("waits");
      waiting.set(id, { due: state.beats + beats, isLate });
      return () => void waiting.delete(id);
    },
    room: () =>
      isCrowded() && !state.isOver ? new Promise((resolve) => crowd.push(resolve)) : Promise.resolve(),
    get slowestMs() {
      return state.slowestMs;
    },
    stop: () => {
      state.isOver = true;
      letGoOn();
    },
  };
}
