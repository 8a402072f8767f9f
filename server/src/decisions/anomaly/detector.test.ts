import fc from "fast-check";
import { expect, test } from "vitest";
import {
  advanceDetector,
  createDetectorState,
  type DetectorState,
  decodeDetectorState,
  encodeDetectorState,
  type Judgement,
  reasonSentences,
  type SeriesPoint,
} from "./index.ts";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const startAt = Date.UTC(2026, 0, 5);

/** The same numbers on every run, between 0 and 1. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** A cold store that follows the day: 4 ± 1.5 °C, ± 0.2 of noise, every five minutes. */
function daily(
  days: number,
  options: { readonly seed?: number; readonly everyMs?: number } = {},
): SeriesPoint[] {
  const random = chance(options.seed ?? 1);
  const everyMs = options.everyMs ?? 5 * minuteMs;
  return Array.from({ length: Math.floor((days * dayMs) / everyMs) }, (_, index) => {
    const observedAt = startAt + index * everyMs;
    const swing = 1.5 * Math.sin((2 * Math.PI * observedAt) / dayMs);
    return { observedAt, value: 4 + swing + 0.2 * (random() + random() - 1) };
  });
}

function judge(points: readonly SeriesPoint[], state: DetectorState = createDetectorState()): Judgement[] {
  return points.map((point) => advanceDetector(state, point));
}

const from = (points: readonly SeriesPoint[], day: number) =>
  points.findIndex(({ observedAt }) => observedAt >= startAt + day * dayMs);

function changed(
  points: readonly SeriesPoint[],
  where: { readonly first: number; readonly last: number },
  change: (value: number) => number,
): SeriesPoint[] {
  return points.map((point, index) =>
    index >= where.first && index <= where.last ? { ...point, value: change(point.value) } : point,
  );
}

const anomalous = (judgements: readonly Judgement[], first: number, last = judgements.length) =>
  judgements.slice(first, last).filter(({ isAnomalous }) => isAnomalous);

test.each([1, 2, 3, 4, 5])("a week that is like the week before raises nothing (chance %i)", (seed) => {
  const points = daily(21, { seed });
  expect(anomalous(judge(points), from(points, 7))).toEqual([]);
});

test("a spike is raised at once, above its band, and once", () => {
  const points = daily(15);
  const at = from(points, 10) + 100;
  const judgements = judge(changed(points, { first: at, last: at }, (value) => value + 4));
  const spike = judgements[at];
  expect(spike).toMatchObject({ isAnomalous: true });
  expect(["above-band", "jump-up", "never-so-high"]).toContain(spike?.reason);
  expect(spike?.score).toBeGreaterThanOrEqual(0.5);
  expect(spike?.high).toBeLessThan((points[at]?.value ?? 0) + 4);
  expect(anomalous(judgements, at + 1)).toEqual([]);
});

test("a dip within the range of the day, at the wrong hour, is raised", () => {
  const points = daily(20);
  // The warmest hour reads like the coldest one: never unusual as such, only then.
  const first = from(points, 16) + 72;
  const judgements = judge(changed(points, { first, last: first + 11 }, (value) => value - 3));
  const [raised] = anomalous(judgements, first, first + 12);
  expect(raised?.reason).toMatch(/^(below-band|shift-down|jump-down)$/);
  expect(raised?.expected).toBeGreaterThan(4.5);
});

test.each([
  { name: "upwards", change: (value: number) => value + 2, reason: /above|-up|high/ },
  { name: "downwards", change: (value: number) => value - 2, reason: /below|-down|low/ },
])("a level that shifts $name is raised within the hour, and not over and over", ({ change, reason }) => {
  const points = daily(20);
  const first = from(points, 12) + 30;
  const judgements = judge(changed(points, { first, last: points.length }, change));
  const [raised] = anomalous(judgements, first, first + 12);
  expect(raised?.reason).toMatch(reason);
  expect(anomalous(judgements, first).length).toBeLessThan(6);
});

test("a sensor that sticks is raised within half a day", () => {
  const points = daily(20);
  const first = from(points, 14);
  const stuck = points[first]?.value ?? 0;
  const judgements = judge(changed(points, { first, last: first + 288 }, () => stuck));
  expect(anomalous(judgements, first, first + 144)).not.toEqual([]);
});

test("a series without a day that falls silent at its own level is a flat line", () => {
  const random = chance(3);
  const points = daily(20).map((point) => ({ ...point, value: 50 + 4 * (random() + random() - 1) }));
  const first = from(points, 14);
  const judgements = judge(changed(points, { first, last: points.length }, () => 50));
  expect(anomalous(judgements, from(points, 3), first)).toEqual([]);
  expect(anomalous(judgements, first, first + 288)[0]?.reason).toBe("flat-line");
});

