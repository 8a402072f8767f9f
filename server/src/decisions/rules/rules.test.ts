import { type AlarmRule, alarmRuleSchema } from "@waremind/contract";
import { describe, expect, test } from "vitest";
import {
  advanceRule,
  advanceTime,
  type CompiledRule,
  compileRule,
  isLate,
  type RuleContext,
  type RuleEvent,
  type RuleValue,
  spansOf,
  startRule,
} from "./index.ts";

const context: RuleContext = {
  keys: [
    { key: "temperature", type: "number" },
    { key: "humidity", type: "number" },
    { key: "mode", type: "text" },
    { key: "door", type: "boolean" },
  ],
  expectedIntervalSeconds: 60,
};
const common = { id: "rule", name: { en: "Rule", zh: "规则" }, severity: "warning" };

const ruleOf = (own: object): AlarmRule => alarmRuleSchema.parse({ ...common, ...own });

function ready(own: object): CompiledRule {
  const result = compileRule(ruleOf(own), context);
  if (!result.ok) throw new Error(result.problem.en);
  return result.compiled;
}

/** Readings of one key as `[second, value]`. */
const of = (key: string, ...readings: readonly (readonly [number, RuleValue])[]): RuleEvent[] =>
  readings.map(([second, value]) => ({ at: second * 1_000, key, value }));
const temperatures = (...readings: readonly (readonly [number, number])[]) => of("temperature", ...readings);

/** Spans in seconds: began, raised, ended. */
const seconds = (compiled: CompiledRule, events: readonly RuleEvent[], until: number | null = null) =>
  spansOf(compiled, events, { since: null, until: until === null ? null : until * 1_000 }).map(
    ({ beganAt, raisedAt, endedAt }) => [
      beganAt / 1_000,
      raisedAt / 1_000,
      endedAt === null ? null : endedAt / 1_000,
    ],
  );

describe("a threshold", () => {
  const warm = { kind: "threshold", key: "temperature", above: 8, below: null };

  test("raises beyond its limit and ends at it", () => {
    expect(seconds(ready(warm), temperatures([0, 8], [1, 8.1], [2, 9], [3, 8], [4, 7]))).toEqual([[1, 1, 3]]);
  });
  test("says with which value it was raised and how bad it got", () => {
    const [span] = spansOf(ready({ ...warm, below: 2 }), temperatures([0, 1], [1, -6], [2, 9], [3, 5]));
    expect(span).toMatchObject({ value: 1, peak: -6 });
  });
  test("counts how bad it was before it was raised", () => {
    const [span] = spansOf(ready({ ...warm, forSeconds: 2 }), temperatures([0, 20], [2, 9]));
    expect(span).toMatchObject({ beganAt: 0, raisedAt: 2_000, value: 9, peak: 20, endedAt: null });
  });
  test("waits until the condition held without a break, confirmed by a reading", () => {
    const rule = ready({ ...warm, forSeconds: 10 });
    expect(seconds(rule, temperatures([0, 9], [5, 8], [6, 9], [14, 9]))).toEqual([]);
    expect(seconds(rule, temperatures([0, 9], [9, 9], [10, 9], [20, 8]))).toEqual([[0, 10, 20]]);
    expect(seconds(rule, temperatures([0, 9]), 1_000)).toEqual([]);
  });
  test("with hysteresis stays open until the value is far enough back, and needs the full limit to begin", () => {
    const rule = ready({ ...warm, clearAbove: 6 });
    expect(seconds(rule, temperatures([0, 7], [1, 9], [2, 7], [3, 8.5], [4, 6.1], [5, 6], [6, 7]))).toEqual([
      [1, 1, 5],
    ]);
  });
  test("of two sides ends only between both ways back", () => {
    const rule = ready({ ...warm, below: 2, clearAbove: 7, clearBelow: 3 });
    expect(seconds(rule, temperatures([0, 9], [1, 2.5], [2, 7.5], [3, 5]))).toEqual([[0, 0, 3]]);
  });
  test("stays open until the value was back for a while", () => {
    const rule = ready({ ...warm, clearAfterSeconds: 10 });
    expect(seconds(rule, temperatures([0, 9], [5, 8], [9, 9], [12, 8], [21, 8], [22, 8]))).toEqual([
      [0, 0, 22],
    ]);
  });
  test("takes no notice of texts under its key and of other keys", () => {
    expect(seconds(ready(warm), [...of("temperature", [0, "99"]), ...of("humidity", [1, 99])])).toEqual([]);
  });
  test("of several values of one instant takes the worst", () => {
    expect(spansOf(ready(warm), temperatures([0, 7], [0, 12], [0, 9]))).toMatchObject([
      { peak: 12, value: 12 },
    ]);
  });
  test("that is switched off says nothing", () => {
    expect(seconds(ready({ ...warm, isEnabled: false }), temperatures([0, 99]))).toEqual([]);
  });
});

