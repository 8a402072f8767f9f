/// <reference path="./ucum-lhc.d.ts" />
// From the unit a device sends to the unit its series has: UCUM, by the library of the U.S. National Library of Medicine.
import type { BilingualText } from "@waremind/contract";

/** `stored = sent × factor + offset`. */
export interface UnitConversion {
  readonly factor: number;
  readonly offset: number;
}

export type ConversionFound =
  | { readonly isPossible: true; readonly conversion: UnitConversion }
  | { readonly isPossible: false; readonly reason: BilingualText };

/** Doubles carry some 16 digits; what conversion makes of the last ones is noise, and no device measures that finely. */
const significantDigits = 12;
/** `toFixed` knows no more. */
const decimalsMax = 100;
/** Where the line is tried; a unit of a logarithmic scale does not lie on it. */
const triedValues = [-40, 0.5, 3, 250, 1e6] as const;
const relativeError = 1e-9;
const conversionsKeptMax = 1_000;

const known = new Map<string, ConversionFound>();

/**
 * How numbers in one UCUM unit become numbers in another; kept, since the first look-up reads the table of units. Units of
 * different kinds, unknown codes and logarithmic scales (dB, pH) have none, and the reason says which.
 */
export async function conversionOf(fromUnit: string, toUnit: string): Promise<ConversionFound> {
  const name = `${fromUnit} ${toUnit}`;
  const present = known.get(name);
  if (present !== undefined) return present;
  const found = fromUnit === toUnit ? identity : await findConversion(fromUnit, toUnit);
  if (known.size >= conversionsKeptMax) known.clear();
  known.set(name, found);
  return found;
}

/** The number in the series' unit, to twelve significant digits of the larger of what is added: 32 [degF] is 0 Cel, not 1e-14. */
export function converted(number: number, { factor, offset }: UnitConversion): number {
  if (factor === 1 && offset === 0) return number;
  const scaled = number * factor;
  const sum = Number((scaled + offset).toPrecision(significantDigits));
  if (offset === 0) return sum;
  const decimals = significantDigits - Math.ceil(Math.log10(Math.max(Math.abs(scaled), Math.abs(offset))));
  return decimals < 0 || decimals > decimalsMax ? sum : Number(sum.toFixed(decimals)) + 0;
}

const identity: ConversionFound = { isPossible: true, conversion: { factor: 1, offset: 0 } };

async function findConversion(fromUnit: string, toUnit: string): Promise<ConversionFound> {
  // Loaded when a profile first converts: its table takes some 50 MB for a moment.
  const { UcumLhcUtils } = await import("@lhncbc/ucum-lhc");
  const units = UcumLhcUtils.getInstance();
  for (const unit of [fromUnit, toUnit]) {
    if (units.getSpecifiedUnit(unit, "validate").unit === null) return refused(unknownUnit(unit));
  }
  const at = (value: number) => units.convertUnitTo(fromUnit, value, toUnit).toVal;
  const [zero, thousand] = [at(0), at(1000)];
  if (zero === null || thousand === null) return refused(otherKind(fromUnit, toUnit));
  const conversion = { factor: rounded((thousand - zero) / 1000), offset: rounded(zero) };
  const isLine = triedValues.every((value) => {
    const found = at(value);
    const expected = value * conversion.factor + conversion.offset;
    const scale = Math.abs(value * conversion.factor) + Math.abs(conversion.offset);
    return found !== null && Math.abs(found - expected) <= relativeError * scale;
  });
  return isLine ? { isPossible: true, conversion } : refused(noLine(fromUnit, toUnit));
}

/** The table's factors come out of products and lose their last digits: 3.5999999999999996 is 3.6. */
const rounded = (value: number): number => Number(value.toPrecision(significantDigits + 2));
const refused = (reason: BilingualText): ConversionFound => ({ isPossible: false, reason });

function unknownUnit(unit: string): BilingualText {
  return {
    en: `"${unit}" is not a UCUM unit. Write Cel for °C, [degF] for °F, % for percent.`,
    zh: `“${unit}”不是 UCUM 单位。例如 °C 写作 Cel，°F 写作 [degF]，百分比写作 %。`,
  };
}

function otherKind(fromUnit: string, toUnit: string): BilingualText {
  return {
    en: `${fromUnit} cannot be converted to ${toUnit}: they measure different things.`,
    zh: `${fromUnit} 无法换算为 ${toUnit}：两者不是同一种量。`,
  };
}

function noLine(fromUnit: string, toUnit: string): BilingualText {
  return {
    en: `${fromUnit} cannot be converted to ${toUnit}: one of them is a logarithmic scale.`,
    zh: `${fromUnit} 无法换算为 ${toUnit}：其中之一是对数标度。`,
  };
}
