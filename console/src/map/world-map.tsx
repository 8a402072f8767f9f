import { useQuery } from "@tanstack/react-query";
import { type ReactElement, type ReactNode, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useFormat } from "../format/use-format.ts";
import { Button } from "../ui/button.tsx";
import { landPath, landQuery } from "./land.ts";
import { useMapHands } from "./use-map-hands.ts";
import { fitView, gridStep, type MapView, type Place, type Size, scaleBar, toPixel, zoomAt } from "./view.ts";

const height = 460;
const scaleBarPixelsMax = 120;

export interface WorldMapProps {
  readonly label: string;
  /** What the map shows at first, and again when `fitKey` changes or somebody asks. */
  readonly fitTo: readonly Place[];
  readonly fitKey: string;
  /** Drawn above the coast, in pixels of this view. */
  readonly children: (view: MapView, size: Size) => ReactNode;
}

/** Coastlines, a grid and a scale; moved by mouse, fingers and keys. No borders are drawn. */
export function WorldMap({ label, fitTo, fitKey, children }: WorldMapProps): ReactElement {
  const { t } = useTranslation();
  const host = useRef<HTMLDivElement>(null);
  const size = useSize(host);
  const [moved, setMoved] = useState<{ readonly key: string; readonly view: MapView } | null>(null);
  // Until somebody moves it, the map follows what it is to show.
  const view = moved?.key === fitKey ? moved.view : fitView(fitTo, size);
  const latest = useRef(view);
  latest.current = view;
  const change = useCallback(
    (next: (view: MapView) => MapView): void => {
      latest.current = next(latest.current);
      setMoved({ key: fitKey, view: latest.current });
    },
    [fitKey],
  );
  const fit = (): void => setMoved(null);
  const hands = useMapHands({ host, size, change, onFit: fit });
  const zoom = (factor: number): void =>
    change((before) => zoomAt(before, size, [size.width / 2, size.height / 2], factor));
  return (
    <div className="relative">
      <div
        ref={host}
        role="application"
        aria-label={label}
        aria-describedby="map-keys"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it is moved by keys.
        tabIndex={0}
        {...hands}
        className="cursor-grab touch-none select-none overflow-hidden rounded-t-card bg-sunken active:cursor-grabbing"
        style={{ height }}
      >
        <svg width={size.width} height={size.height} className="block">
          <title>{label}</title>
          <Ground view={view} size={size} />
          {children(view, size)}
        </svg>
      </div>
      <div className="absolute top-3 right-3 flex flex-col gap-1">
        <Button size="small" icon="plus" aria-label={t("map.zoomIn")} onClick={() => zoom(1.6)} />
        <Button size="small" icon="minus" aria-label={t("map.zoomOut")} onClick={() => zoom(1 / 1.6)} />
        <Button size="small" icon="search" aria-label={t("map.fit")} title={t("map.fit")} onClick={fit} />
      </div>
      <ScaleBar view={view} />
    </div>
  );
}

function useSize(host: React.RefObject<HTMLDivElement | null>): Size {
  const [width, setWidth] = useState(720);
  useEffect(() => {
    const element = host.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => setWidth(Math.max(200, element.clientWidth)));
    observer.observe(element);
    return () => observer.disconnect();
  }, [host]);
  return useMemo(() => ({ width, height }), [width]);
}

function Ground({ view, size }: { readonly view: MapView; readonly size: Size }): ReactElement {
  const land = useQuery(landQuery());
  const outline = land.data === undefined ? "" : landPath(land.data, view, size);
  return (
    <g>
      <path d={gridPath(view, size)} className="fill-none stroke-line" strokeWidth="0.7" />
      <path d={outline} className="fill-surface stroke-line-strong" strokeWidth="1" data-testid="map-land" />
      <path
        d={gridPath(view, size)}
        className="fill-none stroke-line"
        strokeWidth="0.7"
        strokeDasharray="1 3"
      />
    </g>
  );
}

function gridPath(view: MapView, size: Size): string {
  const step = gridStep(view, size);
  const lines: string[] = [];
  const around = Math.min(360 / step, Math.ceil(size.width / view.scale / (step * (Math.PI / 180))) + 2);
  const [east, north] = [Math.round(view.longitude / step), Math.round(view.latitude / step)];
  for (let index = -Math.ceil(around / 2); index <= around / 2; index += 1) {
    const [x] = toPixel(view, size, { latitude: view.latitude, longitude: (east + index) * step });
    const [, y] = toPixel(view, size, { latitude: (north + index) * step, longitude: view.longitude });
    if (x > 0 && x < size.width) lines.push(`M${x.toFixed(1)} 0V${size.height}`);
    if (y > 0 && y < size.height) lines.push(`M0 ${y.toFixed(1)}H${size.width}`);
  }
  return lines.join("");
}

function ScaleBar({ view }: { readonly view: MapView }): ReactElement {
  const format = useFormat();
  const { metres, pixels } = scaleBar(view, scaleBarPixelsMax);
  const text = metres >= 1000 ? format.quantity(metres / 1000, "km") : format.quantity(metres, "m");
  return (
    <div className="pointer-events-none absolute bottom-3 left-3 text-ink-soft text-micro">
      {text}
      <div className="h-1.5 border-ink-soft border-x border-b" style={{ width: pixels }} aria-hidden="true" />
    </div>
  );
}
