import type { Alarm } from "@waremind/contract";
import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { Badge, type Tone } from "./badge.tsx";
import type { IconName } from "./icon.tsx";

const looks: Record<Alarm["severity"], { readonly tone: Tone; readonly icon: IconName }> = {
  critical: { tone: "bad", icon: "alarm" },
  warning: { tone: "warn", icon: "rising" },
  info: { tone: "neutral", icon: "dot" },
};

/** How much it matters: in a word and by a shape of its own, so that colour says nothing alone. */
export function SeverityBadge({ severity }: { readonly severity: Alarm["severity"] }): ReactElement {
  const { t } = useTranslation();
  return <Badge {...looks[severity]}>{t(`severity.${severity}`)}</Badge>;
}
