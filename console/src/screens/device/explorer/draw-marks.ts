import type uPlot from "uplot";
import type { CurveColours } from "../../../curve/curve-colours.ts";
import type { ChartMark } from "./anomaly-marks.ts";

/** Half the height of a diamond, and the size of its number, in CSS pixels. */
const half = 6;
const textSize = 11;

/** Diamonds with numbers over the curve: shape and number tell them from readings, whatever their colour. */
export function drawMarks(
  chart: uPlot,
  scale: string,
  { marks, colours }: { readonly marks: readonly ChartMark[]; readonly colours: CurveColours },
): void {
  const { ctx, bbox } = chart;
  const ratio = window.devicePixelRatio;
  const reach = half * ratio;
  ctx.save();
  ctx.lineWidth = 1.6 * ratio;
  ctx.strokeStyle = colours.bad;
  ctx.font = `600 ${textSize * ratio}px ${colours.font}`;
  ctx.textAlign = "center";
  for (const { number, at, value } of marks) {
    const x = chart.valToPos(at, "x", true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    const y = Math.min(Math.max(chart.valToPos(value, scale, true), bbox.top), bbox.top + bbox.height);
    ctx.beginPath();
    ctx.moveTo(x, y - reach);
    ctx.lineTo(x + reach, y);
    ctx.lineTo(x, y + reach);
    ctx.lineTo(x - reach, y);
    ctx.closePath();
    ctx.fillStyle = colours.surface;
    ctx.fill();
    ctx.stroke();
    // Above it where there is room, else below.
    const isRoomAbove = y - reach - (textSize + 2) * ratio > bbox.top;
    ctx.fillStyle = colours.ink;
    ctx.fillText(String(number), x, isRoomAbove ? y - reach - 3 * ratio : y + reach + textSize * ratio);
  }
  ctx.restore();
}
