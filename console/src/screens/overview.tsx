import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { Overview as OverviewAnswer } from "@waremind/contract";
import { type ReactElement, type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { queries } from "../api/queries.ts";
import { useFormat } from "../format/use-format.ts";
import { Age } from "../ui/age.tsx";
import { Button } from "../ui/button.tsx";
import { Card } from "../ui/card.tsx";
import { classes } from "../ui/classes.ts";
import { HrefLink } from "../ui/href-link.tsx";
import { Icon, type IconName } from "../ui/icon.tsx";
import { Page } from "../ui/page.tsx";
import type { Place } from "../ui/place.ts";
import { EmptyState, Loaded } from "../ui/states.tsx";
import { AlarmList } from "./overview/alarm-list.tsx";
import { LiveFeed } from "./overview/live-feed.tsx";

type Attention = OverviewAnswer["attention"][number];
type Counts = OverviewAnswer["counts"];

/** What needs a person first, then the shop in numbers, then what is happening now. */
export function Overview(): ReactElement {
  const { t } = useTranslation();
  const overview = useQuery(queries.overview());
  return (
    <Page title={t("nav.overview")} lead={t("overview.lead")}>
      <div className="grid grid-cols-1 gap-4 xl:grid-cols-[minmax(0,1fr)_22rem]">
        <div className="flex min-w-0 flex-col gap-4">
          <Card title={t("overview.attention")} isPadded={false}>
            <Loaded query={overview} skeletonRows={4}>
              {(answer) => <AttentionList items={answer.attention} />}
            </Loaded>
          </Card>
          {overview.data !== undefined && <CountTiles counts={overview.data.counts} />}
          <AlarmList />
        </div>
        <LiveFeed />
      </div>
    </Page>
  );
}

const attentionIcons: Record<Attention["kind"], IconName> = {
  alarm: "alarm",
  approval: "approval",
  conversation: "inbox",
  "device-silent": "silent",
  "stock-mismatch": "stock",
};
const severityLooks: Record<Attention["severity"], string> = {
  critical: "border-bad-line bg-bad-soft text-bad",
  warning: "border-warn-line bg-warn-soft text-warn",
  info: "border-line bg-sunken text-ink-soft",
};

/** Matters that are only for information are folded beyond these, so that they never push the shop off the screen. */
const shownAtOnce = 6;

function AttentionList({ items }: { readonly items: readonly Attention[] }): ReactElement {
  const { t } = useTranslation();
  const [isWhole, setIsWhole] = useState(false);
  if (items.length === 0) {
    return <EmptyState icon="check-circle" title={t("overview.nothing")} text={t("overview.nothingText")} />;
  }
  const urgent = items.filter((item) => item.severity !== "info").length;
  const shown = isWhole ? items : items.slice(0, Math.max(urgent, shownAtOnce));
  return (
    <>
      <ul data-testid="attention">
        {shown.map((item) => (
          <AttentionRow key={`${item.kind}-${item.id}`} item={item} />
        ))}
      </ul>
      {shown.length < items.length && (
        <div className="border-line border-t p-1.5">
          <Button look="quiet" size="small" icon="plus" onClick={() => setIsWhole(true)}>
            {t("overview.more", { count: items.length - shown.length })}
          </Button>
        </div>
      )}
    </>
  );
}

function AttentionRow({ item }: { readonly item: Attention }): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <li className="border-line border-b last:border-b-0">
      <HrefLink
        href={item.link}
        testId={`attention-${item.kind}`}
        className="flex items-center gap-3 px-4 py-2.5 -outline-offset-2 hover:bg-hover"
      >
        <span
          className={classes(
            "grid size-7 shrink-0 place-items-center rounded-control border",
            severityLooks[item.severity],
          )}
        >
          <Icon name={attentionIcons[item.kind]} />
        </span>
        <span className="min-w-0 flex-1">
          <span className="line-clamp-2 font-medium">{format.text(item.title)}</span>
          <span className="text-ink-faint text-small">
            {t(`severity.${item.severity}`)} · {t(`overview.kind.${item.kind}`)}
          </span>
        </span>
        <Age at={item.at} className="shrink-0 text-ink-faint text-small" />
        <Icon name="chevron-right" className="size-3.5 text-ink-faint" />
      </HrefLink>
    </li>
  );
}

function CountTiles({ counts }: { readonly counts: Counts }): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <dl className="grid grid-cols-2 gap-px overflow-hidden rounded-card border border-line bg-line shadow-card sm:grid-cols-3">
      <Tile to="/orders" label={t("overview.ordersToday")}>
        {format.number(counts.ordersToday)}
      </Tile>
      <Tile to="/shipments" label={t("overview.underway")}>
        {format.number(counts.shipmentsUnderway)}
      </Tile>
      <Tile
        to="/shipments"
        label={t("overview.atRisk")}
        note={
          counts.shipmentsAtRisk > 0
            ? { icon: "alarm", text: t("overview.atRiskNote"), tone: "text-warn" }
            : null
        }
      >
        {format.number(counts.shipmentsAtRisk)}
      </Tile>
      <Tile to="/devices" label={t("overview.devices")}>
        {format.number(counts.devicesOnline)}
        <span className="text-ink-faint text-title"> / {format.number(counts.devices)}</span>
      </Tile>
      <Tile to="/approvals" label={t("overview.approvals")}>
        {format.number(counts.approvalsWaiting)}
      </Tile>
      <Tile to="/devices" label={t("overview.readings")}>
        {format.number(counts.readingsLastHour)}
      </Tile>
    </dl>
  );
}

interface TileProps {
  readonly to: Place;
  readonly label: string;
  readonly note?: { readonly icon: IconName; readonly text: string; readonly tone: string } | null;
  readonly children: ReactNode;
}

function Tile({ to, label, note, children }: TileProps): ReactElement {
  return (
    <Link to={to} className="group flex flex-col bg-surface px-4 py-3 -outline-offset-2 hover:bg-hover">
      <dt className="flex items-center justify-between text-ink-soft text-small">
        {label}
        <Icon name="arrow-right" className="size-3 text-ink-faint opacity-0 group-hover:opacity-100" />
      </dt>
      <dd className="font-semibold text-figure tracking-[-0.015em]">{children}</dd>
      {note !== undefined && note !== null && (
        <span className={classes("flex items-center gap-1 text-small", note.tone)}>
          <Icon name={note.icon} className="size-3" />
          {note.text}
        </span>
      )}
    </Link>
  );
}
