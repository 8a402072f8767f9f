import type { ValueType } from "@waremind/contract";
import type { ReactElement, ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { unitSign } from "../../format/quantity.ts";
import { useFormat } from "../../format/use-format.ts";
import { Button } from "../../ui/button.tsx";
import { SelectField, TextField } from "../../ui/field.tsx";

export interface TextInputProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly hint?: ReactNode;
  readonly isNumber?: boolean;
  readonly isDisabled?: boolean;
  readonly className?: string;
  readonly testId?: string;
  readonly list?: string;
}

export function TextInput(props: TextInputProps): ReactElement {
  const { label, value, onChange, hint, isNumber, isDisabled, className, testId, list } = props;
  return (
    <TextField
      label={label}
      value={value}
      {...(hint === undefined ? {} : { hint })}
      {...(className === undefined ? {} : { className })}
      {...(testId === undefined ? {} : { testId })}
      {...(list === undefined ? {} : { list })}
      disabled={isDisabled === true}
      inputMode={isNumber === true ? "decimal" : "text"}
      autoComplete="off"
      spellCheck={false}
      onChange={(event) => onChange(event.target.value)}
    />
  );
}

const unitList = "ucum-units";
/** Units that devices of a shop measure in, as UCUM codes; any other may be typed. */
const commonUnits = [
  "Cel",
  "K",
  "[degF]",
  "%",
  "g",
  "kg",
  "m",
  "cm",
  "mm",
  "km",
  "L",
  "s",
  "min",
  "h",
  "V",
  "mV",
  "A",
  "mA",
  "W",
  "kW.h",
  "Hz",
  "Pa",
  "hPa",
  "bar",
  "lx",
  "m/s",
  "km/h",
  "deg",
  "dB[mW]",
  "[ppm]",
  "1",
] as const;

/** A unit by its UCUM code: common ones are offered, any other may be typed. */
export function UnitInput(props: Omit<TextInputProps, "label" | "list">): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const sign = props.value === "" ? "" : unitSign(props.value, format.language);
  return (
    <TextInput
      {...props}
      label={sign === "" || sign === props.value ? t("profile.unit") : `${t("profile.unit")} · ${sign}`}
      list={unitList}
    />
  );
}

/** The offered units, once on a screen. */
export function UnitList(): ReactElement {
  const format = useFormat();
  return (
    <datalist id={unitList}>
      {commonUnits.map((unit) => (
        <option key={unit} value={unit}>
          {unitSign(unit, format.language)}
        </option>
      ))}
    </datalist>
  );
}

interface RowFrameProps {
  readonly legend: string;
  readonly onRemove: () => void;
  readonly children: ReactNode;
}

/** One row of an editor in a frame of its own, with the button that takes it out. */
export function RowFrame({ legend, onRemove, children }: RowFrameProps): ReactElement {
  const { t } = useTranslation();
  return (
    <fieldset className="relative rounded-control border border-line bg-sunken p-3">
      <legend className="sr-only">{legend}</legend>
      <div className="flex flex-wrap items-end gap-3">
        {children}
        <Button
          look="quiet"
          icon="trash"
          onClick={onRemove}
          aria-label={t("profile.removeRow", { name: legend })}
          className="ml-auto"
        />
      </div>
    </fieldset>
  );
}

/** The rows with one of them changed or left out. */
export function changeRow<Row extends { readonly row: number }>(
  rows: readonly Row[],
  row: number,
  change: Partial<Row> | null,
): readonly Row[] {
  if (change === null) return rows.filter((one) => one.row !== row);
  return rows.map((one) => (one.row === row ? { ...one, ...change } : one));
}

interface TypeSelectProps<Type extends ValueType> {
  readonly types: readonly Type[];
  readonly value: Type;
  readonly onChange: (type: Type) => void;
  readonly testId?: string;
}

/** What kind of value it is: number, text and so on, as far as `types` goes. */
export function TypeSelect<Type extends ValueType>(props: TypeSelectProps<Type>): ReactElement {
  const { t } = useTranslation();
  const { types, value, onChange, testId } = props;
  return (
    <SelectField
      label={t("attribute.type")}
      value={value}
      testId={testId}
      className="w-32"
      onChange={(event) => onChange(types.find((one) => one === event.target.value) ?? value)}
    >
      {types.map((type: ValueType) => (
        <option key={type} value={type}>
          {t(`attribute.types.${type}`)}
        </option>
      ))}
    </SelectField>
  );
}

interface NumberDraft {
  readonly unit: string;
  readonly min: string;
  readonly max: string;
}

interface UnitAndRangeProps {
  readonly draft: NumberDraft;
  readonly onChange: (change: Partial<NumberDraft>) => void;
  /** Before `-unit`, `-min` and `-max`. */
  readonly testId: string;
}

/** What a number is measured in, and between which bounds it is believed. */
export function UnitAndRange({ draft, onChange, testId }: UnitAndRangeProps): ReactElement {
  const { t } = useTranslation();
  return (
    <>
      <UnitInput
        value={draft.unit}
        onChange={(unit) => onChange({ unit })}
        className="w-28"
        testId={`${testId}-unit`}
      />
      {(["min", "max"] as const).map((bound) => (
        <TextInput
          key={bound}
          label={t(`profile.${bound}`)}
          value={draft[bound]}
          onChange={(text) => onChange({ [bound]: text })}
          isNumber
          testId={`${testId}-${bound}`}
          className="w-20"
        />
      ))}
    </>
  );
}
