import type { AttributeView } from "@waremind/contract";
import { describe, expect, test } from "vitest";
import { editableText, kindOf, parseValue } from "./attribute-value.ts";
import { pairAttributes } from "./pair-attributes.ts";

describe("a typed value", () => {
  test("is a number only when JSON would write it so", () => {
    expect(parseValue("number", " 4.5 ")).toEqual({ ok: true, value: 4.5 });
    expect(parseValue("number", "-2e3")).toEqual({ ok: true, value: -2000 });
    for (const text of ["", "007", "1,5", "0x10", "1e999", "NaN", "五"]) {
      expect(parseValue("number", text)).toEqual({ ok: false, fault: "number" });
    }
  });
  test("is refused when a double would lose its digits: a serial number is text", () => {
    expect(parseValue("number", "12345678901234567")).toEqual({ ok: false, fault: "precision" });
    expect(parseValue("number", "9007199254740991")).toEqual({ ok: true, value: 9007199254740991 });
  });
  test("stays text as typed, zeros and all", () => {
    expect(parseValue("text", "00012345600012")).toEqual({ ok: true, value: "00012345600012" });
    expect(parseValue("text", " a ")).toEqual({ ok: true, value: " a " });
  });
  test("is true or false and nothing between", () => {
    expect(parseValue("boolean", "true")).toEqual({ ok: true, value: true });
    expect(parseValue("boolean", "yes")).toEqual({ ok: false, fault: "boolean" });
  });
  test("is JSON, but not null: a key without a value is removed instead", () => {
    expect(parseValue("json", '{"a":[1]}')).toEqual({ ok: true, value: { a: [1] } });
    expect(parseValue("json", "{a:1}")).toEqual({ ok: false, fault: "json" });
    expect(parseValue("json", "null")).toEqual({ ok: false, fault: "null" });
  });
  test("keeps the digits of every number within JSON, as text where a number would lose them", () => {
    const typed = '{"serial": 9223372036854775808, "share": 0.12345678901234567890, "count": 3}';
    const value = { serial: "9223372036854775808", share: "0.12345678901234567890", count: 3 };
    expect(parseValue("json", typed)).toEqual({ ok: true, value });
  });
  test("comes back from the editor as it went in", () => {
    for (const value of ["00012", 4.5, true, { a: [1, "x"] }, [1, 2]]) {
      expect(parseValue(kindOf(value), editableText(value))).toEqual({ ok: true, value });
    }
  });
});

describe("desired beside reported", () => {
  const item = (scope: AttributeView["scope"], key: string, value: number): AttributeView => ({
    scope,
    key,
    value,
    version: 1,
    updatedAt: 1,
    updatedBy: "x",
  });
  test("names what differs, what was never reported and what nobody asked for, the differing first", () => {
    const pairs = pairAttributes(
      [
        item("shared", "same", 1),
        item("client", "same", 1),
        item("shared", "other", 1),
        item("client", "other", 2),
        item("shared", "unheard", 1),
        item("client", "own", 3),
        item("server", "secret", 9),
        item("shared", "fw_title", 5),
      ],
      [
        { key: "other", desired: 1, reported: 2, desiredAt: 1, reportedAt: 1 },
        { key: "unheard", desired: 1, reported: null, desiredAt: 1, reportedAt: null },
      ],
    );
    expect(pairs.map(({ key, state }) => [key, state])).toEqual([
      ["other", "differs"],
      ["unheard", "unreported"],
      ["same", "matches"],
      ["own", "reported-only"],
      ["fw_title", "told"],
    ]);
  });
});
