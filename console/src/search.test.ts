import { describe, expect, test } from "vitest";
import { parseInstants, parseSearch, stringifySearch, textParameters } from "./search.ts";

describe("the address", () => {
  test("is written in plain words and read back the same", () => {
    const search = { state: "shipping", points: "1764000000000,1764000060000", q: "林 晓" };
    expect(stringifySearch(search)).toContain("points=1764000000000,1764000060000");
    expect(parseSearch(stringifySearch(search))).toEqual(search);
  });
  test("leaves out what has no value", () => {
    expect(stringifySearch({ state: undefined, q: "" })).toBe("");
  });
  test("keeps an order number with leading zeros as text", () => {
    expect(parseSearch("?q=00420")).toEqual({ q: "00420" });
  });
  test("gives a screen only what it asks for", () => {
    expect(textParameters({ state: "ready", other: "x", q: "" }, ["state", "q"])).toEqual({ state: "ready" });
  });
  test("reads instants and leaves out what is none", () => {
    expect(parseInstants("1764000000000,abc,,-5,1764000060000")).toEqual([1764000000000, 1764000060000]);
    expect(parseInstants(undefined)).toEqual([]);
  });
});
