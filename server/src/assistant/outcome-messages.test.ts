import type { LiveEvent, Message } from "@waremind/contract";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { type AskedShop, type CustomerId, openAskedShop } from "../../../tests/support/asked-shop.ts";
import { openTestDatabase } from "../../../tests/support/database.ts";
import { createCatalog } from "../catalog/index.ts";
import { checkText, createEvidenceRecords } from "../evidence/index.ts";
import { createActions } from "../flows/act.ts";
import { createOutcomeMessages } from "./outcome-messages.ts";

const hour = 3_600_000;
const mei = { kind: "person" as const, userId: "u1", name: "Mei", roles: ["owner"] };
const opened: AskedShop[] = [];
let shop: AskedShop;
let events: LiveEvent[] = [];

beforeEach(async () => {
  const database = await openTestDatabase();
  const evidenceRecords = createEvidenceRecords({ database });
  shop = await openAskedShop({ database, checkText, evidenceRecords });
  opened.push(shop);
  events = [];
  shop.deps.bus.subscribe((event) => events.push(event));
});
afterAll(async () => {
  for (const each of opened) await each.database.close();
});

interface Waiting {
  readonly conversationId: string;
  readonly approvalId: string;
}

/** Anna asks ¥420.00 back for her salmon: above the limit, so it waits. */
async function askForRefund(language: "en" | "zh" = "en"): Promise<Waiting> {
  const [question, yes] =
    language === "en" ? ["refund WM-10004", "yes please"] : ["订单 WM-10004 我要退款", "好的，提交吧"];
  const first = await ask("anna", question);
  const second = await ask("anna", yes, first.conversationId);
  const approvalId = second.answer.proposals[0]?.approvalId ?? "";
  expect(approvalId).not.toBe("");
  return { conversationId: first.conversationId, approvalId };
}

const ask = (who: CustomerId, text: string, conversationId?: string) =>
  shop
    .assistant()
    .answerQuestion(shop.session(who), { text, ...(conversationId === undefined ? {} : { conversationId }) });

const decide = (approvalId: string, verdict: "grant" | "deny", actions = shop.actions) =>
  actions.decide({ approvalId, person: mei, verdict, note: "known fraudster, see file" });

/** As if the process stopped after each commit. */
function withoutMessages() {
  const { bus } = shop.deps;
  return createActions({ ...shop, bus, catalog: createCatalog(shop) });
}

/** What came after the answer that said it waits. */
async function newsIn(conversationId: string): Promise<readonly Message[]> {
  const messages = (await shop.conversations.find(conversationId))?.messages ?? [];
  return messages.slice(messages.findIndex(({ proposals }) => proposals.length > 0) + 1);
}

async function onlyNews(conversationId: string): Promise<Message> {
  const [message, ...more] = await newsIn(conversationId);
  expect(more).toEqual([]);
  if (message === undefined) throw new Error("The customer was told nothing.");
  return message;
}

