// A package leaves for good only when nothing needs it: no device should run it or says that it does, and no rollout names it.
import type { Actor } from "@waremind/contract";
import {
  type DeviceReleases,
  type Devices,
  type Release,
  type ReleaseUses,
  releasePrefixes,
} from "../devices/index.ts";
import type { Guard } from "../guard/index.ts";
import type { Database } from "../platform/database.ts";
import { DomainError } from "../platform/errors.ts";
import type { Telemetry } from "../telemetry/index.ts";
import { readSaid } from "./rollout-previous.ts";

export interface ReleaseRemovalDependencies {
  readonly database: Database;
  readonly devices: Pick<Devices, "listDevices">;
  readonly deviceReleases: Pick<DeviceReleases, "find" | "usesOf" | "remove">;
  readonly telemetry: Pick<Telemetry, "seriesOfDevices" | "latest">;
  readonly guard: Pick<Guard, "appendAudit">;
}

/** Of what uses it so many are named. */
const namedMax = 5;

/** @throws DomainError `not-found`, `state-forbids` naming what uses it. */
export async function removeRelease(
  deps: ReleaseRemovalDependencies,
  releaseId: string,
  by: Actor,
): Promise<void> {
  const { database, deviceReleases, guard } = deps;
  const known = await deviceReleases.find(releaseId);
  const running = known === null ? [] : await namesOfRunning(deps, known);
  await database.transaction(async (connection) => {
    const release = await deviceReleases.find(releaseId, connection);
    if (release === null) throw noSuchRelease(releaseId);
    const uses = await deviceReleases.usesOf(connection, releaseId);
    const deviceNames = [...new Set([...uses.deviceNames, ...running])];
    if (deviceNames.length + uses.rollouts.length > 0) throw inUse(release, { ...uses, deviceNames });
    await deviceReleases.remove(connection, releaseId);
    const { kind, title, version, profileId, checksum } = release;
    await guard.appendAudit(connection, {
      kind: "release-deleted",
      actor: by,
      body: { releaseId, kind, title, version, profileId, checksum },
    });
  });
}

/** Devices that say they run it, whoever brought it there. */
async function namesOfRunning(
  { devices, telemetry }: ReleaseRemovalDependencies,
  release: Release,
): Promise<readonly string[]> {
  const own = (await devices.listDevices()).filter(({ profileId }) => profileId === release.profileId);
  const said = await readSaid(
    telemetry,
    releasePrefixes[release.kind],
    own.map(({ id }) => id),
  );
  return own
    .filter(({ id }) => said.get(id) === `${release.title}\n${release.version}`)
    .map(({ name }) => name);
}

const noSuchRelease = (releaseId: string): DomainError =>
  new DomainError(
    "not-found",
    { en: `There is no release ${releaseId}.`, zh: `没有发布包 ${releaseId}。` },
    { releaseId },
  );

function inUse({ title, version }: Release, { deviceNames, rollouts }: ReleaseUses): DomainError {
  const name = `${title} ${version}`;
  const list = (names: readonly string[], more: (count: number) => string, comma: string): string =>
    names.slice(0, namedMax).join(comma) + (names.length > namedMax ? more(names.length - namedMax) : "");
  const days = rollouts.map(({ createdAt, state }) => `${dayOf(createdAt)} (${state})`);
  const en = [
    ...(deviceNames.length === 0
      ? []
      : [`devices run it or should: ${list(deviceNames, (count) => ` and ${count} more`, ", ")}`]),
    ...(days.length === 0 ? [] : [`rollouts name it: ${list(days, (count) => ` and ${count} more`, ", ")}`]),
  ];
  const zh = [
    ...(deviceNames.length === 0
      ? []
      : [`有设备正在或应当运行它：${list(deviceNames, (count) => `等另外 ${count} 台`, "、")}`]),
    ...(days.length === 0 ? [] : [`有发布任务引用它：${list(days, (count) => `等另外 ${count} 个`, "、")}`]),
  ];
  return new DomainError(
    "state-forbids",
    {
      en: `${name} is in use and stays; ${en.join("; ")}.`,
      zh: `${name} 正在使用中，不能删除；${zh.join("；")}。`,
    },
    {
      deviceNames: deviceNames.slice(0, namedMax),
      rolloutIds: rollouts.map(({ id }) => id).slice(0, namedMax),
    },
  );
}

/** Of the calendar in UTC: a rollout has no name of its own. */
const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10);
