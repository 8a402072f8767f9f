import { type ReactElement, type ReactNode, useId } from "react";
import { useTranslation } from "react-i18next";
import { classes } from "./classes.ts";
import { controlStyle } from "./field.tsx";
import { Icon } from "./icon.tsx";

export interface FilterOption<Value extends string> {
  readonly value: Value | undefined;
  readonly label: string;
  readonly count?: number;
}

export interface FilterTabsProps<Value extends string> {
  readonly label: string;
  readonly options: readonly FilterOption<Value>[];
  readonly value: Value | undefined;
  readonly onSelect: (value: Value | undefined) => void;
}

/** One choice out of a few, all visible. */
export function FilterTabs<Value extends string>(props: FilterTabsProps<Value>): ReactElement {
  const { label, options, value, onSelect } = props;
  return (
    <fieldset className="flex min-w-0 max-w-full gap-0.5 self-start overflow-x-auto rounded-control border border-line bg-sunken p-0.5">
      <legend className="sr-only">{label}</legend>
      {options.map((option) => (
        <button
          key={option.value ?? "all"}
          type="button"
          aria-pressed={option.value === value}
          onClick={() => onSelect(option.value)}
          className={classes(
            "h-7 shrink-0 rounded-[5px] border px-2.5 text-small -outline-offset-1",
            option.value === value
              ? "border-line-strong bg-surface font-medium text-ink shadow-card"
              : "border-transparent text-ink-soft hover:text-ink",
          )}
        >
          {option.label}
          {option.count !== undefined && <span className="ml-1.5 text-ink-faint">{option.count}</span>}
        </button>
      ))}
    </fieldset>
  );
}

export interface SearchBoxProps {
  readonly label: string;
  readonly value: string | undefined;
  readonly onChange: (value: string | undefined) => void;
}

export function SearchBox({ label, value, onChange }: SearchBoxProps): ReactElement {
  const id = useId();
  return (
    <div className="relative w-full sm:w-60">
      <label htmlFor={id} className="sr-only">
        {label}
      </label>
      <Icon name="search" className="pointer-events-none absolute top-2.5 left-2.5 size-3.5 text-ink-faint" />
      <input
        id={id}
        type="search"
        placeholder={label}
        value={value ?? ""}
        onChange={(event) => onChange(event.target.value === "" ? undefined : event.target.value)}
        className={classes(controlStyle, "h-8.5 pl-8")}
      />
    </div>
  );
}

/** The row of filters above a list, and how many rows are shown. */
export function FilterBar({
  children,
  shown,
  total,
}: {
  readonly children: ReactNode;
  readonly shown: number | undefined;
  readonly total: number | undefined;
}): ReactElement {
  const { t } = useTranslation();
  return (
    <div className="mb-3 flex flex-wrap items-center gap-2">
      {children}
      <span className="flex-1" />
      {shown !== undefined && total !== undefined && (
        <span role="status" className="text-ink-faint text-small">
          {t("common.showing", { shown, total })}
        </span>
      )}
    </div>
  );
}
