// The one place that joins everything: opens the store, builds domains, flows and transports, starts and stops them.
import { resolve } from "node:path";
import { type Cluster, openCluster } from "./app/cluster.ts";
import { buildDomains, buildFlows, type Domains, type Flows, type Ground } from "./app/domains.ts";
import { type Login, prepareShop } from "./app/prepare-shop.ts";
import { checkKeys, checkShopIsThere, hasRole, isServed, isWhole, notServed } from "./app/roles.ts";
import type { ShopSettings } from "./app/shop-settings.ts";
import { startMqtt } from "./app/start-mqtt.ts";
import { startOperations } from "./app/start-operations.ts";
import { startRecurring } from "./app/start-recurring.ts";
import { startTracing } from "./app/start-tracing.ts";
import { version } from "./app/version.ts";
import type { Config } from "./config.ts";
import { createThingsboardImports } from "./connect/thingsboard/index.ts";
import { createDemo, type Demo } from "./demo/index.ts";
import { createHttpListener } from "./http/listener.ts";
import { createProofRunner } from "./http/proof-runner.ts";
import { createHttp } from "./http/server.ts";
import { migrations } from "./migrations/index.ts";
import { createPeople, type People } from "./people/index.ts";
import { createBus } from "./platform/bus.ts";
import { bindClientAddress, createClientAddress } from "./platform/client-address.ts";
import type { Clock } from "./platform/clock.ts";
import type { Database } from "./platform/database.ts";
import { exclusively } from "./platform/exclusive.ts";
import type { Keys } from "./platform/keys.ts";
import { listenOn } from "./platform/listen.ts";
import type { Log } from "./platform/log.ts";
import { openDatabase } from "./platform/open-database.ts";
import { createCoapServer } from "./transports/coap/index.ts";
import { createDeviceApi } from "./transports/http/index.ts";
import { checkProtoSchemas } from "./transports/protobuf/index.ts";

const projectDirectory = resolve(import.meta.dirname, "../..");
const consoleDirectory = resolve(projectDirectory, "console/dist");

export interface AppOptions {
  readonly config: Config;
  readonly keys: Keys;
  readonly clock: Clock;
  readonly log: Log;
  /** Tells the person who started it how far it is. */
  readonly say: (line: string) => void;
}

export interface Started {
  readonly url: string;
  /** Null in a process that takes in nothing from devices. */
  readonly mqttPort: number | null;
  /** Null without a certificate. */
  readonly mqttTlsPort: number | null;
  /** Null when CoAP is switched off. */
  readonly coapPort: number | null;
  readonly engine: string;
  readonly loginsTitle: string;
  readonly logins: readonly Login[];
}

export interface App {
  start(options: { readonly isEmpty: boolean; readonly adminEmail: string }): Promise<Started>;
  /** Stops in the reverse order: no new requests, what is acknowledged is on disk, devices told, store closed. */
  stop(): Promise<void>;
}

export function createApp(options: AppOptions): App {
  const stops: (() => Promise<unknown>)[] = [];
  return {
    start: (startOptions) => start(options, startOptions, stops),
    stop: async () => {
      for (const stop of stops.splice(0).reverse()) await stop();
    },
  };
}

async function start(
  options: AppOptions,
  { isEmpty, adminEmail }: { isEmpty: boolean; adminEmail: string },
  stops: (() => Promise<unknown>)[],
): Promise<Started> {
  const { config, keys, clock, log, say } = options;
  if (config.otlpUrl !== undefined) stops.push(await startTracing(config.otlpUrl));
  const listener = createHttpListener();
  const port = await listenOn({
    ...config.http,
    setting: "WAREMIND_PORT",
    listen: (number) => listener.listen(number, config.host),
    onMoved: movedSentence("WAREMIND_PORT", say),
  });
  stops.push(() => listener.stop());
  const url = config.baseUrl ?? `http://localhost:${port}`;
  say(
    config.databaseUrl === undefined
      ? `Opening the embedded store in ${config.dataDirectory}`
      : "Opening PostgreSQL",
  );
  const database = await openDatabase({
    databaseUrl: config.databaseUrl,
    dataDirectory: config.dataDirectory,
    log,
  });
  stops.push(() => database.close());
  await database.migrate(migrations);

  const cluster = await joinOthers(options, database, stops);
  const bus = cluster?.bus ?? createBus();
  const ground: Ground = {
    database,
    clock,
    log,
    keys,
    config,
    bus,
    ...(cluster === null ? {} : { cluster }),
  };
  const domains = buildDomains(ground);
  // The last to be written: whatever stops before it may still note a limit.
  stops.push(() =>
    domains.limitLedger.flush().catch((error: unknown) => log.error({ err: error }, "limits not written")),
  );
  const people = createPeople({ database, clock, baseUrl: url, secret: keys.sessions, log });
  const prepared = await exclusively(database, "prepare-shop", async () => {
    if (cluster !== null) await checkKeys(database, keys, { ...config, at: clock.now() });
    await checkShopIsThere(database, config, isEmpty);
    return prepareShop({ ...ground, ...domains, people, say, isEmpty, adminEmail });
  });
  const flows = buildFlows(ground, domains, prepared.shop, url);
  stops.push(() => flows.sink.stop());
  // After the transports stopped: who was connected is written, and what was sent is noted.
  stops.push(() => flows.deviceHub.settled());
  const devicePorts = await startTransports(ground, domains, flows, { say, stops });
  const { mqttPort } = devicePorts;
  // Its devices would come once from each process.
  const isDemo = prepared.shop.isDemo && cluster === null && mqttPort !== null;
  const demo = isDemo ? startDemo(ground, domains, flows, { mqttPort, stops }) : null;
  serveHttp({ ground, domains, flows, people, demo, shop: prepared.shop, listener, stops });
  startRecurring(ground, domains, flows, stops);
  if (hasRole(config, "worker")) await startJobs(domains, flows, stops);
  if (demo !== null) {
    say("Starting the virtual devices");
    await demo.startFleet();
  }
  return {
    url,
    ...devicePorts,
    engine: engineName(flows),
    loginsTitle: prepared.loginsTitle,
    logins: prepared.logins,
  };
}

