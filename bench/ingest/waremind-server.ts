// The server under test: the product's own MQTT server, intake and store. With everything on: profiles with ranges, latest
// values, rollups, shipments, shelves and ten alarm rules; bare: the values alone, as the peer stores them.
import { type ThresholdRule, thresholdRuleSchema } from "@waremind/contract";
import { createCatalog } from "../../server/src/catalog/index.ts";
import { createDevices, type Devices } from "../../server/src/devices/index.ts";
import { createAlarmRules } from "../../server/src/flows/alarm-rules.ts";
import { createShelfFollower } from "../../server/src/flows/count-shelves.ts";
import { createShipmentFollower } from "../../server/src/flows/follow-shipments.ts";
import { createGapFollower } from "../../server/src/flows/keep-gaps.ts";
import { createIntake } from "../../server/src/flows/take-in-readings.ts";
import { createInventory } from "../../server/src/inventory/index.ts";
import { migrations } from "../../server/src/migrations/index.ts";
import { createBus } from "../../server/src/platform/bus.ts";
import { systemClock } from "../../server/src/platform/clock.ts";
import { type Database, tablesOf } from "../../server/src/platform/database.ts";
import { openEmbedded } from "../../server/src/platform/embedded.ts";
import { createLog } from "../../server/src/platform/log.ts";
import { openPostgresql } from "../../server/src/platform/postgresql.ts";
import { createShipments } from "../../server/src/shipments/index.ts";
import { createTelemetry, seriesGaps } from "../../server/src/telemetry/index.ts";
import { createMqttServer } from "../../server/src/transports/mqtt/index.ts";
import { openDeviceDesk } from "../../tests/support/device-desk.ts";
import { ownProcessorSeconds, serveParent } from "../support/children.ts";

export interface WaremindSettings {
  readonly store:
    | { readonly kind: "embedded"; readonly directory: string }
    | { readonly kind: "postgresql"; readonly url: string };
  readonly deviceCount: number;
  readonly isBare: boolean;
}

interface ReadingTables {
  reading: { seriesId: number };
}

const log = createLog("warn");

serveParent<WaremindSettings>(async (settings) => {
  const database = await open(settings.store);
  await database.migrate(migrations);
  const ground = { database, clock: systemClock, log, bus: createBus() };
  const shared = {
    ...ground,
    devices: createDevices(ground),
    telemetry: createTelemetry({ ...ground, isBare: settings.isBare }),
    catalog: createCatalog(ground),
    inventory: createInventory(ground),
    shipments: createShipments(ground),
  };
  await addDevices(database, shared.devices, settings.deviceCount);
  const sink = createIntake({
    ...shared,
    followers: settings.isBare
      ? []
      : [
          createShipmentFollower(shared),
          createShelfFollower(shared),
          createAlarmRules(shared),
          createGapFollower({ gaps: seriesGaps }),
        ],
  });
  const mqtt = createMqttServer({ desk: openDeviceDesk(shared), sink, clock: systemClock, log });
  const { port } = await mqtt.start({ port: 0, host: "127.0.0.1" });
  return {
    verbs: {
      port: () => port,
      processorSeconds: ownProcessorSeconds,
      countReadings: async () => {
        const tables = tablesOf<ReadingTables>(database);
        const count = tables.fn.countAll<string>().as("count");
        return Number((await tables.selectFrom("reading").select(count).executeTakeFirstOrThrow()).count);
      },
      settle: async () => {
        if (settings.store.kind === "postgresql")
          await query(database, "vacuum analyze reading, latest, rollup");
      },
    },
    stop: async () => {
      await mqtt.stop();
      await sink.stop();
      await database.close();
    },
  };
});

function open(store: WaremindSettings["store"]): Promise<Database> {
  return store.kind === "embedded"
    ? openEmbedded({ directory: store.directory, log })
    : openPostgresql({ url: store.url });
}

async function query(database: Database, text: string): Promise<void> {
  const client = await database.pool.connect();
  try {
    await client.query(text, []);
  } finally {
    client.release();
  }
}

async function addDevices(database: Database, devices: Devices, count: number): Promise<void> {
  await database.transaction(async (connection) => {
    await devices.createProfile(connection, {
      id: "bench-logger",
      nameEn: "Logger",
      nameZh: "记录仪",
      keys: [
        { key: "temperature", type: "number", unit: "Cel", min: -60, max: 80, decimals: 2 },
        { key: "humidity", type: "number", unit: "%", min: 0, max: 100, decimals: 1 },
      ],
      expectedIntervalSeconds: 60,
      alarmRules: tenRules(),
    });
    for (let number = 1; number <= count; number += 1) {
      const device = await devices.createDevice(connection, {
        name: `bench-${number}`,
        label: "",
        profileId: "bench-logger",
      });
      await devices.issueAccessToken(connection, device.id, `bench-token-${number}`);
    }
  });
}

/** Five for each key. The load crosses the nearest of them, never for as long as they want, so that all stay silent. */
function tenRules(): ThresholdRule[] {
  const rule = (key: string, index: number, limits: Pick<ThresholdRule, "above" | "below">): ThresholdRule =>
    thresholdRuleSchema.parse({
      ...{ id: `${key}-${index}`, kind: "threshold", key, ...limits },
      ...{ forSeconds: 3_600 * index, severity: "warning" },
      name: { en: "Out of bounds", zh: "超出范围" },
    });
  return [1, 2, 3, 4, 5].flatMap((index) => [
    rule("temperature", index, { above: 7 + index, below: -index }),
    rule("humidity", index, { above: 85 + index, below: 10 }),
  ]);
}
