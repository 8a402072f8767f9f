import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { Alarm } from "@waremind/contract";
import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { alarmQueries } from "../api/alarm-queries.ts";
import { queries } from "../api/queries.ts";
import { Card } from "../ui/card.tsx";
import { FilterBar, FilterTabs, SearchBox } from "../ui/filter-bar.tsx";
import { Page } from "../ui/page.tsx";
import { EmptyState, Loaded } from "../ui/states.tsx";
import { AlarmItem } from "./alarms/alarm-item.tsx";
import { type AlarmFilter, filterAlarms } from "./alarms/filter-alarms.ts";

const route = getRouteApi("/app/alarms");
const severities = ["critical", "warning", "info"] as const;

/** Every alarm with its whole story: what was true when, who has it, whom it was told. */
export function Alarms(): ReactElement {
  const { t } = useTranslation();
  const navigate = route.useNavigate();
  const search = route.useSearch();
  const me = useQuery(queries.me()).data;
  const isAll = search["state"] === "all";
  const alarms = useQuery(alarmQueries.alarms(!isAll));
  const severity = severities.find((one) => one === search["severity"]);
  const mine = search["mine"] === "true";
  const filter: AlarmFilter = { severity, query: search["q"], assignedTo: mine ? me?.id : undefined };
  const choose = (change: Record<string, string | undefined>): void =>
    void navigate({ search: (before) => ({ ...before, ...change }) });
  const shown = alarms.data === undefined ? undefined : filterAlarms(alarms.data.items, filter);
  return (
    <Page title={t("nav.alarms")} lead={t("alarms.lead")}>
      <FilterBar shown={shown?.length} total={alarms.data?.items.length}>
        <FilterTabs<"all">
          label={t("common.state")}
          value={isAll ? "all" : undefined}
          onSelect={(state) => choose({ state })}
          options={[
            { value: undefined, label: t("alarms.open") },
            { value: "all", label: t("common.all") },
          ]}
        />
        <FilterTabs<Alarm["severity"]>
          label={t("profile.severity")}
          value={severity}
          onSelect={(next) => choose({ severity: next })}
          options={[
            { value: undefined, label: t("alarms.anySeverity") },
            ...severities.map((value) => ({ value, label: t(`severity.${value}`) })),
          ]}
        />
        <FilterTabs<"true">
          label={t("alarms.assignment")}
          value={mine ? "true" : undefined}
          onSelect={(next) => choose({ mine: next })}
          options={[
            { value: undefined, label: t("alarms.anybody") },
            { value: "true", label: t("alarms.mine") },
          ]}
        />
        <SearchBox label={t("alarms.search")} value={search["q"]} onChange={(q) => choose({ q })} />
      </FilterBar>
      <Card isPadded={false}>
        <Loaded query={alarms} skeletonRows={6}>
          {({ items }) => (
            <AlarmItems
              alarms={filterAlarms(items, filter)}
              isFiltered={items.length > 0}
              opened={search["alarm"]}
              onOpen={(alarm) => choose({ alarm })}
            />
          )}
        </Loaded>
      </Card>
    </Page>
  );
}

interface AlarmItemsProps {
  readonly alarms: readonly Alarm[];
  /** There are others, which the filter leaves out. */
  readonly isFiltered: boolean;
  readonly opened: string | undefined;
  readonly onOpen: (id: string | undefined) => void;
}

function AlarmItems({ alarms, isFiltered, opened, onOpen }: AlarmItemsProps): ReactElement {
  const { t } = useTranslation();
  if (alarms.length === 0)
    return isFiltered ? (
      <EmptyState icon="search" title={t("alarms.noneFits")} text={t("alarms.noneFitsText")} />
    ) : (
      <EmptyState icon="check-circle" title={t("alarm.empty")} text={t("alarm.emptyText")} />
    );
  return (
    <ul>
      {alarms.map((alarm) => (
        <AlarmItem
          key={alarm.id}
          alarm={alarm}
          isOpened={alarm.id === opened}
          onToggle={() => onOpen(alarm.id === opened ? undefined : alarm.id)}
        />
      ))}
    </ul>
  );
}
