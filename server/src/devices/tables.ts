import type { Generated } from "kysely";
import type { AttributeScope } from "./attribute.ts";
import type { CredentialKind } from "./credential.ts";
import type { BindingKind, ProvisionStrategy } from "./device.ts";
import type { LimitName } from "./limit.ts";

/** The tables this domain owns. */
export interface DeviceTables {
  profile: {
    id: string;
    nameEn: string;
    nameZh: string;
    /** jsonb: write text, read `ProfileKey[]`. */
    keys: unknown;
    expectedIntervalSeconds: number;
    createdAt: number;
    version: Generated<number>;
    /** jsonb, as in `Profile`. */
    commands: Generated<unknown>;
    transport: Generated<unknown>;
    limits: Generated<unknown>;
    alarmRules: Generated<unknown>;
    provisionStrategy: Generated<ProvisionStrategy>;
    provisionKey: string | null;
    provisionSecretHash: Buffer | null;
    issuerPem: string | null;
    commonNamePattern: string | null;
  };
  device: {
    id: Generated<number>;
    name: string;
    label: string;
    profileId: string;
    state: Generated<"active" | "disabled">;
    createdAt: number;
    isGateway: Generated<boolean>;
    gatewayId: number | null;
    provisionedAt: number | null;
    firmwareReleaseId: string | null;
    softwareReleaseId: string | null;
  };
  deviceCredential: {
    id: Generated<number>;
    deviceId: number;
    kind: CredentialKind;
    secretHash: Buffer;
    hint: string;
    createdAt: number;
    revokedAt: number | null;
  };
  deviceConnection: {
    deviceId: number;
    isConnected: Generated<boolean>;
    transport: string | null;
    connectedAt: number | null;
    disconnectedAt: number | null;
    disconnectReason: string | null;
    lastHeardAt: number | null;
  };
  binding: {
    id: string;
    kind: BindingKind;
    deviceId: number;
    seriesKey: string;
    targetId: string;
    boundAt: number;
    unboundAt: number | null;
    /** jsonb: write text, read what `readStoredRules` takes. */
    alarmRules: Generated<unknown>;
  };
  deviceEvent: {
    id: Generated<number>;
    deviceId: number;
    at: number;
    kind: "connected" | "disconnected" | "moved";
    transport: string;
    reason: string;
    address: string;
    /** Of a move alone: the gateway that speaks for it now, and the one that did before (null: none). */
    gatewayName: string | null;
    gatewayBefore: string | null;
  };
  deviceLimitEvent: {
    deviceId: number;
    limitName: LimitName;
    minuteAt: number;
    allowed: string;
    times: number;
    worst: number;
    lastAt: number;
  };
  deviceClaim: {
    deviceId: number;
    secretHash: Buffer | null;
    openedAt: number;
    expiresAt: number;
    claimedAt: number | null;
    claimedBy: string | null;
  };
  deviceAttribute: {
    deviceId: number;
    scope: AttributeScope;
    key: string;
    /** jsonb: write text, read the value. */
    value: unknown;
    version: Generated<number>;
    updatedAt: number;
    updatedBy: string;
  };
}
