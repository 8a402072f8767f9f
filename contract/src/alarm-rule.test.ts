import { describe, expect, test } from "vitest";
import { type AlarmRule, alarmRuleSchema, readStoredRules, ruleDefaults } from "./index.ts";

const old = {
  ...{ id: "warm", key: "temperature", above: 8, below: null, forSeconds: 60, severity: "critical" },
  name: { en: "Too warm", zh: "过热" },
};
const common = { id: "r", name: { en: "R", zh: "规则" }, severity: "warning" };
const position = { latitudeKey: "latitude", longitudeKey: "longitude" };

describe("an alarm rule", () => {
  test("of the time before there were kinds is a threshold with nothing else asked", () => {
    const rule = { ...old, ...ruleDefaults, kind: "threshold", clearAbove: null, clearBelow: null };
    expect(readStoredRules([old])).toEqual([rule]);
    expect(readStoredRules(JSON.parse(JSON.stringify([rule])))).toEqual([rule]);
  });

  test.each([
    { kind: "threshold", key: "temperature", above: 8, below: null, clearAbove: 7 },
    { kind: "rate-of-change", key: "temperature", perHour: 3, direction: "up", overSeconds: 600 },
    { kind: "absence", key: null, intervals: 3 },
    {
      ...{ kind: "geofence", on: "leave", ...position },
      fence: { shape: "circle", centre: [121.47, 31.23], radiusMetres: 500 },
    },
    {
      kind: "count-in-window",
      key: "door",
      condition: { is: "equals", value: true },
      count: 5,
      windowSeconds: 60,
    },
    { kind: "expression", expression: "temperature > 8.0 && humidity < 20.0" },
  ])("of kind $kind is read and stays what it is", (own) => {
    const rule: AlarmRule = alarmRuleSchema.parse({ ...common, ...own });
    expect(rule).toMatchObject({ ...ruleDefaults, ...own });
    expect(alarmRuleSchema.parse(rule)).toEqual(rule);
  });

  test.each([
    ["an unknown kind", { ...common, kind: "weather" }],
    [
      "no time zone",
      { ...old, schedule: [{ timeZone: "Mars/Olympus", days: [1], fromMinute: 0, toMinute: 60 }] },
    ],
    [
      "a day that no week has",
      { ...old, schedule: [{ timeZone: "UTC", days: [8], fromMinute: 0, toMinute: 60 }] },
    ],
    [
      "more to count than is remembered",
      {
        ...common,
        ...{ kind: "count-in-window", key: "door", condition: { is: "any" }, count: 501, windowSeconds: 60 },
      },
    ],
    [
      "a fence of two corners",
      {
        ...{ ...common, kind: "geofence", on: "enter", ...position },
        fence: {
          shape: "polygon",
          points: [
            [0, 0],
            [1, 1],
          ],
        },
      },
    ],
    ["an expression of a page", { ...common, kind: "expression", expression: "true||".repeat(99) }],
    ["a rule that is a list", [old]],
  ])("is refused for %s", (_why, rule) => {
    expect(alarmRuleSchema.safeParse(rule).success).toBe(false);
  });
});
