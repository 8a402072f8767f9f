// Decimal numbers as they were written, beside the doubles that stand for them.
import type { ReadingValue } from "@waremind/contract";

type NumberValue = Extract<ReadingValue, { type: "number" }>;

/** Digits of a decimal without zeros on either side, times ten to the exponent. */
interface Decimal {
  readonly sign: string;
  readonly digits: string;
  readonly exponent: number;
}

const decimalForm = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/** No exponent and no leading zero: "1e3" and "007" are somebody's identifiers and not numbers in quotes. */
const strictDecimalForm = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/;

/**
 * A number as it was sent, with its digits where the double does not give them back: 0.12345678901234567890 and
 * 9007199254740993, but not 4.50. `literal` is in JSON's grammar for numbers.
 */
export function numberValue(literal: string, number: number): NumberValue {
  return isSameDecimal(literal, String(number))
    ? { type: "number", number }
    : { type: "number", number, literal };
}

/** The number that a text spells out in plain decimal digits; undefined for anything else. */
export function numberInText(text: string): NumberValue | undefined {
  return strictDecimalForm.test(text) ? numberValue(text, Number(text)) : undefined;
}

/** Whether a literal is a whole number that its double does not hold: most likely an identifier, such as an SSCC. */
export function isAlteredInteger({ number, literal }: NumberValue): boolean {
  return (
    literal !== undefined &&
    /^-?\d+$/.test(literal) &&
    Number.isFinite(number) &&
    BigInt(literal) !== BigInt(number)
  );
}

/** The value in words: a number with the digits as they were sent, JSON in one line. */
export function textOfValue(value: ReadingValue): string {
  switch (value.type) {
    case "number":
      return value.literal ?? String(value.number);
    case "text":
      return value.text;
    case "boolean":
      return String(value.boolean);
    case "json":
      return JSON.stringify(value.json);
  }
}

/** A double gives back any 15 digits within its range, so only longer literals and wide exponents are looked at. */
export const mayBeInexact = /[\d.]{16}|[eE][+-]?\d{3}/;

/**
 * Parses JSON with every number whose digits a double would alter (2^63, 17 decimals) as the text that was sent.
 *
 * @throws SyntaxError, RangeError when it is nested too deep for the stack
 */
export function parseKeepingDigits(text: string): unknown {
  const revive = (_key: string, value: unknown, context?: { source?: string }): unknown => {
    const source = context?.source;
    if (typeof value !== "number" || source === undefined) return value;
    return numberValue(source, value).literal ?? value;
  };
  return JSON.parse(text, revive) as unknown;
}

function isSameDecimal(left: string, right: string): boolean {
  if (left === right) return true;
  const [one, other] = [decimalOf(left), decimalOf(right)];
  if (one === undefined || other === undefined) return false;
  if (one.digits === "" || other.digits === "") return one.digits === other.digits;
  return one.sign === other.sign && one.digits === other.digits && one.exponent === other.exponent;
}

function decimalOf(text: string): Decimal | undefined {
  const parts = decimalForm.exec(text);
  if (parts === null) return;
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = parts;
  const digits = `${whole}${fraction}`.replace(/^0+/, "");
  let end = digits.length;
  while (end > 0 && digits[end - 1] === "0") end -= 1;
  return {
    sign,
    digits: digits.slice(0, end),
    exponent: Number(exponent) - fraction.length + (digits.length - end),
  };
}
