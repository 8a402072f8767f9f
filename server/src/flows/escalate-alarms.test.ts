import type { EscalationPolicyInput, LiveEvent, NotificationTargetInput } from "@waremind/contract";
import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openTestDatabase } from "../../../tests/support/database.ts";
import { createNotifications, type Notifications } from "../notifications/index.ts";
import { createBus } from "../platform/bus.ts";
import { manualClock } from "../platform/clock.ts";
import { type Database, tablesOf } from "../platform/database.ts";
import { createJobs, type Jobs } from "../platform/jobs.ts";
import { silentLog } from "../platform/log.ts";
import { type Mail, MailFailed } from "../platform/mail.ts";
import { type Webhook, WebhookFailed } from "../platform/webhook.ts";
import { createTelemetry, type Telemetry } from "../telemetry/index.ts";
import { createDeliverNotices, type DeliverNotices } from "./deliver-notices.ts";
import { createEscalateAlarms, type EscalateAlarms } from "./escalate-alarms.ts";

const startAt = 1_800_000_000_000;
const minute = 60_000;
const clock = manualClock(startAt);
const bus = createBus();
let database: Database;
let telemetry: Telemetry;
let notifications: Notifications;
let jobs: Jobs;
let notices: DeliverNotices;
let escalation: EscalateAlarms;
let mails: Mail[] = [];
let hooks: Webhook[] = [];
let mailFault: MailFailed | null = null;
let hookFault: WebhookFailed | null = null;
let events: LiveEvent[] = [];
bus.subscribe((event) => events.push(event));

beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database.close());
beforeEach(async () => {
  clock.set(startAt);
  [mails, hooks, events, mailFault, hookFault] = [[], [], [], null, null];
  for (const table of ["job", "notification_delivery", "alarm_escalation", "alarm"])
    await sql`delete from ${sql.table(table)}`.execute(tablesOf(database));
  await sql`delete from escalation_policy where id <> 'default'`.execute(tablesOf(database));
  await sql`delete from notification_target where id <> 'screen'`.execute(tablesOf(database));
  open();
});

/** As a process does that begins anew. */
function open(): void {
  telemetry = createTelemetry({ database, clock });
  notifications = createNotifications({ database, clock, secret: "s".repeat(40) });
  jobs = createJobs({ database, clock, log: silentLog, chance: () => 0 });
  const shared = { database, clock, bus, jobs, telemetry, notifications };
  notices = createDeliverNotices({
    ...{ ...shared, timeZone: "Asia/Shanghai", baseUrl: "https://desk.example" },
    mailer: {
      send: async (mail) => {
        mails.push(mail);
        if (mailFault !== null) throw mailFault;
        return { refused: [] };
      },
    },
    webhooks: {
      post: async (webhook) => {
        hooks.push(webhook);
        if (hookFault !== null) throw hookFault;
      },
    },
  });
  escalation = createEscalateAlarms({ ...shared, deliverNotices: notices });
}

async function raise(subjectId = "logger-7", severity: "info" | "warning" | "critical" = "critical") {
  const id = await database.transaction((connection) =>
    telemetry.raiseAlarm(connection, {
      ...{
        kind: "rule",
        severity,
        subjectKind: "device",
        subjectId,
        subjectLabel: subjectId,
        ruleId: "warm",
      },
      ...{ deviceId: null, seriesId: null, beganAt: clock.now() - 5_000, value: 9.5, unit: "Cel" },
      ...{ messageEn: `${subjectId} is too warm.`, messageZh: `${subjectId} 温度过高。` },
    }),
  );
  if (id === null) throw new Error("It was open already.");
  return id;
}

const add = (input: NotificationTargetInput) =>
  database.transaction((connection) => notifications.addTarget(connection, input));
const email = (more: { language?: "en" | "zh"; perMinuteMax?: number } = {}) =>
  add({
    ...{ kind: "email", name: { en: "Night shift", zh: "夜班" }, addresses: ["night@shop.example"] },
    ...{ isEnabled: true, language: more.language ?? "en", perMinuteMax: more.perMinuteMax ?? 10 },
  });
const policyOf = (more: Partial<EscalationPolicyInput>): EscalationPolicyInput => ({
  ...{ name: { en: "P", zh: "策略" }, minSeverity: "critical", steps: [], schedule: null },
  ...{ profileIds: [], ruleIds: [], isEnabled: true, ...more },
});
const policy = (more: Partial<EscalationPolicyInput>) =>
  database.transaction((connection) => notifications.addPolicy(connection, policyOf(more)));
async function runAt(at: number): Promise<void> {
  clock.set(at);
  await jobs.runDue();
}
const told = () => events.filter((event) => event.kind === "alarm-told");

