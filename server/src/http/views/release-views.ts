import type { ReleaseView, RolloutView } from "@waremind/contract";
import type { Release, ReleaseSpread, Rollout } from "../../devices/index.ts";
import type { HttpDependencies } from "../dependencies.ts";

type Needs = Pick<HttpDependencies, "deviceReleases" | "deviceRollouts" | "devices">;

const endedWell = new Set(["updated"]);
const endedBadly = new Set(["failed", "rolled-back"]);

export async function releaseViews(needs: Needs): Promise<ReleaseView[]> {
  const [releases, keys, spread] = await Promise.all([
    needs.deviceReleases.list(),
    needs.deviceReleases.keys(),
    needs.deviceRollouts.spread(),
  ]);
  const keyNames = new Map(keys.map(({ id, name }) => [id, name]));
  return releases.map((release) => releaseView(release, keyNames, spread.get(release.id)));
}

export function releaseView(
  release: Release,
  keyNames: ReadonlyMap<string, string>,
  { assigned, confirmed }: ReleaseSpread = { assigned: 0, confirmed: 0 },
): ReleaseView {
  const { id, kind, title, version, tag, profileId, fileName, sizeBytes } = release;
  const { checksumAlgorithm, checksum, keyId, createdAt, createdBy } = release;
  return {
    ...{ id, kind, title, version, tag, profileId, fileName, sizeBytes },
    ...{ checksumAlgorithm, checksum, createdAt, createdBy },
    ...{ assignedCount: assigned, confirmedCount: confirmed },
    keyName: keyNames.get(keyId) ?? keyId,
  };
}

/** In a list each rollout shows at most this many devices, what failed first; asked for alone it shows all. */
const devicesListedMax = 500;

export async function rolloutViews(needs: Needs, rollouts: readonly Rollout[]): Promise<RolloutView[]> {
  const names = await deviceNames(needs);
  const views: RolloutView[] = [];
  // One after the other: together they would hold every device of every rollout in memory at once.
  for (const rollout of rollouts) {
    const view = await viewOf(needs, rollout, names);
    const order = (state: string): number => (endedBadly.has(state) ? 0 : endedWell.has(state) ? 2 : 1);
    const devices =
      view.devices.length <= devicesListedMax
        ? view.devices
        : view.devices.toSorted((left, right) => order(left.state) - order(right.state));
    views.push({ ...view, devices: devices.slice(0, devicesListedMax) });
  }
  return views;
}

export async function rolloutView(needs: Needs, rollout: Rollout): Promise<RolloutView> {
  return viewOf(needs, rollout, await deviceNames(needs));
}

async function deviceNames({ devices }: Needs): Promise<ReadonlyMap<number, string>> {
  return new Map((await devices.listDevices()).map(({ id, name }) => [id, name]));
}

async function viewOf(
  needs: Needs,
  rollout: Rollout,
  names: ReadonlyMap<number, string>,
): Promise<RolloutView> {
  const [release, parts] = await Promise.all([
    needs.deviceReleases.find(rollout.releaseId),
    needs.deviceRollouts.devicesOf(rollout.id),
  ]);
  const { id, releaseId, state, ring, failureShareMax, failuresMin, soakMinutes } = rollout;
  const { stoppedReason, createdAt, createdBy, endedAt } = rollout;
  return {
    ...{ id, releaseId, state, ring, failureShareMax, failuresMin, soakMinutes },
    ...{ stoppedReason, createdAt, createdBy, endedAt },
    releaseTitle: release === null ? releaseId : `${release.title} ${release.version}`,
    rings: rollout.rings.map(({ share }, index) => {
      const inRing = parts.filter((part) => part.ring === index);
      return {
        share,
        deviceCount: inRing.length,
        updated: inRing.filter((part) => endedWell.has(part.state)).length,
        failed: inRing.filter((part) => endedBadly.has(part.state)).length,
      };
    }),
    devices: parts.map((part) => ({
      deviceName: names.get(part.deviceId) ?? String(part.deviceId),
      ...{ ring: part.ring, state: part.state, error: part.error },
      ...{ bytesSent: part.bytesSent, updatedAt: part.updatedAt },
    })),
  };
}
