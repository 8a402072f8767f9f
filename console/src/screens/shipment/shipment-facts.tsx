import { Link } from "@tanstack/react-router";
import type { ShipmentDetail } from "@waremind/contract";
import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { useFormat } from "../../format/use-format.ts";
import { Badge } from "../../ui/badge.tsx";
import { Card } from "../../ui/card.tsx";
import { FactsList } from "../../ui/facts-list.tsx";
import { Mono } from "../../ui/mono.tsx";
import { RefundRow } from "../../ui/refund-row.tsx";

/** Beside the curve: the journey, the goods, who held them and what was given back. */
export function ShipmentFacts({ shipment }: { readonly shipment: ShipmentDetail }): ReactElement {
  return (
    <div className="flex min-w-0 flex-col gap-4">
      <Journey shipment={shipment} />
      <Goods shipment={shipment} />
      <Custody shipment={shipment} />
      {shipment.refunds.length > 0 && <Refunds shipment={shipment} />}
    </div>
  );
}

function Journey({ shipment }: { readonly shipment: ShipmentDetail }): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const time = (at: number | null): string | null => (at === null ? null : format.instant(at));
  return (
    <Card title={t("shipment.journey")}>
      <FactsList
        rows={[
          [
            t("shipment.order"),
            <Link
              key="order"
              to="/orders/$orderId"
              params={{ orderId: shipment.orderId }}
              className="text-accent hover:underline"
            >
              <Mono>{shipment.orderNumber}</Mono>
            </Link>,
          ],
          [t("shipments.customer"), shipment.customerName],
          [t("shipments.carrier"), shipment.carrier],
          [t("shipment.tracking"), <Mono key="tracking">{shipment.trackingNumber}</Mono>],
          [t("shipment.shipped"), time(shipment.shippedAt)],
          [t("shipments.expected"), time(shipment.expectedAt)],
          [t("shipment.delivered"), time(shipment.deliveredAt)],
          [
            t("shipment.logger"),
            shipment.deviceName === null ? (
              t("common.none")
            ) : (
              <Link
                key="device"
                to="/devices/$deviceName"
                params={{ deviceName: shipment.deviceName }}
                className="text-accent hover:underline"
              >
                <Mono>{shipment.deviceName}</Mono>
              </Link>
            ),
          ],
          [
            t("shipment.bandName"),
            shipment.band === null
              ? null
              : format.text({ en: shipment.band.nameEn, zh: shipment.band.nameZh }),
          ],
        ]}
      />
    </Card>
  );
}

function Goods({ shipment }: { readonly shipment: ShipmentDetail }): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <Card title={t("shipment.goods")} isPadded={false}>
      <ul>
        {shipment.lines.map((line) => (
          <li key={line.orderLineId} className="flex gap-3 border-line border-b px-4 py-2.5 last:border-b-0">
            <div className="min-w-0 flex-1">
              <p className="font-medium">{format.text(line.title)}</p>
              <p className="text-ink-faint text-small">
                <Mono>{line.sku}</Mono>
                {line.lotNumber !== null && (
                  <>
                    {" · "}
                    {t("shipment.lot")} <Mono>{line.lotNumber}</Mono>
                  </>
                )}
                {line.expiresOn !== null && ` · ${t("shipment.expires")} ${format.date(line.expiresOn)}`}
              </p>
            </div>
            <span className="font-medium">× {line.units}</span>
          </li>
        ))}
      </ul>
    </Card>
  );
}

function Custody({ shipment }: { readonly shipment: ShipmentDetail }): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <Card title={t("curve.legs")}>
      <ol className="relative flex flex-col gap-3 border-line border-l pl-4">
        {shipment.legs.map((leg) => (
          <li key={leg.position} className="relative">
            <span
              className={`absolute top-1.5 -left-[1.28rem] size-2 rounded-full border ${leg.endedAt === null ? "border-accent bg-accent" : "border-line-strong bg-surface"}`}
            />
            <p className="flex flex-wrap items-center gap-x-2">
              <span className="font-medium">{format.text(leg.holder)}</span>
              <Badge tone={leg.isOurs ? "accent" : "neutral"}>
                {t(leg.isOurs ? "curve.legOurs" : "curve.legTheirs")}
              </Badge>
            </p>
            <p className="text-ink-faint text-small">
              {format.instant(leg.beganAt)} –{" "}
              {leg.endedAt === null ? t("curve.legOpen") : format.instant(leg.endedAt)}
            </p>
          </li>
        ))}
      </ol>
    </Card>
  );
}

function Refunds({ shipment }: { readonly shipment: ShipmentDetail }): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <Card title={t("shipment.refunds")} isPadded={false}>
      <ul data-testid="shipment-refunds">
        {shipment.refunds.map((refund) => (
          <RefundRow key={refund.id} refund={refund} when={format.instant(refund.at)} />
        ))}
      </ul>
    </Card>
  );
}
