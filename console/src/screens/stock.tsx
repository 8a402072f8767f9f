import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { queries } from "../api/queries.ts";
import { useFormat } from "../format/use-format.ts";
import { FilterTabs } from "../ui/filter-bar.tsx";
import { Page } from "../ui/page.tsx";
import { EmptyState, Loaded } from "../ui/states.tsx";
import { ShelfMap } from "./stock/shelf-map.tsx";
import { StockTable } from "./stock/stock-table.tsx";

const route = getRouteApi("/app/stock");

/** What lies where, and how it is known: booked by paper, sensed by weight. */
export function Stock(): ReactElement {
  const { t } = useTranslation();
  const { view = "shelves" } = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <Page
      title={t("nav.stock")}
      lead={t("stock.lead")}
      actions={
        <FilterTabs
          label={t("stock.view")}
          value={view}
          onSelect={(next) => void navigate({ search: (before) => ({ ...before, view: next }) })}
          options={[
            { value: "shelves", label: t("stock.byShelf") },
            { value: "table", label: t("stock.byVariant") },
          ]}
        />
      }
    >
      {view === "table" ? <StockTable /> : <Shelves />}
    </Page>
  );
}

function Shelves(): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const { location: chosen, cell: openCellId } = route.useSearch();
  const navigate = route.useNavigate();
  const locations = useQuery(queries.locations());
  return (
    <Loaded query={locations} skeletonRows={12}>
      {({ items }) => {
        const location =
          items.find((candidate) => candidate.cells.some((cell) => cell.id === openCellId)) ??
          items.find((candidate) => candidate.id === chosen) ??
          items[0];
        if (location === undefined) {
          return <EmptyState icon="stock" title={t("stock.noLocations")} text={t("stock.noLocationsText")} />;
        }
        return (
          <div className="flex flex-col gap-3">
            <FilterTabs
              label={t("stock.location")}
              value={location.id}
              onSelect={(next) =>
                void navigate({ search: (before) => ({ ...before, location: next, cell: undefined }) })
              }
              options={items.map((item) => ({
                value: item.id,
                label: format.text(item.name),
                count: item.cells.length,
              }))}
            />
            <ShelfMap
              location={location}
              openCellId={openCellId}
              onOpen={(cell) =>
                void navigate({ search: (before) => ({ ...before, cell }), resetScroll: false })
              }
            />
          </div>
        );
      }}
    </Loaded>
  );
}
