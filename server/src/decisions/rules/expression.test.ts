import { Environment } from "@marcbachmann/cel-js";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compileExpression, type RuleKey } from "./expression.ts";
import type { RuleValue } from "./moment.ts";

const keys: readonly RuleKey[] = [
  { key: "t", type: "number" },
  { key: "h", type: "number" },
  { key: "mode", type: "text" },
  { key: "door", type: "boolean" },
  { key: "air-temp", type: "number" },
  { key: "温度", type: "number" },
  { key: "int", type: "number" },
  { key: "shape", type: "json" },
];

function compiled(text: string) {
  const result = compileExpression(text, keys);
  if (!result.ok) throw new Error(result.problem.en);
  return result.compiled;
}

function judge(text: string, values: Readonly<Record<string, RuleValue>>): boolean {
  const { keys: names, isTrue } = compiled(text);
  return isTrue(names.map((name) => values[name] ?? null));
}

describe("an expression", () => {
  test.each([
    ["t > 8 && h < 20.5", { t: 9, h: 20 }, true],
    ["t > 8 && h < 20.5", { t: 8, h: 20 }, false],
    ["t == 8 || door", { t: 8, door: false }, true],
    ["t * 2 - 1 >= h / 4", { t: 1, h: 4 }, true],
    ["!(t != -3)", { t: -3 }, true],
    ['mode == "defrost" ? t > 20 : t > 8', { mode: "cool", t: 9 }, true],
    ['mode in ["a", "b"]', { mode: "b" }, true],
    ['mode.startsWith("de") && size(mode) > 3', { mode: "defrost" }, true],
    ["abs(t) > 3", { t: -4 }, true],
    ["`air-temp` > 3 && `温度` < 0.5", { "air-temp": 4, 温度: 0 }, true],
    ["`int` > 3", { int: 4 }, true],
    ['mode == "`air-temp`" // `air-temp`', { mode: "`air-temp`" }, true],
  ])("%s of %o is %s", (text, values, answer) => {
    expect(judge(text, values)).toBe(answer);
  });

  test("names each key once, as the device does", () => {
    expect(compiled("`air-temp` > t || t > `air-temp` + 1").keys).toEqual(["air-temp", "t"]);
  });
  test("that fails at run time is not true", () => {
    expect(judge("1 / int(t) > 0", { t: 0 })).toBe(false);
    expect(judge("int(mode) > 3", { mode: "four" })).toBe(false);
    expect(judge("int(mode) > 3", { mode: "4" })).toBe(true);
  });
  test("of comparisons and logic is judged by closures", () => {
    for (const text of ["t > 8 && h < 20.5", "!door || t + 1 < -h", 'mode == "a" && t / 2 != 3'])
      expect(compiled(text).isClosure).toBe(true);
    for (const text of ["1 + 2 > 3 && t > 1", "t > 9007199254740993", "mode < 'b'", "t == h ? door : !door"])
      expect(compiled(text).isClosure).toBe(false);
  });
});

