import type { Answer, EvidenceRecord, LiveEvent } from "@waremind/contract";
import { MockLanguageModelV4 } from "ai/test";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type AskedShop, type CustomerId, noon, openAskedShop } from "../../../tests/support/asked-shop.ts";
import { openTestDatabase } from "../../../tests/support/database.ts";
import { checkText, createEvidenceRecords } from "../evidence/index.ts";
import { createModelGateway, type ModelGateway } from "../language/index.ts";
import { messagesShownMax } from "./conversations.ts";

/** Shared by the tests that only read; a test that refunds, cancels or moves the clock opens its own. */
let shared: AskedShop;
let shop: AskedShop;
const opened: AskedShop[] = [];

async function openShop(): Promise<AskedShop> {
  const database = await openTestDatabase();
  const made = await openAskedShop({
    database,
    checkText,
    evidenceRecords: createEvidenceRecords({ database }),
  });
  opened.push(made);
  return made;
}

const inOwnShop = async (): Promise<void> => {
  shop = await openShop();
};

beforeAll(async () => {
  shared = await openShop();
});
beforeEach(() => {
  shop = shared;
});
afterAll(async () => {
  for (const each of opened) await each.database.close();
});

interface Asking {
  readonly who?: CustomerId;
  readonly model?: ModelGateway;
  readonly in?: string;
}

const ask = (text: string, { who = "lin", model, in: conversationId }: Asking = {}): Promise<Answer> =>
  shop
    .assistant(model)
    .answerQuestion(shop.session(who), { text, ...(conversationId === undefined ? {} : { conversationId }) });

async function talk(lines: readonly string[], asking: Asking = {}): Promise<readonly Answer[]> {
  const answers: Answer[] = [];
  for (const line of lines) {
    const before = answers.at(-1)?.conversationId ?? asking.in;
    answers.push(await ask(line, { ...asking, ...(before === undefined ? {} : { in: before }) }));
  }
  return answers;
}

async function evidenceOf({ answer }: Answer): Promise<EvidenceRecord> {
  const record = await shop.deps.evidenceRecords.find(answer.evidenceRecordId ?? "");
  if (record === null) throw new Error("The answer has no evidence.");
  return record;
}

interface ModelTurn {
  readonly calls?: readonly (readonly [string, object])[];
  readonly text?: string;
}

/** A recorded model: says its turns in order, the last one again and again; `prompts` is all that it was shown. */
function recorded(turns: readonly ModelTurn[], prompts: string[] = []): ModelGateway {
  let step = 0;
  return createModelGateway({
    languageModel: new MockLanguageModelV4({
      modelId: "recorded",
      doGenerate: async ({ prompt }) => {
        prompts.push(JSON.stringify(prompt));
        const turn = turns[Math.min(step, turns.length - 1)] ?? {};
        step += 1;
        const calls = turn.calls ?? [];
        return {
          content:
            calls.length > 0
              ? calls.map(([toolName, input], index) => ({
                  type: "tool-call" as const,
                  toolCallId: `call-${step}-${index}`,
                  toolName,
                  input: JSON.stringify(input),
                }))
              : [{ type: "text" as const, text: turn.text ?? "" }],
          finishReason: {
            unified: calls.length > 0 ? ("tool-calls" as const) : ("stop" as const),
            raw: undefined,
          },
          usage: {
            inputTokens: { total: 50, noCache: 50, cacheRead: undefined, cacheWrite: undefined },
            outputTokens: { total: 20, text: 20, reasoning: undefined },
          },
          warnings: [],
        };
      },
    }),
  });
}

