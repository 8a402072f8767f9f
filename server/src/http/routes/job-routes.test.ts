import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { type ManagedShop, openManagedShop } from "../../../../tests/support/managed-shop.ts";
import { JobFailure } from "../../platform/job.ts";
import type { JobKind } from "../../platform/jobs.ts";

let shop: ManagedShop;
let tries: JobKind<{ isGood: boolean }>;
beforeAll(async () => {
  shop = await openManagedShop();
  tries = shop.jobs.define("trial", {
    ...{ payload: z.object({ isGood: z.boolean() }), attemptsMax: 2, timeoutMs: 60_000 },
    run: ({ payload }) =>
      payload.isGood
        ? Promise.resolve()
        : Promise.reject(new JobFailure("the other side says no", { isFinal: true })),
  });
});
afterAll(() => shop.close());

const newestAudit = async () => (await shop.guard.audit({ limit: 1 })).entries[0];

test("operators see what was given up and why, and send it again with their name on it", async () => {
  const { id } = await tries.enqueue(null, { isGood: false });
  await shop.jobs.runDue();
  const listed = await shop.ask("operations", "GET", "/api/jobs?state=dead");
  expect(listed.status).toBe(200);
  expect(listed.body).toMatchObject({ counts: { dead: 1, queued: 0 }, next: null });
  expect(listed.body.items).toMatchObject([
    {
      ...{ id, kind: "trial", state: "dead", attempts: 1, attemptsMax: 2, payload: { isGood: false } },
      lastError: "the other side says no",
    },
  ]);
  expect(listed.text).not.toContain("lockedBy");

  const again = await shop.ask("operations", "POST", `/api/jobs/${id}/retry`);
  expect(again.body).toMatchObject({ state: "queued", attempts: 0 });
  expect(await newestAudit()).toMatchObject({
    ...{ kind: "job-retried", actor: { name: "The operations" } },
    body: { jobId: id, jobKind: "trial", lastError: "the other side says no" },
  });
  const ended = await shop.ask("owner", "POST", `/api/jobs/${id}/cancel`);
  expect(ended.body.state).toBe("cancelled");
  expect(await newestAudit()).toMatchObject({ kind: "job-cancelled", actor: { name: "The owner" } });
});

test("what cannot be retried or cancelled is refused in both languages and leaves no entry", async () => {
  const { id } = await tries.enqueue(null, { isGood: true });
  await shop.jobs.runDue();
  const before = await newestAudit();
  for (const verb of ["retry", "cancel"]) {
    const refused = await shop.ask("owner", "POST", `/api/jobs/${id}/${verb}`);
    expect([refused.status, refused.body.code]).toEqual([409, "state-forbids"]);
    expect(refused.body.message.zh).toContain("已完成");
    expect((await shop.ask("owner", "POST", `/api/jobs/none/${verb}`)).status).toBe(404);
  }
  expect(await newestAudit()).toEqual(before);
  expect((await shop.ask("owner", "GET", "/api/jobs?state=stuck")).status).toBe(400);
  expect((await shop.ask("owner", "GET", `/api/jobs/${id}`)).body.state).toBe("done");
});

test("pages follow each other until the end", async () => {
  const ids = new Set<string>();
  for (let n = 0; n < 60; n += 1) ids.add((await tries.enqueue(null, { isGood: true })).id);
  const first = await shop.ask("owner", "GET", "/api/jobs?state=queued");
  expect(first.body.items).toHaveLength(50);
  const second = await shop.ask("owner", "GET", `/api/jobs?state=queued&before=${first.body.next}`);
  expect(second.body.next).toBeNull();
  const seen = [...first.body.items, ...second.body.items].map((job: { id: string }) => job.id);
  expect(new Set(seen)).toEqual(ids);
});

test("an auditor reads jobs and changes none; support and warehouse see none", async () => {
  const { id } = await tries.enqueue(null, { isGood: true });
  expect((await shop.ask("auditor", "GET", "/api/jobs")).status).toBe(200);
  expect((await shop.ask("auditor", "POST", `/api/jobs/${id}/cancel`)).status).toBe(403);
  for (const role of ["support", "warehouse"] as const)
    expect((await shop.ask(role, "GET", "/api/jobs")).status).toBe(403);
});
