// Rollouts of releases in rings: offered by shared attributes, followed by what devices report, stopped when too many fail.
import type { BilingualText } from "@waremind/contract";
import type {
  DeviceAttributes,
  DeviceIdentity,
  DeviceReleases,
  DeviceRollouts,
  Devices,
  Rollout,
} from "../devices/index.ts";
import type { Bus } from "../platform/bus.ts";
import type { Clock } from "../platform/clock.ts";
import type { Connection, Database } from "../platform/database.ts";
import { DomainError } from "../platform/errors.ts";
import { newId } from "../platform/ids.ts";
import type { Log } from "../platform/log.ts";
import type { Telemetry } from "../telemetry/index.ts";
import type { DeviceDesk, ReleaseAnswer } from "./device-desk.ts";
import type { DeviceHub } from "./device-hub.ts";
import { planRings } from "./rollout-plan.ts";
import { readPrevious } from "./rollout-previous.ts";
import { advanceOne, endRolloutAlarm } from "./rollout-step.ts";

export interface RolloutDependencies {
  readonly database: Database;
  readonly devices: Devices;
  readonly deviceReleases: DeviceReleases;
  readonly deviceRollouts: DeviceRollouts;
  readonly deviceAttributes: DeviceAttributes;
  readonly telemetry: Telemetry;
  readonly deviceHub: Pick<DeviceHub, "pushAttributes">;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
}

export interface RolloutPlan {
  readonly releaseId: string;
  readonly rings: readonly { readonly share: number }[];
  readonly failureShareMax: number;
  readonly failuresMin: number;
  readonly soakMinutes: number;
}

export type RolloutWord = "pause" | "resume" | "stop" | "next" | "roll-back";

/** What is written in the same transaction: the audit entry of whoever asked. */
export type AlsoWrites = (connection: Connection, rollout: Rollout) => Promise<unknown>;

export interface Rollouts {
  /** @throws DomainError `not-found`, `conflict`, `state-forbids` when no device of the profile needs the release. */
  start(plan: RolloutPlan, by: string, also: AlsoWrites): Promise<Rollout>;
  /** `next` serves the next ring without waiting for this one. `roll-back` stops and offers everyone what they ran. */
  command(
    connection: Connection,
    input: { readonly rolloutId: string; readonly word: RolloutWord; readonly by: string },
  ): Promise<Rollout>;
  /** Takes every open rollout as far as it can go now. Call it every few seconds and when a device reported. */
  advance(): Promise<void>;
  /** Starts `advance` unless it is under way already; then it runs once more. Never rejects. */
  poke(): void;
  /** Resolves when nothing that `poke` started is under way any more. */
  settled(): Promise<void>;
  /** For the device desk: bytes of what the device should run. */
  readAssigned(
    identity: DeviceIdentity,
    ask: Parameters<DeviceDesk["readRelease"]>[1],
  ): Promise<ReleaseAnswer>;
}

/** Of one rollout before the others have their turn. */
const stepsAtOnceMax = 50;
/** Devices whose progress is kept until it is written down; what is beyond it is not shown. */
const progressKeptMax = 50_000;

