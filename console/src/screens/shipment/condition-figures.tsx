import type { Band, Condition } from "@waremind/contract";
import type { ReactElement, ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { formatCelsius } from "../../format/quantity.ts";
import { useFormat } from "../../format/use-format.ts";
import { Age } from "../../ui/age.tsx";
import { classes } from "../../ui/classes.ts";
import { Icon, type IconName } from "../../ui/icon.tsx";

interface ConditionFiguresProps {
  readonly condition: Condition;
  readonly band: Band | null;
}

/** The condition in numbers: each with its unit, its time or its limit. */
export function ConditionFigures({ condition, band }: ConditionFiguresProps): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const { lastAt, maxAt, meanKineticCelsius } = condition;
  return (
    <dl className="grid grid-cols-2 gap-px overflow-hidden rounded-card border border-line bg-line shadow-card md:grid-cols-4">
      <Figure label={t("shipment.latest")} note={lastAt === null ? "" : <Age at={lastAt} />}>
        {celsius(condition.lastCelsius)}
      </Figure>
      <Trend condition={condition} />
      <Figure
        label={t("shipment.highest")}
        note={maxAt === null ? "" : format.instant(maxAt)}
        warn={band !== null && condition.maxCelsius !== null && condition.maxCelsius > band.maxCelsius}
      >
        {celsius(condition.maxCelsius)}
      </Figure>
      <Figure label={t("shipment.lowest")} note={bandNote(t("shipment.bandNote"), band, format.number)}>
        {celsius(condition.minCelsius)}
      </Figure>
      <Figure
        label={t("shipment.excursion")}
        note={
          band === null
            ? ""
            : t("shipment.excursionLimit", { limit: format.minutes(band.excursionMinutesMax) })
        }
        warn={condition.excursionMinutes > 0}
      >
        {format.minutes(condition.excursionMinutes)}
      </Figure>
      <Figure
        label={t("shipment.kinetic")}
        note={
          band?.meanKineticLimitCelsius === null || band === null
            ? t("shipment.kineticNoLimit")
            : t("shipment.kineticLimit", { limit: formatCelsius(band.meanKineticLimitCelsius) })
        }
      >
        {meanKineticCelsius === null ? "–" : formatCelsius(meanKineticCelsius, 2)}
      </Figure>
      <Figure label={t("shipment.gaps")} note={t("shipment.gapCount", { count: condition.gaps.length })}>
        {format.minutes(condition.gapMinutes)}
      </Figure>
      <Figure
        label={t("shipment.readings")}
        note={
          condition.firstAt === null ? "" : t("shipment.since", { time: format.instant(condition.firstAt) })
        }
      >
        {format.number(condition.readingCount)}
      </Figure>
    </dl>
  );
}

function celsius(value: number | null): string {
  return value === null ? "–" : formatCelsius(value);
}

function bandNote(label: string, band: Band | null, number: (value: number) => string): string {
  return band === null ? "" : `${label} ${number(band.minCelsius)} – ${number(band.maxCelsius)} °C`;
}

function Trend({ condition }: { readonly condition: Condition }): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const { ratePerHour, minutesToLimit } = condition;
  const sign = ratePerHour !== null && ratePerHour > 0 ? "+" : "";
  const isNear = minutesToLimit !== null;
  return (
    <Figure
      label={t("shipment.trend")}
      warn={isNear}
      icon={isNear ? "rising" : undefined}
      note={isNear ? t("shipment.toLimit", { time: format.minutes(minutesToLimit) }) : t("shipment.steady")}
    >
      {ratePerHour === null ? "–" : `${sign}${format.number(ratePerHour, 1)} °C/h`}
    </Figure>
  );
}

interface FigureProps {
  readonly label: string;
  readonly note: ReactNode;
  readonly warn?: boolean;
  readonly icon?: IconName | undefined;
  readonly children: ReactNode;
}

function Figure({ label, note, warn = false, icon = "alarm", children }: FigureProps): ReactElement {
  return (
    <div className="bg-surface px-4 py-2.5">
      <dt className="text-ink-soft text-small">{label}</dt>
      <dd className="flex items-center gap-1.5 font-semibold text-title">
        {warn && <Icon name={icon} className="size-3.5 text-bad" />}
        {children}
      </dd>
      <dd className={classes("min-h-[1.125rem] text-small", warn ? "text-bad" : "text-ink-faint")}>{note}</dd>
    </div>
  );
}