describe("the ladder of an alarm", () => {
  test("tells at once, after 5 and after 15 minutes, each time once, and then it is finished", async () => {
    const id = await raise();
    await runAt(startAt);
    await runAt(startAt + 4 * minute);
    expect(told()).toHaveLength(1);
    await runAt(startAt + 5 * minute);
    await jobs.runDue();
    expect(told()).toHaveLength(2);
    await runAt(startAt + 15 * minute);
    expect(told().map((event) => event.step)).toEqual([0, 1, 2]);
    const shown = await escalation.escalationOf(id);
    expect(shown).toMatchObject({ stoppedBecause: "finished", nextStep: null });
    expect(shown?.deliveries.map(({ state, step }) => [state, step])).toEqual([
      ["sent", 0],
      ["sent", 1],
      ["sent", 2],
    ]);
  });

  test("goes on in the process after the one that raised it", async () => {
    await raise();
    open();
    await runAt(startAt);
    open();
    await runAt(startAt + 5 * minute);
    expect(told()).toHaveLength(2);
  });

  test("is not begun by an alarm whose transaction was rolled back", async () => {
    const failing = database.transaction(async (connection) => {
      await telemetry.raiseAlarm(connection, {
        ...{ kind: "rule", severity: "critical", subjectKind: "device", subjectId: "x", subjectLabel: "x" },
        ...{
          deviceId: null,
          seriesId: null,
          beganAt: 1,
          value: null,
          unit: null,
          messageEn: "a",
          messageZh: "b",
        },
      });
      throw new Error("rolled back");
    });
    await expect(failing).rejects.toThrow("rolled back");
    expect(await jobs.counts()).toMatchObject({ queued: 0 });
  });

  test.each([
    ["acknowledged", (id: string) => telemetry.acknowledgeAlarm(id, "Mei", { note: "On my way" })],
    [
      "ended",
      () =>
        telemetry.endAlarm(database, {
          ...{ kind: "rule", subjectKind: "device", subjectId: "logger-7", ruleId: "warm", endedAt: startAt },
        }),
    ],
    [
      "withdrawn",
      (id: string) =>
        sql`update alarm set withdrawn_at = ${startAt}, ended_at = ${startAt} where id = ${id}`.execute(
          tablesOf(database),
        ),
    ],
  ])("stops when the alarm is %s", async (because, stop) => {
    const id = await raise();
    await runAt(startAt);
    await stop(id);
    expect(await escalation.escalationOf(id)).toMatchObject({ stoppedBecause: because, nextAt: null });
    await runAt(startAt + 20 * minute);
    expect(told()).toHaveLength(1);
    expect(await escalation.escalationOf(id)).toMatchObject({ stoppedBecause: because });
  });

  test("is none for what is below the least severity, and the policy of a rule stands before all others", async () => {
    const { target } = await email();
    await policy({
      ruleIds: ["warm"],
      steps: [{ afterMinutes: 2, targetIds: [target.id] }],
      minSeverity: "info",
    });
    await policy({ profileIds: ["other"], steps: [{ afterMinutes: 0, targetIds: ["screen"] }] });
    await raise("logger-7", "info");
    await runAt(startAt);
    expect([told(), mails]).toEqual([[], []]);
    await runAt(startAt + 2 * minute);
    expect(mails).toHaveLength(1);
    await sql`delete from escalation_policy where id <> 'default'`.execute(tablesOf(database));
    const quiet = await raise("logger-8", "info");
    await jobs.runDue();
    expect(await escalation.escalationOf(quiet)).toMatchObject({ policyName: null, deliveries: [] });
  });
});

