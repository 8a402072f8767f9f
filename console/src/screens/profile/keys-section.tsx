import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../ui/button.tsx";
import { CheckField } from "../../ui/field.tsx";
import { EmptyState } from "../../ui/states.tsx";
import { changeRow, RowFrame, TextInput, TypeSelect, UnitAndRange } from "./inputs.tsx";
import { type KeyDraft, newKeyDraft } from "./profile-draft.ts";

const types = ["number", "text", "boolean", "json"] as const;

interface KeysSectionProps {
  readonly keys: readonly KeyDraft[];
  readonly onChange: (keys: readonly KeyDraft[]) => void;
}

/** What this kind of device measures: key, type, unit and the range outside which a value is not believed. */
export function KeysSection({ keys, onChange }: KeysSectionProps): ReactElement {
  const { t } = useTranslation();
  return (
    <div className="flex flex-col gap-3">
      <p className="text-pretty text-ink-soft">{t("profile.keysLead")}</p>
      {keys.length === 0 && (
        <EmptyState icon="curve" title={t("profile.noKeys")} text={t("profile.noKeysText")} />
      )}
      {keys.map((draft) => (
        <KeyRow
          key={draft.row}
          draft={draft}
          onChange={(change) => onChange(changeRow(keys, draft.row, change))}
        />
      ))}
      <Button
        icon="plus"
        className="self-start"
        onClick={() => onChange([...keys, newKeyDraft()])}
        data-testid="key-add"
      >
        {t("profile.addKey")}
      </Button>
    </div>
  );
}

interface KeyRowProps {
  readonly draft: KeyDraft;
  readonly onChange: (change: Partial<KeyDraft> | null) => void;
}

function KeyRow({ draft, onChange }: KeyRowProps): ReactElement {
  const { t } = useTranslation();
  return (
    <RowFrame legend={draft.key || t("profile.key")} onRemove={() => onChange(null)}>
      <TextInput
        label={t("profile.key")}
        value={draft.key}
        onChange={(key) => onChange({ key })}
        className="min-w-44 flex-1"
        testId="key-name"
      />
      <TypeSelect
        types={types}
        value={draft.type}
        onChange={(type) => onChange({ type })}
        testId="key-type"
      />
      {draft.type === "number" && (
        <>
          <UnitAndRange draft={draft} onChange={onChange} testId="key" />
          <TextInput
            label={t("profile.decimals")}
            value={draft.decimals}
            onChange={(decimals) => onChange({ decimals })}
            isNumber
            className="w-20"
          />
          <TextInput
            label={t("profile.sentUnit")}
            value={draft.sentUnit}
            onChange={(sentUnit) => onChange({ sentUnit })}
            testId="key-sent-unit"
            className="w-28"
          />
          <CheckField
            label={t("profile.acceptsText")}
            checked={draft.acceptsText}
            onChange={(event) => onChange({ acceptsText: event.target.checked })}
            className="h-9 items-center"
          />
        </>
      )}
    </RowFrame>
  );
}
