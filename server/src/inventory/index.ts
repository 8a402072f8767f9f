// The door of inventory: places, lots, shelf cells and what is on hand.
export { calendarDate, daysAfter, expiringDays } from "./expiry.ts";
export { createInventory } from "./inventory.ts";
export type * from "./stock.ts";
