import type { Claim, Fact, FactValue, TextCheck } from "@waremind/contract";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type CheckInput, checkText, removeUnsupported, repairHints, textLengthMax } from "./index.ts";

const timeZone = "Asia/Shanghai";
const at = (local: string): number => Date.parse(`${local}+08:00`);
/** Tuesday, 3 March 2026. */
const now = at("2026-03-03T16:30:00");

function aFact(property: string, value: FactValue, more: Partial<Fact> = {}): Fact {
  return {
    id: property,
    subject: { kind: "shipment", id: "shp_1", label: "SH-1" },
    property,
    value,
    observedAt: now - 60_000,
    freshForSeconds: null,
    source: { kind: "row", table: "shipment", id: "shp_1" },
    ...more,
  };
}
const degrees = (number: number): FactValue => ({ type: "number", number, unit: "Cel" });
const minutes = (number: number): FactValue => ({ type: "number", number, unit: "min" });
const units = (number: number): FactValue => ({ type: "number", number, unit: "1" });
const money = (amountMinor: number, currency = "CNY"): FactValue => ({
  type: "money",
  amountMinor,
  currency,
});
const status = (code: string): FactValue => ({ type: "status", status: code });
const instant = (local: string): FactValue => ({ type: "instant", at: at(local) });
const identifier = (text: string): FactValue => ({ type: "identifier", text });

function check(text: string, facts: readonly Fact[], more: Partial<CheckInput> = {}): TextCheck {
  return checkText({
    text,
    language: "en",
    facts,
    customerWords: [],
    actionsDone: [],
    now,
    timeZone,
    ...more,
  });
}
const claimsOf = (result: TextCheck): readonly Claim[] => result.sentences.flatMap(({ claims }) => claims);
const unsupported = (result: TextCheck): readonly Claim[] =>
  claimsOf(result).filter(({ verdict }) => verdict === "unsupported");

const cold: readonly Fact[] = [
  aFact("temperature-latest", degrees(3.1)),
  aFact("temperature-min", degrees(0.4)),
  aFact("temperature-max", degrees(4.97)),
  aFact("band-min", degrees(0)),
  aFact("band-max", degrees(4)),
  aFact("excursion-duration", minutes(47)),
  aFact("excursion-limit", minutes(30)),
  aFact("reading-count", units(312)),
  aFact("condition-verdict", status("spoiled")),
];

describe("a temperature", () => {
  test.each([
    "The peak was 4.97 °C.",
    "The peak was about 5 °C.",
    "The peak was 5.0 °C.",
    "The peak was 5 °C.",
    "It peaked at 40.9 °F.",
    "It peaked at 278.12 K.",
    "It peaked at five degrees.",
    "It peaked at four point nine seven degrees.",
    "最高4.97度。",
    "最高约五摄氏度。",
    "峰值为四点九七度。",
    "最高达到5℃。",
    "Highest: **4.97 °C**, latest: 3.1 °C, allowed: 0–4 °C.",
    "上限是四度，目前3.1度。",
  ])("%s stands", (text) => {
    expect(unsupported(check(text, cold))).toEqual([]);
    expect(claimsOf(check(text, cold)).length).toBeGreaterThan(0);
  });

  test.each([
    ["The peak was 4 °C.", "differs"],
    ["The peak was about 4 °C.", "differs"],
    ["The peak was 4.9 °C.", "differs"],
    ["The limit is 4.97 °C.", "differs"],
    ["The latest reading is 4.97 °C.", "differs"],
    ["The average was 3.1 °C.", "no-fact"],
    ["It peaked at 4.97 °F.", "wrong-unit"],
    ["It rose 0.97 °C above the limit.", "own-arithmetic"],
    ["最高只有四度。", "differs"],
    ["上限是四点九七度。", "differs"],
    ["It is −4.97 °C at most.", "differs"],
  ])("%s is stopped: %s", (text, fault) => {
    expect(unsupported(check(text, cold)).map((claim) => claim.fault)).toContain(fault);
  });

  test("keeps its sign in every writing", () => {
    const frozen = [aFact("temperature-max", degrees(-18)), aFact("temperature-min", degrees(-21))];
    for (const text of [
      "At most −18 °C.",
      "Highest: -18 °C",
      "The maximum was minus 18 °C.",
      "The peak was 18 degrees below zero.",
      "最高零下十八度。",
      "最高负18℃。",
      "It was between –21 and –18 °C.",
    ]) {
      expect(unsupported(check(text, frozen)), text).toEqual([]);
    }
    for (const text of ["The maximum was 18 °C.", "最高十八度。"]) {
      expect(unsupported(check(text, frozen)), text).not.toEqual([]);
    }
  });
});

