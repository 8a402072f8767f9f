import type { Action, Actor, LiveEvent } from "@waremind/contract";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  addOrder,
  minute,
  openSmallShop,
  type SmallShop,
  salmonBand,
  shopStartAt,
} from "../../../tests/support/small-shop.ts";
import { conditionOf, foldReadings } from "../decisions/coldchain/index.ts";
import { type Actions, type ConversationDesk, createActions } from "./act.ts";

const hour = 60 * minute;
const customer: Actor = { kind: "customer", customerId: "cus-1", sessionId: "ses-1" };
const model: Actor = { kind: "model", customerId: "cus-1", sessionId: "ses-1", engine: "composer" };
const stranger: Actor = { kind: "model", customerId: "cus-2", sessionId: "ses-2", engine: "composer" };
const support = { kind: "person" as const, userId: "user-1", name: "Lin", roles: ["support"] };
const viewer = { ...support, userId: "user-9", roles: ["viewer"] };

let shop: SmallShop;
let actions: Actions;
let events: LiveEvent[] = [];
const desk = new Map<string, { id: string; customerId: string; state: string }>();
const conversations: ConversationDesk = {
  lockForAction: async (_, id) => desk.get(id) ?? null,
  handOff: async (_, id) => {
    const row = desk.get(id);
    if (row === undefined || row.state !== "open") return false;
    desk.set(id, { ...row, state: "waiting-for-person" });
    return true;
  },
};

beforeAll(async () => {
  shop = await openSmallShop();
  actions = createActions({ ...shop, conversations });
  shop.bus.subscribe((event) => events.push(event));
});
afterAll(() => shop.database.close());
beforeEach(() => {
  events = [];
  shop.clock.set(shopStartAt + 3 * hour);
});

let orderCount = 0;
/** An order whose parcel was out of band; 52 counted minutes unless told. */
async function warmOrder(
  options: Omit<Parameters<typeof addOrder>[1], "id"> & { minutes?: number } = {},
): Promise<string> {
  orderCount += 1;
  const id = `ord-${orderCount}`;
  await addOrder(shop, { ...options, id });
  await warm(id, options.minutes ?? 52);
  return id;
}

async function warm(id: string, minutes: number): Promise<void> {
  const readings = Array.from({ length: minutes + 11 }, (_, index) => ({
    observedAt: shopStartAt + index * minute,
    celsius: 6,
  }));
  const state = foldReadings(readings, salmonBand);
  const condition = conditionOf(state, salmonBand, readings.at(-1)?.observedAt ?? 0);
  await shop.database.transaction((connection) =>
    shop.shipments.saveCondition(connection, {
      shipmentId: `${id}-shp`,
      seriesId: 1,
      state: {},
      condition,
      observedAt: condition.lastAt,
      updatedAt: shop.clock.now(),
    }),
  );
}

type Refund = Extract<Action, { name: "refund-excursion" }>;
/** Lines 1 to 3 cost ¥80, ¥160 and ¥240. */
const refundOf = (id: string, lines: readonly number[], changes: Partial<Refund> = {}): Refund => ({
  name: "refund-excursion",
  orderId: id,
  shipmentId: `${id}-shp`,
  orderLineIds: lines.map((line) => `${id}-line-${line}`),
  amount: { amountMinor: lines.reduce((sum, line) => sum + line * 8_000, 0), currency: "CNY" },
  refundTo: "original-payment",
  ...changes,
});
const propose = (action: Action, actor: Actor = model) =>
  actions.propose({ actor, action, conversationId: null, evidenceRecordId: "evi-1" });
const decide = (approvalId: string, verdict: "grant" | "deny" = "grant", person = support) =>
  actions.decide({ approvalId, person, verdict, note: "" });
const refundsOf = async (id: string) => (await shop.orders.findOrder(id))?.refunds ?? [];

