import { type AlarmRule, type ProfileView, profileSchema, ruleDefaults } from "@waremind/contract";
import { describe, expect, test } from "vitest";
import { draftOf, emptyDraft, newKeyDraft, newRuleDraft } from "./profile-draft.ts";
import { parseRate } from "./rate-text.ts";
import { readDraft } from "./read-draft.ts";

const profile: ProfileView = {
  id: "cold-locker",
  version: 3,
  name: { en: "Cold locker", zh: "冷藏柜" },
  keys: [
    { key: "temperature", type: "number", unit: "Cel", min: -40, max: 60, decimals: 1, acceptsText: true, sentUnit: "[degF]" },
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

  test("keeps alarm rules of kinds that it does not edit", () => {
    const silent: AlarmRule = {
      ...ruleDefaults,
      ...{ id: "silent", kind: "absence", key: null, intervals: 3, severity: "warning" },
      name: { en: "Silent", zh: "失联" },
    };
    const alarmRules = [...profile.alarmRules, silent];
    const { parts, faults } = readDraft(draftOf({ ...profile, alarmRules }));
    expect(faults).toEqual([]);
    expect(parts.alarmRules).toEqual(alarmRules);
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
