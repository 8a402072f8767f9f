// What an import has come to so far, as it is shown while it runs and when it ends.
import type { BilingualText, ImportCounts } from "@waremind/contract";
import { addSums, noSum } from "./checksum.ts";
import { type DeviceProgress, noCounts } from "./import-store.ts";

/** Problems that are shown; beyond them only their number is. */
const problemsShownMax = 200;

type Counts = { -readonly [Name in keyof ImportCounts]: ImportCounts[Name] };

export interface Tally {
  readonly counts: ImportCounts;
  readonly problems: readonly BilingualText[];
  readonly problemCount: number;
  readonly sourceChecksum: string;
  readonly storeChecksum: string;
  readonly heldChecksum: string;
  add(name: keyof ImportCounts): void;
  addProblem(problem: BilingualText): void;
  /** Once for each device, as it stands. */
  addDevice(progress: DeviceProgress): void;
  move(before: DeviceProgress, after: DeviceProgress): void;
}

export function createTally(): Tally {
  const counts: Counts = { ...noCounts };
  const problems: BilingualText[] = [];
  let problemCount = 0;
  let [sourceChecksum, storeChecksum, heldChecksum] = [noSum, noSum, noSum];

  function addProblem(problem: BilingualText): void {
    problemCount += 1;
    if (problems.length < problemsShownMax) problems.push(problem);
  }

  function move(before: DeviceProgress | null, after: DeviceProgress): void {
    const grown = (name: (typeof pointCounts)[number]) => after[name] - (before?.[name] ?? 0);
    for (const name of pointCounts) counts[name] += grown(name);
    if (after.isDone && before?.isDone !== true) counts.devicesDone += 1;
    sourceChecksum = addSums(sourceChecksum, difference(after.sourceSum, before?.sourceSum));
    storeChecksum = addSums(storeChecksum, difference(after.storeSum, before?.storeSum));
    heldChecksum = addSums(heldChecksum, difference(after.heldSum ?? noSum, before?.heldSum));
  }

  return {
    counts,
    problems,
    get problemCount() {
      return problemCount;
    },
    get sourceChecksum() {
      return sourceChecksum;
    },
    get storeChecksum() {
      return storeChecksum;
    },
    get heldChecksum() {
      return heldChecksum;
    },
    add: (name) => {
      counts[name] += 1;
    },
    addProblem,
    addDevice: (progress) => {
      counts[progress.isCreated ? "devicesCreated" : "devicesPresent"] += 1;
      if (progress.isCredentialTaken) counts.credentialsTaken += 1;
      counts.attributesTaken += progress.attributesTaken;
      for (const problem of progress.problems) addProblem(problem);
      move(null, progress);
    },
    move,
  };
}

const pointCounts = ["pointsRead", "pointsStored", "pointsPresent", "pointsQuarantined"] as const;

/** Never below zero: sums are taken modulo 2^64. */
function difference(after: string, before: string | undefined): bigint {
  return (BigInt(`0x${after}`) - BigInt(`0x${before ?? "0"}`) + (1n << 64n)) % (1n << 64n);
}
