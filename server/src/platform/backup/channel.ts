/** One piece at a time from who writes to who reads. */
export interface Channel {
  /** Resolves when the reader is done with it; rejects when the reader failed. */
  write(bytes: Uint8Array): Promise<void>;
  end(): void;
  /** Told by the reader's side: whoever writes, now or later, hears of it. */
  fail(error: unknown): void;
  pieces(): AsyncGenerator<Uint8Array>;
}

interface Waiting {
  readonly bytes: Uint8Array;
  resolve(): void;
  reject(error: unknown): void;
}

export function createChannel(): Channel {
  let waiting: Waiting | undefined;
  let isEnded = false;
  let failure: { readonly error: unknown } | undefined;
  let wake: () => void = () => undefined;

  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const current = waiting;
      if (current !== undefined) {
        yield current.bytes;
        // Kept until now: a reader that fails in between fails who wrote it.
        waiting = undefined;
        current.resolve();
      } else if (isEnded || failure !== undefined) {
        return;
      } else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  }

  return {
    pieces,
    write: (bytes) =>
      new Promise((resolve, reject) => {
        if (failure !== undefined) {
          reject(failure.error);
          return;
        }
        waiting = { bytes, resolve, reject };
        wake();
      }),
    end: () => {
      isEnded = true;
      wake();
    },
    fail: (error) => {
      failure = { error };
      waiting?.reject(error);
      waiting = undefined;
      wake();
    },
  };
}
