import type { Anomaly } from "@waremind/contract";
import { describe, expect, test } from "vitest";
import { marksMax, numberAnomalies } from "./anomaly-marks.ts";

const anomaly = (observedAt: number): Anomaly => ({
  ...{ id: observedAt, observedAt, value: 30, expected: 4, low: 3, high: 5, score: 0.9 },
  ...{ reason: "above-band", sentence: { en: "High.", zh: "高。" }, learnedAt: observedAt },
});

describe("what stood out", () => {
  test("of several series is numbered in the order of time, and listed newest first", () => {
    const numbered = numberAnomalies([
      { key: "a", unit: "Cel", items: [anomaly(30), anomaly(10)] },
      { key: "b", unit: "%", items: [anomaly(20)] },
    ]);
    expect(numbered.map(({ number, at, key, unit }) => [number, at, key, unit])).toEqual([
      [3, 30, "a", "Cel"],
      [2, 20, "b", "%"],
      [1, 10, "a", "Cel"],
    ]);
  });
  test("is kept to the newest, so that the curve can still be seen", () => {
    const items = Array.from({ length: marksMax + 1 }, (_, index) => anomaly(index));
    const numbered = numberAnomalies([{ key: "a", unit: null, items }]);
    expect(numbered).toHaveLength(marksMax);
    expect([numbered[0]?.at, numbered[0]?.number]).toEqual([marksMax, marksMax]);
    expect([numbered.at(-1)?.at, numbered.at(-1)?.number]).toEqual([1, 1]);
  });
  test("may be nothing", () => {
    expect(numberAnomalies([{ key: "a", unit: null, items: [] }])).toEqual([]);
  });
});
