import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { OrderView } from "@waremind/contract";
import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { queries } from "../api/queries.ts";
import { useFormat } from "../format/use-format.ts";
import { useWords } from "../i18n/words.ts";
import { BackLink } from "../ui/back-link.tsx";
import { Badge } from "../ui/badge.tsx";
import { Card } from "../ui/card.tsx";
import { Mono } from "../ui/mono.tsx";
import { Page } from "../ui/page.tsx";
import { RefundRow } from "../ui/refund-row.tsx";
import { OrderStateBadge, ShipmentStateBadge } from "../ui/state-badge.tsx";
import { Loaded } from "../ui/states.tsx";
import { DataTable } from "../ui/table.tsx";

const route = getRouteApi("/app/orders/$orderId");

export function Order(): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const { orderId } = route.useParams();
  const order = useQuery(queries.order(orderId));
  const answer = order.data;
  return (
    <Page
      tabTitle={answer?.number ?? t("nav.orders")}
      above={<BackLink to="/orders">{t("nav.orders")}</BackLink>}
      title={
        answer === undefined ? (
          t("nav.orders")
        ) : (
          <>
            <span translate="no">{answer.number}</span>
            <OrderStateBadge state={answer.state} />
          </>
        )
      }
      lead={
        answer && `${answer.customerName} · ${t("orders.placed")} ${format.instant(answer.placedAt, "full")}`
      }
    >
      <Loaded query={order} skeletonRows={8}>
        {(detail) => <OrderBody order={detail} />}
      </Loaded>
    </Page>
  );
}

function OrderBody({ order }: { readonly order: OrderView }): ReactElement {
  return (
    <div className="grid grid-cols-1 gap-4 xl:grid-cols-[minmax(0,1fr)_21rem]">
      <div className="flex min-w-0 flex-col gap-4">
        <Lines order={order} />
        {order.refunds.length > 0 && <Refunds order={order} />}
      </div>
      <div className="flex min-w-0 flex-col gap-4">
        <Parcels order={order} />
        <Payments order={order} />
        <History order={order} />
      </div>
    </div>
  );
}

function Lines({ order }: { readonly order: OrderView }): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <Card title={t("orders.lines")} isPadded={false}>
      <DataTable
        label={t("orders.lines")}
        rows={order.lines}
        keyOf={(line) => line.id}
        columns={[
          {
            key: "title",
            title: t("stock.product"),
            cell: (line) => (
              <span className="flex flex-col">
                <span className="flex flex-wrap items-center gap-2 font-medium">
                  {format.text(line.title)}
                  {line.isRefunded && (
                    <Badge tone="accent" icon="receipt">
                      {t("orders.refunded")}
                    </Badge>
                  )}
                </span>
                <Mono className="text-ink-faint text-micro">{line.sku}</Mono>
              </span>
            ),
          },
          { key: "units", title: t("orders.units"), isNumber: true, cell: (line) => `× ${line.units}` },
          {
            key: "unitPrice",
            title: t("orders.unitPrice"),
            isNumber: true,
            from: "sm",
            cell: (line) => format.money(line.unitPrice),
          },
          {
            key: "lineTotal",
            title: t("orders.lineTotal"),
            isNumber: true,
            cell: (line) =>
              format.money({ ...line.unitPrice, amountMinor: line.unitPrice.amountMinor * line.units }),
          },
        ]}
      />
      <p className="flex justify-between border-line border-t px-4 py-2.5 font-semibold">
        {t("orders.total")}
        <span>{format.money(order.total)}</span>
      </p>
    </Card>
  );
}

function Refunds({ order }: { readonly order: OrderView }): ReactElement {
  const { t } = useTranslation();
  const words = useWords();
  const format = useFormat();
  return (
    <Card title={t("shipment.refunds")} isPadded={false}>
      <ul data-testid="order-refunds">
        {order.refunds.map((refund) => (
          <RefundRow
            key={refund.id}
            refund={refund}
            when={format.instant(refund.at, "full")}
            reason={words("refundReason", refund.reason)}
          />
        ))}
      </ul>
    </Card>
  );
}

function Parcels({ order }: { readonly order: OrderView }): ReactElement {
  const { t } = useTranslation();
  return (
    <Card title={t("nav.shipments")} isPadded={order.shipments.length === 0}>
      {order.shipments.length === 0 ? (
        <p className="text-ink-soft">{t("orders.noParcels")}</p>
      ) : (
        <ul>
          {order.shipments.map((shipment) => (
            <li
              key={shipment.id}
              className="relative flex items-center justify-between border-line border-b px-4 py-2.5 last:border-b-0 hover:bg-hover"
            >
              <Link
                to="/shipments/$shipmentId"
                params={{ shipmentId: shipment.id }}
                className="font-medium after:absolute after:inset-0"
              >
                <Mono className="text-base">{shipment.number}</Mono>
              </Link>
              <ShipmentStateBadge state={shipment.state} />
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

function Payments({ order }: { readonly order: OrderView }): ReactElement {
  const { t } = useTranslation();
  const words = useWords();
  const format = useFormat();
  return (
    <Card title={t("orders.payments")}>
      <ul className="flex flex-col gap-2">
        {order.payments.map((payment) => (
          <li key={`${payment.label}-${payment.amount.amountMinor}`} className="flex justify-between gap-3">
            <span>
              {payment.label}
              <span className="block text-ink-faint text-small">{words("paymentState", payment.state)}</span>
            </span>
            <span className="font-medium">{format.money(payment.amount)}</span>
          </li>
        ))}
      </ul>
    </Card>
  );
}

function History({ order }: { readonly order: OrderView }): ReactElement {
  const { t } = useTranslation();
  const words = useWords();
  const format = useFormat();
  return (
    <Card title={t("orders.history")}>
      <ol className="flex flex-col gap-2.5 border-line border-l pl-4">
        {order.history.map((entry) => (
          <li key={`${entry.at}-${entry.kind}`} className="relative">
            <span className="absolute top-1.5 -left-[1.28rem] size-2 rounded-full border border-line-strong bg-surface" />
            <p>{words("historyKind", entry.kind)}</p>
            <p className="text-ink-faint text-small">{format.instant(entry.at, "full")}</p>
          </li>
        ))}
      </ol>
    </Card>
  );
}
