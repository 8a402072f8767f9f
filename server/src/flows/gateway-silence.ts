// A gateway that is down makes all behind it silent: one alarm speaks for them, with their number. Pure but for the end.
import type { LiveEvent } from "@waremind/contract";
import { causeOfSilence, type SilenceCause } from "../decisions/rules/index.ts";
import type { Device, DeviceConnection, Profile } from "../devices/index.ts";
import type { Connection } from "../platform/database.ts";
import type { Telemetry } from "../telemetry/index.ts";

/** Expected intervals without a word after which a gateway is taken for silent; as for every other device. */
const intervalsPerAbsence = 3;

export interface SightOfDevice {
  readonly device: Device;
  readonly profile: Profile;
  readonly connection: DeviceConnection | undefined;
}

/** When anything was last heard through each gateway: of itself or of what is behind it. */
export function heardThrough(sights: readonly SightOfDevice[]): ReadonlyMap<number, number> {
  const heard = new Map<number, number>();
  const hear = (id: number, at: number | null | undefined) => {
    if (at !== null && at !== undefined) heard.set(id, Math.max(at, heard.get(id) ?? at));
  };
  for (const { device, connection } of sights) {
    if (device.isGateway) {
      hear(device.id, connection?.lastHeardAt);
      hear(device.id, connection?.connectedAt);
    }
    if (device.gatewayId !== null) hear(device.gatewayId, connection?.lastHeardAt);
  }
  return heard;
}

/** Why nothing is heard of a device at `at`, by what is known of its session and of the gateway it was last heard through. */
export function causeOf(
  sight: SightOfDevice,
  gateway: SightOfDevice | undefined,
  { at, heard }: { readonly at: number; readonly heard: ReadonlyMap<number, number> },
): SilenceCause {
  const { connection } = sight;
  const changedAt = connection?.isConnected === true ? connection.connectedAt : connection?.disconnectedAt;
  const hasSession =
    gateway === undefined && connection?.transport === "mqtt" && typeof changedAt === "number";
  return causeOfSilence(at, {
    session: hasSession ? { isConnected: connection.isConnected, changedAt } : null,
    gateway:
      gateway === undefined
        ? null
        : {
            isConnected: gateway.connection?.isConnected ?? false,
            heardAt: heard.get(gateway.device.id) ?? 0,
            silenceMs: gateway.profile.expectedIntervalSeconds * 1_000 * intervalsPerAbsence,
          },
  });
}

/** Raises the gateway's alarm unless it is open, and says for whom it speaks now. */
export async function speakForChildren(
  telemetry: Pick<Telemetry, "raiseAlarm" | "silences">,
  connection: Connection,
  {
    gateway,
    children,
    now,
  }: {
    readonly gateway: SightOfDevice;
    readonly children: readonly { readonly deviceId: number; readonly silentFrom: number }[];
    readonly now: number;
  },
): Promise<readonly LiveEvent[]> {
  const { id, name, label } = gateway.device;
  const beganAt = gateway.connection?.disconnectedAt ?? gateway.connection?.lastHeardAt ?? now;
  const raised = await telemetry.raiseAlarm(connection, {
    ...{
      kind: "absence",
      severity: "warning",
      cause: "gateway-down",
      subjectKind: "device",
      subjectId: String(id),
    },
    ...{
      subjectLabel: label === "" ? name : label,
      deviceId: id,
      seriesId: null,
      beganAt,
      value: null,
      unit: null,
    },
    messageEn: `The gateway ${name} is down: nothing is heard through it. Devices behind it are counted here and raise no alarms of their own.`,
    messageZh: `网关 ${name} 不可用，无法收到经由它的数据。其下设备计入此警报，不再单独报警。`,
  });
  const alarmId = raised ?? (await telemetry.silences.openAbsence(connection, id));
  if (alarmId === null) return [];
  const isChanged = await telemetry.silences.speakFor(connection, alarmId, children);
  const changed: LiveEvent = { kind: "alarm-changed", alarmId, subjectKind: "device", subjectId: String(id) };
  return raised !== null || isChanged ? [changed] : [];
}
