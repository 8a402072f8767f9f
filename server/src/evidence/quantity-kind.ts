import type { ClaimKind } from "@waremind/contract";
import type { Unit } from "./units.ts";

export function kindOf(unit: Unit): ClaimKind {
  if (unit.dimension === "money") return "money";
  if (unit.dimension === "percentage") return "percentage";
  if (unit.dimension === "duration") return "duration";
  return unit.dimension === "count" ? "count" : "number";
}

export function directionOf(
  sentence: string,
  span: { readonly start: number; readonly end: number },
  unit: Unit,
): "past" | "future" | undefined {
  if (unit.dimension !== "duration") return undefined;
  const after = sentence.slice(span.end, span.end + 12);
  const before = sentence.slice(Math.max(0, span.start - 14), span.start);
  if (/^\s?(?:ago|earlier|old\b|以?前|之前)/i.test(after)) return "past";
  if (/距(?:离)?(?:现在|今|此刻|目前)\D{0,5}$|过去了?\D{0,2}$/.test(before)) return "past";
  if (/^\s?(?:from now|以?后|之后)/i.test(after) || /\bin (?:about )?$/i.test(before)) return "future";
  return undefined;
}
