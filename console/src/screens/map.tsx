import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { DevicePosition, Positions } from "@waremind/contract";
import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { mapQueries } from "../api/map-queries.ts";
import { useNow } from "../clock.ts";
import { useFormat } from "../format/use-format.ts";
import { landQuery } from "../map/land.ts";
import { speedSteps } from "../map/track-lines.ts";
import type { Place } from "../map/view.ts";
import { WorldMap } from "../map/world-map.tsx";
import { Age } from "../ui/age.tsx";
import { Card } from "../ui/card.tsx";
import { Page } from "../ui/page.tsx";
import { EmptyState, Loaded } from "../ui/states.tsx";
import { DataTable } from "../ui/table.tsx";
import { DeviceDrive } from "./map/device-drive.tsx";
import { DeviceMarks, lineLooks, MarkSign, markStateOf, RouteLayer, TrackLayer } from "./map/map-layers.tsx";
import { useLivePositions } from "./map/use-live-positions.ts";

const route = getRouteApi("/app/map");

/** Where devices are now; of one of them, what it drove and when it arrives. */
export function MapScreen(): ReactElement {
  const { t } = useTranslation();
  const selected = route.useSearch()["device"] ?? null;
  const positions = useQuery(mapQueries.positions());
  useLivePositions(selected);
  return (
    <Page title={t("nav.map")} lead={t("map.lead")}>
      <Loaded query={positions} skeletonRows={10}>
        {(answer) =>
          answer.items.length === 0 && selected === null ? (
            <Card>
              <EmptyState icon="pin" title={t("map.empty")} text={t("map.emptyText")} />
            </Card>
          ) : (
            <div className="flex flex-col gap-4">
              <div className="grid grid-cols-1 gap-4 xl:grid-cols-[minmax(0,1fr)_24rem]">
                <MapCard positions={answer} selected={selected} />
                <DeviceList positions={answer} selected={selected} />
              </div>
              {selected !== null && <DeviceDrive key={selected} deviceName={selected} />}
            </div>
          )
        }
      </Loaded>
    </Page>
  );
}

interface Shown {
  readonly positions: Positions;
  readonly selected: string | null;
}

function useSelect(): (device: string | null) => void {
  const navigate = route.useNavigate();
  return (device) => void navigate({ search: device === null ? {} : { device }, resetScroll: false });
}

function MapCard({ positions, selected }: Shown): ReactElement {
  const { t } = useTranslation();
  const select = useSelect();
  const nowAt = useNow(10_000);
  const land = useQuery(landQuery());
  const track = useQuery({ ...mapQueries.track(selected ?? ""), enabled: selected !== null });
  const arrival = useQuery({ ...mapQueries.arrival(selected ?? ""), enabled: selected !== null });
  const routeId = arrival.data?.route.id;
  const driven = useQuery({ ...mapQueries.route(routeId ?? ""), enabled: routeId !== undefined });
  const drive = selected === null ? [] : placesOf(track.data?.points ?? []);
  const fitTo =
    selected === null || drive.length === 0 ? positions.items : [...drive, ...(driven.data?.places ?? [])];
  const isTrackThere = drive.length > 0;
  return (
    <Card isPadded={false}>
      <WorldMap
        label={t("map.label", { count: positions.items.length })}
        fitTo={fitTo}
        fitKey={`${selected ?? ""}/${String(isTrackThere)}`}
      >
        {(view, size) => (
          <>
            {driven.data !== undefined && arrival.data && (
              <RouteLayer view={view} size={size} route={driven.data} arrival={arrival.data} />
            )}
            {selected !== null && track.data !== undefined && (
              <TrackLayer view={view} size={size} track={track.data} />
            )}
            <DeviceMarks
              {...{ view, size, selected }}
              items={positions.items}
              now={nowAt}
              onSelect={select}
            />
          </>
        )}
      </WorldMap>
      <Legend hasTrack={isTrackThere} />
      <p id="map-keys" className="border-line border-t px-4 py-2 text-ink-soft text-small">
        {t("map.keys")} {t(land.isError ? "map.noCoast" : "map.coast")}
      </p>
    </Card>
  );
}

function placesOf(points: readonly (readonly [number, number, number, number | null])[]): readonly Place[] {
  return points.map(([, latitude, longitude]) => ({ latitude, longitude }));
}

function Legend({ hasTrack }: { readonly hasTrack: boolean }): ReactElement {
  const { t } = useTranslation();
  const looks = hasTrack ? (["slow", "usual", "fast", "gap"] as const) : [];
  return (
    <ul
      aria-label={t("map.legend")}
      className="flex flex-wrap gap-x-4 gap-y-1 border-line border-t px-4 py-2 text-small"
    >
      {(["moving", "standing", "old"] as const).map((state) => (
        <li key={state} className="flex items-center gap-1">
          <MarkSign state={state} />
          {t(`map.state.${state}`)}
        </li>
      ))}
      {looks.map((look) => (
        <li key={look} className="flex items-center gap-1.5">
          <svg width="26" height="8" aria-hidden="true">
            <path
              d="M1 4h24"
              className={lineLooks[look].stroke}
              strokeWidth={lineLooks[look].width}
              strokeDasharray={lineLooks[look].dash}
            />
          </svg>
          {t(`map.look.${look}`, speedSteps)}
        </li>
      ))}
    </ul>
  );
}

function DeviceList({ positions, selected }: Shown): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const select = useSelect();
  const nowAt = useNow(10_000);
  const { items, total } = positions;
  return (
    <Card title={t("map.devices")} isPadded={false} className="xl:max-h-[36rem] xl:overflow-y-auto">
      <DataTable<DevicePosition>
        label={t("map.devices")}
        rows={items}
        keyOf={({ deviceName }) => deviceName}
        testIdOf={({ deviceName }) => `position-${deviceName}`}
        rowClass={({ deviceName }) => (deviceName === selected ? "bg-accent-soft" : undefined)}
        columns={[
          {
            key: "name",
            title: t("map.device"),
            cell: (item) => (
              <button
                type="button"
                aria-pressed={item.deviceName === selected}
                onClick={() => select(item.deviceName === selected ? null : item.deviceName)}
                className="flex items-center gap-2 text-left font-medium text-accent hover:underline"
              >
                <MarkSign state={markStateOf(item, nowAt)} />
                <span>
                  {item.label === "" ? <span translate="no">{item.deviceName}</span> : item.label}
                  <span className="sr-only"> {t(`map.state.${markStateOf(item, nowAt)}`)}</span>
                </span>
              </button>
            ),
          },
          {
            key: "at",
            title: t("map.lastPosition"),
            isNumber: true,
            cell: (item) => <Age at={item.observedAt} />,
          },
          {
            key: "speed",
            title: t("map.speed"),
            isNumber: true,
            cell: ({ speedKmh }) =>
              speedKmh === null ? t("map.unknown") : t("map.kmh", { speed: format.number(speedKmh, 0) }),
          },
        ]}
      />
      {total > items.length && (
        <p className="px-4 py-2 text-ink-soft text-small">
          {t("map.more", { shown: format.number(items.length), total: format.number(total) })}
        </p>
      )}
    </Card>
  );
}
