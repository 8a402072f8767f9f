import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { useFormat } from "../../format/use-format.ts";
import { Button } from "../../ui/button.tsx";
import { CheckField, SelectField } from "../../ui/field.tsx";
import { EmptyState } from "../../ui/states.tsx";
import { BacktestPanel } from "./backtest-panel.tsx";
import { changeRow, RowFrame, TextInput } from "./inputs.tsx";
import { type KeyDraft, newRuleDraft, type RuleDraft } from "./profile-draft.ts";
import { ruleKinds } from "./rule-draft.ts";
import { RuleFields } from "./rule-fields.tsx";
import { RuleRest } from "./rule-rest.tsx";

const severities = ["info", "warning", "critical"] as const;

interface RulesSectionProps {
  /** Null while the profile is new. */
  readonly profileId: string | null;
  readonly rules: readonly RuleDraft[];
  readonly keys: readonly KeyDraft[];
  readonly onChange: (rules: readonly RuleDraft[]) => void;
}

/** When an alarm is raised, by six kinds of conditions, and when it ends again. */
export function RulesSection({ profileId, rules, keys, onChange }: RulesSectionProps): ReactElement {
  const { t } = useTranslation();
  const { timeZone } = useFormat();
  return (
    <div className="flex flex-col gap-3">
      <p className="text-pretty text-ink-soft">{t("profile.rulesLead")}</p>
      {rules.length === 0 && <EmptyState icon="alarm" title={t("profile.noRules")} />}
      {rules.map((draft) => (
        <RuleRow
          key={draft.row}
          draft={draft}
          keys={keys}
          profileId={profileId}
          onChange={(change) => onChange(changeRow(rules, draft.row, change))}
        />
      ))}
      <Button
        icon="plus"
        className="self-start"
        onClick={() => onChange([...rules, newRuleDraft(timeZone)])}
        data-testid="rule-add"
      >
        {t("profile.addRule")}
      </Button>
    </div>
  );
}

interface RuleRowProps {
  readonly draft: RuleDraft;
  readonly keys: readonly KeyDraft[];
  readonly profileId: string | null;
  readonly onChange: (change: Partial<RuleDraft> | null) => void;
}

function RuleRow({ draft, keys, profileId, onChange }: RuleRowProps): ReactElement {
  const { t } = useTranslation();
  return (
    <RowFrame legend={draft.id || t("profile.rule")} onRemove={() => onChange(null)}>
      <div className="flex min-w-0 flex-1 flex-col gap-3">
        <div className="flex flex-wrap items-end gap-3">
          <SelectField
            label={t("rule.kindLabel")}
            value={draft.kind}
            onChange={(event) =>
              onChange({ kind: ruleKinds.find((one) => one === event.target.value) ?? draft.kind })
            }
            className="w-56"
            testId="rule-kind"
          >
            {ruleKinds.map((kind) => (
              <option key={kind} value={kind}>
                {t(`rule.kind.${kind}`)}
              </option>
            ))}
          </SelectField>
          <TextInput
            label={t("profile.rule")}
            value={draft.id}
            onChange={(id) => onChange({ id })}
            testId="rule-id"
            className="w-44"
          />
          <SelectField
            label={t("profile.severity")}
            value={draft.severity}
            testId="rule-severity"
            className="w-40"
            onChange={(event) =>
              onChange({ severity: severities.find((one) => one === event.target.value) ?? "warning" })
            }
          >
            {severities.map((severity) => (
              <option key={severity} value={severity}>
                {t(`severity.${severity}`)}
              </option>
            ))}
          </SelectField>
          <CheckField
            label={t("escalation.isOn")}
            checked={draft.isEnabled}
            onChange={(event) => onChange({ isEnabled: event.target.checked })}
            className="pb-2"
          />
        </div>
        <p className="text-pretty text-ink-soft text-small">{t(`rule.hint.${draft.kind}`)}</p>
        <div className="flex flex-wrap items-end gap-3">
          <RuleFields draft={draft} keys={keys} onChange={onChange} />
        </div>
        <div className="flex flex-wrap items-end gap-3">
          <TextInput
            label={t("profile.nameEn")}
            value={draft.nameEn}
            onChange={(nameEn) => onChange({ nameEn })}
            testId="rule-name-en"
            className="min-w-40 flex-1"
          />
          <TextInput
            label={t("profile.nameZh")}
            value={draft.nameZh}
            onChange={(nameZh) => onChange({ nameZh })}
            testId="rule-name-zh"
            className="min-w-40 flex-1"
          />
        </div>
        <RuleRest draft={draft} onChange={onChange} />
        {profileId !== null && <BacktestPanel draft={draft} profileId={profileId} />}
      </div>
    </RowFrame>
  );
}