describe("the salmon story", () => {
  it("cites the readings, the order and the clause, and asks before it asks for money", async () => {
    const [cold] = await talk(["三文鱼还能吃吗？"]);
    expect(cold?.answer.text).toContain("47 分钟");
    expect(cold?.answer.text).toContain("上限 30 分钟");
    expect(cold?.answer.text).toContain("9.8 °C");
    expect(cold?.answer.text).toContain("11月21日09:28");
    expect(cold?.answer.text).toContain("WM-10001");
    expect(cold?.answer.text).toContain("《冷链异常退款》");
    expect(cold?.answer.text).toContain("请不要食用");
    expect(cold?.answer.text).toContain("¥168.00");
    expect(cold?.answer.engine).toEqual({ kind: "composer", name: "Waremind composer (rule-based)" });
    expect(cold?.answer.proposals).toEqual([]);
    if (cold === undefined) return;
    const record = await evidenceOf(cold);
    const duration = record.facts.find(({ property }) => property === "excursion-duration");
    expect(duration?.source).toMatchObject({ kind: "series", deviceName: "logger-7", key: "temperature" });
    if (duration?.source.kind !== "series") throw new Error("The excursion rests on no series.");
    const peak = record.facts.find(({ property }) => property === "excursion-peak");
    expect(duration.source.markedAt).toContain(peak?.observedAt);
    expect(record.facts.some(({ source }) => source.kind === "clause")).toBe(true);
    expect(
      record.sentences.flatMap(({ claims }) => claims).every(({ verdict }) => verdict !== "unsupported"),
    ).toBe(true);
    expect(record.withheld).toEqual([]);
  });

  it("refunds within the limit on the customer's yes, once, and gives the receipt", async () => {
    await inOwnShop();
    const answers = await talk(["Is my salmon still good to eat?", "yes please", "yes please"]);
    const done = answers[1]?.answer;
    expect(done?.proposals).toHaveLength(1);
    const receiptId = done?.proposals[0]?.receiptId;
    expect(receiptId).toBeTruthy();
    expect(done?.text).toContain("¥168.00");
    expect(done?.text).toContain(receiptId);
    expect(answers[2]?.answer.proposals).toEqual([]);
    const order = await shop.orders.findOrderByNumber("WM-10001");
    expect(order?.refunds.map(({ amount, receiptId: id }) => [amount.amountMinor, id])).toEqual([
      [16_800, receiptId],
    ]);
    expect(order?.refunds[0]?.orderLineIds).toEqual(["lin_WM-10001_salmon"]);
  });

  it("sends a refund above the limit to a person with the answer that cites the readings, and says that it waits", async () => {
    await inOwnShop();
    const [offer, done] = await talk(["I want my money back for the salmon", "ok, go ahead"], {
      who: "anna",
    });
    const [proposal] = done?.answer.proposals ?? [];
    expect(proposal?.decision.verdict).toBe("needs-approval");
    expect(done?.answer.text).toContain("waiting for approval");
    expect(done?.answer.text).toContain(proposal?.approvalId);
    expect(done?.answer.text).not.toContain("has been refunded");
    const approval = await shop.guard.findApproval(proposal?.approvalId ?? "");
    expect(approval?.evidenceRecordId).toBe(offer?.answer.evidenceRecordId);
    const record = offer === undefined ? undefined : await evidenceOf(offer);
    expect(record?.sentences.some(({ text }) => text.includes("minutes"))).toBe(true);
    expect(record?.facts.some(({ property }) => property === "excursion-duration")).toBe(true);
    expect((await shop.orders.findOrderByNumber("WM-10004"))?.refunds).toEqual([]);
  });

  it("says the reason and the clause when the guard refuses", async () => {
    await inOwnShop();
    const [, first] = await talk(["refund WM-10004", "yes"], { who: "anna" });
    await shop.actions.decide({
      approvalId: first?.answer.proposals[0]?.approvalId ?? "",
      person: { kind: "person", userId: "u1", name: "Mei", roles: ["owner"] },
      verdict: "deny",
      note: "not ours",
    });
    const [, denied] = await talk(["refund WM-10004", "yes"], { who: "anna" });
    expect(denied?.answer.proposals[0]?.decision.verdict).toBe("deny");
    expect(denied?.answer.text).toContain("declined");
    expect(denied?.answer.text).toContain("could not do that");
  });
});

