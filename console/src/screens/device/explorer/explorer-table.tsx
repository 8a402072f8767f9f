import type { Curve } from "@waremind/contract";
import { type ReactElement, useState } from "react";
import { useTranslation } from "react-i18next";
import { useFormat } from "../../../format/use-format.ts";
import { Icon } from "../../../ui/icon.tsx";
import { DataTable } from "../../../ui/table.tsx";
import { tableRows } from "./spread.ts";

const rowsMax = 200;

interface ExplorerTableProps {
  readonly series: readonly { readonly label: string; readonly curve: Curve }[];
  readonly label: string;
}

/** The same points as rows, opened on request: for screen readers, and for reading exact values. */
export function ExplorerTable({ series, label }: ExplorerTableProps): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const [isOpen, setIsOpen] = useState(false);
  const total = series.reduce((sum, one) => sum + one.curve.rawCount, 0);
  return (
    <details className="mt-3 text-small" onToggle={(event) => setIsOpen(event.currentTarget.open)}>
      <summary className="inline-flex items-center gap-1.5 rounded-control px-1.5 py-1 text-ink-soft hover:bg-hover hover:text-ink">
        <Icon name="table" className="size-3.5" />
        {t("curve.table")}
      </summary>
      {isOpen && (
        <div className="mt-1 max-h-80 overflow-y-auto rounded-control border border-line">
          <DataTable
            label={label}
            rows={tableRows(
              series.map((one) => one.curve),
              rowsMax,
            )}
            keyOf={(row) => row.at}
            columns={[
              { key: "at", title: t("common.time"), cell: (row) => format.instant(row.at, "full") },
              ...series.map((one, index) => ({
                key: one.curve.key,
                title: one.label,
                isNumber: true,
                cell: (row: { readonly values: readonly (number | null)[] }) => {
                  const value = row.values[index];
                  return value === null || value === undefined ? "–" : format.quantity(value, one.curve.unit);
                },
              })),
            ]}
          />
          <p className="border-line border-t px-3 py-1.5 text-ink-faint">
            {t("explorer.tableNote", { rows: rowsMax, total: format.number(total) })}
          </p>
        </div>
      )}
    </details>
  );
}
