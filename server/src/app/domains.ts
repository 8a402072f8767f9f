// Builds the domains and the flows over one store: no logic here, only who gets what.
import { createAssistant, createConversations, createOutcomeMessages } from "../assistant/index.ts";
import { createCatalog } from "../catalog/index.ts";
import type { Config } from "../config.ts";
import { createCustomers, createIdentityTokens } from "../customers/index.ts";
import {
  createDeviceAttributes,
  createDeviceCommands,
  createDeviceCredentials,
  createDeviceProvisioning,
  createDeviceReleases,
  createDeviceRollouts,
  createDevices,
  createGatewayChildren,
  createIdentityCache,
  createLimitLedger,
  createVehicleRoutes,
} from "../devices/index.ts";
import { checkText, createEvidenceRecords } from "../evidence/index.ts";
import { type Actions, createActions } from "../flows/act.ts";
import { createAlarmRules } from "../flows/alarm-rules.ts";
import { createAnomalyDesk } from "../flows/anomaly-desk.ts";
import { createAnomalyWatches } from "../flows/anomaly-watches.ts";
import { createBacktests } from "../flows/backtest-rules.ts";
import { createCommandDesk } from "../flows/command-desk.ts";
import { createShelfFollower } from "../flows/count-shelves.ts";
import { createDeviceDesk } from "../flows/create-device-desk.ts";
import { createDeviceHub, type OwnedDeviceHub } from "../flows/create-device-hub.ts";
import { createDeviceLimiter, sessionLimits } from "../flows/create-device-limiter.ts";
import { createDeliverNotices } from "../flows/deliver-notices.ts";
import { createFollowerAlarmEnd } from "../flows/end-follower-alarms.ts";
import { createEscalateAlarms } from "../flows/escalate-alarms.ts";
import { createReleaseFollower } from "../flows/follow-releases.ts";
import { createShipmentFollower } from "../flows/follow-shipments.ts";
import { createDeviceImport } from "../flows/import-devices.ts";
import { createIntakeMeter, storesOnly } from "../flows/intake-meter.ts";
import type { IntakeFollower } from "../flows/intake-sink.ts";
import { createGapFollower } from "../flows/keep-gaps.ts";
import { createPositions } from "../flows/positions.ts";
import { createIdentityProof } from "../flows/prove-identity.ts";
import { createQuarantineDesk } from "../flows/quarantine-desk.ts";
import { createRuleReevaluation } from "../flows/reevaluate-rules.ts";
import { createRollouts } from "../flows/rollouts.ts";
import { createSeriesRemoval } from "../flows/series-removal.ts";
import { createWorker } from "../flows/share-partitions.ts";
import { createSlots } from "../flows/slots.ts";
import { createStreamIntake } from "../flows/stream-readings.ts";
import { createIntake } from "../flows/take-in-readings.ts";
import { createVehicleArrivals } from "../flows/vehicle-arrivals.ts";
import { createAnomalyFollower } from "../flows/watch-anomalies.ts";
import { createRuleTimeWatch } from "../flows/watch-rule-time.ts";
import { createSilenceWatch } from "../flows/watch-silence.ts";
import { createGuard } from "../guard/index.ts";
import { createInventory } from "../inventory/index.ts";
import { createComposer, createModelGateway } from "../language/index.ts";
import { createNotifications } from "../notifications/index.ts";
import { createOrders } from "../orders/index.ts";
import type { Bus } from "../platform/bus.ts";
import type { Clock } from "../platform/clock.ts";
import { patientDatabase } from "../platform/contention.ts";
import type { Database } from "../platform/database.ts";
import { createJobs } from "../platform/jobs.ts";
import type { Keys } from "../platform/keys.ts";
import type { Log } from "../platform/log.ts";
import { createMailer } from "../platform/mail.ts";
import { createMetrics } from "../platform/metrics.ts";
import { createReadiness } from "../platform/readiness.ts";
import { createWebhookSender } from "../platform/webhook.ts";
import { createShipments } from "../shipments/index.ts";
import { createPairedReadings, createTelemetry, seriesGaps } from "../telemetry/index.ts";
import { decodeQuarantined } from "../transports/quarantined-payload.ts";
import { type Cluster, forgetful, openSharedHub, shareIdentities } from "./cluster.ts";
import { hasRole } from "./roles.ts";
import type { ShopSettings } from "./shop-settings.ts";