describe("a refund within the limit", () => {
  test("runs at once, and the order, the parcel's record, the receipt and the audit log show it", async () => {
    const id = await warmOrder();
    const proposal = await propose(refundOf(id, [1]));
    expect(proposal).toMatchObject({ decision: { verdict: "allow" }, approvalId: null });
    const [refund] = await refundsOf(id);
    expect(refund).toMatchObject({
      amount: { amountMinor: 8_000, currency: "CNY" },
      orderLineIds: [`${id}-line-1`],
      receiptId: proposal.receiptId,
      shipmentId: `${id}-shp`,
    });
    const receipt = await shop.guard.findReceipt(proposal.receiptId ?? "");
    expect(receipt?.effects.map(({ table }) => table)).toEqual(["refund", "shipment_note"]);
    expect(receipt?.effects[0]?.change).toContain("¥80.00 back to WeChat Pay");
    expect((await shop.shipments.notesOf(`${id}-shp`)).at(-1)).toMatchObject({ kind: "refund" });
    const { entries } = await shop.guard.audit({ limit: 3 });
    expect(entries.map(({ kind }) => kind)).toEqual(["receipt", "refund-instructed", "decision"]);
    expect(events).toEqual([{ kind: "order-changed", orderId: id, state: "shipped" }]);
  });

  test("asked again, also in another order of lines, answers the same receipt and pays once", async () => {
    const id = await warmOrder();
    const action = refundOf(id, [1, 2], { amount: { amountMinor: 20_000, currency: "CNY" } });
    const first = await propose(action);
    const second = await propose({ ...action, orderLineIds: action.orderLineIds.toReversed() }, customer);
    expect(second.receiptId).toBe(first.receiptId);
    expect(await refundsOf(id)).toHaveLength(1);
  });

  test("asked twenty times at once pays once", async () => {
    const id = await warmOrder();
    const proposals = await Promise.all(Array.from({ length: 20 }, () => propose(refundOf(id, [1]))));
    expect(new Set(proposals.map(({ receiptId }) => receiptId)).size).toBe(1);
    expect(await refundsOf(id)).toHaveLength(1);
  });

  test("cannot be split to stay below the limit", async () => {
    const id = await warmOrder();
    expect((await propose(refundOf(id, [2]))).decision.verdict).toBe("allow");
    expect((await propose(refundOf(id, [1]))).decision.verdict).toBe("needs-approval");
  });

  test.each<[string, string, Parameters<typeof warmOrder>[0]]>([
    ["was not too long", "within-permitted-time", { minutes: 30 }],
    [
      "happened in other hands",
      "not-in-our-care",
      {
        legs: [
          { isOurs: true, beganAt: shopStartAt, endedAt: shopStartAt + 20 * minute },
          { isOurs: false, beganAt: shopStartAt + 20 * minute, endedAt: null },
        ],
      },
    ],
  ])("is denied when the excursion %s", async (_, code, options) => {
    const id = await warmOrder(options);
    expect((await propose(refundOf(id, [1]))).decision).toMatchObject({ verdict: "deny", code });
    expect(await refundsOf(id)).toEqual([]);
  });

  test("is denied without readings", async () => {
    orderCount += 1;
    await addOrder(shop, { id: `ord-${orderCount}` });
    const decision = (await propose(refundOf(`ord-${orderCount}`, [1]))).decision;
    expect(decision).toMatchObject({ verdict: "deny", code: "no-evidence" });
  });

  test("of somebody else reads like one that does not exist, before and after it was paid", async () => {
    const id = await warmOrder();
    const before = await propose(refundOf(id, [1]), stranger);
    expect(before.decision).toMatchObject({ verdict: "deny", code: "not-found" });
    await propose(refundOf(id, [1]));
    const after = await propose(refundOf(id, [1]), stranger);
    const none = await propose(refundOf("ord-none", [1]), stranger);
    expect(after.decision).toEqual(before.decision);
    expect(none.decision).toEqual(before.decision);
    expect([after.receiptId, after.approvalId]).toEqual([null, null]);
  });
});