describe("a refund that a person granted", () => {
  it("is told at once: amount, order, the payment it went to, the receipt, each shown by evidence", async () => {
    const { conversationId, approvalId } = await askForRefund();
    events = [];
    const { receipt } = await decide(approvalId, "grant");
    const message = await onlyNews(conversationId);
    expect(message).toMatchObject({
      author: "assistant",
      engine: { kind: "composer" },
      language: "en",
      outcome: "answered",
    });
    expect(message.text).toBe(
      `Your refund request was approved by a colleague. ¥420.00 for order WM-10004 has been refunded to WeChat Pay. Receipt number: ${receipt?.id}.`,
    );
    expect(message.proposals).toEqual([
      expect.objectContaining({
        approvalId,
        receiptId: receipt?.id,
        decision: expect.objectContaining({ verdict: "allow" }),
      }),
    ]);
    const record = await shop.deps.evidenceRecords.find(message.evidenceRecordId ?? "");
    expect(record?.text).toBe(message.text);
    const claims = record?.sentences.flatMap((sentence) => sentence.claims) ?? [];
    expect(claims.length).toBeGreaterThan(2);
    expect(claims.every(({ verdict }) => verdict === "supported")).toBe(true);
    expect(record?.facts.map(({ property }) => property)).toEqual(
      expect.arrayContaining(["refund-amount", "order-number", "paid-with", "receipt-number"]),
    );
    expect(await shop.conversations.ownsEvidence(message.evidenceRecordId ?? "", "anna")).toBe(true);
    expect(events).toContainEqual({ kind: "conversation-changed", conversationId });
  });

  it("is told in Chinese in a Chinese conversation", async () => {
    const { conversationId, approvalId } = await askForRefund("zh");
    const { receipt } = await decide(approvalId, "grant");
    const message = await onlyNews(conversationId);
    expect(message.language).toBe("zh");
    expect(message.text).toBe(
      `退款已批准。订单 WM-10004 已退款 ¥420.00，退回 WeChat Pay。回执编号：${receipt?.id}。`,
    );
  });

  it("is told once, however often it is decided and looked for, also at the same time", async () => {
    const { conversationId, approvalId } = await askForRefund();
    await Promise.all([decide(approvalId, "grant"), shop.outcomeMessages.tell()]);
    await decide(approvalId, "grant");
    await Promise.all([
      shop.outcomeMessages.tell(),
      shop.outcomeMessages.tell(),
      shop.outcomeMessages.tell(),
    ]);
    await onlyNews(conversationId);
  });

  it("is told later when the process stopped between the decision and the message", async () => {
    const { conversationId, approvalId } = await askForRefund();
    await decide(approvalId, "grant", withoutMessages());
    expect(await newsIn(conversationId)).toEqual([]);
    expect(await shop.outcomeMessages.tell()).toBe(1);
    await onlyNews(conversationId);
    expect(await shop.outcomeMessages.tell()).toBe(0);
  });

  it("is told although a person has the conversation, and leaves it with them", async () => {
    const { conversationId, approvalId } = await askForRefund();
    await shop.conversations.takeOver(conversationId, { userId: "u2", name: "Wei" });
    await decide(approvalId, "grant");
    await onlyNews(conversationId);
    expect(await shop.conversations.find(conversationId)).toMatchObject({
      state: "with-person",
      assignedTo: "u2",
    });
  });
});