describe("what cannot be an expression is refused, where it is wrong and in both languages", () => {
  test.each([
    ["t >", /character 4: .*cannot be read/],
    ["t > 8 & h", /character 7/],
    ["t > 8 && humidity < 3", /character 10: there is no key humidity/],
    ["`wet-bulb` > 3", /there is no key wet-bulb/],
    ["air.temp > 3", /air\.temp is no key of its own.*backticks/],
    ["shape > 3", /there is no key shape/],
    ["t > mode", /number > text/],
    ["mode + t == 'a'", /text \+ number/],
    ["door && t", /fit together/],
    ["t", /a number, not true or false/],
    ["mode", /not true or false/],
    ["[1, 2].exists(x, x > 1)", /exists\(…\) cannot be used/],
    ["mode.matches('(a+)+$')", /matches\(…\) cannot be used/],
    ["timestamp('2026-01-01T00:00:00Z') == timestamp('2026-01-01T00:00:00Z')", /timestamp\(…\) cannot/],
    ["dyn(t) > 3", /dyn\(…\) cannot/],
    ["{'a': 1}['a'] > 1 || door", /cannot|no key of its own/],
    [`t > 1${" && t > 1".repeat(55)}`, /cannot be read/],
    [`${"(".repeat(60)}t > 1${")".repeat(60)}`, /cannot be read/],
    ["t > 1".padEnd(501), /501 characters; 500/],
    ["this.constructor('x')() == 1", /./],
    ["__proto__ == 1", /./],
    ["constructor == 1", /there is no key constructor/],
  ])("%s", (text, sentence) => {
    const result = compileExpression(text, keys);
    expect(result.ok).toBe(false);
    if (result.ok) return;
    expect(result.problem.en).toMatch(sentence);
    expect(result.problem.zh).toMatch(/[一-鿿]/u);
  });

  test("and nothing that can be typed makes it throw", () => {
    const parts = fc.constantFrom(
      ..."t h mode door 1 2.5 'x' \"y\" ` ( ) [ ] { } && || ! == < > + - . , ? : in".split(" "),
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(parts).map((some) => some.join(" ")),
        ),
        (text) => {
          const result = compileExpression(text, keys);
          if (result.ok) expect(typeof result.compiled.isTrue([1, 2, 3, 4])).toBe("boolean");
          else expect(result.problem.en).not.toBe("");
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

describe("closures and the library", () => {
  const library = new Environment({ limits: { maxAstNodes: 1_000 } })
    .registerVariable("t", "double")
    .registerVariable("h", "double")
    .registerVariable("mode", "string")
    .registerVariable("door", "bool");
  const double = fc.oneof(
    fc.constantFrom(0, -0, 1, -1, 0.1, 0.3, 8, 1e-300, 1e308, -5e-324),
    fc.double({ noNaN: true, noDefaultInfinity: true, min: -100, max: 100 }),
  );
  const written = double.map((value) => {
    const text = Object.is(value, -0) ? "-0.0" : String(value);
    return /[.e]/u.test(text) ? text : `${text}.0`;
  });
  const comparison = fc.constantFrom("<", "<=", ">", ">=");
  const { condition } = fc.letrec<{ number: string; condition: string }>((tie) => ({
    number: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom("t", "h"),
      written,
      fc
        .tuple(tie("number"), fc.constantFrom("+", "-", "*", "/"), tie("number"))
        .map(([l, op, r]) => `(${l} ${op} ${r})`),
      tie("number").map((one) => `-(${one})`),
    ),
    condition: fc.oneof(
      { maxDepth: 4 },
      fc
        .tuple(tie("number"), fc.oneof(comparison, fc.constantFrom("==", "!=")), tie("number"))
        .map((some) => some.join(" ")),
      // Whole numbers stand beside a double as the specification has it: in comparisons of order.
      fc
        .tuple(fc.constantFrom("t", "h"), comparison, fc.integer({ min: -9, max: 9 }))
        .map((some) => some.join(" ")),
      fc.constantFrom(
        "door",
        "true",
        "false",
        'mode == "cool"',
        '"cool" != mode',
        "door == false",
        "true != door",
      ),
      tie("condition").map((one) => `!(${one})`),
      fc
        .tuple(tie("condition"), fc.constantFrom("&&", "||"), tie("condition"))
        .map(([l, op, r]) => `(${l} ${op} ${r})`),
    ),
  }));
  const readings = fc.record({
    t: double,
    h: double,
    mode: fc.constantFrom("cool", "warm", ""),
    door: fc.boolean(),
  });

  test("agree on every simple expression and reading", () => {
    let closures = 0;
    fc.assert(
      fc.property(condition, fc.array(readings, { minLength: 1, maxLength: 5 }), (text, many) => {
        fc.pre(text.length <= 500);
        const result = compileExpression(text, keys);
        fc.pre(result.ok);
        if (!result.ok) return;
        closures += result.compiled.isClosure ? 1 : 0;
        for (const values of many) {
          const ours = result.compiled.isTrue(
            result.compiled.keys.map((key) => values[key as keyof typeof values]),
          );
          expect([text, values, ours]).toEqual([text, values, library.evaluate(text, values)]);
        }
      }),
      { numRuns: 3_000 },
    );
    // Or the comparison would be of the library with itself.
    expect(closures).toBeGreaterThan(2_000);
  });

  test("agree on whole numbers beside doubles, where both go beyond the specification alike", () => {
    const whole = fc.integer({ min: -3, max: 3 });
    const op = fc.constantFrom("+", "-", "*", "/");
    fc.assert(
      fc.property(whole, op, whole, double, (left, operator, right, t) => {
        for (const text of [`t ${operator} ${left} == ${right}`, `${left} ${operator} t < ${right}`]) {
          const closure = compiled(text);
          // A ternary is not simple, so that this one goes through the library.
          const tree = compiled(`t == t ? ${text} : false`);
          expect([closure.isClosure, tree.isClosure]).toEqual([true, false]);
          expect([text, t, closure.isTrue([t])]).toEqual([text, t, tree.isTrue([t])]);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
