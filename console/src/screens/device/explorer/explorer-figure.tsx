import "uplot/dist/uPlot.min.css";
import { type KeyboardEvent, type ReactElement, useEffect, useId, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useFormat } from "../../../format/use-format.ts";
import { useTheme } from "../../../shell/theme.ts";
import type { ChartMark } from "./anomaly-marks.ts";
import { createExplorerChart, type ExplorerChart } from "./explorer-chart.ts";
import { ExplorerLegend } from "./explorer-legend.tsx";
import { ExplorerSilences } from "./explorer-silences.tsx";
import type { FigureSeries } from "./figure-series.ts";
import { panWindow, type TimeWindow, zoomWindow } from "./window.ts";

export interface ExplorerFigureProps {
  readonly series: readonly FigureSeries[];
  /** What stood out, by the key of the series. */
  readonly marks: ReadonlyMap<string, readonly ChartMark[]>;
  readonly window: TimeWindow;
  /** Nothing can have been measured after it. */
  readonly nowAt: number;
  readonly isBusy: boolean;
  readonly onWindow: (window: TimeWindow) => void;
  readonly onLive: () => void;
}

const height = 340;
/** Narrower windows name the seconds on their axis. */
const secondsBelowMs = 15 * 60_000;

/** The drawing with its read-out; pointer and keyboard move and narrow the window. */
export function ExplorerFigure(props: ExplorerFigureProps): ReactElement {
  const { series, marks, window, nowAt, isBusy, onWindow, onLive } = props;
  const { t } = useTranslation();
  const descriptionId = useId();
  const [cursorAt, setCursorAt] = useState<number | null>(null);
  const hostRef = useExplorerChart({ series, marks, window, onWindow, setCursorAt });
  const move = (event: KeyboardEvent): void => {
    const middle = (window.from + window.to) / 2;
    const next: Partial<Record<string, () => void>> = {
      ArrowLeft: () => onWindow(panWindow(window, -0.2, nowAt)),
      ArrowRight: () => onWindow(panWindow(window, 0.2, nowAt)),
      PageUp: () => onWindow(panWindow(window, -1, nowAt)),
      PageDown: () => onWindow(panWindow(window, 1, nowAt)),
      "+": () => onWindow(zoomWindow(window, 0.5, middle)),
      "-": () => onWindow(zoomWindow(window, 2, middle)),
      Home: onLive,
    };
    const act = next[event.key];
    if (act === undefined) return;
    event.preventDefault();
    act();
  };
  return (
    <figure data-testid="explorer" data-series={series.length} aria-busy={isBusy} className="min-w-0">
      <ExplorerLegend series={series} cursorAt={cursorAt} />
      {/* biome-ignore lint/a11y/useSemanticElements: a chart that keys move has no element of its own. */}
      <div
        ref={hostRef}
        role="group"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the keys move the window, so it must take the focus.
        tabIndex={0}
        onKeyDown={move}
        aria-label={t("explorer.chart", { series: series.map((one) => one.label).join(", ") })}
        aria-describedby={descriptionId}
        className="w-full overflow-hidden rounded-control"
      />
      <figcaption id={descriptionId} className="mt-1 text-ink-faint text-small">
        {t("explorer.keys")}
        {series.some((one) => one.drawn.isSpread) && ` ${t("explorer.spread")}`}
        {marks.size > 0 && ` ${t("anomaly.figure")}`}
      </figcaption>
      <ExplorerSilences series={series} />
    </figure>
  );
}

interface UseChartOptions {
  readonly series: readonly FigureSeries[];
  readonly marks: ReadonlyMap<string, readonly ChartMark[]>;
  readonly window: TimeWindow;
  readonly onWindow: (window: TimeWindow) => void;
  readonly setCursorAt: (at: number | null) => void;
}

function drawLatest(
  chart: ExplorerChart,
  { series, marks }: Pick<UseChartOptions, "series" | "marks">,
): void {
  chart.draw(
    series.map((one) => one.drawn),
    series.map((one) => marks.get(one.key) ?? []),
  );
}

/** Builds the chart anew for other series, another theme or language; feeds it on every change. */
function useExplorerChart(options: UseChartOptions) {
  const { series, marks, window, setCursorAt } = options;
  const { t } = useTranslation();
  const format = useFormat();
  const theme = useTheme();
  const hostRef = useRef<HTMLDivElement>(null);
  const chartRef = useRef<ExplorerChart | null>(null);
  const latest = useRef(options);
  latest.current = options;
  const shape = series.map((one) => `${one.key}|${one.unit ?? ""}`).join("\n");

  // biome-ignore lint/correctness/useExhaustiveDependencies: the theme and the shape of the series are read when it is built.
  useEffect(() => {
    const host = hostRef.current;
    if (host === null) return;
    const chart = createExplorerChart(host, {
      width: host.clientWidth,
      height,
      timeZone: format.timeZone,
      series: latest.current.series,
      window: () => latest.current.window,
      axisTime: (at, withDay) => {
        const { from, to } = latest.current.window;
        if (withDay) return format.instant(at, "day-time");
        return format.instant(at, to - from < secondsBelowMs ? "time-seconds" : "time");
      },
      axisValue: (value) => format.number(value, 3),
      silence: t("curve.gap"),
      onWindow: (next) => latest.current.onWindow(next),
      onCursor: setCursorAt,
    });
    chartRef.current = chart;
    drawLatest(chart, latest.current);
    const observer = new ResizeObserver(() => chart.resize(host.clientWidth, height));
    observer.observe(host);
    return () => {
      observer.disconnect();
      chart.destroy();
      chartRef.current = null;
    };
  }, [theme, format, shape, setCursorAt]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new window moves the axis even when the points are still the old.
  useEffect(() => {
    if (chartRef.current !== null) drawLatest(chartRef.current, { series, marks });
  }, [series, marks, window.from, window.to]);

  return hostRef;
}
