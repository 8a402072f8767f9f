// An alarm rule of any kind while it is edited: every field as text; a kind shows those that are its own.
import {
  type AlarmRule,
  alarmRuleSchema,
  type IgnoreAfter,
  type RuleKind,
  ruleDefaults,
  type ScheduleWindow,
} from "@waremind/contract";
import { nextRow } from "./next-row.ts";

export const ruleKinds = [
  "threshold",
  "rate-of-change",
  "absence",
  "geofence",
  "count-in-window",
  "expression",
] as const satisfies readonly RuleKind[];
export const directions = ["up", "down", "either"] as const;
export const fenceSides = ["enter", "leave", "inside", "outside"] as const;
export const countedKinds = ["any", "above", "below", "equals"] as const;
export const ignoreOccasions = ["start", "silence", "end"] as const satisfies readonly IgnoreAfter[];

export interface RuleDraft {
  readonly row: number;
  /** The rule as it came, for what is not edited here; null for a new one. */
  readonly stored: AlarmRule | null;
  readonly kind: RuleKind;
  readonly id: string;
  readonly severity: "info" | "warning" | "critical";
  readonly nameEn: string;
  readonly nameZh: string;
  readonly isEnabled: boolean;
  readonly key: string;
  readonly above: string;
  readonly below: string;
  readonly clearAbove: string;
  readonly clearBelow: string;
  readonly forSeconds: string;
  readonly clearAfterSeconds: string;
  readonly ignoreSeconds: string;
  readonly ignoreAfter: readonly IgnoreAfter[];
  readonly perHour: string;
  readonly direction: (typeof directions)[number];
  readonly overSeconds: string;
  readonly intervals: string;
  readonly latitudeKey: string;
  readonly longitudeKey: string;
  readonly on: (typeof fenceSides)[number];
  readonly fenceShape: "circle" | "polygon";
  /** A circle's `latitude, longitude`; a polygon's corners, one a line. */
  readonly fencePoints: string;
  readonly radiusMetres: string;
  readonly countedIs: (typeof countedKinds)[number];
  readonly countedValue: string;
  readonly count: string;
  readonly windowSeconds: string;
  readonly expression: string;
  readonly hasSchedule: boolean;
  readonly days: readonly number[];
  /** `HH:MM`. */
  readonly fromTime: string;
  readonly toTime: string;
  readonly timeZone: string;
}

const workdays = [1, 2, 3, 4, 5];

export const newRuleDraft = (timeZone = "UTC"): RuleDraft => ({
  ...{ row: nextRow(), stored: null, kind: "threshold", id: "", severity: "warning", isEnabled: true },
  ...{ nameEn: "", nameZh: "", key: "", above: "", below: "", clearAbove: "", clearBelow: "" },
  ...{ forSeconds: "0", clearAfterSeconds: "0", ignoreSeconds: "0", ignoreAfter: ["start"] },
  ...{ perHour: "", direction: "either", overSeconds: "600", intervals: "3" },
  ...{ latitudeKey: "latitude", longitudeKey: "longitude", on: "leave", fenceShape: "circle" },
  ...{ fencePoints: "", radiusMetres: "500", countedIs: "any", countedValue: "", count: "5" },
  ...{ windowSeconds: "3600", expression: "", hasSchedule: false, days: workdays },
  ...{ fromTime: "08:00", toTime: "18:00", timeZone },
});

const textOf = (number: number | null): string => (number === null ? "" : String(number));

export function ruleDraftOf(rule: AlarmRule): RuleDraft {
  const { id, kind, severity, name, isEnabled, clearAfterSeconds, ignoreSeconds, ignoreAfter } = rule;
  return {
    ...newRuleDraft(),
    ...{ stored: rule, id, kind, severity, isEnabled, ignoreAfter, nameEn: name.en, nameZh: name.zh },
    ...{ clearAfterSeconds: String(clearAfterSeconds), ignoreSeconds: String(ignoreSeconds) },
    ...scheduleText(rule.schedule),
    ...ownText(rule),
  };
}

function ownText(rule: AlarmRule): Partial<RuleDraft> {
  switch (rule.kind) {
    case "threshold":
      return {
        ...{ key: rule.key, above: textOf(rule.above), below: textOf(rule.below) },
        ...{ clearAbove: textOf(rule.clearAbove), clearBelow: textOf(rule.clearBelow) },
        forSeconds: String(rule.forSeconds),
      };
    case "rate-of-change":
      return {
        ...{ key: rule.key, perHour: String(rule.perHour), direction: rule.direction },
        ...{ overSeconds: String(rule.overSeconds), forSeconds: String(rule.forSeconds) },
      };
    case "absence":
      return { key: rule.key ?? "", intervals: String(rule.intervals) };
    case "geofence": {
      const { fence, latitudeKey, longitudeKey, on, forSeconds } = rule;
      const points = fence.shape === "circle" ? [fence.centre] : fence.points;
      return {
        ...{ latitudeKey, longitudeKey, on, forSeconds: String(forSeconds), fenceShape: fence.shape },
        fencePoints: points.map(([longitude, latitude]) => `${latitude}, ${longitude}`).join("\n"),
        ...(fence.shape === "circle" ? { radiusMetres: String(fence.radiusMetres) } : {}),
      };
    }
    case "count-in-window": {
      const { key, condition, count, windowSeconds } = rule;
      const value =
        condition.is === "any" ? "" : condition.is === "equals" ? condition.value : condition.limit;
      return {
        ...{ key, countedIs: condition.is, countedValue: String(value), count: String(count) },
        windowSeconds: String(windowSeconds),
      };
    }
    case "expression":
      return { expression: rule.expression, forSeconds: String(rule.forSeconds) };
  }
}

