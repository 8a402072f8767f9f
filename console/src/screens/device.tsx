import { useQuery } from "@tanstack/react-query";
import { getRouteApi, useRouter } from "@tanstack/react-router";
import { positionKeyPairs } from "@waremind/contract";
import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import type { DeviceDetail } from "../api/answers.ts";
import { queries } from "../api/queries.ts";
import { BackLink } from "../ui/back-link.tsx";
import { Badge } from "../ui/badge.tsx";
import { buttonStyle } from "../ui/button.tsx";
import { HrefLink } from "../ui/href-link.tsx";
import { Icon } from "../ui/icon.tsx";
import { LivenessBadge } from "../ui/liveness-badge.tsx";
import { Page } from "../ui/page.tsx";
import { Loaded } from "../ui/states.tsx";
import { TabLinks } from "../ui/tab-links.tsx";
import { AttributesTab } from "./device/attributes-tab.tsx";
import { CommandsTab } from "./device/commands-tab.tsx";
import { CredentialsTab } from "./device/credentials-tab.tsx";
import { DeviceActions } from "./device/device-actions.tsx";
import { ExplorerTab } from "./device/explorer-tab.tsx";
import { HistoryTab } from "./device/history-tab.tsx";
import { OverviewTab } from "./device/overview-tab.tsx";
import { QuarantineTab } from "./device/quarantine-tab.tsx";

const route = getRouteApi("/app/devices/$deviceName");
const tabs = [
  "overview",
  "explorer",
  "attributes",
  "commands",
  "credentials",
  "history",
  "quarantine",
] as const;

/** One device: what it says, what is wanted of it, how it is let in and what became of all that. */
export function Device(): ReactElement {
  const { t } = useTranslation();
  const { deviceName } = route.useParams();
  const { tab } = route.useSearch();
  const router = useRouter();
  const device = useQuery(queries.device(deviceName));
  const view = device.data?.device;
  const current = tabs.find((one) => one === tab) ?? "overview";
  return (
    <Page
      tabTitle={deviceName}
      above={<BackLink to="/devices">{t("nav.devices")}</BackLink>}
      title={
        <>
          {view === undefined || view.label === "" ? <span translate="no">{deviceName}</span> : view.label}
          {view !== undefined && <LivenessBadge device={view} />}
          {view?.state === "disabled" && (
            <Badge tone="bad" icon="cross">
              {t("deviceState.disabled")}
            </Badge>
          )}
        </>
      }
      actions={
        device.data !== undefined && (
          <>
            {hasPosition(device.data) && (
              <HrefLink
                href={`/map?device=${encodeURIComponent(deviceName)}`}
                className={buttonStyle()}
                testId="device-on-map"
              >
                <Icon name="pin" className="size-3.5" />
                {t("map.onMap")}
              </HrefLink>
            )}
            <DeviceActions detail={device.data} />
          </>
        )
      }
    >
      <TabLinks
        label={t("device.tabs")}
        current={current}
        tabs={tabs.map((id) => ({
          id,
          label: t(`device.tab.${id}`),
          ...(id === "quarantine" ? { count: view?.quarantinedCount } : {}),
        }))}
        hrefOf={(id) =>
          router.buildLocation({
            to: "/devices/$deviceName",
            params: { deviceName },
            search: id === "overview" ? {} : { tab: id },
          }).href
        }
      />
      <Loaded query={device} skeletonRows={8}>
        {(detail) => <Tab tab={current} detail={detail} />}
      </Loaded>
    </Page>
  );
}

function hasPosition({ series }: DeviceDetail): boolean {
  const keys = new Set(series.flatMap(({ key, valueType }) => (valueType === "number" ? [key] : [])));
  return positionKeyPairs.some((pair) => pair.every((key) => keys.has(key)));
}

interface TabProps {
  readonly tab: (typeof tabs)[number];
  readonly detail: DeviceDetail;
}

function Tab({ tab, detail }: TabProps): ReactElement {
  const { name } = detail.device;
  switch (tab) {
    case "overview":
      return <OverviewTab detail={detail} />;
    case "explorer":
      return <ExplorerTab key={name} detail={detail} />;
    case "attributes":
      return <AttributesTab key={name} deviceName={name} />;
    case "commands":
      return <CommandsTab key={name} detail={detail} />;
    case "credentials":
      return <CredentialsTab key={name} deviceName={name} />;
    case "history":
      return <HistoryTab key={name} deviceName={name} />;
    case "quarantine":
      return <QuarantineTab key={name} deviceName={name} />;
  }
}
