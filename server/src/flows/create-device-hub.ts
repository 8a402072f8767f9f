import type { DeviceCommands, DeviceIdentity, Devices } from "../devices/index.ts";
import type { Bus } from "../platform/bus.ts";
import type { Clock } from "../platform/clock.ts";
import type { Database } from "../platform/database.ts";
import type { Log } from "../platform/log.ts";
import { createCommandDelivery, type deliveryLimits } from "./deliver-commands.ts";
import type { Attachment, DeviceChannel, DeviceHub } from "./device-hub.ts";
import { createPresence, type presenceLimits } from "./device-presence.ts";

export interface DeviceHubDependencies {
  readonly database: Database;
  readonly devices: Pick<Devices, "markConnections">;
  readonly deviceCommands: Pick<DeviceCommands, "deliverable" | "devicesWithDeliverable" | "move">;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
  /** Told of each session that begins, so that other processes end an older one of the same device. */
  readonly onSession?: (deviceId: number) => void;
  readonly limits?: {
    readonly presence?: typeof presenceLimits;
    readonly delivery?: typeof deliveryLimits;
  };
}

/** The hub with what only its owner calls. */
export interface OwnedDeviceHub extends DeviceHub {
  /** Looks for commands that another process queued, or that a failure left; call it every few seconds. */
  sweep(): void;
  /** Whether a channel of the device takes commands here. */
  isListening(deviceId: number): boolean;
  /** Ends sessions of the device that began before another process opened one; that one says who is connected. */
  giveUp(deviceId: number, openedAt: number): void;
  /** Devices with a channel here that takes changes of its attributes. */
  wantingAttributes(): readonly number[];
  /** Says once more who is connected here: this process was taken for dead. */
  noteAgain(): void;
}

interface Attached {
  readonly channel: DeviceChannel;
  readonly isSession: boolean;
  readonly address: string;
  readonly at: number;
  /** Another process has the device now: its end is no news. */
  isGivenUp: boolean;
}

/**
 * Joins what the shop wants of devices with the sessions they hold open.
 *
 * A device is connected while at least one session is attached, and this is the only place that says so: a transport that
 * lets a new session take over closes the older one itself and detaches it, which changes nothing while the newer is
 * there. Commands go to the newest session that listens, else to the newest long poll; attributes to all that listen.
 */