describe("disguised digits", () => {
  test.each([
    "The peak was ４.２ °C.",
    "The peak was ④.② °C.",
    "The peak was 4 . 2 °C.",
    "The peak was 4\u200b.\u200d2 °C.",
    "The peak was ٤٫٢ °C.",
    "The peak was 4️⃣.2️⃣ °C.",
    "The peak was &#52;&period;2 °C.",
    "The peak was *4*.**2** °C.",
    "The peak was 𝟒.𝟐 °C.",
    "The peak was four point two.",
    "The peak was 4 point 2 degrees.",
    "The peak was <b>4</b>.2 °C.",
    "最高四點二度。",
    "最高４.２度。",
    "最高肆点贰度。",
    "The peak was d o w n to nothing.",
    "Пик был низким.",
    "The peak was ㊻ °C.",
  ])("%s is read and stopped", (text) => {
    expect(unsupported(check(text, cold))).not.toEqual([]);
  });
});

describe("durations and counts", () => {
  test.each([
    "It was out of range for 47 minutes.",
    "It was out of range for forty-seven minutes.",
    "The excursion took 0.78 hours.",
    "超温四十七分钟。",
    "The limit is half an hour.",
    "允许的时间是半小时。",
    "限值为三十分钟。",
    "There are 312 readings.",
    "There are three hundred and twelve readings.",
    "There are about 310 temperature readings.",
    "共有三百一十二条读数。",
  ])("%s stands", (text) => {
    expect(unsupported(check(text, cold))).toEqual([]);
  });

  test.each([
    "It was out of range for half an hour.",
    "It was out of range for an hour.",
    "It was out of range for 47 hours.",
    "It was out of range for a few minutes.",
    "It was out of range for a couple of minutes.",
    "超温三刻钟。",
    "超温两三分钟。",
    "超温几分钟。",
    "共有三百条读数。",
    "There are 321 readings.",
    "Two of your parcels were warm.",
    "俩包裹都热了。",
  ])("%s is stopped", (text) => {
    expect(unsupported(check(text, cold))).not.toEqual([]);
  });
});

describe("money", () => {
  const price = [aFact("price", money(5_980)), aFact("order-total", money(128_050))];
  test.each([
    "It costs ¥59.80.",
    "It costs CNY 59.80.",
    "It costs 59.80 yuan.",
    "售价59块8。",
    "售价五十九元八角。",
    "价格是59.8元。",
    "It costs about 60 yuan.",
    "The order total is ¥1,280.50.",
    "订单金额1,280.50元。",
  ])("%s stands", (text) => {
    expect(unsupported(check(text, price))).toEqual([]);
  });
  test.each([
    ["It costs $59.80.", "wrong-currency"],
    ["It costs €59.80.", "wrong-currency"],
    ["售价59.80美元。", "wrong-currency"],
    ["It costs ¥60.", "differs"],
    ["It costs ¥1,280.50.", "differs"],
    ["Together that is ¥1,340.30.", "own-arithmetic"],
    ["It is 20% off.", "no-fact"],
    ["现在八五折。", "no-fact"],
    ["It's half off.", "no-fact"],
  ])("%s is stopped: %s", (text, fault) => {
    expect(unsupported(check(text, price)).map((claim) => claim.fault)).toContain(fault);
  });
});

