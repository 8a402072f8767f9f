// What is drawn under and over the line: band, gaps, ignore periods, excursions, alarms and marked points.
import type { Excursion } from "@waremind/contract";
import type uPlot from "uplot";
import type { CurveColours } from "./curve-colours.ts";
import { nearestValue, type PreparedCurve } from "./prepare-curve.ts";

export interface CurveOverlays {
  readonly curve: PreparedCurve;
  readonly band: { readonly min: number; readonly max: number } | null;
  readonly excursions: readonly Excursion[];
  readonly alarmsAt: readonly number[];
  readonly markedAt: readonly number[];
  readonly nowAt: number;
  readonly words: { readonly gap: string; readonly ignored: string; readonly excursion: string };
}

const hatchSpacing = 6;
const labelSize = 11;

export function drawUnder(chart: uPlot, overlays: CurveOverlays, colours: CurveColours): void {
  const { ctx } = chart;
  ctx.save();
  clipToPlot(chart);
  if (overlays.band !== null) drawBand(chart, overlays.band, colours);
  for (const gap of overlays.curve.gaps) {
    hatch(chart, { from: gap.from, to: gap.to, colour: colours.inkFaint });
    label(chart, {
      from: gap.from,
      to: gap.to,
      text: overlays.words.gap,
      colour: colours.inkSoft,
      line: 0,
      colours,
    });
  }
  for (const excursion of overlays.excursions) {
    const end = excursion.returnedAt ?? overlays.nowAt;
    const counted = Math.min(excursion.countsFrom, end);
    hatch(chart, { from: excursion.leftBandAt, to: counted, colour: colours.warn });
    fillSpan(chart, counted, end, colours.badSoft);
    label(chart, {
      from: excursion.leftBandAt,
      to: counted,
      text: overlays.words.ignored,
      colour: colours.warn,
      line: 1,
      colours,
    });
    label(chart, {
      from: counted,
      to: end,
      text: overlays.words.excursion,
      colour: colours.bad,
      line: 0,
      colours,
    });
  }
  ctx.restore();
}

export function drawOver(chart: uPlot, overlays: CurveOverlays, colours: CurveColours): void {
  const { ctx } = chart;
  ctx.save();
  clipToPlot(chart);
  for (const at of overlays.alarmsAt) drawAlarm(chart, at, colours);
  for (const at of overlays.markedAt) drawMark(chart, overlays.curve, at, colours);
  ctx.restore();
}

/** The line in three colours: inside the band, above it and below it. */
export function lineColour(
  chart: uPlot,
  band: CurveOverlays["band"],
  colours: CurveColours,
): string | CanvasGradient {
  const { top, height } = chart.bbox;
  if (band === null || height <= 0) return colours.accent;
  const shareOf = (value: number): number =>
    Math.min(1, Math.max(0, (chart.valToPos(value, "y", true) - top) / height));
  const upper = shareOf(band.max);
  const lower = shareOf(band.min);
  if (!Number.isFinite(upper) || !Number.isFinite(lower)) return colours.accent;
  const gradient = chart.ctx.createLinearGradient(0, top, 0, top + height);
  gradient.addColorStop(0, colours.bad);
  gradient.addColorStop(upper, colours.bad);
  gradient.addColorStop(upper, colours.accent);
  gradient.addColorStop(lower, colours.accent);
  gradient.addColorStop(lower, colours.cold);
  gradient.addColorStop(1, colours.cold);
  return gradient;
}

export function clipToPlot(chart: uPlot): void {
  const { left, top, width, height } = chart.bbox;
  chart.ctx.beginPath();
  chart.ctx.rect(left, top, width, height);
  chart.ctx.clip();
}

function drawBand(chart: uPlot, band: { min: number; max: number }, colours: CurveColours): void {
  const { ctx } = chart;
  const { left, width } = chart.bbox;
  const top = chart.valToPos(band.max, "y", true);
  const bottom = chart.valToPos(band.min, "y", true);
  ctx.fillStyle = colours.coldSoft;
  ctx.fillRect(left, top, width, bottom - top);
  ctx.strokeStyle = colours.cold;
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([4 * devicePixelRatio, 3 * devicePixelRatio]);
  ctx.globalAlpha = 0.7;
  for (const y of [top, bottom]) {
    ctx.beginPath();
    ctx.moveTo(left, y);
    ctx.lineTo(left + width, y);
    ctx.stroke();
  }
  ctx.setLineDash([]);
  ctx.globalAlpha = 1;
}

function fillSpan(chart: uPlot, from: number, to: number, colour: string): void {
  const x = chart.valToPos(from, "x", true);
  const end = chart.valToPos(to, "x", true);
  if (end <= x) return;
  chart.ctx.fillStyle = colour;
  chart.ctx.globalAlpha = 0.55;
  chart.ctx.fillRect(x, chart.bbox.top, end - x, chart.bbox.height);
  chart.ctx.globalAlpha = 1;
}