test("noise that grows is raised", () => {
  const random = chance(5);
  const points = daily(20);
  const first = from(points, 14);
  const noisy = changed(points, { first, last: points.length }, (value) => value + 3 * (random() - 0.5));
  expect(anomalous(judge(noisy), first, first + 48)).not.toEqual([]);
});

test("spikes that come some times a day become usual; one far above them is still raised", () => {
  const random = chance(6);
  const spiky = daily(30).map(({ observedAt, value }) => {
    const isSpike = random() < 0.008;
    return { observedAt, value: 10 + value + (isSpike ? 30 + 10 * random() : 0) };
  });
  const spikesFrom = (day: number) => spiky.slice(from(spiky, day)).filter(({ value }) => value > 30).length;
  const judgements = judge(spiky);
  expect(spikesFrom(10)).toBeGreaterThan(30);
  expect(anomalous(judgements, from(spiky, 10)).length).toBeLessThan(spikesFrom(10) / 4);
  const at = from(spiky, 25) + 50;
  const greater = judge(changed(spiky, { first: at, last: at }, () => 400));
  expect(greater[at]).toMatchObject({ isAnomalous: true });
});

test("some 99 of 100 readings keep their band, and it is narrower than the day's swing", () => {
  const points = daily(30);
  const judgements = judge(points);
  const first = from(points, 10);
  const outside = judgements.filter(
    ({ low, high }, index) =>
      index >= first && ((points[index]?.value ?? 0) < low || (points[index]?.value ?? 0) > high),
  );
  expect(outside.length / (points.length - first)).toBeGreaterThan(0.003);
  expect(outside.length / (points.length - first)).toBeLessThan(0.03);
  for (const { low, high } of judgements.slice(first)) expect(high - low).toBeLessThan(1.5);
});

test("days of work and days of rest are told apart", () => {
  const random = chance(8);
  const points = daily(56, { everyMs: hourMs }).map(({ observedAt }) => {
    const hour = new Date(observedAt).getUTCHours();
    const isRest = [0, 6].includes(new Date(observedAt).getUTCDay());
    const busy = hour >= 8 && hour < 18 ? (isRest ? 5 : 100) : 5;
    return { observedAt, value: busy + 2 * random() };
  });
  const judgements = judge(points);
  expect(anomalous(judgements, from(points, 35))).toEqual([]);
  // A Sunday at noon that reads like a Monday.
  const sunday = from(points, 48) + 12;
  const odd = judge(changed(points, { first: sunday, last: sunday + 1 }, () => 100));
  expect(anomalous(odd, sunday, sunday + 2)).not.toEqual([]);
});

test("nothing is raised while the series is learnt: a hundred readings and a day", () => {
  const points = daily(1).map((point, index) => ({ ...point, value: index % 50 === 0 ? 1000 : point.value }));
  const judgements = judge(points);
  expect(judgements.every(({ reason, score }) => reason === "learning" && score === 0)).toBe(true);
});

test("readings at uneven intervals are judged like others", () => {
  const random = chance(9);
  const points = daily(20, { everyMs: minuteMs }).filter(() => random() < 0.15);
  expect(anomalous(judge(points), from(points, 7))).toEqual([]);
  const at = from(points, 12);
  const judgements = judge(changed(points, { first: at, last: at }, (value) => value + 4));
  expect(judgements[at]).toMatchObject({ isAnomalous: true });
});

test("a gap of two days is no anomaly, and the day is known after it", () => {
  const points = daily(20).filter(
    ({ observedAt }) => observedAt < startAt + 10.2 * dayMs || observedAt > startAt + 12.6 * dayMs,
  );
  const judgements = judge(points);
  expect(anomalous(judgements, from(points, 7))).toEqual([]);
  const after = from(points, 12.6);
  expect(Math.abs((judgements[after]?.expected ?? 0) - (points[after]?.value ?? 0))).toBeLessThan(0.6);
});

test("what is late or no number is set aside and changes nothing", () => {
  const points = daily(8);
  const state = createDetectorState();
  judge(points, state);
  const before = encodeDetectorState(state);
  const last = points.at(-1)?.observedAt ?? 0;
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(advanceDetector(state, { observedAt: last + 1, value })).toMatchObject({
      reason: "not-a-number",
      score: 0,
    });
  }
  expect(advanceDetector(state, { observedAt: last - 1, value: 1000 })).toMatchObject({
    reason: "late",
    score: 0,
    isAnomalous: false,
  });
  expect(encodeDetectorState(state)).toBe(before);
});

