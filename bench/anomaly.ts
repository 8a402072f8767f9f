// Anomalies without labels: our detector and its peers on the Numenta Anomaly Benchmark, by NAB's own rule restated.
import {
  advanceDetector,
  createDetectorState,
  encodeDetectorState,
} from "../server/src/decisions/anomaly/index.ts";
import { type Benchmark, type BenchmarkFile, readBenchmark } from "./anomaly/data.ts";
import { bestThreshold, normalised, type Profile, pointsAt, type ScoredFile } from "./anomaly/scoring.ts";
import { windowedGaussian } from "./anomaly/windowed-gaussian.ts";
import { type BenchOptions, type BenchReport, median, reportOf, type Table } from "./support/report.ts";

type Row = Table["rows"][number];

/** What the product calls an anomaly; chosen with everything else on the tuning half. */
const shippedThreshold = 0.5;

export async function runAnomaly(options: BenchOptions): Promise<BenchReport> {
  const benchmark = await readBenchmark();
  if (benchmark === null) {
    return reportOf(options, {
      title,
      notes: [],
      skipped: [
        "Numenta Anomaly Benchmark (its data is not there; WAREMIND_BENCH_ANOMALY_DATA names the folder)",
      ],
      tables: [],
    });
  }
  const { files } = benchmark;
  options.say(`Judging ${files.length} files …`);
  const ours = files.map(judged);
  const gaussian = files.map((file) => windowedGaussian(file.values));
  const stored = files.map((file) => benchmark.storedScores["knncad"]?.[file.name] ?? []);
  const rounds = options.quick ? 3 : 9;
  const speeds = {
    ours: speedOf(files, rounds, judged),
    gaussian: speedOf(files, rounds, (file) => windowedGaussian(file.values)),
  };
  const detectors: readonly Detector[] = [
    { name: "Waremind, as shipped", scores: ours, threshold: shippedThreshold, pointsASecond: speeds.ours },
    { name: "Waremind, best threshold of the tuning half", scores: ours, pointsASecond: speeds.ours },
    { name: "KNN-CAD (stored scores)", scores: stored },
    { name: "Windowed Gaussian (run here)", scores: gaussian, pointsASecond: speeds.gaussian },
  ];
  const halves = (["tuning", "held out"] as const).map((half) => files.filter((file) => file.half === half));
  return reportOf(options, {
    title,
    notes: [
      "0 is the detector that says nothing, 100 the one that says everything at once and nothing else; rows of probation (15 %, at most 750) do not count.",
      `Halves: within each folder files are ordered by SHA-256 of their names and dealt out in turn: ${halves.map((half) => `${half.length} files with ${windowsOf(half)} windows`).join(", and ")}.`,
      "Settings of our detector were searched for on the tuning half only, one setting for all files; it sees each reading once, in order, and no label.",
      "Thresholds are chosen on the tuning half, except in the rows of published scores, where NAB chose them on all files.",
      `Speed: processor time of this process over all ${pointsOf(files).toLocaleString("en-GB")} points, median of ${rounds} rounds.`,
      `State of a series, as text: ${stateBytes(files).toLocaleString("en-GB")} bytes at most.`,
    ],
    skipped: [],
    tables: [
      { title: "The rule, proved", columns: proofColumns, rows: proofs(benchmark, stored, gaussian) },
      {
        title: "Normalised score",
        columns: scoreColumns,
        rows: [
          ...detectors.map((detector) => scoreRow(benchmark, detector)),
          ...publishedNames.map((name) => publishedRow(benchmark, name)),
        ],
      },
      { title: "Waremind as shipped, by folder", columns: folderColumns, rows: folderRows(benchmark, ours) },
    ],
  });
}

const title = "Anomalies without labels: the Numenta Anomaly Benchmark";

function judged(file: BenchmarkFile): Float64Array {
  const state = createDetectorState();
  const scores = new Float64Array(file.values.length);
  for (let row = 0; row < scores.length; row += 1) {
    const point = { observedAt: file.observedAt[row] ?? 0, value: file.values[row] ?? 0 };
    scores[row] = advanceDetector(state, point).score;
  }
  return scores;
}

const windowsOf = (files: readonly BenchmarkFile[]) =>
  files.reduce((sum, file) => sum + file.sheet.windowCount, 0);
const pointsOf = (files: readonly BenchmarkFile[]) =>
  files.reduce((sum, file) => sum + file.values.length, 0);

/** Points a second of processor time: a busy machine does not count against a detector. */
function speedOf(files: readonly BenchmarkFile[], rounds: number, judge: (file: BenchmarkFile) => unknown) {
  const speeds = Array.from({ length: rounds }, () => {
    const before = process.cpuUsage();
    for (const file of files) judge(file);
    const { user, system } = process.cpuUsage(before);
    return pointsOf(files) / ((user + system) / 1e6);
  });
  return median(speeds);
}

function stateBytes(files: readonly BenchmarkFile[]): number {
  return files.reduce((most, file) => {
    const state = createDetectorState();
    file.values.forEach((value, row) => {
      advanceDetector(state, { observedAt: file.observedAt[row] ?? 0, value });
    });
    return Math.max(most, encodeDetectorState(state).length);
  }, 0);
}

interface Detector {
  readonly name: string;
  /** In the order of the benchmark's files. */
  readonly scores: readonly ArrayLike<number>[];
  /** Without one it is chosen on the tuning half, for each profile. */
  readonly threshold?: number;
  readonly pointsASecond?: number;
}

