import type { ChartSeries } from "./explorer-chart.ts";
import type { DrawnSeries } from "./spread.ts";

/** One series of the explorer with its name and what is drawn of it. */
export interface FigureSeries extends ChartSeries {
  readonly key: string;
  readonly drawn: DrawnSeries;
}
