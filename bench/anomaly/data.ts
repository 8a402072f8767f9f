// The files of the Numenta Anomaly Benchmark from a folder beside the checkout, and how they are halved.
import { createHash } from "node:crypto";
import { access, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { gunzipSync } from "node:zlib";
import { type Profile, type Sheet, sheetOf } from "./scoring.ts";

export interface BenchmarkFile {
  /** Folder and name, as NAB says it. */
  readonly name: string;
  readonly observedAt: Float64Array;
  readonly values: Float64Array;
  readonly sheet: Sheet;
  readonly half: "tuning" | "held out";
}

export interface Benchmark {
  readonly files: readonly BenchmarkFile[];
  readonly profiles: {
    readonly standard: Profile;
    readonly lowFalseAlarms: Profile;
    readonly lowMisses: Profile;
  };
  /** Detector → file → the score it gave to each row. */
  readonly storedScores: Readonly<Record<string, Readonly<Record<string, readonly number[]>>>>;
  /** Detector → profile of NAB → the normalised score that was published. */
  readonly published: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

const defaultFolder = join(import.meta.dirname, "..", "..", "..", "shared", "data", "anomaly");

/** Null where the folder is not there. `WAREMIND_BENCH_ANOMALY_DATA` names another one. */
export async function readBenchmark(): Promise<Benchmark | null> {
  const folder = resolve(process.env["WAREMIND_BENCH_ANOMALY_DATA"] ?? defaultFolder);
  const isThere = await access(join(folder, "labels", "combined_windows.json")).then(
    () => true,
    () => false,
  );
  if (!isThere) return null;
  const json = async <Shape>(...path: readonly string[]) =>
    JSON.parse(await readFile(join(folder, ...path), "utf8")) as Shape;
  const windows = await json<Record<string, (readonly [string, string])[]>>(
    "labels",
    "combined_windows.json",
  );
  const cost = await json<Record<string, { readonly CostMatrix: Profile }>>("config", "profiles.json");
  const halves = halvesOf(Object.keys(windows));
  const files: BenchmarkFile[] = [];
  for (const [name, spans] of Object.entries(windows)) {
    const text = await readFile(join(folder, "data", name), "utf8");
    files.push({ name, ...rowsOf(text, spans), half: halves.get(name) ?? "tuning" });
  }
  const stored = gunzipSync(await readFile(join(folder, "published-scores.json.gz"))).toString("utf8");
  return {
    files,
    profiles: {
      standard: profileOf(cost, "standard"),
      lowFalseAlarms: profileOf(cost, "reward_low_FP_rate"),
      lowMisses: profileOf(cost, "reward_low_FN_rate"),
    },
    storedScores: JSON.parse(stored) as Benchmark["storedScores"],
    published: await json("published-final.json"),
  };
}

function profileOf(cost: Readonly<Record<string, { readonly CostMatrix: Profile }>>, name: string): Profile {
  const profile = cost[name]?.CostMatrix;
  if (profile === undefined) throw new Error(`The benchmark has no profile ${name}.`);
  return profile;
}

function rowsOf(text: string, spans: readonly (readonly [string, string])[]) {
  const lines = text.trim().split(/\r?\n/).slice(1);
  const times = lines.map((line) => line.slice(0, line.indexOf(",")));
  const windows = spans.map(([from, to]) => [from.slice(0, 19), to.slice(0, 19)] as const);
  return {
    observedAt: Float64Array.from(times, (time) => Date.parse(`${time.replace(" ", "T")}Z`)),
    values: Float64Array.from(lines, (line) => Number(line.slice(line.indexOf(",") + 1))),
    sheet: sheetOf({ times, windows }),
  };
}

/** Within each folder the names are ordered by SHA-256 and dealt out in turn; the turn goes on into the next folder. */
function halvesOf(names: readonly string[]): ReadonlyMap<string, BenchmarkFile["half"]> {
  const hash = (name: string) => createHash("sha256").update(name).digest("hex");
  const ordered = names
    .map((name) => ({ name, key: `${name.slice(0, name.indexOf("/"))} ${hash(name)}` }))
    .toSorted((left, right) => (left.key < right.key ? -1 : 1));
  return new Map(ordered.map(({ name }, index) => [name, index % 2 === 0 ? "tuning" : "held out"]));
}
