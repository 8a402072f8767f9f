// The server that the fuzz suite throws at, in a process of its own: the product's domains, flows and transports as
// `waremind start` joins them, on an embedded store on disk, with its product limits.
import { randomBytes } from "node:crypto";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Hono } from "hono";
import { sql } from "kysely";
import { ownProcessorSeconds, serveParent } from "../../bench/support/children.ts";
import { buildDomains, buildFlows, type Domains, type Ground } from "../../server/src/app/domains.ts";
import { readConfig } from "../../server/src/config.ts";
import { createThingsboardImports } from "../../server/src/connect/thingsboard/index.ts";
import { defaultClauses } from "../../server/src/guard/index.ts";
import type { HttpDependencies } from "../../server/src/http/dependencies.ts";
import { createHttpListener } from "../../server/src/http/listener.ts";
import { createProofRunner } from "../../server/src/http/proof-runner.ts";
import { allRoutes, createHttp } from "../../server/src/http/server.ts";
import { migrations } from "../../server/src/migrations/index.ts";
import { createPeople } from "../../server/src/people/index.ts";
import { createBus } from "../../server/src/platform/bus.ts";
import { type Clock, systemClock } from "../../server/src/platform/clock.ts";
import { tablesOf } from "../../server/src/platform/database.ts";
import { openEmbedded } from "../../server/src/platform/embedded.ts";
import { createLog } from "../../server/src/platform/log.ts";
import { createCoapServer } from "../../server/src/transports/coap/index.ts";
import { createDeviceApi } from "../../server/src/transports/http/index.ts";
import { createMqttServer } from "../../server/src/transports/mqtt/index.ts";
import { checkProtoSchemas } from "../../server/src/transports/protobuf/index.ts";
import { provisionKey } from "./fuzz-mqtt-corpus.ts";
import { censusOf, countSeries, numbersStored } from "./fuzz-store.ts";

export interface FuzzServerSettings {
  readonly directory: string;
  readonly devices: readonly FuzzDevice[];
}

export interface FuzzDevice {
  readonly name: string;
  readonly token: string;
  readonly profile: "fuzz-json" | "fuzz-protobuf";
  readonly isGateway: boolean;
}

export interface Opened {
  readonly mqttPort: number;
  readonly coapPort: number;
  readonly httpPort: number;
  /** Every route of the REST API, as `GET /api/devices/{name}`. */
  readonly routes: readonly string[];
}

export interface ServerState {
  readonly heapUsed: number;
  readonly external: number;
  readonly sessions: number;
  readonly observers: number;
  /** What CoAP keeps of exchanges and of transfers in blocks. */
  readonly coapKept: number;
  /** Messages of CoAP that wait for their acknowledgement: of those who left for up to a minute and a half. */
  readonly confirmables: number;
  readonly pollsAndDownloads: number;
  readonly pendingMessages: number;
  /** Kinds of readings that stand in the store: the server keeps what it knows of them, up to a limit. */
  readonly series: number;
  /** Sockets of TCP that are open, those of every transport. */
  readonly sockets: number;
  /** Requests of HTTP whose answer has not left. */
  readonly answersUnderway: number;
  /** The longest that the event loop was kept from its next turn since the last state was asked for. */
  readonly longestTurnMs: number;
  /** Processor time of the whole process, so far. */
  readonly processorSeconds: number;
}

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;
const host = "127.0.0.1";
const secret = (): string => randomBytes(32).toString("base64url");
const sweepMs = 1_000;
const attributeMs = 500;
const turnResolutionMs = 10;
const settlePollMs = 100;
const collectionsMax = 3;
const settlePollsMax = 480;
/** So many in a row: a request that is under way may yet begin to observe. */
const calmPollsMin = 5;

