import { getRouteApi } from "@tanstack/react-router";
import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { Page } from "../ui/page.tsx";
import { TabLinks } from "../ui/tab-links.tsx";
import { PolicyList } from "./escalation/policy-list.tsx";
import { TargetList } from "./escalation/target-list.tsx";

const route = getRouteApi("/app/escalation");
const tabs = ["policies", "targets"] as const;

/** Who is told of alarms, by which way, and who after whom. */
export function Escalation(): ReactElement {
  const { t } = useTranslation();
  const search = route.useSearch();
  const tab = tabs.find((one) => one === search["tab"]) ?? "policies";
  return (
    <Page title={t("nav.escalation")} lead={t("escalation.lead")}>
      <TabLinks
        label={t("nav.escalation")}
        tabs={tabs.map((id) => ({ id, label: t(`escalation.tabs.${id}`) }))}
        current={tab}
        hrefOf={(id) => `/escalation?tab=${id}`}
      />
      {tab === "policies" ? <PolicyList /> : <TargetList />}
    </Page>
  );
}
