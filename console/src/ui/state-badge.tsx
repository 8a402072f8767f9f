import type { Approval, OrderSummary, ShipmentSummary } from "@waremind/contract";
import type { ReactElement } from "react";
import { useWords } from "../i18n/words.ts";
import { Badge, type Tone } from "./badge.tsx";
import type { IconName } from "./icon.tsx";

interface Look {
  readonly tone: Tone;
  readonly icon: IconName;
}

const shipmentLooks: Record<ShipmentSummary["state"], Look> = {
  ready: { tone: "neutral", icon: "clock" },
  shipping: { tone: "accent", icon: "shipment" },
  delivered: { tone: "good", icon: "check" },
  closed: { tone: "neutral", icon: "check-circle" },
  cancelled: { tone: "neutral", icon: "cross" },
};
const orderLooks: Record<OrderSummary["state"], Look> = {
  pending: { tone: "warn", icon: "clock" },
  processed: { tone: "neutral", icon: "check" },
  shipped: { tone: "accent", icon: "shipment" },
  delivered: { tone: "good", icon: "check" },
  cancelled: { tone: "neutral", icon: "cross" },
};
const approvalLooks: Record<Approval["state"], Look> = {
  waiting: { tone: "warn", icon: "clock" },
  granted: { tone: "good", icon: "check" },
  denied: { tone: "bad", icon: "cross" },
  executed: { tone: "good", icon: "receipt" },
  expired: { tone: "neutral", icon: "clock" },
  failed: { tone: "bad", icon: "cross-circle" },
};

export function ShipmentStateBadge({ state }: { readonly state: ShipmentSummary["state"] }): ReactElement {
  const words = useWords();
  return <Badge {...shipmentLooks[state]}>{words("shipmentState", state)}</Badge>;
}

export function OrderStateBadge({ state }: { readonly state: OrderSummary["state"] }): ReactElement {
  const words = useWords();
  return <Badge {...orderLooks[state]}>{words("orderState", state)}</Badge>;
}

export function ApprovalStateBadge({ state }: { readonly state: Approval["state"] }): ReactElement {
  const words = useWords();
  return <Badge {...approvalLooks[state]}>{words("approvalState", state)}</Badge>;
}