export interface Ground {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly bus: Bus;
  readonly keys: Keys;
  readonly config: Config;
  /** Absent where one process does all. */
  readonly cluster?: Cluster;
}

export type Domains = ReturnType<typeof buildDomains>;

export function buildDomains({ database, clock, keys, log, cluster }: Ground) {
  const ownIdentities = createIdentityCache({ clock });
  const identities = cluster === undefined ? ownIdentities : shareIdentities(ownIdentities, cluster);
  return {
    ownIdentities,
    jobs: createJobs({ database, clock, log }),
    metrics: createMetrics(),
    readiness: createReadiness({ clock }),
    devices: createDevices({ database, clock, identities, processId: cluster?.processId }),
    deviceCredentials: createDeviceCredentials({
      ...{ database, clock, identities },
      secret: keys.credentials,
    }),
    deviceProvisioning: createDeviceProvisioning({
      ...{ database, clock, identities },
      secret: keys.credentials,
    }),
    gatewayChildren: createGatewayChildren({ database, clock, identities }),
    deviceAttributes: createDeviceAttributes({ database, clock }),
    deviceCommands: createDeviceCommands({ database, clock }),
    deviceReleases: createDeviceReleases({ database, clock }),
    deviceRollouts: createDeviceRollouts({ database, clock }),
    vehicleRoutes: createVehicleRoutes({ database, clock }),
    pairedReadings: createPairedReadings({ database }),
    limitLedger: createLimitLedger({ database, clock }),
    telemetry: createTelemetry({ database, clock }),
    notifications: createNotifications({ database, clock, secret: keys.credentials }),
    catalog: createCatalog({ database }),
    inventory: createInventory({ database, clock }),
    customers: createCustomers({ database, clock }),
    orders: createOrders({ database, clock }),
    shipments: createShipments({ database, clock }),
    guard: createGuard({ database, clock, signingSecret: keys.approvals }),
    evidenceRecords: createEvidenceRecords({ database }),
  };
}

/** What devices may ask, and what people and programs ask of devices. */
function buildDeviceFlows(
  ground: Ground,
  domains: Domains,
  { deviceHub, actions }: { readonly deviceHub: OwnedDeviceHub; readonly actions: Actions },
) {
  const shared = { ...ground, ...domains, database: patientDatabase(ground.database) };
  const deviceLimiter = createDeviceLimiter({
    ledger: domains.limitLedger,
    clock: ground.clock,
    serverRate: ground.config.messageRate,
    ...sessionLimits,
  });
  const commandDesk = createCommandDesk({ ...shared, actions });
  const rollouts = createRollouts({ ...shared, deviceHub });
  const deviceDesk = createDeviceDesk({
    ...{ ...shared, commandDesk, releases: rollouts },
    hub: deviceHub,
    limiter: deviceLimiter,
  });
  return { deviceHub, deviceLimiter, commandDesk, deviceDesk, rollouts };
}

