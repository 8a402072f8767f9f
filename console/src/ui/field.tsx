import type {
  InputHTMLAttributes,
  ReactElement,
  ReactNode,
  SelectHTMLAttributes,
  TextareaHTMLAttributes,
} from "react";
import { useId } from "react";
import { classes } from "./classes.ts";

export const controlStyle =
  "w-full rounded-control border border-line-strong bg-surface px-2.5 text-ink shadow-card placeholder:text-ink-faint hover:border-ink-faint focus-visible:border-accent focus-visible:outline-offset-0";

interface FieldProps {
  readonly label: ReactNode;
  readonly hint?: ReactNode;
  readonly testId?: string | undefined;
}

/** What every control says about itself to its label and its hint. */
const controlProps = (id: string, { hint, testId }: Pick<FieldProps, "hint" | "testId">) => ({
  id,
  "data-testid": testId,
  "aria-describedby": hint === undefined ? undefined : `${id}-hint`,
});

function Hint({ id, hint }: { readonly id: string; readonly hint: ReactNode }): ReactElement | null {
  return hint === undefined ? null : (
    <p id={`${id}-hint`} className="text-ink-faint text-small">
      {hint}
    </p>
  );
}

interface LabelledProps extends Pick<FieldProps, "label" | "hint"> {
  readonly id: string;
  readonly className: string | undefined;
  readonly children: ReactNode;
}

/** A control under its label and above its hint. */
function Labelled({ id, label, hint, className, children }: LabelledProps): ReactElement {
  return (
    <div className={classes("flex flex-col gap-1", className)}>
      <label htmlFor={id} className="font-medium text-ink-soft text-small">
        {label}
      </label>
      {children}
      <Hint id={id} hint={hint} />
    </div>
  );
}

export function TextField({
  label,
  hint,
  testId,
  className,
  ...rest
}: FieldProps & InputHTMLAttributes<HTMLInputElement>): ReactElement {
  const id = useId();
  return (
    <Labelled id={id} label={label} hint={hint} className={className}>
      <input {...controlProps(id, { hint, testId })} className={classes(controlStyle, "h-9")} {...rest} />
    </Labelled>
  );
}

export function TextAreaField({
  label,
  hint,
  testId,
  className,
  ...rest
}: FieldProps & TextareaHTMLAttributes<HTMLTextAreaElement>): ReactElement {
  const id = useId();
  return (
    <Labelled id={id} label={label} hint={hint} className={className}>
      <textarea
        {...controlProps(id, { hint, testId })}
        className={classes(controlStyle, "min-h-16 py-1.5")}
        {...rest}
      />
    </Labelled>
  );
}

export function SelectField({
  label,
  hint,
  testId,
  className,
  children,
  ...rest
}: FieldProps & SelectHTMLAttributes<HTMLSelectElement>): ReactElement {
  const id = useId();
  return (
    <Labelled id={id} label={label} hint={hint} className={className}>
      <select {...controlProps(id, { hint, testId })} className={classes(controlStyle, "h-9")} {...rest}>
        {children}
      </select>
    </Labelled>
  );
}

export function CheckField({
  label,
  hint,
  testId,
  className,
  ...rest
}: FieldProps & InputHTMLAttributes<HTMLInputElement>): ReactElement {
  const id = useId();
  return (
    <div className={classes("flex items-start gap-2", className)}>
      <input
        {...controlProps(id, { hint, testId })}
        type="checkbox"
        className="mt-0.5 size-4 shrink-0 accent-(--accent)"
        {...rest}
      />
      <div className="min-w-0">
        <label htmlFor={id}>{label}</label>
        <Hint id={id} hint={hint} />
      </div>
    </div>
  );
}
