import type { Claim } from "@waremind/contract";
import { describe, expect, test } from "vitest";
import { segmentsOf } from "./segments.ts";

const aClaim = (text: string, start: number): Claim => ({
  kind: "number",
  text,
  start,
  end: start + text.length,
  reads: text,
  verdict: "supported",
  factIds: [],
});

describe("cutting a text at its claims", () => {
  const text = "Peak 9.3 °C for 42 minutes.";

  test("puts the pieces together again", () => {
    const segments = segmentsOf(text, [aClaim("9.3 °C", 5), aClaim("42 minutes", 16)]);
    expect(segments.map((segment) => segment.text).join("")).toBe(text);
    expect(segments.map((segment) => segment.index)).toEqual([-1, 0, -1, 1, -1]);
  });

  test("counts from the whole text when only a sentence is shown", () => {
    const segments = segmentsOf(text, [aClaim("9.3 °C", 105)], 100);
    expect(segments[1]).toMatchObject({ text: "9.3 °C", start: 5, index: 0 });
  });

  test("looks a claim up by its words when its offsets count from another draft", () => {
    const segments = segmentsOf(text, [aClaim("42 minutes", 480)]);
    expect(segments[1]).toMatchObject({ text: "42 minutes", index: 0 });
  });

  test("leaves out what overlaps or is not there, and keeps the text whole", () => {
    const segments = segmentsOf(text, [aClaim("9.3 °C for", 5), aClaim("°C", 9), aClaim("gone", 3)]);
    expect(segments.map((segment) => segment.text).join("")).toBe(text);
    expect(segments.filter((segment) => segment.claim !== null)).toHaveLength(1);
  });

  test("counts Chinese characters like every other", () => {
    const chinese = "最高 9.3 °C，超温 42 分钟。";
    const segments = segmentsOf(chinese, [aClaim("42 分钟", chinese.indexOf("42"))]);
    expect(segments[1]?.text).toBe("42 分钟");
  });
});
