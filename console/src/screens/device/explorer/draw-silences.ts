import type uPlot from "uplot";
import type { CurveColours } from "../../../curve/curve-colours.ts";
import { clipToPlot, hatch, label } from "../../../curve/curve-overlays.ts";
import { joinedWindows } from "./silences.ts";
import type { DrawnSeries } from "./spread.ts";

/** Hatched under the lines, with a word where there is room for it: hatching and word tell it from a spread. */
export function drawSilences(
  chart: uPlot,
  series: readonly DrawnSeries[],
  { colours, word }: { readonly colours: CurveColours; readonly word: string },
): void {
  chart.ctx.save();
  clipToPlot(chart);
  for (const { from, to } of joinedWindows(series.flatMap((one) => one.silences))) {
    hatch(chart, { from, to, colour: colours.inkFaint });
    label(chart, { from, to, text: word, colour: colours.inkSoft, line: 0, colours });
  }
  chart.ctx.restore();
}
