/** Lets at most `widthMax` pieces of work run at once; the others wait in the order in which they came. */
export function createGate(widthMax: number): <Result>(work: () => Promise<Result>) => Promise<Result> {
  const waiting: (() => void)[] = [];
  let free = widthMax;
  return async (work) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    }
  };
}

/** Works through a list with `workersMax` at once; the first failure stops the others before their next item. */
export async function forEachAtOnce<Item>(
  items: Iterable<Item>,
  workersMax: number,
  work: (item: Item, worker: number) => Promise<void>,
): Promise<void> {
  const iterator = items[Symbol.iterator]();
  const failures: unknown[] = [];
  const run = async (worker: number): Promise<void> => {
    for (let next = iterator.next(); next.done !== true && failures.length === 0; next = iterator.next()) {
      try {
        await work(next.value, worker);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: workersMax }, (_, worker) => run(worker)));
  if (failures.length > 0) throw failures[0];
}
