import { useQuery } from "@tanstack/react-query";
import type { LiveEvent } from "@waremind/contract";
import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import type { HeardEvent } from "../../api/live.ts";
import { queries } from "../../api/queries.ts";
import { useHeardEvents } from "../../api/use-live.ts";
import { useFormat } from "../../format/use-format.ts";
import { useWords } from "../../i18n/words.ts";
import { Age } from "../../ui/age.tsx";
import { Card } from "../../ui/card.tsx";
import { HrefLink } from "../../ui/href-link.tsx";
import { Icon, type IconName } from "../../ui/icon.tsx";
import { EmptyState } from "../../ui/states.tsx";

const icons: Record<LiveEvent["kind"], IconName> = {
  "readings-stored": "curve",
  "shipment-condition-changed": "thermometer",
  "cell-counted": "stock",
  "alarm-changed": "alarm",
  "alarm-told": "alarm",
  "device-connection-changed": "device",
  "conversation-changed": "inbox",
  "approval-changed": "approval",
  "order-changed": "order",
  "scenario-changed": "scenario",
  "device-attributes-changed": "rules",
  "command-changed": "command",
  "rollout-changed": "release",
  "anomalies-changed": "curve",
  "suite-changed": "prove",
};

/** What the server has said since this page was opened, newest first. */
export function LiveFeed(): ReactElement {
  const { t } = useTranslation();
  const heard = useHeardEvents();
  return (
    <Card title={t("feed.title")} isPadded={false} className="self-start xl:sticky xl:top-16">
      {heard.length === 0 ? (
        <EmptyState icon="clock" title={t("feed.empty")} text={t("feed.emptyText")} />
      ) : (
        <ol className="max-h-[34rem] overflow-y-auto py-1.5" aria-label={t("feed.title")}>
          {heard.map((entry) => (
            <FeedRow key={entry.id} entry={entry} />
          ))}
        </ol>
      )}
    </Card>
  );
}

function FeedRow({ entry }: { readonly entry: HeardEvent }): ReactElement {
  const sentence = useSentence(entry.event);
  return (
    <li className="appear">
      <HrefLink
        href={sentence.link}
        className="flex items-start gap-2.5 px-4 py-1.5 -outline-offset-2 hover:bg-hover"
      >
        <Icon name={icons[entry.event.kind]} className="mt-0.5 size-3.5 text-ink-faint" />
        <span className="min-w-0 flex-1 text-ink-soft">{sentence.text}</span>
        <Age at={entry.at} className="shrink-0 text-ink-faint text-small" />
      </HrefLink>
    </li>
  );
}

/** An event as a sentence with a place to go; names come from lists already read, codes from the word files. */
function useSentence(event: LiveEvent): { readonly text: string; readonly link: string } {
  const { t } = useTranslation();
  const words = useWords();
  const numberOf = useShipmentNumber();
  const cellCodeOf = useCellCode();
  const scenarioTitleOf = useScenarioTitle(event.kind === "scenario-changed");
  const alarms = useQuery({ ...queries.openAlarms(), enabled: false }).data?.items;
  switch (event.kind) {
    case "readings-stored":
      return { text: t("feed.readings", { count: event.points.length }), link: "/devices" };
    case "shipment-condition-changed":
      return {
        text: t("feed.condition", {
          shipment: numberOf(event.shipmentId),
          verdict: words("verdict", event.verdict),
        }),
        link: `/shipments/${event.shipmentId}`,
      };
    case "cell-counted":
      return {
        text: t("feed.cell", { cell: cellCodeOf(event.cellId), count: event.units }),
        link: `/stock?cell=${encodeURIComponent(event.cellId)}`,
      };
    case "alarm-changed": {
      const label = alarms?.find((alarm) => alarm.id === event.alarmId)?.subjectLabel;
      return {
        text: label === undefined ? t("feed.alarmChanged") : t("feed.alarm", { subject: label }),
        link: `/alarms?alarm=${encodeURIComponent(event.alarmId)}`,
      };
    }
    case "alarm-told":
      return {
        text: t("feed.alarm", { subject: event.subjectLabel }),
        link: `/alarms?alarm=${encodeURIComponent(event.alarmId)}`,
      };
    case "device-connection-changed":
      return {
        text: t(event.isConnected ? "feed.connected" : "feed.disconnected", { device: event.deviceName }),
        link: `/devices/${encodeURIComponent(event.deviceName)}`,
      };
    case "conversation-changed":
      return { text: t("feed.conversation"), link: `/inbox?conversation=${event.conversationId}` };
    case "approval-changed":
      return {
        text: t("feed.approval", { state: words("approvalState", event.state) }),
        link: `/approvals?state=all&focus=${event.approvalId}`,
      };
    case "order-changed":
      return {
        text: t("feed.order", { state: words("orderState", event.state) }),
        link: `/orders/${event.orderId}`,
      };
    case "scenario-changed":
      return {
        text: t("feed.scenario", {
          scenario: scenarioTitleOf(event.scenarioId),
          state: words("scenarioState", event.state),
        }),
        link: "/scenarios",
      };
    case "device-attributes-changed":
      return {
        text: t("feed.attributes", { device: event.deviceName }),
        link: `/devices/${encodeURIComponent(event.deviceName)}?tab=attributes`,
      };
    case "command-changed":
      return {
        text: t("feed.command", { device: event.deviceName, state: words("commandState", event.state) }),
        link: `/devices/${encodeURIComponent(event.deviceName)}?tab=commands`,
      };
    case "rollout-changed":
      return {
        text: t("feed.rollout", { state: words("rolloutState", event.state) }),
        link: "/releases",
      };
    case "anomalies-changed":
      return { text: t("feed.anomalies"), link: "/devices" };
    case "suite-changed":
      return { text: t("feed.suite", { suite: event.suite }), link: "/prove" };
  }
}

/** Names come from the list of parcels, which most screens have read already. */
function useShipmentNumber(): (id: string) => string {
  const { t } = useTranslation();
  const shipments = useQuery(queries.shipments(undefined)).data?.items;
  return (id) => shipments?.find((shipment) => shipment.id === id)?.number ?? t("feed.aParcel");
}

/** The stories are read only once one of them is spoken of. */
function useScenarioTitle(isWanted: boolean): (id: string) => string {
  const { t } = useTranslation();
  const format = useFormat();
  const scenarios = useQuery({ ...queries.scenarios(), enabled: isWanted }).data?.items;
  return (id) => {
    const title = scenarios?.find((scenario) => scenario.id === id)?.title;
    return title === undefined ? t("feed.aScenario") : format.text(title);
  };
}

function useCellCode(): (id: string) => string {
  const { t } = useTranslation();
  const locations = useQuery(queries.locations()).data?.items;
  return (id) => {
    const cells = locations?.flatMap((location) => location.cells);
    return cells?.find((cell) => cell.id === id)?.code ?? t("feed.aShelf");
  };
}
