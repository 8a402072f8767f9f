import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { useFormat } from "../../../format/use-format.ts";
import type { FigureSeries } from "./figure-series.ts";
import { lookOf } from "./series-looks.ts";
import type { DrawnSeries } from "./spread.ts";

interface ExplorerLegendProps {
  readonly series: readonly FigureSeries[];
  readonly cursorAt: number | null;
}

/** Every series with its line, and its value under the pointer, else its latest. */
export function ExplorerLegend({ series, cursorAt }: ExplorerLegendProps): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  // The first two units have an axis, left and right; what is measured in others is drawn to a scale of its own.
  const units = [...new Set(series.map((one) => one.unit))];
  return (
    <ul className="mb-2 flex min-h-7 flex-wrap gap-x-5 gap-y-1">
      {series.map((one, index) => {
        const shown = nearest(one.drawn, cursorAt);
        return (
          <li
            key={one.key}
            className="flex flex-wrap items-baseline gap-x-2"
            data-testid={`legend-${one.key}`}
          >
            <LineSwatch index={index} />
            <span className="whitespace-nowrap text-ink-soft">{one.label}</span>
            {units.indexOf(one.unit) > 1 && (
              <span className="text-ink-faint text-small">{t("explorer.ownScale")}</span>
            )}
            {shown === null ? (
              <span className="text-ink-faint">{t("explorer.noPoints")}</span>
            ) : (
              <>
                <strong className="font-semibold">
                  {/* Of several points the extremes are said: their middle is drawn, but nobody measured it. */}
                  {shown.low !== shown.high && `${format.number(shown.low, 3)} – `}
                  {format.quantity(shown.high, one.unit)}
                </strong>
                <span className="text-ink-faint text-small">{format.instant(shown.at, "full")}</span>
              </>
            )}
          </li>
        );
      })}
    </ul>
  );
}

export function LineSwatch({ index }: { readonly index: number }): ReactElement {
  const look = lookOf(index);
  return (
    <svg viewBox="0 0 28 8" className="h-2 w-7 shrink-0 self-center" aria-hidden="true">
      <line
        x1="0"
        y1="4"
        x2="28"
        y2="4"
        stroke={look.css}
        strokeWidth="2"
        strokeDasharray={look.dash.join(" ")}
      />
    </svg>
  );
}

/** The drawn value next to an instant; without one the last. */
function nearest(
  drawn: DrawnSeries,
  at: number | null,
): { at: number; value: number; low: number; high: number } | null {
  let best: { at: number; value: number; low: number; high: number } | null = null;
  for (let index = 0; index < drawn.times.length; index += 1) {
    const time = drawn.times[index];
    const value = drawn.values[index];
    if (time === undefined || value === undefined || value === null) continue;
    const isNearer = best === null || at === null || Math.abs(time - at) < Math.abs(best.at - at);
    if (isNearer)
      best = { at: time, value, low: drawn.lows[index] ?? value, high: drawn.highs[index] ?? value };
  }
  return best;
}
