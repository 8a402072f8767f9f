import type { BilingualText } from "@waremind/contract";
import type { Connection } from "../platform/database.ts";

export type ReleaseKind = "firmware" | "software";
/** ThingsBoard's short names, in topics (`v2/fw/…`) and in keys (`fw_version`). */
export const releasePrefixes = { firmware: "fw", software: "sw" } as const satisfies Record<
  ReleaseKind,
  string
>;
export type ChecksumAlgorithm =
  | "MD5"
  | "SHA256"
  | "SHA384"
  | "SHA512"
  | "CRC32"
  | "MURMUR3_32"
  | "MURMUR3_128";

export interface Release {
  readonly id: string;
  readonly kind: ReleaseKind;
  readonly title: string;
  readonly version: string;
  readonly tag: string;
  readonly profileId: string;
  readonly fileName: string;
  readonly sizeBytes: number;
  readonly checksumAlgorithm: ChecksumAlgorithm;
  readonly checksum: string;
  /** Ed25519 over `releaseManifest`, which holds the SHA-256 of the bytes. */
  readonly signature: Buffer;
  readonly keyId: string;
  readonly createdAt: number;
  readonly createdBy: string;
}

export interface ReleaseKey {
  readonly id: string;
  readonly name: string;
  /** SPKI PEM of an Ed25519 public key. The private key is never given to the server. */
  readonly publicPem: string;
  readonly createdAt: number;
  readonly revokedAt: number | null;
}

export type RolloutState = "running" | "paused" | "stopped" | "finished";
export type RolloutDeviceState =
  | "waiting"
  | "offered"
  | "initiated"
  | "downloading"
  | "downloaded"
  | "verified"
  | "updating"
  | "updated"
  | "failed"
  | "rolled-back";

export interface Rollout {
  readonly id: string;
  readonly releaseId: string;
  readonly state: RolloutState;
  /** Cumulative shares of the devices, each above the one before, the last 1. */
  readonly rings: readonly { readonly share: number }[];
  /** The ring being served, from 0. */
  readonly ring: number;
  /** A ring is stopped when more than this share of its devices failed, once `failuresMin` did. */
  readonly failureShareMax: number;
  readonly failuresMin: number;
  /** How long a ring must have been wholly updated before the next is served. */
  readonly soakMinutes: number;
  readonly stoppedReason: BilingualText | null;
  readonly createdAt: number;
  readonly createdBy: string;
  readonly endedAt: number | null;
}

export interface RolloutDevice {
  readonly rolloutId: string;
  readonly deviceId: number;
  readonly ring: number;
  readonly state: RolloutDeviceState;
  readonly error: string | null;
  /** What it ran before, offered again when the release fails on it. */
  readonly previousReleaseId: string | null;
  readonly bytesSent: number;
  readonly updatedAt: number;
}

/** A device's part as a rollout's next step needs it. */
export interface RolloutPart extends RolloutDevice {
  /** What the device should run of the release's kind, as the registry has it. */
  readonly assignedReleaseId: string | null;
  /** A newer rollout of the same kind has reached the device: this one has no say in it any more. */
  readonly isSuperseded: boolean;
}

export const releaseLimits = {
  sizeBytesMax: 64 * 1024 * 1024,
  /** Title and version, in characters. */
  nameLengthMax: 100,
  /** How a package is kept in the store. */
  partBytes: 256 * 1024,
  ringsMax: 10,
} as const;

/** Hexadecimal, lower case. */
export interface PackageDigests {
  /** By the algorithm that was asked for. */
  readonly checksum: string;
  /** Stands in the manifest that is signed. */
  readonly sha256: string;
}

/** What keeps a release in the shop. */
export interface ReleaseUses {
  /** Those that should run it, a hundred at most. */
  readonly deviceNames: readonly string[];
  /** Those that brought it, and those still open that would go back to it; newest first, a hundred at most. */
  readonly rollouts: readonly Pick<Rollout, "id" | "state" | "createdAt">[];
}

