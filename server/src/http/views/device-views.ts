import type { DeviceRow, DeviceView } from "@waremind/contract";
import type { Binding, Device, DeviceConnection } from "../../devices/index.ts";
import { intervalsPerAbsence } from "../../flows/watch-silence.ts";
import { type Series, type StoredReading, textOfValue } from "../../telemetry/index.ts";
import type { HttpDependencies } from "../dependencies.ts";

type Needs = Pick<HttpDependencies, "devices" | "telemetry" | "shipments" | "inventory" | "clock">;

/** Times the expected interval may pass before a device counts as late; silent is when the silence alarm says so. */
const lateAfterIntervals = 1.5;
const textLengthMax = 120;

const dayMs = 86_400_000;

/** All devices with what each measured last, for small screens; a table of thousands takes `deviceRowViews`. */
export async function deviceViews(needs: Needs, only?: Device): Promise<DeviceView[]> {
  const devices = only === undefined ? await needs.devices.listDevices() : [only];
  const profiles = new Map((await needs.devices.listProfiles()).map((profile) => [profile.id, profile]));
  const connections = new Map(
    (await needs.devices.connections()).map((connection) => [connection.deviceId, connection]),
  );
  const hints = await needs.devices.tokenHints();
  const series = await needs.telemetry.seriesOfDevices(devices.map((device) => device.id));
  const latest = await needs.telemetry.latest(series.map((one) => one.id));
  const seriesOf = Map.groupBy(series, (one) => one.deviceId);
  const quarantined = await heldCounts(needs, only);
  const bindings = await bindingsOf(needs, only);
  const labels = await targetLabels(needs, [...bindings.values()].flat());
  const now = needs.clock.now();
  return devices.map((device) => {
    const profile = profiles.get(device.profileId);
    const connection = connections.get(device.id);
    return {
      id: device.id,
      name: device.name,
      label: device.label,
      profileId: device.profileId,
      profileName: { en: profile?.nameEn ?? device.profileId, zh: profile?.nameZh ?? device.profileId },
      isConnected: connection?.isConnected ?? false,
      lastHeardAt: connection?.lastHeardAt ?? null,
      expectedIntervalSeconds: profile?.expectedIntervalSeconds ?? null,
      liveness: livenessOf(profile, connection, now),
      tokenHint: hints.get(device.id) ?? null,
      latest: (seriesOf.get(device.id) ?? []).flatMap((one) => latestView(one, latest.get(one.id))),
      boundTo: (bindings.get(device.id) ?? []).map((binding) => ({
        kind: binding.kind,
        targetId: binding.targetId,
        label: labels.get(binding.targetId) ?? binding.targetId,
      })),
      quarantinedCount: quarantined.get(device.id) ?? 0,
    };
  });
}

async function heldCounts(needs: Needs, only: Device | undefined): Promise<ReadonlyMap<number, number>> {
  if (only === undefined) return needs.telemetry.quarantinedCounts();
  const { total } = await needs.telemetry.quarantined({ deviceId: only.id, state: "held", limit: 1 });
  return new Map([[only.id, total]]);
}

async function bindingsOf(
  needs: Needs,
  only: Device | undefined,
): Promise<ReadonlyMap<number, readonly Binding[]>> {
  const live = await needs.devices.liveBindings();
  const wanted = only === undefined ? live : live.filter((binding) => binding.deviceId === only.id);
  return Map.groupBy(wanted, (binding) => binding.deviceId);
}

/** Every device as one small line: a handful of statements over all of them, whatever their number. */
export async function deviceRowViews(needs: Needs): Promise<DeviceRow[]> {
  const now = needs.clock.now();
  const rows = await needs.devices.deviceRows({ limitsSinceAt: now - dayMs });
  const quarantined = await needs.telemetry.quarantinedCounts();
  const bindings = await bindingsOf(needs, undefined);
  const labels = await targetLabels(needs, [...bindings.values()].flat());
  return rows.map((row) => {
    const [bound] = bindings.get(row.id) ?? [];
    return {
      ...{ id: row.id, name: row.name, label: row.label, profileId: row.profileId, state: row.state },
      ...{ isGateway: row.isGateway, gatewayName: row.gatewayName, firmware: row.firmware },
      ...{ isConnected: row.isConnected, transport: row.transport, lastHeardAt: row.lastHeardAt },
      liveness: livenessOf(row, row, now),
      boundLabel: bound === undefined ? null : (labels.get(bound.targetId) ?? bound.targetId),
      quarantinedCount: quarantined.get(row.id) ?? 0,
      limitsMetToday: row.limitsMet,
    };
  });
}

/** "Heard", "late" and "silent" tell how long ago; "offline" is known from the connection itself. */
export function livenessOf(
  profile: { readonly expectedIntervalSeconds: number } | undefined,
  connection: Pick<DeviceConnection, "isConnected" | "lastHeardAt" | "transport"> | undefined,
  now: number,
): DeviceView["liveness"] {
  if (connection === undefined || connection.lastHeardAt === null)
    return connection?.isConnected === true ? "heard" : "never-heard";
  const intervals =
    (now - connection.lastHeardAt) / 1000 / (profile?.expectedIntervalSeconds ?? Number.POSITIVE_INFINITY);
  if (connection.transport === "mqtt" && !connection.isConnected) return "offline";
  if (intervals > intervalsPerAbsence) return "silent";
  return intervals > lateAfterIntervals ? "late" : "heard";
}

function latestView(series: Series, reading: StoredReading | undefined): DeviceView["latest"] {
  return reading === undefined
    ? []
    : [
        {
          key: series.key,
          text: textOfValue(reading.value).slice(0, textLengthMax),
          unit: series.unit,
          observedAt: reading.observedAt,
        },
      ];
}

async function targetLabels(
  needs: Needs,
  bindings: readonly Binding[],
): Promise<ReadonlyMap<string, string>> {
  const cells = new Map((await needs.inventory.listCells()).map((cell) => [cell.id, cell.code]));
  const shipments = await needs.shipments.findShipments(
    bindings.filter(({ kind }) => kind === "logger-shipment").map(({ targetId }) => targetId),
  );
  const numbers = shipments.map((shipment) => [shipment.id, shipment.number] as const);
  return new Map([...cells, ...numbers]);
}
