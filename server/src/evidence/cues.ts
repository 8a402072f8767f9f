// Words near a value that say which property it is: "peaked at 7.8 °C" must be a highest temperature, not a limit.
import type { CueTopic } from "./cue-source.ts";
import { cuesEn } from "./cues-en.ts";
import { cuesZh } from "./cues-zh.ts";
import { Coverage, type Span } from "./finding.ts";

export interface Cue extends Span {
  readonly topic: CueTopic;
  readonly properties: readonly string[];
  readonly isWeak: boolean;
}

const compiled = [...cuesEn, ...cuesZh].map((cue) => ({
  ...cue,
  isWeak: cue.isWeak ?? false,
  pattern: new RegExp(cue.source, "gi"),
}));

/** All cues of one topic in a sentence, in order; where two overlap, the one listed first stands. */
export function readCues(sentence: string, topic: CueTopic): Cue[] {
  const found: Cue[] = [];
  // Character by character: comparing each match with all found before would be quadratic in a hostile text.
  const coverage = new Coverage(sentence.length);
  for (const { pattern, properties, isWeak, topic: of } of compiled) {
    if (of !== topic) continue;
    for (const match of sentence.matchAll(pattern)) {
      const start = match.index;
      const end = start + match[0].length;
      if (end > start && coverage.isFree(start, end)) {
        coverage.take(start, end);
        found.push({ start, end, topic, properties, isWeak });
      }
    }
  }
  return found.sort((left, right) => left.start - right.start);
}

interface CueSearch {
  readonly sentence: string;
  readonly cues: readonly Cue[];
  /** The values of the same topic in this sentence, in order. */
  readonly values: readonly Span[];
  /** Dates and times: Chinese says what happened after them, English before; the nearer word counts. */
  readonly isByDistance?: boolean;
}

const adjacentGapMax = 2;

/**
 * The properties each value must have, or undefined where nothing says so. A cue directly after a value wins
 * ("the 4 °C limit"), then the nearest before it back to the previous value, then the nearest after it.
 */
export function cueForEach({
  sentence,
  cues,
  values,
  isByDistance = false,
}: CueSearch): ReadonlyMap<Span, readonly string[]> {
  const chosen = new Map<Span, readonly string[]>();
  const used = new Set<Cue>();
  values.forEach((value, index) => {
    const from = values[index - 1]?.end ?? 0;
    const to = values[index + 1]?.start ?? sentence.length;
    const free = cues.filter((cue) => !used.has(cue));
    const inside = free.filter((cue) => cue.start >= value.start && cue.end <= value.end);
    const adjacent = free.filter(
      (cue) =>
        !cue.isWeak &&
        cue.start >= value.end &&
        /^[\s的-]*$/.test(sentence.slice(value.end, cue.start)) &&
        cue.start - value.end <= adjacentGapMax,
    );
    const before = free.filter((cue) => cue.end <= value.start && cue.start >= from);
    const after = free.filter(
      (cue) => cue.start >= value.end && cue.end <= to && isSameClause(sentence, value.end, cue.start),
    );
    const pick = isByDistance
      ? nearest(value, before.filter(isStrong), after.filter(isStrong))
      : (adjacent[0] ?? before.filter(isStrong).at(-1) ?? after.find(isStrong));
    const settled = pick ?? inside.at(-1) ?? before.at(-1);
    if (settled === undefined) return;
    used.add(settled);
    chosen.set(value, [...settled.properties, ...joinedWith(sentence, settled, before)]);
  });
  return chosen;
}

function nearest(value: Span, before: readonly Cue[], after: readonly Cue[]): Cue | undefined {
  const previous = before.at(-1);
  const next = after[0];
  if (previous === undefined || next === undefined) return previous ?? next;
  return next.start - value.end < value.start - previous.end ? next : previous;
}

const isStrong = (cue: Cue): boolean => !cue.isWeak;

const isSameClause = (sentence: string, from: number, to: number): boolean =>
  !/[,;。:|]|\b(?:and|but|while|whereas)\b/.test(sentence.slice(from, to));

/** "highest / lowest: 7.8 / 0.4": cues that stand together share their values. */
function joinedWith(sentence: string, pick: Cue, before: readonly Cue[]): readonly string[] {
  const neighbour = before.find(
    (cue) =>
      cue !== pick &&
      cue.end <= pick.start &&
      /^\s*(?:\/|and|or|&|、|和|与|及)\s*$/.test(sentence.slice(cue.end, pick.start)),
  );
  return neighbour?.properties ?? [];
}
