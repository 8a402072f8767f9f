import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { SelectField, TextAreaField } from "../../ui/field.tsx";
import { TextInput } from "./inputs.tsx";
import type { KeyDraft, RuleDraft } from "./profile-draft.ts";
import { countedKinds, directions, fenceSides } from "./rule-draft.ts";

interface RuleFieldsProps {
  readonly draft: RuleDraft;
  readonly keys: readonly KeyDraft[];
  readonly onChange: (change: Partial<RuleDraft>) => void;
}

/** The condition, by the fields of its kind. */
export function RuleFields(props: RuleFieldsProps): ReactElement {
  switch (props.draft.kind) {
    case "threshold":
      return (
        <>
          <KeySelect {...props} isNumber />
          <Numbers {...props} names={["above", "clearAbove", "below", "clearBelow", "forSeconds"]} />
        </>
      );
    case "rate-of-change":
      return (
        <>
          <KeySelect {...props} isNumber />
          <Choice {...props} name="direction" choices={directions} />
          <Numbers {...props} names={["perHour", "overSeconds", "forSeconds"]} />
        </>
      );
    case "absence":
      return (
        <>
          <KeySelect {...props} isOptional />
          <Numbers {...props} names={["intervals"]} />
        </>
      );
    case "geofence":
      return <FenceFields {...props} />;
    case "count-in-window":
      return (
        <>
          <KeySelect {...props} />
          <Choice {...props} name="countedIs" choices={countedKinds} />
          {props.draft.countedIs !== "any" && <Numbers {...props} names={["countedValue"]} />}
          <Numbers {...props} names={["count", "windowSeconds"]} />
        </>
      );
    case "expression":
      return <ExpressionFields {...props} />;
  }
}

function FenceFields(props: RuleFieldsProps): ReactElement {
  const { t } = useTranslation();
  const { draft, onChange } = props;
  const isCircle = draft.fenceShape === "circle";
  return (
    <>
      <KeySelect {...props} name="latitudeKey" isNumber />
      <KeySelect {...props} name="longitudeKey" isNumber />
      <Choice {...props} name="on" choices={fenceSides} />
      <Choice {...props} name="fenceShape" choices={["circle", "polygon"] as const} />
      <TextAreaField
        label={t(isCircle ? "rule.field.centre" : "rule.field.corners")}
        hint={t(isCircle ? "rule.centreHint" : "rule.cornersHint")}
        value={draft.fencePoints}
        rows={isCircle ? 1 : 4}
        spellCheck={false}
        onChange={(event) => onChange({ fencePoints: event.target.value })}
        className="min-w-56 flex-1"
        testId="rule-fence-points"
      />
      {isCircle && <Numbers {...props} names={["radiusMetres"]} />}
      <Numbers {...props} names={["forSeconds"]} />
    </>
  );
}

function ExpressionFields(props: RuleFieldsProps): ReactElement {
  const { t } = useTranslation();
  const { draft, keys, onChange } = props;
  const named = keys.map((one) => one.key).filter((key) => key !== "");
  return (
    <>
      <TextAreaField
        label={t("rule.field.expression")}
        hint={t("rule.expressionHint", { keys: named.join(", ") })}
        value={draft.expression}
        rows={2}
        maxLength={500}
        spellCheck={false}
        onChange={(event) => onChange({ expression: event.target.value })}
        className="w-full"
        testId="rule-expression"
      />
      <Numbers {...props} names={["forSeconds"]} />
    </>
  );
}

interface KeySelectProps extends RuleFieldsProps {
  readonly name?: "key" | "latitudeKey" | "longitudeKey";
  /** Only keys that are numbers. */
  readonly isNumber?: boolean;
  /** None chosen means any. */
  readonly isOptional?: boolean;
}

function KeySelect({
  draft,
  keys,
  onChange,
  name = "key",
  isNumber,
  isOptional,
}: KeySelectProps): ReactElement {
  const { t } = useTranslation();
  const fitting = keys.filter((one) => one.key !== "" && (isNumber !== true || one.type === "number"));
  const value = draft[name];
  const isKnown = fitting.some((one) => one.key === value);
  return (
    <SelectField
      label={t(name === "key" ? "profile.key" : `rule.field.${name}`)}
      value={isKnown ? value : ""}
      onChange={(event) => onChange({ [name]: event.target.value })}
      testId={`rule-${name}`}
      className="w-40"
    >
      <option value="">{t(isOptional === true ? "profile.anyKey" : "common.choose")}</option>
      {fitting.map((one) => (
        <option key={one.row} value={one.key}>
          {one.key}
        </option>
      ))}
    </SelectField>
  );
}

type NumberField =
  | "above"
  | "below"
  | "clearAbove"
  | "clearBelow"
  | "forSeconds"
  | "perHour"
  | "overSeconds"
  | "intervals"
  | "radiusMetres"
  | "countedValue"
  | "count"
  | "windowSeconds";

function Numbers({
  draft,
  onChange,
  names,
}: RuleFieldsProps & { readonly names: readonly NumberField[] }): ReactElement {
  const { t } = useTranslation();
  return (
    <>
      {names.map((name) => (
        <TextInput
          key={name}
          label={t(`rule.field.${name}`)}
          value={draft[name]}
          onChange={(text) => onChange({ [name]: text })}
          isNumber={name !== "countedValue"}
          testId={`rule-${name}`}
          className="w-36"
        />
      ))}
    </>
  );
}

type ChoiceField = "direction" | "on" | "countedIs" | "fenceShape";

interface ChoiceProps<Name extends ChoiceField> extends RuleFieldsProps {
  readonly name: Name;
  readonly choices: readonly RuleDraft[Name][];
}

function Choice<Name extends ChoiceField>({
  draft,
  onChange,
  name,
  choices,
}: ChoiceProps<Name>): ReactElement {
  const { t } = useTranslation();
  return (
    <SelectField
      label={t(`rule.field.${name as ChoiceField}`)}
      value={draft[name]}
      onChange={(event) =>
        onChange({ [name]: choices.find((one) => one === event.target.value) ?? draft[name] })
      }
      testId={`rule-${name}`}
      className="w-44"
    >
      {choices.map((choice) => (
        <option key={choice} value={choice}>
          {t(`rule.choice.${choice as RuleDraft[ChoiceField]}`)}
        </option>
      ))}
    </SelectField>
  );
}