describe("dates and times", () => {
  const facts = [
    aFact("delivered-at", instant("2026-03-02T14:05:00")),
    aFact("expected-at", instant("2026-03-11T14:30:00")),
  ];
  test.each([
    "It was delivered on 2026-03-02.",
    "It was delivered on March 2.",
    "It was delivered on 2 March 2026 at 14:05.",
    "It was delivered yesterday at 2:05 pm.",
    "It was delivered on Monday.",
    "3月2日下午两点零五分送达。",
    "昨天14点05分送达。",
    "周一已签收。",
    "It is expected next Wednesday.",
    "预计下周三下午两点半送达。",
    "Delivered: Mon, Mar 2, 14:05",
    "It was delivered yesterday at 06:05 UTC.",
  ])("%s stands", (text) => {
    expect(unsupported(check(text, facts))).toEqual([]);
  });
  test.each([
    "It was delivered on 2026-03-03.",
    "It was delivered today.",
    "It was delivered on March 11.",
    "It was delivered yesterday at 2:05 am.",
    "It was delivered yesterday at 14:30.",
    "3月3日送达。",
    "预计明天送达。",
    "预计下周四送达。",
    "It was delivered on Tuesday.",
    "It was delivered on Monday, March 3.",
  ])("%s is stopped", (text) => {
    expect(unsupported(check(text, facts))).not.toEqual([]);
  });
  test("are read in the customer's time zone", () => {
    const late = [aFact("delivered-at", instant("2026-03-03T02:00:00"))];
    expect(check("It was delivered on March 2 at 18:00.", late, { timeZone: "Europe/London" }).passes).toBe(
      true,
    );
    expect(check("It was delivered on March 3 at 18:00.", late, { timeZone: "Europe/London" }).passes).toBe(
      false,
    );
    expect(check("It was delivered on March 2 at 18:00.", late, { timeZone: "No/Where" }).passes).toBe(true);
  });
});

describe("freshness", () => {
  const old = [
    aFact("temperature-latest", degrees(2.4), {
      observedAt: at("2026-03-03T14:05:00"),
      freshForSeconds: 900,
    }),
  ];
  test("an old value passes only with its age", () => {
    expect(unsupported(check("The latest reading is 2.4 °C.", old)).map(({ fault }) => fault)).toEqual([
      "stale",
    ]);
    for (const text of [
      "The last reading, at 14:05, was 2.4 °C.",
      "The last reading was 2.4 °C (14:05, about 2.5 hours ago).",
      "The last reading was 2.4 °C. It is from 14:05.",
      "最后一次读数是14:05的2.4度。",
    ])
      expect(unsupported(check(text, old)), text).toEqual([]);
    expect(check("The last reading was 2.4 °C, 5 minutes ago.", old).passes).toBe(false);
  });
});

describe("status words", () => {
  const shipped = [aFact("order-state", status("shipped")), aFact("shipment-state", status("shipping"))];
  test.each([
    "Your order has shipped.",
    "It has not been delivered yet.",
    "It hasn't arrived.",
    "尚未送达。",
    "包裹正在运输中。",
    "已发货，还没有签收。",
    "I can't say whether it was delivered.",
    "Was it delivered?",
    "Once it is delivered, please check the seal.",
    "如果已签收，请告诉我们。",
  ])("%s stands", (text) => {
    expect(unsupported(check(text, shipped))).toEqual([]);
  });
  test.each([
    "It was delivered.",
    "It is undelivered because it was lost.",
    "Your order is still being prepared.",
    "It was cancelled.",
    "已签收。",
    "还没发货。",
    "It hasn't shipped yet.",
    "Your parcel was damaged.",
    "包裹丢失了。",
  ])("%s is stopped", (text) => {
    expect(unsupported(check(text, shipped))).not.toEqual([]);
  });
});

describe("condition words", () => {
  const verdicts = {
    "in-band": [
      "It stayed within its temperature range.",
      "It was kept cold.",
      "It is safe to eat.",
      "It never left its band.",
      "全程冷链达标。",
      "可以放心食用。",
      "没有超温。",
    ],
    spoiled: [
      "It is not safe to eat.",
      "Please do not eat it.",
      "It was out of range.",
      "It got too warm.",
      "请不要食用。",
      "已超温。",
      "不建议食用。",
    ],
  } as const;
  for (const [verdict, texts] of Object.entries(verdicts)) {
    test.each([...texts])(`%s stands when ${verdict} and falls otherwise`, (text) => {
      const facts = (code: string): Fact[] => [aFact("condition-verdict", status(code))];
      expect(unsupported(check(text, facts(verdict)))).toEqual([]);
      const other = verdict === "in-band" ? "spoiled" : "in-band";
      expect(unsupported(check(text, facts(other)))).not.toEqual([]);
      expect(unsupported(check(text, []))).not.toEqual([]);
    });
  }
  test("throughout is not said over a gap", () => {
    const facts = [aFact("condition-verdict", status("in-band"))];
    const text = "It stayed within range throughout.";
    expect(check(text, facts).passes).toBe(true);
    expect(check(text, [...facts, aFact("gap-duration", minutes(25))]).passes).toBe(false);
  });
});

