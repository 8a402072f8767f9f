import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ArrivalView, TrackView } from "@waremind/contract";
import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { mapQueries } from "../../api/map-queries.ts";
import { useFormat } from "../../format/use-format.ts";
import { Card } from "../../ui/card.tsx";
import { FactsList } from "../../ui/facts-list.tsx";
import { EmptyState, Loaded } from "../../ui/states.tsx";
import { DataTable } from "../../ui/table.tsx";

/** What one device drove in the last 24 hours, and when it arrives, as text. */
export function DeviceDrive({ deviceName }: { readonly deviceName: string }): ReactElement {
  const { t } = useTranslation();
  const track = useQuery(mapQueries.track(deviceName));
  const arrival = useQuery(mapQueries.arrival(deviceName));
  return (
    <div className="grid grid-cols-1 gap-4 lg:grid-cols-2" data-testid="map-drive">
      <Card
        title={t("map.drive")}
        aside={
          <Link
            to="/devices/$deviceName"
            params={{ deviceName }}
            className="text-accent text-small hover:underline"
          >
            {t("map.toDevice")}
          </Link>
        }
      >
        <Loaded query={track}>
          {(view) =>
            view.positionCount === 0 ? (
              <EmptyState icon="clock" title={t("map.noTrack")} text={t("map.noTrackText")} />
            ) : (
              <TrackFigures track={view} />
            )
          }
        </Loaded>
        <Loaded query={arrival} skeletonRows={2}>
          {(view) => view !== null && <ArrivalFigures arrival={view} />}
        </Loaded>
      </Card>
      <Card title={t("map.stops")} isPadded={false} className="max-h-[30rem] overflow-y-auto">
        <Loaded query={track}>{(view) => <Stops track={view} />}</Loaded>
      </Card>
    </div>
  );
}

function TrackFigures({ track }: { readonly track: TrackView }): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const kilometres = (metres: number): string => format.quantity(Number((metres / 1000).toFixed(1)), "km");
  return (
    <FactsList
      rows={[
        [t("map.distance"), kilometres(track.metres)],
        [t("map.moving"), format.minutes(Math.round(track.movingMinutes))],
        [t("map.stopped"), format.minutes(Math.round(track.stoppedMinutes))],
        [
          t("map.fastest"),
          track.speedKmhMax === null ? null : t("map.kmh", { speed: format.number(track.speedKmhMax, 0) }),
        ],
        [t("map.gaps"), track.gapCount === 0 ? null : format.number(track.gapCount)],
        [
          t("map.restsOn"),
          t("map.positionCount", {
            count: track.positionCount,
            number: format.number(track.positionCount),
          }) +
            (track.implausibleCount === 0
              ? ""
              : t("map.leftOut", { number: format.number(track.implausibleCount) })),
        ],
      ]}
    />
  );
}

function ArrivalFigures({ arrival }: { readonly arrival: ArrivalView }): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const { arrivesAt, earliestAt, latestAt, basis } = arrival;
  const kilometres = (metres: number): string => format.quantity(Number((metres / 1000).toFixed(1)), "km");
  return (
    <section className="mt-4 border-line border-t pt-3" data-testid="map-arrival">
      <h3 className="mb-2 font-semibold">{t("map.arrival", { route: format.text(arrival.route.name) })}</h3>
      <FactsList
        rows={[
          [
            t("map.arrives"),
            arrivesAt === null || earliestAt === null || latestAt === null ? (
              t("map.arrived")
            ) : (
              <>
                <span className="font-medium">{format.instant(arrivesAt, "day-time")}</span>{" "}
                <span className="text-ink-soft">
                  {t("map.interval", {
                    from: format.instant(earliestAt, "day-time"),
                    to: format.instant(latestAt, "day-time"),
                  })}
                </span>
              </>
            ),
          ],
          [t("map.left"), arrivesAt === null ? null : kilometres(arrival.metresLeft)],
          [
            t("map.aside"),
            arrival.metresAside === null ? null : format.quantity(Math.round(arrival.metresAside), "m"),
          ],
          [
            t("map.pace"),
            arrival.speedKmh === null ? null : t("map.kmh", { speed: format.number(arrival.speedKmh, 0) }),
          ],
          [
            t("map.restsOn"),
            basis.lastObservedAt === null
              ? t("map.usualOnly", { speed: format.number(arrival.route.usualSpeedKmh, 0) })
              : t("map.basis", {
                  number: format.number(basis.positionCount),
                  until: format.instant(basis.lastObservedAt, "day-time"),
                  stretches: format.number(arrival.stretchCount),
                }),
          ],
        ]}
      />
    </section>
  );
}

function Stops({ track }: { readonly track: TrackView }): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  if (track.stops.length === 0) return <EmptyState icon="check-circle" title={t("map.noStops")} />;
  return (
    <DataTable
      label={t("map.stops")}
      rows={track.stops.toReversed()}
      keyOf={(stop) => stop.beganAt}
      columns={[
        { key: "from", title: t("map.from"), cell: (stop) => format.instant(stop.beganAt) },
        {
          key: "to",
          title: t("map.to"),
          cell: (stop) => (stop.endedAt === null ? t("map.stillThere") : format.instant(stop.endedAt)),
        },
        {
          key: "minutes",
          title: t("map.duration"),
          isNumber: true,
          cell: (stop) => format.minutes(Math.round(stop.minutes)),
        },
        {
          key: "place",
          title: t("map.place"),
          isNumber: true,
          from: "sm",
          cell: (stop) => (
            <span className="text-ink-soft">
              {stop.latitude.toFixed(4)}, {stop.longitude.toFixed(4)}
            </span>
          ),
        },
      ]}
    />
  );
}
