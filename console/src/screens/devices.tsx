import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { type ReactElement, useDeferredValue, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { deviceQueries } from "../api/device-queries.ts";
import { useMay } from "../api/use-may.ts";
import { Button } from "../ui/button.tsx";
import { Card } from "../ui/card.tsx";
import { Page } from "../ui/page.tsx";
import { EmptyState, Loaded } from "../ui/states.tsx";
import { CreateDevice } from "./device/create-device.tsx";
import { ClaimDevice } from "./devices/claim-device.tsx";
import { useProfileNames } from "./devices/device-columns.tsx";
import { DeviceFilters } from "./devices/device-filters.tsx";
import { DeviceTable } from "./devices/device-table.tsx";
import { filterDevices, indexDevices, parseFilter, type SortKey } from "./devices/filter-devices.ts";
import { ImportDevices } from "./devices/import-devices.tsx";

const route = getRouteApi("/app/devices");

/** All devices of the shop in one table that filters as one types. */
export function Devices(): ReactElement {
  const { t } = useTranslation();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const devices = useQuery(deviceQueries.rows());
  const profileNames = useProfileNames();
  const items = devices.data?.items;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the map of names is new on every render; its size tells enough.
  const indexed = useMemo(() => indexDevices(items ?? [], profileNames), [items, profileNames.size]);
  const filter = useMemo(() => parseFilter(search), [search]);
  // Typing stays instant: the table follows as soon as the browser has a moment.
  const drawnFilter = useDeferredValue(filter);
  const filtered = useMemo(() => filterDevices(indexed, drawnFilter), [indexed, drawnFilter]);
  const sortBy = (key: SortKey): void => {
    const isSame = filter.sort === key;
    const next = isSame && !filter.isDescending ? `-${key}` : key;
    void navigate({
      search: (before) => ({ ...before, sort: next === "name" ? undefined : next }),
      replace: true,
    });
  };
  return (
    <Page title={t("nav.devices")} lead={t("devices.lead")} actions={<Actions />} className="pb-6">
      <DeviceFilters filter={filter} filtered={filtered} total={items?.length} />
      <Card isPadded={false}>
        <Loaded query={devices} skeletonRows={12}>
          {({ items: all }) =>
            filtered.rows.length === 0 ? (
              <EmptyState
                icon="device"
                title={t(all.length === 0 ? "devices.none" : "devices.empty")}
                text={t(all.length === 0 ? "devices.emptyText" : "devices.noMatchText")}
              />
            ) : (
              <DeviceTable rows={filtered.rows} filter={drawnFilter} onSort={sortBy} />
            )
          }
        </Loaded>
      </Card>
    </Page>
  );
}

function Actions(): ReactElement | null {
  const { t } = useTranslation();
  const may = useMay();
  const [opened, setOpened] = useState<"create" | "claim" | "import" | null>(null);
  if (!may("devices.write")) return null;
  const close = (): void => setOpened(null);
  return (
    <>
      <Button icon="upload" onClick={() => setOpened("import")} data-testid="device-import">
        {t("devices.import")}
      </Button>
      <Button icon="hand" onClick={() => setOpened("claim")} data-testid="device-claim">
        {t("claim.title")}
      </Button>
      <Button look="primary" icon="plus" onClick={() => setOpened("create")} data-testid="device-create">
        {t("devices.create")}
      </Button>
      <CreateDevice isOpen={opened === "create"} onClose={close} />
      <ClaimDevice isOpen={opened === "claim"} onClose={close} />
      <ImportDevices isOpen={opened === "import"} onClose={close} />
    </>
  );
}
