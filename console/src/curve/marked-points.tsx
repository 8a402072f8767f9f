import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { useFormat } from "../format/use-format.ts";
import { nearestValue, type PreparedCurve } from "./prepare-curve.ts";

export interface MarkedPointsProps {
  readonly curve: PreparedCurve;
  readonly markedAt: readonly number[];
  readonly unit: string | null;
}

/** The very points that a fact rests on, in words. */
export function MarkedPoints({ curve, markedAt, unit }: MarkedPointsProps): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <div className="mt-2.5 rounded-control border border-line bg-sunken px-3 py-2">
      <p className="mb-1 text-ink-soft text-small">{t("curve.markedTitle", { count: markedAt.length })}</p>
      <ul data-testid="marked-points" className="flex flex-wrap gap-x-2 gap-y-1">
        {markedAt.map((at) => {
          const point = nearestValue(curve, at);
          return (
            <li
              key={at}
              data-at={at}
              className="flex items-baseline gap-1.5 rounded-full border border-line-strong bg-surface px-2 text-small"
            >
              <time dateTime={new Date(at).toISOString()}>{format.instant(at, "full")}</time>
              {point !== null && Math.abs(point.at - at) < 1000 && (
                <strong className="font-semibold">{format.quantity(point.value, unit)}</strong>
              )}
            </li>
          );
        })}
      </ul>
    </div>
  );
}