describe("an ignore period", () => {
  const warm = { kind: "threshold", key: "temperature", above: 8, below: null, ignoreSeconds: 60 };

  test("after the start lets a logger cool down", () => {
    expect(seconds(ready(warm), temperatures([0, 20], [30, 9], [59, 9], [61, 5], [62, 9]))).toEqual([
      [62, 62, null],
    ]);
    expect(seconds(ready(warm), temperatures([0, 20], [60, 9]))).toEqual([[60, 60, null]]);
  });
  test("after a silence begins anew, and what had begun begins after it", () => {
    const rule = ready({ ...warm, forSeconds: 20, ignoreAfter: ["silence"] });
    const readings = temperatures([0, 9], [181, 9], [240, 9], [241, 9], [261, 9]);
    expect(seconds(rule, readings)).toEqual([[241, 261, null]]);
  });
  test("never comes of a device that only speaks seldom", () => {
    const rule = ready({ ...warm, ignoreAfter: ["start", "silence"] });
    expect(seconds(rule, temperatures([0, 5], [170, 9]))).toEqual([[170, 170, null]]);
  });
  test("after an end keeps a value at the limit from raising again and again", () => {
    const rule = ready({ ...warm, ignoreAfter: ["end"] });
    expect(seconds(rule, temperatures([0, 9], [1, 7], [2, 9], [3, 7], [61, 9]))).toEqual([
      [0, 0, 1],
      [61, 61, null],
    ]);
  });
  test("ends no alarm that is open", () => {
    const rule = ready({ ...warm, ignoreAfter: ["silence"] });
    expect(seconds(rule, temperatures([0, 9], [500, 9], [510, 7]))).toEqual([[0, 0, 510]]);
  });
});

describe("a schedule", () => {
  const hours = [{ timeZone: "UTC", days: [1, 2, 3, 4, 5, 6, 7], fromMinute: 1, toMinute: 2 }];

  test("lets a rule raise only in its hours, and says since when it had been true", () => {
    const rule = ready({ kind: "threshold", key: "temperature", above: 8, below: null, schedule: hours });
    expect(seconds(rule, temperatures([0, 9], [59, 9], [60, 9], [121, 9], [130, 5]))).toEqual([[0, 60, 130]]);
    expect(seconds(rule, temperatures([0, 9], [120, 9]))).toEqual([]);
  });
  test("makes a silence wait for its hours", () => {
    const rule = ready({ kind: "absence", key: null, intervals: 1, schedule: hours });
    const word = temperatures([-100, 1]);
    expect(seconds(rule, word, 60)).toEqual([]);
    expect(seconds(rule, word, 61)).toEqual([[-100, 60, null]]);
    expect(seconds(rule, [...word, ...temperatures([50, 1])], 90)).toEqual([]);
  });
});

describe("a rate of change", () => {
  const rising = { kind: "rate-of-change", key: "temperature", perHour: 6, direction: "up", overSeconds: 60 };

  test("compares with the value of the window's beginning", () => {
    const rule = ready(rising);
    expect(seconds(rule, temperatures([0, 5], [30, 9], [60, 5.05]))).toEqual([]);
    expect(spansOf(rule, temperatures([0, 5], [30, 5], [60, 5.2], [120, 5.2]))).toEqual([
      {
        beganAt: 60_000,
        raisedAt: 60_000,
        endedAt: 120_000,
        value: expect.closeTo(12),
        peak: expect.closeTo(12),
      },
    ]);
  });
  test("looks at one direction or at both", () => {
    const falling = temperatures([0, 5], [60, 4]);
    expect(seconds(ready(rising), falling)).toEqual([]);
    expect(seconds(ready({ ...rising, direction: "down" }), falling)).toEqual([[60, 60, null]]);
    expect(seconds(ready({ ...rising, direction: "either" }), falling)).toEqual([[60, 60, null]]);
  });
  test("works where readings are further apart than the window", () => {
    expect(seconds(ready(rising), temperatures([0, 5], [600, 7], [1_200, 7]))).toEqual([[600, 600, 1_200]]);
  });
  test("remembers no more than its parts, whatever the number of readings", () => {
    const rule = ready(rising);
    const state = startRule();
    for (let step = 0; step < 10_000; step += 1)
      advanceRule(rule, state, { at: step * 37, values: [{ key: "temperature", value: step % 7 }] });
    expect(state.memory.length).toBeLessThanOrEqual(2 * 18);
  });
});

