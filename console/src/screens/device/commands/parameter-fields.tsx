import type { CommandDefinition } from "@waremind/contract";
import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { unitSign } from "../../../format/quantity.ts";
import { useFormat } from "../../../format/use-format.ts";
import { SelectField, TextField } from "../../../ui/field.tsx";
import type { ParameterFault } from "./command-form.ts";

type Parameter = CommandDefinition["parameters"][number];

interface ParameterFieldsProps {
  readonly parameters: readonly Parameter[];
  readonly typed: Readonly<Record<string, string>>;
  readonly faults: Readonly<Record<string, ParameterFault | "json">>;
  readonly onChange: (name: string, text: string) => void;
}

export function ParameterFields({ parameters, typed, faults, onChange }: ParameterFieldsProps): ReactElement {
  const { t } = useTranslation();
  if (parameters.length === 0) return <p className="text-ink-soft">{t("command.noParameters")}</p>;
  return (
    <>
      {parameters.map((parameter) => (
        <ParameterField
          key={parameter.name}
          parameter={parameter}
          text={typed[parameter.name] ?? ""}
          fault={faults[parameter.name]}
          onChange={(text) => onChange(parameter.name, text)}
        />
      ))}
    </>
  );
}

interface ParameterFieldProps {
  readonly parameter: Parameter;
  readonly text: string;
  readonly fault: ParameterFault | "json" | undefined;
  readonly onChange: (text: string) => void;
}

function ParameterField({ parameter, text, fault, onChange }: ParameterFieldProps): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const range = useRange(parameter);
  const sign = parameter.unit === null ? "" : ` (${unitSign(parameter.unit, format.language)})`;
  const label = `${parameter.name}${sign}${parameter.isRequired ? ` · ${t("command.required")}` : ""}`;
  const hint = fault === undefined ? range : <FaultText fault={fault} range={range} />;
  const shared = { label, hint, testId: `parameter-${parameter.name}`, "aria-invalid": fault !== undefined };
  if (parameter.type === "boolean") {
    return (
      <SelectField {...shared} value={text} onChange={(event) => onChange(event.target.value)}>
        <option value="">{t("common.choose")}</option>
        <option value="true">{t("xray.yes")}</option>
        <option value="false">{t("xray.no")}</option>
      </SelectField>
    );
  }
  return (
    <TextField
      {...shared}
      value={text}
      required={parameter.isRequired}
      inputMode={parameter.type === "number" ? "decimal" : "text"}
      autoComplete="off"
      onChange={(event) => onChange(event.target.value)}
    />
  );
}

function FaultText({
  fault,
  range,
}: {
  readonly fault: ParameterFault | "json";
  readonly range: string | undefined;
}): ReactElement {
  const { t } = useTranslation();
  return (
    <span role="alert" className="text-bad">
      {t(`command.fault.${fault}`)} {range}
    </span>
  );
}

/** What a number may be, in words; undefined where anything goes. */
function useRange({ min, max, unit }: Parameter): string | undefined {
  const { t } = useTranslation();
  const format = useFormat();
  if (min !== null && max !== null)
    return t("command.range", { min: format.number(min, 6), max: format.quantity(max, unit) });
  if (min !== null) return t("command.atLeast", { min: format.quantity(min, unit) });
  return max === null ? undefined : t("command.atMost", { max: format.quantity(max, unit) });
}
