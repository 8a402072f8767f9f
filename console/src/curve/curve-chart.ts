import uPlot from "uplot";
import { type CurveColours, readColours } from "./curve-colours.ts";
import { type CurveOverlays, drawOver, drawUnder, lineColour } from "./curve-overlays.ts";
import { lonePoints } from "./prepare-curve.ts";

/** Width of the value axis and of the right margin; the strip of custody legs above aligns with them. */
export const axisWidth = 48;
export const rightMargin = 14;

const dayMs = 86_400_000;

export interface ChartOptions {
  readonly width: number;
  readonly height: number;
  readonly timeZone: string;
  readonly overlays: () => CurveOverlays;
  readonly axisTime: (at: number, withDay: boolean) => string;
  readonly axisValue: (value: number) => string;
  readonly onCursor: (index: number | null) => void;
  readonly onRange: (range: {
    readonly from: number;
    readonly to: number;
    readonly isZoomed: boolean;
  }) => void;
}

export interface CurveChart {
  draw(overlays: CurveOverlays): void;
  resize(width: number, height: number): void;
  resetZoom(): void;
  /** Moves the read-out to a point, for the keyboard. */
  point(index: number): void;
  destroy(): void;
}

/** The chart itself: uPlot with this product's overlays. */
export function createCurveChart(host: HTMLElement, options: ChartOptions): CurveChart {
  const colours = readColours();
  let isZoomed = false;
  const whole = (): { min: number; max: number } => wholeSpan(options.overlays());
  const chart = new uPlot(
    {
      width: options.width,
      height: options.height,
      ms: 1,
      padding: [6, rightMargin, 0, 0],
      legend: { show: false },
      tzDate: (at) => uPlot.tzDate(new Date(at), options.timeZone),
      cursor: {
        y: false,
        drag: { x: true, y: false, dist: 6 },
        points: { size: 9, width: 2, stroke: colours.accent, fill: colours.surface },
      },
      scales: {
        x: { time: true, range: (_chart, min, max) => (isZoomed ? [min, max] : [whole().min, whole().max]) },
        y: { range: (_chart, min, max) => valueSpan(min, max, options.overlays().band) },
      },
      axes: axesOf(colours, options),
      series: [
        {},
        {
          stroke: (self) => lineColour(self, options.overlays().band, colours),
          width: 1.75,
          spanGaps: false,
          points: {
            show: false,
            ...{ size: 5, fill: colours.accent, stroke: colours.accent },
            filter: (self, index) => lonePoints(self.data[index] ?? []),
          },
        },
      ],
      hooks: {
        drawClear: [(self) => drawUnder(self, options.overlays(), colours)],
        draw: [(self) => drawOver(self, options.overlays(), colours)],
        setCursor: [(self) => options.onCursor(self.cursor.idx ?? null)],
        setSelect: [
          (self) => {
            if (self.select.width > 0) isZoomed = true;
          },
        ],
        setScale: [
          (self, key) => {
            const { min, max } = self.scales["x"] ?? {};
            if (key !== "x" || typeof min !== "number" || typeof max !== "number") return;
            const all = whole();
            isZoomed = min > all.min + 1 || max < all.max - 1;
            options.onRange({ from: min, to: max, isZoomed });
          },
        ],
      },
    },
    dataOf(options.overlays()),
    host,
  );
  return {
    draw: (overlays) => chart.setData(dataOf(overlays), !isZoomed),
    resize: (width, height) => chart.setSize({ width, height }),
    resetZoom() {
      isZoomed = false;
      chart.setScale("x", whole());
    },
    point(index) {
      const at = chart.data[0][index];
      const value = chart.data[1]?.[index];
      if (at === undefined) return;
      chart.setCursor({ left: chart.valToPos(at, "x"), top: chart.valToPos(value ?? 0, "y") });
    },
    destroy: () => chart.destroy(),
  };
}

function axesOf(colours: CurveColours, options: ChartOptions): uPlot.Axis[] {
  const shared = {
    stroke: colours.inkFaint,
    font: `11px ${colours.font}`,
    ticks: { show: false },
  };
  return [
    {
      ...shared,
      size: 28,
      gap: 6,
      space: 78,
      grid: { show: false },
      border: { show: true, stroke: colours.line, width: 1 },
      values: (self, splits) => {
        const { min, max } = self.scales["x"] ?? {};
        const withDay = typeof min === "number" && typeof max === "number" && max - min > dayMs;
        return splits.map((at) => options.axisTime(at, withDay));
      },
    },
    {
      ...shared,
      size: axisWidth,
      gap: 6,
      space: 34,
      grid: { stroke: colours.line, width: 1 },
      values: (_self, splits) => splits.map(options.axisValue),
    },
  ];
}

function dataOf(overlays: CurveOverlays): uPlot.AlignedData {
  return [[...overlays.curve.times], [...overlays.curve.values]];
}

/** The whole curve with its open gap and its excursions, and a little air on both sides. */
function wholeSpan({ curve, excursions, markedAt }: CurveOverlays): { min: number; max: number } {
  const times = [
    ...curve.times.slice(0, 1),
    ...curve.times.slice(-1),
    ...curve.gaps.flatMap((gap) => [gap.from, gap.to]),
    ...excursions.map((excursion) => excursion.leftBandAt),
    ...markedAt,
  ];
  if (times.length === 0) return { min: 0, max: 1 };
  const min = Math.min(...times);
  const max = Math.max(...times);
  const air = Math.max((max - min) * 0.015, 30_000);
  return { min: min - air, max: max + air };
}

/** Values and band together, with air, and never so narrow that noise looks like an event. */
function valueSpan(min: number | null, max: number | null, band: CurveOverlays["band"]): [number, number] {
  const low = Math.min(min ?? band?.min ?? 0, band?.min ?? Number.POSITIVE_INFINITY);
  const high = Math.max(max ?? band?.max ?? 1, band?.max ?? Number.NEGATIVE_INFINITY);
  const air = Math.max((high - low) * 0.14, 0.5);
  return [low - air, high + air];
}
