// The door of the demo: a shop made from a seed, its virtual devices and its stories.

import { demoData } from "./demo-data.ts";

export { createDemo, type Demo } from "./demo.ts";
export type { DemoDependencies } from "./demo-dependencies.ts";
export { type DemoMark, readDemoMark } from "./demo-mark.ts";
export { generateShop } from "./generate-shop.ts";
export { type AccountMaker, type SeedDependencies, seedDemoShop } from "./seed-demo-shop.ts";
export type * from "./shop-rows.ts";
export { type DemoLogin, loadDemoLogins } from "./users.ts";

/** What the demo shop is called and how it trades, as the shop's settings take it. */
export function demoProfile() {
  const { name, phone, currency, timeZone } = demoData().shop;
  return { name, phone, currency, timeZone };
}
