import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { useFormat } from "../../../format/use-format.ts";
import type { FigureSeries } from "./figure-series.ts";

const shownMax = 5;
const minuteMs = 60_000;

/** The hatched stretches in words, the newest first. */
export function ExplorerSilences({
  series,
}: {
  readonly series: readonly FigureSeries[];
}): ReactElement | null {
  const { t } = useTranslation();
  const format = useFormat();
  const all = series
    .flatMap(({ key, label, drawn }) => drawn.silences.map((silence) => ({ ...silence, key, label })))
    .toSorted((one, other) => other.from - one.from);
  if (all.length === 0) return null;
  return (
    <div className="mt-1 text-ink-soft text-small" data-testid="explorer-silences">
      <p className="flex items-center gap-1.5">
        <span className="hatched h-3 w-5 rounded-[3px] border border-line" aria-hidden="true" />
        {t("explorer.silences", { count: all.length })}
      </p>
      <ul>
        {all.slice(0, shownMax).map(({ key, label, from, to }) => (
          <li key={`${key}/${String(from)}`}>
            {t("explorer.silence", {
              series: label,
              from: format.instant(from, "full"),
              to: format.instant(to, "full"),
              duration: format.minutes(Math.max(1, Math.round((to - from) / minuteMs))),
            })}
          </li>
        ))}
        {all.length > shownMax && <li>{t("explorer.olderSilences", { count: all.length - shownMax })}</li>}
      </ul>
    </div>
  );
}