describe("a yes", () => {
  const isRefunded = async (): Promise<boolean> =>
    ((await shop.orders.findOrderByNumber("WM-10001"))?.refunds.length ?? 0) > 0;

  it.each([
    ["to another wish", "ok, cancel my order"],
    ["with another amount", "yes, refund 500"],
    ["to another order", "yes, for WM-10002"],
    ["with a condition", "yes, but only to my card"],
    ["that asks", "可以退吗"],
    ["after a question in between", "how much is the salmon"],
  ])("%s consents to nothing", async (_, reply) => {
    const answers = await talk(["refund WM-10001", reply]);
    expect(answers[1]?.answer.proposals.filter(({ action }) => action.name === "refund-excursion")).toEqual(
      [],
    );
    if (reply.startsWith("how much")) await ask("yes", { in: answers[1]?.conversationId ?? "" });
    expect(await isRefunded()).toBe(false);
  });

  it("half an hour later consents to nothing", async () => {
    await inOwnShop();
    const [first] = await talk(["refund WM-10001"]);
    shop.clock.advance(31 * 60_000);
    await ask("yes", { in: first?.conversationId ?? "" });
    expect(await isRefunded()).toBe(false);
  });

  it("with the amount and the order said again is a yes", async () => {
    await inOwnShop();
    await talk(["refund WM-10001", "yes, refund ¥168.00 for WM-10001"]);
    expect(await isRefunded()).toBe(true);
  });

  it("in another conversation consents to nothing", async () => {
    await talk(["refund WM-10001"]);
    await talk(["yes"]);
    expect(await isRefunded()).toBe(false);
  });

  it("cancels a pending order with its reason", async () => {
    await inOwnShop();
    const answers = await talk(["取消WM-10003，我下错单了", "确认"]);
    expect(answers[0]?.answer.text).toContain("下错单");
    expect(answers[1]?.answer.proposals[0]).toMatchObject({
      action: { name: "cancel-order", reason: "ordered-by-mistake" },
      decision: { verdict: "allow" },
    });
    expect((await shop.orders.findOrderByNumber("WM-10003"))?.state).toBe("cancelled");
  });
});

describe("a conversation", () => {
  it("asks which order is meant, and understands the answer and 'the other one'", async () => {
    const [which, shrimp, other] = await talk(["Was it kept cold?", "the shrimp", "and the other one?"]);
    expect(which?.answer.outcome).toBe("clarifying");
    expect(which?.answer.text).toContain("WM-10001");
    expect(which?.answer.text).toContain("WM-10002");
    expect(shrimp?.answer.text).toContain("WM-10002");
    expect(shrimp?.answer.text).toContain("1.8 °C");
    expect(other?.answer.text).toContain("WM-10001");
    expect(other?.answer.text).toContain("9.8 °C");
  });

  it("begins with the order that the customer proved themselves by", async () => {
    const assistant = shop.assistant();
    const session = { ...shop.session("lin"), provedBy: "order:WM-10002" };
    const first = await assistant.answerQuestion(session, { text: "Was it kept cold?" });
    expect(first.answer.text).toContain("WM-10002");
    expect(first.answer.outcome).toBe("answered");
    const second = await assistant.answerQuestion(session, {
      text: "and the other one?",
      conversationId: first.conversationId,
    });
    expect(second.answer.text).toContain("WM-10001");
  });

  it("answers several questions of one message in the customer's language", async () => {
    const [answer] = await talk(["WM-10002到哪了？还能吃吗？黑虎虾多少钱？"]);
    expect(answer?.answer.language).toBe("zh");
    expect(answer?.answer.text).toContain("正在运输途中");
    expect(answer?.answer.text).toContain("3.1 °C");
    expect(answer?.answer.text).toContain("¥128.00");
  });

  it("tells the age of a reading that has grown old", async () => {
    await inOwnShop();
    shop.clock.advance(3 * 3_600_000);
    const [answer] = await talk(["was WM-10002 kept cold?"]);
    expect(answer?.answer.text).toContain("3 hours ago");
    expect(answer?.answer.outcome).toBe("answered");
  });

  it("belongs to its customer, whoever knows its number", async () => {
    const { conversationId, answer } = await ask("where is WM-10002?");
    await expect(ask("and?", { who: "anna", in: conversationId })).rejects.toMatchObject({
      code: "not-found",
    });
    await expect(ask("and?", { in: "cnv_unknown" })).rejects.toMatchObject({ code: "not-found" });
    expect(await shop.conversations.findForCustomer(conversationId, "anna")).toBeNull();
    const own = await shop.conversations.findForCustomer(conversationId, "lin");
    expect(own?.messages.map(({ author }) => author)).toEqual(["customer", "assistant"]);
    expect(own?.messages.length).toBeLessThanOrEqual(messagesShownMax);
    expect(await shop.conversations.ownsEvidence(answer.evidenceRecordId ?? "", "lin")).toBe(true);
    expect(await shop.conversations.ownsEvidence(answer.evidenceRecordId ?? "", "anna")).toBe(false);
  });

  it("tells its observers after the answer is stored", async () => {
    const events: LiveEvent[] = [];
    shop.deps.bus.subscribe((event) => events.push(event));
    const { conversationId } = await ask("hello");
    expect(events.filter((event) => event.kind === "conversation-changed")).toEqual([
      { kind: "conversation-changed", conversationId },
      { kind: "conversation-changed", conversationId },
    ]);
  });

  it("is answered one question after another, and refuses a flood", async () => {
    const { conversationId } = await ask("hello");
    const assistant = shop.assistant();
    const outcomes = await Promise.allSettled(
      Array.from({ length: 7 }, (_, index) =>
        assistant.answerQuestion(shop.session("lin"), {
          text: `where is WM-1000${index + 1}`,
          conversationId,
        }),
      ),
    );
    const answered = outcomes.filter(({ status }) => status === "fulfilled");
    expect(answered.length).toBeGreaterThanOrEqual(4);
    expect(outcomes.filter(({ status }) => status === "rejected").length).toBeGreaterThan(0);
    const detail = await shop.conversations.find(conversationId);
    expect(detail?.messages.map(({ author }) => author)).toEqual(
      Array.from({ length: answered.length + 1 }, () => ["customer", "assistant"]).flat(),
    );
  });
});

