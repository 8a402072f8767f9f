// The server under test: the product's domains and flows behind its MQTT server, as `waremind start` joins them.
import { randomBytes } from "node:crypto";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { buildDomains, buildFlows } from "../../server/src/app/domains.ts";
import { readConfig } from "../../server/src/config.ts";
import { migrations } from "../../server/src/migrations/index.ts";
import { createBus } from "../../server/src/platform/bus.ts";
import { systemClock } from "../../server/src/platform/clock.ts";
import { type Database, tablesOf } from "../../server/src/platform/database.ts";
import { openEmbedded } from "../../server/src/platform/embedded.ts";
import { createLog } from "../../server/src/platform/log.ts";
import { openPostgresql } from "../../server/src/platform/postgresql.ts";
import { createMqttServer } from "../../server/src/transports/mqtt/index.ts";
import { ownProcessorSeconds, serveParent } from "../support/children.ts";

export interface SessionServerSettings {
  readonly store:
    | { readonly kind: "embedded"; readonly directory: string }
    | { readonly kind: "postgresql"; readonly url: string };
  readonly deviceCount: number;
}

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;
const log = createLog("error");
const secret = (): string => randomBytes(32).toString("base64url");

serveParent<SessionServerSettings>(async ({ store, deviceCount }) => {
  const database =
    store.kind === "embedded"
      ? await openEmbedded({ directory: store.directory, log })
      : await openPostgresql({ url: store.url });
  await database.migrate(migrations);
  const ground = {
    ...{ database, clock: systemClock, log, bus: createBus(), config: readConfig({}) },
    keys: {
      ...{ approvals: secret(), sessions: secret(), identity: secret() },
      ...{ control: secret(), credentials: secret() },
    },
  };
  const domains = buildDomains(ground);
  const name = { en: "Bench", zh: "基准" };
  const shop = { name, phone: "", currency: "CNY", timeZone: "UTC", isDemo: false };
  const flows = buildFlows(ground, domains, shop);
  await addDevices(domains, database, deviceCount);
  const mqtt = createMqttServer({ desk: flows.deviceDesk, sink: flows.sink, clock: systemClock, log });
  const { port } = await mqtt.start({ port: 0, host: "127.0.0.1" });
  return {
    verbs: {
      port: () => port,
      processorSeconds: ownProcessorSeconds,
      sessionCount: () => mqtt.sessionCount,
      memory: () => {
        collectGarbage();
        const { rss, heapUsed } = process.memoryUsage();
        return { rss, heapUsed };
      },
      /** Devices that the registry holds connected, and rows of their history. */
      connected: async () => {
        await flows.deviceHub.settled();
        return (await domains.devices.connections()).filter(({ isConnected }) => isConnected).length;
      },
      countReadings: async () => {
        const tables = tablesOf<{ reading: { seriesId: number } }>(database);
        const count = tables.fn.countAll<string>().as("count");
        return Number((await tables.selectFrom("reading").select(count).executeTakeFirstOrThrow()).count);
      },
    },
    stop: async () => {
      await mqtt.stop();
      await flows.sink.stop();
      await flows.deviceHub.settled();
      await database.close();
    },
  };
});

const devicesPerTransaction = 500;

async function addDevices(
  { devices }: ReturnType<typeof buildDomains>,
  database: Database,
  count: number,
): Promise<void> {
  await database.transaction((connection) =>
    devices.createProfile(connection, {
      ...{ id: "bench-logger", nameEn: "Logger", nameZh: "记录仪", expectedIntervalSeconds: 10 },
      keys: [{ key: "temperature", type: "number", unit: "Cel", min: -60, max: 80, decimals: 2 }],
    }),
  );
  for (let from = 1; from <= count; from += devicesPerTransaction) {
    await database.transaction(async (connection) => {
      for (let number = from; number < Math.min(from + devicesPerTransaction, count + 1); number += 1) {
        const name = `bench-${number}`;
        const { id } = await devices.createDevice(connection, { name, label: "", profileId: "bench-logger" });
        await devices.issueAccessToken(connection, id, `bench-token-${number}`);
      }
    });
  }
}
