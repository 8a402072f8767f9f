import type { AlarmRule } from "@waremind/contract";
import { compileRule, type RuleContext } from "../decisions/rules/index.ts";
import { DomainError } from "../platform/errors.ts";

/** What the shape of rules alone does not show. @throws DomainError `invalid-input` with the first one that cannot be judged */
export function checkRules(rules: readonly AlarmRule[], context: RuleContext): void {
  const twice = rules.find(({ id }, index) => rules.findIndex((one) => one.id === id) !== index);
  if (twice !== undefined)
    throw new DomainError(
      "invalid-input",
      {
        en: `Two rules have the id ${twice.id}; each needs its own.`,
        zh: `有两条规则的标识都是 ${twice.id}，每条规则须有不同的标识。`,
      },
      { field: "alarmRules", ruleId: twice.id },
    );
  for (const rule of rules) {
    const result = compileRule(rule, context);
    if (result.ok) continue;
    const { en, zh } = result.problem;
    throw new DomainError(
      "invalid-input",
      {
        en: `The rule ${rule.name.en} (${rule.id}) cannot be judged: ${en}`,
        zh: `规则“${rule.name.zh}”（${rule.id}）无法使用：${zh}`,
      },
      { field: "alarmRules", ruleId: rule.id },
    );
  }
}
