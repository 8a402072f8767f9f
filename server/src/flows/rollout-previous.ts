// What a device runs before a rollout: what it says of itself, or else what it was given last.
import {
  type DeviceReleases,
  type Release,
  type RolloutCandidate,
  releasePrefixes,
} from "../devices/index.ts";
import type { Telemetry } from "../telemetry/index.ts";

/** The release each candidate runs, as far as it is a release we have; a device that says nothing is left out. */
export async function readPrevious(
  deps: { readonly telemetry: Telemetry; readonly deviceReleases: Pick<DeviceReleases, "list"> },
  release: Release,
  candidates: readonly RolloutCandidate[],
): Promise<ReadonlyMap<number, string>> {
  const releases = (await deps.deviceReleases.list()).filter(
    ({ kind, profileId }) => kind === release.kind && profileId === release.profileId,
  );
  const byName = new Map(releases.map(({ id, title, version }) => [`${title}\n${version}`, id]));
  const said = await readSaid(
    deps.telemetry,
    releasePrefixes[release.kind],
    candidates.map(({ deviceId }) => deviceId),
  );
  return new Map(
    candidates.flatMap(({ deviceId, assignedReleaseId }): [number, string][] => {
      // What it was given may never have been installed.
      const known = byName.get(said.get(deviceId) ?? "") ?? assignedReleaseId;
      return known === null ? [] : [[deviceId, known]];
    }),
  );
}

/** `title\nversion` by device, from the latest readings. */
export async function readSaid(
  telemetry: Pick<Telemetry, "seriesOfDevices" | "latest">,
  prefix: string,
  ids: readonly number[],
): Promise<ReadonlyMap<number, string>> {
  const keys = [`current_${prefix}_title`, `current_${prefix}_version`] as const;
  const series = (await telemetry.seriesOfDevices(ids)).filter(({ key }) =>
    (keys as readonly string[]).includes(key),
  );
  const latest = await telemetry.latest(series.map(({ id }) => id));
  const texts = new Map<string, string>();
  for (const { id, deviceId, key } of series) {
    const value = latest.get(id)?.value;
    if (value?.type === "text") texts.set(`${deviceId}/${key}`, value.text);
  }
  return new Map(
    ids.flatMap((id): [number, string][] => {
      const [title, version] = keys.map((key) => texts.get(`${id}/${key}`));
      return title === undefined || version === undefined ? [] : [[id, `${title}\n${version}`]];
    }),
  );
}
