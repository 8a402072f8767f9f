import type { ShipmentState } from "./shipment.ts";

/** The shipment's state machine: each state with those that may follow it. */
export const shipmentTransitions = {
  ready: ["shipping", "cancelled"],
  shipping: ["delivered", "cancelled"],
  delivered: ["closed"],
  closed: [],
  cancelled: [],
} as const satisfies Record<ShipmentState, readonly ShipmentState[]>;

export function canMoveShipment(from: ShipmentState, to: ShipmentState): boolean {
  return (shipmentTransitions[from] as readonly ShipmentState[]).includes(to);
}

/** Goods change hands only before they arrive. */
export const canHandOver = (state: ShipmentState): boolean => state === "ready" || state === "shipping";
