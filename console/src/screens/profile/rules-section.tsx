import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../ui/button.tsx";
import { SelectField } from "../../ui/field.tsx";
import { EmptyState } from "../../ui/states.tsx";
import { changeRow, RowFrame, TextInput } from "./inputs.tsx";
import { type KeyDraft, newRuleDraft, type RuleDraft } from "./profile-draft.ts";

const severities = ["info", "warning", "critical"] as const;

interface RulesSectionProps {
  readonly rules: readonly RuleDraft[];
  readonly keys: readonly KeyDraft[];
  readonly onChange: (rules: readonly RuleDraft[]) => void;
}

/** When an alarm is raised: a value beyond a bound for a while. It ends when the value has come back. */
export function RulesSection({ rules, keys, onChange }: RulesSectionProps): ReactElement {
  const { t } = useTranslation();
  return (
    <div className="flex flex-col gap-3">
      <p className="text-pretty text-ink-soft">{t("profile.rulesLead")}</p>
      {rules.length === 0 && <EmptyState icon="alarm" title={t("profile.noRules")} />}
      {rules.map((draft) => (
        <RuleRow
          key={draft.row}
          draft={draft}
          keys={keys}
          onChange={(change) => onChange(changeRow(rules, draft.row, change))}
        />
      ))}
      <Button
        icon="plus"
        className="self-start"
        onClick={() => onChange([...rules, newRuleDraft()])}
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
  readonly onChange: (change: Partial<RuleDraft> | null) => void;
}

function RuleRow({ draft, keys, onChange }: RuleRowProps): ReactElement {
  const { t } = useTranslation();
  const numeric = keys.filter((one) => one.type === "number" && one.key !== "");
  return (
    <RowFrame legend={draft.id || t("profile.rule")} onRemove={() => onChange(null)}>
      <TextInput
        label={t("profile.rule")}
        value={draft.id}
        onChange={(id) => onChange({ id })}
        testId="rule-id"
        className="min-w-32 flex-1"
      />
      <SelectField
        label={t("profile.key")}
        value={draft.key}
        onChange={(event) => onChange({ key: event.target.value })}
        testId="rule-key"
        className="w-36"
      >
        <option value="">{t("common.choose")}</option>
        {numeric.map((one) => (
          <option key={one.row} value={one.key}>
            {one.key}
          </option>
        ))}
      </SelectField>
      <TextInput
        label={t("profile.above")}
        value={draft.above}
        onChange={(above) => onChange({ above })}
        testId="rule-above"
        isNumber
        className="w-24"
      />
      <TextInput
        label={t("profile.below")}
        value={draft.below}
        onChange={(below) => onChange({ below })}
        isNumber
        className="w-24"
      />
      <TextInput
        label={t("profile.forSeconds")}
        value={draft.forSeconds}
        onChange={(forSeconds) => onChange({ forSeconds })}
        isNumber
        className="w-28"
      />
      <SelectField
        label={t("profile.severity")}
        value={draft.severity}
        testId="rule-severity"
        className="w-36"
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
    </RowFrame>
  );
}
