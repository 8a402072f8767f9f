// Tells one target of one alarm: on screens, by mail or by webhook. Each is a job, tried again until it passes or is given up.
import type { Alarm, Delivery } from "@waremind/contract";
import { z } from "zod";
import {
  alarmNotice,
  burstWindowMs,
  digestNotice,
  linkOfAlarm,
  type Notice,
  type NoticeOptions,
  type Notifications,
  type StoredTarget,
  testNotice,
} from "../notifications/index.ts";
import type { Bus } from "../platform/bus.ts";
import type { Clock } from "../platform/clock.ts";
import type { Connection, Database } from "../platform/database.ts";
import { DomainError } from "../platform/errors.ts";
import { errorText, JobFailure, type JobTools } from "../platform/job.ts";
import type { Jobs } from "../platform/jobs.ts";
import { type Mailer, MailFailed } from "../platform/mail.ts";
import { WebhookFailed, type WebhookSender } from "../platform/webhook.ts";
import type { Telemetry } from "../telemetry/index.ts";
import { stopOf } from "./alarm-stop.ts";

const sendTimeoutMs = 60_000;
/** With the wait between them some hours; then it is given up and stands among the dead jobs. */
const sendAttemptsMax = 8;
const backoff = { firstMs: 10_000, maxMs: 60 * 60_000 };
/** So many sendings at once: a slow mail server must not keep all workers. */
const concurrencyMax = 4;

export interface DeliverNotices {
  /** They go out after the commit. */
  noted(connection: Connection, deliveryIds: readonly string[]): Promise<void>;
  /** Notes a test message to a target; answers it. @throws DomainError `not-found` */
  test(connection: Connection, targetId: string): Promise<Delivery>;
}

interface Dependencies {
  readonly database: Database;
  readonly clock: Clock;
  readonly bus: Bus;
  readonly jobs: Jobs;
  readonly telemetry: Pick<Telemetry, "findAlarm">;
  readonly notifications: Notifications;
  /** Null where no mail server is set. */
  readonly mailer: Mailer | null;
  readonly webhooks: WebhookSender;
  readonly timeZone: string;
  readonly baseUrl: string;
}

/** A message on its way: what it says, and under which id it goes however often. */
interface Message {
  readonly id: string;
  readonly kind: "alarm" | "digest" | "test";
  readonly notice: Notice;
  readonly threadId?: string;
  readonly alarms: readonly Alarm[];
  readonly step: number;
}

export function createDeliverNotices(deps: Dependencies): DeliverNotices {
  const { jobs, database, notifications } = deps;
  const common = { attemptsMax: sendAttemptsMax, timeoutMs: sendTimeoutMs, backoff, concurrencyMax };
  const digests = jobs.define("notification-digest", {
    ...{ ...common, payload: z.object({ targetId: z.string() }) },
    run: async (job, tools) => {
      const { targetId } = job.payload;
      await sendDigest(deps, targetId, { ...tools, isLast: job.attempt >= job.attemptsMax });
      await noteDigest(targetId, null);
    },
  });
  const deliveries = jobs.define("notification-delivery", {
    ...{ ...common, payload: z.object({ deliveryId: z.string() }) },
    run: async (job, tools) => {
      const joined = await sendOne(deps, job.payload.deliveryId, {
        ...{ ...tools, isLast: job.attempt >= job.attemptsMax },
      });
      if (joined !== null) await noteDigest(joined, null);
    },
  });
  /** One digest a target and minute; nothing is noted where none waits. */
  async function noteDigest(targetId: string, connection: Connection | null): Promise<void> {
    if (!(await notifications.hasDigestWaiting(connection ?? database, targetId))) return;
    const runAt = deps.clock.now() + burstWindowMs;
    await digests.enqueue(
      connection,
      { targetId },
      { dedupeKey: targetId, whileRunning: "run-again", runAt },
    );
  }
  const noted: DeliverNotices["noted"] = async (connection, ids) => {
    for (const deliveryId of ids)
      await deliveries.enqueue(connection, { deliveryId }, { dedupeKey: deliveryId });
  };
  return {
    noted,
    test: async (connection, targetId) => {
      const target = await notifications.lockTarget(connection, targetId);
      if (target === null)
        throw new DomainError("not-found", {
          en: `There is no target ${targetId}.`,
          zh: `没有通知对象 ${targetId}。`,
        });
      const ids = await notifications.noteDeliveries(connection, {
        alarmId: null,
        step: 0,
        targets: [target],
      });
      await noted(connection, ids);
      const delivery = await notifications.delivery(connection, ids[0] ?? "");
      if (delivery === null) throw new Error("A test was noted and is not there.");
      return delivery;
    },
  };
}

