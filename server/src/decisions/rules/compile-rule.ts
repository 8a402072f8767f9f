// A rule made ready to judge: what its shape alone does not show is checked here, said in both languages.
import type { AlarmRule, BilingualText, CountRule, GeofenceRule, ThresholdRule } from "@waremind/contract";
import { compileExpression, type RuleKey } from "./expression.ts";
import { inMs } from "./in-ms.ts";
import {
  type Judge,
  judgeAbsence,
  judgeCount,
  judgeExpression,
  judgeGeofence,
  judgeRate,
  judgeThreshold,
  type Measure,
} from "./judge.ts";
import { placeholdersOf, rulePlaceholders } from "./rule-message.ts";

/** What compiling and judging a rule needs to know of the profile; keys that it does not declare have any type. */
export interface RuleContext {
  readonly keys: readonly RuleKey[];
  readonly expectedIntervalSeconds: number;
}

/** Made by `compileRule` for one rule and used for any number of subjects, each with a state of its own. */
export interface CompiledRule {
  readonly rule: AlarmRule;
  /** The keys it listens to; null: every key. */
  readonly keys: readonly string[] | null;
  readonly judge: Judge;
  /** The judge's answer besides its verdict; only valid until it is asked again. */
  readonly measure: Measure;
  readonly forMs: number;
  readonly clearAfterMs: number;
  readonly ignoreMs: number;
  /** A longer silence is an occasion for an ignore period. */
  readonly ignoreSilenceMs: number;
  /** After so long a silence it is true; null for every other kind. */
  readonly silenceMs: number | null;
  /** After so long without another reading a count is over; null for every other kind. */
  readonly windowMs: number | null;
}

/** A device may miss so many of its intervals without being thought of as silent. */
const intervalsMissedMax = 3;

export type CompileResult =
  | { readonly ok: true; readonly compiled: CompiledRule }
  | { readonly ok: false; readonly problem: BilingualText };

/** Never throws for what a person may write: what is wrong comes back as one sentence. */
export function compileRule(rule: AlarmRule, context: RuleContext): CompileResult {
  const problem = problemOfMessage(rule) ?? problemOfKind(rule, context.keys);
  if (problem !== null) return { ok: false, problem };
  switch (rule.kind) {
    case "threshold":
      return ready(rule, context, [rule.key], judgeThreshold(rule));
    case "rate-of-change":
      return ready(rule, context, [rule.key], judgeRate(rule));
    case "absence": {
      const silenceMs = inMs(rule.intervals * context.expectedIntervalSeconds);
      const keys = rule.key === null ? null : [rule.key];
      return ready(rule, context, keys, judgeAbsence(rule.key), { silenceMs });
    }
    case "geofence":
      return ready(rule, context, [rule.latitudeKey, rule.longitudeKey], judgeGeofence(rule));
    case "count-in-window":
      return ready(rule, context, [rule.key], judgeCount(rule), { windowMs: inMs(rule.windowSeconds) });
    case "expression": {
      const result = compileExpression(rule.expression, context.keys);
      if (!result.ok) return result;
      const { keys, isTrue } = result.compiled;
      if (keys.length === 0) return { ok: false, problem: namesNoKey };
      return ready(rule, context, keys, judgeExpression(keys, isTrue));
    }
  }
}

function ready(
  rule: AlarmRule,
  { expectedIntervalSeconds }: RuleContext,
  keys: readonly string[] | null,
  judge: Judge,
  times: { readonly silenceMs?: number; readonly windowMs?: number } = {},
): CompileResult {
  const ignoreMs = inMs(rule.ignoreSeconds);
  return {
    ok: true,
    compiled: {
      ...{ rule, keys, judge, measure: { value: null, excess: 0 } },
      forMs: "forSeconds" in rule ? inMs(rule.forSeconds) : 0,
      clearAfterMs: inMs(rule.clearAfterSeconds),
      ignoreMs,
      ignoreSilenceMs: Math.max(ignoreMs, inMs(intervalsMissedMax * expectedIntervalSeconds)),
      silenceMs: times.silenceMs ?? null,
      windowMs: times.windowMs ?? null,
    },
  };
}

