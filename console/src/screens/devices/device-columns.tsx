import { useQuery } from "@tanstack/react-query";
import type { DeviceRow } from "@waremind/contract";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { deviceQueries } from "../../api/device-queries.ts";
import { useFormat } from "../../format/use-format.ts";
import { useWords } from "../../i18n/words.ts";
import { Age } from "../../ui/age.tsx";
import { Badge } from "../../ui/badge.tsx";
import { LivenessBadge } from "../../ui/liveness-badge.tsx";
import type { SortKey } from "./filter-devices.ts";

export interface DeviceColumn {
  readonly key: string;
  readonly title: string;
  readonly sort?: SortKey;
  /** Width, and the screen width from which it is shown. */
  readonly className?: string;
  readonly cell: (row: DeviceRow) => ReactNode;
}

/** The names of all profiles in the reader's language, by id. */
export function useProfileNames(): ReadonlyMap<string, string> {
  const format = useFormat();
  const profiles = useQuery(deviceQueries.profiles()).data?.items ?? [];
  return new Map(profiles.map((profile) => [profile.id, format.text(profile.name)]));
}

export function useDeviceColumns(): readonly DeviceColumn[] {
  const { t } = useTranslation();
  const words = useWords();
  const profileNames = useProfileNames();
  const nothing = <span className="text-ink-faint">–</span>;
  return [
    { key: "name", title: t("devices.name"), sort: "name", cell: (row) => row.name },
    {
      key: "liveness",
      title: t("devices.liveness"),
      sort: "liveness",
      className: "w-36",
      cell: (row) => <LivenessCell row={row} />,
    },
    {
      key: "heard",
      title: t("devices.lastHeard"),
      sort: "heard",
      className: "w-28 max-sm:hidden",
      cell: (row) =>
        row.lastHeardAt === null ? (
          <span className="text-ink-faint">{t("devices.never")}</span>
        ) : (
          <Age at={row.lastHeardAt} />
        ),
    },
    {
      key: "profile",
      title: t("devices.profile"),
      sort: "profile",
      className: "w-48 max-md:hidden",
      cell: (row) => profileNames.get(row.profileId) ?? row.profileId,
    },
    {
      key: "gateway",
      title: t("devices.path"),
      sort: "gateway",
      className: "w-28 max-xl:hidden",
      cell: (row) => (
        <>
          {row.transport === null ? nothing : words("transport", row.transport)}
          {row.gatewayName !== null && (
            <span className="block truncate text-ink-faint text-micro">{row.gatewayName}</span>
          )}
          {row.isGateway && (
            <span className="block text-ink-faint text-micro">{t("devices.places.gateway")}</span>
          )}
        </>
      ),
    },
    {
      key: "bound",
      title: t("devices.boundTo"),
      sort: "bound",
      className: "w-32 max-xl:hidden",
      cell: (row) => row.boundLabel ?? nothing,
    },
    {
      key: "firmware",
      title: t("devices.firmware"),
      sort: "firmware",
      className: "w-28 max-[1400px]:hidden",
      cell: (row) => row.firmware ?? nothing,
    },
    {
      key: "held",
      title: t("devices.marks"),
      sort: "quarantined",
      className: "w-32 max-md:hidden",
      cell: (row) => <MarksCell row={row} />,
    },
  ];
}

function LivenessCell({ row }: { readonly row: DeviceRow }): ReactNode {
  const { t } = useTranslation();
  if (row.state === "active") return <LivenessBadge device={row} />;
  return (
    <Badge tone="neutral" icon="cross">
      {t("devices.states.disabled")}
    </Badge>
  );
}

function MarksCell({ row }: { readonly row: DeviceRow }): ReactNode {
  const { t } = useTranslation();
  return (
    <span className="flex flex-wrap gap-1">
      {row.quarantinedCount > 0 && (
        <Badge tone="warn" icon="hand" title={t("devices.marksHint.quarantined")}>
          {t("devices.markShort.quarantined", { count: row.quarantinedCount })}
        </Badge>
      )}
      {row.limitsMetToday > 0 && (
        <Badge tone="warn" icon="rising" title={t("devices.marksHint.limited")}>
          {t("devices.markShort.limited", { count: row.limitsMetToday })}
        </Badge>
      )}
    </span>
  );
}
