import type { JsonValue } from "@waremind/contract";
import type {
  AttributeValues,
  DeviceAttributes,
  DeviceCredentials,
  DeviceIdentity,
  DeviceProvisioning,
  Devices,
  GatewayChildren,
  Transport,
} from "../devices/index.ts";
import type { Bus } from "../platform/bus.ts";
import type { Clock } from "../platform/clock.ts";
import type { Database } from "../platform/database.ts";
import { DomainError } from "../platform/errors.ts";
import type { CommandDesk } from "./command-desk.ts";
import type { DeviceDesk, ReleaseAnswer } from "./device-desk.ts";
import type { DeviceHub } from "./device-hub.ts";
import type { DeviceLimiter } from "./device-limits.ts";

/** Children whose ids are remembered; above it the one met longest ago is looked up again. */
export const childrenKnownMax = 50_000;

export interface DeviceDeskDependencies {
  readonly database: Database;
  readonly devices: Pick<Devices, "identityOf" | "liveBindings">;
  readonly deviceCredentials: Pick<DeviceCredentials, "authenticate">;
  readonly deviceAttributes: Pick<DeviceAttributes, "write" | "read">;
  readonly deviceProvisioning: Pick<DeviceProvisioning, "provision" | "openClaim">;
  readonly gatewayChildren: Pick<GatewayChildren, "openChild">;
  readonly commandDesk: Pick<CommandDesk, "answered">;
  readonly hub: DeviceHub;
  readonly limiter: DeviceLimiter;
  /** Absent: no device has a release assigned. */
  readonly releases?: {
    readAssigned(
      identity: DeviceIdentity,
      ask: Parameters<DeviceDesk["readRelease"]>[1],
    ): Promise<ReleaseAnswer>;
  };
  readonly bus: Bus;
  readonly clock: Clock;
}

/** The one desk at which devices of all transports ask. */
export function createDeviceDesk(deps: DeviceDeskDependencies): DeviceDesk {
  const { database, hub, limiter } = deps;
  const children = createChildren(deps);
  return {
    hub,
    limiter,
    authenticate: (presented) => deps.deviceCredentials.authenticate(presented),
    reportAttributes: (identity, values, transport) =>
      notingLimits(limiter, identity, () => reportAttributes(deps, identity, values, transport)),
    readAttributes: ({ device }, request) => deps.deviceAttributes.read(device.id, request),
    answerCommand: (identity, number, answer) => deps.commandDesk.answered(identity, number, answer),
    call: (identity, call) => answerCall(deps, identity, call.method),
    openClaim: ({ device }, claim) =>
      database.transaction((connection) => deps.deviceProvisioning.openClaim(connection, device.id, claim)),
    provision: (request) =>
      database.transaction((connection) => deps.deviceProvisioning.provision(connection, request)),
    readRelease: async (identity, ask) =>
      (await deps.releases?.readAssigned(identity, ask)) ?? { kind: "none-assigned" },
    openChild: (gateway, child) =>
      notingLimits(limiter, gateway, () => children.open(gateway, child.name, child.profileName)),
    sessionLimits: (identity) => limiter.sessionLimits(identity),
  };
}

async function reportAttributes(
  { database, deviceAttributes, bus }: DeviceDeskDependencies,
  { device }: DeviceIdentity,
  values: AttributeValues,
  transport: Transport,
): Promise<void> {
  const change = await database.transaction((connection) =>
    deviceAttributes.write(connection, { deviceId: device.id, scope: "client", values, by: transport }),
  );
  if (Object.keys(change.values).length > 0)
    bus.publish({ kind: "device-attributes-changed", deviceName: device.name });
}

/** A limit that a domain holds stands in the ledger as well. */
async function notingLimits<Result>(
  limiter: DeviceLimiter,
  { device }: DeviceIdentity,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    const met = error instanceof DomainError && error.code === "limit-reached" ? error.details : undefined;
    const limitName = knownLimits.find((name) => name === met?.["limitName"]);
    if (met !== undefined && limitName !== undefined)
      limiter.note(device.id, limitName, String(met["allowed"] ?? ""), Number(met["observed"] ?? 0));
    throw error;
  }
}

const knownLimits = ["attribute-keys", "devices-per-gateway"] as const;

async function answerCall(
  { limiter, clock, devices }: DeviceDeskDependencies,
  identity: DeviceIdentity,
  method: string,
): Promise<JsonValue> {
  switch (method) {
    case "getSessionLimits":
      // A copy without a type: what goes out is JSON.
      return JSON.parse(JSON.stringify(limiter.sessionLimits(identity))) as JsonValue;
    case "getServerTime":
    case "getCurrentTime":
      return clock.now();
    case "getBinding": {
      const bindings = await devices.liveBindings();
      return bindings
        .filter(({ deviceId }) => deviceId === identity.device.id)
        .map(({ kind, seriesKey, targetId, boundAt }) => ({ kind, key: seriesKey, targetId, boundAt }));
    }
    default:
      return {
        error: `There is no method ${method.slice(0, methodShownMax)}. Known: getSessionLimits, getServerTime, getCurrentTime, getBinding.`,
      };
  }
}

const methodShownMax = 100;

/** The ids of children by gateway and name; who they are is asked of the registry each time, which forgets in time. */
function createChildren(deps: DeviceDeskDependencies): {
  open(gateway: DeviceIdentity, name: string, profileName: string | null): Promise<DeviceIdentity>;
} {
  const known = new Map<string, number>();
  const opening = new Map<string, Promise<number>>();

  async function register(
    gateway: DeviceIdentity,
    name: string,
    profileName: string | null,
  ): Promise<number> {
    const { id } = await deps.database.transaction((connection) =>
      deps.gatewayChildren.openChild(connection, gateway.device, { name, profileName }),
    );
    const key = keyOf(gateway, name);
    known.delete(key);
    known.set(key, id);
    if (known.size > childrenKnownMax) {
      const [oldest] = known.keys();
      if (oldest !== undefined) known.delete(oldest);
    }
    return id;
  }

  /** A child that many messages name at once is made once. */
  function registerOnce(gateway: DeviceIdentity, name: string, profileName: string | null): Promise<number> {
    const key = keyOf(gateway, name);
    const underWay = opening.get(key);
    if (underWay !== undefined) return underWay;
    const work = register(gateway, name, profileName).finally(() => opening.delete(key));
    opening.set(key, work);
    return work;
  }

  return {
    open: async (gateway, name, profileName) => {
      const id = known.get(keyOf(gateway, name));
      const identity = id === undefined ? null : await deps.devices.identityOf(id);
      if (identity !== null && identity.device.gatewayId === gateway.device.id) return identity;
      const opened = await deps.devices.identityOf(await registerOnce(gateway, name, profileName));
      if (opened !== null) return opened;
      throw new DomainError(
        "not-allowed",
        {
          en: `The device ${name} was disabled or deleted; enable it before its gateway speaks for it.`,
          zh: `设备 ${name} 已停用或删除；启用后网关才能代其通信。`,
        },
        { name },
      );
    },
  };
}

const keyOf = ({ device }: DeviceIdentity, name: string): string => `${device.id}/${name}`;
