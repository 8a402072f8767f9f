import { describe, expect, test } from "vitest";
import { aheadMsMax, behindMsMax, faultOfKey, faultOfTime, faultOfValue } from "./clean.ts";

const now = 1_790_000_000_000;
const celsius = { valueType: "number", min: -60, max: 90 } as const;

describe("a value", () => {
  test.each([
    [{ type: "number", number: 21.5 }, undefined],
    [{ type: "number", number: -60 }, undefined],
    [{ type: "number", number: 90.01 }, "out-of-range"],
    [{ type: "number", number: Number.NaN }, "not-finite"],
    [{ type: "number", number: Number.POSITIVE_INFINITY }, "not-finite"],
    [{ type: "text", text: "21.5" }, "type-mismatch"],
    [{ type: "boolean", boolean: true }, "type-mismatch"],
  ] as const)("%j for a number of −60 … 90 is refused as %s", (value, reason) => {
    expect(faultOfValue("temperature", value, celsius)?.reason).toBe(reason);
  });

  test.each([
    ["00012345600012", undefined],
    ["三文鱼 🐟", undefined],
    ["a\0b", "text-not-storable"],
    ["half \ud83d", "text-not-storable"],
  ])("the text %j is refused as %s", (text, reason) => {
    const expected = { valueType: "text", min: null, max: null } as const;
    expect(faultOfValue("serial", { type: "text", text }, expected)?.reason).toBe(reason);
  });

  test.each([
    [{ path: "C:\\u0000 is only written so" }, undefined],
    [{ list: ["\u001f", "🐟"] }, undefined],
    [{ text: "a\0b" }, "text-not-storable"],
    [["\udc1f"], "text-not-storable"],
    [{ "key\0": 1 }, "text-not-storable"],
  ])("the JSON %j is refused as %s", (json, reason) => {
    const expected = { valueType: "json", min: null, max: null } as const;
    expect(faultOfValue("state", { type: "json", json }, expected)?.reason).toBe(reason);
  });
});

describe("a time", () => {
  test.each([
    [now, undefined],
    [now + aheadMsMax, undefined],
    [now + aheadMsMax + 1, "clock-implausible"],
    [now - behindMsMax, undefined],
    [0, "clock-implausible"],
    [1.5, "clock-implausible"],
    [Number.NaN, "clock-implausible"],
  ])("%d is refused as %s", (observedAt, reason) => {
    expect(faultOfTime("t", observedAt, now)?.reason).toBe(reason);
  });
});

test.each([
  ["temperature", undefined],
  ["温度", undefined],
  ["", "key-empty"],
  ["k".repeat(256), "key-too-long"],
  ["a\0", "text-not-storable"],
])("the key %j is refused as %s", (key, reason) => {
  expect(faultOfKey(key)?.reason).toBe(reason);
});
