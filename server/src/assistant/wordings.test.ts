// Every sentence of the composer, over the states that its facts can have, passes the check that models must pass.
import type { Claim } from "@waremind/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type AskedShop, fishBand, noon, openAskedShop } from "../../../tests/support/asked-shop.ts";
import { openTestDatabase } from "../../../tests/support/database.ts";
import { evaluateCondition, type TemperatureReading } from "../decisions/coldchain/index.ts";
import { checkText, createEvidenceRecords } from "../evidence/index.ts";

const minute = 60_000;
let shop: AskedShop;
const faults: { text: string; claim: Claim }[] = [];

beforeAll(async () => {
  const database = await openTestDatabase();
  shop = await openAskedShop({
    database,
    evidenceRecords: createEvidenceRecords({ database }),
    checkText: (input) => {
      const result = checkText(input);
      for (const sentence of result.sentences)
        for (const claim of sentence.claims)
          if (claim.verdict === "unsupported") faults.push({ text: sentence.text, claim });
      return result;
    },
  });
});
afterAll(() => shop.database.close());

async function ask(who: "lin" | "anna", ...lines: string[]): Promise<string> {
  let conversationId: string | undefined;
  let text = "";
  for (const line of lines) {
    const { answer } = await shop.assistant().answerQuestion(shop.session(who), {
      text: line,
      ...(conversationId === undefined ? {} : { conversationId }),
    });
    conversationId = answer.conversationId;
    text = answer.text;
  }
  return text;
}

/** Gives the shrimp parcel under way (WM-10002) another history, `[minutes ago, °C]`, evaluated at `at`. */
async function withReadings(points: readonly (readonly [number, number])[], at = noon): Promise<void> {
  const readings: TemperatureReading[] = points.map(([ago, celsius]) => ({
    observedAt: noon - ago * minute,
    celsius,
  }));
  const condition = evaluateCondition(readings, fishBand, at);
  const { deps, shipments, database } = shop;
  const known = await shipments.conditionOf(database, ["shp_WM-10002"]);
  const seriesId = known.get("shp_WM-10002")?.seriesId ?? 0;
  await deps.database.transaction((connection) =>
    shipments.saveCondition(connection, {
      shipmentId: "shp_WM-10002",
      seriesId,
      state: {},
      condition,
      observedAt: condition.lastAt,
      updatedAt: noon,
    }),
  );
}

const spoken = (found: typeof faults): string[] => [
  ...new Set(found.map(({ text, claim }) => `${claim.text} | ${claim.reads} | ${claim.fault} | ${text}`)),
];

const flat = (from: number, to: number, celsius: number): [number, number][] =>
  Array.from({ length: from - to }, (_, index) => [from - index, celsius]);

const histories: readonly (readonly [string, readonly (readonly [number, number])[]])[] = [
  ["in band", flat(120, 0, 2)],
  ["below freezing in its band's edge", flat(60, 0, 0)],
  [
    "warming",
    [...flat(60, 20, 1), ...flat(20, 0, 0).map(([ago], index): [number, number] => [ago, 1 + index * 0.12])],
  ],
  ["out of band within the ignore period", [...flat(60, 5, 2), ...flat(5, 0, 6)]],
  ["briefly out of band before", [...flat(60, 30, 2), ...flat(30, 24, 6.4), ...flat(24, 0, 2)]],
  ["an excursion within the limit", [...flat(120, 60, 2), ...flat(60, 30, 7.3), ...flat(30, 0, 2)]],
  ["an excursion going on", [...flat(120, 25, 2), ...flat(25, 0, 7.3)]],
  ["spoiled and going on", [...flat(120, 90, 2), ...flat(90, 0, 8.1)]],
  ["frozen", [...flat(120, 90, 2), ...flat(90, 30, -3.4), ...flat(30, 0, 2)]],
  ["two excursions", [...flat(180, 150, 6), ...flat(150, 100, 2), ...flat(100, 70, 9), ...flat(70, 0, 2)]],
  ["a gap", [...flat(120, 90, 2), ...flat(40, 0, 3)]],
  ["silent for long", flat(240, 130, 2)],
  ["silent while warm", flat(240, 130, 9)],
  ["one reading", [[1, 2]]],
  ["no readings", []],
];

describe("the composer's own words pass the check", () => {
  it.each(histories)("about a parcel with %s", async (_, points) => {
    await withReadings(points);
    faults.length = 0;
    const english = await ask("lin", "Was order WM-10002 kept cold? Can I eat it?");
    const chinese = await ask("lin", "订单WM-10002还能吃吗？");
    expect(spoken(faults)).toEqual([]);
    expect(english).toContain("WM-10002");
    expect(chinese).toContain("WM-10002");
    expect(`${english}${chinese}`).not.toMatch(/\b(?:safe|fine to eat)\b|安全|放心/);
  });

  it("for every question of the main job, in both languages", async () => {
    faults.length = 0;
    const conversations: ["lin" | "anna", string[]][] = [
      ["lin", ["Where is order WM-10002?", "when does it arrive?", "was it kept cold?"]],
      ["lin", ["WM-10002到哪了", "什么时候到", "还新鲜吗"]],
      ["lin", ["where is WM-10001", "when did it arrive", "what is in it"]],
      ["lin", ["WM-10001到哪了", "什么时候送达的", "这个订单里有什么"]],
      ["lin", ["where is WM-10003", "什么时候到"]],
      ["lin", ["was WM-10003 kept cold?", "WM-10003一直冷藏吗"]],
      ["lin", ["show my orders", "我有哪些订单", "the third one", "第二个"]],
      ["lin", ["Was it kept cold?"]],
      ["lin", ["还能吃吗"]],
      ["lin", ["is the salmon in stock", "三文鱼有货吗", "tiger shrimp in stock?", "黑虎虾有货吗"]],
      [
        "lin",
        ["are the wireless headphones available", "蓝牙耳机有货吗", "do you sell bicycles", "有自行车卖吗"],
      ],
      ["lin", ["how much are blueberries", "蓝莓多少钱", "price?"]],
      ["lin", ["hello", "你好", "thanks", "谢谢", "what can you do", "你能做什么"]],
      ["lin", ["what's the weather", "给我写首诗", "WM-99999 where is it", "订单WM-99999在哪"]],
      ["lin", ["change my address", "no", "我要改地址", "不用了", "yes", "好的"]],
      ["lin", ["cancel WM-10001", "no", "取消WM-10001", "不用"]],
      ["lin", ["cancel WM-10003", "no", "取消WM-10003，我下错单了", "算了"]],
      [
        "lin",
        ["what is your refund policy", "退款政策", "what is the policy for cancelling", "取消订单的规定"],
      ],
      ["lin", ["I want my money back for WM-10001", "no", "WM-10001我要退款", "不用"]],
      ["lin", ["I want my money back for WM-10002", "no", "WM-10002退款"]],
      ["anna", ["is my salmon still good?", "no", "三文鱼还能吃吗", "好的", "yes"]],
      ["anna", ["where is my salmon? I want my money back", "yes", "give me a refund"]],
      ["lin", ["取消WM-10003", "好的", "取消WM-10003", "WM-10003我要退款"]],
      ["lin", ["refund WM-10001", "yes", "was it kept cold?", "refund WM-10001", "退款"]],
      ["lin", ["talk to a person", "转人工"]],
    ];
    for (const [who, lines] of conversations) await ask(who, ...lines);
    expect(spoken(faults)).toEqual([]);
  });
});