describe("a refund above the limit", () => {
  test("waits, says what a person must know, and runs once when granted", async () => {
    const id = await warmOrder();
    const proposal = await propose(refundOf(id, [3]));
    expect(proposal).toMatchObject({
      decision: { verdict: "needs-approval", level: "support" },
      receiptId: null,
    });
    expect(await refundsOf(id)).toEqual([]);
    const approval = await shop.guard.findApproval(proposal.approvalId ?? "");
    expect(approval?.summary.en).toBe(
      `Refund ¥240.00 for Salmon fillet 500 g × 3 of order N-${id}: 52 min outside the temperature band in our care, 30 min permitted.`,
    );
    expect(approval?.summary.zh).toContain("三文鱼柳 500 克 × 3");
    expect(approval?.evidenceRecordId).toBe("evi-1");
    expect((await propose(refundOf(id, [3]))).approvalId).toBe(proposal.approvalId);
    const granted = await decide(proposal.approvalId ?? "");
    expect(granted.approval).toMatchObject({
      state: "executed",
      receiptId: granted.receipt?.id,
      decidedBy: "user-1",
    });
    expect(await decide(proposal.approvalId ?? "")).toEqual(granted);
    expect((await propose(refundOf(id, [3]))).receiptId).toBe(granted.receipt?.id);
    expect(await refundsOf(id)).toHaveLength(1);
    expect(events.map((event) => ("state" in event ? event.state : ""))).toEqual([
      "waiting",
      "shipped",
      "executed",
    ]);
  });

  test("granted ten times at once runs once", async () => {
    const id = await warmOrder();
    const { approvalId } = await propose(refundOf(id, [3]));
    const answers = await Promise.allSettled(Array.from({ length: 10 }, () => decide(approvalId ?? "")));
    const receipts = answers.flatMap((one) => (one.status === "fulfilled" ? [one.value.receipt?.id] : []));
    expect(new Set(receipts).size).toBe(1);
    for (const answer of answers)
      if (answer.status === "rejected") expect(answer.reason).toMatchObject({ code: "approval-used" });
    expect(await refundsOf(id)).toHaveLength(1);
  });

  test("denied is denied, and asking again within a day answers the same", async () => {
    const id = await warmOrder();
    const { approvalId } = await propose(refundOf(id, [3]));
    const denied = await decide(approvalId ?? "", "deny");
    expect(denied).toMatchObject({ approval: { state: "denied" }, receipt: null });
    expect(await decide(approvalId ?? "", "deny")).toEqual(denied);
    await expect(decide(approvalId ?? "")).rejects.toMatchObject({ code: "approval-used" });
    expect(await propose(refundOf(id, [3]))).toMatchObject({
      decision: { verdict: "deny", code: "denied-by-person" },
      approvalId,
    });
    shop.clock.advance(25 * hour);
    expect((await propose(refundOf(id, [3]))).decision.verdict).toBe("needs-approval");
  });

  test("fails with its reason when the state has changed since, and nothing is paid", async () => {
    const id = await warmOrder();
    const { approvalId } = await propose(refundOf(id, [3]));
    await propose(refundOf(id, [1, 3], { amount: { amountMinor: 9_000, currency: "CNY" } }));
    const failed = await decide(approvalId ?? "");
    expect(failed).toMatchObject({ approval: { state: "failed" }, receipt: null });
    expect(failed.approval.note).toContain("An item was refunded before. 有商品此前已退款。");
    expect(await refundsOf(id)).toHaveLength(1);
  });

  test("fails when the effect itself is refused, and leaves no half of it", async () => {
    const id = await warmOrder();
    const payments = {
      refund: async () => {
        const { DomainError } = await import("../platform/errors.ts");
        throw new DomainError("engine-unavailable", { en: "The bank is closed.", zh: "银行休息。" });
      },
    };
    const withoutBank = createActions({ ...shop, payments });
    const { approvalId } = await propose(refundOf(id, [3]));
    const failed = await withoutBank.decide({
      approvalId: approvalId ?? "",
      person: support,
      verdict: "grant",
      note: "ok",
    });
    expect(failed).toMatchObject({ approval: { state: "failed" }, receipt: null });
    expect(failed.approval.note).toContain("The bank is closed.");
    expect(await refundsOf(id)).toEqual([]);
    expect((await shop.guard.proveAudit()).firstBrokenSequence).toBeNull();
  });

  test("is nobody's to grant without the role, after its time, or unknown", async () => {
    const id = await warmOrder();
    const { approvalId } = await propose(refundOf(id, [3]));
    await expect(decide(approvalId ?? "", "grant", viewer)).rejects.toMatchObject({ code: "not-allowed" });
    await expect(decide("apr_none")).rejects.toMatchObject({ code: "not-found" });
    shop.clock.advance(24 * hour);
    await expect(decide(approvalId ?? "")).rejects.toMatchObject({ code: "approval-expired" });
    expect(await actions.expire()).toContain(approvalId);
    expect(events).toContainEqual({ kind: "approval-changed", approvalId, state: "expired" });
  });

  test("granted by two clicks at once runs once, and both answer the receipt", async () => {
    const id = await warmOrder();
    const { approvalId } = await propose(refundOf(id, [3]));
    const [first, second] = await Promise.all([decide(approvalId ?? ""), decide(approvalId ?? "")]);
    expect(first.receipt).not.toBeNull();
    expect(second.receipt?.id).toBe(first.receipt?.id);
    expect(await refundsOf(id)).toHaveLength(1);
  });

  test("altered in the store is refused and pays nothing", async () => {
    const id = await warmOrder();
    const { approvalId } = await propose(refundOf(id, [3]));
    await shop.query(
      `update approval set action = jsonb_set(action, '{orderLineIds}', '["${id}-line-1"]') where id = '${approvalId}'`,
    );
    await expect(decide(approvalId ?? "")).rejects.toMatchObject({ code: "approval-altered" });
    expect(await refundsOf(id)).toEqual([]);
  });
});