function scored(
  benchmark: Benchmark,
  detector: Detector,
  half?: BenchmarkFile["half"],
): readonly ScoredFile[] {
  return benchmark.files.flatMap(({ sheet, half: own }, index) =>
    half === undefined || own === half ? [{ sheet, scores: detector.scores[index] ?? [] }] : [],
  );
}

const windowsIn = (files: readonly ScoredFile[]) =>
  files.reduce((sum, { sheet }) => sum + sheet.windowCount, 0);

function scoreOf(files: readonly ScoredFile[], threshold: number, profile: Profile): number {
  return normalised(pointsAt(files, threshold, profile), windowsIn(files), profile);
}

const scoreColumns = [
  "detector",
  "tuning half",
  "held-out half",
  "all",
  "all, few false alarms",
  "all, few misses",
  "windows found, of all",
  "false alarms, all",
  "points a second",
];

function scoreRow(benchmark: Benchmark, detector: Detector): Row {
  const { standard, lowFalseAlarms, lowMisses } = benchmark.profiles;
  const tuning = scored(benchmark, detector, "tuning");
  const all = scored(benchmark, detector);
  const thresholdFor = (profile: Profile) => detector.threshold ?? bestThreshold(tuning, profile).threshold;
  const threshold = thresholdFor(standard);
  const { found, falseAlarms } = tally(all, threshold);
  return [
    detector.name,
    scoreOf(tuning, threshold, standard),
    scoreOf(scored(benchmark, detector, "held out"), threshold, standard),
    scoreOf(all, threshold, standard),
    scoreOf(all, thresholdFor(lowFalseAlarms), lowFalseAlarms),
    scoreOf(all, thresholdFor(lowMisses), lowMisses),
    `${found} of ${windowsIn(all)}`,
    falseAlarms,
    detector.pointsASecond ?? null,
  ];
}

const publishedNames = [
  "ARTime",
  "numenta",
  "contextOSE",
  "earthgeckoSkyline",
  "randomCutForest",
  "windowedGaussian",
];

function publishedRow({ published }: Benchmark, name: string): Row {
  const of = (profile: string) => published[name]?.[profile] ?? null;
  const figures = [of("standard"), of("reward_low_FP_rate"), of("reward_low_FN_rate")];
  return [`${name} (published)`, null, null, ...figures, null, null, null];
}

function tally(files: readonly ScoredFile[], threshold: number) {
  let falseAlarms = 0;
  let found = 0;
  for (const { sheet, scores } of files) {
    const seen = new Set<number>();
    for (let row = sheet.scoredFrom; row < sheet.worth.length; row += 1) {
      if ((scores[row] ?? 0) < threshold) continue;
      const window = sheet.window[row] ?? -1;
      if (window < 0) falseAlarms += 1;
      else seen.add(window);
    }
    found += seen.size;
  }
  return { found, falseAlarms };
}

const folderColumns = [
  "folder",
  "half",
  "files",
  "windows found",
  "false alarms",
  "points won",
  "points to win",
];

function folderRows(benchmark: Benchmark, scores: readonly Float64Array[]): readonly Row[] {
  const folderOf = (file: BenchmarkFile) => file.name.slice(0, file.name.indexOf("/"));
  const groups = Map.groupBy(benchmark.files, (file) => `${folderOf(file)} ${file.half}`);
  return [...groups.values()].map((files) => {
    const group = files.map((file) => ({
      sheet: file.sheet,
      scores: scores[benchmark.files.indexOf(file)] ?? [],
    }));
    const { found, falseAlarms } = tally(group, shippedThreshold);
    const points = pointsAt(group, shippedThreshold, benchmark.profiles.standard);
    const [first] = files;
    const windows = windowsIn(group);
    const names = first === undefined ? [null, null] : [folderOf(first), first.half];
    return [...names, files.length, `${found} of ${windows}`, falseAlarms, points, windows];
  });
}

const proofColumns = ["detector", "profile of NAB", "published", "computed here", "difference"];

/** Published figures from scores that NAB's repository stores, and from a detector restated here. */
function proofs(
  { files, profiles, published }: Benchmark,
  stored: readonly ArrayLike<number>[],
  gaussian: readonly Float64Array[],
): readonly Row[] {
  // NAB's results were files of twelve digits; what is nearer to 1 than that was 1.
  const written = gaussian.map((scores) => scores.map((score) => Number(score.toPrecision(12))));
  const named = {
    standard: profiles.standard,
    reward_low_FP_rate: profiles.lowFalseAlarms,
    reward_low_FN_rate: profiles.lowMisses,
  };
  const detectors = [
    { key: "knncad", name: "KNN-CAD, its stored scores", scores: stored },
    { key: "windowedGaussian", name: "Windowed Gaussian, restated", scores: written },
  ];
  return detectors.flatMap(({ key, name, scores }) =>
    Object.entries(named).map(([profile, weights]): Row => {
      const all = files.map(({ sheet }, index) => ({ sheet, scores: scores[index] ?? [] }));
      const computed = scoreOf(all, bestThreshold(all, weights).threshold, weights);
      const known = published[key]?.[profile] ?? Number.NaN;
      return [name, profile, known.toFixed(4), computed.toFixed(4), Math.abs(computed - known).toFixed(4)];
    }),
  );
}