function scheduleText(schedule: readonly ScheduleWindow[] | null): Partial<RuleDraft> {
  const [window] = schedule ?? [];
  if (window === undefined) return {};
  const { days, fromMinute, toMinute, timeZone } = window;
  return { hasSchedule: true, days, timeZone, fromTime: clockOf(fromMinute), toTime: clockOf(toMinute) };
}

const clockOf = (minute: number): string =>
  `${String(Math.floor(minute / 60) % 24).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;

/** The rule that a draft says; null when it says none. Which keys a profile has is not looked at here. */
export function ruleOf(draft: RuleDraft): AlarmRule | null {
  const { stored, id, severity, isEnabled } = draft;
  const parsed = alarmRuleSchema.safeParse({
    ...ruleDefaults,
    message: stored?.message ?? null,
    ...{ id, kind: draft.kind, severity, isEnabled, ignoreAfter: draft.ignoreAfter },
    name: { en: draft.nameEn.trim(), zh: draft.nameZh.trim() },
    clearAfterSeconds: numberOf(draft.clearAfterSeconds) ?? 0,
    ignoreSeconds: numberOf(draft.ignoreSeconds) ?? 0,
    schedule: scheduleOf(draft),
    ...ownFields(draft),
  });
  return parsed.success ? parsed.data : null;
}

/** An empty field is null; what is no number is NaN, which no rule takes. */
const numberOf = (text: string): number | null => (text.trim() === "" ? null : Number(text));

function ownFields(draft: RuleDraft): object {
  const { key } = draft;
  const forSeconds = numberOf(draft.forSeconds) ?? 0;
  switch (draft.kind) {
    case "threshold":
      return {
        ...{ key, forSeconds, above: numberOf(draft.above), below: numberOf(draft.below) },
        ...{ clearAbove: numberOf(draft.clearAbove), clearBelow: numberOf(draft.clearBelow) },
      };
    case "rate-of-change":
      return {
        ...{ key, forSeconds, direction: draft.direction },
        ...{ perHour: numberOf(draft.perHour), overSeconds: numberOf(draft.overSeconds) },
      };
    case "absence":
      return { key: key === "" ? null : key, intervals: numberOf(draft.intervals) };
    case "geofence": {
      const { latitudeKey, longitudeKey, on } = draft;
      return { ...{ latitudeKey, longitudeKey, on, forSeconds }, fence: fenceOf(draft) };
    }
    case "count-in-window":
      return {
        ...{ key, condition: countedOf(draft) },
        ...{ count: numberOf(draft.count), windowSeconds: numberOf(draft.windowSeconds) },
      };
    case "expression":
      return { expression: draft.expression.trim(), forSeconds };
  }
}

function fenceOf({ fenceShape, fencePoints, radiusMetres }: RuleDraft): object {
  const points = fencePoints
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => line.split(/[,，\s]+/u).filter((part) => part !== ""))
    .map(([latitude, longitude]) => [Number(longitude ?? "x"), Number(latitude ?? "x")]);
  return fenceShape === "circle"
    ? { shape: "circle", centre: points[0], radiusMetres: numberOf(radiusMetres) }
    : { shape: "polygon", points };
}

function countedOf({ countedIs, countedValue }: RuleDraft): object {
  switch (countedIs) {
    case "any":
      return { is: countedIs };
    case "above":
    case "below":
      return { is: countedIs, limit: numberOf(countedValue) };
    case "equals": {
      const text = countedValue.trim();
      if (text === "true" || text === "false") return { is: countedIs, value: text === "true" };
      const number = Number(text);
      return { is: countedIs, value: text !== "" && String(number) === text ? number : text };
    }
  }
}

function scheduleOf(draft: RuleDraft): readonly object[] | null {
  if (!draft.hasSchedule) return null;
  // Of several windows one is shown; the others stay as they are.
  const others = (draft.stored?.schedule ?? []).slice(1);
  const toMinute = minuteOf(draft.toTime);
  const window = {
    ...{ timeZone: draft.timeZone, days: [...draft.days], fromMinute: minuteOf(draft.fromTime) },
    // Midnight is the end of the day.
    toMinute: toMinute === 0 ? 1_440 : toMinute,
  };
  return [window, ...others];
}

function minuteOf(clock: string): number {
  const [hours, minutes] = clock.split(":");
  return Number(hours ?? "x") * 60 + Number(minutes ?? "x");
}
