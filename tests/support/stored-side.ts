// What stands in the store of a product, for proofs and tests that compare it with what was sent.
import type { JsonValue } from "@waremind/contract";
import type { Domains, Ground } from "../../server/src/app/domains.ts";
import type { Device, DeviceCommand, DeviceConnection, LimitEvent } from "../../server/src/devices/index.ts";
import type { StoredReading } from "../../server/src/telemetry/index.ts";

/** What stands in the store. */
export interface StoredSide {
  find(deviceName: string): Promise<Device | null>;
  readings(deviceId: number, key: string): Promise<readonly StoredReading[]>;
  latest(deviceId: number, key: string): Promise<StoredReading | undefined>;
  /** By scope and key, such as `client/model`. */
  attributes(deviceId: number): Promise<Readonly<Record<string, JsonValue>>>;
  quarantine(deviceId: number): Promise<readonly { readonly reason: string; readonly payload: string }[]>;
  connection(deviceId: number): Promise<DeviceConnection | null>;
  command(id: string): Promise<DeviceCommand | null>;
  /** Every state that was told of, in order. */
  commandStates(id: string): readonly string[];
  limits(deviceId: number): Promise<readonly LimitEvent[]>;
}

export function createStoredSide({ database, bus }: Ground, domains: Domains): StoredSide {
  const states = new Map<string, string[]>();
  bus.subscribe((event) => {
    if (event.kind !== "command-changed") return;
    states.set(event.commandId, [...(states.get(event.commandId) ?? []), event.state]);
  });
  const { devices, telemetry, deviceAttributes, deviceCommands, limitLedger } = domains;
  return {
    find: (deviceName) => devices.findDevice(deviceName),
    readings: async (deviceId, key) => {
      const series = await telemetry.findSeries(deviceId, key, database);
      if (series === null) return [];
      const found: StoredReading[] = [];
      for await (const reading of telemetry.readings(series.id, { from: 0, to: 8.64e15 }))
        found.push(reading);
      return found;
    },
    latest: async (deviceId, key) => {
      const series = await telemetry.findSeries(deviceId, key);
      return series === null ? undefined : (await telemetry.latest([series.id])).get(series.id);
    },
    attributes: async (deviceId) =>
      Object.fromEntries(
        (await deviceAttributes.list(deviceId)).map(({ scope, key, value }) => [`${scope}/${key}`, value]),
      ),
    quarantine: (deviceId) => telemetry.quarantinedOf(deviceId, 100),
    connection: async (deviceId) =>
      (await devices.connections()).find((one) => one.deviceId === deviceId) ?? null,
    command: (id) => deviceCommands.find(id),
    commandStates: (id) => states.get(id) ?? [],
    limits: async (deviceId) => {
      await limitLedger.flush();
      return limitLedger.list(deviceId, 100);
    },
  };
}
