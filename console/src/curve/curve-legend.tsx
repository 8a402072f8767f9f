import type { ReactElement, ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useFormat } from "../format/use-format.ts";
import { classes } from "../ui/classes.ts";
import { Icon } from "../ui/icon.tsx";
import type { CurveOverlays } from "./curve-overlays.ts";

/** Names what the curve shows, and only what this one shows. */
export function CurveLegend({ overlays }: { readonly overlays: CurveOverlays }): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const { band, curve, excursions, alarmsAt, markedAt } = overlays;
  return (
    <ul className="mt-1.5 flex flex-wrap gap-x-4 gap-y-1 pl-12 text-ink-soft text-small max-sm:pl-1">
      {band !== null && (
        <Entry swatch="border-cold border-y border-dashed bg-cold-soft">
          {t("curve.band", { min: format.number(band.min, 1), max: format.number(band.max, 1) })}
        </Entry>
      )}
      {excursions.length > 0 && (
        <Entry swatch="border border-bad-line bg-bad-soft">{t("curve.excursion")}</Entry>
      )}
      {excursions.some((excursion) => excursion.countsFrom > excursion.leftBandAt) && (
        <Entry swatch="hatched border border-warn-line">{t("curve.ignoredLong")}</Entry>
      )}
      {curve.gaps.length > 0 && <Entry swatch="hatched border border-line">{t("curve.gapLong")}</Entry>}
      {alarmsAt.length > 0 && (
        <li className="flex items-center gap-1.5">
          <Icon name="alarm" className="size-3 text-warn" />
          {t("curve.alarm")}
        </li>
      )}
      {markedAt.length > 0 && (
        <Entry swatch="size-3 rounded-full border-2 border-ink">{t("curve.marked")}</Entry>
      )}
    </ul>
  );
}

function Entry({
  swatch,
  children,
}: {
  readonly swatch: string;
  readonly children: ReactNode;
}): ReactElement {
  return (
    <li className="flex items-center gap-1.5">
      <span className={classes("h-3 w-5 rounded-[3px]", swatch)} />
      {children}
    </li>
  );
}