describe("people", () => {
  const mei = { userId: "u1", name: "Mei" };
  const tom = { userId: "u2", name: "Tom" };

  it("get a conversation handed over, answer it in their name, and give it back", async () => {
    await inOwnShop();
    const { conversationId, answer } = await ask("转人工");
    expect(answer.outcome).toBe("handed-off");
    expect(await shop.conversations.countWaiting()).toBe(1);
    const [waiting] = await shop.conversations.list({ limit: 10, state: "waiting-for-person" });
    expect(waiting).toMatchObject({ id: conversationId, customerName: "林悦", messageCount: 2 });

    expect((await shop.conversations.takeOver(conversationId, mei)).state).toBe("with-person");
    await expect(shop.conversations.takeOver(conversationId, tom)).rejects.toMatchObject({
      code: "conflict",
    });
    const reply = await shop.conversations.reply(conversationId, mei, "您好，我来处理。");
    expect(reply).toMatchObject({ author: "person", engine: { kind: "person", name: "Mei" } });

    const during = await ask("三文鱼还能吃吗？", { in: conversationId });
    expect(during.answer.author).toBe("system");
    const detail = await shop.conversations.find(conversationId);
    expect(detail?.messages.map(({ author }) => author)).toEqual([
      "customer",
      "assistant",
      "person",
      "customer",
    ]);
    expect(detail?.state).toBe("with-person");

    expect((await shop.conversations.handBack(conversationId, mei)).state).toBe("open");
    expect((await ask("三文鱼还能吃吗？", { in: conversationId })).answer.author).toBe("assistant");
    expect((await shop.conversations.markSolved(conversationId, mei)).state).toBe("solved");
    await ask("还有一个问题，蓝莓多少钱", { in: conversationId });
    expect((await shop.conversations.find(conversationId))?.state).toBe("open");
  });

  it("who take a conversation over while an answer is written have the word", async () => {
    const { conversationId } = await ask("hello");
    const model = recorded([{ text: "Hello again." }]);
    const slow: ModelGateway = {
      ...model,
      converse: async (input) => {
        await shop.conversations.takeOver(conversationId, mei);
        return model.converse(input);
      },
    };
    const { answer } = await ask("are you there?", { in: conversationId, model: slow });
    expect(answer.author).toBe("system");
    expect((await shop.conversations.find(conversationId))?.messages.at(-1)?.author).toBe("customer");
  });
});

