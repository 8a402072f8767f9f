import { alarmRuleSchema } from "@waremind/contract";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  advanceRule,
  advanceTime,
  type CompiledRule,
  checkpointBefore,
  compareEvents,
  compileRule,
  isLate,
  momentsOf,
  nextTimeAt,
  openSpan,
  type RuleEvent,
  type RuleSpan,
  type RuleState,
  refold,
  spansOf,
  startRule,
  withCheckpoint,
} from "./index.ts";

const context = {
  keys: [
    { key: "a", type: "number" },
    { key: "b", type: "number" },
    { key: "open", type: "boolean" },
  ],
  expectedIntervalSeconds: 20,
} as const;

const seconds = fc.integer({ min: 0, max: 90 });
const position = { latitudeKey: "a", longitudeKey: "b" };
const kinds = fc.oneof(
  fc.record({
    kind: fc.constant("threshold"),
    key: fc.constant("a"),
    above: fc.integer({ min: 2, max: 5 }),
    below: fc.constantFrom(null, -2),
    clearAbove: fc.constantFrom(null, 1, 2),
    forSeconds: seconds,
  }),
  fc.record({
    kind: fc.constant("rate-of-change"),
    key: fc.constant("a"),
    perHour: fc.constantFrom(1, 60, 600),
    direction: fc.constantFrom("up", "down", "either"),
    overSeconds: fc.integer({ min: 1, max: 120 }),
    forSeconds: seconds,
  }),
  fc.record({
    kind: fc.constant("absence"),
    key: fc.constantFrom(null, "a"),
    intervals: fc.integer({ min: 1, max: 4 }),
  }),
  fc.record({
    kind: fc.constant("geofence"),
    latitudeKey: fc.constant(position.latitudeKey),
    longitudeKey: fc.constant(position.longitudeKey),
    fence: fc.constant({ shape: "circle", centre: [0, 0], radiusMetres: 250_000 }),
    on: fc.constantFrom("enter", "leave", "inside", "outside"),
    forSeconds: seconds,
  }),
  fc.record({
    kind: fc.constant("count-in-window"),
    key: fc.constant("open"),
    condition: fc.constantFrom({ is: "any" }, { is: "equals", value: true }),
    count: fc.integer({ min: 1, max: 5 }),
    windowSeconds: fc.integer({ min: 1, max: 120 }),
  }),
  fc.record({
    kind: fc.constant("expression"),
    expression: fc.constantFrom("a > 2 && b < 1", "open || a * 2 > b + 3", "open ? a > 1.0 : b > 1.0"),
    forSeconds: seconds,
  }),
);
const settings = fc.record({
  clearAfterSeconds: fc.oneof(fc.constant(0), seconds),
  ignoreSeconds: fc.oneof(fc.constant(0), seconds),
  ignoreAfter: fc.subarray(["start", "silence", "end"]),
  schedule: fc.oneof(
    { weight: 3, arbitrary: fc.constant(null) },
    fc.constant([{ timeZone: "Asia/Shanghai", days: [4], fromMinute: 482, toMinute: 486 }]),
  ),
});
const rules = fc.tuple(kinds, settings).map(([kind, setting]): CompiledRule => {
  const rule = alarmRuleSchema.parse({
    ...{ id: "rule", name: { en: "R", zh: "规" }, severity: "info" },
    ...kind,
    ...setting,
  });
  const result = compileRule(rule, context);
  if (!result.ok) throw new Error(result.problem.en);
  return result.compiled;
});
/** Ten minutes at a grain of five seconds: many readings share an instant, and many gaps are as long as a setting. */
const events = fc.array(
  fc.oneof(
    fc.record({
      at: fc.integer({ min: 0, max: 120 }).map((step) => step * 5_000),
      key: fc.constantFrom("a", "b"),
      value: fc.integer({ min: -5, max: 6 }),
    }),
    fc.record({
      at: fc.integer({ min: 0, max: 120 }).map((step) => step * 5_000),
      key: fc.constant("open"),
      value: fc.boolean(),
    }),
  ),
  { maxLength: 60 },
);
const bounds = { since: 0, until: 700_000 };

