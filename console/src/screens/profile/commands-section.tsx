import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../ui/button.tsx";
import { CheckField } from "../../ui/field.tsx";
import { EmptyState } from "../../ui/states.tsx";
import { changeRow, RowFrame, TextInput, TypeSelect, UnitAndRange } from "./inputs.tsx";
import {
  type CommandDraft,
  newCommandDraft,
  newParameterDraft,
  type ParameterDraft,
} from "./profile-draft.ts";

const types = ["number", "text", "boolean"] as const;

interface CommandsSectionProps {
  readonly commands: readonly CommandDraft[];
  readonly onChange: (commands: readonly CommandDraft[]) => void;
}

/** What this kind of device understands; a physical command moves something, so the guard asks more of who sends it. */
export function CommandsSection({ commands, onChange }: CommandsSectionProps): ReactElement {
  const { t } = useTranslation();
  return (
    <div className="flex flex-col gap-3">
      <p className="text-pretty text-ink-soft">{t("profile.commandsLead")}</p>
      {commands.length === 0 && <EmptyState icon="command" title={t("profile.noCommands")} />}
      {commands.map((draft) => (
        <CommandRow
          key={draft.row}
          draft={draft}
          onChange={(change) => onChange(changeRow(commands, draft.row, change))}
        />
      ))}
      <Button
        icon="plus"
        className="self-start"
        onClick={() => onChange([...commands, newCommandDraft()])}
        data-testid="command-add"
      >
        {t("profile.addCommand")}
      </Button>
    </div>
  );
}

interface CommandRowProps {
  readonly draft: CommandDraft;
  readonly onChange: (change: Partial<CommandDraft> | null) => void;
}

function CommandRow({ draft, onChange }: CommandRowProps): ReactElement {
  const { t } = useTranslation();
  const { parameters } = draft;
  return (
    <div className="flex flex-col gap-2 rounded-control border border-line-strong p-3">
      <RowFrame legend={draft.method || t("command.method")} onRemove={() => onChange(null)}>
        <TextInput
          label={t("command.method")}
          value={draft.method}
          onChange={(method) => onChange({ method })}
          testId="command-method-name"
          className="min-w-40 flex-1"
        />
        <TextInput
          label={t("profile.nameEn")}
          value={draft.nameEn}
          onChange={(nameEn) => onChange({ nameEn })}
          testId="command-name-en"
          className="min-w-40 flex-1"
        />
        <TextInput
          label={t("profile.nameZh")}
          value={draft.nameZh}
          onChange={(nameZh) => onChange({ nameZh })}
          testId="command-name-zh"
          className="min-w-40 flex-1"
        />
        <CheckField
          label={t("profile.physical")}
          checked={draft.isPhysical}
          testId="command-physical"
          onChange={(event) => onChange({ isPhysical: event.target.checked })}
          className="h-9 items-center"
        />
        <CheckField
          label={t("command.oneWay")}
          checked={draft.isOneWay}
          onChange={(event) => onChange({ isOneWay: event.target.checked })}
          className="h-9 items-center"
        />
      </RowFrame>
      {parameters.map((one) => (
        <ParameterRow
          key={one.row}
          draft={one}
          onChange={(change) => onChange({ parameters: changeRow(parameters, one.row, change) })}
        />
      ))}
      <Button
        size="small"
        look="quiet"
        icon="plus"
        className="self-start"
        onClick={() => onChange({ parameters: [...parameters, newParameterDraft()] })}
        data-testid="parameter-add"
      >
        {t("profile.addParameter")}
      </Button>
    </div>
  );
}

interface ParameterRowProps {
  readonly draft: ParameterDraft;
  readonly onChange: (change: Partial<ParameterDraft> | null) => void;
}

function ParameterRow({ draft, onChange }: ParameterRowProps): ReactElement {
  const { t } = useTranslation();
  return (
    <RowFrame legend={draft.name || t("profile.parameter")} onRemove={() => onChange(null)}>
      <TextInput
        label={t("profile.parameter")}
        value={draft.name}
        onChange={(name) => onChange({ name })}
        testId="parameter-name"
        className="min-w-36 flex-1"
      />
      <TypeSelect types={types} value={draft.type} onChange={(type) => onChange({ type })} />
      {draft.type === "number" && <UnitAndRange draft={draft} onChange={onChange} testId="parameter" />}
      <CheckField
        label={t("command.required")}
        checked={draft.isRequired}
        onChange={(event) => onChange({ isRequired: event.target.checked })}
        className="h-9 items-center"
      />
    </RowFrame>
  );
}
