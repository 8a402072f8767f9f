import { useQuery } from "@tanstack/react-query";
import type { ConnectionEvent, LimitEvent } from "@waremind/contract";
import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { deviceQueries } from "../../api/device-queries.ts";
import { useNow } from "../../clock.ts";
import { useFormat } from "../../format/use-format.ts";
import { useWords } from "../../i18n/words.ts";
import { Badge } from "../../ui/badge.tsx";
import { Card } from "../../ui/card.tsx";
import { Mono } from "../../ui/mono.tsx";
import { EmptyState, Loaded } from "../../ui/states.tsx";
import { DataTable } from "../../ui/table.tsx";
import { minuteBars } from "./history/minute-bars.ts";

const minutesShown = 60;

/** When the device came and went and why, and every limit it met: how often, and by how much. */
export function HistoryTab({ deviceName }: { readonly deviceName: string }): ReactElement {
  const { t } = useTranslation();
  const history = useQuery(deviceQueries.history(deviceName));
  return (
    <div className="grid grid-cols-1 items-start gap-4 xl:grid-cols-2">
      <Card title={t("history.limits")} isPadded={false}>
        <Loaded query={history} skeletonRows={5}>
          {({ limits }) => <Limits events={limits} />}
        </Loaded>
      </Card>
      <Card title={t("history.connections")} isPadded={false}>
        <Loaded query={history} skeletonRows={5}>
          {({ connections }) => <Connections events={connections} />}
        </Loaded>
      </Card>
    </div>
  );
}

function Connections({ events }: { readonly events: readonly ConnectionEvent[] }): ReactElement {
  const { t } = useTranslation();
  const words = useWords();
  const format = useFormat();
  if (events.length === 0) {
    return (
      <EmptyState icon="link" title={t("history.noConnections")} text={t("history.noConnectionsText")} />
    );
  }
  return (
    <DataTable
      label={t("history.connections")}
      rows={events.map((event, index) => ({ ...event, index }))}
      keyOf={(event) => event.index}
      columns={[
        { key: "at", title: t("common.time"), cell: (event) => format.instant(event.at, "full") },
        {
          key: "kind",
          title: t("common.state"),
          cell: (event) => <EventBadge kind={event.kind} />,
        },
        {
          key: "transport",
          title: t("devices.path"),
          cell: (event) => (event.transport === "" ? "–" : words("transport", event.transport)),
        },
        {
          key: "reason",
          title: t("history.reason"),
          cell: (event) => {
            if (event.kind === "moved") return <Move event={event} />;
            return event.reason === "" ? "–" : words("connectionReason", event.reason);
          },
        },
        {
          key: "address",
          title: t("history.address"),
          from: "md",
          cell: (event) => <Mono>{event.address}</Mono>,
        },
      ]}
    />
  );
}

function EventBadge({ kind }: Pick<ConnectionEvent, "kind">): ReactElement {
  const { t } = useTranslation();
  switch (kind) {
    case "connected":
      return (
        <Badge tone="good" icon="link">
          {t("devices.connected")}
        </Badge>
      );
    case "disconnected":
      return (
        <Badge tone="neutral" icon="silent">
          {t("devices.disconnected")}
        </Badge>
      );
    case "moved":
      return (
        <Badge tone="neutral" icon="link">
          {t("history.moved")}
        </Badge>
      );
  }
}

/** Behind which gateway it is now, and behind which it was. */
function Move({ event }: { readonly event: ConnectionEvent }): ReactElement {
  const { t } = useTranslation();
  const names = { now: event.gatewayName ?? "–", before: event.gatewayBefore ?? "" };
  return <span>{t(names.before === "" ? "history.nowBehind" : "history.movedBehind", names)}</span>;
}

function Limits({ events }: { readonly events: readonly LimitEvent[] }): ReactElement {
  const { t } = useTranslation();
  const words = useWords();
  const format = useFormat();
  if (events.length === 0) {
    return <EmptyState icon="check-circle" title={t("history.noLimits")} text={t("history.noLimitsText")} />;
  }
  return (
    <>
      <LimitChart events={events} />
      <DataTable
        label={t("history.limits")}
        rows={events}
        keyOf={(event) => `${event.limitName}-${event.minuteAt}`}
        columns={[
          { key: "at", title: t("history.minute"), cell: (event) => format.instant(event.minuteAt) },
          { key: "limit", title: t("history.limit"), cell: (event) => words("limitName", event.limitName) },
          {
            key: "allowed",
            title: t("history.allowed"),
            isNumber: true,
            cell: (event) => <Mono>{event.allowed}</Mono>,
          },
          {
            key: "worst",
            title: t("history.worst"),
            isNumber: true,
            cell: (event) => format.number(event.worst),
          },
          {
            key: "times",
            title: t("history.times"),
            isNumber: true,
            cell: (event) => format.number(event.times),
          },
        ]}
      />
    </>
  );
}

const chartHeight = 72;

/** One bar a minute; the sentence below says the same in words. */
function LimitChart({ events }: { readonly events: readonly LimitEvent[] }): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const bars = minuteBars(events, useNow(15_000), minutesShown);
  const most = Math.max(1, ...bars.map((bar) => bar.times));
  const first = bars[0]?.minuteAt ?? 0;
  const last = bars.at(-1)?.minuteAt ?? 0;
  const total = bars.reduce((sum, bar) => sum + bar.times, 0);
  return (
    <figure className="border-line border-b px-4 pt-3 pb-2" data-testid="limit-chart">
      <svg
        viewBox={`0 0 ${minutesShown * 6} ${chartHeight}`}
        preserveAspectRatio="none"
        className="h-18 w-full"
        aria-hidden="true"
      >
        {bars.map((bar, index) => {
          const height = bar.times === 0 ? 1 : Math.max(3, (bar.times / most) * chartHeight);
          return (
            <rect
              key={bar.minuteAt}
              x={index * 6 + 1}
              y={chartHeight - height}
              width={4}
              height={height}
              fill={bar.times === 0 ? "var(--line-strong)" : "var(--warn)"}
            >
              <title>{`${format.instant(bar.minuteAt, "time")}: ${bar.times}`}</title>
            </rect>
          );
        })}
      </svg>
      <figcaption className="mt-1 flex flex-wrap justify-between gap-x-3 text-ink-faint text-small">
        <span>{format.instant(first)}</span>
        <span>
          {t("history.chart", { count: total, total: format.number(total), most: format.number(most) })}
        </span>
        <span>{format.instant(last)}</span>
      </figcaption>
    </figure>
  );
}