describe("an absence", () => {
  const silent = { kind: "absence", key: "temperature", intervals: 2 };

  test("begins with the last word, is raised after its intervals, and ends with the next word", () => {
    expect(seconds(ready(silent), temperatures([0, 5], [120, 5], [300, 5], [310, 5]))).toEqual([
      [120, 240, 300],
    ]);
  });
  test("is raised by time alone, at its own instant", () => {
    expect(seconds(ready(silent), temperatures([0, 5]), 120)).toEqual([]);
    expect(seconds(ready(silent), temperatures([0, 5]), 5_000)).toEqual([[0, 120, null]]);
  });
  test("of any key is ended by any key", () => {
    const events = [...temperatures([0, 5]), ...of("mode", [100, "idle"])];
    expect(seconds(ready(silent), events, 130)).toEqual([[0, 120, null]]);
    expect(seconds(ready({ ...silent, key: null }), events, 130)).toEqual([]);
  });
  test("of one that never spoke counts from when it was watched for", () => {
    const watched = spansOf(ready(silent), [], { since: 5_000, until: 200_000 });
    expect(watched).toMatchObject([{ beganAt: 5_000, raisedAt: 125_000, endedAt: null }]);
    expect(spansOf(ready(silent), [], { since: null, until: 200_000 })).toEqual([]);
  });
  test("stays open after a single word where it must speak for a while", () => {
    const rule = ready({ ...silent, clearAfterSeconds: 150 });
    expect(seconds(rule, temperatures([0, 5], [200, 5]), 1_000)).toEqual([[0, 120, null]]);
    expect(seconds(rule, temperatures([0, 5], [200, 5], [260, 5]), 1_000)).toEqual([
      [0, 120, 350],
      [260, 380, null],
    ]);
  });
});

describe("a count in a window", () => {
  const openings = {
    kind: "count-in-window",
    ...{ key: "door", condition: { is: "equals", value: true }, count: 3, windowSeconds: 60 },
  };
  const doors = (...at: readonly number[]) => of("door", ...at.map((second) => [second, true] as const));

  test("is raised by the reading that makes it full, and ends when the first of them is too old", () => {
    expect(seconds(ready(openings), doors(0, 10, 60), 61)).toEqual([[60, 60, 60]]);
    expect(seconds(ready(openings), doors(0, 10, 61), 62)).toEqual([]);
    expect(seconds(ready(openings), doors(0, 10, 20, 30), 60)).toEqual([[20, 20, null]]);
    expect(seconds(ready(openings), doors(0, 10, 20, 30), 500)).toEqual([[20, 20, 70]]);
  });
  test("counts only what fits", () => {
    const closings = of("door", [1, false], [2, false], [3, false]);
    expect(seconds(ready(openings), closings)).toEqual([]);
    expect(seconds(ready({ ...openings, condition: { is: "any" } }), closings)).toEqual([[3, 3, null]]);
    const hot = { ...openings, key: "temperature", condition: { is: "above", limit: 8 }, count: 2 };
    expect(seconds(ready(hot), temperatures([0, 9], [1, 8], [2, 9]))).toEqual([[2, 2, null]]);
  });
  test("that goes on stays one alarm where it must be over for a while", () => {
    const rule = ready({ ...openings, clearAfterSeconds: 30 });
    expect(seconds(rule, doors(0, 1, 2, 70, 71, 72), 1_000)).toEqual([[2, 2, 160]]);
    expect(seconds(rule, doors(0, 1, 2, 70), 1_000)).toEqual([[2, 2, 90]]);
  });
});

describe("a geofence", () => {
  const fence = { shape: "circle", centre: [121.47, 31.23], radiusMetres: 1_000 };
  const position = { kind: "geofence", latitudeKey: "latitude", longitudeKey: "longitude", fence };
  const inside = [31.23, 121.47] as const;
  const outside = [31.23, 121.49] as const;
  const way = (...places: readonly (readonly [number, readonly [number, number]])[]) =>
    places.flatMap(([second, [latitude, longitude]]) => [
      ...of("latitude", [second, latitude]),
      ...of("longitude", [second, longitude]),
    ]);

  test("is entered only by who was outside, left only by who was inside", () => {
    const enter = ready({ ...position, on: "enter" });
    expect(seconds(enter, way([0, inside], [1, outside], [2, inside], [3, inside], [4, outside]))).toEqual([
      [2, 2, 4],
    ]);
    const leave = ready({ ...position, on: "leave" });
    expect(seconds(leave, way([0, outside], [1, inside], [2, outside], [3, inside]))).toEqual([[2, 2, 3]]);
  });
  test("tells where one is, for a while", () => {
    const rule = ready({ ...position, on: "outside", forSeconds: 10 });
    expect(seconds(rule, way([0, outside], [9, outside], [10, outside], [11, inside]))).toEqual([
      [0, 10, 11],
    ]);
    expect(seconds(ready({ ...position, on: "inside" }), way([0, inside]))).toEqual([[0, 0, null]]);
  });
  test("never joins a latitude with the longitude of another instant", () => {
    const rule = ready({ ...position, on: "outside" });
    const torn = [...way([0, inside]), ...of("longitude", [1, 140]), ...way([2, inside])];
    expect(seconds(rule, torn)).toEqual([]);
  });
});

