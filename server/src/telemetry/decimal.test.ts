import fc from "fast-check";
import { expect, test } from "vitest";
import { isAlteredInteger, numberInText, numberValue, textOfValue } from "./decimal.ts";

test("digits are kept exactly where a double does not give them back", () => {
  for (const literal of [
    "0.12345678901234567",
    "0.1234567890123456789",
    "9007199254740993",
    "9223372036854775808",
    "-3.14159265358979323846",
    "4.5000000000000001",
    "1e-400",
    "1.23456789e-320",
  ]) {
    expect(numberValue(literal, Number(literal))).toEqual({
      type: "number",
      number: Number(literal),
      literal,
    });
  }
  for (const literal of [
    "4.5",
    "4.50",
    "-0",
    "0.0",
    "1e18",
    "1E+2",
    "100",
    "0.1",
    "9007199254740992",
    "12300e-2",
  ]) {
    expect(numberValue(literal, Number(literal))).toEqual({ type: "number", number: Number(literal) });
  }
});

test("what a double prints is never kept beside it", () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (number) => {
      expect(numberValue(JSON.stringify(number), number)).toEqual({ type: "number", number });
    }),
  );
});

test("any digits come back as they were written, or as their equal", () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }),
      fc.nat({ max: 30 }),
      (digits, decimals) => {
        const literal = `${digits}e-${decimals}`;
        const value = numberValue(literal, Number(literal));
        const [whole = "", exponent = "0"] = textOfValue(value).split("e");
        const fraction = whole.split(".")[1] ?? "";
        const read = BigInt(whole.replace(".", ""));
        // read · 10^(exponent − fraction) = digits · 10^−decimals
        const shift = Number(exponent) - fraction.length + decimals;
        if (shift >= 0) expect(read * 10n ** BigInt(shift)).toBe(digits);
        else expect(read).toBe(digits * 10n ** BigInt(-shift));
      },
    ),
  );
});

test("only plain decimal digits in a text are a number", () => {
  expect(numberInText("4.20")).toEqual({ type: "number", number: 4.2 });
  expect(numberInText("-0.5")).toEqual({ type: "number", number: -0.5 });
  expect(numberInText("106141412345678908")?.literal).toBe("106141412345678908");
  for (const text of [
    "",
    " 4",
    "4 ",
    "+4",
    ".5",
    "4.",
    "007",
    "1e3",
    "241408E4",
    "0x10",
    "NaN",
    "１２",
    "4,5",
  ]) {
    expect(numberInText(text)).toBeUndefined();
  }
});

test("a whole number that its double holds is no identifier", () => {
  expect(isAlteredInteger({ type: "number", number: 2 ** 63, literal: "9223372036854775808" })).toBe(false);
  expect(
    isAlteredInteger({ type: "number", number: 106141412345678910, literal: "106141412345678908" }),
  ).toBe(true);
  expect(isAlteredInteger({ type: "number", number: 0.1, literal: "0.10000000000000000001" })).toBe(false);
});
