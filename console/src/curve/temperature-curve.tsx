import "uplot/dist/uPlot.min.css";
import type { CustodyLeg, Excursion } from "@waremind/contract";
import {
  type Dispatch,
  type KeyboardEvent,
  type ReactElement,
  type SetStateAction,
  useEffect,
  useId,
  useRef,
  useState,
} from "react";
import { useTranslation } from "react-i18next";
import { useNow } from "../clock.ts";
import { type Format, useFormat } from "../format/use-format.ts";
import { useTheme } from "../shell/theme.ts";
import { Button } from "../ui/button.tsx";
import { type CurveChart, createCurveChart } from "./curve-chart.ts";
import { CurveLegend } from "./curve-legend.tsx";
import type { CurveOverlays } from "./curve-overlays.ts";
import { CurveSummary } from "./curve-summary.tsx";
import { CurveTable } from "./curve-table.tsx";
import { LegStrip } from "./leg-strip.tsx";
import { MarkedPoints } from "./marked-points.tsx";
import { nearestValue, type PreparedCurve } from "./prepare-curve.ts";

export interface TemperatureCurveProps {
  readonly curve: PreparedCurve;
  readonly unit: string | null;
  readonly label: string;
  readonly band?: { readonly min: number; readonly max: number } | null;
  readonly excursions?: readonly Excursion[];
  readonly alarmsAt?: readonly number[];
  readonly markedAt?: readonly number[];
  readonly legs?: readonly CustodyLeg[];
  readonly height?: number;
}

interface Range {
  readonly from: number;
  readonly to: number;
  readonly isZoomed: boolean;
}

const openEndRefreshMs = 30_000;
const none: readonly never[] = [];

