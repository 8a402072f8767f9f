// What stands on the map: marks of devices, the track of one of them, the route it drives.
import type { ArrivalView, DevicePosition, RouteView, TrackView } from "@waremind/contract";
import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { useFormat } from "../../format/use-format.ts";
import { type TrackLine, trackLines } from "../../map/track-lines.ts";
import { type MapView, type Place, type Size, toPixel } from "../../map/view.ts";
import { classes } from "../../ui/classes.ts";

/** Older than this a position says where a device was, not where it is. */
const oldMs = 15 * 60_000;
const standingKmh = 3;
/** With more marks in view their names would hide each other; the list beside the map has them. */
const namedMax = 30;
/** Room that a name beside a mark takes. */
const labelPixels = 150;

interface Layer {
  readonly view: MapView;
  readonly size: Size;
}

export type MarkState = "moving" | "standing" | "old";

export function markStateOf(position: DevicePosition, now: number): MarkState {
  if (now - position.observedAt > oldMs) return "old";
  return (position.speedKmh ?? 0) < standingKmh ? "standing" : "moving";
}

const shapes: Record<MarkState, string> = {
  moving: "M-6 0a6 6 0 1 0 12 0a6 6 0 1 0 -12 0z",
  standing: "M-5.5 -5.5h11v11h-11z",
  old: "M0 -7.5L7.5 0L0 7.5L-7.5 0z",
};
const fills: Record<MarkState, string> = {
  moving: "fill-accent stroke-surface",
  standing: "fill-ink-soft stroke-surface",
  old: "fill-surface stroke-ink-faint",
};

/** The sign of a state, for the legend and the list as well. */
export function MarkSign({ state }: { readonly state: MarkState }): ReactElement {
  return (
    <svg width="18" height="18" viewBox="-9 -9 18 18" aria-hidden="true" className="shrink-0">
      <path d={shapes[state]} className={fills[state]} strokeWidth="1.5" />
    </svg>
  );
}

export function DeviceMarks(
  props: Layer & {
    readonly items: readonly DevicePosition[];
    readonly selected: string | null;
    readonly now: number;
    readonly onSelect: (name: string) => void;
  },
): ReactElement {
  const { view, size, items, selected, now, onSelect } = props;
  const inView = items
    .map((item) => ({ item, at: toPixel(view, size, item) }))
    .filter(({ at: [x, y] }) => x > -20 && y > -20 && x < size.width + 20 && y < size.height + 20);
  return (
    <>
      {inView.map(({ item, at: [x, y] }) => (
        <g key={item.deviceName} transform={`translate(${x.toFixed(1)} ${y.toFixed(1)})`}>
          <a
            href={`?device=${encodeURIComponent(item.deviceName)}`}
            // The list beside the map leads to the same, in an order that keys can follow.
            tabIndex={-1}
            onClick={(event) => {
              event.preventDefault();
              onSelect(item.deviceName);
            }}
            data-testid={`mark-${item.deviceName}`}
          >
            <circle r="16" className="fill-transparent" />
            {item.deviceName === selected && (
              <circle r="11" className="fill-none stroke-accent" strokeWidth="2" />
            )}
            <path
              d={shapes[markStateOf(item, now)]}
              className={fills[markStateOf(item, now)]}
              strokeWidth="1.5"
            />
            {(inView.length <= namedMax || item.deviceName === selected) && (
              <Halo
                x={12}
                y={4}
                text={item.label === "" ? item.deviceName : item.label}
                isStrong
                isLeft={x > size.width - labelPixels}
              />
            )}
          </a>
        </g>
      ))}
    </>
  );
}

function Halo(props: {
  readonly x: number;
  readonly y: number;
  readonly text: string;
  readonly isStrong?: boolean;
  /** It ends there instead of beginning there: near the right edge. */
  readonly isLeft?: boolean;
}): ReactElement {
  const { x, y, text, isStrong = false, isLeft = false } = props;
  return (
    <text
      x={isLeft ? -x : x}
      y={y}
      textAnchor={isLeft ? "end" : "start"}
      className={classes("fill-ink stroke-surface text-small", isStrong && "font-medium")}
      style={{ paintOrder: "stroke" }}
      strokeWidth="3"
      strokeLinejoin="round"
    >
      {text}
    </text>
  );
}