describe("comparisons", () => {
  test.each([
    "It was above 4 °C.",
    "It exceeded the 4 °C limit.",
    "It was too warm for longer than 30 minutes.",
    "超过4度。",
    "超温超过30分钟。",
    "It never went above 4.97 °C.",
    "There are over 300 readings.",
    "It must stay below 4 °C.",
    "应低于4度。",
  ])("%s stands", (text) => {
    expect(unsupported(check(text, cold))).toEqual([]);
  });
  test.each([
    "It never went above 4 °C.",
    "It stayed below 4 °C.",
    "没有超过4度。",
    "The excursion was shorter than 30 minutes.",
    "超温不到30分钟。",
    "There are more than 400 readings.",
    "It exceeded the 3 °C limit.",
    "The salmon is fresher than last time.",
    "三文鱼比鳕鱼便宜。",
  ])("%s is stopped", (text) => {
    expect(unsupported(check(text, cold))).not.toEqual([]);
  });
});

describe("promises", () => {
  const receipt = aFact("receipt-number", identifier("RC-1"));
  const refunded: Partial<CheckInput> = {
    actionsDone: [{ name: "refund-excursion", state: "executed", receiptFactId: "receipt-number" }],
  };
  const waiting: Partial<CheckInput> = {
    actionsDone: [{ name: "refund-excursion", state: "waiting-for-approval", receiptFactId: null }],
  };
  const clause = aFact(
    "clause-text",
    {
      type: "text",
      text: {
        en: "If a chilled item was out of its band for longer than 30 minutes, we refund it in full.",
        zh: "冷藏商品超温超过30分钟的，全额退款。",
      },
    },
    { subject: { kind: "policy-clause", id: "c", label: "Cold chain" } },
  );

  test.each([
    "I have refunded it.",
    "Your refund has been issued.",
    "We've processed your refund.",
    "已为您退款。",
    "退款已完成。",
    "款项已原路退回。",
  ])("%s needs a receipt", (text) => {
    expect(unsupported(check(text, [receipt], refunded))).toEqual([]);
    for (const more of [
      {},
      waiting,
      { actionsDone: [{ name: "refund-excursion", state: "executed" as const, receiptFactId: "elsewhere" }] },
    ]) {
      expect(unsupported(check(text, [receipt], more)).map(({ fault }) => fault)).toContain(
        "promise-without-receipt",
      );
    }
  });
  test.each([
    "The refund is waiting for approval.",
    "It will be refunded once a colleague approves it.",
    "退款正在等待审批。",
    "审批通过后会退款。",
  ])("%s needs an action that waits", (text) => {
    expect(unsupported(check(text, [], waiting))).toEqual([]);
    expect(unsupported(check(text, []))).not.toEqual([]);
  });
  test.each([
    "We will refund you.",
    "I'll send you a voucher.",
    "You will be called.",
    "我们会退款。",
    "明天一定到。",
    "保证送达。",
    "We'll replace it for free.",
    "I guarantee it.",
  ])("%s is stopped without an action", (text) => {
    expect(unsupported(check(text, [aFact("expected-at", instant("2026-03-04T11:00:00"))]))).not.toEqual([]);
  });
  test("a clause may be quoted and told, and nothing may be added to it", () => {
    for (const text of [
      "If a chilled item was out of its band for longer than 30 minutes, we refund it in full.",
      "Our policy: chilled items out of their band for longer than 30 minutes are refunded in full.",
      "冷藏商品超温超过30分钟的，全额退款。",
    ])
      expect(unsupported(check(text, [clause])), text).toEqual([]);
    for (const text of [
      "Under our policy we refund it in full and send a free replacement.",
      "Our policy: chilled items out of their band for longer than 20 minutes are refunded in full.",
      "根据政策，超温超过10分钟即全额退款。",
    ])
      expect(unsupported(check(text, [clause])), text).not.toEqual([]);
  });
  test("an honest refusal passes", () => {
    for (const text of [
      "I can't promise a refund.",
      "I cannot confirm that it is safe to eat.",
      "无法保证明天送达。",
      "Would you like me to request a refund?",
      "How can I help you today?",
    ])
      expect(unsupported(check(text, [])), text).toEqual([]);
  });
});

