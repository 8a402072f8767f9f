import { type AlarmRule, ruleSchema } from "@waremind/contract";
import { expect, test } from "vitest";
import { alarmRuleText } from "./alarm-rule-texts.ts";

const name = { en: "Rule", zh: "规则" };
const rule = (parts: object): AlarmRule => ruleSchema.parse({ id: "r", name, severity: "info", ...parts });
const text = (parts: object, value: number | null = null, unit: string | null = "Cel") =>
  alarmRuleText({ deviceName: "logger-7", unit, rule: rule(parts), span: { value } });
const circle = { shape: "circle", centre: [121.5, 31.2], radiusMetres: 500 };

test("each kind of rule says in both languages what was true of which device", () => {
  const rate = {
    kind: "rate-of-change",
    key: "t",
    perHour: 5,
    direction: "up",
    overSeconds: 600,
    forSeconds: 0,
  };
  expect(text(rate, 0.1 + 0.2)).toEqual({
    en: "Rule: t of logger-7 changes by 0.3 °C an hour, measured over 10 min, faster than its limit of 5 °C an hour.",
    zh: "规则：logger-7 的 t 每小时变化 0.3 °C（按 10 分钟计算），快于上限每小时 5 °C。",
  });
  expect(text({ kind: "absence", key: null, intervals: 3 })).toEqual({
    en: "Rule: nothing was heard of logger-7 for more than 3 expected intervals.",
    zh: "规则：超过 3 个预期间隔没有收到 logger-7 的数据。",
  });
  const fence = { kind: "geofence", latitudeKey: "lat", longitudeKey: "lon", fence: circle, forSeconds: 60 };
  expect(text({ ...fence, on: "leave" })).toEqual({
    en: "Rule: logger-7 left the circle of 500 m around 31.2, 121.5 for 1 min or more.",
    zh: "规则：logger-7 离开了以 31.2, 121.5 为中心、半径 500 米的区域，已持续 1 分钟以上。",
  });
  const count = { kind: "count-in-window", key: "open", count: 3, windowSeconds: 7_200 };
  expect(text({ ...count, condition: { is: "equals", value: true } }, null, null)).toEqual({
    en: "Rule: 3 or more readings of open of logger-7 equal to true came within 2 h.",
    zh: "规则：logger-7 的 open 在 2 小时内有 3 次或更多读数等于 true。",
  });
  expect(text({ kind: "expression", expression: "t > 8.0 && open", forSeconds: 0 }).zh).toBe(
    "规则：logger-7 满足 t > 8.0 && open。",
  );
});

test("a message that a person wrote is filled in instead", () => {
  const message = {
    en: "{device}: {key} is {value} {unit} ({name})",
    zh: "{device}：{key} 为 {value} {unit}",
  };
  const warm = { kind: "threshold", key: "t", above: 8, below: null, forSeconds: 0, message };
  expect(text(warm, 9.5)).toEqual({ en: "logger-7: t is 9.5 °C (Rule)", zh: "logger-7：t 为 9.5 °C" });
});
