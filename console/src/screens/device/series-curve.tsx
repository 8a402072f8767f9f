import { useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { Curve as CurveAnswer } from "@waremind/contract";
import { type ReactElement, useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { DeviceDetail, SeriesSummary } from "../../api/answers.ts";
import { curvePointsMax, queries } from "../../api/queries.ts";
import { useLiveEvents } from "../../api/use-live.ts";
import { useNow } from "../../clock.ts";
import { Curve } from "../../curve/lazy-curve.tsx";
import { appendPoints, prepareCurve } from "../../curve/prepare-curve.ts";
import { useWords } from "../../i18n/words.ts";
import { Card } from "../../ui/card.tsx";
import { FilterTabs } from "../../ui/filter-bar.tsx";
import { byInterest } from "../../ui/latest-text.ts";
import { EmptyState, Loaded } from "../../ui/states.tsx";

const route = getRouteApi("/app/devices/$deviceName");
const hourMs = 3_600_000;
const spans = { "1h": hourMs, "6h": 6 * hourMs, "24h": 24 * hourMs, "7d": 168 * hourMs } as const;
type Span = keyof typeof spans;
/** The window moves on in steps of a minute, so that the same answer serves many renders. */
const stepMs = 60_000;
/** More series than this are for the explorer. */
const tabsMax = 8;

/** One numeric series of the device over a chosen span, following what is heard. */
export function SeriesCurve({ detail }: { readonly detail: DeviceDetail }): ReactElement {
  const { t } = useTranslation();
  const words = useWords();
  const { series: chosenKey, span: chosenSpan } = route.useSearch();
  const navigate = route.useNavigate();
  const numeric = byInterest(detail.series.filter((one) => one.valueType === "number")).slice(0, tabsMax);
  const series = numeric.find((one) => one.key === chosenKey) ?? numeric[0];
  const span: Span = chosenSpan !== undefined && chosenSpan in spans ? (chosenSpan as Span) : "6h";
  return (
    <Card
      title={series === undefined ? t("devices.curve") : words("seriesKey", series.key)}
      aside={
        <span className="flex flex-wrap gap-2 py-1">
          {numeric.length > 1 && (
            <FilterTabs
              label={t("devices.series")}
              value={series?.key}
              onSelect={(next) => void navigate({ search: (before) => ({ ...before, series: next }) })}
              options={numeric.map((one) => ({ value: one.key, label: words("seriesKey", one.key) }))}
            />
          )}
          <FilterTabs
            label={t("devices.span")}
            value={span}
            onSelect={(next) => void navigate({ search: (before) => ({ ...before, span: next }) })}
            options={(Object.keys(spans) as Span[]).map((value) => ({
              value,
              label: t(`devices.spans.${value}`),
            }))}
          />
        </span>
      }
    >
      {series === undefined ? (
        <EmptyState icon="curve" title={t("devices.noValues")} text={t("devices.noValuesText")} />
      ) : (
        <CurveOfSeries series={series} spanMs={spans[span]} detail={detail} />
      )}
    </Card>
  );
}

interface CurveOfSeriesProps {
  readonly series: SeriesSummary;
  readonly spanMs: number;
  readonly detail: DeviceDetail;
}

function CurveOfSeries({ series, spanMs, detail }: CurveOfSeriesProps): ReactElement {
  const { t } = useTranslation();
  const words = useWords();
  const nowAt = useNow(stepMs / 4);
  const to = Math.ceil(nowAt / stepMs) * stepMs;
  const query = queries.curve(series.seriesId, { from: to - spanMs, to });
  const curve = useQuery(query);
  const client = useQueryClient();
  useLiveEvents((event) => {
    if (event.kind !== "readings-stored") return;
    const fresh = event.points.filter((point) => point.seriesId === series.seriesId);
    if (fresh.length === 0) return;
    client.setQueryData<CurveAnswer>(query.queryKey, (before) =>
      before === undefined
        ? before
        : {
            ...before,
            points: [
              ...appendPoints(
                before.points,
                fresh.map((point) => [point.observedAt, point.number]),
              ),
            ],
            rawCount: before.rawCount + fresh.length,
          },
    );
  });
  return (
    <Loaded query={curve} skeletonRows={6}>
      {(answer) => (
        <PreparedSeries
          answer={answer}
          nowAt={nowAt}
          interval={detail.device.expectedIntervalSeconds}
          label={t("devices.curveOf", { series: words("seriesKey", series.key), device: detail.device.name })}
        />
      )}
    </Loaded>
  );
}

interface PreparedSeriesProps {
  readonly answer: CurveAnswer;
  readonly nowAt: number;
  readonly interval: number | null;
  readonly label: string;
}

function PreparedSeries({ answer, nowAt, interval, label }: PreparedSeriesProps): ReactElement {
  const { t } = useTranslation();
  const curve = useMemo(
    () =>
      prepareCurve({
        points: answer.points,
        expectedIntervalSeconds: interval,
        isDownsampled: answer.rawCount > answer.points.length || answer.rawCount > curvePointsMax,
        nowAt,
      }),
    [answer, interval, nowAt],
  );
  if (curve.pointCount === 0) {
    return <EmptyState icon="curve" title={t("curve.empty")} text={t("devices.tryLonger")} />;
  }
  return <Curve curve={curve} unit={answer.unit} label={label} height={260} />;
}
