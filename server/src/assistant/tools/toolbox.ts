import type { AssistantDependencies } from "../assistant-types.ts";
import type { Turn } from "../turn.ts";
import { type ActionTools, createActionTools } from "./action-tools.ts";
import { createOrderTools, type OrderTools } from "./order-tools.ts";
import { createPolicyTools, type PolicyTools } from "./policy-tools.ts";
import { createShipmentTools, type ShipmentTools } from "./shipment-tools.ts";
import { createStockTools, type StockTools } from "./stock-tools.ts";

/** Everything an engine may do for one question: bound to one customer when made, so no tool takes a customer's id. */
export interface Toolbox extends StockTools, PolicyTools, ActionTools {
  readonly orders: OrderTools;
  readonly shipments: ShipmentTools;
}

export function createToolbox(deps: AssistantDependencies, turn: Turn): Toolbox {
  const orders = createOrderTools(deps, turn);
  const shipments = createShipmentTools(deps, turn);
  return {
    orders,
    shipments,
    ...createStockTools(deps, turn),
    ...createPolicyTools(deps, turn),
    ...createActionTools(deps, turn, { orders, shipments }),
  };
}