export interface DeviceReleases {
  addKey(
    connection: Connection,
    key: { readonly name: string; readonly publicPem: string },
  ): Promise<ReleaseKey>;
  keys(): Promise<readonly ReleaseKey[]>;
  revokeKey(connection: Connection, keyId: string): Promise<void>;
  /** The sums that `upload` checks, for large packages to be taken before its transaction begins. */
  digest(bytes: Buffer, algorithm: ChecksumAlgorithm): Promise<PackageDigests>;
  /**
   * @throws DomainError `invalid-input` when the checksum or the signature does not fit the bytes or the key is unknown or
   * revoked, `conflict` when this version is there already, `payload-too-large`
   */
  upload(
    connection: Connection,
    release: Omit<Release, "id" | "sizeBytes" | "createdAt">,
    bytes: Buffer,
    digests?: PackageDigests,
  ): Promise<Release>;
  /** Inside a transaction pass its connection. */
  find(releaseId: string, connection?: Connection): Promise<Release | null>;
  list(): Promise<readonly Release[]>;
  /** Holds the release until the transaction ends: nobody begins to use it meanwhile. */
  usesOf(connection: Connection, releaseId: string): Promise<ReleaseUses>;
  /** With its bytes. Ask `usesOf` first. */
  remove(connection: Connection, releaseId: string): Promise<void>;
  /** Bytes `from` up to but without `to`, clamped to the package. */
  read(releaseId: string, from: number, to: number): Promise<Buffer>;
  /** The release a device should run now, read afresh: a withdrawn one is given to nobody from the next chunk on. */
  assigned(deviceId: number, kind: ReleaseKind): Promise<Release | null>;
  assign(
    connection: Connection,
    deviceIds: readonly number[],
    kind: ReleaseKind,
    releaseId: string | null,
  ): Promise<void>;
}

/** A device that a rollout may serve. */
export interface RolloutCandidate {
  readonly deviceId: number;
  readonly assignedReleaseId: string | null;
}

/** How many devices should run a release, and how many of them said in a rollout of it that they do. */
export interface ReleaseSpread {
  readonly assigned: number;
  readonly confirmed: number;
}

/** A device's part in a rollout, with what it is brought to and what it ran before. */
export interface DevicePart extends RolloutDevice {
  readonly kind: ReleaseKind;
  readonly title: string;
  readonly version: string;
  readonly previousTitle: string | null;
  readonly previousVersion: string | null;
}

export interface DeviceRollouts {
  /** Active devices of a profile that can fetch a package themselves, with what they should run of this kind. */
  candidates(
    connection: Connection,
    profileId: string,
    kind: ReleaseKind,
  ): Promise<readonly RolloutCandidate[]>;
  /** @throws DomainError `conflict` while another one for the same profile and kind is running or paused. */
  create(
    connection: Connection,
    rollout: Omit<Rollout, "id" | "state" | "ring" | "stoppedReason" | "createdAt" | "endedAt">,
    devices: readonly Pick<RolloutDevice, "deviceId" | "ring" | "previousReleaseId">[],
  ): Promise<Rollout>;
  /** Reads for change: the row stays locked until the transaction ends. */
  lock(connection: Connection, rolloutId: string): Promise<Rollout | null>;
  save(
    connection: Connection,
    rolloutId: string,
    change: Partial<Pick<Rollout, "state" | "ring" | "stoppedReason" | "endedAt">>,
  ): Promise<void>;
  /** Inside a transaction pass its connection. */
  find(rolloutId: string, connection?: Connection): Promise<Rollout | null>;
  list(): Promise<readonly Rollout[]>;
  /** Running, paused, or over with devices that have yet to go back. */
  open(): Promise<readonly Rollout[]>;
  /** By release; one that no device should run is absent. */
  spread(): Promise<ReadonlyMap<string, ReleaseSpread>>;
  devicesOf(rolloutId: string, connection?: Connection): Promise<readonly RolloutPart[]>;
  /** What a device takes part in for one kind, newest rollout first. */
  ofDevice(connection: Connection, deviceId: number, kind: ReleaseKind): Promise<readonly DevicePart[]>;
  /**
   * Moves those that are in one of the states `from` still, and answers which these were: a device's report may have come
   * in between, and must not be overwritten.
   */
  moveDevices(
    connection: Connection,
    rolloutId: string,
    deviceIds: readonly number[],
    change: {
      readonly from: readonly RolloutDeviceState[];
      readonly state: RolloutDeviceState;
      readonly error?: string | null;
    },
  ): Promise<readonly number[]>;
  /** Devices that wait in another rollout to be brought from `releaseId`, which failed on them, go back to `to` instead. */
  replacePrevious(
    connection: Connection,
    deviceIds: readonly number[],
    releaseId: string,
    to: string | null,
  ): Promise<void>;
  /** Keeps the largest; for the picture of progress only. */
  noteBytesSent(
    sent: readonly { readonly deviceId: number; readonly releaseId: string; readonly bytes: number }[],
  ): Promise<void>;
}
