import uPlot from "uplot";
import { axisWidth } from "../../../curve/curve-chart.ts";
import { type CurveColours, readColours } from "../../../curve/curve-colours.ts";
import type { ChartMark } from "./anomaly-marks.ts";
import { drawMarks } from "./draw-marks.ts";
import { drawSilences } from "./draw-silences.ts";
import { lookOf } from "./series-looks.ts";
import { type DrawnSeries, loneReadings } from "./spread.ts";
import { type TimeWindow, zoomWindow } from "./window.ts";

export interface ChartSeries {
  readonly label: string;
  readonly unit: string | null;
}

export interface ExplorerChartOptions {
  readonly width: number;
  readonly height: number;
  readonly timeZone: string;
  readonly series: readonly ChartSeries[];
  readonly window: () => TimeWindow;
  readonly axisTime: (at: number, withDay: boolean) => string;
  readonly axisValue: (value: number) => string;
  /** What stands in a stretch of silence. */
  readonly silence: string;
  /** A new window was chosen with the pointer. */
  readonly onWindow: (window: TimeWindow) => void;
  readonly onCursor: (at: number | null) => void;
}

export interface ExplorerChart {
  /** `marks`: of each series, what stood out in it. */
  draw(series: readonly DrawnSeries[], marks: readonly (readonly ChartMark[])[]): void;
  resize(width: number, height: number): void;
  destroy(): void;
}

const dayMs = 86_400_000;
const columnsPerSeries = 3;
const wheelFactor = 1.25;

/** Several series over one time axis; series of one unit share a scale, the first two units have an axis. */
export function createExplorerChart(host: HTMLElement, options: ExplorerChartOptions): ExplorerChart {
  const colours = readColours();
  let drawn: readonly DrawnSeries[] = [];
  let marked: readonly (readonly ChartMark[])[] = [];
  const chart = new uPlot(
    {
      width: options.width,
      height: options.height,
      ms: 1,
      padding: [8, unitsOf(options).length > 1 ? 0 : 14, 0, 0],
      legend: { show: false },
      tzDate: (at) => uPlot.tzDate(new Date(at), options.timeZone),
      cursor: {
        y: false,
        drag: { x: true, y: false, dist: 6, setScale: false },
        points: { size: 7 },
        bind: { mousedown: (_chart, _target, handler) => (event) => (isPan(event) ? null : handler(event)) },
      },
      scales: scalesOf(options),
      axes: axesOf(options, colours),
      series: seriesOf(options, colours),
      bands: options.series.map((_, index) => ({
        series: [index * columnsPerSeries + 3, index * columnsPerSeries + 2] as [number, number],
        fill: `color-mix(in oklch, ${colours[lookOf(index).token]} 22%, transparent)`,
      })),
      hooks: {
        setCursor: [({ cursor, data }) => options.onCursor(data[0][cursor.idx ?? -1] ?? null)],
        setSelect: [(self) => takeSelection(self, options.onWindow)],
        drawClear: [(self) => drawSilences(self, drawn, { colours, word: options.silence })],
        draw: [
          (self) => {
            for (const [index, one] of options.series.entries())
              drawMarks(self, scaleOf(one), { marks: marked[index] ?? [], colours });
          },
        ],
      },
    },
    emptyData(options),
    host,
  );
  const forget = listenForPanAndZoom(chart, options);
  return {
    draw(series, marks) {
      marked = marks;
      drawn = series;
      chart.setData(series.length === 0 ? emptyData(options) : joined(series), true);
    },
    resize: (width, height) => chart.setSize({ width, height }),
    destroy() {
      forget();
      chart.destroy();
    },
  };
}

const isPan = (event: MouseEvent): boolean => event.shiftKey || event.button === 1;

function takeSelection(chart: uPlot, onWindow: (window: TimeWindow) => void): void {
  const { left, width } = chart.select;
  if (width <= 0) return;
  const from = Math.round(chart.posToVal(left, "x"));
  const to = Math.round(chart.posToVal(left + width, "x"));
  chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  if (to > from) onWindow({ from, to });
}

