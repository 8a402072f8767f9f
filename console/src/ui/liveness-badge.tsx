import type { DeviceView } from "@waremind/contract";
import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { Badge, type Tone } from "./badge.tsx";
import type { IconName } from "./icon.tsx";

const looks: Record<DeviceView["liveness"], { readonly tone: Tone; readonly icon: IconName }> = {
  heard: { tone: "good", icon: "check" },
  late: { tone: "warn", icon: "clock" },
  silent: { tone: "bad", icon: "silent" },
  offline: { tone: "neutral", icon: "silent" },
  "never-heard": { tone: "neutral", icon: "clock" },
};

/** Whether a device still speaks, in a word. */
export function LivenessBadge({ device }: { readonly device: Pick<DeviceView, "liveness"> }): ReactElement {
  const { t } = useTranslation();
  return (
    <Badge {...looks[device.liveness]} title={t(`livenessHint.${device.liveness}`)}>
      {t(`liveness.${device.liveness}`)}
    </Badge>
  );
}
