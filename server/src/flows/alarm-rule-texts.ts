import type { BilingualText, ThresholdRule } from "@waremind/contract";

/** UCUM codes that people write otherwise. */
const shownUnits: Readonly<Record<string, string>> = { Cel: "°C", "[degF]": "°F", "1": "" };

/** What happened, in one sentence of each language: device, key, value and the limit it is beyond. */
export function alarmRuleText(alarm: {
  readonly deviceName: string;
  readonly key: string;
  readonly unit: string | null;
  readonly value: string;
  readonly rule: ThresholdRule;
}): BilingualText {
  const { deviceName, key, rule } = alarm;
  const unit = alarm.unit === null ? "" : (shownUnits[alarm.unit] ?? alarm.unit);
  const withUnit = (value: string | number) => (unit === "" ? String(value) : `${value} ${unit}`);
  const isAbove = rule.above !== null && Number(alarm.value) > rule.above;
  const limit = withUnit((isAbove ? rule.above : rule.below) ?? "");
  const value = withUnit(alarm.value);
  const lasting = rule.forSeconds === 0 ? { en: "", zh: "" } : durationText(rule.forSeconds);
  return {
    en: `${rule.name.en}: ${key} of ${deviceName} is ${value}, ${isAbove ? "above" : "below"} its limit of ${limit}${lasting.en}.`,
    zh: `${rule.name.zh}：${deviceName} 的 ${key} 为 ${value}，${isAbove ? "高于上限" : "低于下限"} ${limit}${lasting.zh}。`,
  };
}

function durationText(seconds: number): BilingualText {
  if (seconds % 60 !== 0) return { en: ` for ${seconds} s or more`, zh: `，已持续 ${seconds} 秒以上` };
  const minutes = seconds / 60;
  return { en: ` for ${minutes} min or more`, zh: `，已持续 ${minutes} 分钟以上` };
}