describe("availability, superlatives and identifiers", () => {
  const stock = [
    aFact("availability", status("in-stock")),
    aFact("units-available", units(14)),
    aFact("tracking-number", identifier("SF123456789")),
    aFact("order-number", identifier("W-1001")),
  ];
  test.each([
    "It is in stock.",
    "有货。",
    "There are 14 left.",
    "还有14件。",
    "Tracking number: SF123456789",
    "运单号 SF 1234 5678 9",
    "Order #W-1001",
    "订单尾号1001",
    "Order number w1001",
  ])("%s stands", (text) => {
    expect(unsupported(check(text, stock))).toEqual([]);
  });
  test.each([
    "It is sold out.",
    "缺货。",
    "It's not available.",
    "It is the best salmon.",
    "It's the only one.",
    "全网最低价。",
    "Tracking number: SF123456798",
    "Tracking number: W-1001",
    "Order W-1002",
    "订单尾号1002",
    "Call 400-123-4567.",
    "See www.example.com.",
  ])("%s is stopped", (text) => {
    expect(unsupported(check(text, stock))).not.toEqual([]);
  });
});

describe("the customer's words", () => {
  const more = { customerWords: ["Where is order 99812? It felt warm, 12 degrees!"] };
  test("may be said back as theirs", () => {
    const result = check("You asked about order 99812 and mentioned 12 degrees.", [], more);
    expect(claimsOf(result).map(({ verdict }) => verdict)).toEqual(["customer-words", "customer-words"]);
    expect(result.passes).toBe(true);
    expect(check("I couldn't find order 99812.", [], more).passes).toBe(true);
  });
  test("are never confirmed, nor put into their mouth", () => {
    expect(check("Order 99812 is on its way.", [], more).passes).toBe(false);
    expect(check("You mentioned order 99813.", [], more).passes).toBe(false);
    expect(check("You mentioned 13 degrees.", [], more).passes).toBe(false);
  });
});

test.each([
  "Hello! Thank you for reaching out. One moment please.",
  "One of our colleagues wrote this for you.",
  "1. First, open the box.\n2. Then have a look at the label.",
  "您好，请稍等一下，我帮您看一看。",
  "一、感谢您的耐心。\n二、请您先看第一点。",
  "I'm sorry for the trouble. Is there anything else I can help you with today?",
  "我们一直在努力，十分抱歉，千万别着急。",
  "As always, feel free to write to us.",
])("harmless language passes: %s", (text) => {
  expect(unsupported(check(text, []))).toEqual([]);
});

describe("sentences", () => {
  test("are split without cutting 4.97, No. 5 or a.m.", () => {
    const texts = check(
      "The peak was 4.97 °C. See No. 5 at 9 a.m. tomorrow. 好的。再见！Bye",
      cold,
    ).sentences.map(({ text }) => text);
    expect(texts).toEqual([
      "The peak was 4.97 °C.",
      "See No. 5 at 9 a.m. tomorrow.",
      "好的。",
      "再见！",
      "Bye",
    ]);
  });
  test("of two orders keep to their own facts", () => {
    const of = (id: string, label: string, state: string): Fact[] => [
      aFact("order-state", status(state), { id: `${id}/state`, subject: { kind: "order", id, label } }),
    ];
    const facts = [...of("o1", "W-1", "delivered"), ...of("o2", "W-2", "shipped")];
    expect(check("W-1 was delivered and W-2 has shipped.", facts).passes).toBe(true);
    expect(check("W-2 was delivered.", facts).passes).toBe(false);
    expect(check("W-1 and W-2 were both delivered.", facts).passes).toBe(false);
    expect(check("Order W-2:\n- Status: delivered", facts).passes).toBe(false);
  });
});

