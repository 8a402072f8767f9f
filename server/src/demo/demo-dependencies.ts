import type { Catalog } from "../catalog/index.ts";
import type { Customers } from "../customers/index.ts";
import type { Devices } from "../devices/index.ts";
import type { Inventory } from "../inventory/index.ts";
import type { Orders } from "../orders/index.ts";
import type { Bus } from "../platform/bus.ts";
import type { Clock } from "../platform/clock.ts";
import type { Database } from "../platform/database.ts";
import type { Log } from "../platform/log.ts";
import type { Shipments } from "../shipments/index.ts";
import type { Telemetry } from "../telemetry/index.ts";

/** What the demo needs at run time; `app.ts` joins it. */
export interface DemoDependencies {
  readonly database: Database;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
  readonly devices: Devices;
  readonly telemetry: Telemetry;
  readonly catalog: Catalog;
  readonly inventory: Inventory;
  readonly customers: Customers;
  readonly orders: Orders;
  readonly shipments: Shipments;
  /** Where this server's device API listens; read at each start of a process. */
  readonly mqtt: { readonly host: string; readonly port: number };
  readonly dataDirectory: string;
  /** Tests tell a story at once: wall milliseconds per recorded reading, instead of the story's own. */
  readonly stepMs?: number;
}
