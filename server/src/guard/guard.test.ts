import { AsyncLocalStorage } from "node:async_hooks";
import type { Action, Actor, Decision } from "@waremind/contract";
import fc from "fast-check";
import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openTestDatabase } from "../../../tests/support/database.ts";
import { manualClock } from "../platform/clock.ts";
import { type Connection, type Database, tablesOf } from "../platform/database.ts";
import { type ActionState, createGuard, defaultClauses, type Guard } from "./index.ts";

const startAt = 1_772_000_000_000;
const hour = 3_600_000;
const support: Extract<Actor, { kind: "person" }> = {
  kind: "person",
  userId: "user-1",
  name: "Lin",
  roles: ["support"],
};
const owner = { ...support, userId: "user-2", name: "Wang", roles: ["owner"] };
const model: Actor = { kind: "model", customerId: "cus-1", sessionId: "ses-1", engine: "composer" };

type Refund = Extract<Action, { name: "refund-excursion" }>;
const aRefund = (changes: Partial<Refund> = {}): Refund => ({
  name: "refund-excursion",
  orderId: "ord-1",
  shipmentId: "shp-1",
  orderLineIds: ["line-2", "line-1"],
  amount: { amountMinor: 26_800, currency: "CNY" },
  refundTo: "original-payment",
  ...changes,
});
const state: ActionState = {
  order: {
    id: "ord-1",
    number: "W-1001",
    customerId: "cus-1",
    state: "shipped",
    currency: "CNY",
    capturedMinor: 40_000,
    refundedMinor: 0,
    largestRefundableMinor: 40_000,
    lines: [
      { id: "line-1", totalMinor: 16_800, isRefunded: false },
      { id: "line-2", totalMinor: 10_000, isRefunded: false },
    ],
  },
  shipment: {
    id: "shp-1",
    orderId: "ord-1",
    orderLineIds: ["line-1", "line-2"],
    state: "shipping",
    excursionMinutes: 52,
    excursionMinutesMax: 30,
    excursionMinutesOnOurLegs: 52,
    conditionFactIds: ["shipment_condition/shp-1"],
  },
};

/** Each clause that is put is an entry of the audit log. */
const clauseCount = defaultClauses({ currency: "CNY", validFrom: startAt }).length;

let database: Database;
let clock = manualClock(startAt);
let guard: Guard;

beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database.close());
beforeEach(async () => {
  await run("truncate approval, receipt, audit_entry, policy_clause, setting");
  clock = manualClock(startAt);
  guard = createGuard({ database, clock, signingSecret: "a-secret-of-the-test" });
  await database.transaction(async (connection) => {
    for (const clause of defaultClauses({ currency: "CNY", validFrom: startAt }))
      await guard.putClause(connection, clause);
  });
});

const run = (statement: string) => sql.raw(statement).execute(tablesOf<unknown>(database));

async function open(action: Action = aRefund()) {
  return database.transaction(async (connection) => {
    const decision = await guard.decide(connection, { actor: model, action, state });
    if (decision.verdict !== "needs-approval") throw new Error(`The guard said ${decision.verdict}.`);
    return guard.requestApproval(connection, {
      actor: model,
      action,
      decision,
      summary: { en: "Refund", zh: "退款" },
      evidenceRecordId: null,
      conversationId: null,
    });
  });
}

const decide = (approvalId: string, verdict: "grant" | "deny" = "grant", person = support) =>
  database.transaction((connection) =>
    guard.decideApproval(connection, { approvalId, person, verdict, note: "" }),
  );

const take = (approvalId: string) =>
  database.transaction(async (connection) => {
    const taken = await guard.takeApproval(connection, approvalId);
    if (taken.kind === "already-run") return taken.receipt;
    return guard.recordReceipt(connection, {
      id: `rcp-${approvalId}`,
      action: taken.approval.action,
      actor: support,
      approvalId,
      effects: [{ table: "refund", id: "ref-1", change: "CNY 268.00 recorded" }],
    });
  });

