// The door of shipments: their state machine, custody legs, tracking, condition and record.
export type * from "./shipment.ts";
export { canHandOver, canMoveShipment, shipmentTransitions } from "./shipment-rules.ts";
export { createShipments } from "./shipments.ts";
