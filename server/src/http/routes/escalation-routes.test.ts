import { afterAll, beforeAll, expect, test } from "vitest";
import { type ManagedShop, managedStartAt, openManagedShop } from "../../../../tests/support/managed-shop.ts";

let shop: ManagedShop;
beforeAll(async () => {
  shop = await openManagedShop();
});
afterAll(() => shop.close());

const newestAudit = async () => (await shop.guard.audit({ limit: 1 })).entries[0];

let raised = 0;
async function raise(): Promise<string> {
  raised += 1;
  const label = `logger-${String(raised)}`;
  const id = await shop.database.transaction((connection) =>
    shop.telemetry.raiseAlarm(connection, {
      ...{ kind: "rule", severity: "critical", subjectKind: "device", subjectId: label, subjectLabel: label },
      ...{ deviceId: null, seriesId: null, beganAt: managedStartAt, value: 9, unit: "Cel", ruleId: "warm" },
      ...{ messageEn: "Too warm.", messageZh: "温度过高。" },
    }),
  );
  if (id === null) throw new Error("It was open already.");
  return id;
}

test("an alarm that was raised is told by the default policy, and its ladder stops with the acknowledgement", async () => {
  const id = await raise();
  await shop.jobs.runDue();
  const climbing = await shop.ask("warehouse", "GET", `/api/alarms/${id}/escalation`);
  expect(climbing.body).toMatchObject({
    ...{ policyName: { zh: "默认" }, nextStep: 1, nextAt: managedStartAt + 300_000, stoppedAt: null },
    deliveries: [{ step: 0, state: "sent", targetKind: "screen" }],
  });
  const note = { note: "  在路上 On my way  " };
  expect((await shop.ask("warehouse", "POST", `/api/alarms/${id}/acknowledge`, note)).status).toBe(200);
  expect(await newestAudit()).toMatchObject({
    ...{ kind: "alarm-acknowledged", body: { alarmId: id, note: "在路上 On my way" } },
    actor: { name: "The warehouse" },
  });
  await shop.ask("owner", "POST", `/api/alarms/${id}/acknowledge`, { note: "Late" });
  const listed = await shop.ask("owner", "GET", "/api/alarms?open=true");
  expect(listed.body.items).toHaveLength(1);
  expect(listed.body.items[0]).toMatchObject({
    ...{ acknowledgedBy: "The warehouse", acknowledgedNote: "在路上 On my way" },
  });
  const stopped = await shop.ask("auditor", "GET", `/api/alarms/${id}/escalation`);
  expect(stopped.body).toMatchObject({ stoppedBecause: "acknowledged", nextStep: null });
  expect((await shop.ask("auditor", "POST", `/api/alarms/${id}/acknowledge`)).status).toBe(403);
  expect((await shop.ask("owner", "GET", "/api/alarms/alm_none/escalation")).status).toBe(404);
  expect((await shop.ask("owner", "POST", "/api/alarms/alm_none/acknowledge")).status).toBe(404);
});

test("an alarm is assigned to a person of the shop, and to nobody again, and the audit log says by whom", async () => {
  const id = await raise();
  const people = await shop.ask("support", "GET", "/api/alarm-assignees");
  expect(people.body.items).toContainEqual({ id: "user-warehouse", name: "The warehouse" });
  const assign = (userId: string | null) =>
    shop.ask("support", "POST", `/api/alarms/${id}/assign`, { userId });
  expect((await assign("user-warehouse")).status).toBe(200);
  expect(await newestAudit()).toMatchObject({ kind: "alarm-assigned", body: { userId: "user-warehouse" } });
  const shown = async () => {
    const { items } = (await shop.ask("owner", "GET", "/api/alarms")).body as { items: { id: string }[] };
    return items.find((one) => one.id === id);
  };
  expect(await shown()).toMatchObject({ id, assignedTo: "user-warehouse", assignedName: "The warehouse" });
  await assign(null);
  expect(await shown()).toMatchObject({ id, assignedTo: null, assignedName: null, assignedAt: null });
  expect((await assign("user-nobody")).status).toBe(404);
});

test("the secret of a webhook is answered when it is made and renewed, and stands nowhere else", async () => {
  const target = {
    ...{ kind: "webhook", name: { en: "Pager", zh: "寻呼" }, url: "https://hooks.example/x" },
  };
  const made = await shop.ask("operations", "POST", "/api/notification-targets", target);
  expect(made.body.secret).toMatch(/^whsec_/u);
  const { id } = made.body.target as { id: string };
  const renewed = await shop.ask("owner", "POST", `/api/notification-targets/${id}/renew-secret`);
  expect(renewed.body.secret).not.toBe(made.body.secret);
  const listed = await shop.ask("auditor", "GET", "/api/notification-targets");
  const audit = JSON.stringify(await shop.guard.audit({ limit: 10 }));
  for (const secret of [made.body.secret, renewed.body.secret] as string[]) {
    expect(listed.text).not.toContain(secret);
    expect(audit).not.toContain(secret);
  }
  expect((await shop.ask("warehouse", "GET", "/api/notification-targets")).status).toBe(403);
  expect((await shop.ask("auditor", "POST", "/api/notification-targets", target)).status).toBe(403);
});

test("a test to a private address is refused with the setting that would allow it", async () => {
  const target = { kind: "webhook", name: { en: "Inside", zh: "内网" }, url: "http://127.0.0.1:9/x" };
  const made = await shop.ask("owner", "POST", "/api/notification-targets", target);
  const { id } = made.body.target as { id: string };
  const tested = await shop.ask("owner", "POST", `/api/notification-targets/${id}/test`);
  expect(tested.body).toMatchObject({ alarmId: null, state: "waiting" });
  await shop.jobs.runDue();
  const delivery = await shop.ask("owner", "GET", `/api/notification-deliveries/${String(tested.body.id)}`);
  expect(delivery.body).toMatchObject({ state: "failed" });
  expect(delivery.body.lastError).toContain("WAREMIND_WEBHOOK_NETWORKS");
});

test("policies are made, changed and deleted; steps that do not go up are refused in both languages", async () => {
  const steps = [{ afterMinutes: 0, targetIds: ["screen"] }];
  const policy = { name: { en: "Cold chain", zh: "冷链" }, minSeverity: "critical", steps };
  const made = await shop.ask("operations", "POST", "/api/escalation-policies", policy);
  expect(made.status).toBe(200);
  const { id } = made.body as { id: string };
  const wrong = { ...policy, steps: [...steps, ...steps] };
  const refused = await shop.ask("operations", "POST", `/api/escalation-policies/${id}`, wrong);
  expect([refused.status, refused.body.code]).toEqual([400, "invalid-input"]);
  const changed = { ...policy, profileIds: ["cold"], isEnabled: false };
  expect((await shop.ask("owner", "POST", `/api/escalation-policies/${id}`, changed)).body).toMatchObject({
    ...{ id, profileIds: ["cold"], isEnabled: false },
  });
  expect((await shop.ask("owner", "DELETE", `/api/escalation-policies/${id}`)).status).toBe(200);
  const listed = await shop.ask("integrator", "GET", "/api/escalation-policies");
  expect(listed.status).toBe(403);
  const items = (await shop.ask("auditor", "GET", "/api/escalation-policies")).body.items as { id: string }[];
  expect(items.map((one) => one.id)).toEqual(["default"]);
});