describe("a value and its time", () => {
  const peak = [
    aFact("temperature-max", degrees(7.8), { observedAt: at("2026-03-03T10:41:00") }),
    aFact("temperature-latest", degrees(3.1), { observedAt: at("2026-03-03T14:05:00") }),
  ];
  test.each(["It reached 7.8 °C at 10:41.", "At 14:05 it was 3.1 °C.", "14:05的温度是3.1度。"])(
    "%s stands",
    (text) => {
      expect(unsupported(check(text, peak))).toEqual([]);
    },
  );
  test.each(["It reached 7.8 °C at 14:05.", "At 10:41 it was 3.1 °C.", "10:41的温度是3.1度。"])(
    "%s is stopped",
    (text) => {
      expect(unsupported(check(text, peak)).map(({ kind }) => kind)).toEqual(["time"]);
    },
  );
});

test.each([
  "The parcel is with a neighbour.",
  "The driver forgot to close the door.",
  "It has reached Shanghai.",
  "The courier says it is fine.",
  "It contains salmon from Norway.",
  "It'll be there soon.",
  "快递放在门口了。",
  "这次是司机忘了关门。",
  "马上就到。",
  "已登记投诉。",
])("what no fact can show is held for a claim: %s", (text) => {
  expect(unsupported(check(text, cold))).not.toEqual([]);
});

describe("repair", () => {
  test("names what does not stand and what may be said instead", () => {
    const result = check("The peak was 4 °C. 退款已完成。", cold);
    const hints = repairHints(result, cold, "en");
    expect(hints.map(({ claim }) => claim.fault)).toEqual(["differs", "promise-without-receipt"]);
    expect(hints[0]?.nearest?.property).toBe("temperature-max");
    expect(hints[0]?.hint).toContain("4.97 Cel");
    expect(repairHints(result, cold, "zh")[0]?.hint).toContain("可用事实");
  });
  test("takes out the false sentence and says whether an answer is left", () => {
    const text = "- The peak was **4.97 °C**.\n- It was safe to eat.\n\nThank you!";
    const rest = removeUnsupported(check(text, cold), text);
    expect(rest.text).toBe("- The peak was **4.97 °C**.\n\nThank you!");
    expect(rest.removed.map((sentence) => sentence.text)).toEqual(["- It was safe to eat."]);
    expect(rest.stillAnswers).toBe(true);
    const lie = "It is safe to eat. Thank you!";
    expect(removeUnsupported(check(lie, cold), lie).stillAnswers).toBe(false);
  });
});

