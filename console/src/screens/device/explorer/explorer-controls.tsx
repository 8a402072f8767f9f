import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import type { SeriesSummary } from "../../../api/answers.ts";
import { useFormat } from "../../../format/use-format.ts";
import { useWords } from "../../../i18n/words.ts";
import { Button } from "../../../ui/button.tsx";
import { classes } from "../../../ui/classes.ts";
import { FilterTabs } from "../../../ui/filter-bar.tsx";
import { Icon } from "../../../ui/icon.tsx";
import { panWindow, seriesMax, type TimeWindow, zoomWindow } from "./window.ts";

const hourMs = 3_600_000;
export const spans = [
  { id: "1h", ms: hourMs },
  { id: "6h", ms: 6 * hourMs },
  { id: "24h", ms: 24 * hourMs },
  { id: "7d", ms: 168 * hourMs },
  { id: "30d", ms: 720 * hourMs },
  { id: "1y", ms: 8_760 * hourMs },
] as const;
type SpanId = (typeof spans)[number]["id"];

export interface ExplorerControlsProps {
  readonly numeric: readonly SeriesSummary[];
  readonly chosen: readonly SeriesSummary[];
  readonly window: TimeWindow;
  readonly nowAt: number;
  readonly isLive: boolean;
  readonly span: string | undefined;
  readonly onWindow: (window: TimeWindow) => void;
  readonly onLive: (span?: string) => void;
  readonly onChoose: (keys: string) => void;
}

export function ExplorerControls(props: ExplorerControlsProps): ReactElement {
  const { window, nowAt, isLive, span, onWindow, onLive } = props;
  const { t } = useTranslation();
  const format = useFormat();
  const middle = (window.from + window.to) / 2;
  return (
    <div className="mb-4 flex flex-col gap-3">
      <SeriesChoice {...props} />
      <div className="flex flex-wrap items-center gap-2">
        <FilterTabs<SpanId>
          label={t("devices.span")}
          value={isLive ? (spans.find((one) => one.id === span)?.id ?? "24h") : undefined}
          onSelect={(next) => onLive(next)}
          options={spans.map(({ id }) => ({ value: id, label: t(`devices.spans.${id}`) }))}
        />
        <span className="flex gap-1">
          <Button
            icon="arrow-left"
            aria-label={t("explorer.earlier")}
            onClick={() => onWindow(panWindow(window, -0.5, nowAt))}
          />
          <Button
            icon="plus"
            aria-label={t("explorer.closer")}
            onClick={() => onWindow(zoomWindow(window, 0.5, middle))}
          />
          <Button
            icon="minus"
            aria-label={t("explorer.wider")}
            onClick={() => onWindow(zoomWindow(window, 2, middle))}
          />
          <Button
            icon="arrow-right"
            aria-label={t("explorer.later")}
            onClick={() => onWindow(panWindow(window, 0.5, nowAt))}
          />
        </span>
        {!isLive && (
          <Button look="quiet" icon="clock" onClick={() => onLive()}>
            {t("explorer.live")}
          </Button>
        )}
        <span className="text-ink-soft text-small" data-testid="explorer-window">
          {format.instant(window.from, "full")} – {format.instant(window.to, "full")}
        </span>
      </div>
    </div>
  );
}

function SeriesChoice({ numeric, chosen, onChoose }: ExplorerControlsProps): ReactElement {
  const { t } = useTranslation();
  const words = useWords();
  const keys = chosen.map((one) => one.key);
  const toggle = (key: string): void => {
    const next = keys.includes(key) ? keys.filter((one) => one !== key) : [...keys, key];
    if (next.length > 0) onChoose(next.join(","));
  };
  return (
    <fieldset className="flex flex-wrap gap-1.5">
      <legend className="mb-1 text-ink-soft text-small">{t("explorer.choose", { count: seriesMax })}</legend>
      {numeric.map((series) => {
        const isOn = keys.includes(series.key);
        return (
          <label
            key={series.key}
            className={classes(
              "inline-flex h-7 cursor-pointer items-center gap-1.5 rounded-full border px-2.5 text-small focus-within:outline-2 focus-within:outline-accent",
              isOn
                ? "border-accent-line bg-accent-soft font-medium text-accent"
                : "border-line-strong text-ink-soft hover:bg-hover",
            )}
          >
            <input
              type="checkbox"
              checked={isOn}
              disabled={(!isOn && keys.length >= seriesMax) || (isOn && keys.length === 1)}
              onChange={() => toggle(series.key)}
              className="sr-only"
              data-testid={`explore-${series.key}`}
            />
            {isOn && <Icon name="check" className="size-3" />}
            {words("seriesKey", series.key)}
          </label>
        );
      })}
    </fieldset>
  );
}
