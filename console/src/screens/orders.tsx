import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { OrderSummary } from "@waremind/contract";
import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { queries } from "../api/queries.ts";
import { useFormat } from "../format/use-format.ts";
import { Card } from "../ui/card.tsx";
import { Mono } from "../ui/mono.tsx";
import { Page } from "../ui/page.tsx";
import { OrderStateBadge } from "../ui/state-badge.tsx";
import { StateFilters } from "../ui/state-filters.tsx";
import { EmptyState, Loaded } from "../ui/states.tsx";
import { type Column, DataTable } from "../ui/table.tsx";

const route = getRouteApi("/app/orders");
const states = ["pending", "processed", "shipped", "delivered", "cancelled"] as const;

export function Orders(): ReactElement {
  const { t } = useTranslation();
  const { state, q } = route.useSearch();
  const navigate = route.useNavigate();
  const orders = useQuery(queries.orders(state));
  const columns = useColumns();
  const rows = (orders.data?.items ?? []).filter((order) => matches(order, q));
  return (
    <Page title={t("nav.orders")} lead={t("orders.lead")}>
      <StateFilters
        shown={orders.data && rows.length}
        total={orders.data?.items.length}
        states={states}
        group="orderState"
        state={state}
        onState={(next) => void navigate({ search: (before) => ({ ...before, state: next }) })}
        searchLabel={t("orders.search")}
        query={q}
        onQuery={(next) => void navigate({ search: (before) => ({ ...before, q: next }), replace: true })}
      />
      <Card isPadded={false}>
        <Loaded query={orders} skeletonRows={10}>
          {() =>
            rows.length === 0 ? (
              <EmptyState icon="order" title={t("orders.empty")} text={t("orders.emptyText")} />
            ) : (
              <DataTable
                label={t("nav.orders")}
                columns={columns}
                rows={rows}
                keyOf={(order) => order.id}
                testIdOf={(order) => `order-row-${order.number}`}
              />
            )
          }
        </Loaded>
      </Card>
    </Page>
  );
}

function matches(order: OrderSummary, query: string | undefined): boolean {
  if (query === undefined) return true;
  const wanted = query.trim().toLowerCase();
  return [order.number, order.customerName].some((text) => text.toLowerCase().includes(wanted));
}

function useColumns(): readonly Column<OrderSummary>[] {
  const { t } = useTranslation();
  const format = useFormat();
  return [
    {
      key: "number",
      title: t("orders.number"),
      cell: (order) => (
        <Link
          to="/orders/$orderId"
          params={{ orderId: order.id }}
          className="font-medium after:absolute after:inset-0"
        >
          <Mono className="text-base">{order.number}</Mono>
        </Link>
      ),
    },
    { key: "state", title: t("common.state"), cell: (order) => <OrderStateBadge state={order.state} /> },
    { key: "customer", title: t("orders.customer"), cell: (order) => order.customerName },
    { key: "total", title: t("orders.total"), isNumber: true, cell: (order) => format.money(order.total) },
    {
      key: "placed",
      title: t("orders.placed"),
      isNumber: true,
      from: "sm",
      cell: (order) => format.instant(order.placedAt),
    },
  ];
}