serveParent<FuzzServerSettings>(async (settings) => {
  const log = createLog("error");
  const database = await openEmbedded({ directory: settings.directory, log });
  await database.migrate(migrations);
  // What is remembered for minutes is over at once when the suite says so.
  let aheadMs = 0;
  const clock: Clock = { now: () => systemClock.now() + aheadMs };
  const keys = {
    ...{ approvals: secret(), sessions: secret(), identity: secret() },
    ...{ control: secret(), credentials: secret() },
  };
  const ground: Ground = { database, clock, log, keys, config: readConfig({}), bus: createBus() };
  const domains = buildDomains(ground);
  const ids = await prepare(ground, domains, settings.devices);
  const shop = {
    ...{ name: { en: "Fuzz", zh: "模糊测试" }, phone: "", currency: "CNY", timeZone: "UTC", isDemo: false },
  };
  const flows = buildFlows(ground, domains, shop);
  const served = { desk: flows.deviceDesk, sink: flows.sink, clock, log };
  const mqtt = createMqttServer(served);
  const coap = createCoapServer(served);
  const deviceApi = createDeviceApi(served);
  const listener = createHttpListener();
  const httpPort = await listener.listen(0, host);
  const needs = httpNeeds(ground, { domains, flows, shop, deviceApi: deviceApi.routes, httpPort });
  const app = createHttp(needs);
  listener.serve((request, bindings) => app.fetch(request, bindings));
  const opened: Opened = {
    mqttPort: (await mqtt.start({ port: 0, host })).port,
    coapPort: (await coap.start({ port: 0, host })).port,
    httpPort,
    routes: allRoutes(needs).map(({ method, path }) => `${method.toUpperCase()} ${path}`),
  };
  const sweeping = setInterval(() => {
    flows.deviceHub.sweep();
    void flows.commandDesk.expire();
    void domains.limitLedger.flush();
  }, sweepMs);
  const stateNow = (): Omit<ServerState, "series" | "longestTurnMs" | "processorSeconds"> => {
    const resources = process.getActiveResourcesInfo();
    const { observers, confirmables, ...kept } = coap.counts;
    const { heapUsed, external } = process.memoryUsage();
    const countOf = (kind: string): number => resources.filter((one) => one === kind).length;
    return {
      ...{ heapUsed, external, observers, confirmables, sessions: mqtt.sessionCount },
      coapKept: Object.values(kept).reduce((sum, count) => sum + count, 0),
      pollsAndDownloads: deviceApi.waitingCount,
      pendingMessages: flows.sink.pendingCount,
      sockets: countOf("TCPSocketWrap"),
      answersUnderway: listener.answersUnderway,
    };
  };
  /** Ends what still listens for those devices: observations have no connection that breaks, and one may just begin. */
  const hangUp = (names: readonly string[]): void => {
    for (const name of names) flows.deviceHub.close(ids.get(name) ?? 0, "device-disabled");
  };
  const turns = monitorEventLoopDelay({ resolution: turnResolutionMs });
  turns.enable();
  let telling: NodeJS.Timeout | undefined;
  let told = 0;
  return {
    verbs: {
      open: () => opened,
      /** Sets a numbered shared attribute of that device every so often; `stopTelling` answers the last number. */
      tell: ({ name }) => {
        const deviceId = ids.get(String(name)) ?? 0;
        telling = setInterval(() => {
          told += 1;
          flows.deviceHub.pushAttributes(deviceId, { values: { n: told }, deletedKeys: [] });
        }, attributeMs);
      },
      stopTelling: () => {
        clearInterval(telling);
        return told;
      },
      /** Goes through the event loop and the store, behind what they have to do already; answers what is not stored yet. */
      beat: async () => {
        await sql`select 1`.execute(tablesOf(database));
        return flows.sink.pendingCount;
      },
      census: ({ names }) => censusOf(database, names as readonly string[]),
      numbers: ({ name }) => numbersStored(database, String(name)),
      advance: ({ byMs }) => {
        aheadMs += Number(byMs);
      },
      /** The state once all that was to be closed is closed and written, or after so many polls. */
      settled: async ({ names, sessions, observers, sockets, coapKept }) => {
        const expected = {
          sessions,
          observers,
          sockets,
          coapKept,
          pollsAndDownloads: 0,
          pendingMessages: 8,
          answersUnderway: 1,
        };
        let calm = 0;
        for (let poll = 0; poll < settlePollsMax && calm < calmPollsMin; poll += 1) {
          hangUp(names as readonly string[]);
          await new Promise((resolve) => setTimeout(resolve, settlePollMs));
          // Behind what requests under way still ask of the store.
          await sql`select 1`.execute(tablesOf(database));
          const state: Readonly<Record<string, number>> = { ...stateNow() };
          const isCalm = Object.entries(expected).every(
            ([name, count]) => (state[name] ?? 0) <= Number(count),
          );
          calm = isCalm ? calm + 1 : 0;
        }
        await flows.deviceHub.settled();
        await domains.limitLedger.flush();
        const longestTurnMs = Math.round(turns.max / 1e6);
        const series = await countSeries(database);
        for (let time = 0; time < collectionsMax; time += 1) {
          collectGarbage();
          // What only a finalizer lets go of is free after the next turn.
          await new Promise((resolve) => setTimeout(resolve, settlePollMs));
        }
        turns.reset();
        return { ...stateNow(), series, longestTurnMs, processorSeconds: ownProcessorSeconds() };
      },
    },
    stop: async () => {
      clearInterval(sweeping);
      clearInterval(telling);
      deviceApi.stop();
      await Promise.all([listener.stop(), mqtt.stop(), coap.stop()]);
      await flows.sink.stop();
      await flows.deviceHub.settled();
      await database.close();
    },
  };
});

