// How often and how many may connect: per address before anybody is known, per device afterwards.
import type { DeviceDesk } from "../../flows/device-desk.ts";
import { createAttemptLimit } from "../../platform/attempt-limit.ts";
import type { Clock } from "../../platform/clock.ts";
import type { Log } from "../../platform/log.ts";
import type { MqttLimits } from "./limits.ts";
import type { ConnectRefusal } from "./packets.ts";

export interface ConnectLimits {
  /** Counts a CONNECT from there. */
  refusalOf(address: string): ConnectRefusal | null;
  /** Counts a connection of a known device; what it meets stands in its ledger. */
  refusalOfDevice(deviceId: number, connected: ReadonlyMap<number, unknown>): ConnectRefusal | null;
  /** A CONNECT from there showed what nobody knows. */
  refused(address: string): void;
  /** A socket was closed on arrival, since so many wait already to say who they are. */
  turnedAway(waiting: number): void;
}

const windowMs = 60_000;

export function createConnectLimits(deps: {
  readonly desk: DeviceDesk;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: MqttLimits;
}): ConnectLimits {
  const { desk, clock, log, limits } = deps;
  const counting = (attemptsMax: number) =>
    createAttemptLimit({ clock, windowMs, keysMax: limits.addressesMax, attemptsMax });
  const byAddress = counting(limits.connectsPerAddressMax);
  const refusedByAddress = counting(limits.refusedPerAddressMax);
  const byDevice = counting(limits.connectsPerDeviceMax);
  /** One line a minute, however many come. */
  const lines = createAttemptLimit({ clock, windowMs, keysMax: 10, attemptsMax: 1 });

  function warn(name: string, details: object, sentence: string): void {
    if (lines.take(name)) log.warn(details, sentence);
  }

  return {
    refusalOf: (address) => {
      if (refusedByAddress.retryAfterSeconds(address) === 0 && byAddress.take(address)) return null;
      warn(
        "connect-rate",
        { address },
        "An address connects too often; its connections are refused for a minute.",
      );
      return "connect-rate";
    },
    refusalOfDevice: (deviceId, connected) => {
      if (!byDevice.take(String(deviceId))) {
        const { connectsPerDeviceMax } = limits;
        desk.limiter.note(deviceId, "connect-rate", `${connectsPerDeviceMax}:60`, connectsPerDeviceMax + 1);
        return "connect-rate";
      }
      if (connected.size < limits.sessionsMax || connected.has(deviceId)) return null;
      desk.limiter.note(deviceId, "connections", String(limits.sessionsMax), connected.size + 1);
      return "busy";
    },
    refused: (address) => {
      refusedByAddress.take(address);
    },
    turnedAway: (waiting) =>
      warn(
        "unauthenticated",
        { waiting },
        "Too many connections have not shown who they are; more are closed.",
      ),
  };
}