/** Colour is never alone: the faster, the wider; dashed is not known. */
export const lineLooks: Record<
  TrackLine["look"],
  { readonly stroke: string; readonly width: number; readonly dash?: string }
> = {
  slow: { stroke: "stroke-warn", width: 2 },
  usual: { stroke: "stroke-cold", width: 3 },
  fast: { stroke: "stroke-good", width: 4.5 },
  gap: { stroke: "stroke-ink-faint", width: 1.5, dash: "4 5" },
};

function pathOf(places: readonly Place[], { view, size }: Layer): string {
  return places
    .map((place, index) => {
      const [x, y] = toPixel(view, size, place);
      return `${index === 0 ? "M" : "L"}${x.toFixed(1)} ${y.toFixed(1)}`;
    })
    .join("");
}

/** Where a place was stopped at often, the newest stop is told; the table below has all. */
function placedStops(track: TrackView, { view, size }: Layer) {
  const named: (readonly [x: number, y: number])[] = [];
  return track.stops
    .toReversed()
    .map((stop) => {
      const at = toPixel(view, size, stop);
      const isNamed = named.every(([x, y]) => Math.abs(x - at[0]) > 60 || Math.abs(y - at[1]) > 16);
      if (isNamed) named.push(at);
      return { stop, at, isNamed };
    })
    .toReversed();
}

export function TrackLayer({ track, ...layer }: Layer & { readonly track: TrackView }): ReactElement {
  const format = useFormat();
  return (
    <g data-testid="map-track">
      {trackLines(track.points).map(({ look, places }, index) => (
        <path
          key={`line-${String(index)}`}
          d={pathOf(places, layer)}
          className={classes("fill-none", lineLooks[look].stroke)}
          strokeWidth={lineLooks[look].width}
          strokeDasharray={lineLooks[look].dash}
          strokeLinejoin="round"
          strokeLinecap="round"
        />
      ))}
      {placedStops(track, layer).map(({ stop, at: [x, y], isNamed }) => {
        return (
          <g key={stop.beganAt} transform={`translate(${x.toFixed(1)} ${y.toFixed(1)})`}>
            <path d="M-4.5 -4.5h9v9h-9z" className="fill-surface stroke-ink" strokeWidth="1.5" />
            <path d="M-1.5 -2v4M1.5 -2v4" className="stroke-ink" strokeWidth="1.2" />
            {isNamed && <Halo x={8} y={-6} text={format.minutes(Math.round(stop.minutes))} />}
          </g>
        );
      })}
    </g>
  );
}

export function RouteLayer(
  props: Layer & { readonly route: RouteView; readonly arrival: ArrivalView },
): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const { route, arrival, ...layer } = props;
  const end = route.places.at(-1);
  const [x, y] = end === undefined ? [0, 0] : toPixel(layer.view, layer.size, end);
  const { earliestAt, latestAt } = arrival;
  const text =
    earliestAt === null || latestAt === null
      ? t("map.arrived")
      : t("map.between", {
          from: format.instant(earliestAt, "time"),
          to: format.instant(latestAt, "time"),
        });
  return (
    <g data-testid="map-route">
      <path
        d={pathOf(route.places, layer)}
        className="fill-none stroke-accent-line"
        strokeWidth="7"
        strokeLinejoin="round"
        strokeLinecap="round"
      />
      {end !== undefined && (
        <g transform={`translate(${x.toFixed(1)} ${y.toFixed(1)})`}>
          <path d="M0 0V-20H12L9 -16L12 -12H0" className="fill-accent stroke-accent" strokeWidth="1.5" />
          <Halo x={4} y={14} text={text} isStrong isLeft={x > layer.size.width - labelPixels} />
        </g>
      )}
    </g>
  );
}
