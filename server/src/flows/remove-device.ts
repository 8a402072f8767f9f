// A device leaves with everything it measured: it is gone at once, and a background job removes its readings from the disk
// piece by piece, so that a device with millions of them holds nobody up.
import type { Actor } from "@waremind/contract";
import type { Device, Devices } from "../devices/index.ts";
import type { Guard } from "../guard/index.ts";
import type { Connection, Database } from "../platform/database.ts";
import { DomainError } from "../platform/errors.ts";
import type { Telemetry } from "../telemetry/index.ts";
import type { DeviceHub } from "./device-hub.ts";
import type { SeriesRemoval } from "./series-removal.ts";

export interface RemovalDependencies {
  readonly database: Database;
  readonly devices: Devices;
  readonly telemetry: Telemetry;
  readonly guard: Pick<Guard, "appendAudit">;
  readonly deviceHub: Pick<DeviceHub, "close">;
  readonly seriesRemoval: SeriesRemoval;
}

/** @throws DomainError `state-forbids` while it is bound to a shipment or a shelf, `not-found` when it went meanwhile. */
export async function removeDevice(deps: RemovalDependencies, device: Device, by: Actor): Promise<void> {
  const { database, devices, telemetry, guard, deviceHub } = deps;
  await database.transaction(async (connection) => {
    await refuseBound(devices, device, connection);
    const seriesCount = await telemetry.forgetDevice(connection, device.id);
    await devices.deleteDevice(connection, device.id);
    await deps.seriesRemoval.noted(connection);
    await guard.appendAudit(connection, {
      kind: "device-deleted",
      actor: by,
      body: { name: device.name, profileId: device.profileId, seriesCount },
    });
  });
  devices.forget(device.id);
  deviceHub.close(device.id, "device-deleted");
}

async function refuseBound(devices: Devices, device: Device, connection: Connection): Promise<void> {
  const bound = (await devices.liveBindings(connection)).find(({ deviceId }) => deviceId === device.id);
  if (bound === undefined) return;
  throw new DomainError(
    "state-forbids",
    {
      en: `${device.name} is bound to ${bound.targetId}. Release it there first, then delete it.`,
      zh: `${device.name} 已绑定到 ${bound.targetId},请先解除绑定再删除。`,
    },
    { deviceName: device.name, targetId: bound.targetId },
  );
}
