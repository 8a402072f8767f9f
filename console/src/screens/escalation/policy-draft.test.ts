import type { EscalationPolicy } from "@waremind/contract";
import { describe, expect, test } from "vitest";
import { draftOfPolicy, newStep, readPolicy } from "./policy-draft.ts";

const policy: EscalationPolicy = {
  ...{
    id: "esc_1",
    name: { en: "Nights", zh: "夜间" },
    minSeverity: "critical",
    isEnabled: true,
    updatedAt: 1,
  },
  steps: [{ afterMinutes: 0, targetIds: ["screen"] }],
  schedule: [{ timeZone: "Asia/Shanghai", days: [1], fromMinute: 0, toMinute: 60 }],
  ...{ profileIds: ["cold", "warm"], ruleIds: ["hot"] },
};

describe("a policy that is edited", () => {
  test("and not changed is what it was, with what the form does not show", () => {
    const { input, fault } = readPolicy(draftOfPolicy(policy, []), policy);
    const { id: _id, updatedAt: _at, ...stored } = policy;
    expect([input, fault]).toEqual([stored, null]);
  });
  test("says what is wrong before anything is sent", () => {
    const draft = draftOfPolicy(policy, []);
    const [step] = draft.steps;
    if (step === undefined) throw new Error("It has a step.");
    const faultOf = (change: Partial<typeof draft>) => readPolicy({ ...draft, ...change }, policy).fault;
    expect(faultOf({ nameZh: " " })).toBe("name");
    expect(faultOf({ steps: [] })).toBe("steps");
    expect(faultOf({ steps: [{ ...step, afterMinutes: "soon" }] })).toBe("minutes");
    expect(faultOf({ steps: [step, { ...step, row: 2 }] })).toBe("order");
    expect(faultOf({ steps: [{ ...step, targetIds: [] }] })).toBe("targets");
    expect(newStep(draft.steps)).toMatchObject({ afterMinutes: "15", targetIds: ["screen"] });
  });
  test("takes rules separated by commas of either language", () => {
    const { input } = readPolicy({ ...draftOfPolicy(null, []), ruleIds: "hot， cold,silent" }, null);
    expect(input.ruleIds).toEqual(["hot", "cold", "silent"]);
  });
});
