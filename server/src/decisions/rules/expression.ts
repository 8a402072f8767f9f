// Expressions of rules: the Common Expression Language over the keys of a profile, checked before they ever run.
import { Environment, type ParseResult } from "@marcbachmann/cel-js";
import { type BilingualText, ruleExpressionLengthMax } from "@waremind/contract";
import { compileClosure } from "./expression-closure.ts";
import { quoteKeys } from "./expression-keys.ts";
import { problemAt, problemOfError, refuseNode } from "./expression-problems.ts";
import { variablesOf } from "./expression-tree.ts";
import type { RuleValue } from "./moment.ts";

/** Whether it is true of the last values, in the order of `keys`; what fails at run time is not true. */
export type Condition = (values: readonly (RuleValue | null)[]) => boolean;

export interface CompiledExpression {
  /** The keys that it names, each once. */
  readonly keys: readonly string[];
  readonly isTrue: Condition;
  /** Whether our own closures judge it; else the library does. */
  readonly isClosure: boolean;
}

export type ExpressionResult =
  | { readonly ok: true; readonly compiled: CompiledExpression }
  | { readonly ok: false; readonly problem: BilingualText };

export interface RuleKey {
  readonly key: string;
  readonly type: "number" | "text" | "boolean" | "json";
}

const limits = {
  maxAstNodes: 120,
  maxDepth: 24,
  maxListElements: 50,
  maxMapEntries: 1,
  maxCallArguments: 4,
};
const celTypes = { number: "double", text: "string", boolean: "bool" } as const;

/**
 * Numbers are doubles. Beyond the language of the specification a whole number may stand beside a double in arithmetic and
 * equality (`temperature * 2 == 16`), and there is `abs`. A key that is no identifier stands in backticks. Loops, maps,
 * fields and regular expressions are refused, so that what an expression costs follows from its length.
 */
export function compileExpression(text: string, keys: readonly RuleKey[]): ExpressionResult {
  if (text.length > ruleExpressionLengthMax) return failed(tooLong(text.length));
  const { source, names } = quoteKeys(text);
  try {
    const parsed = environmentOf(keys, names).parse(source);
    const refusal = refuseNode(parsed.ast, text);
    if (refusal !== null) return failed(refusal);
    const checked = parsed.check();
    if (!checked.valid) return failed(problemOfError(checked.error, text, names));
    if (checked.type !== "bool") return failed(noCondition(checked.type ?? ""));
    return { ok: true, compiled: compiledOf(parsed, keys, names) };
  } catch (error) {
    return failed(problemOfError(error, text, names));
  }
}

const failed = (problem: BilingualText): ExpressionResult => ({ ok: false, problem });

function environmentOf(keys: readonly RuleKey[], names: ReadonlyMap<string, string>): Environment {
  const environment = base.clone();
  const quoted = new Map([...names].map(([name, key]) => [key, name]));
  for (const { key, type } of keys) {
    const celType = type === "json" ? undefined : celTypes[type];
    const name = quoted.get(key) ?? (identifier.test(key) ? key : undefined);
    if (celType === undefined || name === undefined || environment.hasVariable(name)) continue;
    try {
      environment.registerVariable(name, celType);
    } catch {
      // A name that the language keeps for itself: such a key is found in backticks only.
    }
  }
  return environment;
}

const identifier = /^[A-Za-z_]\w*$/u;
const base = baseEnvironment();

function baseEnvironment(): Environment {
  const environment = new Environment({ limits });
  environment.registerFunction("abs(double): double", (value: number) => Math.abs(value));
  const mixed: readonly (readonly [string, (left: number, right: number) => number | boolean])[] = [
    ["+", (left, right) => left + right],
    ["-", (left, right) => left - right],
    ["*", (left, right) => left * right],
    ["/", (left, right) => left / right],
    ["==", (left, right) => left === right],
  ];
  for (const [operator, apply] of mixed) {
    const convert = (left: number | bigint, right: number | bigint) => apply(Number(left), Number(right));
    environment.registerOperator(`double ${operator} int`, convert);
    // Equality is registered for both orders at once, and with its opposite.
    if (operator !== "==") environment.registerOperator(`int ${operator} double`, convert);
  }
  return environment;
}

function compiledOf(
  parsed: ParseResult,
  declared: readonly RuleKey[],
  names: ReadonlyMap<string, string>,
): CompiledExpression {
  const variables = [...new Set(variablesOf(parsed.ast))];
  const keys = variables.map((name) => names.get(name) ?? name);
  const typed = variables.map((name, index) => {
    const type = declared.find(({ key }) => key === keys[index])?.type ?? "json";
    return type === "json" ? null : { name, type };
  });
  const closure = compileClosure(
    parsed.ast,
    typed.filter((one) => one !== null),
  );
  if (closure !== null) return { keys, isTrue: closure, isClosure: true };
  return { keys, isTrue: throughLibrary(parsed, variables), isClosure: false };
}

function throughLibrary(parsed: ParseResult, variables: readonly string[]): Condition {
  return (values) => {
    const context: Record<string, RuleValue | null> = {};
    for (let index = 0; index < variables.length; index += 1)
      context[variables[index] ?? ""] = values[index] ?? null;
    try {
      return parsed(context) === true;
    } catch {
      // A division of whole numbers by zero, a text that is no number: nothing that could be called true.
      return false;
    }
  };
}

function tooLong(length: number): BilingualText {
  return {
    en: `The expression has ${length} characters; ${ruleExpressionLengthMax} are allowed.`,
    zh: `表达式有 ${length} 个字符，最多 ${ruleExpressionLengthMax} 个。`,
  };
}

function noCondition(type: string): BilingualText {
  return problemAt(0, {
    en: `the whole expression gives ${type === "double" ? "a number" : `a ${type}`}, not true or false; compare it with something`,
    zh: "整个表达式的结果不是真或假，请加上比较",
  });
}
