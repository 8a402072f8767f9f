// The door of orders: their state machine, payments and refunds.
export type * from "./order.ts";
export { canMoveOrder, moneyOf, type OrderMoney, orderTransitions } from "./order-rules.ts";
export { createOrders } from "./orders.ts";
