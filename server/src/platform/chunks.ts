/** Rows of one INSERT: few round trips, and far below PostgreSQL's 65,535 parameters of a statement. */
export const rowsPerInsertMax = 500;

/** Runs of at most `size` items, in order. */
export function chunksOf<Item>(items: readonly Item[], size = rowsPerInsertMax): Item[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}
