import type { EvidenceRecord } from "@waremind/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type AskedShop, noon, openAskedShop } from "../../../tests/support/asked-shop.ts";
import { openTestDatabase } from "../../../tests/support/database.ts";
import { checkText, createEvidenceRecords } from "../evidence/index.ts";
import { createAssistant } from "./assistant.ts";

const day = 24 * 3_600_000;
let shop: AskedShop;

beforeAll(async () => {
  const database = await openTestDatabase();
  shop = await openAskedShop({ database, checkText, evidenceRecords: createEvidenceRecords({ database }) });
});
afterAll(() => shop.database.close());

/** The answer to a first message of Lin's. */
async function answerTo(text: string): Promise<{ text: string; record: EvidenceRecord | null }> {
  const { answer } = await shop.assistant().answerQuestion(shop.session("lin"), { text });
  return { text: answer.text, record: await shop.deps.evidenceRecords.find(answer.evidenceRecordId ?? "") };
}

const countOf = (text: string, part: string): number => text.split(part).length - 1;

function sentencesOf(text: string): readonly string[] {
  return text
    .split(/(?<=[.!?])\s+|(?<=[。！？])|\n/)
    .map((sentence) => sentence.trim())
    .filter((sentence) => sentence !== "");
}

describe("two questions in one message", () => {
  it.each([
    ["有没有三文鱼?多少钱?", "可售 42 件", "¥84.00"],
    ["三文鱼有货吗，多少钱？", "可售 42 件", "¥84.00"],
    ["Is salmon in stock and how much is it?", "42 available", "¥84.00"],
    ["How much is the salmon, and do you have it in stock?", "42 available", "¥84.00"],
    ["Do you have salmon? What does it cost?", "42 available", "¥84.00"],
  ])("%s: both are answered, each once", async (question, stock, price) => {
    const { text, record } = await answerTo(question);
    expect(countOf(text, stock)).toBe(1);
    expect(countOf(text, price)).toBe(1);
    expect(record?.withheld).toEqual([]);
  });

  it.each([
    ["Where is my parcel WM-10002 and when does it arrive?", "Hongqiao hub", "16:00 on 22 November"],
    ["When does my parcel WM-10002 arrive and where is it?", "Hongqiao hub", "16:00 on 22 November"],
    ["我的包裹 WM-10002 到哪了？什么时候到？", "虹桥分拨中心", "11月22日16:00"],
  ])("%s: place and time are said, and no sentence twice", async (question, place, time) => {
    const { text, record } = await answerTo(question);
    expect(record?.withheld).toEqual([]);
    expect(countOf(text, place)).toBe(1);
    expect(countOf(text, time)).toBe(1);
    const sentences = sentencesOf(text);
    expect(new Set(sentences).size).toBe(sentences.length);
    expect(countOf(text, "SH-20002")).toBe(1);
  });

  it("a parcel without an expected time: says where it is, and that no time is known", async () => {
    const { shipments } = shop.deps;
    const find = shipments.shipmentsOfOrders;
    const deps = {
      ...shop.deps,
      shipments: {
        ...shipments,
        shipmentsOfOrders: async (...given: Parameters<typeof find>) =>
          (await find(...given)).map((shipment) => ({ ...shipment, expectedAt: null })),
      },
    };
    const { answer } = await createAssistant(deps).answerQuestion(shop.session("lin"), {
      text: "Where is my parcel WM-10002 and when does it arrive?",
    });
    expect(countOf(answer.text, "no expected time of arrival")).toBe(1);
  });
});

describe("what may be sold", () => {
  it("leaves out units past their date: they are on hand and never offered", async () => {
    // The cold lots carry 28 November; the charger does not expire.
    shop.clock.set(noon + 7 * day);
    const { text, record } = await answerTo("Is salmon in stock?");
    expect(text).toContain("out of stock");
    const units = record?.facts.find(({ property }) => property === "units-available");
    expect(units?.value).toMatchObject({ number: 0 });
    expect((await answerTo("Is the USB-C charger in stock?")).text).toContain("120 available");
    shop.clock.set(noon);
    expect((await answerTo("Is salmon in stock?")).text).toContain("42 available");
  });
});
