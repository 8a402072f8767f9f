// One step of one rollout, inside a transaction: what is decided by the plan is written down.
import type { LiveEvent } from "@waremind/contract";
import type { DeviceReleases, DeviceRollouts, Release, Rollout } from "../devices/index.ts";
import type { Clock } from "../platform/clock.ts";
import type { Connection } from "../platform/database.ts";
import type { Telemetry } from "../telemetry/index.ts";
import { assign, type OfferDependencies, type OfferPush } from "./rollout-offers.ts";
import { devicesPerStepMax, type RolloutStep, stepOf } from "./rollout-plan.ts";

export interface StepDependencies extends OfferDependencies {
  readonly deviceReleases: Pick<DeviceReleases, "find" | "assign">;
  readonly deviceRollouts: Pick<
    DeviceRollouts,
    "lock" | "find" | "save" | "devicesOf" | "moveDevices" | "replacePrevious"
  >;
  readonly telemetry: Pick<Telemetry, "raiseAlarm" | "endAlarm" | "alarmedSubjects">;
  readonly clock: Clock;
}

/** What a step leaves to be done once it is on disk. */
export interface StepDone {
  readonly pushes: readonly OfferPush[];
  readonly events: readonly LiveEvent[];
  /** There were more devices than one step may serve. */
  readonly hasMore: boolean;
}

export async function advanceOne(
  deps: StepDependencies,
  connection: Connection,
  rolloutId: string,
): Promise<StepDone> {
  const rollout = await deps.deviceRollouts.lock(connection, rolloutId);
  const release = rollout === null ? null : await deps.deviceReleases.find(rollout.releaseId, connection);
  if (rollout === null || release === null) return { pushes: [], events: [], hasMore: false };
  const devices = await deps.deviceRollouts.devicesOf(rolloutId, connection);
  const own = devices.filter(({ isSuperseded }) => !isSuperseded);
  const assigned = new Map(own.map(({ deviceId, assignedReleaseId }) => [deviceId, assignedReleaseId]));
  const step = stepOf({ rollout, devices, assigned, now: deps.clock.now() });
  const previousOf = new Map(devices.map(({ deviceId, previousReleaseId }) => [deviceId, previousReleaseId]));
  const { moveDevices } = deps.deviceRollouts;
  // Moved first and only from the state that was read: a device that reported meanwhile stays as it said.
  const offered = await moveDevices(connection, rolloutId, step.offer, {
    ...{ from: ["waiting"], state: "offered", error: null },
  });
  const withdrawn = await moveDevices(connection, rolloutId, step.withdraw, {
    ...{ from: ["offered"], state: "waiting" },
  });
  const pushes = [
    ...(await assign(deps, connection, { kind: release.kind, release, deviceIds: offered })),
    ...(await sendBack(deps, connection, {
      release,
      deviceIds: [...step.sendBack, ...withdrawn],
      previousOf,
    })),
  ];
  const { state, events } = await moveOn(deps, connection, rollout, { step, release });
  const isChanged = state !== null || pushes.length > 0;
  return {
    pushes,
    events: isChanged
      ? [{ kind: "rollout-changed", rolloutId, state: state ?? rollout.state }, ...events]
      : events,
    hasMore: [step.offer, step.sendBack, step.withdraw].some(({ length }) => length >= devicesPerStepMax),
  };
}

/** The rollout's state when the rollout itself changed, and what became of alarms. */
async function moveOn(
  deps: StepDependencies,
  connection: Connection,
  rollout: Rollout,
  { step, release }: { readonly step: RolloutStep; readonly release: Release },
): Promise<{ readonly state: Rollout["state"] | null; readonly events: readonly LiveEvent[] }> {
  const now = deps.clock.now();
  if (step.stop !== null) {
    await deps.deviceRollouts.save(connection, rollout.id, {
      ...{ state: "stopped", endedAt: now, stoppedReason: step.stop },
    });
    const name = `${release.title} ${release.version}`;
    const alarmId = await deps.telemetry.raiseAlarm(connection, {
      ...{ ...rolloutAlarm, severity: "critical", subjectId: rollout.id },
      ...{ subjectLabel: name, deviceId: null, seriesId: null, beganAt: now, value: null, unit: null },
      messageEn: `The rollout of ${name} was stopped. ${step.stop.en}`,
      messageZh: `${name} 的发布已停止。${step.stop.zh}`,
    });
    return {
      state: "stopped",
      events: alarmId === null ? [] : [alarmChanged(alarmId, rollout.id)],
    };
  }
  if (step.isFinished) {
    await deps.deviceRollouts.save(connection, rollout.id, { state: "finished", endedAt: now });
    return { state: "finished", events: await endEarlierAlarms(deps, connection, { release, at: now }) };
  }
  if (step.nextRing === null) return { state: null, events: [] };
  await deps.deviceRollouts.save(connection, rollout.id, { ring: step.nextRing });
  return { state: rollout.state, events: [] };
}

const rolloutAlarm = { kind: "release", subjectKind: "rollout" } as const;

const alarmChanged = (alarmId: string, rolloutId: string): LiveEvent => ({
  ...{ kind: "alarm-changed", alarmId, subjectKind: rolloutAlarm.subjectKind, subjectId: rolloutId },
});

/** That a rollout was stopped is settled when a person takes it up again, or sends its devices back. */
export async function endRolloutAlarm(
  telemetry: Pick<Telemetry, "endAlarm">,
  connection: Connection,
  { rolloutId, at }: { readonly rolloutId: string; readonly at: number },
): Promise<readonly LiveEvent[]> {
  const alarmId = await telemetry.endAlarm(connection, {
    ...{ ...rolloutAlarm, subjectId: rolloutId, endedAt: at },
  });
  return alarmId === null ? [] : [alarmChanged(alarmId, rolloutId)];
}

/** The devices of rollouts that were stopped have what they need now: this one reached all of the same kind. */
async function endEarlierAlarms(
  { telemetry, deviceRollouts, deviceReleases }: StepDependencies,
  connection: Connection,
  { release, at }: { readonly release: Release; readonly at: number },
): Promise<readonly LiveEvent[]> {
  const events: LiveEvent[] = [];
  for (const rolloutId of await telemetry.alarmedSubjects(connection, { ...rolloutAlarm, ruleId: "" })) {
    const other = await deviceRollouts.find(rolloutId, connection);
    const its = other === null ? null : await deviceReleases.find(other.releaseId, connection);
    if (its !== null && (its.profileId !== release.profileId || its.kind !== release.kind)) continue;
    events.push(...(await endRolloutAlarm(telemetry, connection, { rolloutId, at })));
  }
  return events;
}

/** Offers each what it ran before; nothing where that is not known. */
async function sendBack(
  deps: StepDependencies,
  connection: Connection,
  input: {
    readonly release: Release;
    readonly deviceIds: readonly number[];
    readonly previousOf: ReadonlyMap<number, string | null>;
  },
): Promise<readonly OfferPush[]> {
  const { release, deviceIds, previousOf } = input;
  const groups = Map.groupBy(deviceIds, (deviceId) => previousOf.get(deviceId) ?? null);
  const pushes: OfferPush[] = [];
  for (const [previousId, ids] of groups) {
    const previous = previousId === null ? null : await deps.deviceReleases.find(previousId, connection);
    await deps.deviceRollouts.replacePrevious(connection, ids, release.id, previousId);
    pushes.push(
      ...(await assign(deps, connection, { kind: release.kind, release: previous, deviceIds: ids })),
    );
  }
  return pushes;
}
