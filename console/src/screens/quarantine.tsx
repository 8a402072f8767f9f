import { getRouteApi } from "@tanstack/react-router";
import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { Card } from "../ui/card.tsx";
import { FilterTabs } from "../ui/filter-bar.tsx";
import { Page } from "../ui/page.tsx";
import { HeldMessages, type HeldState } from "./quarantine/held-messages.tsx";

const route = getRouteApi("/app/quarantine");
const states = ["held", "released", "discarded"] as const;

/** Held messages of all devices, to be released under the present profile or discarded by a person. */
export function Quarantine(): ReactElement {
  const { t } = useTranslation();
  const navigate = route.useNavigate();
  const search = route.useSearch();
  const state = states.find((one) => one === search["state"]) ?? "held";
  return (
    <Page title={t("nav.quarantine")} lead={t("quarantine.lead")}>
      <div className="mb-3">
        <HeldStateTabs
          state={state}
          onSelect={(next) => void navigate({ search: next === "held" ? {} : { state: next } })}
        />
      </div>
      <Card isPadded={false}>
        <HeldMessages key={state} state={state} />
      </Card>
    </Page>
  );
}

export function HeldStateTabs({
  state,
  onSelect,
}: {
  readonly state: HeldState;
  readonly onSelect: (state: HeldState) => void;
}): ReactElement {
  const { t } = useTranslation();
  return (
    <FilterTabs<HeldState>
      label={t("common.state")}
      value={state}
      onSelect={(next) => onSelect(next ?? "held")}
      options={states.map((value) => ({ value, label: t(`quarantine.state.${value}`) }))}
    />
  );
}
