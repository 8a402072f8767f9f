import type { Fact } from "@waremind/contract";
import { toBase, type Unit, unitOfCode } from "./units.ts";

/** A fact's number in the base unit of its dimension, and as it is shown in its own unit. */
export interface Measure {
  readonly fact: Fact;
  readonly unit: Unit;
  readonly base: number;
  readonly shown: number;
  readonly currency?: string;
}

const minorDigitsDefault = 2;
const noMinorUnits = new Set(["JPY", "KRW", "VND", "CLP", "ISK", "XAF", "XOF", "PYG", "UGX"]);
const threeMinorDigits = new Set(["KWD", "BHD", "OMR", "JOD", "TND"]);

export function minorDigits(currency: string): number {
  if (noMinorUnits.has(currency)) return 0;
  return threeMinorDigits.has(currency) ? 3 : minorDigitsDefault;
}

export function measureOf(fact: Fact): Measure | undefined {
  const { value } = fact;
  if (value.type === "money") {
    const shown = value.amountMinor / 10 ** minorDigits(value.currency);
    const unit: Unit = {
      dimension: "money",
      label: value.currency,
      factor: 1,
      offset: 0,
      currencies: [value.currency],
    };
    return { fact, unit, base: shown, shown, currency: value.currency };
  }
  if (value.type !== "number") return undefined;
  const unit = unitOfCode.get(value.unit);
  return unit === undefined
    ? undefined
    : { fact, unit, base: toBase(value.number, unit), shown: value.number };
}
