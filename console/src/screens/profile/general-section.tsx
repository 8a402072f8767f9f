import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { useFormat } from "../../format/use-format.ts";
import { TextInput } from "./inputs.tsx";
import type { ProfileDraft } from "./profile-draft.ts";

interface GeneralSectionProps {
  readonly draft: ProfileDraft;
  readonly isNew: boolean;
  readonly onChange: (change: Partial<ProfileDraft>) => void;
}

export function GeneralSection({ draft, isNew, onChange }: GeneralSectionProps): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const seconds = Number(draft.expectedIntervalSeconds);
  const isLong = Number.isFinite(seconds) && seconds >= 120;
  return (
    <div className="grid max-w-3xl grid-cols-1 gap-4 sm:grid-cols-2">
      <TextInput
        label={t("profile.id")}
        value={draft.id}
        isDisabled={!isNew}
        hint={t("profile.idHint")}
        onChange={(id) => onChange({ id })}
        testId="profile-id"
      />
      <TextInput
        label={t("profile.interval")}
        value={draft.expectedIntervalSeconds}
        isNumber
        hint={isLong ? format.minutes(seconds / 60) : t("profile.intervalHint")}
        onChange={(expectedIntervalSeconds) => onChange({ expectedIntervalSeconds })}
      />
      <TextInput
        label={t("profile.nameEn")}
        value={draft.nameEn}
        onChange={(nameEn) => onChange({ nameEn })}
        testId="profile-name-en"
      />
      <TextInput
        label={t("profile.nameZh")}
        value={draft.nameZh}
        onChange={(nameZh) => onChange({ nameZh })}
        testId="profile-name-zh"
      />
    </div>
  );
}