describe("other actions", () => {
  test("a pending order is cancelled: payments voided or paid back, a parcel not yet sent cancelled", async () => {
    const id = await warmOrder({
      state: "pending",
      shipmentState: "ready",
      payments: ["captured", "authorized"],
    });
    const action: Action = { name: "cancel-order", orderId: id, reason: "no-longer-needed" };
    const proposal = await propose(action);
    expect(proposal.decision.verdict).toBe("allow");
    const order = await shop.orders.findOrder(id);
    expect(order).toMatchObject({
      state: "cancelled",
      refunds: [{ amount: { amountMinor: 40_000 }, reason: "order-cancelled" }],
    });
    expect(order?.payments.map(({ state }) => state)).toEqual(["captured", "voided"]);
    expect((await shop.shipments.findShipment(`${id}-shp`))?.state).toBe("cancelled");
    expect((await propose(action)).receiptId).toBe(proposal.receiptId);
  });

  test("an order on its way is not cancelled", async () => {
    const id = await warmOrder();
    const { decision } = await propose({ name: "cancel-order", orderId: id, reason: "ordered-by-mistake" });
    expect(decision).toMatchObject({ verdict: "deny", code: "state-forbids" });
  });

  test("a conversation is handed off by its customer, as often as it comes back", async () => {
    desk.set("con-1", { id: "con-1", customerId: "cus-1", state: "open" });
    const action: Action = { name: "hand-off", conversationId: "con-1", reason: "asked for a person" };
    expect((await propose(action, stranger)).decision).toMatchObject({ verdict: "deny", code: "not-found" });
    expect(desk.get("con-1")?.state).toBe("open");
    const first = await propose(action);
    expect(desk.get("con-1")?.state).toBe("waiting-for-person");
    expect(events.at(-1)).toEqual({ kind: "conversation-changed", conversationId: "con-1" });
    desk.set("con-1", { id: "con-1", customerId: "cus-1", state: "open" });
    const second = await propose(action);
    expect(second.receiptId).not.toBe(first.receiptId);
    expect(desk.get("con-1")?.state).toBe("waiting-for-person");
    const { entries } = await shop.guard.audit({ limit: 4 });
    expect(JSON.stringify(entries)).not.toContain("asked for a person");
  });

  test("arguments of the wrong shape are refused before anything is looked at", async () => {
    const broken = {
      name: "refund-excursion",
      orderId: "ord-1",
      amount: { amountMinor: 1.5 },
    } as unknown as Action;
    await expect(propose(broken)).rejects.toMatchObject({ code: "invalid-input" });
  });
});