export function createRollouts(given: RolloutDependencies): Rollouts {
  const deps = { ...given, log: given.log.child({ component: "rollouts" }) };
  const sent = new Map<string, { deviceId: number; releaseId: string; bytes: number }>();
  let underWay: Promise<void> | null = null;
  let isWanted = false;

  async function noteProgress(): Promise<void> {
    const news = [...sent.values()];
    sent.clear();
    await deps.deviceRollouts.noteBytesSent(news);
  }

  /** What fails for one rollout does not hold up the others. */
  async function advance(): Promise<void> {
    const faults: unknown[] = [];
    const attempt = (work: Promise<void>): Promise<void> =>
      work.catch((error: unknown) => void faults.push(error));
    await attempt(noteProgress());
    for (const { id } of await deps.deviceRollouts.open()) await attempt(advanceFar(deps, id));
    if (faults.length > 0) throw faults[0];
  }

  async function advanceWhileWanted(): Promise<void> {
    while (isWanted) {
      isWanted = false;
      try {
        await advance();
      } catch (error) {
        deps.log.error({ err: error }, "Rollouts could not go on; they are looked at again in a moment.");
      }
    }
    underWay = null;
  }

  return {
    start: (plan, by, also) => start(deps, { plan, by, also }),
    command: (connection, input) => command(deps, connection, input),
    advance,
    poke: () => {
      isWanted = true;
      underWay ??= advanceWhileWanted();
    },
    settled: async () => {
      await underWay;
    },
    readAssigned: async (identity, ask) => {
      const answer = await readAssigned(deps.deviceReleases, identity, ask);
      if (answer.kind === "bytes" && sent.size < progressKeptMax) {
        const { id: deviceId } = identity.device;
        const bytes = Math.min(answer.release.sizeBytes, ask.chunk * ask.chunkBytes + answer.bytes.length);
        sent.set(`${deviceId}/${answer.release.id}`, { deviceId, releaseId: answer.release.id, bytes });
      }
      return answer;
    },
  };
}

/** Step by step, each in a transaction of its own; devices and screens are told after its commit. */
async function advanceFar(deps: RolloutDependencies, rolloutId: string): Promise<void> {
  for (let step = 0; step < stepsAtOnceMax; step += 1) {
    const done = await deps.database.transaction((connection) => advanceOne(deps, connection, rolloutId));
    for (const { deviceId, change } of done.pushes) deps.deviceHub.pushAttributes(deviceId, change);
    for (const event of done.events) deps.bus.publish(event);
    if (!done.hasMore) return;
  }
}

async function start(
  deps: RolloutDependencies,
  { plan, by, also }: { readonly plan: RolloutPlan; readonly by: string; readonly also: AlsoWrites },
): Promise<Rollout> {
  const release = await deps.deviceReleases.find(plan.releaseId);
  if (release === null) {
    throw new DomainError(
      "not-found",
      { en: `There is no release ${plan.releaseId}.`, zh: `没有发布包 ${plan.releaseId}。` },
      { releaseId: plan.releaseId },
    );
  }
  refuseRings(plan.rings);
  const candidates = await deps.deviceRollouts.candidates(deps.database, release.profileId, release.kind);
  const previous = await readPrevious(deps, release, candidates);
  const ids = candidates
    .filter(
      ({ deviceId, assignedReleaseId }) => ![assignedReleaseId, previous.get(deviceId)].includes(release.id),
    )
    .map(({ deviceId }) => deviceId);
  if (ids.length === 0) {
    throw new DomainError("state-forbids", {
      en: "No device of this kind needs this release: none is there, all run it already, or all speak through a gateway and cannot fetch it.",
      zh: "没有设备需要此版本：该类设备不存在、均已运行此版本，或均通过网关通信而无法自行下载。",
    });
  }
  const rings = planRings(ids, plan.rings, newId("seed", deps.clock.now()));
  const devices = ids.map((deviceId) => ({
    deviceId,
    ring: rings.get(deviceId) ?? 0,
    previousReleaseId: previous.get(deviceId) ?? null,
  }));
  return deps.database.transaction(async (connection) => {
    const rollout = await deps.deviceRollouts.create(connection, { ...plan, createdBy: by }, devices);
    await also(connection, rollout);
    return rollout;
  });
}

function refuseRings(rings: RolloutPlan["rings"]): void {
  const rises = rings.every(({ share }, index) => share > (rings[index - 1]?.share ?? 0));
  if (rises && rings.at(-1)?.share === 1) return;
  throw new DomainError("invalid-input", {
    en: "The shares of the rings must rise and end at 1 (all devices), as in 0.05, 0.25, 1.",
    zh: "各环的比例须递增并以 1（全部设备）结束，例如 0.05、0.25、1。",
  });
}

