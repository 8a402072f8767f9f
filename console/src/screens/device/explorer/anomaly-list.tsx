import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { useFormat } from "../../../format/use-format.ts";
import { useWords } from "../../../i18n/words.ts";
import { DataTable } from "../../../ui/table.tsx";
import { marksMax, type NumberedAnomaly } from "./anomaly-marks.ts";

interface AnomalyListProps {
  readonly numbered: readonly NumberedAnomaly[];
  /** The server has more than it answered. */
  readonly isCut: boolean;
  readonly isOff: boolean;
}

/** The marks of the drawing as rows: what was measured against what was expected, and why it stood out. */
export function AnomalyList({ numbered, isCut, isOff }: AnomalyListProps): ReactElement | null {
  const { t } = useTranslation();
  const format = useFormat();
  const words = useWords();
  if (numbered.length === 0) {
    if (isOff) return null;
    return <p className="border-line border-t px-4 py-3 text-ink-soft">{t("anomaly.none")}</p>;
  }
  return (
    <div className="border-line border-t" data-testid="anomalies">
      <DataTable
        label={t("anomaly.list")}
        rows={numbered}
        keyOf={({ anomaly }) => anomaly.id}
        testIdOf={({ number }) => `anomaly-${number}`}
        columns={[
          { key: "mark", title: t("anomaly.mark"), cell: ({ number }) => <MarkNumber number={number} /> },
          { key: "at", title: t("common.time"), cell: ({ at }) => format.instant(at, "full") },
          {
            key: "series",
            title: t("anomaly.series"),
            cell: ({ key }) => words("seriesKey", key),
            from: "md",
          },
          {
            key: "value",
            title: t("anomaly.value"),
            isNumber: true,
            cell: ({ value, unit }) => (
              <strong className="font-semibold">{format.quantity(value, unit)}</strong>
            ),
          },
          {
            key: "expected",
            title: t("anomaly.expected"),
            isNumber: true,
            cell: ({ anomaly, unit }) => (
              <>
                {format.quantity(anomaly.expected, unit)}
                <span className="block text-ink-faint text-micro">
                  {t("anomaly.range", {
                    low: format.quantity(anomaly.low, unit),
                    high: format.quantity(anomaly.high, unit),
                  })}
                </span>
              </>
            ),
          },
          {
            key: "score",
            title: t("anomaly.score"),
            isNumber: true,
            from: "sm",
            cell: ({ anomaly }) => format.number(anomaly.score, 2),
          },
          {
            key: "reason",
            title: t("anomaly.reason"),
            cell: ({ anomaly }) => <span className="block min-w-40">{format.text(anomaly.sentence)}</span>,
          },
        ]}
      />
      {(isCut || numbered.length === marksMax) && (
        <p className="border-line border-t px-4 py-2 text-ink-faint text-small">
          {t("anomaly.cut", { count: numbered.length })}
        </p>
      )}
    </div>
  );
}

/** The diamond of the drawing, with its number in words beside it. */
function MarkNumber({ number }: { readonly number: number }): ReactElement {
  return (
    <span className="inline-flex items-center gap-1.5 font-medium">
      <svg viewBox="0 0 14 14" className="size-3.5 shrink-0 text-bad" aria-hidden="true">
        <path d="M7 1 13 7 7 13 1 7z" fill="none" stroke="currentColor" strokeWidth="1.6" />
      </svg>
      {number}
    </span>
  );
}