describe("an expression", () => {
  const joint = { kind: "expression", expression: "temperature > 8 && humidity < 20" };

  test("waits until every key was heard, and then keeps the last of each", () => {
    const events = [...temperatures([0, 9], [3, 7]), ...of("humidity", [1, 50], [2, 10])];
    expect(seconds(ready(joint), events)).toEqual([[2, 2, 3]]);
  });
  test("sees all of one instant at once", () => {
    const events = [...temperatures([0, 5], [1, 9], [2, 5]), ...of("humidity", [0, 10], [1, 50], [2, 10])];
    // Between the two values of second 1 it would have been true.
    expect(seconds(ready(joint), events)).toEqual([]);
  });
  test("joins texts, booleans and numbers", () => {
    const rule = ready({
      kind: "expression",
      expression: 'door && mode in ["sale", "cool"] && abs(temperature) >= 4',
    });
    const events = [...of("door", [0, true]), ...of("mode", [1, "cool"]), ...temperatures([2, -4], [3, 1])];
    expect(seconds(rule, events)).toEqual([[2, 2, 3]]);
  });
});

describe("in the stream", () => {
  const rule = ready({ kind: "threshold", key: "temperature", above: 8, below: null });
  const at = (second: number, value: number, key = "temperature") => ({
    at: second * 1_000,
    values: [{ key, value }],
  });

  test("nothing new is the same empty list each time", () => {
    const state = startRule();
    const first = advanceRule(rule, state, at(0, 1));
    expect(first).toHaveLength(0);
    expect(advanceRule(rule, state, at(1, 1))).toBe(first);
  });
  test("a late reading is told, and is an error when it is taken all the same; of another key it is neither", () => {
    const state = startRule();
    advanceRule(rule, state, at(5, 9));
    expect(isLate(rule, state, at(5, 1))).toBe(true);
    expect(() => advanceRule(rule, state, at(5, 1))).toThrow(/late/);
    expect(isLate(rule, state, at(5, 1, "humidity"))).toBe(false);
    expect(advanceRule(rule, state, at(5, 1, "humidity"))).toEqual([]);
  });
  test("time says each thing once, at the instant it is true of", () => {
    const silent = ready({ kind: "absence", key: null, intervals: 1 });
    const state = startRule();
    advanceRule(silent, state, at(0, 1));
    expect(advanceTime(silent, state, 60_000)).toEqual([]);
    expect(advanceTime(silent, state, 99_000)).toEqual([
      { kind: "raised", beganAt: 0, at: 60_000, value: null },
    ]);
    expect(advanceTime(silent, state, 100_000)).toEqual([]);
    expect(advanceRule(silent, state, at(101, 1))).toEqual([
      { kind: "ended", beganAt: 0, raisedAt: 60_000, at: 101_000, value: null, peak: null },
    ]);
  });
});

describe("a rule that cannot work is refused in both languages", () => {
  const warm = { kind: "threshold", key: "temperature", above: 8, below: null };
  const places = { fence: { shape: "circle", centre: [0, 0], radiusMetres: 1 }, on: "enter" };
  test.each([
    ["without a limit", { ...warm, above: null }, /upper or a lower limit/],
    ["with limits upside down", { ...warm, below: 9 }, /under the lower limit/],
    ["with a way back that is none", { ...warm, clearAbove: 9 }, /come back to 9/],
    ["with a way back from no limit", { ...warm, clearBelow: 1 }, /come back to 1/],
    ["that would never end", { ...warm, below: 2, clearAbove: 3, clearBelow: 5 }, /never end/],
    ["over a text", { ...warm, key: "mode" }, /mode gives texts/],
    [
      "that counts a number among booleans",
      {
        ...{
          kind: "count-in-window",
          key: "door",
          condition: { is: "equals", value: 1 },
          count: 1,
          windowSeconds: 9,
        },
      },
      /door gives booleans/,
    ],
    [
      "with one key for both",
      { kind: "geofence", latitudeKey: "a", longitudeKey: "a", ...places },
      /key of its own/,
    ],
    ["of nothing", { kind: "expression", expression: "1.0 > 2.0" }, /names no key/],
    [
      "with a part that no message has",
      { ...warm, message: { en: "{device} is {colour}", zh: "{device}" } },
      /\{colour\}/,
    ],
  ])("%s", (_why, own, sentence) => {
    const result = compileRule(ruleOf(own), context);
    expect(result.ok).toBe(false);
    if (result.ok) return;
    expect(result.problem.en).toMatch(sentence);
    expect(result.problem.zh).toMatch(/[一-鿿]/u);
  });
});