/** Profiles, clauses and devices; answers the ids by name. */
async function prepare(
  { database, clock }: Ground,
  { devices, guard, deviceProvisioning }: Domains,
  wanted: readonly FuzzDevice[],
): Promise<ReadonlyMap<string, number>> {
  const ids = new Map<string, number>();
  await database.transaction(async (connection) => {
    for (const clause of defaultClauses({ currency: "CNY", validFrom: clock.now() }))
      await guard.putClause(connection, clause);
    const profile = { nameEn: "Fuzz", nameZh: "模糊测试", expectedIntervalSeconds: 60 };
    const temperature = { key: "temperature", unit: "Cel", min: -50, max: 50, decimals: 2 };
    await devices.createProfile(connection, {
      ...{ ...profile, id: "fuzz-json", keys: [{ ...temperature, type: "number" }] },
      limits: { devicesPerGatewayMax: 50 },
    });
    await devices.createProfile(connection, {
      ...{ ...profile, id: "fuzz-protobuf", keys: [], transport: { payloadType: "protobuf" } },
    });
    await devices.createProfile(connection, { ...profile, id: "default", keys: [] });
    for (const { name, token, profile: profileId, isGateway } of wanted) {
      const { id } = await devices.createDevice(connection, { name, label: "", profileId, isGateway });
      await devices.issueAccessToken(connection, id, token);
      ids.set(name, id);
    }
  });
  await database.transaction((connection) =>
    deviceProvisioning.editProfile(connection, "default", 1, {
      provisioning: { strategy: "allow-create-new", key: provisionKey, secret: secret() },
    }),
  );
  return ids;
}

function httpNeeds(
  ground: Ground,
  parts: {
    readonly domains: Domains;
    readonly flows: ReturnType<typeof buildFlows>;
    readonly shop: Parameters<typeof buildFlows>[2];
    readonly deviceApi: Hono;
    readonly httpPort: number;
  },
): HttpDependencies {
  const { domains, flows, shop, deviceApi, httpPort } = parts;
  return {
    ...{ ...ground, ...domains, ...flows, deviceApi, demo: null },
    people: createPeople({ ...ground, baseUrl: `http://${host}:${httpPort}`, secret: ground.keys.sessions }),
    proofs: createProofRunner({ projectDirectory: import.meta.dirname, ...ground }),
    thingsboardImports: createThingsboardImports({ ...ground, ...domains }),
    checkTransport: checkProtoSchemas,
    consoleDirectory: import.meta.dirname,
    controlToken: ground.keys.control,
    shop: { ...shop, engine: "", version: "" },
  };
}