/** The wheel zooms while the chart has the focus or Ctrl is held; Shift and drag, or the middle button, moves it. */
function listenForPanAndZoom(chart: uPlot, options: ExplorerChartOptions): () => void {
  const { over } = chart;
  const zoom = (event: WheelEvent): void => {
    const hasFocus = over.closest("[tabindex]") === document.activeElement;
    if (!(event.ctrlKey || event.metaKey || hasFocus)) return;
    event.preventDefault();
    const around = chart.posToVal(event.clientX - over.getBoundingClientRect().left, "x");
    options.onWindow(zoomWindow(options.window(), event.deltaY > 0 ? wheelFactor : 1 / wheelFactor, around));
  };
  const pan = (start: PointerEvent): void => {
    if (!isPan(start)) return;
    start.preventDefault();
    const began = options.window();
    const msPerPixel = (began.to - began.from) / Math.max(1, over.clientWidth);
    const moved = (event: PointerEvent): TimeWindow => {
      const by = Math.round((start.clientX - event.clientX) * msPerPixel);
      return { from: began.from + by, to: began.to + by };
    };
    const move = (event: PointerEvent): void => {
      const { from, to } = moved(event);
      chart.setScale("x", { min: from, max: to });
    };
    const end = (event: PointerEvent): void => {
      over.removeEventListener("pointermove", move);
      options.onWindow(moved(event));
    };
    over.setPointerCapture(start.pointerId);
    over.addEventListener("pointermove", move);
    over.addEventListener("pointerup", end, { once: true });
  };
  over.addEventListener("wheel", zoom, { passive: false });
  over.addEventListener("pointerdown", pan);
  return () => {
    over.removeEventListener("wheel", zoom);
    over.removeEventListener("pointerdown", pan);
  };
}

function unitsOf({ series }: ExplorerChartOptions): readonly string[] {
  return [...new Set(series.map((one) => scaleOf(one)))];
}

const scaleOf = (series: ChartSeries): string => `unit:${series.unit ?? ""}`;

function scalesOf(options: ExplorerChartOptions): uPlot.Scales {
  const scales: uPlot.Scales = {
    x: {
      time: true,
      range: (_chart, min, max) => {
        const { from, to } = options.window();
        // While it is being moved by hand the chart's own wish counts; its data then asks for the whole window again.
        return min !== max && (min < from || max > to) && max - min === to - from ? [min, max] : [from, to];
      },
    },
  };
  for (const unit of unitsOf(options)) {
    scales[unit] = {
      range: (_chart, min, max) => {
        const air = Math.max(((max ?? 1) - (min ?? 0)) * 0.08, 1e-9);
        return min === null || max === null ? [0, 1] : [min - air, max + air];
      },
    };
  }
  return scales;
}

function axesOf(options: ExplorerChartOptions, colours: CurveColours): uPlot.Axis[] {
  const shared = { stroke: colours.inkFaint, font: `11px ${colours.font}`, ticks: { show: false }, gap: 6 };
  const [first, second] = unitsOf(options);
  const valueAxis = (scale: string, side: 1 | 3): uPlot.Axis => ({
    ...shared,
    scale,
    side,
    size: axisWidth + 6,
    space: 34,
    grid: { show: side === 3, stroke: colours.line, width: 1 },
    values: (_chart, splits) => splits.map((value) => options.axisValue(value)),
  });
  return [
    {
      ...shared,
      size: 28,
      space: 78,
      grid: { show: false },
      border: { show: true, stroke: colours.line, width: 1 },
      values: (_chart, splits) => {
        const { from, to } = options.window();
        return splits.map((at) => options.axisTime(at, to - from > dayMs));
      },
    },
    ...(first === undefined ? [] : [valueAxis(first, 3)]),
    ...(second === undefined ? [] : [valueAxis(second, 1)]),
  ];
}

function seriesOf(options: ExplorerChartOptions, colours: CurveColours): uPlot.Series[] {
  const edge = { stroke: "transparent", width: 0, points: { show: false } };
  return [
    {},
    ...options.series.flatMap((series, index): uPlot.Series[] => {
      const look = lookOf(index);
      const scale = scaleOf(series);
      return [
        {
          ...{ scale, stroke: colours[look.token], width: 1.6, dash: [...look.dash] },
          points: {
            ...{ show: false, size: 4, fill: colours[look.token], stroke: colours[look.token] },
            filter: (self, index) => loneReadings(self.data[index] ?? []),
          },
        },
        { ...edge, scale },
        { ...edge, scale },
      ];
    }),
  ];
}

/** One time column for all series: a hole made by joining is bridged, a silence of the device stays a break. */
function joined(series: readonly DrawnSeries[]): uPlot.AlignedData {
  return uPlot.join(
    series.map((one): uPlot.AlignedData => [[...one.times], [...one.values], [...one.lows], [...one.highs]]),
  );
}

function emptyData(options: ExplorerChartOptions): uPlot.AlignedData {
  const columns = options.series.length * columnsPerSeries;
  return [[], ...Array.from({ length: columns }, () => [] as number[])];
}
