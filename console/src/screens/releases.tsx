import { useQuery } from "@tanstack/react-query";
import { getRouteApi, useRouter } from "@tanstack/react-router";
import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { deviceQueries } from "../api/device-queries.ts";
import { Card } from "../ui/card.tsx";
import { Page } from "../ui/page.tsx";
import { EmptyState, Loaded } from "../ui/states.tsx";
import { TabLinks } from "../ui/tab-links.tsx";
import { KeyList } from "./releases/key-list.tsx";
import { ReleaseList } from "./releases/release-list.tsx";
import { RolloutCard } from "./releases/rollout-card.tsx";

const route = getRouteApi("/app/releases");
const tabs = ["rollouts", "releases", "keys"] as const;

/** Firmware and software: what was signed, whose signature is believed, and how far each release has come. */
export function Releases(): ReactElement {
  const { t } = useTranslation();
  const { tab } = route.useSearch();
  const router = useRouter();
  const releases = useQuery(deviceQueries.releases());
  const rollouts = useQuery(deviceQueries.rollouts());
  const current = tabs.find((one) => one === tab) ?? "rollouts";
  const counts = {
    rollouts: rollouts.data?.items.filter((one) => one.state === "running").length,
    releases: releases.data?.items.length,
    keys: releases.data?.keys.filter((key) => key.revokedAt === null).length,
  };
  return (
    <Page title={t("nav.releases")} lead={t("release.lead")}>
      <TabLinks
        label={t("release.parts")}
        current={current}
        tabs={tabs.map((id) => ({ id, label: t(`release.tab.${id}`), count: counts[id] }))}
        hrefOf={(id) =>
          router.buildLocation({ to: "/releases", search: id === "rollouts" ? {} : { tab: id } }).href
        }
      />
      {current === "rollouts" && (
        <Loaded query={rollouts} skeletonRows={6}>
          {({ items }) =>
            items.length === 0 ? (
              <Card>
                <EmptyState icon="release" title={t("rollout.empty")} text={t("rollout.emptyText")} />
              </Card>
            ) : (
              <ul className="flex flex-col gap-4">
                {items.map((rollout) => (
                  <RolloutCard key={rollout.id} rollout={rollout} />
                ))}
              </ul>
            )
          }
        </Loaded>
      )}
      {current !== "rollouts" && (
        <Loaded query={releases} skeletonRows={6}>
          {({ items, keys }) =>
            current === "releases" ? <ReleaseList releases={items} keys={keys} /> : <KeyList keys={keys} />
          }
        </Loaded>
      )}
    </Page>
  );
}