describe("an approval", () => {
  test("is granted once, runs once, and a replay answers the same receipt", async () => {
    const approval = await open();
    expect(approval).toMatchObject({ state: "waiting", level: "support", expiresAt: startAt + 24 * hour });
    await decide(approval.id);
    const receipt = await take(approval.id);
    expect(await take(approval.id)).toEqual(receipt);
    await expect(decide(approval.id)).rejects.toMatchObject({ code: "approval-used" });
    expect(await guard.findApproval(approval.id)).toMatchObject({ state: "executed", receiptId: receipt.id });
  });

  test("is one for the same arguments, in whatever order the lines are named", async () => {
    const first = await open();
    const second = await open(aRefund({ orderLineIds: ["line-1", "line-2"] }));
    expect(second.id).toBe(first.id);
  });

  test("does not run before it is granted, nor after it is denied", async () => {
    const approval = await open();
    await expect(take(approval.id)).rejects.toMatchObject({ code: "state-forbids" });
    await decide(approval.id, "deny");
    await expect(take(approval.id)).rejects.toMatchObject({ code: "state-forbids" });
    await expect(decide(approval.id)).rejects.toMatchObject({ code: "approval-used" });
  });

  test("expires after a day, before and after the grant", async () => {
    const waiting = await open();
    const granted = await open(aRefund({ amount: { amountMinor: 26_000, currency: "CNY" } }));
    await decide(granted.id);
    clock.advance(24 * hour);
    await expect(decide(waiting.id)).rejects.toMatchObject({ code: "approval-expired" });
    await expect(take(granted.id)).rejects.toMatchObject({ code: "approval-expired" });
    expect(await guard.expireApprovals()).toEqual([waiting.id, granted.id].toSorted());
    expect(await guard.expireApprovals()).toEqual([]);
  });

  test("after one expired, asking again opens a new one", async () => {
    const first = await open();
    clock.advance(25 * hour);
    const second = await open();
    expect(second.id).not.toBe(first.id);
    expect(await guard.findApproval(first.id)).toMatchObject({ state: "expired" });
  });

  test.each([
    ["amount", `action = jsonb_set(action, '{amount,amountMinor}', '99900')`],
    ["order", `action = jsonb_set(action, '{orderId}', '"ord-2"')`],
    ["hash", `arguments_hash = repeat('0', 64)`],
    ["level", `level = 'owner'`],
    ["expiry", `expires_at = expires_at + 1`],
    ["requester", `requested_by = jsonb_set(requested_by, '{customerId}', '"cus-2"')`],
    ["clause", `clause_version = 2`],
  ])("with its %s altered in the store is refused", async (_, change) => {
    const approval = await open();
    await run(`update approval set ${change}`);
    await expect(decide(approval.id, "grant", owner)).rejects.toMatchObject({ code: "approval-altered" });
    await run(`update approval set state = 'granted'`);
    await expect(take(approval.id)).rejects.toMatchObject({ code: "approval-altered" });
  });

  test("of the owner's level is not support's to decide", async () => {
    const dear = aRefund({ amount: { amountMinor: 250_000, currency: "CNY" } });
    const rich: ActionState = {
      ...state,
      order: {
        ...(state.order as NonNullable<ActionState["order"]>),
        capturedMinor: 300_000,
        largestRefundableMinor: 300_000,
        lines: [
          { id: "line-1", totalMinor: 200_000, isRefunded: false },
          { id: "line-2", totalMinor: 50_000, isRefunded: false },
        ],
      },
    };
    const approval = await database.transaction(async (connection) => {
      const decision = await guard.decide(connection, { actor: model, action: dear, state: rich });
      expect(decision).toMatchObject({ verdict: "needs-approval", level: "owner" });
      return guard.requestApproval(connection, {
        actor: model,
        action: dear,
        decision: decision as Extract<Decision, { verdict: "needs-approval" }>,
        summary: { en: "", zh: "" },
        evidenceRecordId: null,
        conversationId: null,
      });
    });
    await expect(decide(approval.id)).rejects.toMatchObject({ code: "not-allowed" });
    expect((await decide(approval.id, "grant", owner)).state).toBe("granted");
  });
});

