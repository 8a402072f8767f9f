import type { AttributeView, JsonValue } from "@waremind/contract";
import { type FormEvent, type ReactElement, useState } from "react";
import { useTranslation } from "react-i18next";
import type { ProposedChange } from "../../../api/answers.ts";
import { deviceAt } from "../../../api/device-queries.ts";
import { request } from "../../../api/request.ts";
import { SelectField, TextAreaField, TextField } from "../../../ui/field.tsx";
import { Modal } from "../../../ui/modal.tsx";
import { ProposalNotice } from "../../../ui/proposal-notice.tsx";
import { Submit } from "../../../ui/submit.tsx";
import { useAttemptKey } from "../../../ui/use-attempt-key.ts";
import { useChange } from "../../../ui/use-change.ts";
import { editableText, kindOf, parseValue, type ValueKind, valueKinds } from "./attribute-value.ts";

export interface AttributeEdit {
  readonly scope: "shared" | "server";
  /** The one to change; null: a new one. */
  readonly attribute: Pick<AttributeView, "key" | "value"> | null;
}

interface AttributeChangeInput {
  readonly values: Readonly<Record<string, JsonValue>>;
  readonly deletedKeys: readonly string[];
}

/** Changes of attributes: those of the device's own scope go through the guard, ours alone do not. */
export function useAttributeChange(deviceName: string, scope: AttributeEdit["scope"], onDone?: () => void) {
  const attempt = useAttemptKey();
  return useChange<AttributeChangeInput, ProposedChange | null>({
    run: async (change) => {
      if (scope === "server") {
        await request(`${deviceAt(deviceName)}/server-attributes`, { method: "POST", body: change });
        return null;
      }
      return request<ProposedChange>(`${deviceAt(deviceName)}/attributes`, {
        method: "POST",
        body: { ...change, idempotencyKey: attempt.keyFor(change) },
      });
    },
    refreshes: ["device-attributes", "approvals"],
    onDone: (answer) => {
      attempt.answered();
      if (answer === null || answer.decision.verdict === "allow") onDone?.();
    },
  });
}

interface EditAttributeProps {
  readonly deviceName: string;
  readonly edit: AttributeEdit;
  readonly onClose: () => void;
}

/** A key with a typed value; what is typed wrongly is said before anything is sent. */
export function EditAttribute({ deviceName, edit, onClose }: EditAttributeProps): ReactElement {
  const { t } = useTranslation();
  const change = useAttributeChange(deviceName, edit.scope, onClose);
  const [kind, setKind] = useState<ValueKind>(
    edit.attribute === null ? "number" : kindOf(edit.attribute.value),
  );
  const [text, setText] = useState(edit.attribute === null ? "" : editableText(edit.attribute.value));
  const [isTried, setIsTried] = useState(false);
  const parsed = parseValue(kind, text);
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    setIsTried(true);
    const key = edit.attribute?.key ?? String(new FormData(event.currentTarget).get("key") ?? "").trim();
    if (parsed.ok && key !== "") change.mutate({ values: { [key]: parsed.value }, deletedKeys: [] });
  };
  return (
    <Modal
      isOpen
      onClose={onClose}
      title={t(edit.attribute === null ? `attribute.add.${edit.scope}` : `attribute.edit.${edit.scope}`)}
    >
      <form onSubmit={submit} className="flex flex-col gap-4">
        <TextField
          name="key"
          label={t("attribute.key")}
          defaultValue={edit.attribute?.key ?? ""}
          readOnly={edit.attribute !== null}
          required
          maxLength={255}
          autoComplete="off"
          spellCheck={false}
          testId="attribute-key"
        />
        <SelectField
          label={t("attribute.type")}
          value={kind}
          onChange={(event) => setKind(valueKinds.find((one) => one === event.target.value) ?? "text")}
          testId="attribute-type"
        >
          {valueKinds.map((one) => (
            <option key={one} value={one}>
              {t(`attribute.types.${one}`)}
            </option>
          ))}
        </SelectField>
        <ValueField kind={kind} text={text} onChange={setText} />
        {isTried && !parsed.ok && (
          <p role="alert" className="text-bad">
            {t(`attribute.fault.${parsed.fault}`)}
          </p>
        )}
        {change.data != null && <ProposalNotice proposal={change.data} />}
        <Submit change={change} testId="attribute-submit">
          {t("attribute.save")}
        </Submit>
      </form>
    </Modal>
  );
}

interface ValueFieldProps {
  readonly kind: ValueKind;
  readonly text: string;
  readonly onChange: (text: string) => void;
}

function ValueField({ kind, text, onChange }: ValueFieldProps): ReactElement {
  const { t } = useTranslation();
  const label = t("attribute.value");
  if (kind === "boolean") {
    return (
      <SelectField
        label={label}
        value={text}
        onChange={(event) => onChange(event.target.value)}
        testId="attribute-value"
      >
        <option value="">{t("common.choose")}</option>
        <option value="true">true · {t("xray.yes")}</option>
        <option value="false">false · {t("xray.no")}</option>
      </SelectField>
    );
  }
  if (kind === "number") {
    return (
      <TextField
        label={label}
        value={text}
        inputMode="decimal"
        autoComplete="off"
        onChange={(event) => onChange(event.target.value)}
        testId="attribute-value"
      />
    );
  }
  return (
    <TextAreaField
      label={label}
      value={text}
      rows={kind === "json" ? 8 : 3}
      spellCheck={false}
      onChange={(event) => onChange(event.target.value)}
      testId="attribute-value"
      className="[&_textarea]:font-mono [&_textarea]:text-small"
    />
  );
}
