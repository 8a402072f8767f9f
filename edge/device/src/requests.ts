// Questions to the server and the answers that come back on a topic with the question's number.
import { wait } from "./clock.ts";

const timeoutMs = 60_000;
const waitingMax = 100;

export interface Requests {
  /** Sends under a fresh number and resolves with the answer. Rejects after a minute, or when there is no connection. */
  ask(send: (number: number) => Promise<number | null>, signal?: AbortSignal): Promise<Buffer>;
  /** Answers false when nobody asked. */
  answer(number: number, payload: Buffer): boolean;
  /** The connection broke, or the server said why it will not answer: whoever waits is told. */
  fail(error: Error): void;
}

export function createRequests(): Requests {
  const waiting = new Map<number, { resolve(payload: Buffer): void; reject(error: Error): void }>();
  let last = 0;

  async function ask(
    send: (number: number) => Promise<number | null>,
    signal = new AbortController().signal,
  ): Promise<Buffer> {
    if (waiting.size >= waitingMax) throw new Error(`${waitingMax} questions are under way already.`);
    last = (last % 2_000_000_000) + 1;
    const number = last;
    const answered = Promise.withResolvers<Buffer>();
    const over = new AbortController();
    waiting.set(number, answered);
    const late = wait(timeoutMs, AbortSignal.any([signal, over.signal])).then((): never => {
      throw new Error("The server did not answer in time.");
    });
    // The loser of the race must not be an unhandled rejection.
    late.catch(() => undefined);
    answered.promise.catch(() => undefined);
    try {
      const refusal = await send(number);
      if (refusal !== null)
        throw new Error(`The server refused the question with 0x${refusal.toString(16)}.`);
      return await Promise.race([answered.promise, late]);
    } finally {
      waiting.delete(number);
      over.abort();
    }
  }

  return {
    ask,
    answer: (number, payload) => {
      const waiter = waiting.get(number);
      waiter?.resolve(payload);
      return waiter !== undefined;
    },
    fail: (error) => {
      for (const waiter of waiting.values()) waiter.reject(error);
    },
  };
}