/** A series over time with everything that is known about it, for eyes, keyboards and screen readers. */
export function TemperatureCurve(props: TemperatureCurveProps): ReactElement {
  const { curve, unit, label, band = null, excursions = none, alarmsAt = none, markedAt = none } = props;
  const { t } = useTranslation();
  const format = useFormat();
  const nowAt = useNow(openEndRefreshMs);
  const descriptionId = useId();
  const [index, setIndex] = useState<number | null>(null);
  const [range, setRange] = useState<Range | null>(null);
  const words = { gap: t("curve.gap"), ignored: t("curve.ignored"), excursion: t("curve.excursion") };
  const overlays: CurveOverlays = { curve, band, excursions, alarmsAt, markedAt, nowAt, words };
  const { hostRef, chartRef } = useChart({
    overlays,
    format,
    unit,
    height: props.height ?? 280,
    setIndex,
    setRange,
  });

  const move = (event: KeyboardEvent): void => {
    const step = { ArrowLeft: -1, ArrowRight: 1, PageUp: -20, PageDown: 20 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const next = Math.min(curve.times.length - 1, Math.max(0, (index ?? curve.times.length - 1) + step));
    chartRef.current?.point(next);
  };

  return (
    <figure
      data-testid="temperature-curve"
      data-points={curve.pointCount}
      data-marked={markedAt.length}
      className="min-w-0"
    >
      <div className="mb-2 flex min-h-7 flex-wrap items-center justify-between gap-x-4 gap-y-1">
        <ReadOut curve={curve} index={index} markedAt={markedAt} unit={unit} format={format} band={band} />
        {range?.isZoomed === true && (
          <Button size="small" look="quiet" icon="search" onClick={() => chartRef.current?.resetZoom()}>
            {t("curve.resetZoom")}
          </Button>
        )}
      </div>
      {props.legs !== undefined && props.legs.length > 0 && range !== null && (
        <LegStrip legs={props.legs} range={range} nowAt={nowAt} />
      )}
      {/* biome-ignore lint/a11y/useSemanticElements: a chart that arrow keys walk through has no element of its own. */}
      <div
        ref={hostRef}
        role="group"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys move the read-out, so it must take the focus.
        tabIndex={0}
        onKeyDown={move}
        aria-label={label}
        aria-describedby={descriptionId}
        className="w-full overflow-hidden rounded-control"
      />
      <CurveLegend overlays={overlays} />
      <figcaption id={descriptionId}>
        <CurveSummary curve={curve} unit={unit} />
      </figcaption>
      {markedAt.length > 0 && <MarkedPoints curve={curve} markedAt={markedAt} unit={unit} />}
      <CurveTable curve={curve} unit={unit} label={label} />
    </figure>
  );
}

interface ReadOutProps {
  readonly curve: PreparedCurve;
  readonly index: number | null;
  readonly markedAt: readonly number[];
  readonly unit: string | null;
  readonly format: Format;
  readonly band: { readonly min: number; readonly max: number } | null;
}

/** The value under the pointer; without one the first marked point, else the latest. */
function ReadOut({ curve, index, markedAt, unit, format, band }: ReadOutProps): ReactElement {
  const { t } = useTranslation();
  const at = index === null ? undefined : curve.times[index];
  const value = index === null ? undefined : curve.values[index];
  const pointed = at !== undefined && typeof value === "number" ? { at, value } : null;
  const marked = markedAt[0] === undefined ? null : nearestValue(curve, markedAt[0]);
  const shown = pointed ?? marked ?? curve.last;
  if (shown === null) return <span className="text-ink-soft">{t("curve.empty")}</span>;
  const side = band === null ? null : sideOf(shown.value, band);
  return (
    <p data-testid="curve-read-out" className="flex flex-wrap items-baseline gap-x-2.5">
      <span className="font-semibold text-title">{format.quantity(shown.value, unit)}</span>
      {side !== null && (
        <span className={side === "inside" ? "text-ink-soft" : "font-medium text-bad"}>
          {t(`curve.side.${side}`)}
        </span>
      )}
      <span className="text-ink-soft">{format.instant(shown.at, "full")}</span>
      {pointed === null && (
        <span className="text-ink-faint text-small">
          {t(marked === null ? "curve.latest" : "curve.markedWord")}
        </span>
      )}
    </p>
  );
}

function sideOf(
  value: number,
  band: { readonly min: number; readonly max: number },
): "above" | "below" | "inside" {
  if (value > band.max) return "above";
  return value < band.min ? "below" : "inside";
}

interface UseChartOptions {
  readonly overlays: CurveOverlays;
  readonly format: Format;
  readonly unit: string | null;
  readonly height: number;
  readonly setIndex: (index: number | null) => void;
  readonly setRange: Dispatch<SetStateAction<Range | null>>;
}

/** Builds the chart once per theme and language, feeds it on every change, and follows its box's width. */
function useChart({ overlays, format, unit, height, setIndex, setRange }: UseChartOptions) {
  const hostRef = useRef<HTMLDivElement>(null);
  const chartRef = useRef<CurveChart | null>(null);
  const overlaysRef = useRef(overlays);
  const theme = useTheme();
  overlaysRef.current = overlays;

  // biome-ignore lint/correctness/useExhaustiveDependencies: the theme is read from the page when the chart is built.
  useEffect(() => {
    const host = hostRef.current;
    if (host === null) return;
    const chart = createCurveChart(host, {
      width: host.clientWidth,
      height,
      timeZone: format.timeZone,
      overlays: () => overlaysRef.current,
      axisTime: (at, withDay) => format.instant(at, withDay ? "day-time" : "time"),
      axisValue: (value) => (unit === "Cel" ? `${format.number(value, 1)}°` : format.number(value, 1)),
      onCursor: setIndex,
      onRange: (range) => setRange((before) => (isSameRange(before, range) ? before : range)),
    });
    chartRef.current = chart;
    const observer = new ResizeObserver(() => chart.resize(host.clientWidth, height));
    observer.observe(host);
    return () => {
      observer.disconnect();
      chart.destroy();
      chartRef.current = null;
    };
  }, [theme, format, unit, height, setIndex, setRange]);

  const { curve, excursions, alarmsAt, markedAt, nowAt } = overlays;
  const { min, max } = overlays.band ?? { min: null, max: null };
  // biome-ignore lint/correctness/useExhaustiveDependencies: each of these is drawn, so each asks for a new drawing.
  useEffect(() => {
    chartRef.current?.draw(overlaysRef.current);
  }, [curve, min, max, excursions, alarmsAt, markedAt, nowAt]);

  return { hostRef, chartRef };
}

function isSameRange(one: Range | null, other: Range): boolean {
  return one !== null && one.from === other.from && one.to === other.to && one.isZoomed === other.isZoomed;
}
