// One import from its beginning, or from where it was interrupted, to its end: profiles, devices, then histories.
import type { BilingualText } from "@waremind/contract";
import type { Device, Profile } from "../../devices/index.ts";
import type { Guard } from "../../guard/index.ts";
import { forEachAtOnce } from "./gate.ts";
import { type HistoryDependencies, takeHistory } from "./history.ts";
import { type DeviceProgress, listDeviceProgress } from "./import-store.ts";
import { isRefusal, ofDevice, type RegisterDependencies, registerDevice } from "./register-device.ts";
import type { SourceDevice, ThingsboardSource } from "./source.ts";
import { gatewayOf, namePattern, profileFor, profileProblems } from "./take-over.ts";
import type { Tally } from "./tally.ts";

export type RunDependencies = HistoryDependencies & RegisterDependencies & { readonly guard: Guard };

export interface RunRequest {
  readonly runId: string;
  /** Epoch milliseconds; null: everything. */
  readonly since: number | null;
  readonly devicePattern: string | null;
  /** Reads and counts, and writes nothing. */
  readonly isDryRun: boolean;
  /** When the run was begun first. */
  readonly startedAt: number;
  readonly signal: AbortSignal;
}

const devicesAtOnceMax = 4;
/** Beyond the tolerance of intake for clocks that are ahead, so that what it refuses is seen to be refused. */
const aheadMs = 20 * 365 * 86_400_000;

interface Wanted {
  readonly device: SourceDevice;
  readonly profileId: string;
}

/** @throws DomainError of the source or the store; what was done stays, and the same call goes on from there. */
export async function runImport(
  deps: RunDependencies,
  source: ThingsboardSource,
  request: RunRequest,
  tally: Tally,
): Promise<void> {
  const profileIds = await takeProfiles(deps, source, request, tally);
  const wanted = await listWanted(source, request, { profileIds, tally });
  if (request.isDryRun) return compare(deps, wanted, tally);
  const known = new Map<string, DeviceProgress>();
  for (const progress of await listDeviceProgress(deps.database, request.runId)) {
    known.set(progress.sourceId, progress);
    tally.addDevice(progress);
  }
  await forEachAtOnce(wanted, devicesAtOnceMax, async (one) => {
    request.signal.throwIfAborted();
    if (known.has(one.device.id.id)) return;
    const progress = await registered(deps, source, request, { wanted: one, tally });
    if (progress === null) return;
    known.set(progress.sourceId, progress);
    tally.addDevice(progress);
  });
  await linkGateways(deps, wanted, known);
  await takeHistories(deps, source, request, { known, tally });
}

async function takeProfiles(
  deps: RunDependencies,
  source: ThingsboardSource,
  request: RunRequest,
  tally: Tally,
): Promise<ReadonlyMap<string, string>> {
  const present: Profile[] = [...(await deps.devices.listProfiles())];
  const ids = new Map<string, string>();
  for await (const foreign of source.profiles()) {
    for (const problem of profileProblems(foreign)) tally.addProblem(problem);
    const ours = profileFor(foreign, present);
    if (ours.kind === "present") {
      ids.set(foreign.id.id, ours.id);
      tally.add("profilesPresent");
      continue;
    }
    const { profile } = ours;
    if (!request.isDryRun)
      await deps.database.transaction((connection) => deps.devices.createProfile(connection, profile));
    present.push({
      version: 1,
      commands: [],
      limits: {},
      alarmRules: [],
      transport: { payloadType: "json" },
      ...profile,
    });
    ids.set(foreign.id.id, profile.id);
    tally.add("profilesCreated");
  }
  return ids;
}

async function listWanted(
  source: ThingsboardSource,
  request: RunRequest,
  { profileIds, tally }: { readonly profileIds: ReadonlyMap<string, string>; readonly tally: Tally },
): Promise<readonly Wanted[]> {
  const isWanted = namePattern(request.devicePattern);
  const wanted: Wanted[] = [];
  for await (const device of source.devices()) {
    tally.add("devicesFound");
    if (!isWanted(device.name)) continue;
    tally.add("devicesMatched");
    const profileId = profileIds.get(device.deviceProfileId.id);
    if (profileId !== undefined) wanted.push({ device, profileId });
    else refuse(tally, device.name, unknownProfile);
  }
  return wanted;
}

