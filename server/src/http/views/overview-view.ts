import type { BilingualText, Condition, Overview } from "@waremind/contract";
import type { Shipment } from "../../shipments/index.ts";
import type { HttpDependencies } from "../dependencies.ts";
import { deviceViews } from "./device-views.ts";
import { locationViews } from "./stock-views.ts";

type Needs = HttpDependencies;
type Attention = Overview["attention"][number];

const perKindMax = 20;
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const severityOrder = { critical: 0, warning: 1, info: 2 } as const;

/** What needs a person first, then the counts. */
export async function overviewView(needs: Needs): Promise<Overview> {
  const now = needs.clock.now();
  const states = await needs.shipments.countByState();
  const devices = await deviceViews(needs);
  const alarms = await needs.telemetry.alarms({ onlyOpen: true, limit: perKindMax });
  const approvals = await needs.guard.approvals({ state: "waiting", limit: perKindMax });
  const conversations = await needs.conversations.list({ limit: perKindMax, state: "waiting-for-person" });
  const atRisk = await parcelsAtRisk(needs);
  const attention: Attention[] = [
    ...spoiledAttention(atRisk, now),
    ...alarms.map(
      (alarm): Attention => ({
        kind: "alarm",
        id: alarm.id,
        severity: alarm.severity,
        title: alarm.message,
        at: alarm.learnedAt,
        link: alarmLink(alarm.subjectKind, alarm.subjectId, alarm.deviceName),
      }),
    ),
    ...approvals.map(
      (approval): Attention => ({
        kind: "approval",
        id: approval.id,
        severity: "warning",
        title: approval.summary,
        at: approval.requestedAt,
        link: `/approvals?focus=${approval.id}`,
      }),
    ),
    ...conversations.slice(0, perKindMax).map(
      (conversation): Attention => ({
        kind: "conversation",
        id: conversation.id,
        severity: "warning",
        title: waitingTitle(conversation.customerName),
        at: conversation.updatedAt,
        link: `/inbox?conversation=${conversation.id}`,
      }),
    ),
    ...(await mismatches(needs)),
  ];
  return {
    counts: {
      ordersToday: await needs.orders.countPlacedSince(now - dayMs),
      shipmentsUnderway: states.shipping,
      shipmentsAtRisk: atRisk.length,
      devicesOnline: devices.filter((device) => device.isConnected || device.liveness === "heard").length,
      devices: devices.length,
      approvalsWaiting: approvals.length,
      conversationsWaiting: await needs.conversations.countWaiting(),
      readingsLastHour: await needs.telemetry.countReceivedSince(now - hourMs),
    },
    attention: attention.sort((a, b) => severityOrder[a.severity] - severityOrder[b.severity] || b.at - a.at),
  };
}

function alarmLink(subjectKind: string, subjectId: string, deviceName: string | null): string {
  if (subjectKind === "shipment") return `/shipments/${subjectId}`;
  if (subjectKind === "shelf-cell") return `/stock?cell=${subjectId}`;
  return deviceName === null ? "/devices" : `/devices/${encodeURIComponent(deviceName)}`;
}

const waitingTitle = (name: string): BilingualText => ({
  en: `${name} waits for a person`,
  zh: `${name} 正在等待人工回复`,
});

/** Shelves whose scale tells another number than the books. */
async function mismatches(needs: Needs): Promise<Attention[]> {
  const cells = (await locationViews(needs))
    .flatMap((location) => location.cells)
    .filter((cell) => cell.isMismatch);
  return cells.slice(0, perKindMax).map((cell) => ({
    kind: "stock-mismatch",
    id: cell.id,
    severity: "info",
    title: {
      en: `Shelf ${cell.code}: the scale says ${cell.sensedUnits ?? 0}, the books say ${cell.bookedUnits ?? 0}`,
      zh: `货格 ${cell.code}：秤感知 ${cell.sensedUnits ?? 0} 件，账面 ${cell.bookedUnits ?? 0} 件`,
    },
    at: cell.sensedAt ?? 0,
    link: `/stock?cell=${cell.id}`,
  }));
}

const riskyVerdicts: ReadonlySet<string> = new Set([
  "warming",
  "out-of-band",
  "excursion",
  "spoiled",
  "silent",
]);
const underwayShownMax = 500;

type Watched = { readonly shipment: Shipment; readonly verdict: Condition["verdict"] };

/** Parcels on their way whose goods are not known to be well. */
async function parcelsAtRisk(needs: Needs): Promise<readonly Watched[]> {
  const underway = await needs.shipments.listShipments({ state: "shipping", limit: underwayShownMax });
  const conditions = await needs.shipments.conditionOf(
    needs.database,
    underway.map((shipment) => shipment.id),
  );
  return underway.flatMap((shipment) => {
    const verdict = conditions.get(shipment.id)?.condition.verdict;
    return verdict !== undefined && riskyVerdicts.has(verdict) ? [{ shipment, verdict }] : [];
  });
}

/** Goods that are spoiled stay somebody's business after the alarm has ended: the parcel is still on its way. */
function spoiledAttention(atRisk: readonly Watched[], now: number): Attention[] {
  return atRisk
    .filter(({ verdict }) => verdict === "spoiled")
    .slice(0, perKindMax)
    .map(({ shipment }) => ({
      kind: "alarm",
      id: shipment.id,
      severity: "critical",
      title: {
        en: `Parcel ${shipment.number} is on its way with goods that are no longer good`,
        zh: `包裹 ${shipment.number} 仍在运输途中，货物已变质`,
      },
      at: shipment.shippedAt ?? now,
      link: `/shipments/${shipment.id}`,
    }));
}
