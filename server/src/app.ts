// The one place that joins everything: opens the store, builds domains, flows and transports, starts and stops them.
import { resolve } from "node:path";
import { buildDomains, buildFlows, type Domains, type Flows, type Ground } from "./app/domains.ts";
import { type Login, prepareShop } from "./app/prepare-shop.ts";
import { createRecurring } from "./app/recurring.ts";
import type { ShopSettings } from "./app/shop-settings.ts";
import { startMqtt } from "./app/start-mqtt.ts";
import { startOperations } from "./app/start-operations.ts";
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
import type { Keys } from "./platform/keys.ts";
import { listenOn } from "./platform/listen.ts";
import type { Log } from "./platform/log.ts";
import { openDatabase } from "./platform/open-database.ts";
import { createCoapServer } from "./transports/coap/index.ts";
import { createDeviceApi } from "./transports/http/index.ts";
import { checkProtoSchemas } from "./transports/protobuf/index.ts";

const projectDirectory = resolve(import.meta.dirname, "../..");
const consoleDirectory = resolve(projectDirectory, "console/dist");
const silenceCheckMs = 5_000;
const rolloutCheckMs = 5_000;
const rollupMs = 5 * 60_000;
const expiryCheckMs = 30_000;
const commandExpiryMs = 1_000;
/** Commands are sent when they are queued; this finds what another process queued or a failure left. */
const commandSweepMs = 10_000;
/** Outcomes are told right after the decision; this finds what a stop or a failure left. */
const outcomesCheckMs = 10_000;
const ledgerFlushMs = 5_000;

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
  readonly mqttPort: number;
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

  const ground: Ground = { database, clock, log, keys, config, bus: createBus() };
  const domains = buildDomains(ground);
  // The last to be written: whatever stops before it may still note a limit.
  stops.push(() =>
    domains.limitLedger.flush().catch((error: unknown) => log.error({ err: error }, "limits not written")),
  );
  const people = createPeople({ database, clock, baseUrl: url, secret: keys.sessions, log });
  const prepared = await prepareShop({ ...ground, ...domains, people, say, isEmpty, adminEmail });
  const flows = buildFlows(ground, domains, prepared.shop);
  stops.push(() => flows.sink.stop());
  // After the transports stopped: who was connected is written, and what was sent is noted.
  stops.push(() => flows.deviceHub.settled());
  const { port: mqttPort, tlsPort: mqttTlsPort } = await startMqtt(ground, domains, flows, { say, stops });
  const coapPort = await startCoap(ground, flows, { say, stops });
  const demo = prepared.shop.isDemo ? startDemo(ground, domains, flows, { mqttPort, stops }) : null;
  serveHttp({ ground, domains, flows, people, demo, shop: prepared.shop, listener, stops });
  startRecurring(ground, domains, flows, stops);
  await startJobs(domains, flows, stops);
  if (demo !== null) {
    say("Starting the virtual devices");
    await demo.startFleet();
  }
  return {
    url,
    mqttPort,
    mqttTlsPort,
    coapPort,
    engine: engineName(flows),
    loginsTitle: prepared.loginsTitle,
    logins: prepared.logins,
  };
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
  parts.listener.serve((request, bindings) => app.fetch(request, bindClientAddress(bindings, clientAddress)));
  // Opened first and stopped before what it serves: a request under way still finds its store.
  parts.stops.push(() => parts.listener.stop());
  // Devices that wait are told at once instead of holding up the stop.
  parts.stops.push(() => Promise.resolve(deviceApi.stop()));
}

/** Silence is noticed and approvals run out without anybody asking. */
function startRecurring(
  ground: Ground,
  domains: Domains,
  flows: Flows,
  stops: (() => Promise<unknown>)[],
): void {
  const recurring = createRecurring(
    [
      {
        name: "silence",
        everyMs: silenceCheckMs,
        run: async () => {
          for (const event of await flows.silenceWatch.check()) ground.bus.publish(event);
        },
      },
      {
        name: "rollups",
        everyMs: rollupMs,
        run: async () => {
          await domains.telemetry.rollUp();
        },
      },
      {
        name: "approval-expiry",
        everyMs: expiryCheckMs,
        run: async () => {
          await flows.actions.expire();
        },
      },
      {
        name: "outcome-messages",
        everyMs: outcomesCheckMs,
        run: async () => {
          await flows.outcomeMessages.tell();
        },
      },
      {
        name: "command-expiry",
        everyMs: commandExpiryMs,
        run: async () => {
          await flows.commandDesk.expire();
        },
      },
      {
        name: "command-sweep",
        everyMs: commandSweepMs,
        run: async () => flows.deviceHub.sweep(),
      },
      { name: "rollouts", everyMs: rolloutCheckMs, run: async () => flows.rollouts.poke() },
      { name: "limit-ledger", everyMs: ledgerFlushMs, run: () => domains.limitLedger.flush() },
    ],
    ground.log,
  );
  stops.push(() => flows.rollouts.settled());
  // What a device reported may let its rollout go on at once.
  const unsubscribe = ground.bus.subscribe((event) => {
    if (event.kind === "rollout-changed") flows.rollouts.poke();
  });
  stops.push(() => Promise.resolve(unsubscribe()));
  recurring.start();
  stops.push(() => recurring.stop());
}
