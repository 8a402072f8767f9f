// The simple part of the language as closures over the last values, many times the pace of a walk through the tree. What is
// not simple gives null and stays with the library; a test compares the two.
import type { ASTNode } from "@marcbachmann/cel-js";
import type { RuleValue } from "./moment.ts";

type Values = readonly (RuleValue | null)[];
type Closure = (values: Values) => boolean;
type Numeric = (values: Values) => number;

/** A variable's place among the values is its place in the list. */
export interface Variable {
  readonly name: string;
  readonly type: "number" | "text" | "boolean";
}
type Variables = readonly Variable[];

/** The tree has been checked: types fit, and nothing that is simple can fail. */
export function compileClosure(node: ASTNode, variables: Variables): Closure | null {
  if (node.op === "&&" || node.op === "||") {
    const [left, right] = node.args;
    return logical(node.op, compileClosure(left, variables), compileClosure(right, variables));
  }
  if (node.op === "!_") {
    const operand = compileClosure(node.args, variables);
    return operand === null ? null : (values) => !operand(values);
  }
  if (isComparison(node)) return comparison(node.op, node.args, variables);
  if (node.op === "value") {
    const value = node.args;
    return typeof value === "boolean" ? () => value : null;
  }
  const place = placeOf(node, variables);
  return place === null ? null : (values) => values[place] === true;
}

function logical(op: "&&" | "||", left: Closure | null, right: Closure | null): Closure | null {
  if (left === null || right === null) return null;
  return op === "&&" ? (values) => left(values) && right(values) : (values) => left(values) || right(values);
}

type Comparison = "<" | "<=" | ">" | ">=" | "==" | "!=";
type Arithmetic = "+" | "-" | "*" | "/";
type NodeOf<Operator> = Extract<ASTNode, { readonly op: Operator }>;

const comparisons: ReadonlySet<string> = new Set(["<", "<=", ">", ">=", "==", "!="] satisfies Comparison[]);
const arithmetics: ReadonlySet<string> = new Set(["+", "-", "*", "/"] satisfies Arithmetic[]);
const isComparison = (node: ASTNode): node is NodeOf<Comparison> => comparisons.has(node.op);
const isArithmetic = (node: ASTNode): node is NodeOf<Arithmetic> => arithmetics.has(node.op);
type Sides = readonly [ASTNode, ASTNode];

function comparison(op: Comparison, sides: Sides, variables: Variables): Closure | null {
  const pair = numericPair(sides, variables);
  if (pair !== null) return compared(op, ...pair);
  return op === "==" || op === "!=" ? sameAsLiteral(op, sides, variables) : null;
}

/** Both sides as numbers; null unless one is a double, since whole numbers among themselves are counted otherwise. */
function numericPair(sides: Sides, variables: Variables): readonly [Numeric, Numeric] | null {
  if (!sides.some((side) => isDouble(side, variables))) return null;
  const left = numeric(sides[0], variables);
  const right = numeric(sides[1], variables);
  return left === null || right === null ? null : [left, right];
}

function compared(op: Comparison, left: Numeric, right: Numeric): Closure {
  switch (op) {
    case "<":
      return (values) => left(values) < right(values);
    case "<=":
      return (values) => left(values) <= right(values);
    case ">":
      return (values) => left(values) > right(values);
    case ">=":
      return (values) => left(values) >= right(values);
    case "==":
      return (values) => left(values) === right(values);
    case "!=":
      return (values) => left(values) !== right(values);
  }
}

/** Whether it is surely a double; every number of a device is one, and so is what is reckoned with one. */
function isDouble(node: ASTNode, variables: Variables): boolean {
  if (node.op === "value") return typeof node.args === "number";
  if (node.op === "id") return variables.some(({ name, type }) => name === node.args && type === "number");
  if (node.op === "-_") return isDouble(node.args, variables);
  return isArithmetic(node) && node.args.some((side) => isDouble(side, variables));
}

function numeric(node: ASTNode, variables: Variables): Numeric | null {
  const whole = wholeNumber(node);
  if (whole !== null) return Number.isSafeInteger(Number(whole)) ? constant(Number(whole)) : null;
  if (isArithmetic(node)) return arithmetic(node.op, numericPair(node.args, variables));
  if (node.op === "value") return typeof node.args === "number" ? constant(node.args) : null;
  if (node.op === "-_") {
    const operand = numeric(node.args, variables);
    return operand === null ? null : (values) => -operand(values);
  }
  const place = placeOf(node, variables);
  return place === null ? null : (values) => values[place] as number;
}

const constant = (value: number): Numeric => {
  return () => value;
};

/** A whole number as it is written, its signs taken in: zero of them knows no sign, unlike that of doubles. */
function wholeNumber(node: ASTNode): bigint | null {
  if (node.op === "value") return typeof node.args === "bigint" ? node.args : null;
  if (node.op !== "-_") return null;
  const operand = wholeNumber(node.args);
  return operand === null ? null : -operand;
}

function arithmetic(op: Arithmetic, pair: readonly [Numeric, Numeric] | null): Numeric | null {
  if (pair === null) return null;
  const [left, right] = pair;
  switch (op) {
    case "+":
      return (values) => left(values) + right(values);
    case "-":
      return (values) => left(values) - right(values);
    case "*":
      return (values) => left(values) * right(values);
    case "/":
      return (values) => left(values) / right(values);
  }
}

/** A text or a boolean beside a literal of its type. */
function sameAsLiteral(op: "==" | "!=", [left, right]: Sides, variables: Variables): Closure | null {
  const place = placeOf(left, variables) ?? placeOf(right, variables);
  const value = left.op === "value" ? left.args : right.op === "value" ? right.args : undefined;
  if (place === null || (typeof value !== "string" && typeof value !== "boolean")) return null;
  return op === "==" ? (values) => values[place] === value : (values) => values[place] !== value;
}

function placeOf(node: ASTNode, variables: Variables): number | null {
  if (node.op !== "id") return null;
  const place = variables.findIndex(({ name }) => name === node.args);
  return place === -1 ? null : place;
}
