import { type UseQueryResult, useQueries } from "@tanstack/react-query";
import type { AnomalyWatchView } from "@waremind/contract";
import { useMemo } from "react";
import type { SeriesSummary } from "../../../api/answers.ts";
import { deviceQueries } from "../../../api/device-queries.ts";
import { type ChartMark, type NumberedAnomaly, numberAnomalies } from "./anomaly-marks.ts";
import type { TimeWindow } from "./window.ts";

export interface WatchedSeries {
  readonly series: SeriesSummary;
  readonly query: UseQueryResult<AnomalyWatchView>;
}

export interface Anomalies {
  readonly watched: readonly WatchedSeries[];
  readonly numbered: readonly NumberedAnomaly[];
  /** By the key of the series. */
  readonly marks: ReadonlyMap<string, readonly ChartMark[]>;
}

/** How each series on screen is watched, and what stood out in the window. */
export function useAnomalies(chosen: readonly SeriesSummary[], window: TimeWindow): Anomalies {
  const views = useQueries({
    queries: chosen.map((series) => deviceQueries.anomalies(series.seriesId, window)),
  });
  const stamp = views.map((one) => one.dataUpdatedAt).join(",");
  const keys = chosen.map((one) => one.key).join("\n");
  // biome-ignore lint/correctness/useExhaustiveDependencies: the stamp stands for the answers, the keys for the choice.
  const found = useMemo(() => {
    const numbered = numberAnomalies(
      chosen.map(({ key, unit }, index) => ({ key, unit, items: views[index]?.data?.items ?? [] })),
    );
    return { numbered, marks: Map.groupBy(numbered, ({ key }): string => key) };
  }, [stamp, keys]);
  const watched = chosen.flatMap((series, index) => {
    const query = views[index];
    return query === undefined ? [] : [{ series, query }];
  });
  return { watched, ...found };
}
