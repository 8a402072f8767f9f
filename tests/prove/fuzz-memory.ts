// What the server keeps when everything is over, and whether it may.
import type { ServerState } from "./fuzz-server.ts";

const megabyte = 1_048_576;

/** What a part threw, as far as memory is concerned. */
export interface PartKind {
  /** Cases that were thrown before, from the same devices: nothing is new to the server. */
  readonly isRepeat: boolean;
}

/** A hundred thousand cases that bring nothing new may leave so much behind, 15 bytes each; 0.2 to 0.8 MB is the noise. */
const leftByRepeatMax = 1.5 * megabyte;
/** Kinds of readings that a repetition may still make: of what a broken connection kept from the store before. */
const seriesOfRepeatMax = 60;
/** What new cases may leave behind besides what the server knows of new kinds of readings. */
const leftByNewCasesMax = 8 * megabyte;
/** A mutated key is a new kind: its name and what every cache says of it, each up to its own limit. */
const bytesPerSeries = 1_000;

export const memoryOf = ({ heapUsed, external }: Pick<ServerState, "heapUsed" | "external">): number =>
  heapUsed + external;

export const shownMb = (bytes: number): string => `${(bytes / megabyte).toFixed(1)} MB`;

type Measured = Pick<ServerState, "heapUsed" | "external" | "series">;

/** @param states one after each part; the first part only fills caches. */
export function leaksOf(states: readonly Measured[], parts: readonly PartKind[]): readonly string[] {
  const faults: string[] = [];
  let before = states[0];
  for (const [index, state] of states.entries()) {
    if (before === undefined || index === 0) continue;
    const grown = memoryOf(state) - memoryOf(before);
    const series = state.series - before.series;
    before = state;
    if (parts[index]?.isRepeat === true) {
      if (series > seriesOfRepeatMax)
        faults.push(`Part ${index} was to bring nothing new and made ${series} kinds of readings.`);
      if (grown > leftByRepeatMax)
        faults.push(
          `Part ${index} brought nothing new and left ${shownMb(grown)}, more than ${shownMb(leftByRepeatMax)}.`,
        );
    } else if (grown - bytesPerSeries * series > leftByNewCasesMax)
      faults.push(
        `Part ${index} left ${shownMb(grown)} with ${series} new kinds of readings, more than it may.`,
      );
  }
  return faults;
}
