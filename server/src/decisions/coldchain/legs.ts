import type { Condition } from "@waremind/contract";

/** Who had the goods, and from when to when (null: still). */
export interface Leg {
  readonly position: number;
  readonly isOurs: boolean;
  readonly beganAt: number;
  readonly endedAt: number | null;
}

export interface LegMinutes {
  readonly position: number;
  readonly isOurs: boolean;
  readonly minutes: number;
}

export interface ExcursionByLegs {
  readonly legs: readonly LegMinutes[];
  readonly ourMinutes: number;
  readonly otherMinutes: number;
  /** Counted minutes in nobody's hands by the record: before the first leg, or between two. */
  readonly unassignedMinutes: number;
}

type Span = readonly [from: number, to: number];
const msPerMinute = 60_000;

/**
 * Divides the counted excursion minutes among custody legs by when they passed: each counted millisecond (after the
 * ignore period, gaps taken out) falls on the leg that held the goods then. An open excursion reaches to the last
 * reading. Legs do not overlap; what no leg covers is told apart, never guessed.
 */
export function splitByLegs(
  condition: Pick<Condition, "excursions" | "gaps" | "lastAt">,
  legs: readonly Leg[],
): ExcursionByLegs {
  const counted = condition.excursions.flatMap((excursion) =>
    without(
      [excursion.countsFrom, excursion.returnedAt ?? condition.lastAt ?? excursion.countsFrom],
      condition.gaps.map((gap) => [gap.from, gap.to ?? Number.POSITIVE_INFINITY] as const),
    ),
  );
  const minutesOf = (spans: readonly Span[]): number =>
    spans.reduce((sum, [from, to]) => sum + (to - from), 0) / msPerMinute;
  const byLeg = legs.map((leg) => ({
    position: leg.position,
    isOurs: leg.isOurs,
    minutes: minutesOf(
      counted.flatMap((span) => overlap(span, [leg.beganAt, leg.endedAt ?? Number.POSITIVE_INFINITY])),
    ),
  }));
  const sumOf = (isOurs: boolean): number =>
    byLeg.reduce((sum, leg) => (leg.isOurs === isOurs ? sum + leg.minutes : sum), 0);
  const [ourMinutes, otherMinutes] = [sumOf(true), sumOf(false)];
  return {
    legs: byLeg,
    ourMinutes,
    otherMinutes,
    unassignedMinutes: Math.max(0, minutesOf(counted) - ourMinutes - otherMinutes),
  };
}

function overlap([from, to]: Span, [otherFrom, otherTo]: Span): readonly Span[] {
  const span: Span = [Math.max(from, otherFrom), Math.min(to, otherTo)];
  return span[0] < span[1] ? [span] : [];
}

/** What is left of a span when others are cut out of it. */
function without(span: Span, cuts: readonly Span[]): readonly Span[] {
  return cuts.reduce<readonly Span[]>(
    (rest, [cutFrom, cutTo]) =>
      rest.flatMap((part) => [
        ...overlap(part, [Number.NEGATIVE_INFINITY, cutFrom]),
        ...overlap(part, [cutTo, Number.POSITIVE_INFINITY]),
      ]),
    span[0] < span[1] ? [span] : [],
  );
}
