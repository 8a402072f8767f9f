import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { RolloutView } from "@waremind/contract";
import { type ReactElement, useState } from "react";
import { useTranslation } from "react-i18next";
import { deviceQueries } from "../../api/device-queries.ts";
import { useFormat } from "../../format/use-format.ts";
import { useWords } from "../../i18n/words.ts";
import { Age } from "../../ui/age.tsx";
import { Badge, type Tone } from "../../ui/badge.tsx";
import { FilterTabs } from "../../ui/filter-bar.tsx";
import type { IconName } from "../../ui/icon.tsx";
import { Loaded } from "../../ui/states.tsx";
import { DataTable } from "../../ui/table.tsx";

type RolloutDevice = RolloutView["devices"][number];
type Group = "failed" | "underway" | "updated" | "waiting";

/** Rows drawn of one group; a rollout over thousands is read by its groups. */
const rowsMax = 200;

const looks: Record<Group, { readonly tone: Tone; readonly icon: IconName }> = {
  failed: { tone: "bad", icon: "cross-circle" },
  underway: { tone: "accent", icon: "download" },
  updated: { tone: "good", icon: "check" },
  waiting: { tone: "neutral", icon: "clock" },
};
const groups = ["failed", "underway", "updated", "waiting"] as const;

function groupOf(state: RolloutDevice["state"]): Group {
  if (state === "failed" || state === "rolled-back") return "failed";
  return state === "updated" || state === "waiting" ? state : "underway";
}

/** Every device with how far the release got on it; what failed stands first. */
export function RolloutDevices({ rollout }: { readonly rollout: RolloutView }): ReactElement {
  const { t } = useTranslation();
  const [isOpen, setIsOpen] = useState(false);
  const count = rollout.rings.reduce((sum, ring) => sum + ring.deviceCount, 0);
  return (
    <details className="mt-2" onToggle={(event) => setIsOpen(event.currentTarget.open)}>
      <summary className="text-ink-soft hover:text-ink">{t("rollout.devices", { count })}</summary>
      {isOpen && <AllDevices rolloutId={rollout.id} />}
    </details>
  );
}

/** The list of rollouts names some of a large rollout's devices only; opened, all of them are read. */
function AllDevices({ rolloutId }: { readonly rolloutId: string }): ReactElement {
  const rollout = useQuery(deviceQueries.rollout(rolloutId));
  return (
    <Loaded query={rollout} skeletonRows={3}>
      {({ devices, state }) => <DeviceGroups devices={devices} isStopped={state === "stopped"} />}
    </Loaded>
  );
}

interface DeviceGroupsProps {
  readonly devices: readonly RolloutDevice[];
  /** What waits in a stopped rollout is offered nothing any more. */
  readonly isStopped: boolean;
}

function DeviceGroups({ devices, isStopped }: DeviceGroupsProps): ReactElement {
  const { t } = useTranslation();
  const words = useWords();
  const format = useFormat();
  const [group, setGroup] = useState<Group | undefined>(undefined);
  const wanted = devices
    .filter((device) => group === undefined || groupOf(device.state) === group)
    .toSorted(
      (one, other) =>
        groups.indexOf(groupOf(one.state)) - groups.indexOf(groupOf(other.state)) || one.ring - other.ring,
    );
  return (
    <div className="mt-2 flex flex-col gap-2">
      <FilterTabs<Group>
        label={t("common.state")}
        value={group}
        onSelect={setGroup}
        options={[
          { value: undefined, label: t("common.all"), count: devices.length },
          ...groups.map((value) => ({
            value,
            label: t(isStopped && value === "waiting" ? "rollout.unreached" : `rollout.group.${value}`),
            count: devices.filter((device) => groupOf(device.state) === value).length,
          })),
        ]}
      />
      <div className="max-h-96 overflow-y-auto rounded-control border border-line">
        <DataTable
          label={t("rollout.devices", { count: devices.length })}
          rows={wanted.slice(0, rowsMax)}
          keyOf={(device) => device.deviceName}
          columns={[
            {
              key: "device",
              title: t("devices.name"),
              cell: (device) => (
                <Link
                  to="/devices/$deviceName"
                  params={{ deviceName: device.deviceName }}
                  className="text-accent hover:underline"
                >
                  {device.deviceName}
                </Link>
              ),
            },
            { key: "ring", title: t("rollout.ringShort"), isNumber: true, cell: (device) => device.ring + 1 },
            {
              key: "state",
              title: t("common.state"),
              cell: (device) => (
                <>
                  <Badge {...looks[groupOf(device.state)]}>
                    {isStopped && device.state === "waiting"
                      ? t("rollout.unreached")
                      : words("rolloutDeviceState", device.state)}
                  </Badge>
                  {device.error !== null && <span className="block text-bad text-small">{device.error}</span>}
                </>
              ),
            },
            {
              key: "bytes",
              title: t("rollout.bytesSent"),
              isNumber: true,
              from: "sm",
              cell: (device) => t("release.bytes", { bytes: format.number(device.bytesSent) }),
            },
            {
              key: "at",
              title: t("common.time"),
              isNumber: true,
              from: "sm",
              cell: (device) => <Age at={device.updatedAt} />,
            },
          ]}
        />
      </div>
      {wanted.length > rowsMax && (
        <p className="text-ink-faint text-small">
          {t("common.showing", { shown: rowsMax, total: wanted.length })}
        </p>
      )}
    </div>
  );
}
