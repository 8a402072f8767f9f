import type { JsonValue } from "@waremind/contract";
import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { classes } from "./classes.ts";

/** A JSON value as it is kept: text in quotes, so that "12" and 12 are told apart. */
export function JsonText({
  value,
  className,
}: {
  readonly value: JsonValue;
  readonly className?: string;
}): ReactElement {
  const { t } = useTranslation();
  if (value === null) return <span className="text-ink-faint">{t("common.none")}</span>;
  return (
    <code translate="no" className={classes("whitespace-pre-wrap break-all font-mono text-small", className)}>
      {JSON.stringify(value, null, typeof value === "object" ? 1 : 0)}
    </code>
  );
}