describe("alarms follow from the set of readings", () => {
  test("whatever their order and however often each comes", () => {
    const arrivals = events.chain((set) =>
      fc.tuple(
        fc.constant(set),
        fc
          .shuffledSubarray([...set, ...set], { minLength: set.length })
          .map((some) => [...set, ...some].reverse()),
      ),
    );
    fc.assert(
      fc.property(rules, arrivals, (rule, [set, arrived]) => {
        expect(spansOf(rule, arrived, bounds)).toEqual(spansOf(rule, set, bounds));
      }),
      { numRuns: 500 },
    );
  });

  test("folded from any checkpoint as from the beginning, also after the state was written and read", () => {
    fc.assert(
      fc.property(rules, events, fc.integer({ min: -1, max: 700_000 }), (rule, set, cutAt) => {
        const before = refold(
          rule,
          null,
          set.filter(({ at }) => at <= cutAt),
          { since: 0, until: cutAt },
        );
        const written: RuleState = JSON.parse(JSON.stringify(before.state));
        expect(written).toEqual(before.state);
        const after = refold(
          rule,
          written,
          set.filter(({ at }) => at > cutAt),
          bounds,
        );
        const ended = before.spans.filter(({ endedAt }) => endedAt !== null);
        const whole = refold(rule, null, set, bounds);
        expect([...ended, ...after.spans]).toEqual(whole.spans);
        expect(after.state).toEqual(whole.state);
      }),
      { numRuns: 1_000 },
    );
  });

  test("as they come, in any order, judged at once and judged again where one is late", () => {
    // Most come soon, some minutes later, some twice; the clock is looked at as often.
    const delay = fc.oneof(
      { weight: 4, arbitrary: fc.integer({ min: 1, max: 30_000 }) },
      fc.integer({ min: 1, max: 600_000 }),
    );
    const arrivals = events
      .chain((set) =>
        fc.tuple(...[...set, ...set.slice(0, 5)].map((event) => fc.tuple(fc.constant(event), delay))),
      )
      .map((list) => list.toSorted((left, right) => left[0].at + left[1] - right[0].at - right[1]));
    fc.assert(
      fc.property(rules, arrivals, (rule, arrived) => {
        const live = new Live(rule);
        for (const [event, lateMs] of arrived) {
          live.pass(event.at + lateMs);
          live.take(event);
        }
        // After the last of them has come.
        const until = 1_500_000;
        live.pass(until);
        const set = arrived.map(([event]) => event);
        expect(live.spans()).toEqual(spansOf(rule, set, { ...bounds, until }));
      }),
      { numRuns: 2_000 },
    );
  });

  test("change with time alone not before the instant that is told, and then they do", () => {
    fc.assert(
      fc.property(rules, events, fc.integer({ min: 0, max: 2_000_000 }), (rule, set, now) => {
        const { state } = refold(rule, null, set, { since: 0, until: null });
        const dueAt = nextTimeAt(rule, state);
        const before = JSON.stringify(state);
        const told = advanceTime(rule, state, Math.min(now, dueAt ?? now));
        expect(told).toEqual([]);
        // What is noted of a count that is over already is the same whenever it is noted.
        if (rule.windowMs === null) expect(JSON.stringify(state)).toBe(before);
        if (dueAt === null) return;
        advanceTime(rule, state, dueAt + 1);
        expect(JSON.stringify(state)).not.toBe(before);
        expect(nextTimeAt(rule, state) ?? Number.POSITIVE_INFINITY).toBeGreaterThan(dueAt);
      }),
      { numRuns: 1_000 },
    );
  });

  test("never end before they are raised, nor are raised before they begin, and follow one another", () => {
    fc.assert(
      fc.property(rules, events, (rule, set) => {
        let before = Number.NEGATIVE_INFINITY;
        for (const { beganAt, raisedAt, endedAt } of spansOf(rule, set, bounds)) {
          expect(raisedAt - beganAt).toBeGreaterThanOrEqual(rule.forMs);
          expect(raisedAt).toBeGreaterThanOrEqual(before);
          if (endedAt === null) continue;
          expect(endedAt).toBeGreaterThanOrEqual(raisedAt);
          before = endedAt;
        }
      }),
      { numRuns: 500 },
    );
  });
});

/** What a follower of the intake does: advance where it can, fold again from a checkpoint where it must. */
class Live {
  readonly #rule: CompiledRule;
  readonly #stored: RuleEvent[] = [];
  #state = startRule({ since: bounds.since });
  #checkpoints: readonly RuleState[] = [];
  #ended: RuleSpan[] = [];
  #now: number | null = null;

  constructor(rule: CompiledRule) {
    this.#rule = rule;
  }

