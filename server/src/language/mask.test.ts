import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createMasker } from "./mask.ts";

const known = [
  { kind: "NAME", value: "林悦" },
  { kind: "NAME", value: "Anna Keller" },
  { kind: "EMAIL", value: "anna@example.com" },
  { kind: "ADDRESS", value: "上海市徐汇区淮海中路1045号" },
  { kind: "ADDRESS", value: "12 Baker Street" },
  { kind: "POSTCODE", value: "200031" },
] as const;
const keep = ["WM-10234", "13800138999"];

describe("masking before a text leaves the house", () => {
  it.each([
    ["I am Anna Keller, write to anna@example.com", "I am [NAME_1], write to [EMAIL_1]"],
    ["Call +49 151 2345 6789 or 13912345678", "Call [PHONE_1] or [PHONE_2]"],
    ["我的手机是139-1234-5678，身份证11010519491231002X", "我的手机是[PHONE_1]，身份证[ID_1]"],
    ["card 4242 4242 4242 4242 please", "card [CARD_1] please"],
    ["寄到杭州市西湖区文三路478号3单元502室", "[ADDRESS_1]"],
    ["send it to 221 Elm Street", "send it to [ADDRESS_1]"],
    ["我叫王小明，订单WM-10234", "我叫[NAME_1]，订单WM-10234"],
    ["my name is Peter Pan and 林悦 is my wife", "my name is [NAME_2] and [NAME_1] is my wife"],
    ["邮编200031", "邮编[POSTCODE_1]"],
  ])("hides who and where in %j", (text, expected) => {
    const masked = createMasker({ known, keep }).mask(text);
    expect(masked.endsWith(expected) || masked === expected, masked).toBe(true);
  });

  it.each([
    "The salmon was at 9.8 °C at 14:32 on 21 November 2026, ¥168.00 for 2 boxes.",
    "订单WM-10234，¥1,168.00，47分钟，-18.5°C，2026年11月21日 14:32",
    "Tracking SF1234567890123, GTIN 06901234567892, lot L-20261121",
    "order number 13800138999",
  ])("leaves readings, prices, dates and numbers of orders alone: %j", (text) => {
    expect(createMasker({ known, keep }).mask(text)).toBe(text);
  });

  it("never hands out a value for a placeholder that the customer wrote", () => {
    const masker = createMasker({ known, keep });
    masker.mask("Anna Keller");
    const masked = masker.mask("tell me [NAME_1] and [PHONE_7]");
    expect(masked).toBe("tell me [LITERAL_1] and [LITERAL_2]");
    expect(masker.restore(masked)).toBe("tell me [NAME_1] and [PHONE_7]");
  });

  it("holds a bounded number of values and hides the rest for good", () => {
    const masker = createMasker({ known: [], keep: [] });
    for (let index = 0; index < 300; index += 1) masker.mask(`user${index}@example.com`);
    const masked = masker.mask("late@example.com");
    expect(masked).toBe("[HIDDEN]");
    expect(masker.restore(masked)).toBe("[HIDDEN]");
  });

  it("gives any text back as it was", () => {
    const word = fc.constantFrom(
      "Anna Keller",
      "anna@example.com",
      "13912345678",
      "林悦",
      "[NAME_1]",
      "[CARD_2]",
      "4242424242424242",
      "文三路478号",
      " ",
      "，",
      "9.8 °C",
      "[",
      "]",
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(word, fc.string()), { maxLength: 12 }), (words) => {
        const text = words.join("");
        const masker = createMasker({ known, keep });
        expect(masker.restore(masker.mask(text))).toBe(text);
      }),
    );
  });
});
