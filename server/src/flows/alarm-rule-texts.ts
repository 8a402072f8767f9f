// What an alarm of a rule says, in one sentence of each language: the rule, the device, and what was true.
import type { AlarmRule, BilingualText, CountedReading, Fence } from "@waremind/contract";
import { fillRuleMessage, type RuleSpan } from "../decisions/rules/index.ts";

/** UCUM codes that people write otherwise. */
const shownUnits: Readonly<Record<string, string>> = { Cel: "°C", "[degF]": "°F", "1": "" };
const hourSeconds = 3_600;
const valueDigitsMax = 10;

export interface AlarmRuleOccasion {
  readonly deviceName: string;
  /** Of the one key it judges; null where there is none. */
  readonly unit: string | null;
  readonly rule: AlarmRule;
  readonly span: Pick<RuleSpan, "value">;
}

/** The message that a person wrote for the rule; else a sentence of its kind. */
export function alarmRuleText(occasion: AlarmRuleOccasion): BilingualText {
  const { rule, deviceName, unit } = occasion;
  if (rule.message !== null) {
    return fillRuleMessage(rule.message, {
      device: same(deviceName),
      name: rule.name,
      key: same(keyOf(rule)),
      value: same(occasion.span.value === null ? "—" : numberText(occasion.span.value)),
      unit: same(unitText(unit)),
    });
  }
  const { en, zh } = sentenceOf(occasion);
  return { en: `${rule.name.en}: ${en}.`, zh: `${rule.name.zh}：${zh}。` };
}

function sentenceOf({ rule, deviceName, unit, span }: AlarmRuleOccasion): BilingualText {
  const shown = (value: number) => withUnit(value, unit);
  switch (rule.kind) {
    case "threshold": {
      const value = span.value ?? 0;
      const isAbove = rule.above !== null && value > rule.above;
      const limit = shown((isAbove ? rule.above : rule.below) ?? 0);
      const lasting = lastingText(rule.forSeconds);
      return {
        en: `${rule.key} of ${deviceName} is ${shown(value)}, ${isAbove ? "above" : "below"} its limit of ${limit}${lasting.en}`,
        zh: `${deviceName} 的 ${rule.key} 为 ${shown(value)}，${isAbove ? "高于上限" : "低于下限"} ${limit}${lasting.zh}`,
      };
    }
    case "rate-of-change": {
      const value = span.value ?? 0;
      const over = durationText(rule.overSeconds);
      const lasting = lastingText(rule.forSeconds);
      const limit = shown(rule.perHour);
      return {
        en: `${rule.key} of ${deviceName} changes by ${shown(value)} an hour, measured over ${over.en}, faster than its limit of ${limit} an hour${lasting.en}`,
        zh: `${deviceName} 的 ${rule.key} 每小时变化 ${shown(value)}（按 ${over.zh}计算），快于上限每小时 ${limit}${lasting.zh}`,
      };
    }
    case "absence":
      return absenceText(rule.key, deviceName, rule.intervals);
    case "geofence":
      return fenceText(rule.on, rule.fence, { deviceName, forSeconds: rule.forSeconds });
    case "count-in-window": {
      const counted = countedText(rule.condition, unit);
      const within = durationText(rule.windowSeconds);
      return {
        en: `${rule.count} or more readings of ${rule.key} of ${deviceName}${counted.en} came within ${within.en}`,
        zh: `${deviceName} 的 ${rule.key} 在 ${within.zh}内有 ${rule.count} 次或更多读数${counted.zh}`,
      };
    }
    case "expression": {
      const lasting = lastingText(rule.forSeconds);
      return {
        en: `${rule.expression} is true of ${deviceName}${lasting.en}`,
        zh: `${deviceName} 满足 ${rule.expression}${lasting.zh}`,
      };
    }
  }
}

