import { useQuery } from "@tanstack/react-query";
import type { Alarm, Curve } from "@waremind/contract";
import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { queries } from "../../api/queries.ts";
import { useNow } from "../../clock.ts";
import { useFormat } from "../../format/use-format.ts";
import { Loaded } from "../../ui/states.tsx";

const points = 240;
const width = 480;
const height = 120;
const marginMsMin = 30 * 60_000;
const stepMs = 60_000;

/** The value from before the alarm until after it, with the time of the alarm shaded and named. */
export function AlarmCurve({
  alarm,
  seriesId,
}: {
  readonly alarm: Alarm;
  readonly seriesId: number;
}): ReactElement {
  const { t } = useTranslation();
  // In steps, so that the same answer serves many renders.
  const now = Math.ceil(useNow(stepMs) / stepMs) * stepMs;
  const endedAt = alarm.endedAt ?? now;
  const margin = Math.max(marginMsMin, (endedAt - alarm.beganAt) / 3);
  const span = { from: alarm.beganAt - margin, to: Math.min(now, endedAt + margin) };
  const curve = useQuery(queries.curve(seriesId, span, points));
  return (
    <div>
      <h3 className="mb-2 font-semibold">{t("alarms.valueAround")}</h3>
      <Loaded query={curve} skeletonRows={3}>
        {(answer) => <Drawing curve={answer} alarm={alarm} span={span} endedAt={endedAt} />}
      </Loaded>
    </div>
  );
}

interface DrawingProps {
  readonly curve: Curve;
  readonly alarm: Alarm;
  readonly span: { readonly from: number; readonly to: number };
  readonly endedAt: number;
}

function Drawing({ curve, alarm, span, endedAt }: DrawingProps): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const values = curve.points.map(([, value]) => value);
  if (values.length === 0) return <p className="text-ink-faint">{t("alarms.noReadings")}</p>;
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const room = (high - low || Math.abs(high) || 1) * 0.1;
  const x = (at: number): number => ((at - span.from) / (span.to - span.from)) * width;
  const y = (value: number): number => height - ((value - low + room) / (high - low + 2 * room)) * height;
  const line = curve.points.map(([at, value]) => `${x(at).toFixed(1)},${y(value).toFixed(1)}`).join(" ");
  const label = t("alarms.curveLabel", {
    subject: alarm.subjectLabel,
    low: format.quantity(low, alarm.unit),
    high: format.quantity(high, alarm.unit),
    from: format.instant(span.from),
    to: format.instant(span.to),
  });
  return (
    <figure className="rounded-control border border-line bg-surface p-2">
      <svg
        viewBox={`0 0 ${String(width)} ${String(height)}`}
        className="block h-28 w-full"
        preserveAspectRatio="none"
        role="img"
        aria-label={label}
      >
        <rect
          x={x(alarm.beganAt)}
          width={Math.max(2, x(endedAt) - x(alarm.beganAt))}
          y="0"
          height={height}
          className="fill-bad-soft"
        />
        <line
          x1={x(alarm.beganAt)}
          x2={x(alarm.beganAt)}
          y1="0"
          y2={height}
          className="stroke-bad"
          strokeDasharray="4 3"
          vectorEffect="non-scaling-stroke"
        />
        <polyline
          points={line}
          className="fill-none stroke-accent"
          strokeWidth="1.6"
          vectorEffect="non-scaling-stroke"
        />
      </svg>
      <figcaption className="mt-1.5 flex flex-wrap justify-between gap-x-4 text-ink-faint text-small">
        <span>{format.instant(span.from)}</span>
        <span>
          {format.quantity(low, alarm.unit)} – {format.quantity(high, alarm.unit)} · {t("alarms.shaded")}
        </span>
        <span>{format.instant(span.to)}</span>
      </figcaption>
    </figure>
  );
}
