import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { ShipmentDetail } from "@waremind/contract";
import { type ReactElement, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { queries } from "../api/queries.ts";
import { useNow } from "../clock.ts";
import { Curve } from "../curve/lazy-curve.tsx";
import { prepareCurve } from "../curve/prepare-curve.ts";
import { parseInstants } from "../search.ts";
import { AlarmRow } from "../ui/alarm-row.tsx";
import { BackLink } from "../ui/back-link.tsx";
import { Card } from "../ui/card.tsx";
import { Mono } from "../ui/mono.tsx";
import { Page } from "../ui/page.tsx";
import { ShipmentStateBadge } from "../ui/state-badge.tsx";
import { EmptyState, Loaded } from "../ui/states.tsx";
import { VerdictBadge } from "../ui/verdict-badge.tsx";
import { ConditionFigures } from "./shipment/condition-figures.tsx";
import { ShipmentFacts } from "./shipment/shipment-facts.tsx";
import { useLiveCurve } from "./shipment/use-live-curve.ts";

const route = getRouteApi("/app/shipments/$shipmentId");

export function Shipment(): ReactElement {
  const { t } = useTranslation();
  const { shipmentId } = route.useParams();
  const shipment = useQuery(queries.shipment(shipmentId));
  useLiveCurve(shipmentId, shipment.data?.seriesId ?? null);
  const answer = shipment.data;
  return (
    <Page
      tabTitle={answer?.number ?? t("nav.shipments")}
      above={<BackLink to="/shipments">{t("nav.shipments")}</BackLink>}
      title={
        answer === undefined ? (
          t("nav.shipments")
        ) : (
          <>
            <span translate="no">{answer.number}</span>
            <ShipmentStateBadge state={answer.state} />
            {answer.condition !== null && <VerdictBadge verdict={answer.condition.verdict} />}
          </>
        )
      }
    >
      <Loaded query={shipment} skeletonRows={10}>
        {(detail) => <ShipmentBody shipment={detail} />}
      </Loaded>
    </Page>
  );
}

function ShipmentBody({ shipment }: { readonly shipment: ShipmentDetail }): ReactElement {
  const { t } = useTranslation();
  return (
    <div className="grid grid-cols-1 gap-4 xl:grid-cols-[minmax(0,1fr)_21rem]">
      <div className="flex min-w-0 flex-col gap-4">
        {shipment.condition !== null && (
          <ConditionFigures condition={shipment.condition} band={shipment.band} />
        )}
        <Card title={t("shipment.curve")} aside={<LoggerName shipment={shipment} />}>
          <ShipmentCurve shipment={shipment} />
        </Card>
        <Card title={t("shipment.alarms")} isPadded={false}>
          {shipment.alarms.length === 0 ? (
            <EmptyState icon="check-circle" title={t("shipment.noAlarms")} className="py-6" />
          ) : (
            <ul>
              {shipment.alarms.map((alarm) => (
                <AlarmRow key={alarm.id} alarm={alarm} />
              ))}
            </ul>
          )}
        </Card>
      </div>
      <ShipmentFacts shipment={shipment} />
    </div>
  );
}

function LoggerName({ shipment }: { readonly shipment: ShipmentDetail }): ReactElement | null {
  if (shipment.deviceName === null) return null;
  return <Mono className="text-ink-faint">{shipment.deviceName}</Mono>;
}

const openGapRefreshMs = 15_000;

function ShipmentCurve({ shipment }: { readonly shipment: ShipmentDetail }): ReactElement {
  const { t } = useTranslation();
  const { at, points } = route.useSearch();
  const { band, condition } = shipment;
  const nowAt = useNow(openGapRefreshMs);
  const curve = useMemo(
    () => prepareCurve({ points: shipment.curve, gaps: condition?.gaps ?? [], nowAt }),
    [shipment.curve, condition?.gaps, nowAt],
  );
  const markedAt = useMemo(
    () =>
      [...new Set([...parseInstants(points), ...parseInstants(at)])].toSorted((one, other) => one - other),
    [points, at],
  );
  const alarmsAt = useMemo(() => shipment.alarms.map((alarm) => alarm.beganAt), [shipment.alarms]);
  if (shipment.seriesId === null) {
    return <EmptyState icon="thermometer" title={t("shipment.noLogger")} text={t("shipment.noLoggerText")} />;
  }
  return (
    <Curve
      curve={curve}
      unit="Cel"
      label={t("shipment.curveOf", { number: shipment.number })}
      band={band === null ? null : { min: band.minCelsius, max: band.maxCelsius }}
      excursions={condition?.excursions ?? noExcursions}
      alarmsAt={alarmsAt}
      markedAt={markedAt}
      legs={shipment.legs}
      height={320}
    />
  );
}

const noExcursions: readonly never[] = [];