function absenceText(key: string | null, deviceName: string, intervals: number): BilingualText {
  const what = key === null ? { en: deviceName, zh: deviceName } : of(key, deviceName);
  return {
    en: `nothing was heard of ${what.en} for more than ${intervals} expected intervals`,
    zh: `超过 ${intervals} 个预期间隔没有收到 ${what.zh} 的数据`,
  };
}

const of = (key: string, deviceName: string): BilingualText => ({
  en: `${key} of ${deviceName}`,
  zh: `${deviceName} 的 ${key}`,
});

function fenceText(
  on: "enter" | "leave" | "inside" | "outside",
  fence: Fence,
  { deviceName, forSeconds }: { readonly deviceName: string; readonly forSeconds: number },
): BilingualText {
  const verbs = {
    enter: { en: "entered", zh: "进入了" },
    leave: { en: "left", zh: "离开了" },
    inside: { en: "is inside", zh: "位于" },
    outside: { en: "is outside", zh: "不在" },
  } satisfies Record<typeof on, BilingualText>;
  const area =
    fence.shape === "circle"
      ? {
          en: `the circle of ${numberText(fence.radiusMetres)} m around ${positionText(fence.centre)}`,
          zh: `以 ${positionText(fence.centre)} 为中心、半径 ${numberText(fence.radiusMetres)} 米的区域`,
        }
      : {
          en: `the area of ${fence.points.length} corners`,
          zh: `由 ${fence.points.length} 个顶点围成的区域`,
        };
  const lasting = lastingText(forSeconds);
  const end = on === "inside" ? "内" : on === "outside" ? "内" : "";
  return {
    en: `${deviceName} ${verbs[on].en} ${area.en}${lasting.en}`,
    zh: `${deviceName} ${verbs[on].zh}${area.zh}${end}${lasting.zh}`,
  };
}

const positionText = ([longitude, latitude]: readonly [number, number]): string =>
  `${latitude}, ${longitude}`;

function countedText(condition: CountedReading, unit: string | null): BilingualText {
  switch (condition.is) {
    case "any":
      return { en: "", zh: "" };
    case "above":
      return {
        en: ` above ${withUnit(condition.limit, unit)}`,
        zh: `高于 ${withUnit(condition.limit, unit)}`,
      };
    case "below":
      return {
        en: ` below ${withUnit(condition.limit, unit)}`,
        zh: `低于 ${withUnit(condition.limit, unit)}`,
      };
    case "equals":
      return { en: ` equal to ${String(condition.value)}`, zh: `等于 ${String(condition.value)}` };
  }
}

function keyOf(rule: AlarmRule): string {
  switch (rule.kind) {
    case "threshold":
    case "rate-of-change":
    case "count-in-window":
      return rule.key;
    case "absence":
      return rule.key ?? "";
    case "geofence":
      return `${rule.latitudeKey}, ${rule.longitudeKey}`;
    case "expression":
      return rule.expression;
  }
}

const same = (text: string): BilingualText => ({ en: text, zh: text });
const unitText = (unit: string | null): string => (unit === null ? "" : (shownUnits[unit] ?? unit));

/** Sums of binary fractions are shown without their last digits. */
const numberText = (value: number): string => String(Number(value.toPrecision(valueDigitsMax)));

function withUnit(value: number, unit: string | null): string {
  const shown = unitText(unit);
  return shown === "" ? numberText(value) : `${numberText(value)} ${shown}`;
}

function lastingText(seconds: number): BilingualText {
  if (seconds === 0) return same("");
  const { en, zh } = durationText(seconds);
  return { en: ` for ${en} or more`, zh: `，已持续 ${zh}以上` };
}

function durationText(seconds: number): BilingualText {
  if (seconds % 60 !== 0) return { en: `${seconds} s`, zh: `${seconds} 秒` };
  if (seconds % hourSeconds !== 0) return { en: `${seconds / 60} min`, zh: `${seconds / 60} 分钟` };
  return { en: `${seconds / hourSeconds} h`, zh: `${seconds / hourSeconds} 小时` };
}