  take(event: RuleEvent): void {
    if (this.#stored.some((one) => compareEvents(one, event) === 0)) return;
    this.#stored.push(event);
    const moment = { at: event.at, values: [event] };
    if (isLate(this.#rule, this.#state, moment)) this.#again(event.at);
    else this.#note(advanceRule(this.#rule, this.#state, moment));
  }

  pass(now: number): void {
    this.#now = Math.max(this.#now ?? now, now);
    this.#note(advanceTime(this.#rule, this.#state, this.#now));
  }

  spans(): RuleSpan[] {
    const open = openSpan(this.#state);
    return open === null ? this.#ended : [...this.#ended, open];
  }

  #again(at: number): void {
    const checkpoint = checkpointBefore(this.#checkpoints, at);
    const from = checkpoint?.foldedTo ?? Number.NEGATIVE_INFINITY;
    const later = this.#stored.filter((one) => one.at > from);
    const { state, spans } = refold(this.#rule, checkpoint, later, { since: bounds.since, until: this.#now });
    this.#state = state;
    this.#checkpoints = this.#checkpoints.filter(({ foldedTo }) => foldedTo <= from);
    const kept = this.#ended.filter(({ endedAt }) => endedAt !== null && endedAt <= from);
    this.#ended = [...kept, ...spans.filter(({ endedAt }) => endedAt !== null)];
  }

  #note(transitions: ReturnType<typeof advanceRule>): void {
    for (const one of transitions) {
      if (one.kind === "raised") continue;
      const { beganAt, raisedAt, at, value, peak } = one;
      this.#ended.push({ beganAt, raisedAt, endedAt: at, value, peak });
    }
    this.#checkpoints = withCheckpoint(this.#checkpoints, this.#state);
  }
}

describe("a threshold judged by its definition", () => {
  /** Slow and plain: every stretch of readings beyond the limit that lasts long enough. */
  function plain(readings: readonly (readonly [number, number])[], forMs: number): (number | null)[][] {
    const isBegin = (index: number) =>
      (readings[index]?.[1] ?? 0) > 2 && (readings[index - 1]?.[1] ?? 0) <= 2;
    return readings.flatMap(([beganAt], index) => {
      if (!isBegin(index)) return [];
      const rest = readings.slice(index);
      const end = rest.find(([, value]) => value <= 2)?.[0] ?? null;
      const raised = rest.find(([at]) => at - beganAt >= forMs && (end === null || at < end));
      return raised === undefined ? [] : [[beganAt, raised[0], end]];
    });
  }

  test("gives the same alarms", () => {
    const series = fc.uniqueArray(
      fc.tuple(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 5 })),
      {
        selector: ([at]) => at,
        maxLength: 60,
      },
    );
    fc.assert(
      fc.property(series, fc.integer({ min: 0, max: 40 }), (readings, forSeconds) => {
        const result = compileRule(
          alarmRuleSchema.parse({
            ...{ id: "r", name: { en: "R", zh: "规" }, severity: "info" },
            ...{ kind: "threshold", key: "a", above: 2, below: null, forSeconds },
          }),
          context,
        );
        if (!result.ok) throw new Error(result.problem.en);
        const sorted = readings
          .map(([at, value]) => [at * 1_000, value] as const)
          .sort((x, y) => x[0] - y[0]);
        const found = spansOf(
          result.compiled,
          sorted.map(([at, value]) => ({ at, key: "a", value })),
        );
        expect(found.map(({ beganAt, raisedAt, endedAt }) => [beganAt, raisedAt, endedAt])).toEqual(
          plain(sorted, forSeconds * 1_000),
        );
      }),
    );
  });
});

describe("checkpoints", () => {
  const states = (count: number, stepMs: number): RuleState[] =>
    Array.from({ length: count }, (_, index) => ({ ...startRule(), foldedTo: index * stepMs }));

  test("stay few, keep the first, the newest, and what lies between denser towards the present", () => {
    const hour = 3_600_000;
    const kept = states(2_000, hour).reduce<readonly RuleState[]>(withCheckpoint, []);
    expect(kept.length).toBeLessThanOrEqual(12);
    expect(kept.at(-1)?.foldedTo).toBe(1_999 * hour);
    const ages = kept.map(({ foldedTo }) => 1_999 - foldedTo / hour);
    expect(ages[0]).toBeGreaterThan(1_000);
    expect(ages.filter((age) => age <= 24).length).toBeGreaterThanOrEqual(4);
  });
  test("closer than a minute are not worth keeping, nor is one of nothing", () => {
    expect(states(100, 500).reduce<readonly RuleState[]>(withCheckpoint, [])).toHaveLength(1);
    expect(withCheckpoint([], startRule())).toEqual([]);
  });
  test("of a late reading is the last one before it", () => {
    const kept = states(3, 60_000);
    expect(checkpointBefore(kept, 60_000)?.foldedTo).toBe(0);
    expect(checkpointBefore(kept, 60_001)?.foldedTo).toBe(60_000);
    expect(checkpointBefore(kept, 0)).toBeNull();
  });
});

test("moments join what is of one instant, in an order of their own, each reading once", () => {
  const reading = (at: number, key: string, value: number | string): RuleEvent => ({ at, key, value });
  expect(
    momentsOf([
      reading(2, "b", 1),
      reading(1, "a", 2),
      reading(2, "a", "x"),
      reading(2, "a", 3),
      reading(1, "a", 2),
      reading(3, "a", Number.NaN),
    ]),
  ).toEqual([
    { at: 1, values: [reading(1, "a", 2)] },
    { at: 2, values: [reading(2, "a", 3), reading(2, "a", "x"), reading(2, "b", 1)] },
  ]);
});
