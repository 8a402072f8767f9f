import { type ReactElement, useState } from "react";
import { useTranslation } from "react-i18next";
import { Card } from "../../ui/card.tsx";
import { HeldMessages, type HeldState } from "../quarantine/held-messages.tsx";
import { HeldStateTabs } from "../quarantine.tsx";

/** What this device said that could not be believed. */
export function QuarantineTab({ deviceName }: { readonly deviceName: string }): ReactElement {
  const { t } = useTranslation();
  const [state, setState] = useState<HeldState>("held");
  return (
    <Card
      title={t("devices.held")}
      isPadded={false}
      aside={<HeldStateTabs state={state} onSelect={setState} />}
    >
      <HeldMessages key={state} deviceName={deviceName} state={state} />
    </Card>
  );
}