describe("whatever is asked, granted, denied, replayed, altered or left to expire", () => {
  const aProposal = fc.record({
    do: fc.constant("propose" as const),
    lines: fc.uniqueArray(fc.integer({ min: 1, max: 3 }), { minLength: 1 }),
    cut: fc.integer({ min: -1_000, max: 9_000 }),
    isStranger: fc.integer({ min: 0, max: 6 }).map((value) => value === 0),
  });
  const grant = fc.record({ do: fc.constant("grant" as const), pick: fc.nat(20) });
  const other = fc.record({ do: fc.constantFrom("deny" as const, "alter" as const), pick: fc.nat(20) });
  const wait = fc.record({ do: fc.constant("wait" as const), hours: fc.constantFrom(1, 1, 25) });
  const expire = fc.record({ do: fc.constant("expire" as const) });
  const step = fc.oneof(
    { weight: 5, arbitrary: aProposal },
    { weight: 4, arbitrary: grant },
    { weight: 1, arbitrary: other },
    { weight: 1, arbitrary: wait },
    { weight: 1, arbitrary: expire },
  );
  type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

  interface Story {
    readonly id: string;
    readonly approvals: string[];
    readonly altered: Set<string>;
    /** Receipts that the guard's own allow, or a grant of what was not altered, led to. */
    readonly permitted: Set<string>;
  }

  async function take(story: Story, one: Step): Promise<void> {
    if (one.do === "wait") shop.clock.advance(one.hours * hour);
    else if (one.do === "expire") await actions.expire();
    else if (one.do === "propose") await ask(story, one);
    else if (story.approvals.length > 0)
      await answer(story, story.approvals[one.pick % story.approvals.length] ?? "", one.do);
  }

  async function ask(story: Story, one: Extract<Step, { do: "propose" }>): Promise<void> {
    const action = refundOf(story.id, one.lines);
    const amountMinor = Math.max(1, action.amount.amountMinor - one.cut);
    const asked = { ...action, amount: { ...action.amount, amountMinor } };
    const proposal = await propose(asked, one.isStranger ? stranger : model);
    if (one.isStranger) expect([proposal.receiptId, proposal.approvalId]).toEqual([null, null]);
    if (proposal.receiptId !== null && proposal.approvalId === null) story.permitted.add(proposal.receiptId);
    if (proposal.approvalId !== null) story.approvals.push(proposal.approvalId);
  }

  async function answer(story: Story, approvalId: string, word: "grant" | "deny" | "alter"): Promise<void> {
    if (word === "alter") {
      story.altered.add(approvalId);
      const change = `jsonb_set(action, '{amount,amountMinor}', '1')`;
      await shop.query(`update approval set action = ${change} where id = '${approvalId}'`);
      return;
    }
    try {
      const { receipt } = await decide(approvalId, word);
      if (receipt === null) return;
      expect(story.altered).not.toContain(approvalId);
      story.permitted.add(receipt.id);
    } catch (error) {
      expect(["approval-used", "approval-expired", "approval-altered"]).toContain(
        (error as { code: string }).code,
      );
    }
  }

  const sumOf = (refunds: readonly { amount: { amountMinor: number } }[]): number =>
    refunds.reduce((sum, { amount }) => sum + amount.amountMinor, 0);

  async function judge(story: Story): Promise<number> {
    const order = await shop.orders.findOrder(story.id);
    const refunds = order?.refunds ?? [];
    const lines = refunds.flatMap(({ orderLineIds }) => orderLineIds);
    expect(new Set(lines).size).toBe(lines.length);
    for (const payment of order?.payments ?? [])
      expect(sumOf(refunds.filter(({ paymentId }) => paymentId === payment.id))).toBeLessThanOrEqual(
        payment.amountMinor,
      );
    let allowedMinor = 0;
    for (const refund of refunds) {
      expect(story.permitted).toContain(refund.receiptId);
      const own = order?.lines.filter((line) => refund.orderLineIds.includes(line.id)) ?? [];
      const costMinor = own.reduce((sum, line) => sum + line.units * line.unitPriceMinor, 0);
      expect(refund.amount.amountMinor).toBeLessThanOrEqual(costMinor);
      const receipt = await shop.guard.findReceipt(refund.receiptId);
      if (receipt?.approvalId === null) allowedMinor += refund.amount.amountMinor;
    }
    expect(allowedMinor).toBeLessThanOrEqual(20_000);
    return refunds.length;
  }

  test("a line is refunded at most once, never above what was paid, never without the guard's or a person's word", async () => {
    let refundCount = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 20 }), async (steps) => {
        const story: Story = {
          id: await warmOrder(),
          approvals: [],
          altered: new Set(),
          permitted: new Set(),
        };
        for (const one of steps) await take(story, one);
        refundCount += await judge(story);
        expect((await shop.guard.proveAudit()).firstBrokenSequence).toBeNull();
      }),
      { numRuns: 40 },
    );
    // Some twenty by chance; only a run in which nearly nothing was paid would prove nothing.
    expect(refundCount).toBeGreaterThan(3);
  }, 120_000);
});
