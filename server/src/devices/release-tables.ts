import type { Generated } from "kysely";
import type { ReleaseKind, RolloutDeviceState, RolloutState } from "./release.ts";

/** Releases and their rollouts; part of this domain's tables. */
export interface ReleaseTables {
  releaseKey: { id: string; name: string; publicPem: string; createdAt: number; revokedAt: number | null };
  release: {
    id: string;
    kind: ReleaseKind;
    title: string;
    version: string;
    tag: string;
    profileId: string;
    fileName: string;
    sizeBytes: number;
    checksumAlgorithm: string;
    checksum: string;
    signature: Buffer;
    keyId: string;
    createdAt: number;
    createdBy: string;
  };
  releasePart: { releaseId: string; position: number; bytes: Buffer };
  rollout: {
    id: string;
    releaseId: string;
    state: RolloutState;
    /** jsonb: write text, read `Rollout["rings"]`. */
    rings: unknown;
    ring: Generated<number>;
    failureShareMax: number;
    failuresMin: number;
    soakMinutes: number;
    /** jsonb: write text, read `BilingualText`. */
    stoppedReason: unknown;
    createdAt: number;
    createdBy: string;
    endedAt: number | null;
  };
  rolloutDevice: {
    rolloutId: string;
    deviceId: number;
    ring: number;
    state: RolloutDeviceState;
    error: string | null;
    previousReleaseId: string | null;
    bytesSent: Generated<number>;
    updatedAt: number;
  };
  device: {
    id: Generated<number>;
    profileId: string;
    state: Generated<"active" | "disabled">;
    firmwareReleaseId: string | null;
    softwareReleaseId: string | null;
  };
}
