import type { Alarm } from "@waremind/contract";
import { describe, expect, test } from "vitest";
import { filterAlarms } from "./filter-alarms.ts";

const alarm = (id: string, more: Partial<Alarm>): Alarm => ({
  ...{ id, kind: "rule", severity: "warning", subjectKind: "device", subjectId: "1", subjectLabel: id },
  ...{
    deviceName: null,
    beganAt: 1,
    learnedAt: 1,
    endedAt: null,
    acknowledgedAt: null,
    acknowledgedBy: null,
  },
  ...{ acknowledgedNote: null, value: null, unit: null, message: { en: "Too warm", zh: "温度过高" } },
  ...{ ruleId: "", ruleKind: null, seriesId: null, raisedAt: null, peak: null, endLearnedAt: null },
  ...{ withdrawnAt: null, cause: null, suppressedCount: 0, assignedTo: null, assignedName: null },
  ...{ assignedAt: null, isBeingReevaluated: false, ...more },
});
const everything = { severity: undefined, query: undefined, assignedTo: undefined };
const ids = (alarms: readonly Alarm[]): string[] => alarms.map((one) => one.id);

describe("the list of alarms", () => {
  const alarms = [
    alarm("ended", { endedAt: 5, severity: "critical", beganAt: 9 }),
    alarm("seen", { acknowledgedAt: 4, severity: "critical" }),
    alarm("old", {}),
    alarm("new", { beganAt: 3 }),
    alarm("worst", { severity: "critical", assignedTo: "mei" }),
  ];
  test("begins with what nobody has seen, the worst and newest first", () => {
    expect(ids(filterAlarms(alarms, everything))).toEqual(["worst", "new", "old", "seen", "ended"]);
  });
  test("can be narrowed by severity, by person, and by words of either language", () => {
    expect(ids(filterAlarms(alarms, { ...everything, severity: "critical" }))).toHaveLength(3);
    expect(ids(filterAlarms(alarms, { ...everything, assignedTo: "mei" }))).toEqual(["worst"]);
    expect(filterAlarms(alarms, { ...everything, query: "过高" })).toHaveLength(5);
    expect(ids(filterAlarms(alarms, { ...everything, query: "OLD" }))).toEqual(["old"]);
  });
});