describe("a message", () => {
  test("by mail is in the recipient's language, with the time of the shop and a link", async () => {
    const { target } = await email({ language: "zh" });
    await policy({ steps: [{ afterMinutes: 0, targetIds: [target.id] }] });
    const id = await raise();
    await runAt(startAt);
    expect(mails[0]?.to).toEqual(["night@shop.example"]);
    expect(mails[0]?.subject).toBe("[Waremind] 严重：logger-7");
    expect(mails[0]?.text).toContain("logger-7 温度过高。");
    expect(mails[0]?.text).toContain("Asia/Shanghai");
    expect(mails[0]?.text).toContain(`https://desk.example/alarms?alarm=${id}`);
  });

  test("that fails goes again under the same id, is given up at last, and a person may send it again", async () => {
    const { target } = await email();
    await policy({ steps: [{ afterMinutes: 0, targetIds: [target.id] }] });
    const id = await raise();
    mailFault = new MailFailed("Invalid login: 535", { isFinal: false, cause: null });
    for (let hour = 0; hour < 12; hour += 1) await runAt(startAt + hour * 60 * minute);
    expect(new Set(mails.map((mail) => mail.id)).size).toBe(1);
    const [dead] = await jobs.list({ state: "dead", limit: 5 });
    expect(dead?.lastError).toContain("535");
    expect((await escalation.escalationOf(id))?.deliveries).toMatchObject([{ state: "failed", attempts: 8 }]);
    mailFault = null;
    await database.transaction((connection) => jobs.retry(connection, dead?.id ?? ""));
    await jobs.runDue();
    expect((await escalation.escalationOf(id))?.deliveries).toMatchObject([{ state: "sent" }]);
  });

  test("that waits to go again does not go when somebody acknowledged meanwhile", async () => {
    const { target } = await email();
    await policy({ steps: [{ afterMinutes: 0, targetIds: [target.id] }] });
    const id = await raise();
    mailFault = new MailFailed("421 busy", { isFinal: false, cause: null });
    await runAt(startAt);
    mailFault = null;
    await telemetry.acknowledgeAlarm(id, "Mei");
    await runAt(startAt + 5 * minute);
    expect(mails).toHaveLength(1);
    expect((await escalation.escalationOf(id))?.deliveries).toMatchObject([{ state: "cancelled" }]);
  });

  test("by webhook is signed with a secret that is derived anew when it is renewed, and refused for good at once", async () => {
    const made = await add({
      ...{ kind: "webhook", name: { en: "Hook", zh: "钩子" }, url: "https://hooks.example/in?token=hidden" },
      ...{ isEnabled: true, language: "en", perMinuteMax: 10 },
    });
    await policy({ steps: [{ afterMinutes: 0, targetIds: [made.target.id] }] });
    const id = await raise();
    await runAt(startAt);
    expect(hooks[0]?.secret).toBe(made.secret);
    expect(hooks[0]?.body).toMatchObject({ kind: "alarm", step: 0, alarms: [{ id }] });
    const renewed = await database.transaction((connection) =>
      notifications.renewSecret(connection, made.target.id),
    );
    expect(renewed.secret).not.toBe(made.secret);
    hookFault = new WebhookFailed("hooks.example answered 410", { isFinal: true });
    const second = await raise("logger-8");
    await jobs.runDue();
    const shown = await escalation.escalationOf(second);
    expect(shown?.deliveries).toMatchObject([{ state: "failed", sentTo: "https://hooks.example" }]);
    expect(JSON.stringify(shown)).not.toContain("hidden");
  });

  test("beyond the number of a minute is joined with the others into one, and no alarm is lost or told twice", async () => {
    const { target } = await email({ perMinuteMax: 3 });
    await policy({ steps: [{ afterMinutes: 0, targetIds: [target.id] }] });
    const ids: string[] = [];
    for (let index = 0; index < 8; index += 1) ids.push(await raise(`logger-${String(index)}`));
    await runAt(startAt);
    expect(mails).toHaveLength(3);
    mailFault = new MailFailed("421 busy", { isFinal: false, cause: null });
    await runAt(startAt + minute);
    mailFault = null;
    await runAt(startAt + 2 * minute);
    await runAt(startAt + 10 * minute);
    expect(mails).toHaveLength(5);
    expect(mails[4]?.id).toBe(mails[3]?.id);
    expect(mails[4]?.subject).toBe("[Waremind] 5 more alarms");
    const text = [...mails.slice(0, 3), ...mails.slice(4)].map((mail) => mail.text).join("\n");
    for (const id of ids) expect(text.split(id)).toHaveLength(2);
    for (const id of ids)
      expect((await escalation.escalationOf(id))?.deliveries).toMatchObject([{ state: "sent" }]);
  });

  test("of a test goes to a target that is switched off as well, and to nobody else", async () => {
    const { target } = await email();
    await database.transaction((connection) => notices.test(connection, target.id));
    await runAt(startAt);
    expect(mails.map((mail) => mail.subject)).toEqual(["[Waremind] Test"]);
    await expect(
      database.transaction((connection) => notices.test(connection, "tgt_none")),
    ).rejects.toMatchObject({ code: "not-found" });
  });
});

describe("policies and targets", () => {
  test("a target that a policy tells cannot be deleted; a policy names only targets that are there", async () => {
    const { target } = await email();
    const made = await policy({ steps: [{ afterMinutes: 0, targetIds: [target.id] }] });
    const remove = () =>
      database.transaction((connection) => notifications.removeTarget(connection, target.id));
    await expect(remove()).rejects.toMatchObject({ code: "conflict" });
    await expect(policy({ steps: [{ afterMinutes: 0, targetIds: ["tgt_none"] }] })).rejects.toMatchObject({
      code: "not-found",
    });
    await database.transaction((connection) => notifications.removePolicy(connection, made.id));
    await remove();
    expect((await notifications.targets()).map((one) => one.id)).toEqual(["screen"]);
  });
});