type Sending = Pick<JobTools, "signal"> & { readonly isLast: boolean };

/** Answers the target where the minute was full and it waits for the digest. */
async function sendOne(deps: Dependencies, deliveryId: string, sending: Sending): Promise<string | null> {
  const { database, notifications, telemetry } = deps;
  const ready = await database.transaction(async (connection) => {
    const delivery = await notifications.delivery(connection, deliveryId);
    if (delivery === null || delivery.state === "sent" || delivery.state === "cancelled") return null;
    const target = await notifications.lockTarget(connection, delivery.targetId);
    const { alarmId } = delivery;
    const alarm = alarmId === null ? null : ((await telemetry.findAlarm(connection, alarmId))?.alarm ?? null);
    const reason = reasonToCancel(delivery, target, alarm);
    if (reason !== null || target === null) {
      await notifications.mark(connection, [delivery.id], cancelled(reason ?? ""));
      return null;
    }
    const isFree =
      delivery.alarmId === null ||
      target.kind === "screen" ||
      (delivery.state !== "digest" &&
        (await notifications.claimPlace(connection, delivery, target.perMinuteMax)));
    return { delivery, target, alarm, isFree };
  });
  if (ready === null) return null;
  const { delivery, target, alarm } = ready;
  if (!ready.isFree) return target.id;
  const options = noticeOptions(deps, target);
  const message: Message =
    alarm === null
      ? { id: delivery.id, kind: "test", notice: testNotice(options), alarms: [], step: 0 }
      : {
          ...{ id: delivery.id, kind: "alarm", threadId: alarm.id, alarms: [alarm], step: delivery.step },
          notice: alarmNotice(alarm, delivery.step, options),
        };
  await deliver(deps, { target, message, deliveryIds: [delivery.id], sending });
  return null;
}

function reasonToCancel(delivery: Delivery, target: StoredTarget | null, alarm: Alarm | null): string | null {
  if (target === null) return "The target is gone.";
  if (delivery.alarmId === null) return null;
  if (!target.isEnabled) return "The target is switched off.";
  if (alarm === null) return "The alarm is gone.";
  const stop = stopOf(alarm);
  return stop === null ? null : `The alarm was ${stop.because} before.`;
}

const cancelled = (error: string) => ({ state: "cancelled", error, isAttempt: false }) as const;

async function sendDigest(deps: Dependencies, targetId: string, sending: Sending): Promise<void> {
  const { database, notifications, telemetry } = deps;
  const ready = await database.transaction(async (connection) => {
    const target = await notifications.lockTarget(connection, targetId);
    const gathered = await notifications.gatherDigest(connection, targetId);
    const alarms: Alarm[] = [];
    const deliveryIds: string[] = [];
    for (const delivery of gathered) {
      const found = await telemetry.findAlarm(connection, delivery.alarmId ?? "");
      const reason = reasonToCancel(delivery, target, found?.alarm ?? null);
      if (reason !== null || found === null)
        await notifications.mark(connection, [delivery.id], cancelled(reason ?? ""));
      else {
        alarms.push(found.alarm);
        deliveryIds.push(delivery.id);
      }
    }
    return { target, alarms, deliveryIds, id: gathered[0]?.digestId ?? null };
  });
  const { target, alarms, deliveryIds, id } = ready;
  if (target === null || id === null || alarms.length === 0) return;
  const notice = digestNotice(alarms, noticeOptions(deps, target));
  const message: Message = { id, kind: "digest", notice, alarms, step: 0 };
  await deliver(deps, { target, message, deliveryIds, sending });
}

