// The program that the durability suite kills: the real store, intake and MQTT server, and one follower that counts.
import { sql } from "kysely";
import { createDevices } from "../../server/src/devices/index.ts";
import type { IntakeFollower } from "../../server/src/flows/intake-sink.ts";
import { createIntake } from "../../server/src/flows/take-in-readings.ts";
import { migrations } from "../../server/src/migrations/index.ts";
import { createBus } from "../../server/src/platform/bus.ts";
import { systemClock } from "../../server/src/platform/clock.ts";
import { tablesOf } from "../../server/src/platform/database.ts";
import { createLog } from "../../server/src/platform/log.ts";
import { createTelemetry } from "../../server/src/telemetry/index.ts";
import { createMqttServer } from "../../server/src/transports/mqtt/index.ts";
import { openDeviceDesk } from "../support/device-desk.ts";
import { openStore, type Place, tokenOf } from "./durability-place.ts";

const profileId = "prove-durability";

const { place, deviceCount } = JSON.parse(process.argv[2] ?? "{}") as { place: Place; deviceCount: number };
const log = createLog("error");
const clock = systemClock;
const database = await openStore(place, log);
await database.migrate(migrations);
const devices = createDevices({ database, clock });
const telemetry = createTelemetry({ database, clock });
for (let index = 0; index < deviceCount; index += 1) await ensureDevice(index);

const ground = { database, devices, bus: createBus(), clock, log };
const sink = createIntake({ ...ground, telemetry, followers: [countingFollower()] });
const mqtt = createMqttServer({ desk: openDeviceDesk(ground), sink, clock, log });
const { port } = await mqtt.start({ port: 0, host: "127.0.0.1" });
process.send?.({ port });
process.on("disconnect", () => process.exit(0));

/** A kill may have come between two of them, so each is looked for. */
async function ensureDevice(index: number): Promise<void> {
  const name = `prove-${index}`;
  if ((await devices.findDevice(name)) !== null) return;
  const hasProfile = (await devices.listProfiles()).some((profile) => profile.id === profileId);
  await database.transaction(async (connection) => {
    const names = { nameEn: "Durability proof", nameZh: "耐久性验证" };
    const profile = { id: profileId, ...names, keys: [], expectedIntervalSeconds: 60 };
    if (!hasProfile) await devices.createProfile(connection, profile);
    const device = await devices.createDevice(connection, { name, label: "", profileId });
    await devices.issueAccessToken(connection, device.id, tokenOf(index));
  });
}

/** Derived state in the same transaction: at any kill it must agree with the readings. */
function countingFollower(): IntakeFollower {
  return {
    follow: async (connection, readings) => {
      const counts = new Map<number, number>();
      for (const { seriesId } of readings) counts.set(seriesId, (counts.get(seriesId) ?? 0) + 1);
      const rows = [...counts].sort(([left], [right]) => left - right);
      await sql`
        insert into setting (key, value, updated_at)
        select 'count/' || id, to_jsonb(count), 0
        from unnest(${rows.map(([id]) => id)}::int[], ${rows.map(([, count]) => count)}::int[]) as fresh (id, count)
        on conflict (key) do update set value = to_jsonb((setting.value)::int + (excluded.value)::int)`.execute(
        tablesOf(connection),
      );
      return [];
    },
  };
}
