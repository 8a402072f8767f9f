import { type AlarmRule, ruleSchema } from "@waremind/contract";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  advanceRule,
  compileRule,
  momentsOf,
  passQuietly,
  startRule,
  stretchOf,
  type Transition,
} from "./index.ts";

function compiledOf(fields: object) {
  const name = { en: "Too warm", zh: "过热" };
  const rule: AlarmRule = ruleSchema.parse({ id: "r", name, severity: "warning", ...fields });
  const result = compileRule(rule, { keys: [], expectedIntervalSeconds: 60 });
  if (!result.ok) throw new Error(result.problem.en);
  return result.compiled;
}

const limits = fc.record({
  above: fc.option(fc.integer({ min: 5, max: 9 })),
  below: fc.option(fc.integer({ min: 0, max: 4 })),
  forSeconds: fc.constantFrom(0, 2),
  ignoreSeconds: fc.constantFrom(0, 3),
});
const value = fc.oneof(fc.integer({ min: -2, max: 12 }), fc.constant("text"), fc.boolean());
const batches = fc.array(
  fc.array(fc.record({ step: fc.integer({ min: 1, max: 3 }), key: fc.constantFrom("t", "h"), value }), {
    maxLength: 6,
  }),
  { maxLength: 12 },
);

test("the short way leaves the same state and says the same as moment by moment", () => {
  let quiet = 0;
  fc.assert(
    fc.property(limits, batches, (given, list) => {
      fc.pre(given.above !== null || given.below !== null);
      const compiled = compiledOf({ kind: "threshold", key: "t", ...given });
      const [short, long] = [startRule(), startRule()];
      const saidShort: Transition[] = [];
      const saidLong: Transition[] = [];
      let at = 0;
      for (const batch of list) {
        const moments = momentsOf(
          batch.map(({ step, key, value: own }) => {
            at += step * 1_000;
            return { at, key, value: own };
          }),
        );
        if (passQuietly(compiled, short, stretchOf(moments))) quiet += 1;
        else for (const moment of moments) saidShort.push(...advanceRule(compiled, short, moment));
        for (const moment of moments) saidLong.push(...advanceRule(compiled, long, moment));
        expect(short).toEqual(long);
      }
      expect(saidShort).toEqual(saidLong);
    }),
    { numRuns: 2_000 },
  );
  expect(quiet).toBeGreaterThan(100);
});

test("is for thresholds alone, and for nothing late", () => {
  const state = startRule();
  const stretch = stretchOf(momentsOf([{ at: 1_000, key: "t", value: 3 }]));
  const rate = compiledOf({ kind: "rate-of-change", key: "t", perHour: 1, direction: "up", overSeconds: 60 });
  expect(passQuietly(rate, state, stretch)).toBe(false);
  const threshold = compiledOf({ kind: "threshold", key: "t", above: 5, below: null });
  expect(passQuietly(threshold, state, stretch)).toBe(true);
  expect(passQuietly(threshold, state, stretch)).toBe(false);
});
