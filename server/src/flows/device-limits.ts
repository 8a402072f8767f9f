// The door of the limits on what devices send: counted in memory, told to the device, kept in its ledger.
import type { DeviceIdentity, LimitName } from "../devices/index.ts";

/** What one message costs. A telemetry message also counts as a message. */
export interface MessageCost {
  readonly kind: "telemetry" | "other";
  readonly points: number;
}

export type Admission =
  | { readonly isAdmitted: true }
  | {
      readonly isAdmitted: false;
      readonly limitName: LimitName;
      /** As it is written: `20:1`. */
      readonly allowed: string;
      /** When the same message would be admitted. */
      readonly retryAfterMs: number;
    };

/** The answer to `getSessionLimits`. An empty text means no limit. */
export interface SessionLimits {
  readonly maxPayloadSize: number;
  readonly maxInflightMessages: number;
  readonly rateLimits: {
    readonly messages: string;
    readonly telemetryMessages: string;
    readonly telemetryDataPoints: string;
  };
  /** Only for a gateway: the sum of its children. */
  readonly gatewayRateLimits?: SessionLimits["rateLimits"];
}

export interface DeviceLimiter {
  /**
   * Counts a message in, or says which limit forbids it and until when; a refused one counts nothing. `via`: the gateway
   * it came through. What is refused stands in the ledger of the device (and of its gateway).
   */
  admit(identity: DeviceIdentity, cost: MessageCost, via?: DeviceIdentity): Admission;
  /** Notes a limit that a transport itself enforces (payload size, connections, requests under way). */
  note(deviceId: number, limitName: LimitName, allowed: string, observed: number): void;
  sessionLimits(identity: DeviceIdentity): SessionLimits;
}