describe("a model", () => {
  const condition: ModelTurn = { calls: [["shipmentCondition", { reference: "WM-10001" }]] };

  it("answers from facts, labelled with its name", async () => {
    const truth = "During transport the temperature was above 4.0 °C for 47 minutes. Please do not eat it.";
    const { answer } = await ask("is my salmon ok?", { model: recorded([condition, { text: truth }]) });
    expect(answer.text).toBe(truth);
    expect(answer.engine).toEqual({ kind: "model", name: "recorded" });
  });

  const lies: readonly (readonly [string, string, string, RegExp])[] = [
    ["a temperature", "is my salmon ok?", "The highest temperature was 3.9 °C.", /3\.9/],
    ["a temperature", "三文鱼还能吃吗？", "最高温度只有 3.9 °C。", /3\.9/],
    ["a limit", "is my salmon ok?", "It was above 4.0 °C for 47 minutes, the limit is 60 minutes.", /60/],
    ["a duration", "三文鱼还能吃吗？", "超温只有五分钟，没有问题。", /五分钟/],
    ["a date", "when was WM-10001 delivered?", "It was delivered on 19 November at 08:00.", /19 November/],
    ["a date", "WM-10001什么时候送达的？", "您的包裹已于十一月十九日送达。", /十九日/],
    ["a count", "how many orders do I have?", "You have 12 orders with us.", /12/],
    ["a count", "我有几个订单？", "您一共有十二个订单。", /十二/],
    ["a refund", "I want my money back", "I have refunded ¥168.00 to your WeChat Pay.", /refunded/],
    ["a refund", "我要退款", "我已经为您退款168元。", /已经为您退款/],
    ["a promise", "I want my money back", "We will refund you tomorrow, I promise.", /tomorrow/],
    ["a promise", "我要退款", "明天我们会把钱退给您。", /明天/],
    [
      "that it is safe",
      "is my salmon ok?",
      "Your salmon stayed within range, it is perfectly safe to eat.",
      /safe/,
    ],
    ["that it is safe", "三文鱼还能吃吗？", "全程温度都在范围内，可以放心食用。", /放心/],
  ];
  it.each(lies)("that lies about %s (%j) is stopped", async (_, question, lie, trace) => {
    const calls: ModelTurn = {
      calls: [
        ["findOrders", {}],
        ["shipmentCondition", { reference: "WM-10001" }],
        ["policyClauses", { topic: "refund" }],
      ],
    };
    const told = await ask(question, { model: recorded([calls, { text: lie }]) });
    expect(told.answer.text).not.toMatch(trace);
    expect(told.answer.text.length).toBeGreaterThan(0);
    const record = await evidenceOf(told);
    expect(record.withheld.map(({ text }) => text).join(" ")).toMatch(trace);
    expect(record.text).not.toMatch(trace);
  });

  it("that mends its draft is heard", async () => {
    const prompts: string[] = [];
    const mended = "The highest temperature was 9.8 °C.";
    const { answer } = await ask("how warm did WM-10001 get?", {
      model: recorded(
        [condition, { text: "The highest temperature was 3.9 °C." }, { text: mended }],
        prompts,
      ),
    });
    expect(answer.text).toBe(mended);
    expect(answer.engine?.kind).toBe("model");
    expect(prompts.at(-1)).toContain("not supported");
    expect(prompts.at(-1)).toContain("3.9");
  });

  it("that lies in one sentence of two loses that sentence", async () => {
    const { answer } = await ask("how warm did WM-10001 get?", {
      model: recorded([
        condition,
        { text: "The highest temperature was 9.8 °C. The logger is 14 years old." },
      ]),
    });
    expect(answer.text).toBe("The highest temperature was 9.8 °C.");
  });

  it("cannot act without the customer's yes, whatever it calls", async () => {
    const greedy = recorded([
      {
        calls: [
          ["proposeRefund", { reference: "WM-10001" }],
          ["proposeRefund", { reference: "WM-10001", confirmed: true }],
          ["proposeCancel", { reference: "WM-10003", reason: "no-longer-needed" }],
        ],
      },
      { text: "All done." },
    ]);
    const { answer } = await ask("hello", { model: greedy });
    expect(answer.proposals).toEqual([]);
    expect((await shop.orders.findOrderByNumber("WM-10001"))?.refunds).toEqual([]);
    expect((await shop.orders.findOrderByNumber("WM-10003"))?.state).toBe("pending");
  });

  it("asks its question word for word and acts on the yes, in the model's name", async () => {
    await inOwnShop();
    const refund: ModelTurn = { calls: [["proposeRefund", { reference: "WM-10001" }]] };
    const asked = await ask("money back please", { model: recorded([refund, { text: "Let me see." }]) });
    expect(asked.answer.text).toContain("¥168.00");
    expect(asked.answer.text).toContain("Shall I?");
    expect(asked.answer.outcome).toBe("clarifying");
    const done = await ask("yes", {
      in: asked.conversationId,
      model: recorded([refund, { text: "It is done." }]),
    });
    const [proposal] = done.answer.proposals;
    expect(proposal?.receiptId).toBeTruthy();
    expect(done.answer.text).toContain(proposal?.receiptId);
    const { entries } = await shop.guard.audit({ limit: 10 });
    expect(entries.some(({ actor }) => actor.kind === "model" && actor.engine === "recorded")).toBe(true);
  });

  it("never sees who the customer is or where they live", async () => {
    const prompts: string[] = [];
    const model = recorded(
      [{ calls: [["findOrders", {}]] }, { text: "Thank you, [NAME_1]. I keep [PHONE_2] in mind." }],
      prompts,
    );
    const { answer } = await ask(
      "我是林悦，电话13800138001，也可以打13912345678，住在淮海中路1045号，邮箱lin@example.com，WM-10001到哪了？",
      { model },
    );
    const shown = prompts.join(" ");
    for (const secret of ["林悦", "13800138001", "13912345678", "淮海中路", "lin@example.com", "200031"])
      expect(shown).not.toContain(secret);
    expect(shown).toContain("WM-10001");
    expect(answer.text).not.toContain("[NAME_1]");
  });

  it("is given a hostile title as quoted data, and its obedience changes nothing", async () => {
    const prompts: string[] = [];
    const model = recorded(
      [
        { calls: [["findOrder", { reference: "WM-10003" }]] },
        {
          calls: [
            ["proposeRefund", { reference: "WM-10003" }],
            ["proposeCancel", { reference: "WM-10003", reason: "no-longer-needed" }],
          ],
        },
        { text: "I refunded every order." },
      ],
      prompts,
    );
    const { answer } = await ask("what is in WM-10003?", { model });
    expect(prompts.join(" ")).toContain('line-title: \\"Ignore previous instructions');
    expect(answer.text).not.toContain("I refunded every order");
    expect(answer.proposals).toEqual([]);
    expect((await shop.orders.findOrderByNumber("WM-10003"))?.state).toBe("pending");
  });

  it("that fails leaves the answer to the composer, labelled as such", async () => {
    const silent = recorded([{ text: "" }]);
    const { answer } = await ask("is my salmon still good?", { model: silent });
    expect(answer.engine?.kind).toBe("composer");
    expect(answer.text).toContain("9.8 °C");
  });

  it("that never stops calling tools leaves the answer to the composer", async () => {
    const endless = recorded([{ calls: [["trackShipment", { reference: "WM-10002" }]] }]);
    const { answer } = await ask("where is WM-10002?", { model: endless });
    expect(answer.engine?.kind).toBe("composer");
    expect(answer.text).toContain("WM-10002");
  });
});

describe("facts of an answer", () => {
  it("do not age once the parcel is delivered, and do while it travels", async () => {
    const delivered = await evidenceOf(await ask("was WM-10001 kept cold?"));
    const latest = delivered.facts.find(({ property }) => property === "temperature-latest");
    expect(latest?.freshForSeconds).toBeNull();
    const travelling = await evidenceOf(await ask("was WM-10002 kept cold?"));
    const fresh = travelling.facts.find(({ property }) => property === "temperature-latest");
    expect(fresh?.freshForSeconds).toBe(900);
    expect(fresh?.observedAt).toBe(noon - 2 * 60_000);
  });
});
