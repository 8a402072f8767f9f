// What devices are told of the release they should run: ThingsBoard's shared attributes.
import {
  type AttributeChange,
  type DeviceAttributes,
  type DeviceReleases,
  type Release,
  type ReleaseKind,
  releasePrefixes,
} from "../devices/index.ts";
import type { Connection } from "../platform/database.ts";

export interface OfferDependencies {
  readonly deviceReleases: Pick<DeviceReleases, "assign">;
  readonly deviceAttributes: Pick<DeviceAttributes, "write">;
}

/** A change that the device is told of after the commit. */
export interface OfferPush {
  readonly deviceId: number;
  readonly change: AttributeChange;
}

/** Writes down what the devices should run and what they are told of it. A null release: nothing any more. */
export async function assign(
  deps: OfferDependencies,
  connection: Connection,
  input: {
    readonly kind: ReleaseKind;
    readonly release: Release | null;
    readonly deviceIds: readonly number[];
  },
): Promise<readonly OfferPush[]> {
  const { kind, release, deviceIds } = input;
  await deps.deviceReleases.assign(connection, deviceIds, kind, release?.id ?? null);
  const { values, deletedKeys } = offerAttributes(kind, release);
  const pushes: OfferPush[] = [];
  for (const deviceId of deviceIds) {
    const change = await deps.deviceAttributes.write(connection, {
      ...{ deviceId, scope: "shared", values, deletedKeys, by: "rollout" },
    });
    pushes.push({ deviceId, change });
  }
  return pushes;
}

const offerKeys = ["title", "version", "tag", "size", "checksum", "checksum_algorithm", "signature"] as const;

/** ThingsBoard's shared attributes of an OTA package, and our signature beside them. */
function offerAttributes(kind: ReleaseKind, release: Release | null): AttributeChange {
  const prefix = releasePrefixes[kind];
  if (release === null) return { values: {}, deletedKeys: offerKeys.map((key) => `${prefix}_${key}`) };
  const values = {
    ...{ title: release.title, version: release.version, tag: release.tag, size: release.sizeBytes },
    checksum: release.checksum,
    checksum_algorithm: release.checksumAlgorithm,
    signature: release.signature.toString("base64"),
  };
  return {
    values: Object.fromEntries(offerKeys.map((key) => [`${prefix}_${key}`, values[key]])),
    deletedKeys: [],
  };
}
