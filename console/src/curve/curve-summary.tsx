import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { useFormat } from "../format/use-format.ts";
import type { PreparedCurve } from "./prepare-curve.ts";

/** The curve in one sentence, for whoever does not see it. */
export function CurveSummary({
  curve,
  unit,
}: {
  readonly curve: PreparedCurve;
  readonly unit: string | null;
}): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const first = curve.times[0];
  if (curve.min === null || curve.max === null || curve.last === null || first === undefined) {
    return <span className="sr-only">{t("curve.empty")}</span>;
  }
  return (
    <span className="sr-only">
      {t("curve.summary", {
        count: curve.pointCount,
        from: format.instant(first, "full"),
        to: format.instant(curve.last.at, "full"),
        min: format.quantity(curve.min.value, unit),
        minAt: format.instant(curve.min.at, "full"),
        max: format.quantity(curve.max.value, unit),
        maxAt: format.instant(curve.max.at, "full"),
      })}{" "}
      {curve.gaps.map((gap) =>
        t("curve.summaryGap", {
          from: format.instant(gap.from, "full"),
          to: gap.isOpen ? t("curve.legOpen") : format.instant(gap.to, "full"),
        }),
      )}
    </span>
  );
}
