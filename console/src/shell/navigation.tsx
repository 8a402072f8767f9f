import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { queries } from "../api/queries.ts";
import { useMay } from "../api/use-may.ts";
import { Icon, type IconName } from "../ui/icon.tsx";
import type { Place } from "../ui/place.ts";

interface Destination {
  readonly id:
    | "overview"
    | "map"
    | "shipments"
    | "stock"
    | "orders"
    | "devices"
    | "profiles"
    | "quarantine"
    | "releases"
    | "inbox"
    | "approvals"
    | "x-ray"
    | "audit"
    | "jobs"
    | "alarms"
    | "escalation"
    | "policies"
    | "prove"
    | "scenarios";
  readonly to: Place;
  readonly icon: IconName;
  /** Without it the screen would only be refused, so it is not offered. */
  readonly needs: string;
}

const groups: readonly {
  readonly id: "watch" | "devices" | "desk" | "operations" | "proof" | "try";
  readonly destinations: readonly Destination[];
}[] = [
  {
    id: "watch",
    destinations: [
      { id: "overview", to: "/", icon: "overview", needs: "overview.read" },
      { id: "alarms", to: "/alarms", icon: "alarm", needs: "alarms.read" },
      { id: "map", to: "/map", icon: "pin", needs: "devices.read" },
      { id: "shipments", to: "/shipments", icon: "shipment", needs: "shipments.read" },
      { id: "stock", to: "/stock", icon: "stock", needs: "stock.read" },
      { id: "orders", to: "/orders", icon: "order", needs: "orders.read" },
    ],
  },
  {
    id: "devices",
    destinations: [
      { id: "devices", to: "/devices", icon: "device", needs: "devices.read" },
      { id: "profiles", to: "/profiles", icon: "rules", needs: "devices.read" },
      { id: "quarantine", to: "/quarantine", icon: "hand", needs: "devices.read" },
      { id: "releases", to: "/releases", icon: "release", needs: "devices.read" },
    ],
  },
  {
    id: "desk",
    destinations: [
      { id: "inbox", to: "/inbox", icon: "inbox", needs: "conversations.read" },
      { id: "approvals", to: "/approvals", icon: "approval", needs: "approvals.read" },
    ],
  },
  {
    id: "operations",
    destinations: [
      { id: "escalation", to: "/escalation", icon: "rising", needs: "escalation.read" },
      { id: "jobs", to: "/jobs", icon: "refresh", needs: "operations.read" },
    ],
  },
  {
    id: "proof",
    destinations: [
      { id: "x-ray", to: "/x-ray", icon: "xray", needs: "conversations.read" },
      { id: "audit", to: "/audit", icon: "audit", needs: "audit.read" },
      { id: "policies", to: "/policies", icon: "policy", needs: "evidence.read" },
    ],
  },
  {
    id: "try",
    destinations: [
      { id: "scenarios", to: "/scenarios", icon: "scenario", needs: "demo.run" },
      { id: "prove", to: "/prove", icon: "prove", needs: "suites.run" },
    ],
  },
];

/** The places of the console, with how much waits in each. */
export function Navigation({ onFollow }: { readonly onFollow?: () => void }): ReactElement {
  const { t } = useTranslation();
  const may = useMay();
  const offered = groups
    .map((group) => ({ ...group, destinations: group.destinations.filter(({ needs }) => may(needs)) }))
    .filter((group) => group.destinations.length > 0);
  const counts = useQuery(queries.overview()).data?.counts;
  const waiting: Partial<Record<Destination["id"], number>> = {
    shipments: counts?.shipmentsAtRisk ?? 0,
    inbox: counts?.conversationsWaiting ?? 0,
    approvals: counts?.approvalsWaiting ?? 0,
  };
  return (
    <nav aria-label={t("shell.navigation")} className="flex flex-col gap-4 px-2.5 pt-2 pb-6">
      {offered.map((group) => (
        <div key={group.id}>
          <h2 className="px-2 pb-1 font-medium text-ink-faint text-micro">{t(`nav.group.${group.id}`)}</h2>
          <ul className="flex flex-col gap-px">
            {group.destinations.map((destination) => (
              <li key={destination.id}>
                <NavigationLink
                  destination={destination}
                  waiting={waiting[destination.id] ?? 0}
                  onFollow={onFollow}
                />
              </li>
            ))}
          </ul>
        </div>
      ))}
    </nav>
  );
}

interface NavigationLinkProps {
  readonly destination: Destination;
  readonly waiting: number;
  readonly onFollow: (() => void) | undefined;
}

function NavigationLink({ destination, waiting, onFollow }: NavigationLinkProps): ReactElement {
  const { t } = useTranslation();
  return (
    <Link
      to={destination.to}
      activeOptions={{ exact: destination.to === "/", includeSearch: false }}
      data-testid={`nav-${destination.id}`}
      onClick={onFollow}
      className="flex h-8 items-center gap-2.5 rounded-control px-2 text-ink-soft transition-colors hover:bg-hover hover:text-ink data-[status=active]:bg-accent-soft data-[status=active]:font-medium data-[status=active]:text-accent"
    >
      <Icon name={destination.icon} />
      <span className="flex-1 truncate">{t(`nav.${destination.id}`)}</span>
      {waiting > 0 && (
        <span className="min-w-5 rounded-full border border-line bg-surface px-1.5 text-center font-medium text-ink text-micro">
          {waiting}
          <span className="sr-only"> {t("nav.waiting")}</span>
        </span>
      )}
    </Link>
  );
}
