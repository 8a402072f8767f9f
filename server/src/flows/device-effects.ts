// What acting on a device writes: a command in its queue, or shared attributes. Sessions hear of it after the commit.
import type { Actor, LiveEvent, Receipt } from "@waremind/contract";
import type { AttributeChange, DeviceAttributes, DeviceCommands } from "../devices/index.ts";
import type { DeviceAction } from "../guard/index.ts";
import type { Clock } from "../platform/clock.ts";
import type { Connection } from "../platform/database.ts";
import { assert } from "../platform/errors.ts";
import type { Gathered } from "./action-state.ts";

export interface DeviceSources {
  /** Absent: there is no device to act on. */
  readonly deviceCommands?: Pick<DeviceCommands, "findTarget" | "create"> | undefined;
  readonly deviceAttributes?: Pick<DeviceAttributes, "write"> | undefined;
  readonly clock: Clock;
}

/** What a device's sessions must hear of, once it is committed and never before. */
export type DeviceNotice =
  | { readonly kind: "command"; readonly deviceId: number }
  | { readonly kind: "attributes"; readonly deviceId: number; readonly change: AttributeChange };

interface Done {
  readonly effects: Receipt["effects"];
  readonly events: readonly LiveEvent[];
  readonly notices: readonly DeviceNotice[];
}

interface Running {
  readonly action: DeviceAction;
  /** Who asked, also where another person approved it: that one stands in the receipt. */
  readonly requestedBy: Actor;
  readonly gathered: Gathered;
  readonly receiptId: string;
}

type Device = NonNullable<Gathered["state"]["device"]>;

export async function runDeviceAction(
  sources: DeviceSources,
  connection: Connection,
  running: Running,
): Promise<Done> {
  const { device } = running.gathered.state;
  assert(device !== undefined, "the guard allows nothing on a device that does not exist");
  return running.action.name === "send-command"
    ? queueCommand(sources, connection, { ...running, action: running.action, device })
    : writeAttributes(sources, connection, { ...running, action: running.action, device });
}

async function queueCommand(
  { deviceCommands, clock }: DeviceSources,
  connection: Connection,
  running: Running & { action: Extract<DeviceAction, { name: "send-command" }>; device: Device },
): Promise<Done> {
  assert(deviceCommands !== undefined, "a device was found, so its commands are kept");
  const { action, requestedBy, device, receiptId } = running;
  const { method, params, isOneWay, isPersistent, idempotencyKey } = action;
  const command = await deviceCommands.create(connection, {
    ...{ deviceId: device.id, method, params, isOneWay, isPersistent, idempotencyKey },
    ...{ requestedBy, receiptId },
    expiresAt: clock.now() + action.lifetimeMs,
  });
  return {
    effects: [
      {
        table: "device_command",
        id: command.id,
        change: `${method} is queued for ${device.name} as number ${command.number}.`,
      },
    ],
    events: [
      { kind: "command-changed", commandId: command.id, deviceName: device.name, state: command.state },
    ],
    notices: [{ kind: "command", deviceId: device.id }],
  };
}

async function writeAttributes(
  { deviceAttributes }: DeviceSources,
  connection: Connection,
  running: Running & { action: Extract<DeviceAction, { name: "set-attributes" }>; device: Device },
): Promise<Done> {
  assert(deviceAttributes !== undefined, "a device was found, so its attributes are kept");
  const { action, requestedBy, device } = running;
  const change = await deviceAttributes.write(connection, {
    deviceId: device.id,
    scope: "shared",
    values: action.values,
    deletedKeys: action.deletedKeys,
    by: nameOf(requestedBy),
  });
  const changed = [...Object.keys(change.values), ...change.deletedKeys.map((key) => `−${key}`)];
  return {
    effects: [
      {
        table: "device_attribute",
        id: device.name,
        change: changed.length === 0 ? "Nothing differed." : `Changed: ${changed.join(", ")}.`,
      },
    ],
    events: changed.length === 0 ? [] : [{ kind: "device-attributes-changed", deviceName: device.name }],
    notices: changed.length === 0 ? [] : [{ kind: "attributes", deviceId: device.id, change }],
  };
}

/** Who stands beside a value: a person's name, or what kind of actor it was. */
function nameOf(actor: Actor): string {
  switch (actor.kind) {
    case "person":
    case "system":
      return actor.name;
    case "device":
      return actor.deviceName;
    case "customer":
    case "model":
      return actor.kind;
  }
}
