/** At most so many pieces of work at once; the others wait in their order. */
export interface Slots {
  run<Result>(work: () => Promise<Result>): Promise<Result>;
}

export function createSlots(count: number): Slots {
  let free = count;
  const queue: (() => void)[] = [];
  return {
    run: async (work) => {
      if (free > 0) free -= 1;
      else await new Promise<void>((resolve) => queue.push(resolve));
      try {
        return await work();
      } finally {
        const next = queue.shift();
        if (next === undefined) free += 1;
        else next();
      }
    },
  };
}

/** How much is being done just now, and when nothing is any more. */
export interface Doings {
  begin(): void;
  end(): void;
  /** Resolves when nothing is being done, nor about to be by what was just told. */
  idle(): Promise<void>;
}

export function createDoings(): Doings {
  let count = 0;
  let waiting: (() => void)[] = [];
  return {
    begin: () => {
      count += 1;
    },
    end: () => {
      count -= 1;
      if (count > 0) return;
      for (const done of waiting) done();
      waiting = [];
    },
    idle: async () => {
      do {
        if (count > 0) await new Promise<void>((resolve) => waiting.push(resolve));
        // What was answered a moment ago goes on in this turn.
        await new Promise((resolve) => setImmediate(resolve));
      } while (count > 0);
    },
  };
}