/** Null where one process does all. */
async function joinOthers(
  { config, clock, log, say }: AppOptions,
  database: Database,
  stops: (() => Promise<unknown>)[],
): Promise<Cluster | null> {
  const { nats: settings } = config;
  if (settings === undefined) return null;
  say("Joining the other processes through NATS");
  const cluster = await openCluster({ config, settings, database, clock, log });
  stops.push(() => cluster.close());
  return cluster;
}

async function startTransports(
  ground: Ground,
  domains: Domains,
  flows: Flows,
  options: { readonly say: (line: string) => void; readonly stops: (() => Promise<unknown>)[] },
): Promise<Pick<Started, "mqttPort" | "mqttTlsPort" | "coapPort">> {
  if (!hasRole(ground.config, "ingest")) return { mqttPort: null, mqttTlsPort: null, coapPort: null };
  const { port: mqttPort, tlsPort: mqttTlsPort } = await startMqtt(ground, domains, flows, options);
  return { mqttPort, mqttTlsPort, coapPort: await startCoap(ground, flows, options) };
}

/** Jobs that an earlier process left are taken up again. */
async function startJobs(
  { jobs }: Domains,
  { seriesRemoval }: Flows,
  stops: (() => Promise<unknown>)[],
): Promise<void> {
  await seriesRemoval.noted(null);
  jobs.start();
  stops.push(() => jobs.stop());
}

const movedSentence =
  (setting: string, say: (line: string) => void) =>
  (from: number, to: number): void =>
    say(`Port ${from} is taken; using ${to}. Set ${setting} to choose another.`);

const engineName = (flows: Flows): string =>
  flows.assistant.engine.kind === "composer"
    ? "the built-in composer (rule-based, no model)"
    : `the model ${flows.assistant.engine.name}`;

async function startCoap(
  { config, clock, log }: Ground,
  { deviceDesk: desk, sink }: Flows,
  { say, stops }: { say: (line: string) => void; stops: (() => Promise<unknown>)[] },
): Promise<number | null> {
  if (config.coap === undefined) return null;
  const coap = createCoapServer({ desk, sink, clock, log });
  const port = await listenOn({
    ...config.coap,
    setting: "WAREMIND_COAP_PORT",
    onMoved: movedSentence("WAREMIND_COAP_PORT", say),
    listen: async (number) => (await coap.start({ port: number, host: config.host })).port,
  });
  stops.push(() => coap.stop());
  return port;
}

function startDemo(
  ground: Ground,
  domains: Domains,
  flows: Flows,
  { mqttPort, stops }: { mqttPort: number; stops: (() => Promise<unknown>)[] },
): Demo {
  const demo = createDemo({
    ...ground,
    ...domains,
    ...flows,
    mqtt: { host: "127.0.0.1", port: mqttPort },
    dataDirectory: ground.config.dataDirectory,
  });
  stops.push(() => demo.stopAll());
  return demo;
}

function serveHttp(parts: {
  readonly ground: Ground;
  readonly domains: Domains;
  readonly flows: Flows;
  readonly people: People;
  readonly demo: Demo | null;
  readonly shop: ShopSettings;
  readonly listener: ReturnType<typeof createHttpListener>;
  readonly stops: (() => Promise<unknown>)[];
}): void {
  const { ground, domains, flows, people, demo, shop } = parts;
  const proofs = createProofRunner({ projectDirectory, bus: ground.bus, clock: ground.clock });
  parts.stops.push(() => Promise.resolve(proofs.stop()));
  parts.stops.push(() => flows.backtests.stop());
  const { clock, log } = ground;
  const thingsboardImports = createThingsboardImports({ ...ground, ...domains });
  startOperations(ground, domains, flows, parts.stops);
  const deviceApi = createDeviceApi({ desk: flows.deviceDesk, sink: flows.sink, clock, log });
  const app = createHttp({
    ...ground,
    ...domains,
    ...flows,
    people,
    demo,
    proofs,
    thingsboardImports,
    checkTransport: checkProtoSchemas,
    consoleDirectory,
    controlToken: ground.keys.control,
    metricsToken: ground.config.metricsToken,
    isBehindProxy: ground.config.baseUrl !== undefined,
    deviceApi: deviceApi.routes,
    shop: {
      name: shop.name,
      currency: shop.currency,
      timeZone: shop.timeZone,
      isDemo: shop.isDemo,
      engine: engineName(flows),
      version,
    },
  });
  parts.stops.push(() => thingsboardImports.stopAll());
  const clientAddress = createClientAddress(ground.config.trustedProxies);
  parts.listener.serve((request, bindings) => {
    const { pathname } = new URL(request.url);
    if (!isWhole(ground.config) && !isServed(ground.config, pathname)) return notServed(pathname);
    return app.fetch(request, bindClientAddress(bindings, clientAddress));
  });
  // Opened first and stopped before what it serves: a request under way still finds its store.
  parts.stops.push(() => parts.listener.stop());
  // Devices that wait are told at once instead of holding up the stop.
  parts.stops.push(() => Promise.resolve(deviceApi.stop()));
}