describe("a refund that was not paid", () => {
  const paidNothing = async () =>
    expect((await shop.orders.findOrderByNumber("WM-10004"))?.refunds ?? []).toEqual([]);

  it.each([
    [
      "en",
      "About your refund request of ¥420.00 for order WM-10004: “A colleague looked at this request and declined it.” No refund was made. I can pass this to a colleague. Shall I?",
    ],
    [
      "zh",
      "关于订单 WM-10004 的退款申请（¥420.00）：“同事已查看该请求并予以拒绝。”没有退款。我可以把这件事转给人工同事。需要吗？",
    ],
  ] as const)(
    "is told plainly when a person said no (%s), without their note, and a person is offered",
    async (language, text) => {
      const { conversationId, approvalId } = await askForRefund(language);
      await decide(approvalId, "deny");
      const message = await onlyNews(conversationId);
      expect(message.text).toBe(text);
      expect(JSON.stringify(message)).not.toContain("fraudster");
      const record = await shop.deps.evidenceRecords.find(message.evidenceRecordId ?? "");
      expect(JSON.stringify(record)).not.toContain("fraudster");
      expect(message.proposals[0]?.decision.verdict).toBe("deny");
      await decide(approvalId, "deny");
      await onlyNews(conversationId);
      await ask("anna", language === "en" ? "yes" : "好的", conversationId);
      expect((await shop.conversations.find(conversationId))?.state).toBe("waiting-for-person");
      await paidNothing();
    },
  );

  it("voids an offer made before: a yes to the news asks for a person and for nothing else", async () => {
    const { conversationId, approvalId } = await askForRefund();
    await ask("anna", "is my salmon still good?", conversationId);
    await decide(approvalId, "deny");
    await ask("anna", "yes", conversationId);
    expect((await shop.conversations.find(conversationId))?.state).toBe("waiting-for-person");
  });

  it("is told when nobody decided in time, by the job that closes it", async () => {
    const { conversationId } = await askForRefund();
    shop.clock.advance(25 * hour);
    await shop.actions.expire();
    await shop.actions.expire();
    expect((await onlyNews(conversationId)).text).toBe(
      "About your refund request of ¥420.00 for order WM-10004: “Nobody decided this request in time.” No refund was made. I can pass this to a colleague. Shall I?",
    );
    await paidNothing();
  });

  it("is told when the grant failed its second check", async () => {
    const { conversationId, approvalId } = await askForRefund();
    await shop.database.transaction((connection) =>
      shop.orders.recordRefund(connection, {
        id: "ref_by_hand",
        orderId: "ord_WM-10004",
        shipmentId: null,
        paymentId: "pay_WM-10004",
        amount: { amountMinor: 42_000, currency: "CNY" },
        reason: "by hand",
        receiptId: "rcp_by_hand",
        orderLineIds: ["lin_WM-10004_salmon"],
      }),
    );
    const { approval } = await decide(approvalId, "grant");
    expect(approval.state).toBe("failed");
    const { text } = await onlyNews(conversationId);
    expect(text).toContain("no longer fitted the order");
    expect(text).toContain("Shall I?");
    expect(text).not.toContain("fraudster");
  });

  it("offers no person where one has the conversation already", async () => {
    const { conversationId, approvalId } = await askForRefund("zh");
    await shop.conversations.takeOver(conversationId, { userId: "u2", name: "Wei" });
    await decide(approvalId, "deny");
    expect((await onlyNews(conversationId)).text).toBe(
      "关于订单 WM-10004 的退款申请（¥420.00）：“同事已查看该请求并予以拒绝。”没有退款。",
    );
  });
});

it("waits for the answer that asked: an outcome never stands above it", async () => {
  const first = await ask("anna", "refund WM-10004");
  const order = await shop.orders.findOrderByNumber("WM-10004");
  // What a model's tool call has asked for while its answer is still being written.
  const { approvalId } = await shop.actions.propose({
    actor: { kind: "model", customerId: "anna", sessionId: "ses_anna", engine: "recorded" },
    action: {
      name: "refund-excursion",
      orderId: "ord_WM-10004",
      shipmentId: "shp_WM-10004",
      orderLineIds: order?.lines.map(({ id }) => id) ?? [],
      amount: { amountMinor: 42_000, currency: "CNY" },
      refundTo: "original-payment",
    },
    conversationId: first.conversationId,
    evidenceRecordId: null,
  });
  const countMessages = async () => (await shop.conversations.find(first.conversationId))?.messages.length;
  await decide(approvalId ?? "", "grant");
  expect(await countMessages()).toBe(2);
  shop.clock.advance(2 * 60_000);
  expect(await shop.outcomeMessages.tell()).toBe(1);
  expect(await countMessages()).toBe(3);
});

it("tells what can be told when one outcome cannot", async () => {
  const { conversationId, approvalId } = await askForRefund();
  const other = await ask("victim", "refund WM-66001");
  const yes = await ask("victim", "yes please", other.conversationId);
  await decide(yes.answer.proposals[0]?.approvalId ?? "", "deny", withoutMessages());
  await decide(approvalId, "deny", withoutMessages());
  const messages = createOutcomeMessages({
    ...shop.deps,
    guard: shop.guard,
    orders: {
      findOrder: async (id) => {
        if (id === "ord_WM-66001") throw new Error("The row cannot be read.");
        return shop.orders.findOrder(id);
      },
    },
  });
  expect(await messages.tell()).toBe(1);
  await onlyNews(conversationId);
  expect(await newsIn(other.conversationId)).toEqual([]);
  expect(await shop.outcomeMessages.tell()).toBe(1);
  await onlyNews(other.conversationId);
});
