import { describe, expect, test } from "vitest";
import { conversionOf, converted } from "./convert-unit.ts";

async function convert(number: number, fromUnit: string, toUnit: string): Promise<number | string> {
  const found = await conversionOf(fromUnit, toUnit);
  return found.isPossible ? converted(number, found.conversion) : found.reason.en;
}

describe("a number in another unit", () => {
  test.each([
    [212, "[degF]", "Cel", 100],
    [-40, "[degF]", "Cel", -40],
    [0, "K", "Cel", -273.15],
    [1, "[lb_av]", "g", 453.59237],
    [1, "m/s", "km/h", 3.6],
    [50, "%", "1", 0.5],
    [3, "min", "s", 180],
    [4.1, "Cel", "Cel", 4.1],
  ])("%d %s is so many %s: %d", async (number, fromUnit, toUnit, expected) => {
    expect(await convert(number, fromUnit, toUnit)).toBe(expected);
  });

  test("of the same unit keeps every digit", async () => {
    expect(await convert(0.1 + 0.2, "Cel", "Cel")).toBe(0.1 + 0.2);
  });
});

describe("what cannot be converted says why", () => {
  test.each([
    ["g", "Cel", "g cannot be converted to Cel: they measure different things."],
    ["celsius", "Cel", '"celsius" is not a UCUM unit. Write Cel for °C, [degF] for °F, % for percent.'],
    ["dB", "1", "dB cannot be converted to 1: one of them is a logarithmic scale."],
  ])("%s to %s", async (fromUnit, toUnit, reason) => {
    expect(await convert(1, fromUnit, toUnit)).toBe(reason);
  });
});

test("near the zero of a scale nothing is left of the last digits of a double", async () => {
  const found = await conversionOf("[degF]", "Cel");
  if (!found.isPossible) throw new Error(found.reason.en);
  expect([32, 32.0001, -40, 0.5, 1e15].map((value) => converted(value, found.conversion))).toEqual([
    0, 0.0000555556, -40, -17.5, 555_555_555_556_000,
  ]);
});