describe("the audit log", () => {
  const write = (count: number) =>
    database.transaction(async (connection) => {
      for (let index = 0; index < count; index += 1)
        await guard.appendAudit(connection, {
          kind: "note",
          actor: support,
          body: { index, text: "三文鱼 \0\ud800" },
        });
    });

  test("holds after any text, and names how many entries it has", async () => {
    await write(20);
    expect(await guard.proveAudit()).toEqual({ entryCount: clauseCount + 20, firstBrokenSequence: null });
    const { entries, total } = await guard.audit({ limit: 3, beforeSequence: 10 });
    expect(entries.map((entry) => entry.sequence)).toEqual([9, 8, 7]);
    expect(total).toBe(clauseCount + 20);
  });

  test("has no gap and no fork when many write at once", async () => {
    await Promise.all(Array.from({ length: 12 }, () => write(3)));
    const { entries } = await guard.audit({ limit: 100 });
    expect(entries.map((entry) => entry.sequence)).toEqual(
      Array.from({ length: clauseCount + 36 }, (_, index) => clauseCount + 36 - index),
    );
    expect((await guard.proveAudit()).firstBrokenSequence).toBeNull();
  });

  test("a transaction that fails leaves no entry and no hole", async () => {
    const failing = database.transaction(async (connection) => {
      await guard.appendAudit(connection, { kind: "note", actor: support, body: {} });
      throw new Error("stop");
    });
    await expect(failing).rejects.toThrow("stop");
    await write(2);
    expect(await guard.proveAudit()).toEqual({ entryCount: clauseCount + 2, firstBrokenSequence: null });
  });

  test.each([
    ["an edited body", "update audit_entry set body = '{}' where sequence = 5", 5],
    [
      "an edited actor",
      `update audit_entry set actor = jsonb_set(actor, '{name}', '"Eve"') where sequence = 6`,
      6,
    ],
    ["an edited time", "update audit_entry set at = at + 1 where sequence = 7", 7],
    ["a deleted entry", "delete from audit_entry where sequence = 5", 5],
    ["a cut beginning", "delete from audit_entry where sequence < 3", 1],
    ["a cut end", "delete from audit_entry where sequence > 8", 9],
    ["everything deleted", "delete from audit_entry", 1],
    [
      "a forged head",
      "update setting set value = jsonb_set(value, '{sequence}', '8') where key = 'audit-head'",
      8,
    ],
    ["a lost head", "delete from setting where key = 'audit-head'", clauseCount + 11],
  ])("shows %s", async (_, tamper, sequence) => {
    await write(10);
    await run(tamper);
    expect((await guard.proveAudit()).firstBrokenSequence).toBe(sequence);
  });

  test("shows two entries that changed places, and a cut end with its head put right but for the seal", async () => {
    await write(10);
    await run(
      "update audit_entry set sequence = case sequence when 5 then -6 when 6 then -5 else sequence end",
    );
    await run("update audit_entry set sequence = abs(sequence) where sequence < 0");
    expect((await guard.proveAudit()).firstBrokenSequence).toBe(5);
    await run(
      "update audit_entry set sequence = case sequence when 5 then -6 when 6 then -5 else sequence end",
    );
    await run("update audit_entry set sequence = abs(sequence) where sequence < 0");
    expect((await guard.proveAudit()).firstBrokenSequence).toBeNull();
    await run("delete from audit_entry where sequence > 8");
    await run(`update setting set value = value || jsonb_build_object('sequence', 8,
      'hash', (select hash from audit_entry where sequence = 8)) where key = 'audit-head'`);
    expect((await guard.proveAudit()).firstBrokenSequence).toBe(9);
  });

  test("a chain rewritten with right hashes but without the secret is found", async () => {
    await write(4);
    const stranger = createGuard({ database, clock, signingSecret: "another" });
    await database.transaction((connection) =>
      stranger.appendAudit(connection, { kind: "forged", actor: support, body: {} }),
    );
    expect((await guard.proveAudit()).firstBrokenSequence).not.toBeNull();
  });

  test("every single change to any column is found", async () => {
    await write(8);
    const changes = ["at = at + 1", "kind = kind || 'x'", "hash = md5(hash)", "previous_hash = md5(hash)"];
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 12 }),
        fc.constantFrom(...changes),
        async (sequence, change) => {
          await run(`create table kept as select * from audit_entry where sequence = ${sequence}`);
          await run(`update audit_entry set ${change} where sequence = ${sequence}`);
          const { firstBrokenSequence } = await guard.proveAudit();
          await run(`delete from audit_entry where sequence = ${sequence}`);
          await run("insert into audit_entry select * from kept");
          await run("drop table kept");
          expect(firstBrokenSequence).toBe(sequence);
        },
      ),
      { numRuns: 25 },
    );
    expect((await guard.proveAudit()).firstBrokenSequence).toBeNull();
  });
});

