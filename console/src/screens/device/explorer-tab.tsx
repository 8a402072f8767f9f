import { useQueries } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { lazy, type ReactElement, Suspense, useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { DeviceDetail, SeriesSummary } from "../../api/answers.ts";
import { deviceAt } from "../../api/device-queries.ts";
import { queries } from "../../api/queries.ts";
import { withSearch } from "../../api/request.ts";
import { useNow } from "../../clock.ts";
import { useWords } from "../../i18n/words.ts";
import { buttonStyle } from "../../ui/button.tsx";
import { Card } from "../../ui/card.tsx";
import { Icon } from "../../ui/icon.tsx";
import { byInterest } from "../../ui/latest-text.ts";
import { EmptyState, ProblemNotice } from "../../ui/states.tsx";
import { AnomalyPanel } from "./explorer/anomaly-panel.tsx";
import { ExplorerControls, spans } from "./explorer/explorer-controls.tsx";
import { ExplorerTable } from "./explorer/explorer-table.tsx";
import { spreadOf } from "./explorer/spread.ts";
import { useAnomalies } from "./explorer/use-anomalies.ts";
import { parseWindow, pointsFor, seriesMax, type TimeWindow } from "./explorer/window.ts";

const Figure = lazy(async () => {
  const { ExplorerFigure } = await import("./explorer/explorer-figure.tsx");
  return { default: ExplorerFigure };
});
const route = getRouteApi("/app/devices/$deviceName");

/** Several series of the device over any span; the server is asked for what is in sight, as finely as it can be seen. */
export function ExplorerTab({ detail }: { readonly detail: DeviceDetail }): ReactElement {
  const { t } = useTranslation();
  const numeric = byInterest(detail.series.filter((series) => series.valueType === "number"));
  if (numeric.length === 0) {
    return (
      <Card>
        <EmptyState icon="curve" title={t("devices.noValues")} text={t("explorer.onlyNumbers")} />
      </Card>
    );
  }
  return <Explorer detail={detail} numeric={numeric} />;
}

interface ExplorerProps {
  readonly detail: DeviceDetail;
  readonly numeric: readonly SeriesSummary[];
}

function Explorer({ detail, numeric }: ExplorerProps): ReactElement {
  const { t } = useTranslation();
  const words = useWords();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { window, nowAt, isLive } = useWindow(search);
  const { ref, width } = useWidth();
  const chosen = chosenSeries(numeric, search["keys"]);
  const curves = useQueries({
    queries: chosen.map((series) => queries.curve(series.seriesId, window, pointsFor(width))),
  });
  const anomalies = useAnomalies(chosen, window);
  const silences = useQueries({ queries: chosen.map((series) => queries.gaps(series.seriesId, window)) });
  const interval = detail.device.expectedIntervalSeconds;
  const loaded = chosen.flatMap((series, index) => {
    const curve = curves[index]?.data;
    const recorded = silences[index]?.data?.gaps;
    const label = words("seriesKey", series.key);
    return curve === undefined ? [] : [{ key: series.key, label, curve, recorded }];
  });
  // The points themselves say when there is something new to draw; the answers are new objects on every render.
  const stamp = [...curves, ...silences].map((one) => one.dataUpdatedAt).join(",");
  // biome-ignore lint/correctness/useExhaustiveDependencies: the stamp stands for the answers, the keys for the choice.
  const figure = useMemo(
    () =>
      loaded.map(({ key, label, curve, recorded }) => ({
        key,
        label,
        unit: curve.unit,
        drawn: spreadOf({
          points: curve.points,
          buckets: curve.buckets,
          bucketMs: curve.bucketMs,
          expectedIntervalSeconds: interval,
          recorded: recorded?.map(({ from, to }) => ({ from, to: to ?? nowAt })),
        }),
      })),
    [stamp, loaded.map((one) => one.label).join("\n"), interval],
  );
  const setWindow = (next: TimeWindow): void =>
    void navigate({
      search: ({ span: _span, ...before }) => ({ ...before, from: String(next.from), to: String(next.to) }),
      replace: true,
    });
  const goLive = (span?: string): void =>
    void navigate({
      search: ({ from: _from, to: _to, ...before }) => ({
        ...before,
        ...(span === undefined ? {} : { span }),
      }),
      replace: true,
    });
  const failed = curves.find((one) => one.isError) ?? silences.find((one) => one.isError);
  return (
    <>
      <Card
        title={t("explorer.title")}
        aside={<ExportLinks detail={detail} chosen={chosen} window={window} />}
      >
        <ExplorerControls
          numeric={numeric}
          chosen={chosen}
          window={window}
          nowAt={nowAt}
          isLive={isLive}
          span={search["span"]}
          onWindow={setWindow}
          onLive={goLive}
          onChoose={(keys) => void navigate({ search: (before) => ({ ...before, keys }), replace: true })}
        />
        {failed !== undefined && (
          <ProblemNotice error={failed.error} onRetry={() => void failed.refetch()} className="mb-3" />
        )}
        <div ref={ref}>
          <Suspense fallback={<div className="skeleton h-[25rem]" />}>
            <Figure
              series={figure}
              marks={anomalies.marks}
              window={window}
              nowAt={nowAt}
              isBusy={curves.some((one) => one.isFetching)}
              onWindow={setWindow}
              onLive={() => goLive()}
            />
          </Suspense>
        </div>
        <ExplorerTable series={loaded} label={t("explorer.title")} />
      </Card>
      <AnomalyPanel anomalies={anomalies} />
    </>
  );
}

/** The series named in the address that there are; without any the first. */
function chosenSeries(numeric: readonly SeriesSummary[], keys: string | undefined): readonly SeriesSummary[] {
  const wanted = (keys ?? "").split(",");
  const found = wanted.flatMap((key) => numeric.filter((series) => series.key === key)).slice(0, seriesMax);
  return found.length > 0 ? found : numeric.slice(0, 1);
}

/** The fixed window of the address, or a span that ends now and moves on. */
function useWindow(search: { readonly from?: string; readonly to?: string; readonly span?: string }): {
  window: TimeWindow;
  nowAt: number;
  isLive: boolean;
} {
  const nowAt = useNow(5_000);
  const fixed = parseWindow(search.from, search.to);
  const spanMs = spans.find((one) => one.id === search.span)?.ms ?? spans[2].ms;
  // In steps of a five-hundredth, so that one answer serves many renders and the drawing still moves.
  const stepMs = Math.max(5_000, spanMs / 500);
  const to = Math.ceil(nowAt / stepMs) * stepMs;
  return { window: fixed ?? { from: to - spanMs, to }, nowAt, isLive: fixed === null };
}

/** The width of the drawing in pixels, followed. */
function useWidth() {
  const ref = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(800);
  useEffect(() => {
    const element = ref.current;
    if (element === null) return;
    setWidth(element.clientWidth);
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return { ref, width };
}

interface ExportLinksProps {
  readonly detail: DeviceDetail;
  readonly chosen: readonly SeriesSummary[];
  readonly window: TimeWindow;
}

const fileKinds = ["csv", "parquet"] as const;

/** Every reading in sight, as it was sent, in a file. */
function ExportLinks({ detail, chosen, window }: ExportLinksProps): ReactElement {
  const { t } = useTranslation();
  const search = {
    keys: chosen.map((series) => series.key).join(","),
    from: Math.round(window.from),
    to: Math.round(window.to),
  };
  return (
    <div className="flex gap-2">
      {fileKinds.map((kind) => (
        <a
          key={kind}
          href={withSearch(`${deviceAt(detail.device.name)}/readings.${kind}`, search)}
          download
          className={buttonStyle({ size: "small" })}
          data-testid={`explorer-${kind}`}
        >
          <Icon name="download" className="size-3.5" />
          {t(`explorer.${kind}`)}
        </a>
      ))}
    </div>
  );
}
