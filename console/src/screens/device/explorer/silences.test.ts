import { expect, test } from "vitest";
import { joinedWindows } from "./silences.ts";
import { spreadOf } from "./spread.ts";

test("silences that overlap are one", () => {
  const windows = [
    { from: 50, to: 60 },
    { from: 0, to: 10 },
    { from: 5, to: 20 },
    { from: 20, to: 21 },
  ];
  expect(joinedWindows(windows)).toEqual([
    { from: 0, to: 21 },
    { from: 50, to: 60 },
  ]);
});

test("recorded silences are shown in place of what the points suggest", () => {
  const points = [
    [0, 1],
    [100_000, 2],
  ] as const;
  const input = {
    points: points.map(([at, value]): [number, number] => [at, value]),
    expectedIntervalSeconds: 10,
  };
  expect(spreadOf(input).silences).toEqual(spreadOf(input).gaps);
  expect(spreadOf({ ...input, recorded: [{ from: 1, to: 2 }] }).silences).toEqual([{ from: 1, to: 2 }]);
});
