// The door between what the shop wants of devices and the sessions they hold open, whatever transport those speak.
import type { JsonValue } from "@waremind/contract";
import type { AttributeChange, DeviceIdentity, Transport } from "../devices/index.ts";

/** One command on its way down. */
export interface OutgoingCommand {
  readonly number: number;
  readonly method: string;
  readonly params: JsonValue;
  readonly isOneWay: boolean;
}

/**
 * What became of a delivery: the device acknowledged it, it was written to a transport that acknowledges nothing, or the
 * session does not (or no longer) take it.
 */
export type Delivered = "acknowledged" | "written" | "not-taken";

/** A session of a device as the hub sees it. None of these may throw. */
export interface DeviceChannel {
  readonly transport: Transport;
  /** Whether the device listens for commands and for changes of its shared attributes now. */
  readonly wantsCommands: boolean;
  readonly wantsAttributes: boolean;
  deliverCommand(command: OutgoingCommand): Promise<Delivered>;
  deliverAttributes(change: AttributeChange): void;
  close(reason: "device-deleted" | "device-disabled" | "credentials-revoked"): void;
  /** The device has a newer session in another process; absent where a device may have several at once. */
  takenOver?(): void;
}

export interface Attachment {
  /** Call when the device starts to listen for commands (a subscription, a long poll): what waits is sent. */
  commandsWanted(): void;
  /** Ends it. `reason` goes into the connection history; a take-over detaches the older one without a word. */
  detach(reason: string): void;
}

export interface DeviceHub {
  /** `isSession` false: a long poll, which says nothing about the device being connected. */
  attach(
    identity: DeviceIdentity,
    channel: DeviceChannel,
    options: { readonly isSession: boolean; readonly address: string },
  ): Attachment;
  /** Tells every channel of the device that listens. */
  pushAttributes(deviceId: number, change: AttributeChange): void;
  /** Sends what is queued for the device to a channel that listens; call after a command was committed. */
  dispatch(deviceId: number): void;
  close(deviceId: number, reason: Parameters<DeviceChannel["close"]>[0]): void;
  readonly connectedCount: number;
  /** Resolves when nothing is being written any more. */
  settled(): Promise<void>;
}
