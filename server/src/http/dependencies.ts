import type { Actor, ImportedDevice, ImportView, ProfileTransport, Scenario, Shop } from "@waremind/contract";
import type { Hono } from "hono";
import type { Assistant, Conversations } from "../assistant/index.ts";
import type { Catalog } from "../catalog/index.ts";
import type { Customers } from "../customers/index.ts";
import type {
  DeviceAttributes,
  DeviceCommands,
  DeviceCredentials,
  DeviceProvisioning,
  DeviceReleases,
  DeviceRollouts,
  Devices,
  LimitLedger,
  VehicleRoutes,
} from "../devices/index.ts";
import type { EvidenceRecords } from "../evidence/index.ts";
import type { Actions } from "../flows/act.ts";
import type { AnomalyDesk } from "../flows/anomaly-desk.ts";
import type { Backtests } from "../flows/backtest-rules.ts";
import type { CommandDesk } from "../flows/command-desk.ts";
import type { DeliverNotices } from "../flows/deliver-notices.ts";
import type { DeviceHub } from "../flows/device-hub.ts";
import type { EscalateAlarms } from "../flows/escalate-alarms.ts";
import type { DeviceImport } from "../flows/import-devices.ts";
import type { Positions } from "../flows/positions.ts";
import type { IdentityProof } from "../flows/prove-identity.ts";
import type { QuarantineDesk } from "../flows/quarantine-desk.ts";
import type { Rollouts } from "../flows/rollouts.ts";
import type { SeriesRemoval } from "../flows/series-removal.ts";
import type { VehicleArrivals } from "../flows/vehicle-arrivals.ts";
import type { Guard } from "../guard/index.ts";
import type { Inventory } from "../inventory/index.ts";
import type { Notifications } from "../notifications/index.ts";
import type { Orders } from "../orders/index.ts";
import type { People } from "../people/index.ts";
import type { Bus } from "../platform/bus.ts";
import type { Clock } from "../platform/clock.ts";
import type { Database } from "../platform/database.ts";
import type { Jobs } from "../platform/jobs.ts";
import type { Log } from "../platform/log.ts";
import type { Shipments } from "../shipments/index.ts";
import type { Telemetry } from "../telemetry/index.ts";
import type { OperationsDependencies } from "./operations.ts";
import type { ProofRunner } from "./proof-runner.ts";

/** What the routes need; `app.ts` joins it. */
export interface HttpDependencies extends OperationsDependencies {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly bus: Bus;
  readonly devices: Devices;
  readonly deviceCredentials: DeviceCredentials;
  readonly deviceAttributes: DeviceAttributes;
  readonly deviceCommands: DeviceCommands;
  readonly deviceProvisioning: DeviceProvisioning;
  readonly limitLedger: LimitLedger;
  readonly deviceHub: Pick<DeviceHub, "close">;
  readonly deviceImport: DeviceImport;
  readonly commandDesk: CommandDesk;
  readonly seriesRemoval: SeriesRemoval;
  readonly backtests: Backtests;
  readonly anomalyDesk: AnomalyDesk;
  readonly jobs: Jobs;
  readonly quarantineDesk: QuarantineDesk;
  readonly thingsboardImports: ImportDesk;
  /** Refuses what a transport could not work by. @throws DomainError `invalid-input` */
  readonly checkTransport: (transport: ProfileTransport) => void;
  readonly deviceReleases: DeviceReleases;
  readonly deviceRollouts: DeviceRollouts;
  readonly rollouts: Rollouts;
  readonly vehicleRoutes: VehicleRoutes;
  readonly positions: Positions;
  readonly vehicleArrivals: VehicleArrivals;
  readonly telemetry: Telemetry;
  readonly notifications: Notifications;
  readonly deliverNotices: DeliverNotices;
  readonly escalateAlarms: EscalateAlarms;
  readonly catalog: Catalog;
  readonly inventory: Inventory;
  readonly customers: Customers;
  readonly orders: Orders;
  readonly shipments: Shipments;
  readonly guard: Guard;
  readonly evidenceRecords: EvidenceRecords;
  readonly people: People;
  readonly assistant: Assistant;
  readonly conversations: Conversations;
  readonly actions: Actions;
  readonly identityProof: IdentityProof;
  /** Null in a shop of one's own. */
  readonly demo: ScenarioDesk | null;
  readonly proofs: ProofRunner;
  readonly deviceApi: Hono;
  readonly shop: Shop;
  /** Folder of the built console. */
  readonly consoleDirectory: string;
  /** Lets the command line of the same machine act; random, kept in the data folder. */
  readonly controlToken: string;
}

/** What the routes ask of the demo. */
export interface ScenarioDesk {
  scenarios(): readonly Scenario[] | Promise<readonly Scenario[]>;
  start(id: string): unknown;
  stop(id: string): unknown;
}

/** What the routes ask of an import from another system. */
export interface ImportDesk {
  start(
    request: {
      readonly url: string;
      readonly login:
        | { readonly kind: "password"; readonly user: string; readonly password: string }
        | { readonly kind: "api-key"; readonly key: string };
      readonly since: number | null;
      readonly devicePattern: string | null;
      readonly isDryRun: boolean;
    },
    by: Actor,
  ): Promise<ImportView>;
  find(id: string): Promise<ImportView | null>;
  devices(id: string): Promise<readonly ImportedDevice[]>;
  stop(id: string): Promise<void>;
}
