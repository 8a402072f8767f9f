import { alarmRuleSchema, type ProfileView, profileSchema, ruleDefaults } from "@waremind/contract";
import { describe, expect, test } from "vitest";
import { draftOf, emptyDraft, newKeyDraft, newRuleDraft } from "./profile-draft.ts";
import { parseRate } from "./rate-text.ts";
import { readDraft } from "./read-draft.ts";
import { ruleDraftOf, ruleOf } from "./rule-draft.ts";

const profile: ProfileView = {
  id: "cold-locker",
  version: 3,
  name: { en: "Cold locker", zh: "冷藏柜" },
  keys: [
    {
      key: "temperature",
      type: "number",
      unit: "Cel",
      min: -40,
      max: 60,
      decimals: 1,
      acceptsText: true,
      sentUnit: "[degF]",
    },
    { key: "serial", type: "text", unit: null, min: null, max: null, decimals: null },
  ],
  expectedIntervalSeconds: 30,
  commands: [
    {
      method: "open",
      name: { en: "Open", zh: "开门" },
      isPhysical: true,
      isOneWay: false,
      parameters: [{ name: "door", type: "number", unit: null, min: 1, max: 8, isRequired: true }],
    },
  ],
  transport: {
    payloadType: "json",
    protobuf: null,
    telemetryTopic: "cold/+/up",
    attributesTopic: null,
    attributesSubscribeTopic: null,
  },
  limits: { messages: "20:1,600:60", devicesPerGatewayMax: 50 },
  alarmRules: [
    {
      ...ruleDefaults,
      id: "warm",
      kind: "threshold",
      key: "temperature",
      above: 8,
      below: null,
      clearAbove: 7,
      clearBelow: null,
      forSeconds: 60,
      severity: "critical",
      name: { en: "Too warm", zh: "过热" },
    },
  ],
  provisioning: {
    strategy: "disabled",
    key: null,
    hasSecret: false,
    issuerPem: null,
    commonNamePattern: null,
  },
  deviceCount: 2,
};

describe("a profile in the editor", () => {
  test("comes out as it went in", () => {
    const { parts, faults } = readDraft(draftOf(profile));
    expect(faults).toEqual([]);
    expect({ ...profile, ...parts }).toEqual(profile);
    expect(profileSchema.safeParse({ ...profile, ...parts }).success).toBe(true);
  });

  const common = {
    ...{ ...ruleDefaults, severity: "warning", name: { en: "Rule", zh: "规则" }, clearAfterSeconds: 30 },
    ...{ ignoreSeconds: 60, ignoreAfter: ["silence"], isEnabled: false },
    schedule: [{ timeZone: "Asia/Shanghai", days: [6, 7], fromMinute: 1_320, toMinute: 1_440 }],
    message: { en: "{device} {value}", zh: "{device} {value}" },
  } as const;
  const fence = { centre: [121.5, 31.25], radiusMetres: 300 };
  const corners = [
    [121.5, 31.25],
    [121.6, 31.25],
    [121.55, 31.3],
  ];
  test.each([
    {
      kind: "threshold",
      key: "temperature",
      above: 8,
      below: null,
      clearAbove: 7,
      clearBelow: null,
      forSeconds: 60,
    },
    {
      kind: "rate-of-change",
      key: "temperature",
      perHour: 2.5,
      direction: "up",
      overSeconds: 600,
      forSeconds: 0,
    },
    { kind: "absence", key: null, intervals: 3 },
    { kind: "count-in-window", key: "temperature", condition: { is: "any" }, count: 5, windowSeconds: 60 },
    {
      kind: "count-in-window",
      key: "temperature",
      condition: { is: "below", limit: -1 },
      count: 5,
      windowSeconds: 60,
    },
    {
      kind: "count-in-window",
      key: "serial",
      condition: { is: "equals", value: "007" },
      count: 1,
      windowSeconds: 60,
    },
    { kind: "expression", expression: "temperature > 8.0", forSeconds: 5 },
  ])("a rule of every kind stays what it is: $kind", (own) => {
    const rule = alarmRuleSchema.parse({ ...common, ...own, id: "own" });
    const { parts, faults } = readDraft(draftOf({ ...profile, alarmRules: [rule] }));
    expect(faults).toEqual([]);
    expect(parts.alarmRules).toEqual([rule]);
  });

  test("a fence stays what it is, with latitude written first as people do", () => {
    for (const shape of [
      { shape: "circle", ...fence },
      { shape: "polygon", points: corners },
    ]) {
      const own = { kind: "geofence", latitudeKey: "latitude", longitudeKey: "longitude", on: "leave" };
      const rule = alarmRuleSchema.parse({ ...common, ...own, id: "own", forSeconds: 0, fence: shape });
      const draft = ruleDraftOf(rule);
      expect(draft.fencePoints.split("\n")[0]).toBe("31.25, 121.5");
      expect(ruleOf(draft)).toEqual(rule);
    }
  });

  test("names what is wrong, where", () => {
    const draft = {
      ...draftOf(profile),
      nameZh: " ",
      keys: [
        { ...newKeyDraft(), key: "a", min: "5", max: "1" },
        { ...newKeyDraft(), key: "a", decimals: "1.5" },
        { ...newKeyDraft(), key: "", min: "cold" },
      ],
    };
    const named = readDraft(draft).faults.map((fault) => `${fault.section} ${fault.row} ${fault.code}`);
    expect(named).toEqual(
      expect.arrayContaining([
        "general  name",
        "keys a twice",
        "keys a range",
        "keys a decimals",
        "keys  missing",
        "keys  number",
        "rules warm rule",
      ]),
    );
  });

  test("an alarm rule needs a number of the profile and a side", () => {
    const rule = { ...newRuleDraft(), id: "r", key: "temperature", nameEn: "R", nameZh: "规则" };
    const faultsOf = (change: object) =>
      readDraft({ ...draftOf(profile), rules: [{ ...rule, ...change }] }).faults.map((fault) => fault.code);
    expect(faultsOf({ above: "8" })).toEqual([]);
    expect(faultsOf({})).toEqual(["rule"]);
    expect(faultsOf({ above: "8", key: "serial" })).toEqual(["rule"]);
    expect(faultsOf({ above: "8", forSeconds: "-1" })).toEqual(["rule"]);
  });

  test("what belongs to numbers is not kept of a text", () => {
    const key = {
      ...newKeyDraft(),
      key: "gtin",
      type: "text" as const,
      unit: "Cel",
      min: "1",
      max: "0",
      decimals: "x",
    };
    const { parts, faults } = readDraft({ ...emptyDraft(), id: "p", nameEn: "P", nameZh: "配", keys: [key] });
    expect(faults).toEqual([]);
    expect(parts.keys).toEqual([
      { key: "gtin", type: "text", unit: null, min: null, max: null, decimals: null },
    ]);
  });
});

describe("a limit as n:seconds", () => {
  test("is read part by part", () => {
    expect(parseRate("20:1,600:60")).toEqual([
      { count: 20, seconds: 1 },
      { count: 600, seconds: 60 },
    ]);
    expect(parseRate("")).toEqual([]);
  });
  test.each(["20", "20:", ":1", "a:1", "0:1", "1:0", "1:1,", "1:1,1:1,1:1,1:1,1:1"])("%s is none", (text) => {
    expect(parseRate(text)).toBeNull();
  });
});
