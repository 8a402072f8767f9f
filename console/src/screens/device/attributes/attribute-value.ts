// A value of an attribute as a person types it, and as it is kept: typed, never guessed.
import type { JsonValue } from "@waremind/contract";

export const valueKinds = ["number", "text", "boolean", "json"] as const;
export type ValueKind = (typeof valueKinds)[number];
export type ParsedValue =
  | { readonly ok: true; readonly value: JsonValue }
  | { readonly ok: false; readonly fault: "number" | "precision" | "boolean" | "json" | "null" };

/** A number as JSON writes it; `007` and `1,5` are no numbers, so that nothing is read as something else. */
const numberPattern = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/u;
/** More digits than a double keeps. */
const digitsMax = 15;

export function parseValue(kind: ValueKind, text: string): ParsedValue {
  switch (kind) {
    case "text":
      return { ok: true, value: text };
    case "boolean":
      return text === "true" || text === "false"
        ? { ok: true, value: text === "true" }
        : { ok: false, fault: "boolean" };
    case "number":
      return parseNumber(text.trim());
    case "json":
      return parseJson(text);
  }
}

function parseNumber(text: string): ParsedValue {
  const value = Number(text);
  if (!numberPattern.test(text) || !Number.isFinite(value)) return { ok: false, fault: "number" };
  return losesDigits(text, value) ? { ok: false, fault: "precision" } : { ok: true, value };
}

function losesDigits(text: string, value: number): boolean {
  const digits = text
    .replace(/[eE].*$/u, "")
    .replace(/\D/gu, "")
    .replace(/^0+/u, "");
  return digits.length > digitsMax && String(value) !== text;
}

/** Within JSON a number whose digits would be lost becomes the text that was typed, as the server itself does it. */
function keepDigits(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  const source = context?.source;
  const isLost =
    typeof value === "number" &&
    source !== undefined &&
    (!Number.isFinite(value) || losesDigits(source, value));
  return isLost ? source : value;
}

function parseJson(text: string): ParsedValue {
  try {
    const value = JSON.parse(text, keepDigits) as JsonValue;
    return value === null ? { ok: false, fault: "null" } : { ok: true, value };
  } catch {
    return { ok: false, fault: "json" };
  }
}

export function kindOf(value: JsonValue): ValueKind {
  if (typeof value === "number") return "number";
  if (typeof value === "boolean") return "boolean";
  return typeof value === "string" ? "text" : "json";
}

/** A value as it stands in the editor: text without quotes, everything else as JSON. */
export function editableText(value: JsonValue): string {
  return typeof value === "string" ? value : JSON.stringify(value, null, typeof value === "object" ? 2 : 0);
}
