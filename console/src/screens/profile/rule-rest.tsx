import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { CheckField, TextField } from "../../ui/field.tsx";
import { TextInput } from "./inputs.tsx";
import type { RuleDraft } from "./profile-draft.ts";
import { ignoreOccasions } from "./rule-draft.ts";

const weekdays = [1, 2, 3, 4, 5, 6, 7] as const;

interface RuleRestProps {
  readonly draft: RuleDraft;
  readonly onChange: (change: Partial<RuleDraft>) => void;
}

/** What every kind has beside its condition: how it ends, when it is not looked at, and at which hours it may raise. */
export function RuleRest({ draft, onChange }: RuleRestProps): ReactElement {
  const { t } = useTranslation();
  const toggled = <Item,>(items: readonly Item[], item: Item): readonly Item[] =>
    items.includes(item) ? items.filter((one) => one !== item) : [...items, item];
  return (
    <details>
      <summary className="cursor-pointer text-ink-soft text-small" data-testid="rule-more">
        {t("rule.more")}
      </summary>
      <div className="mt-3 flex flex-col gap-4">
        <TextInput
          label={t("rule.field.clearAfterSeconds")}
          hint={t("rule.clearHint")}
          value={draft.clearAfterSeconds}
          onChange={(clearAfterSeconds) => onChange({ clearAfterSeconds })}
          isNumber
          className="max-w-sm"
        />
        <fieldset className="flex flex-wrap items-end gap-x-4 gap-y-2">
          <legend className="sr-only">{t("rule.field.ignoreSeconds")}</legend>
          <TextInput
            label={t("rule.field.ignoreSeconds")}
            value={draft.ignoreSeconds}
            onChange={(ignoreSeconds) => onChange({ ignoreSeconds })}
            isNumber
            className="w-56"
          />
          {ignoreOccasions.map((occasion) => (
            <CheckField
              key={occasion}
              label={t(`rule.ignore.${occasion}`)}
              checked={draft.ignoreAfter.includes(occasion)}
              onChange={() => onChange({ ignoreAfter: toggled(draft.ignoreAfter, occasion) })}
              className="pb-2"
            />
          ))}
        </fieldset>
        <fieldset className="flex flex-col gap-2">
          <legend className="sr-only">{t("rule.schedule")}</legend>
          <CheckField
            label={t("rule.schedule")}
            hint={t("rule.scheduleHint")}
            checked={draft.hasSchedule}
            onChange={(event) => onChange({ hasSchedule: event.target.checked })}
            testId="rule-schedule"
          />
          {draft.hasSchedule && (
            <div className="flex flex-wrap items-end gap-x-4 gap-y-2 pl-6">
              {weekdays.map((day) => (
                <CheckField
                  key={day}
                  label={t(`rule.day.${day}`)}
                  checked={draft.days.includes(day)}
                  onChange={() => onChange({ days: toggled(draft.days, day).toSorted((a, b) => a - b) })}
                  className="pb-2"
                />
              ))}
              <TextField
                label={t("rule.fromTime")}
                type="time"
                value={draft.fromTime}
                onChange={(event) => onChange({ fromTime: event.target.value })}
              />
              <TextField
                label={t("rule.toTime")}
                type="time"
                value={draft.toTime}
                onChange={(event) => onChange({ toTime: event.target.value })}
              />
              <TextInput
                label={t("rule.timeZone")}
                value={draft.timeZone}
                onChange={(timeZone) => onChange({ timeZone })}
                className="w-44"
              />
            </div>
          )}
        </fieldset>
      </div>
    </details>
  );
}
