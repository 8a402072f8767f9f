// What the suite event-time delivers: a set of readings of a parcel and a shelf, and one of the orders in which it may arrive.
import fc from "fast-check";

/** Of a shelf's scale or of a parcel's logger, which are two series of one device. */
export interface Sent {
  /** Milliseconds since the beginning. */
  readonly at: number;
  readonly key: "temperature" | "weight";
  readonly value: number;
}

export interface Case {
  /** In the order of time; values of one key and millisecond in the order in which the device said them. */
  readonly sent: readonly Sent[];
  /** Places in `sent`, in the order of arrival, some of them more than once. */
  readonly inOrder: readonly (readonly number[])[];
  readonly anyOrder: readonly (readonly number[])[];
}

const sentMax = 30;
const secondMs = 1_000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
const tareGrams = 350;
const unitGrams = 500;

/** From the same millisecond to a silence of a day; three minutes are no gap yet, a moment more is one. */
const anyStep = fc.oneof(
  { weight: 2, arbitrary: fc.constant(0) },
  { weight: 4, arbitrary: fc.constantFrom(1, 1_500, 2_000, 4_000, 20_000) },
  { weight: 6, arbitrary: fc.constantFrom(30_000, minuteMs, 90_000) },
  { weight: 3, arbitrary: fc.constantFrom(3 * minuteMs, 3 * minuteMs + 1, 10 * minuteMs) },
  { weight: 1, arbitrary: fc.constantFrom(hourMs, 5 * hourMs, 26 * hourMs) },
);

/** Quarters, so that sums are exact whatever their order: doubles are added in the order of arrival. */
const anySent = fc.oneof(
  fc.integer({ min: -8, max: 40 }).map((quarters) => ({ key: "temperature" as const, value: quarters / 4 })),
  fc
    .tuple(
      fc.oneof(
        { weight: 3, arbitrary: fc.constantFrom(8, 7) },
        { weight: 1, arbitrary: fc.nat({ max: 10 }) },
      ),
      fc.integer({ min: -40, max: 40 }),
    )
    .map(([units, noise]) => ({ key: "weight" as const, value: tareGrams + units * unitGrams + noise / 4 })),
);

export const anyCase: fc.Arbitrary<Case> = fc
  .array(fc.tuple(anyStep, anySent), { minLength: 2, maxLength: sentMax, size: "max" })
  .map((steps) => {
    let at = 0;
    return steps.map(([step, one]): Sent => {
      at += step;
      return { at, ...one };
    });
  })
  .chain((sent) => {
    const places = sent.map((_, place) => place);
    const lengths = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 8 });
    const again = fc.array(fc.nat({ max: sent.length - 1 }), { maxLength: 8 });
    const shuffled = fc.shuffledSubarray([...places], { minLength: places.length });
    return fc
      .tuple(shuffled, fc.boolean(), again, again, lengths, lengths)
      .map(([order, isNearlyInOrder, between, after, one, other]) => {
        const arriving = isNearlyInOrder ? nearlyInOrder(places) : order;
        const mixed = arriving.flatMap((place, index) =>
          between[index] === undefined ? [place] : [place, between[index]],
        );
        return {
          sent,
          inOrder: cut(places, one),
          anyOrder: cut(asSaid(sent, [...mixed, ...after]), other),
        };
      });
  });

/** In the order of time, but for every fourth, which comes at the end. */
function nearlyInOrder(places: readonly number[]): number[] {
  const isLate = (index: number) => index % 4 === 3;
  return [...places.filter((_, index) => !isLate(index)), ...places.filter((_, index) => isLate(index))];
}

/**
 * Different values of one millisecond have no order but that in which they came, so it is part of what was said: each such
 * group keeps its own order, wherever in the arrival its members stand.
 */
function asSaid(sent: readonly Sent[], places: readonly number[]): number[] {
  const momentOf = (place: number) => `${sent[place]?.key}/${sent[place]?.at}`;
  const waiting = new Map(
    [...Map.groupBy(places, momentOf)].map(([moment, own]) => [moment, own.toSorted((a, b) => a - b)]),
  );
  return places.map((place) => waiting.get(momentOf(place))?.shift() ?? place);
}

function cut(places: readonly number[], lengths: readonly number[]): number[][] {
  const batches: number[][] = [];
  let from = 0;
  for (const length of [...lengths, places.length]) {
    if (from < places.length) batches.push(places.slice(from, from + length));
    from += length;
  }
  return batches;
}
