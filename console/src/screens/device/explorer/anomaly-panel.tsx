import type { AnomalySensitivity, AnomalyWatchView } from "@waremind/contract";
import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import type { SeriesSummary } from "../../../api/answers.ts";
import { request } from "../../../api/request.ts";
import { useMay } from "../../../api/use-may.ts";
import { useFormat } from "../../../format/use-format.ts";
import { useWords } from "../../../i18n/words.ts";
import { Badge, type Tone } from "../../../ui/badge.tsx";
import { Card } from "../../../ui/card.tsx";
import { CheckField } from "../../../ui/field.tsx";
import { FilterTabs } from "../../../ui/filter-bar.tsx";
import type { IconName } from "../../../ui/icon.tsx";
import { Loaded } from "../../../ui/states.tsx";
import { useChange } from "../../../ui/use-change.ts";
import { AnomalyList } from "./anomaly-list.tsx";
import type { Anomalies } from "./use-anomalies.ts";

const looks: Record<AnomalyWatchView["state"], { readonly tone: Tone; readonly icon: IconName }> = {
  off: { tone: "neutral", icon: "minus" },
  "reading-history": { tone: "cold", icon: "clock" },
  learning: { tone: "cold", icon: "clock" },
  watching: { tone: "good", icon: "check" },
};
const levels = ["low", "normal", "high"] as const;

/** Which of the series on screen are watched for what is unusual, and what stood out in the window. */
export function AnomalyPanel({ anomalies }: { readonly anomalies: Anomalies }): ReactElement {
  const { t } = useTranslation();
  const { watched, numbered } = anomalies;
  const isCut = watched.some(({ query }) => query.data?.isCut === true);
  return (
    <Card title={t("anomaly.title")} className="mt-4" isPadded={false}>
      <p className="px-4 pt-3 text-ink-soft">{t("anomaly.lead")}</p>
      <ul className="px-4 py-2">
        {watched.map(({ series, query }) => (
          <li key={series.key} className="border-line border-b py-2.5 last:border-b-0">
            <Loaded query={query} skeletonRows={1}>
              {(view) => <WatchRow series={series} view={view} />}
            </Loaded>
          </li>
        ))}
      </ul>
      <AnomalyList
        numbered={numbered}
        isCut={isCut}
        isOff={watched.every(({ query }) => isOff(query.data))}
      />
    </Card>
  );
}

const isOff = (view: AnomalyWatchView | undefined): boolean => view === undefined || view.state === "off";

function WatchRow({
  series,
  view,
}: {
  readonly series: SeriesSummary;
  readonly view: AnomalyWatchView;
}): ReactElement {
  const { t } = useTranslation();
  const words = useWords();
  const may = useMay();
  const label = words("seriesKey", series.key);
  const change = useChange<AnomalySensitivity | null>({
    run: (sensitivity) => {
      const path = `/api/series/${series.seriesId}/anomaly-watch`;
      return sensitivity === null
        ? request(path, { method: "DELETE" })
        : request(path, { method: "PUT", body: { sensitivity } });
    },
    refreshes: ["anomalies", "audit", "jobs"],
    failed: t("anomaly.failed"),
  });
  const isOn = view.state !== "off";
  const isLocked = !may("devices.write");
  // Not disabled meanwhile: a control that is loses the focus of whoever works with the keyboard.
  const ask = (sensitivity: AnomalySensitivity | null): void => {
    if (!change.isPending) change.mutate(sensitivity);
  };
  return (
    <div className="flex flex-wrap items-center gap-x-4 gap-y-2" data-testid={`watch-row-${series.key}`}>
      <CheckField
        label={t("anomaly.switch", { series: label })}
        role="switch"
        checked={isOn}
        disabled={isLocked}
        onChange={() => ask(isOn ? null : "normal")}
        testId={`watch-${series.key}`}
      />
      <Badge {...looks[view.state]}>{t(`anomaly.state.${view.state}`)}</Badge>
      {isOn && !isLocked && (
        <FilterTabs<AnomalySensitivity>
          label={t("anomaly.sensitivity", { series: label })}
          value={view.sensitivity ?? "normal"}
          onSelect={(next) => ask(next ?? "normal")}
          options={levels.map((value) => ({ value, label: t(`anomaly.level.${value}`) }))}
        />
      )}
      {isOn && isLocked && view.sensitivity !== null && (
        <span className="text-ink-soft">{t(`anomaly.level.${view.sensitivity}`)}</span>
      )}
      {isOn && <Standing view={view} unit={series.unit} />}
    </div>
  );
}

/** What is expected now, and how much it rests on. */
function Standing({
  view: { band, state, learnedCount },
  unit,
}: {
  readonly view: AnomalyWatchView;
  readonly unit: string | null;
}): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <p className="basis-full text-ink-soft text-small" aria-live="polite">
      {state === "learning" && `${t("anomaly.learning")} `}
      {state === "reading-history" && t("anomaly.readingHistory")}
      {band !== null &&
        `${t("anomaly.band", {
          time: format.instant(band.at, "full"),
          expected: format.quantity(band.expected, unit),
          low: format.quantity(band.low, unit),
          high: format.quantity(band.high, unit),
        })} `}
      {learnedCount > 0 && t("anomaly.learned", { count: learnedCount, number: format.number(learnedCount) })}
    </p>
  );
}
