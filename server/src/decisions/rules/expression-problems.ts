// What is wrong with an expression, said where it is, in both languages.
import type { ASTNode } from "@marcbachmann/cel-js";
import type { BilingualText } from "@waremind/contract";
import { childrenOf } from "./expression-tree.ts";

/** Whose cost is bounded by the lengths of what they are given; a regular expression's is not. */
const functions = new Set(["abs", "double", "int", "string", "size"]);
const methods = new Set(["contains", "startsWith", "endsWith", "size", "lowerAscii", "upperAscii", "trim"]);
const operators = new Set("value id && || !_ -_ ?: == != < <= > >= + - * / % in list call rcall".split(" "));

/** The first thing in the tree that rules do not use; null when there is none. */
export function refuseNode(node: ASTNode, text: string): BilingualText | null {
  const refusal = refusalOf(node, text);
  if (refusal !== null) return refusal;
  for (const child of childrenOf(node)) {
    const within = refuseNode(child, text);
    if (within !== null) return within;
  }
  return null;
}

function refusalOf(node: ASTNode, text: string): BilingualText | null {
  const name = node.op === "call" || node.op === "rcall" ? node.args[0] : null;
  if (name !== null && !(node.op === "call" ? functions : methods).has(name)) {
    return problemAt(node.range.start, {
      en: `${name}(…) cannot be used in a rule; there are ${[...functions].join(", ")} and, of texts, ${[...methods].join(", ")}`,
      zh: `规则中不能使用 ${name}(…)；可用的函数有 ${[...functions].join("、")}，文本可用 ${[...methods].join("、")}`,
    });
  }
  if (operators.has(node.op)) return null;
  const part = text.slice(node.range.start, node.range.end);
  return problemAt(node.range.start, {
    en: `${part} is no key of its own; a key with a dot or a dash in it stands in backticks, and maps and fields are not used in rules`,
    zh: `${part} 不能用在规则中；键名含点或横线时请用反引号括起，规则不支持映射和字段`,
  });
}

/** `start` counts from zero; people count from one. */
export function problemAt(start: number, { en, zh }: BilingualText): BilingualText {
  return {
    en: `The expression is wrong at character ${start + 1}: ${en}.`,
    zh: `表达式第 ${start + 1} 个字符处有误：${zh}。`,
  };
}

interface CelFault {
  readonly code: string;
  readonly summary: string;
  readonly range?: { readonly start: number; readonly end: number };
}

/** What the library says of a text that it cannot read or whose types do not fit; anything else is a bug and is thrown. */
export function problemOfError(
  error: unknown,
  text: string,
  names: ReadonlyMap<string, string>,
): BilingualText {
  if (!isCelFault(error)) throw error;
  const start = error.range?.start ?? 0;
  const part = text.slice(start, error.range?.end ?? start).trim();
  return problemAt(start, sentenceOf(error, part, names));
}

function isCelFault(error: unknown): error is Error & CelFault {
  return error instanceof Error && "code" in error && "summary" in error && typeof error.summary === "string";
}

function sentenceOf(
  { code, summary }: CelFault,
  part: string,
  names: ReadonlyMap<string, string>,
): BilingualText {
  switch (code) {
    case "unknown_variable":
      return {
        en: `there is no key ${named(part, names)} of numbers, texts or booleans in the profile`,
        zh: `配置中没有可用的键 ${named(part, names)}（数值、文本或布尔）`,
      };
    case "no_such_overload":
    case "no_matching_overload":
    case "invalid_logical_operand":
    case "invalid_condition_type":
    case "incompatible_ternary_branches":
    case "heterogeneous_list_element":
      return {
        en: `${part} joins things that do not fit together (${inWords(summary, englishTypes)})`,
        zh: `${part} 的类型不匹配（${inWords(summary, chineseTypes)}）`,
      };
    default:
      return {
        en: `it cannot be read (${summary})`,
        zh: `无法解析（${summary}）`,
      };
  }
}

const named = (part: string, names: ReadonlyMap<string, string>): string =>
  names.get(part) ?? part.replaceAll("`", "");

const englishTypes = { double: "number", int: "whole number", string: "text", bool: "boolean" } as const;
const chineseTypes = { double: "数值", int: "整数", string: "文本", bool: "布尔" } as const;

function inWords(summary: string, types: Readonly<Record<string, string>>): string {
  return summary
    .replaceAll(/\b(double|int|string|bool)\b/gu, (type) => types[type] ?? type)
    .replace(/^no such overload: /u, "")
    .replace(/^found no matching overload for /u, "");
}
