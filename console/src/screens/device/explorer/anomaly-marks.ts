// What stood out in the series on screen, numbered, so that the drawing and the list speak of the same.
import type { Anomaly } from "@waremind/contract";

/** A number on the drawing with the reading it stands at. */
export interface ChartMark {
  readonly number: number;
  readonly at: number;
  readonly value: number;
}

export interface NumberedAnomaly extends ChartMark {
  readonly key: string;
  readonly unit: string | null;
  readonly anomaly: Anomaly;
}

/** More would cover the curve and fill the list; the newest are kept. */
export const marksMax = 99;

/** Of all series together, newest first; the oldest that is shown has the number one. */
export function numberAnomalies(
  series: readonly {
    readonly key: string;
    readonly unit: string | null;
    readonly items: readonly Anomaly[];
  }[],
): readonly NumberedAnomaly[] {
  const newest = series
    .flatMap(({ key, unit, items }) => items.map((anomaly) => ({ key, unit, anomaly })))
    .toSorted((one, other) => other.anomaly.observedAt - one.anomaly.observedAt)
    .slice(0, marksMax);
  return newest.map(({ anomaly, ...of }, index) => ({
    ...of,
    number: newest.length - index,
    at: anomaly.observedAt,
    value: anomaly.value,
    anomaly,
  }));
}
