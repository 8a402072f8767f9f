import { useQuery } from "@tanstack/react-query";
import { type EscalationPolicy, escalationLimits, type NotificationTarget } from "@waremind/contract";
import { type FormEvent, type ReactElement, useState } from "react";
import { useTranslation } from "react-i18next";
import { deviceQueries } from "../../api/device-queries.ts";
import { request } from "../../api/request.ts";
import { useFormat } from "../../format/use-format.ts";
import { Button } from "../../ui/button.tsx";
import { CheckField, SelectField, TextField } from "../../ui/field.tsx";
import { Modal } from "../../ui/modal.tsx";
import { Submit } from "../../ui/submit.tsx";
import { useChange } from "../../ui/use-change.ts";
import { changeRow } from "../profile/inputs.tsx";
import { draftOfPolicy, newStep, readPolicy, type StepDraft } from "./policy-draft.ts";

const severities = ["info", "warning", "critical"] as const;

interface PolicyFormProps {
  /** Null: a new one. */
  readonly policy: EscalationPolicy | null;
  readonly targets: readonly NotificationTarget[];
  readonly onClose: () => void;
}

export function PolicyForm({ policy, targets, onClose }: PolicyFormProps): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const profiles = useQuery(deviceQueries.profiles()).data?.items ?? [];
  const [draft, setDraft] = useState(() => draftOfPolicy(policy, targets));
  const [isTried, setIsTried] = useState(false);
  const change = (part: Partial<typeof draft>): void => setDraft((before) => ({ ...before, ...part }));
  const read = readPolicy(draft, policy);
  const save = useChange({
    run: () => request(policyAt(policy), { method: "POST", body: read.input }),
    refreshes: ["escalation-policies"],
    done: t("escalation.policySaved"),
    onDone: onClose,
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setIsTried(true);
    if (read.fault === null) save.mutate();
  };
  return (
    <Modal
      isOpen
      onClose={onClose}
      title={t(policy === null ? "escalation.newPolicy" : "escalation.editPolicy")}
      className="sm:max-w-2xl"
    >
      <form onSubmit={submit} className="flex flex-col gap-4">
        <div className="grid gap-3 sm:grid-cols-2">
          <TextField
            label={t("profile.nameEn")}
            value={draft.nameEn}
            onChange={(event) => change({ nameEn: event.target.value })}
            testId="policy-name-en"
          />
          <TextField
            label={t("profile.nameZh")}
            value={draft.nameZh}
            onChange={(event) => change({ nameZh: event.target.value })}
            testId="policy-name-zh"
          />
          <SelectField
            label={t("escalation.minSeverity")}
            value={draft.minSeverity}
            onChange={(event) =>
              change({ minSeverity: severities.find((one) => one === event.target.value) ?? "warning" })
            }
          >
            {severities.map((severity) => (
              <option key={severity} value={severity}>
                {t(`severity.${severity}`)}
              </option>
            ))}
          </SelectField>
          <SelectField
            label={t("escalation.profile")}
            value={draft.profileId}
            hint={t("escalation.scopeHint")}
            testId="policy-profile"
            onChange={(event) => change({ profileId: event.target.value })}
          >
            <option value="">{t("escalation.anyProfile")}</option>
            {profiles.map((profile) => (
              <option key={profile.id} value={profile.id}>
                {format.text(profile.name)}
              </option>
            ))}
          </SelectField>
          <TextField
            label={t("escalation.rules")}
            value={draft.ruleIds}
            hint={t("escalation.rulesHint")}
            onChange={(event) => change({ ruleIds: event.target.value })}
          />
          <CheckField
            label={t("escalation.isOn")}
            checked={draft.isEnabled}
            onChange={(event) => change({ isEnabled: event.target.checked })}
            className="self-center"
          />
        </div>
        <Steps steps={draft.steps} targets={targets} onChange={(steps) => change({ steps })} />
        {isTried && read.fault !== null && (
          <p role="alert" className="text-bad">
            {t(`escalation.faults.${read.fault}`)}
          </p>
        )}
        <Submit change={save} testId="policy-save">
          {t("common.save")}
        </Submit>
      </form>
    </Modal>
  );
}

const policyAt = (policy: EscalationPolicy | null): string =>
  policy === null ? "/api/escalation-policies" : `/api/escalation-policies/${encodeURIComponent(policy.id)}`;

interface StepsProps {
  readonly steps: readonly StepDraft[];
  readonly targets: readonly NotificationTarget[];
  readonly onChange: (steps: readonly StepDraft[]) => void;
}

function Steps({ steps, targets, onChange }: StepsProps): ReactElement {
  const { t } = useTranslation();
  return (
    <fieldset className="flex flex-col gap-2">
      <legend className="mb-1 font-medium">{t("escalation.steps")}</legend>
      {steps.map((step, index) => (
        <StepRow
          key={step.row}
          step={step}
          number={index + 1}
          targets={targets}
          onChange={(change) => onChange(changeRow(steps, step.row, change))}
        />
      ))}
      {steps.length < escalationLimits.stepsMax && (
        <Button
          size="small"
          icon="plus"
          className="self-start"
          onClick={() => onChange([...steps, newStep(steps)])}
          data-testid="step-add"
        >
          {t("escalation.addStep")}
        </Button>
      )}
    </fieldset>
  );
}

interface StepRowProps {
  readonly step: StepDraft;
  readonly number: number;
  readonly targets: readonly NotificationTarget[];
  readonly onChange: (change: Partial<StepDraft> | null) => void;
}

function StepRow({ step, number, targets, onChange }: StepRowProps): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const toggle = (id: string): void =>
    onChange({
      targetIds: step.targetIds.includes(id)
        ? step.targetIds.filter((one) => one !== id)
        : [...step.targetIds, id],
    });
  const name = t("escalation.stepNumber", { step: number });
  return (
    <fieldset className="rounded-control border border-line bg-sunken p-3" data-testid="policy-step">
      <legend className="sr-only">{name}</legend>
      <div className="flex flex-wrap items-end gap-x-4 gap-y-2">
        <TextField
          label={`${name} · ${t("escalation.afterMinutes")}`}
          value={step.afterMinutes}
          inputMode="decimal"
          onChange={(event) => onChange({ afterMinutes: event.target.value })}
          className="w-44"
        />
        <div className="flex min-w-48 flex-1 flex-wrap gap-x-4 gap-y-1 pb-1.5">
          {targets.map((target) => (
            <CheckField
              key={target.id}
              label={format.text(target.name)}
              checked={step.targetIds.includes(target.id)}
              onChange={() => toggle(target.id)}
            />
          ))}
        </div>
        <Button
          look="quiet"
          icon="trash"
          onClick={() => onChange(null)}
          aria-label={t("profile.removeRow", { name })}
        />
      </div>
    </fieldset>
  );
}