const unknownProfile: BilingualText = {
  en: "its profile is not among those that the ThingsBoard lists",
  zh: "ThingsBoard 的配置列表中没有其设备配置",
};

function refuse(tally: Tally, name: string, problem: BilingualText): void {
  tally.add("devicesRefused");
  tally.addProblem(ofDevice(name, problem));
}

/** For a dry run: which would be new. */
async function compare(deps: RunDependencies, wanted: readonly Wanted[], tally: Tally): Promise<void> {
  const names = new Set((await deps.devices.listDevices()).map((device) => device.name));
  for (const { device } of wanted) tally.add(names.has(device.name) ? "devicesPresent" : "devicesCreated");
}

/** Null for a device that cannot be one here: the others go on. */
async function registered(
  deps: RunDependencies,
  source: ThingsboardSource,
  request: RunRequest,
  { wanted, tally }: { readonly wanted: Wanted; readonly tally: Tally },
): Promise<DeviceProgress | null> {
  try {
    return await registerDevice(deps, source, request.runId, wanted);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    refuse(tally, wanted.device.name, error.sentence);
    return null;
  }
}

/** So that a child that comes through its gateway here is known as its child. */
async function linkGateways(
  deps: RunDependencies,
  wanted: readonly Wanted[],
  known: ReadonlyMap<string, DeviceProgress>,
): Promise<void> {
  const devices = new Map((await deps.devices.listDevices()).map((device) => [device.id, device]));
  for (const { device } of wanted) {
    const child = deviceOf(known.get(device.id.id), devices);
    const gateway = deviceOf(known.get(gatewayOf(device) ?? ""), devices);
    if (child === undefined || gateway === undefined || !gateway.isGateway || child.gatewayId !== null)
      continue;
    await deps.database.transaction((connection) =>
      deps.devices.updateDevice(connection, child.name, { gatewayId: gateway.id }),
    );
    deps.devices.forget(child.id);
  }
}

function deviceOf(
  progress: DeviceProgress | undefined,
  devices: ReadonlyMap<number, Device>,
): Device | undefined {
  return progress === undefined ? undefined : devices.get(progress.deviceId);
}

async function takeHistories(
  deps: RunDependencies,
  source: ThingsboardSource,
  request: RunRequest,
  { known, tally }: { readonly known: ReadonlyMap<string, DeviceProgress>; readonly tally: Tally },
): Promise<void> {
  const devices = new Map((await deps.devices.listDevices()).map((device) => [device.id, device]));
  const profiles = new Map((await deps.devices.listProfiles()).map((profile) => [profile.id, profile]));
  const open = [...known.values()].filter((progress) => !progress.isDone);
  await forEachAtOnce(open, devicesAtOnceMax, async (progress) => {
    request.signal.throwIfAborted();
    const device = devices.get(progress.deviceId);
    const profile = profiles.get(device?.profileId ?? "");
    if (device === undefined || profile === undefined) {
      tally.addProblem(ofDevice(progress.name, deletedMeanwhile));
      return;
    }
    const keys = await source.keys(progress.sourceId);
    for (const key of keys.filter(isUnaskable)) tally.addProblem(ofDevice(progress.name, unaskable(key)));
    await takeHistory(deps, source, progress, {
      ...{ runId: request.runId, identity: { device, profile }, signal: request.signal },
      keys: keys.filter((key) => !isUnaskable(key)),
      from: request.since ?? 0,
      to: request.startedAt + aheadMs,
      onMoved: (before, after) => tally.move(before, after),
    });
  });
}

const deletedMeanwhile: BilingualText = {
  en: "it was deleted here since the import began, so its history is left where it is",
  zh: "该设备在导入开始后已在此删除,其历史数据未导入",
};

/** ThingsBoard takes a list of keys parted by commas, and has no way to name a key that holds one. */
const isUnaskable = (key: string): boolean => key.includes(",");

const unaskable = (key: string): BilingualText => ({
  en: `ThingsBoard cannot be asked for the key "${key}", because it holds a comma`,
  zh: `键“${key}”含有逗号,无法向 ThingsBoard 查询`,
});