test("a detector of high sensitivity raises no less than one of low", () => {
  const random = chance(4);
  const points = daily(30).map((point) => ({ ...point, value: point.value + (random() < 0.004 ? 2 : 0) }));
  const count = (sensitivity: "low" | "high") =>
    anomalous(judge(points, createDetectorState({ sensitivity })), 0);
  expect(count("high").length).toBeGreaterThan(count("low").length);
});

const wild = fc.oneof(
  { weight: 8, arbitrary: fc.double({ min: -50, max: 50, noNaN: true }) },
  { weight: 1, arbitrary: fc.double({ noNaN: false }) },
  { weight: 2, arbitrary: fc.constantFrom(0, 1, -1, 1e308, 1e100, -1e100, 5e-324) },
);
const steps = fc.array(
  fc.record({
    pauseMs: fc.oneof(fc.integer({ min: -5, max: 20 * minuteMs }), fc.constant(9 * dayMs)),
    value: wild,
  }),
  { minLength: 1, maxLength: 400 },
);
function asPoints(given: readonly { readonly pauseMs: number; readonly value: number }[]): SeriesPoint[] {
  let observedAt = startAt;
  return given.map(({ pauseMs, value }) => {
    observedAt += pauseMs;
    return { observedAt, value };
  });
}

test("no look ahead: a prefix is judged as it is within the whole", () => {
  fc.assert(
    fc.property(steps, fc.nat({ max: 400 }), (given, length) => {
      const points = [
        ...daily(2),
        ...asPoints(given).map((p) => ({ ...p, observedAt: p.observedAt + 2 * dayMs })),
      ];
      const cut = points.length - Math.min(length, given.length);
      expect(judge(points.slice(0, cut))).toEqual(judge(points).slice(0, cut));
    }),
    { numRuns: 40 },
  );
});

test("a state that was written and read goes on as if it had never stopped", () => {
  fc.assert(
    fc.property(steps, fc.nat({ max: 400 }), (given, after) => {
      const points = [
        ...daily(2),
        ...asPoints(given).map((p) => ({ ...p, observedAt: p.observedAt + 2 * dayMs })),
      ];
      const cut = Math.min(after, points.length);
      const state = createDetectorState();
      const first = judge(points.slice(0, cut), state);
      const restored = decodeDetectorState(encodeDetectorState(state));
      expect(restored).not.toBeNull();
      if (restored === null) return;
      expect([...first, ...judge(points.slice(cut), restored)]).toEqual(judge(points));
    }),
    { numRuns: 40 },
  );
});

test("whatever comes, scores lie between 0 and 1 and bands are finite and hold what is expected", () => {
  fc.assert(
    fc.property(steps, (given) => {
      for (const { score, expected, low, high } of judge(asPoints(given))) {
        expect(score).toBeGreaterThanOrEqual(0);
        expect(score).toBeLessThanOrEqual(1);
        expect([expected, low, high].every(Number.isFinite)).toBe(true);
        expect(low).toBeLessThanOrEqual(expected);
        expect(high).toBeGreaterThanOrEqual(expected);
      }
    }),
    { numRuns: 200 },
  );
});

test("a state stays the same size, however long the series", () => {
  const shape = (part: unknown): unknown => {
    if (part instanceof Float64Array) return part.length;
    if (typeof part !== "object" || part === null) return typeof part;
    return Object.entries(part).map(([key, inner]) => [key, shape(inner)]);
  };
  const fresh = createDetectorState();
  const old = createDetectorState();
  judge(daily(120), old);
  expect(shape(old)).toEqual(shape(fresh));
  expect(encodeDetectorState(old).length).toBeLessThan(20_000);
});

test.each([
  "",
  "null",
  "[]",
  "{}",
  '{"version":2}',
  '{"version":1,"sensitivity":"normal"}',
  encodeDetectorState(createDetectorState()).replace('"count":0', '"count":null'),
  encodeDetectorState(createDetectorState()).replace('"day":[0,', '"day":['),
  encodeDetectorState(createDetectorState()).replace('"normal"', '"loud"'),
])("what is no state of this version is not restored: %s", (text) => {
  expect(decodeDetectorState(text)).toBeNull();
});

test("every reason has a sentence in both languages", () => {
  for (const { en, zh } of Object.values(reasonSentences)) {
    expect(en).toMatch(/^[A-Z].*\.$/);
    expect(zh).toMatch(/。$/);
  }
});