export function hatch(chart: uPlot, span: { from: number; to: number; colour: string }): void {
  const { ctx } = chart;
  const { top, height } = chart.bbox;
  const x = chart.valToPos(span.from, "x", true);
  const end = chart.valToPos(span.to, "x", true);
  if (end <= x) return;
  ctx.save();
  ctx.beginPath();
  ctx.rect(x, top, end - x, height);
  ctx.clip();
  ctx.strokeStyle = span.colour;
  ctx.globalAlpha = 0.35;
  ctx.lineWidth = devicePixelRatio;
  const step = hatchSpacing * devicePixelRatio;
  ctx.beginPath();
  // Lines are anchored to the plot's corner and drawn only where the span is, so that a zoom stays cheap.
  const first = Math.floor((Math.max(x, chart.bbox.left) - height) / step) * step;
  const last = Math.min(end, chart.bbox.left + chart.bbox.width);
  for (let at = first; at < last; at += step) {
    ctx.moveTo(at, top + height);
    ctx.lineTo(at + height, top);
  }
  ctx.stroke();
  ctx.restore();
}

interface SpanLabel {
  readonly from: number;
  readonly to: number;
  readonly text: string;
  readonly colour: string;
  /** Row from the bottom, so that neighbours do not cover each other. */
  readonly line: number;
  readonly colours: CurveColours;
}

/** A word in the middle of a span, left out where the span is too narrow to hold it. */
export function label(chart: uPlot, { from, to, text, colour, line, colours }: SpanLabel): void {
  const { ctx } = chart;
  const { left, top, width, height } = chart.bbox;
  const x = Math.max(left, chart.valToPos(from, "x", true));
  const end = Math.min(left + width, chart.valToPos(to, "x", true));
  const ratio = devicePixelRatio;
  ctx.font = `500 ${labelSize * ratio}px ${colours.font}`;
  const textWidth = ctx.measureText(text).width;
  if (end - x < textWidth + 10 * ratio) return;
  const middle = (x + end) / 2;
  const bottom = top + height - (8 + line * 18) * ratio;
  ctx.fillStyle = colours.surface;
  ctx.globalAlpha = 0.88;
  ctx.fillRect(middle - textWidth / 2 - 4 * ratio, bottom - 13 * ratio, textWidth + 8 * ratio, 16 * ratio);
  ctx.globalAlpha = 1;
  ctx.fillStyle = colour;
  ctx.textAlign = "center";
  ctx.textBaseline = "alphabetic";
  ctx.fillText(text, middle, bottom);
}

function drawAlarm(chart: uPlot, at: number, colours: CurveColours): void {
  const { ctx } = chart;
  const { top, height } = chart.bbox;
  const x = chart.valToPos(at, "x", true);
  const ratio = devicePixelRatio;
  ctx.strokeStyle = colours.warn;
  ctx.fillStyle = colours.warn;
  ctx.lineWidth = ratio;
  ctx.setLineDash([2 * ratio, 3 * ratio]);
  ctx.beginPath();
  ctx.moveTo(x, top + 10 * ratio);
  ctx.lineTo(x, top + height);
  ctx.stroke();
  ctx.setLineDash([]);
  ctx.beginPath();
  ctx.moveTo(x, top + 1 * ratio);
  ctx.lineTo(x + 6 * ratio, top + 11 * ratio);
  ctx.lineTo(x - 6 * ratio, top + 11 * ratio);
  ctx.closePath();
  ctx.fill();
}

function drawMark(chart: uPlot, curve: PreparedCurve, at: number, colours: CurveColours): void {
  const point = nearestValue(curve, at);
  if (point === null) return;
  const { ctx } = chart;
  const ratio = devicePixelRatio;
  const x = chart.valToPos(at, "x", true);
  const y = chart.valToPos(point.value, "y", true);
  ctx.strokeStyle = colours.ink;
  ctx.globalAlpha = 0.28;
  ctx.lineWidth = ratio;
  ctx.beginPath();
  ctx.moveTo(x, chart.bbox.top);
  ctx.lineTo(x, chart.bbox.top + chart.bbox.height);
  ctx.stroke();
  ctx.globalAlpha = 1;
  ctx.beginPath();
  ctx.arc(x, y, 5.5 * ratio, 0, 2 * Math.PI);
  ctx.fillStyle = colours.surface;
  ctx.fill();
  ctx.lineWidth = 2.5 * ratio;
  ctx.strokeStyle = colours.ink;
  ctx.stroke();
  ctx.beginPath();
  ctx.arc(x, y, 2 * ratio, 0, 2 * Math.PI);
  ctx.fillStyle = colours.ink;
  ctx.fill();
}
