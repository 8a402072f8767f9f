// The scoring rule of the Numenta Anomaly Benchmark, restated. After A. Lavin and S. Ahmad, "Evaluating Real-time Anomaly
// Detection Algorithms: the Numenta Anomaly Benchmark" (ICMLA 2015) and the reference code of NAB 1.1 (sweeper).

/** What a hit, a miss and a false alarm weigh. */
export interface Profile {
  readonly tpWeight: number;
  readonly fnWeight: number;
  readonly fpWeight: number;
}

/** One file: the texts of its times (NAB compares them as they are written) and its labelled windows, both ends within. */
export interface LabelledTimes {
  readonly times: readonly string[];
  readonly windows: readonly (readonly [from: string, to: string])[];
}

/** For each row what an alarm there is worth before weights: above 0 within a window, below 0 outside. */
export interface Sheet {
  readonly worth: Float64Array;
  /** The number of the row's window within its file; -1 outside all. */
  readonly window: Int32Array;
  readonly windowCount: number;
  /** Rows before this one are for learning and count nothing. */
  readonly scoredFrom: number;
}

const probationShare = 0.15;
const probationRowsMax = 750;

/** 1 at the left edge of a window, 0 at its right edge, falling to -1 beyond; 3 windows' widths away it is -1. */
const scaledSigmoid = (position: number) => (position > 3 ? -1 : 2 / (1 + Math.exp(5 * position)) - 1);
const worthMax = scaledSigmoid(-1);

export function sheetOf({ times, windows }: LabelledTimes): Sheet {
  const rows = times.length;
  const worth = new Float64Array(rows);
  const window = new Int32Array(rows).fill(-1);
  const limits = windows.map(([from, to]) => ({ from: times.indexOf(from), to: times.indexOf(to) }));
  if (limits.some(({ from, to }) => from < 0 || to < from))
    throw new Error("A window lies outside its file.");
  let past: { readonly to: number; readonly width: number } | undefined;
  for (let row = 0, next = 0; row < rows; row += 1) {
    const limit = limits[next];
    if (limit !== undefined && row >= limit.from) {
      const width = limit.to - limit.from + 1;
      worth[row] = scaledSigmoid(-(limit.to - row + 1) / width) / worthMax;
      window[row] = next;
      if (row === limit.to) {
        past = { to: row, width };
        next += 1;
      }
    } else worth[row] = past === undefined ? -1 : scaledSigmoid((row - past.to) / (past.width - 1));
  }
  const scoredFrom = Math.min(Math.floor(probationShare * rows), probationRowsMax);
  return { worth, window, windowCount: windows.length, scoredFrom };
}

export interface ScoredFile {
  readonly sheet: Sheet;
  /** One score a row, 0 to 1. */
  readonly scores: ArrayLike<number>;
}

/** Points won by saying "anomaly" at every row that scores at least the threshold. */
export function pointsAt(files: readonly ScoredFile[], threshold: number, profile: Profile): number {
  let points = 0;
  for (const { sheet, scores } of files) {
    const best = windowsMissed(sheet, profile);
    for (let row = sheet.scoredFrom; row < sheet.worth.length; row += 1) {
      if ((scores[row] ?? 0) >= threshold) points += alarm(sheet, row, best, profile);
    }
    for (const one of best) points += one;
  }
  return points;
}

/** Adds an alarm: in a window only its best counts (kept in `best`); outside each counts, and is answered. */
function alarm(sheet: Sheet, row: number, best: Float64Array, profile: Profile): number {
  const window = sheet.window[row] ?? -1;
  const worth = sheet.worth[row] ?? 0;
  if (window < 0) return worth * profile.fpWeight;
  best[window] = Math.max(best[window] ?? 0, worth * profile.tpWeight);
  return 0;
}

/** A window counts as missed until an alarm falls into it; one that ends within the learning rows never counts. */
function windowsMissed(sheet: Sheet, profile: Profile): Float64Array {
  const best = new Float64Array(sheet.windowCount);
  for (let row = sheet.scoredFrom; row < sheet.window.length; row += 1) {
    const window = sheet.window[row] ?? -1;
    if (window >= 0) best[window] = -profile.fnWeight;
  }
  return best;
}

/** The one threshold for all files that wins most points, found by lowering it past every score that occurs. */
export function bestThreshold(
  files: readonly ScoredFile[],
  profile: Profile,
): { readonly threshold: number; readonly points: number } {
  const alarms: { readonly score: number; readonly file: number; readonly row: number }[] = [];
  const best = files.map(({ sheet }) => windowsMissed(sheet, profile));
  files.forEach(({ sheet, scores }, file) => {
    for (let row = sheet.scoredFrom; row < sheet.worth.length; row += 1) {
      const score = scores[row] ?? 0;
      if (score > 0) alarms.push({ score, file, row });
    }
  });
  alarms.sort((left, right) => right.score - left.score);
  let points = best.reduce((sum, windows) => sum + windows.reduce((total, one) => total + one, 0), 0);
  let found = { threshold: 1.1, points };
  alarms.forEach(({ score, file, row }, index) => {
    const sheet = files[file]?.sheet;
    const windows = best[file];
    if (sheet === undefined || windows === undefined) return;
    const window = sheet.window[row] ?? -1;
    const before = windows[window] ?? 0;
    points += alarm(sheet, row, windows, profile) + ((windows[window] ?? 0) - before);
    if (alarms[index + 1]?.score !== score && points > found.points) found = { threshold: score, points };
  });
  return found;
}

/** 0 for the detector that says nothing, 100 for the one that says everything at once and no more. */
export function normalised(points: number, windowCount: number, profile: Profile): number {
  const nothing = -windowCount * profile.fnWeight;
  const perfect = windowCount * profile.tpWeight;
  return (100 * (points - nothing)) / (perfect - nothing);
}
