import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { ShipmentSummary } from "@waremind/contract";
import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { queries } from "../api/queries.ts";
import { useNow } from "../clock.ts";
import { formatCelsius } from "../format/quantity.ts";
import { useFormat } from "../format/use-format.ts";
import { Age } from "../ui/age.tsx";
import { Card } from "../ui/card.tsx";
import { Mono } from "../ui/mono.tsx";
import { Page } from "../ui/page.tsx";
import { ShipmentStateBadge } from "../ui/state-badge.tsx";
import { StateFilters } from "../ui/state-filters.tsx";
import { EmptyState, Loaded } from "../ui/states.tsx";
import { type Column, DataTable } from "../ui/table.tsx";
import { VerdictBadge } from "../ui/verdict-badge.tsx";

const route = getRouteApi("/app/shipments");
/** Shorter words are no number of a parcel. */
const numberLengthMin = 6;
const states = ["ready", "shipping", "delivered", "closed", "cancelled"] as const;

export function Shipments(): ReactElement {
  const { t } = useTranslation();
  const { state, q } = route.useSearch();
  const navigate = route.useNavigate();
  const shipments = useQuery(queries.shipments(state));
  const listed = (shipments.data?.items ?? []).filter((shipment) => matches(shipment, q));
  // The list holds the newest; an older parcel is found by its full number.
  const isNumber = q !== undefined && q.trim().length >= numberLengthMin && listed.length === 0;
  const older = useQuery({ ...queries.shipment(q?.trim() ?? ""), enabled: isNumber, retry: false });
  const rows = isNumber && older.data !== undefined ? [older.data] : listed;
  return (
    <Page title={t("nav.shipments")} lead={t("shipments.lead")}>
      <StateFilters
        shown={shipments.data && rows.length}
        total={shipments.data?.items.length}
        states={states}
        group="shipmentState"
        state={state}
        onState={(next) => void navigate({ search: (before) => ({ ...before, state: next }) })}
        searchLabel={t("shipments.search")}
        query={q}
        onQuery={(next) => void navigate({ search: (before) => ({ ...before, q: next }), replace: true })}
      />
      <Card isPadded={false}>
        <Loaded query={shipments} skeletonRows={10}>
          {() =>
            rows.length === 0 ? (
              <EmptyState icon="shipment" title={t("shipments.empty")} text={t("shipments.emptyText")} />
            ) : (
              <ShipmentTable rows={rows} />
            )
          }
        </Loaded>
      </Card>
    </Page>
  );
}

function matches(shipment: ShipmentSummary, query: string | undefined): boolean {
  if (query === undefined) return true;
  const wanted = query.trim().toLowerCase();
  const { number, orderNumber, customerName, trackingNumber, deviceName } = shipment;
  return [number, orderNumber, customerName, trackingNumber, deviceName ?? ""].some((text) =>
    text.toLowerCase().includes(wanted),
  );
}

function ShipmentTable({ rows }: { readonly rows: readonly ShipmentSummary[] }): ReactElement {
  const { t } = useTranslation();
  return (
    <DataTable
      label={t("nav.shipments")}
      columns={useColumns()}
      rows={rows}
      keyOf={(shipment) => shipment.id}
      testIdOf={(shipment) => `shipment-row-${shipment.number}`}
    />
  );
}

function useColumns(): readonly Column<ShipmentSummary>[] {
  const { t } = useTranslation();
  const format = useFormat();
  return [
    {
      key: "number",
      title: t("shipments.number"),
      cell: (shipment) => (
        <Link
          to="/shipments/$shipmentId"
          params={{ shipmentId: shipment.id }}
          className="whitespace-nowrap font-medium after:absolute after:inset-0"
        >
          <Mono className="text-base">{shipment.number}</Mono>
        </Link>
      ),
    },
    {
      key: "condition",
      title: t("shipments.condition"),
      cell: (shipment) =>
        shipment.condition === null ? (
          <span className="text-ink-faint">
            {t(shipment.band === null ? "shipments.unchilled" : "shipments.unmeasured")}
          </span>
        ) : (
          <VerdictBadge verdict={shipment.condition.verdict} />
        ),
    },
    {
      key: "latest",
      title: t("shipments.latest"),
      isNumber: true,
      cell: (shipment) => <LatestTemperature shipment={shipment} />,
    },
    {
      key: "band",
      title: t("shipments.band"),
      from: "lg",
      isNumber: true,
      cell: ({ band }) =>
        band === null ? (
          <Dash />
        ) : (
          `${format.number(band.minCelsius, 1)} – ${format.number(band.maxCelsius, 1)} °C`
        ),
    },
    {
      key: "excursion",
      title: t("shipments.excursion"),
      from: "md",
      isNumber: true,
      cell: ({ condition }) =>
        condition === null || condition.excursionMinutes === 0 ? (
          <Dash />
        ) : (
          format.minutes(condition.excursionMinutes)
        ),
    },
    {
      key: "state",
      title: t("common.state"),
      from: "sm",
      cell: ({ state }) => <ShipmentStateBadge state={state} />,
    },
    {
      key: "customer",
      title: t("shipments.customer"),
      from: "md",
      cell: (shipment) => shipment.customerName,
    },
    { key: "carrier", title: t("shipments.carrier"), from: "xl", cell: (shipment) => shipment.carrier },
    {
      key: "expected",
      title: t("shipments.expected"),
      from: "lg",
      isNumber: true,
      cell: (shipment) => <ExpectedTime shipment={shipment} />,
    },
  ];
}

function Dash(): ReactElement {
  return <span className="text-ink-faint">–</span>;
}

function LatestTemperature({ shipment }: { readonly shipment: ShipmentSummary }): ReactElement {
  const { condition } = shipment;
  if (condition?.lastCelsius === null || condition?.lastCelsius === undefined) return <Dash />;
  return (
    <span className="inline-flex items-baseline gap-2.5">
      {condition.lastAt !== null && <Age at={condition.lastAt} className="text-ink-faint text-micro" />}
      <span className="min-w-14 font-medium">{formatCelsius(condition.lastCelsius)}</span>
    </span>
  );
}

function ExpectedTime({ shipment }: { readonly shipment: ShipmentSummary }): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const time = useNow(60_000);
  if (shipment.deliveredAt !== null) {
    return (
      <span className="text-ink-soft">
        {t("shipments.delivered")} {format.instant(shipment.deliveredAt)}
      </span>
    );
  }
  if (shipment.expectedAt === null) return <Dash />;
  const isLate = shipment.state === "shipping" && shipment.expectedAt < time;
  return (
    <span className={isLate ? "text-warn" : undefined}>
      {format.instant(shipment.expectedAt)}
      {isLate && ` · ${t("shipments.late")}`}
    </span>
  );
}