export function createDeviceHub(deps: DeviceHubDependencies): OwnedDeviceHub {
  const { bus, clock } = deps;
  const log = deps.log.child({ component: "devices" });
  /** By device, oldest first. */
  const attachedOf = new Map<number, Attached[]>();
  const names = new Map<number, string>();
  let connectedCount = 0;

  const channelsOf = (deviceId: number): readonly Attached[] => attachedOf.get(deviceId) ?? [];
  const sessionCount = (deviceId: number): number =>
    channelsOf(deviceId).reduce((count, { isSession }) => count + (isSession ? 1 : 0), 0);

  const presence = createPresence({
    devices: deps.devices,
    log,
    ...(deps.limits?.presence === undefined ? {} : { limits: deps.limits.presence }),
    onWritten: (changes) => {
      const last = new Map(changes.map((change) => [change.deviceId, change]));
      for (const { deviceId, isConnected } of last.values()) {
        const deviceName = names.get(deviceId);
        if (deviceName !== undefined)
          bus.publish({ kind: "device-connection-changed", deviceName, isConnected });
        if (!isConnected && !attachedOf.has(deviceId)) names.delete(deviceId);
      }
    },
  });
  const delivery = createCommandDelivery(
    { ...deps, limits: deps.limits?.delivery },
    {
      pick: (deviceId, refused) => pickListener(channelsOf(deviceId), refused),
      isAttached: (deviceId, channel) => channelsOf(deviceId).some((one) => one.channel === channel),
    },
  );

  const note = (deviceId: number, isConnected: boolean, about: Omit<Noted, "deviceId">): void =>
    presence.note({ deviceId, isConnected, ...about, at: clock.now() });

  function attach({ device }: DeviceIdentity, attached: Attached): Attachment {
    const { isSession } = attached;
    const isTakeOver = isSession && sessionCount(device.id) > 0;
    attachedOf.set(device.id, [...channelsOf(device.id), attached]);
    if (isSession) {
      names.set(device.id, device.name);
      connectedCount += isTakeOver ? 0 : 1;
      note(device.id, true, aboutSession(attached, isTakeOver ? "session-taken-over" : ""));
      deps.onSession?.(device.id);
    }
    return {
      commandsWanted: () => delivery.dispatch(device.id),
      detach: (reason) => {
        const left = channelsOf(device.id).filter((one) => one !== attached);
        if (left.length === channelsOf(device.id).length) return;
        if (left.length === 0) attachedOf.delete(device.id);
        else attachedOf.set(device.id, left);
        if (!isSession || sessionCount(device.id) > 0) return;
        connectedCount -= 1;
        if (!attached.isGivenUp) note(device.id, false, aboutSession(attached, reason));
        else if (left.length === 0) names.delete(device.id);
      },
    };
  }

  return {
    attach: (identity, channel, { isSession, address }) =>
      attach(identity, { channel, isSession, address, at: clock.now(), isGivenUp: false }),
    pushAttributes: (deviceId, change) => {
      for (const { channel } of channelsOf(deviceId))
        if (channel.wantsAttributes) channel.deliverAttributes(change);
    },
    dispatch: (deviceId) => delivery.dispatch(deviceId),
    close: (deviceId, reason) => {
      // A copy: a transport detaches while it is told to close.
      for (const { channel } of [...channelsOf(deviceId)]) channel.close(reason);
    },
    get connectedCount() {
      return connectedCount;
    },
    sweep: () => {
      for (const [deviceId, channels] of attachedOf)
        if (channels.some(({ channel }) => channel.wantsCommands)) delivery.dispatch(deviceId);
    },
    isListening: (deviceId) => channelsOf(deviceId).some(({ channel }) => channel.wantsCommands),
    wantingAttributes: () => wantingAttributes(attachedOf),
    giveUp: (deviceId, openedAt) => giveUpOlder(channelsOf(deviceId), openedAt),
    noteAgain: () => {
      for (const [deviceId, channels] of attachedOf) {
        const session = channels.findLast(({ isSession, isGivenUp }) => isSession && !isGivenUp);
        if (session !== undefined) note(deviceId, true, aboutSession(session, ""));
      }
    },
    settled: async () => {
      await Promise.all([presence.settled(), delivery.settled()]);
    },
  };
}

interface Noted {
  readonly deviceId: number;
  readonly transport: DeviceChannel["transport"];
  readonly address: string;
  readonly reason: string;
}

const aboutSession = ({ channel, address }: Attached, reason: string): Omit<Noted, "deviceId"> => ({
  transport: channel.transport,
  address,
  reason,
});

const wantingAttributes = (attachedOf: ReadonlyMap<number, readonly Attached[]>): readonly number[] =>
  [...attachedOf]
    .filter(([, all]) => all.some(({ channel }) => channel.wantsAttributes))
    .map(([deviceId]) => deviceId);

function giveUpOlder(channels: readonly Attached[], openedAt: number): void {
  // A copy: a transport detaches while it is told to close.
  for (const attached of [...channels]) {
    const { channel, isSession, at } = attached;
    if (!isSession || channel.takenOver === undefined || at > openedAt) continue;
    attached.isGivenUp = true;
    channel.takenOver();
  }
}

function pickListener(
  channels: readonly Attached[],
  refused: ReadonlySet<DeviceChannel>,
): DeviceChannel | null {
  const listening = channels.filter(({ channel }) => channel.wantsCommands && !refused.has(channel));
  return (listening.findLast(({ isSession }) => isSession) ?? listening.at(-1))?.channel ?? null;
}
