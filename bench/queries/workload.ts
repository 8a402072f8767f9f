// The readings of the bench, by a formula of whole numbers that gives the same in JavaScript and in SQL: seeded, so that
// every store holds the same ones, and nothing has to be carried from one to the other.

export const minuteMs = 60_000;
export const hourMs = 60 * minuteMs;
export const dayMs = 24 * hourMs;

export const seed = 20_261;
export const seriesCount = 1_000;

/** Series 1 is dense; all others measure every four and a half minutes. Ids go from 1. */
export interface Workload {
  readonly readingCount: number;
  readonly denseCount: number;
  readonly sparseCount: number;
  readonly denseEveryMs: number;
  readonly sparseEveryMs: number;
  /** A whole minute; every series' last reading lies within one of its intervals before. */
  readonly endsAt: number;
}

/**
 * @param readingCount of all series together; the dense one has a million of them, or a fifth where that is less.
 */
export function workloadOf(readingCount: number, endsAt: number): Workload {
  const denseCount = Math.min(1_000_000, readingCount / 5);
  const sparseCount = Math.floor((readingCount - denseCount) / (seriesCount - 1));
  return {
    readingCount: denseCount + sparseCount * (seriesCount - 1),
    denseCount,
    sparseCount,
    denseEveryMs: 5_000,
    sparseEveryMs: 270_000,
    endsAt,
  };
}

export const countOf = (workload: Workload, seriesId: number): number =>
  seriesId === 1 ? workload.denseCount : workload.sparseCount;

export const everyMsOf = (workload: Workload, seriesId: number): number =>
  seriesId === 1 ? workload.denseEveryMs : workload.sparseEveryMs;

/** When reading 0 of the series was measured: its devices do not measure at the same moment. */
export function startOf(workload: Workload, seriesId: number): number {
  const everyMs = everyMsOf(workload, seriesId);
  const phaseMs = (seriesId * 7_919) % everyMs;
  return workload.endsAt - everyMs * countOf(workload, seriesId) + phaseMs;
}

/** Hundredths: a slow wave, and noise of ±0.5. */
export function hundredthsOf(seriesId: number, index: number): number {
  const place = (index * 7_919 + seriesId * 104_729 + seed) % 65_521;
  const noise = ((place * place) % 9_973) % 101;
  return 400 + Math.abs(((index + 37 * seriesId) % 600) - 300) + noise;
}

export const numberAt = (seriesId: number, index: number): number => hundredthsOf(seriesId, index) / 100;

/** The same in SQL, of a column `i` (bigint) and the series' number. */
export function valueInSql(seriesId: number): string {
  const place = `((i * 7919 + ${seriesId * 104_729 + seed}) % 65521)`;
  return `(400 + abs((i + ${37 * seriesId}) % 600 - 300) + (${place} * ${place}) % 9973 % 101)::float8 / 100`;
}