describe("policy clauses", () => {
  test("a new version takes over, and a skipped or repeated version is refused", async () => {
    const clause = (await guard.clauses()).find(({ id }) => id === "cold-chain-refund");
    if (clause === undefined) throw new Error("The shop has no refund clause.");
    clock.advance(hour);
    const next = {
      ...clause,
      version: 2,
      validFrom: clock.now(),
      parameters: { ...clause.parameters, limitMinor: 50_000 },
    };
    await database.transaction((connection) => guard.putClause(connection, next));
    expect((await guard.clauses()).find(({ id }) => id === clause.id)).toEqual(next);
    const decision = await database.transaction((connection) =>
      guard.decide(connection, { actor: model, action: aRefund(), state }),
    );
    expect(decision).toEqual({ verdict: "allow", clause: { clauseId: clause.id, version: 2 } });
    for (const version of [2, 4]) {
      const put = database.transaction((connection) => guard.putClause(connection, { ...next, version }));
      await expect(put).rejects.toMatchObject({ code: "conflict" });
    }
  });
});

test("the clean-up of old approvals and who asks again at that moment never wait for each other crosswise", async (context) => {
  // The embedded store runs one transaction at a time.
  if (database.kind === "embedded") return context.skip();
  const request = (connection: Connection, decision: Decision) => {
    if (decision.verdict !== "needs-approval") throw new Error(decision.verdict);
    const input = { actor: model, action: aRefund(), decision, conversationId: null, evidenceRecordId: null };
    return guard.requestApproval(connection, { ...input, summary: { en: "a", zh: "b" } });
  };
  const decide = (connection: Connection) =>
    guard.decide(connection, { actor: model, action: aRefund(), state });
  const old = await database.transaction(async (connection) => request(connection, await decide(connection)));
  clock.advance(25 * hour);
  let expiring: Promise<readonly string[]> = Promise.resolve([]);
  const again = await database.transaction(async (connection) => {
    const decision = await decide(connection);
    expiring = elsewhere(() => guard.expireApprovals());
    await untilItBlocksAnother(connection);
    return request(connection, decision);
  });
  expect(again.id).not.toBe(old.id);
  expect(await expiring).toEqual([]);
  expect((await guard.findApproval(old.id))?.state).toBe("expired");
});

/** Outside the transaction that the caller stands in. */
const elsewhere = AsyncLocalStorage.snapshot();

async function untilItBlocksAnother(connection: Connection): Promise<void> {
  for (;;) {
    const { rows } = await sql`select 1 from pg_stat_activity
      where pg_backend_pid() = any(pg_blocking_pids(pid))`.execute(tablesOf<object>(connection));
    if (rows.length > 0) return;
  }
}

describe("a long audit log, proven for a screen", () => {
  const manyCount = 2_100;
  const write = (count: number) =>
    database.transaction(async (connection) => {
      for (let index = 0; index < count; index += 1)
        await guard.appendAudit(connection, { kind: "note", actor: support, body: { index } });
    });
  const shown = async () => {
    const { entries } = await guard.audit({ limit: 3 });
    return guard.proveShownAudit(entries);
  };

  test("shows a fault in what is shown, in what is new and at the end at once, and one in the depth within minutes", async () => {
    await write(manyCount);
    expect(await shown()).toEqual({ firstBrokenSequence: null });
    await write(2);
    expect(await shown()).toEqual({ firstBrokenSequence: null });
    const last = manyCount + clauseCount + 2;

    await run(`create table kept as select * from audit_entry`);
    const mend = async () => {
      await run("delete from audit_entry");
      await run("insert into audit_entry select * from kept");
    };
    for (const sequence of [last, last - 1, last - 2]) {
      await run(`update audit_entry set at = at + 1 where sequence = ${sequence}`);
      expect(await shown()).toEqual({ firstBrokenSequence: sequence });
      await mend();
    }
    await run(`delete from audit_entry where sequence > ${last - 1}`);
    expect((await shown()).firstBrokenSequence).not.toBeNull();
    await mend();

    await run("update audit_entry set at = at + 1 where sequence = 5");
    expect((await guard.proveAudit()).firstBrokenSequence).toBe(5);
    // The proof kept from before does not read so deep again: this is what saves the time.
    expect(await shown()).toEqual({ firstBrokenSequence: null });
    clock.advance(11 * 60_000);
    expect(await shown()).toEqual({ firstBrokenSequence: 5 });
    await mend();
    await run("drop table kept");
    expect(await shown()).toEqual({ firstBrokenSequence: null });
  }, 60_000);
});
