import {
  type MadeTarget,
  type NotificationTarget,
  type NotificationTargetInput,
  type TargetKind,
  targetKinds,
} from "@waremind/contract";
import { type FormEvent, type ReactElement, useState } from "react";
import { useTranslation } from "react-i18next";
import { request } from "../../api/request.ts";
import { CheckField, SelectField, TextAreaField, TextField } from "../../ui/field.tsx";
import { Modal } from "../../ui/modal.tsx";
import { Submit } from "../../ui/submit.tsx";
import { useChange } from "../../ui/use-change.ts";

interface TargetFormProps {
  /** Null: a new one. */
  readonly target: NotificationTarget | null;
  readonly onMade: (made: MadeTarget) => void;
  readonly onClose: () => void;
}

const defaultPerMinute = 10;

export function TargetForm({ target, onMade, onClose }: TargetFormProps): ReactElement {
  const { t } = useTranslation();
  const [kind, setKind] = useState<TargetKind>(target?.kind ?? "email");
  const save = useChange<NotificationTargetInput, MadeTarget | NotificationTarget>({
    run: (input) => request(targetAt(target), { method: "POST", body: input }),
    refreshes: ["notification-targets"],
    done: t("escalation.targetSaved"),
    onDone: (answer) => {
      if ("target" in answer) onMade(answer);
      onClose();
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    save.mutate(inputOf(kind, new FormData(event.currentTarget)));
  };
  return (
    <Modal
      isOpen
      onClose={onClose}
      title={t(target === null ? "escalation.newTarget" : "escalation.editTarget")}
      className="sm:max-w-xl"
    >
      <form onSubmit={submit} className="flex flex-col gap-4">
        <SelectField
          label={t("escalation.kindLabel")}
          value={kind}
          disabled={target !== null}
          onChange={(event) => setKind(targetKinds.find((one) => one === event.target.value) ?? "email")}
          testId="target-kind"
        >
          {targetKinds.map((one) => (
            <option key={one} value={one}>
              {t(`escalation.kind.${one}`)}
            </option>
          ))}
        </SelectField>
        <div className="grid gap-3 sm:grid-cols-2">
          <TextField
            name="nameEn"
            label={t("profile.nameEn")}
            defaultValue={target?.name.en ?? ""}
            required
            testId="target-name-en"
          />
          <TextField
            name="nameZh"
            label={t("profile.nameZh")}
            defaultValue={target?.name.zh ?? ""}
            required
            testId="target-name-zh"
          />
        </div>
        <Place kind={kind} target={target} />
        <div className="grid gap-3 sm:grid-cols-2">
          <SelectField
            name="language"
            label={t("escalation.languageLabel")}
            defaultValue={target?.language ?? "en"}
          >
            <option value="en">{t("escalation.language.en")}</option>
            <option value="zh">{t("escalation.language.zh")}</option>
          </SelectField>
          <TextField
            name="perMinuteMax"
            label={t("escalation.perMinuteLabel")}
            hint={t("escalation.perMinuteHint")}
            defaultValue={String(target?.perMinuteMax ?? defaultPerMinute)}
            type="number"
            min={1}
            max={600}
            required
          />
        </div>
        <CheckField
          name="isEnabled"
          label={t("escalation.isOn")}
          defaultChecked={target?.isEnabled ?? true}
        />
        <Submit change={save} testId="target-save">
          {t("common.save")}
        </Submit>
      </form>
    </Modal>
  );
}

function Place({
  kind,
  target,
}: {
  readonly kind: TargetKind;
  readonly target: NotificationTarget | null;
}): ReactElement | null {
  const { t } = useTranslation();
  switch (kind) {
    case "screen":
      return <p className="text-ink-soft">{t("escalation.screenText")}</p>;
    case "email":
      return (
        <TextAreaField
          name="addresses"
          label={t("escalation.addresses")}
          hint={t("escalation.addressesHint")}
          defaultValue={target?.addresses.join("\n") ?? ""}
          required
          spellCheck={false}
          testId="target-addresses"
        />
      );
    case "webhook":
      return (
        <TextField
          name="url"
          type="url"
          label={t("escalation.url")}
          hint={t("escalation.urlHint")}
          defaultValue={target?.url ?? ""}
          required
          spellCheck={false}
          testId="target-url"
        />
      );
  }
}

const targetAt = (target: NotificationTarget | null): string =>
  target === null
    ? "/api/notification-targets"
    : `/api/notification-targets/${encodeURIComponent(target.id)}`;

function inputOf(kind: TargetKind, form: FormData): NotificationTargetInput {
  const textOf = (name: string): string => String(form.get(name) ?? "").trim();
  const common = {
    name: { en: textOf("nameEn"), zh: textOf("nameZh") },
    language: textOf("language") === "zh" ? ("zh" as const) : ("en" as const),
    isEnabled: form.get("isEnabled") !== null,
    perMinuteMax: Number(textOf("perMinuteMax")),
  };
  switch (kind) {
    case "screen":
      return { ...common, kind };
    case "email":
      return {
        ...{ ...common, kind },
        addresses: textOf("addresses")
          .split(/[\s,;，；]+/u)
          .filter((address) => address !== ""),
      };
    case "webhook":
      return { ...common, kind, url: textOf("url") };
  }
}
