import type { Conversation } from "@waremind/contract";
import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { Badge, type Tone } from "./badge.tsx";
import type { IconName } from "./icon.tsx";

const looks: Record<Conversation["state"], { readonly tone: Tone; readonly icon: IconName }> = {
  open: { tone: "neutral", icon: "rules" },
  "waiting-for-person": { tone: "warn", icon: "clock" },
  "with-person": { tone: "accent", icon: "user" },
  solved: { tone: "good", icon: "check" },
};

export function ConversationStateBadge({ state }: { readonly state: Conversation["state"] }): ReactElement {
  const { t } = useTranslation();
  return <Badge {...looks[state]}>{t(`inbox.state.${state}`)}</Badge>;
}