const noticeOptions = ({ timeZone, baseUrl }: Dependencies, { language }: StoredTarget): NoticeOptions => ({
  ...{ timeZone, baseUrl, language },
});

/** Sends, and writes down what came of it; what failed fails the job, which decides about the next attempt. */
async function deliver(
  deps: Dependencies,
  {
    target,
    message,
    deliveryIds,
    sending,
  }: {
    readonly target: StoredTarget;
    readonly message: Message;
    readonly deliveryIds: readonly string[];
    readonly sending: Sending;
  },
): Promise<void> {
  const { notifications, clock } = deps;
  try {
    const note = await send(deps, target, message, sending.signal);
    const sentAt = clock.now();
    await notifications.mark(null, deliveryIds, { state: "sent", sentAt, error: note, isAttempt: true });
  } catch (error) {
    const isFinal = isFinalFailure(error) || sending.isLast;
    const waiting = message.kind === "digest" ? "digest" : "waiting";
    await notifications.mark(null, deliveryIds, {
      ...{ state: isFinal ? "failed" : waiting, error: errorText(error), isAttempt: true },
    });
    const retryAfterMs = error instanceof WebhookFailed ? error.retryAfterMs : undefined;
    throw new JobFailure(errorText(error), {
      ...{ isFinal, cause: error },
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    });
  } finally {
    for (const { id: alarmId, subjectKind, subjectId } of message.alarms)
      deps.bus.publish({ kind: "alarm-changed", alarmId, subjectKind, subjectId });
  }
}

function isFinalFailure(error: unknown): boolean {
  if (error instanceof MailFailed || error instanceof WebhookFailed) return error.isFinal;
  return error instanceof JobFailure && error.isFinal;
}

/** Answers what there is to say of a message that went. */
async function send(
  deps: Dependencies,
  target: StoredTarget,
  message: Message,
  signal: AbortSignal,
): Promise<string | null> {
  switch (target.kind) {
    case "screen":
      tellScreens(deps, message);
      return null;
    case "email": {
      if (deps.mailer === null)
        throw new JobFailure("No mail server is set: WAREMIND_SMTP_URL and WAREMIND_MAIL_FROM.");
      const { id, notice, threadId } = message;
      const mail = { id, to: target.addresses, ...notice, ...(threadId === undefined ? {} : { threadId }) };
      const { refused } = await deps.mailer.send(mail, signal);
      return refused.length === 0 ? null : `Not taken for ${refused.join(", ")}.`;
    }
    case "webhook": {
      const { id, kind, step, alarms, notice } = message;
      const body = {
        ...{ id, kind, step, text: notice.text },
        alarms: alarms.map((alarm) => ({ ...alarm, link: linkOfAlarm(alarm.id, deps.baseUrl) })),
      };
      const secret = deps.notifications.secretOf(target);
      await deps.webhooks.post({ url: target.url ?? "", id, secret, body }, signal);
      return null;
    }
  }
}

function tellScreens({ bus }: Dependencies, { alarms, step, kind }: Message): void {
  for (const { id: alarmId, severity, subjectLabel, message } of alarms)
    bus.publish({ kind: "alarm-told", alarmId, step, severity, subjectLabel, message });
  if (kind === "test") bus.publish({ kind: "alarm-told", alarmId: "", ...screenTest });
}

const screenTest = {
  step: 0,
  severity: "info",
  subjectLabel: "Waremind",
  message: { en: "This is a test.", zh: "这是一条测试消息。" },
} as const;
