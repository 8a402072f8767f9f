import type { CurvePoint } from "@waremind/contract";
import { type ReactElement, useState } from "react";
import { useTranslation } from "react-i18next";
import { useFormat } from "../format/use-format.ts";
import { Icon } from "../ui/icon.tsx";
import { type PreparedCurve, samplePoints } from "./prepare-curve.ts";

/** Rows of the table; a curve of a thousand points is sampled, and the table says so. */
const tableRowsMax = 120;

export interface CurveTableProps {
  readonly curve: PreparedCurve;
  readonly unit: string | null;
  readonly label: string;
}

/** The same values as rows, opened on request. */
export function CurveTable({ curve, unit, label }: CurveTableProps): ReactElement {
  const { t } = useTranslation();
  const [isOpen, setIsOpen] = useState(false);
  return (
    <details className="mt-2 text-small" onToggle={(event) => setIsOpen(event.currentTarget.open)}>
      <summary className="inline-flex items-center gap-1.5 rounded-control px-1.5 py-1 text-ink-soft hover:bg-hover hover:text-ink">
        <Icon name="table" className="size-3.5" />
        {t("curve.table")}
      </summary>
      {isOpen && <Rows curve={curve} unit={unit} label={label} />}
    </details>
  );
}

function Rows({ curve, unit, label }: CurveTableProps): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const rows = samplePoints(pointsOf(curve), tableRowsMax);
  return (
    <div className="mt-1 max-h-72 overflow-y-auto rounded-control border border-line">
      <table className="w-full border-collapse text-left">
        <caption className="sr-only">{label}</caption>
        <thead className="sticky top-0 bg-surface text-ink-faint">
          <tr>
            <th scope="col" className="px-3 py-1.5 font-medium">
              {t("common.time")}
            </th>
            <th scope="col" className="px-3 py-1.5 text-right font-medium">
              {t("curve.value")}
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map(([at, value]) => (
            <tr key={at} className="border-line border-t">
              <td className="px-3 py-1">{format.instant(at, "full")}</td>
              <td className="px-3 py-1 text-right">{format.quantity(value, unit)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length < curve.pointCount && (
        <p className="border-line border-t px-3 py-1.5 text-ink-faint">
          {t("curve.sampled", { shown: rows.length, total: curve.pointCount })}
        </p>
      )}
    </div>
  );
}

function pointsOf(curve: PreparedCurve): readonly CurvePoint[] {
  return curve.times.flatMap((at, index): CurvePoint[] => {
    const value = curve.values[index];
    return typeof value === "number" ? [[at, value]] : [];
  });
}