describe("properties", () => {
  const reading = fc.integer({ min: -3000, max: 4000 }).map((hundredths) => hundredths / 100);
  const renderers: readonly ((value: number) => string)[] = [
    (value) => `The highest temperature was ${value.toFixed(2)} °C.`,
    (value) => `It peaked at **${value.toFixed(1)} °C** on the way.`,
    (value) => `Peak: ${String(value.toFixed(2)).replace("-", "−")}℃`,
    (value) => `最高温度为${value < 0 ? "零下" : ""}${Math.abs(value).toFixed(2)}度。`,
    (value) =>
      `峰值：${Array.from(value.toFixed(1), (digit) => (/\d/.test(digit) ? String.fromCodePoint(0xff10 + Number(digit)) : digit)).join("")} 摄氏度`,
    (value) => `It peaked at about ${value.toFixed(0)} degrees Celsius.`,
  ];
  test("a rendered value is found and stands; moved beyond its rounding it is stopped", () => {
    fc.assert(
      fc.property(
        reading,
        fc.integer({ min: 0, max: renderers.length - 1 }),
        fc.double({ min: 1.01, max: 30, noNaN: true }),
        (value, index, by) => {
          const render = renderers[index] ?? String;
          const facts = [aFact("temperature-max", degrees(value))];
          const told = check(render(value), facts);
          expect(unsupported(told), render(value)).toEqual([]);
          expect(claimsOf(told).some(({ factIds }) => factIds.includes("temperature-max"))).toBe(true);
          expect(check(render(value + by), facts).passes, render(value + by)).toBe(false);
        },
      ),
      { numRuns: 300 },
    );
  });
  test("a rendered duration in either language is found; another is stopped", () => {
    const words = (value: number): string =>
      ["", "十", "二十", "三十", "四十", "五十"][Math.floor(value / 10)] +
      (["", "一", "二", "三", "四", "五", "六", "七", "八", "九"][value % 10] ?? "");
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 59 }), fc.integer({ min: 2, max: 59 }), (actual, said) => {
        const facts = [aFact("excursion-duration", minutes(actual))];
        for (const text of [
          `It was out of range for ${said} minutes.`,
          `超温${words(said)}分钟。`,
          `It was out of range for ${said * 60} seconds.`,
        ]) {
          const isMentioned = unsupported(check(text, facts)).some(({ kind }) => kind === "duration");
          expect(isMentioned, text).toBe(actual !== said);
        }
      }),
      { numRuns: 200 },
    );
  });
  test("never throws and slices at its own offsets, whatever the text", () => {
    const piece = fc.oneof(
      fc.string({ unit: "binary", maxLength: 12 }),
      fc.string({ unit: "grapheme", maxLength: 12 }),
      fc.constantFrom(
        "4.97 °C",
        "三天",
        "**",
        "&#52;",
        "退款",
        "I've refunded",
        "\u200b",
        "4️⃣",
        "W-1001",
        "14:05",
        "?",
        "。",
        "\n",
        "3月2日",
        "0–4 °C",
        " ",
        "，",
        "half an hour",
        "<b>",
        "\ud800",
      ),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => {
        const text = pieces.join("");
        const result = check(text, cold, { customerWords: [text] });
        for (const sentence of result.sentences) {
          expect(text.slice(sentence.start, sentence.end)).toBe(sentence.text);
          for (const claim of sentence.claims) expect(text.slice(claim.start, claim.end)).toBe(claim.text);
        }
      }),
      { numRuns: 500 },
    );
  });
  test("a number put anywhere into a sentence never passes unseen", () => {
    const before = fc.constantFrom(
      "Your order ",
      "The parcel, ",
      "您的包裹",
      "SH-1，",
      "A-1,",
      "on March 2 ",
      "（",
      "about ",
      "- ",
      "it is x",
    );
    const after = fc.constantFrom(
      " parcels",
      "件",
      " °C",
      "元",
      "",
      ")",
      " times",
      "%",
      " of them",
      "，谢谢",
      " minutes",
    );
    fc.assert(
      fc.property(before, fc.integer({ min: 60, max: 99_999 }), after, (head, value, tail) => {
        expect(check(`Note ${head} ${value}${tail}`, [], {}).passes, `${head} ${value}${tail}`).toBe(false);
      }),
      { numRuns: 300 },
    );
  });
});

/** Processor time of this thread alone, so that other work on the machine does not count; the least of some runs. */
function processorMs(work: () => void): number {
  const runs = Array.from({ length: 5 }, () => {
    const before = process.threadCpuUsage();
    work();
    const { user, system } = process.threadCpuUsage(before);
    return (user + system) / 1_000;
  });
  return Math.min(...runs);
}

/** Four times the work is 4 for linear time and 16 for quadratic time; what is over in a moment is not judged. */
function growthOf(work: (length: number) => void): number {
  const momentMs = 3;
  return (
    Math.max(
      momentMs,
      processorMs(() => work(textLengthMax)),
    ) /
    Math.max(
      momentMs,
      processorMs(() => work(textLengthMax / 4)),
    )
  );
}
const growthMax = 9;

test("a text beyond the limit does not pass", () => {
  expect(check("ok ".repeat(4_000), []).passes).toBe(false);
});

test("the measure of growth tells quadratic work from linear", () => {
  const spin = (times: number) => {
    let sum = 0;
    for (let index = 0; index < times; index += 1) sum += Math.sqrt(index);
    expect(sum).toBeGreaterThan(0);
  };
  expect(growthOf((length) => spin(length * 4_000))).toBeLessThan(growthMax);
  expect(growthOf((length) => spin(length ** 2))).toBeGreaterThan(growthMax);
});

test("hostile texts are checked in linear time", () => {
  const growths: [string, number][] = [];
  const hostile = [
    "1 ",
    "a-",
    "1-",
    "退",
    "refund ",
    "<b",
    "&#",
    "not ",
    "1.",
    "9",
    "out of the ",
    "will be ",
    "(",
    "十",
    "a1",
    "temperature ",
    "within the ",
    "I have ",
  ];
  for (const piece of hostile) {
    const growth = growthOf((length) => check(piece.repeat(Math.floor(length / piece.length)), cold));
    growths.push([piece, growth]);
  }
  expect(growths.filter(([, growth]) => growth >= growthMax)).toEqual([]);
});
