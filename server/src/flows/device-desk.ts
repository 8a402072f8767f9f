// What a device may ask of the shop, in words of no transport: MQTT, HTTP, CoAP and gateways all come through this door.
import type { JsonValue } from "@waremind/contract";
import type {
  AttributeRequest,
  AttributeValues,
  DeviceIdentity,
  Presented,
  ProvisionAnswer,
  ProvisionRequest,
  Release,
  ReleaseKind,
  Transport,
} from "../devices/index.ts";
import type { DeviceHub } from "./device-hub.ts";
import type { DeviceLimiter, SessionLimits } from "./device-limits.ts";

export type ReleaseAnswer =
  | {
      readonly kind: "bytes";
      readonly bytes: Buffer;
      readonly release: Release;
      /** Whether these are the last bytes of the package. */
      readonly isLast: boolean;
    }
  | { readonly kind: "none-assigned" }
  /** Another release than the assigned one was asked for. */
  | { readonly kind: "not-this-one" }
  | { readonly kind: "no-such-chunk" };

export interface DeviceDesk {
  readonly hub: DeviceHub;
  readonly limiter: DeviceLimiter;
  authenticate(presented: Presented): Promise<DeviceIdentity | null>;
  /** Client attributes; resolves once they are on disk. @throws DomainError `limit-reached`, `invalid-input`. */
  reportAttributes(identity: DeviceIdentity, values: AttributeValues, transport: Transport): Promise<void>;
  readAttributes(
    identity: DeviceIdentity,
    request: AttributeRequest,
  ): Promise<{ readonly client: AttributeValues; readonly shared: AttributeValues }>;
  /** The device's answer to a command, any JSON. Answers false when no such command waits. */
  answerCommand(identity: DeviceIdentity, number: number, answer: JsonValue): Promise<boolean>;
  /**
   * A call from device to server: `getSessionLimits`, `getServerTime`, `getBinding`; anything else answers
   * `{"error": …}`. Never rejects for an unknown method.
   */
  call(
    identity: DeviceIdentity,
    call: { readonly method: string; readonly params: JsonValue },
  ): Promise<JsonValue>;
  openClaim(
    identity: DeviceIdentity,
    claim: { readonly secret: string; readonly durationMs: number | null },
  ): Promise<void>;
  provision(request: ProvisionRequest): Promise<ProvisionAnswer>;
  /** `title`/`version` null: whichever is assigned. `chunkBytes` 0: the whole package. */
  readRelease(
    identity: DeviceIdentity,
    ask: {
      readonly kind: ReleaseKind;
      readonly title: string | null;
      readonly version: string | null;
      readonly chunkBytes: number;
      readonly chunk: number;
    },
  ): Promise<ReleaseAnswer>;
  /** A child of a gateway, made on first sight. @throws DomainError `limit-reached`, `not-allowed`. */
  openChild(
    gateway: DeviceIdentity,
    child: { readonly name: string; readonly profileName: string | null },
  ): Promise<DeviceIdentity>;
  sessionLimits(identity: DeviceIdentity): SessionLimits;
}