async function command(
  deps: RolloutDependencies,
  connection: Connection,
  input: { readonly rolloutId: string; readonly word: RolloutWord; readonly by: string },
): Promise<Rollout> {
  const { rolloutId, word, by } = input;
  const rollout = await deps.deviceRollouts.lock(connection, rolloutId);
  if (rollout === null) {
    const sentence = { en: `There is no rollout ${rolloutId}.`, zh: `没有发布任务 ${rolloutId}。` };
    throw new DomainError("not-found", sentence, { rolloutId });
  }
  const change = changeOf(rollout, word, by, deps.clock.now());
  if (change === null) {
    const sentence = {
      en: `A rollout that is ${rollout.state} cannot be told to ${word}.`,
      zh: `发布任务当前状态（${rollout.state}）不允许此操作（${word}）。`,
    };
    throw new DomainError("state-forbids", sentence, { state: rollout.state });
  }
  await deps.deviceRollouts.save(connection, rolloutId, change);
  if (word === "roll-back") await sendEveryoneBack(deps, connection, rollout);
  if (word === "roll-back" || word === "resume")
    await endRolloutAlarm(deps.telemetry, connection, { rolloutId, at: deps.clock.now() });
  return { ...rollout, ...change };
}

function changeOf(
  rollout: Rollout,
  word: RolloutWord,
  by: string,
  now: number,
): Partial<Pick<Rollout, "state" | "ring" | "stoppedReason" | "endedAt">> | null {
  const { state } = rollout;
  const isOpen = state === "running" || state === "paused";
  switch (word) {
    case "pause":
      return state === "running" ? { state: "paused" } : null;
    case "resume":
      return state === "paused" ? { state: "running" } : null;
    case "stop":
      return isOpen ? { state: "stopped", endedAt: now, stoppedReason: stoppedBy(by) } : null;
    case "next":
      return isOpen && rollout.ring < rollout.rings.length - 1 ? { ring: rollout.ring + 1 } : null;
    case "roll-back":
      return { state: "stopped", endedAt: rollout.endedAt ?? now, stoppedReason: rolledBackBy(by) };
  }
}

const stoppedBy = (by: string): BilingualText => ({ en: `Stopped by ${by}.`, zh: `由 ${by} 停止。` });
const rolledBackBy = (by: string): BilingualText => ({ en: `Rolled back by ${by}.`, zh: `由 ${by} 回退。` });

/** Whoever began is offered what it ran before; `advance` tells the devices, and withdraws where nothing began. */
async function sendEveryoneBack(
  deps: RolloutDependencies,
  connection: Connection,
  rollout: Rollout,
): Promise<void> {
  const devices = await deps.deviceRollouts.devicesOf(rollout.id, connection);
  const ids = devices
    .filter(({ assignedReleaseId, isSuperseded }) => assignedReleaseId === rollout.releaseId && !isSuperseded)
    .map(({ deviceId }) => deviceId);
  await deps.deviceRollouts.moveDevices(connection, rollout.id, ids, {
    from: ["initiated", "downloading", "downloaded", "verified", "updating", "updated"],
    state: "failed",
    error: "rolled back",
  });
}

async function readAssigned(
  releases: DeviceReleases,
  identity: DeviceIdentity,
  ask: Parameters<DeviceDesk["readRelease"]>[1],
): Promise<ReleaseAnswer> {
  const release = await releases.assigned(identity.device.id, ask.kind);
  if (release === null) return { kind: "none-assigned" };
  const isOther = (wanted: string | null, has: string): boolean => wanted !== null && wanted !== has;
  if (isOther(ask.title, release.title) || isOther(ask.version, release.version))
    return { kind: "not-this-one" };
  const size = ask.chunkBytes === 0 ? release.sizeBytes : ask.chunkBytes;
  const from = ask.chunk * size;
  if (ask.chunk < 0 || from >= release.sizeBytes) return { kind: "no-such-chunk" };
  const bytes = await releases.read(release.id, from, from + size);
  return { kind: "bytes", bytes, release, isLast: from + bytes.length >= release.sizeBytes };
}
