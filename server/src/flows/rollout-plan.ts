// The next step of a rollout as a pure function of what is known: who is offered it, who goes back, when it stops.
import { createHash } from "node:crypto";
import type { BilingualText } from "@waremind/contract";
import type { Rollout, RolloutDevice } from "../devices/index.ts";

/** Devices told at a time, each way, so that a ring of thousands does not hold the store for long. */
export const devicesPerStepMax = 200;

/**
 * Which ring each device is in: an order that is the same for the same rollout and tells nothing about the devices, cut at
 * the cumulative shares. The first ring always has a device.
 */
export function planRings(
  deviceIds: readonly number[],
  rings: Rollout["rings"],
  seed: string,
): ReadonlyMap<number, number> {
  const order = deviceIds
    .map((id) => ({ id, rank: createHash("sha256").update(`${seed}/${id}`).digest("hex") }))
    .toSorted((left, right) => (left.rank < right.rank ? -1 : 1));
  const ends = rings.map(({ share }) => Math.max(1, Math.round(share * order.length)));
  return new Map(
    order.map(({ id }, index) => {
      const ring = ends.findIndex((end) => index < end);
      return [id, ring === -1 ? rings.length - 1 : ring];
    }),
  );
}

export interface RolloutStep {
  /** Waiting devices that are offered the release now. */
  readonly offer: readonly number[];
  /** Devices on which it failed: they are offered what they ran before. */
  readonly sendBack: readonly number[];
  /** Offered and not begun when the rollout stopped: they keep what they run. */
  readonly withdraw: readonly number[];
  readonly stop: BilingualText | null;
  readonly nextRing: number | null;
  readonly isFinished: boolean;
}

const ended: ReadonlySet<RolloutDevice["state"]> = new Set(["updated", "failed", "rolled-back"]);
const failedStates: ReadonlySet<RolloutDevice["state"]> = new Set(["failed", "rolled-back"]);

/** @param assigned what each device should run as the registry has it now, by device id, of those this rollout has a say in */
export function stepOf(input: {
  readonly rollout: Rollout;
  readonly devices: readonly RolloutDevice[];
  readonly assigned: ReadonlyMap<number, string | null>;
  readonly now: number;
}): RolloutStep {
  const { rollout, devices, assigned, now } = input;
  const hasIt = ({ deviceId }: RolloutDevice): boolean => assigned.get(deviceId) === rollout.releaseId;
  const idsOf = (chosen: readonly RolloutDevice[]): number[] =>
    chosen.slice(0, devicesPerStepMax).map(({ deviceId }) => deviceId);
  // A device that went back by itself is offered what it runs, or it would fetch the failed release again.
  const sendBack = idsOf(devices.filter((device) => failedStates.has(device.state) && hasIt(device)));
  const stop = rollout.state === "running" ? stopReason(rollout, devices) : null;
  if (stop !== null || rollout.state === "stopped") {
    const withdraw = idsOf(devices.filter((device) => device.state === "offered" && hasIt(device)));
    return { offer: [], sendBack, withdraw, stop, nextRing: null, isFinished: false };
  }
  const nothing = { offer: [], sendBack, withdraw: [], stop, nextRing: null, isFinished: false };
  if (rollout.state !== "running") return nothing;
  const current = devices.filter(({ ring }) => ring === rollout.ring);
  const isRingOver =
    current.every(({ state }) => ended.has(state)) &&
    current.every(({ updatedAt }) => now - updatedAt >= rollout.soakMinutes * 60_000);
  const isLast = rollout.ring >= rollout.rings.length - 1;
  const waiting = devices.filter(({ ring, state }) => ring <= rollout.ring && state === "waiting");
  return {
    ...nothing,
    offer: idsOf(waiting),
    nextRing: isRingOver && !isLast ? rollout.ring + 1 : null,
    isFinished: isRingOver && isLast && waiting.length === 0,
  };
}

/** Of the first ring reached so far in which too many failed: a device may fail days after its ring was over. */
function stopReason(rollout: Rollout, devices: readonly RolloutDevice[]): BilingualText | null {
  for (let index = 0; index <= rollout.ring; index += 1) {
    const ring = devices.filter((device) => device.ring === index);
    const failures = ring.filter(({ state }) => failedStates.has(state)).length;
    if (failures < rollout.failuresMin || failures / ring.length <= rollout.failureShareMax) continue;
    const permitted = Math.round(rollout.failureShareMax * 100);
    return {
      en: `Ring ${index + 1}: ${failures} of ${ring.length} devices failed, more than ${permitted} %.`,
      zh: `第 ${index + 1} 环：${ring.length} 台设备中有 ${failures} 台失败，超过 ${permitted}%。`,
    };
  }
  return null;
}

/** What a device says of its release, from one message. */
export interface ReleaseReport {
  readonly state: string | null;
  readonly error: string | null;
  readonly currentTitle: string | null;
  readonly currentVersion: string | null;
}

/** ThingsBoard's words for the progress of a device. */
const progress: Readonly<Record<string, RolloutDevice["state"]>> = {
  QUEUED: "offered",
  INITIATED: "initiated",
  DOWNLOADING: "downloading",
  DOWNLOADED: "downloaded",
  VERIFIED: "verified",
  UPDATING: "updating",
  UPDATED: "updated",
};

export type ReportingDevice = Pick<RolloutDevice, "state"> & {
  readonly title: string;
  readonly version: string;
  readonly previousTitle: string | null;
  readonly previousVersion: string | null;
};

/** The state a device is in after its report; null: as before. */
export function stateAfter(device: ReportingDevice, report: ReleaseReport): RolloutDevice["state"] | null {
  const isBack = runs(report, device.previousTitle, device.previousVersion);
  switch (device.state) {
    case "waiting":
      // Brought there by hand before its turn.
      return runs(report, device.title, device.version) && report.state !== "FAILED" ? "updated" : null;
    case "failed":
    case "rolled-back":
      return isBack ? "rolled-back" : null;
    case "updated":
      if (report.state === "FAILED") return "failed";
      return isBack ? "rolled-back" : null;
    case "offered":
    case "initiated":
    case "downloading":
    case "downloaded":
    case "verified":
    case "updating":
      return progressOf(device, report);
  }
}

function progressOf(device: ReportingDevice, report: ReleaseReport): RolloutDevice["state"] | null {
  if (report.state === "FAILED") return "failed";
  const isThere = runs(report, device.title, device.version);
  if (isThere && (report.state === null || report.state === "UPDATED")) return "updated";
  const next = report.state === null ? undefined : progress[report.state];
  // A device that says UPDATED and runs something else has not been updated.
  if (next === "updated" && report.currentVersion !== null) return null;
  return next ?? null;
}

function runs(report: ReleaseReport, title: string | null, version: string | null): boolean {
  return title !== null && report.currentTitle === title && report.currentVersion === version;
}