/** From a message of a device to the store: in this process, or through the stream that workers read. */
function buildIntake(ground: Ground, domains: Domains) {
  const { cluster, log, config } = ground;
  const shared = { ...ground, ...domains, meter: createIntakeMeter(domains.metrics) };
  const watches = createAnomalyWatches(shared);
  const reevaluation = createRuleReevaluation(shared);
  const makeFollowers = (): readonly IntakeFollower[] => [
    createFollowerAlarmEnd(shared),
    createShipmentFollower(shared),
    createShelfFollower(shared),
    createReleaseFollower(shared),
    createAlarmRules({ ...shared, reevaluate: reevaluation.note }),
    createAnomalyFollower({ ...shared, watches }),
    createGapFollower({ gaps: seriesGaps }),
  ];
  const decode = decodeQuarantined;
  if (cluster === undefined) {
    const followers = makeFollowers();
    return {
      sink: createIntake({ ...shared, followers }),
      quarantineDesk: createQuarantineDesk({ ...shared, followers, decode }),
      worker: null,
    };
  }
  const { processId, stream, leases, processes } = cluster;
  const slots = createSlots(ground.database.slots);
  return {
    sink: createStreamIntake({ publisher: stream, processId, log, meter: shared.meter }),
    quarantineDesk: createQuarantineDesk({ ...shared, followers: makeFollowers().map(forgetful), decode }),
    worker: hasRole(config, "worker")
      ? createWorker({
          ...shared,
          meter: storesOnly(shared.meter),
          stream,
          leases,
          processes,
          slots,
          makeFollowers,
        })
      : null,
  };
}

/** Who is told of alarms, and how. */
function buildNotices(ground: Ground, domains: Domains, { timeZone }: ShopSettings, baseUrl: string) {
  const { config, clock } = ground;
  const deliverNotices = createDeliverNotices({
    ...{ ...ground, ...domains, timeZone, baseUrl },
    mailer: config.mail === undefined ? null : createMailer(config.mail),
    webhooks: createWebhookSender({ allowedNetworks: config.webhookNetworks, clock }),
  });
  const escalateAlarms = createEscalateAlarms({ ...ground, ...domains, deliverNotices });
  return { deliverNotices, escalateAlarms };
}

export type Flows = ReturnType<typeof buildFlows>;

/** @param url where people reach the console; links in messages begin with it */
export function buildFlows(ground: Ground, domains: Domains, shop: ShopSettings, url?: string) {
  const { config, keys, clock } = ground;
  const baseUrl = (url ?? config.baseUrl ?? `http://localhost:${String(config.http.port)}`).replace(
    /\/$/u,
    "",
  );
  const shared = { ...ground, ...domains };
  // The intake tries again by itself; what people, programs and the assistant ask for is tried again here.
  const patient = { ...shared, database: patientDatabase(ground.database) };
  const conversations = createConversations(patient);
  const composer = createComposer();
  const outcomeMessages = createOutcomeMessages({ ...patient, checkText, composer });
  const { cluster } = ground;
  const deviceHub =
    cluster === undefined
      ? createDeviceHub(shared)
      : openSharedHub(shared, { cluster, identities: domains.ownIdentities });
  const positions = createPositions(patient);
  const actions = createActions({
    ...patient,
    conversations,
    deviceHub,
    tellOutcomes: () => outcomeMessages.tell(),
  });
  return {
    ...buildDeviceFlows(ground, domains, { deviceHub, actions }),
    ...buildIntake(ground, domains),
    ...buildNotices(ground, domains, shop, baseUrl),
    deviceImport: createDeviceImport(patient),
    seriesRemoval: createSeriesRemoval(shared),
    positions,
    vehicleArrivals: createVehicleArrivals({ ...patient, positions }),
    silenceWatch: createSilenceWatch(shared),
    ruleTimeWatch: createRuleTimeWatch(shared),
    backtests: createBacktests(shared),
    anomalyDesk: createAnomalyDesk(patient),
    actions,
    outcomeMessages,
    identityProof: createIdentityProof({
      ...patient,
      identityTokens: createIdentityTokens({ secret: keys.identity, clock }),
    }),
    conversations,
    assistant: createAssistant({
      ...patient,
      actions,
      checkText,
      composer,
      model:
        config.model === undefined ? null : createModelGateway({ ...config.model, model: config.model.name }),
      shop: { name: shop.name, phone: shop.phone },
    }),
  };
}
