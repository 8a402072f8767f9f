// An alarm climbs its ladder until somebody acknowledges it: each step is a job, noted in the transaction of the one before.
import type { Alarm, AlarmEscalation, EscalationPolicy } from "@waremind/contract";
import { z } from "zod";
import { isActiveAt } from "../decisions/rules/index.ts";
import { choosePolicy, type Notifications } from "../notifications/index.ts";
import type { Bus } from "../platform/bus.ts";
import type { Clock } from "../platform/clock.ts";
import { afterCommit, type Connection, type Database } from "../platform/database.ts";
import type { JobTools } from "../platform/job.ts";
import type { Jobs } from "../platform/jobs.ts";
import type { Telemetry } from "../telemetry/index.ts";
import { stopOf } from "./alarm-stop.ts";
import type { DeliverNotices } from "./deliver-notices.ts";

const minuteMs = 60_000;
const stepTimeoutMs = 30_000;
/** With the growing wait between them hours: the store being down must not lose a step. */
const stepAttemptsMax = 30;

export interface EscalateAlarms {
  /** How far an alarm climbed, and whom it was told; null for an unknown alarm. */
  escalationOf(alarmId: string): Promise<AlarmEscalation | null>;
}

interface Dependencies {
  readonly database: Database;
  readonly clock: Clock;
  readonly bus: Bus;
  readonly jobs: Jobs;
  readonly telemetry: Pick<Telemetry, "onAlarmRaised" | "findAlarm">;
  readonly notifications: Notifications;
  readonly deliverNotices: DeliverNotices;
}

type Follow = (alarmId: string, step: number, runAt?: number) => Promise<void>;

/** Defines the job and follows every alarm that is raised from here on; what a demo raised before is history. */
export function createEscalateAlarms(deps: Dependencies): EscalateAlarms {
  const { database, jobs, telemetry, notifications } = deps;
  const kind = jobs.define("alarm-escalation", {
    payload: z.object({ alarmId: z.string(), step: z.int().min(0) }),
    ...{ attemptsMax: stepAttemptsMax, timeoutMs: stepTimeoutMs },
    run: ({ payload: { alarmId, step } }, { finish }) =>
      database.transaction((connection) => climb(deps, connection, { alarmId, step, next, finish })),
  });
  const enqueue = async (
    connection: Connection,
    alarmId: string,
    step: number,
    runAt?: number,
  ): Promise<void> => {
    const dedupeKey = `${alarmId}/${String(step)}`;
    await kind.enqueue(
      connection,
      { alarmId, step },
      { dedupeKey, ...(runAt === undefined ? {} : { runAt }) },
    );
  };
  const next =
    (connection: Connection): Follow =>
    (alarmId, step, runAt) =>
      enqueue(connection, alarmId, step, runAt);
  telemetry.onAlarmRaised((connection, alarmId) => enqueue(connection, alarmId, 0));
  return {
    escalationOf: async (alarmId) => {
      const found = await telemetry.findAlarm(database, alarmId);
      if (found === null) return null;
      const ladder = await notifications.ladder(database, alarmId);
      const deliveries = [...(await notifications.deliveriesOf(alarmId))];
      if (ladder === null) return { ...noLadder, deliveries };
      const { policyName, steps, stoppedAt, stoppedBecause } = ladder;
      // Who ends it is known at once, before the job of the next step finds it.
      const stop = stoppedBecause === null ? stopOf(found.alarm) : null;
      return {
        ...{ policyName, steps: [...steps], deliveries },
        nextStep: stop === null ? ladder.nextStep : null,
        nextAt: stop === null ? ladder.nextAt : null,
        stoppedAt: stop?.at ?? stoppedAt,
        stoppedBecause: stop?.because ?? stoppedBecause,
      };
    },
  };
}

const noLadder = {
  policyName: null,
  steps: [],
  nextStep: null,
  nextAt: null,
  stoppedAt: null,
  stoppedBecause: null,
};

interface Climb {
  readonly alarmId: string;
  readonly step: number;
  readonly next: (connection: Connection) => Follow;
  readonly finish: JobTools["finish"];
}

/** One step, all of it in one transaction with the end of its job: it happens once, however often the job is run. */
async function climb(
  deps: Dependencies,
  connection: Connection,
  { alarmId, step, next, finish }: Climb,
): Promise<void> {
  const { telemetry, notifications } = deps;
  await finish(connection);
  const found = await telemetry.findAlarm(connection, alarmId);
  if (found === null) return;
  const stop = stopOf(found.alarm);
  if (stop !== null) return notifications.stopLadder(connection, alarmId, stop.because);
  if (step === 0) await begin(deps, connection, found);
  const ladder = await notifications.ladder(connection, alarmId, { isLocked: true });
  const present = ladder?.steps[step];
  if (ladder === null || present === undefined || ladder.stoppedAt !== null) return;
  const dueAt = dueOf(found.alarm, present.afterMinutes);
  // The first step of a policy may be minutes away.
  if (dueAt > deps.clock.now()) {
    await notifications.moveLadder(connection, alarmId, { step, at: dueAt });
    // The key of this job is free again: its end is part of this transaction.
    return next(connection)(alarmId, step, dueAt);
  }
  await tell(deps, connection, { alarm: found.alarm, step, targetIds: present.targetIds });
  const following = ladder.steps[step + 1];
  if (following === undefined) return notifications.stopLadder(connection, alarmId, "finished");
  const at = dueOf(found.alarm, following.afterMinutes);
  await notifications.moveLadder(connection, alarmId, { step: step + 1, at });
  await next(connection)(alarmId, step + 1, at);
}

const dueOf = (alarm: Alarm, afterMinutes: number): number =>
  alarm.learnedAt + Math.round(afterMinutes * minuteMs);

async function begin(
  { notifications, clock }: Dependencies,
  connection: Connection,
  { alarm, profileId }: { readonly alarm: Alarm; readonly profileId: string | null },
): Promise<void> {
  const now = clock.now();
  const isInForce = ({ schedule }: EscalationPolicy): boolean => isActiveAt(schedule, now);
  const { severity, ruleId } = alarm;
  const policies = await notifications.policies(connection);
  const policy = choosePolicy(policies, { severity, ruleId, profileId }, isInForce);
  if (policy === null) return;
  const nextAt = dueOf(alarm, policy.steps[0]?.afterMinutes ?? 0);
  await notifications.beginLadder(connection, alarm.id, policy, nextAt);
}

/** Screens are told after the commit; the rest goes out as jobs of their own, so that one that fails holds up no other. */
async function tell(
  deps: Dependencies,
  connection: Connection,
  told: { readonly alarm: Alarm; readonly step: number; readonly targetIds: readonly string[] },
): Promise<void> {
  const { notifications, deliverNotices, bus } = deps;
  const { alarm, step, targetIds } = told;
  const targets = (await notifications.targets(connection)).filter(
    (target) => target.isEnabled && targetIds.includes(target.id),
  );
  const ids = await notifications.noteDeliveries(connection, { alarmId: alarm.id, step, targets });
  await deliverNotices.noted(connection, ids);
  const { id: alarmId, subjectKind, subjectId } = alarm;
  afterCommit(connection, () => bus.publish({ kind: "alarm-changed", alarmId, subjectKind, subjectId }));
}