function problemOfKind(rule: AlarmRule, keys: readonly RuleKey[]): BilingualText | null {
  switch (rule.kind) {
    case "threshold":
      return wrongType(keys, rule.key, "number") ?? problemOfLimits(rule);
    case "rate-of-change":
      return wrongType(keys, rule.key, "number");
    case "geofence":
      return problemOfPosition(rule, keys);
    case "count-in-window":
      return problemOfCount(rule, keys);
    case "absence":
    case "expression":
      return null;
  }
}

function problemOfLimits({ above, below, clearAbove, clearBelow }: ThresholdRule): BilingualText | null {
  if (above === null && below === null)
    return { en: "Give the rule an upper or a lower limit.", zh: "请为规则设置上限或下限。" };
  if (above !== null && below !== null && above < below)
    return {
      en: `The upper limit ${above} is under the lower limit ${below}: every value would be beyond one of them.`,
      zh: `上限 ${above} 低于下限 ${below}，任何数值都会越限。`,
    };
  if (clearAbove !== null && (above === null || clearAbove > above))
    return {
      en: `A value must come back to ${clearAbove}, which is not under the upper limit. Choose one at or under that limit.`,
      zh: `恢复值 ${clearAbove} 不低于上限，请设为不高于上限的数值。`,
    };
  if (clearBelow !== null && (below === null || clearBelow < below))
    return {
      en: `A value must come back to ${clearBelow}, which is not over the lower limit. Choose one at or over that limit.`,
      zh: `恢复值 ${clearBelow} 不高于下限，请设为不低于下限的数值。`,
    };
  const upper = clearAbove ?? above ?? Number.POSITIVE_INFINITY;
  const lower = clearBelow ?? below ?? Number.NEGATIVE_INFINITY;
  if (lower <= upper) return null;
  return {
    en: `No value is both at most ${upper} and at least ${lower}: an alarm of this rule would never end.`,
    zh: `没有数值既不高于 ${upper} 又不低于 ${lower}，该规则的警报将永远无法结束。`,
  };
}

function problemOfPosition(rule: GeofenceRule, keys: readonly RuleKey[]): BilingualText | null {
  if (rule.latitudeKey === rule.longitudeKey)
    return {
      en: `Latitude and longitude are both read from ${rule.latitudeKey}; each needs a key of its own.`,
      zh: `纬度和经度都取自 ${rule.latitudeKey}，请分别指定键。`,
    };
  return wrongType(keys, rule.latitudeKey, "number") ?? wrongType(keys, rule.longitudeKey, "number");
}

function problemOfCount({ key, condition }: CountRule, keys: readonly RuleKey[]): BilingualText | null {
  switch (condition.is) {
    case "any":
      return null;
    case "above":
    case "below":
      return wrongType(keys, key, "number");
    case "equals": {
      const type = typeof condition.value;
      return wrongType(keys, key, type === "number" ? "number" : type === "boolean" ? "boolean" : "text");
    }
  }
}

const typeNames: Readonly<Record<RuleKey["type"], BilingualText>> = {
  number: { en: "numbers", zh: "数值" },
  text: { en: "texts", zh: "文本" },
  boolean: { en: "booleans", zh: "布尔值" },
  json: { en: "JSON", zh: "JSON" },
};

function wrongType(keys: readonly RuleKey[], key: string, wanted: RuleKey["type"]): BilingualText | null {
  const declared = keys.find((one) => one.key === key);
  if (declared === undefined || declared.type === wanted) return null;
  const [own, other] = [typeNames[declared.type], typeNames[wanted]];
  return {
    en: `The key ${key} gives ${own.en}, but this rule needs ${other.en}.`,
    zh: `键 ${key} 的值是${own.zh}，而该规则需要${other.zh}。`,
  };
}

function problemOfMessage({ message }: AlarmRule): BilingualText | null {
  if (message === null) return null;
  const unknown = [...placeholdersOf(message.en), ...placeholdersOf(message.zh)].find(
    (name) => !rulePlaceholders.some((one) => one === name),
  );
  if (unknown === undefined) return null;
  const known = rulePlaceholders.map((name) => `{${name}}`).join(", ");
  return {
    en: `The message has {${unknown}} in it; there are ${known}.`,
    zh: `消息中含有 {${unknown}}；可用的有 ${known}。`,
  };
}

const namesNoKey: BilingualText = {
  en: "The expression names no key, so no reading would ever change it.",
  zh: "表达式没有引用任何键，任何读数都不会影响它。",
};
