import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { StockRow } from "@waremind/contract";
import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { queries } from "../../api/queries.ts";
import { useFormat } from "../../format/use-format.ts";
import { Age } from "../../ui/age.tsx";
import { Badge } from "../../ui/badge.tsx";
import { Card } from "../../ui/card.tsx";
import { FilterBar, SearchBox } from "../../ui/filter-bar.tsx";
import { Mono } from "../../ui/mono.tsx";
import { EmptyState, Loaded } from "../../ui/states.tsx";
import { type Column, DataTable } from "../../ui/table.tsx";

const route = getRouteApi("/app/stock");

export function StockTable(): ReactElement {
  const { t } = useTranslation();
  const { q } = route.useSearch();
  const navigate = route.useNavigate();
  const stock = useQuery(queries.stock());
  const columns = useColumns();
  const rows = (stock.data?.items ?? []).filter((row) => matches(row, q));
  return (
    <>
      <FilterBar shown={stock.data && rows.length} total={stock.data?.items.length}>
        <SearchBox
          label={t("stock.search")}
          value={q}
          onChange={(next) => void navigate({ search: (before) => ({ ...before, q: next }), replace: true })}
        />
      </FilterBar>
      <Card isPadded={false}>
        <Loaded query={stock} skeletonRows={10}>
          {() =>
            rows.length === 0 ? (
              <EmptyState icon="stock" title={t("stock.nothing")} text={t("stock.nothingText")} />
            ) : (
              <DataTable
                label={t("nav.stock")}
                columns={columns}
                rows={rows}
                keyOf={(row) => row.variantId}
              />
            )
          }
        </Loaded>
      </Card>
    </>
  );
}

function matches(row: StockRow, query: string | undefined): boolean {
  if (query === undefined) return true;
  const wanted = query.trim().toLowerCase();
  return [row.sku, row.title.en, row.title.zh].some((text) => text.toLowerCase().includes(wanted));
}

function useColumns(): readonly Column<StockRow>[] {
  const { t } = useTranslation();
  const format = useFormat();
  return [
    {
      key: "title",
      title: t("stock.product"),
      cell: (row) => (
        <span className="flex flex-col">
          <span className="font-medium">{format.text(row.title)}</span>
          <Mono className="text-ink-faint text-micro">{row.sku}</Mono>
        </span>
      ),
    },
    {
      key: "price",
      title: t("stock.price"),
      isNumber: true,
      from: "sm",
      cell: (row) => format.money(row.price),
    },
    {
      key: "available",
      title: t("stock.available"),
      isNumber: true,
      cell: (row) => <Available row={row} />,
    },
    {
      key: "onHand",
      title: t("stock.onHand"),
      isNumber: true,
      from: "md",
      cell: (row) => format.number(row.onHandUnits),
    },
    {
      key: "reserved",
      title: t("stock.reserved"),
      isNumber: true,
      from: "md",
      cell: (row) => format.number(row.reservedUnits),
    },
    {
      key: "sensed",
      title: t("stock.sensed"),
      isNumber: true,
      from: "sm",
      cell: (row) =>
        row.sensedUnits === null ? (
          <span className="text-ink-faint">–</span>
        ) : (
          <span className="inline-flex flex-col items-end">
            {format.number(row.sensedUnits)}
            {row.sensedAt !== null && <Age at={row.sensedAt} className="text-ink-faint text-micro" />}
          </span>
        ),
    },
    {
      key: "expiring",
      title: t("stock.expiring"),
      isNumber: true,
      from: "lg",
      cell: (row) => (
        <span className="inline-flex flex-col items-end">
          {format.number(row.expiringUnits)}
          {row.nextExpiryOn !== null && (
            <span className="text-ink-faint text-micro">{format.date(row.nextExpiryOn)}</span>
          )}
        </span>
      ),
    },
  ];
}

function Available({ row }: { readonly row: StockRow }): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const available = row.onHandUnits - row.reservedUnits;
  if (available > 0) return <span className="font-medium">{format.number(available)}</span>;
  return (
    <Badge tone="bad" icon="cross">
      {t("stock.soldOut")}
    </Badge>
  );
}
