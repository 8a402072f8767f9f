import { describe, expect, test } from "vitest";
import en from "./en.json" with { type: "json" };
import { preferredLanguage } from "./i18n.ts";
import zh from "./zh.json" with { type: "json" };

type Words = { readonly [key: string]: string | Words };

/** Every leaf with its path; plural forms count as one key, because Chinese has one form and English two. */
function leaves(words: Words, path = ""): readonly (readonly [string, string])[] {
  return Object.entries(words).flatMap(([key, value]) =>
    typeof value === "string"
      ? [[`${path}${key}`.replace(/_(one|other)$/, ""), value] as const]
      : leaves(value, `${path}${key}.`),
  );
}

const placeholders = (text: string): string[] => [...new Set(text.match(/\{\{\w+\}\}/g) ?? [])].sort();

describe("words", () => {
  test("English and Chinese have the same keys", () => {
    const keys = (words: Words): string[] => [...new Set(leaves(words).map(([key]) => key))].sort();
    expect(keys(zh)).toEqual(keys(en));
  });

  test("no text is empty", () => {
    for (const words of [en, zh]) {
      expect(leaves(words).filter(([, text]) => text.trim() === "")).toEqual([]);
    }
  });

  test("both languages fill the same blanks", () => {
    const chinese = new Map(leaves(zh));
    const differing = leaves(en).filter(([key, text]) => {
      const missing = placeholders(chinese.get(key) ?? "").filter((one) => !placeholders(text).includes(one));
      // A sentence in the singular may leave its number out, never invent one.
      return missing.length > 0 && !text.includes("{{count}}");
    });
    expect(differing).toEqual([]);
  });

  test("no Chinese text was forgotten in English", () => {
    const allowed = /^(SKU|GTIN|API)$/;
    const latin = leaves(zh).filter(([, text]) => !/[\u4e00-\u9fff]/.test(text) && !allowed.test(text));
    expect(latin).toEqual([]);
  });
});

describe("the first language", () => {
  test("is the one the address asks for", () => {
    expect(preferredLanguage("?lang=zh", "en", "en-GB")).toBe("zh");
  });
  test("else the one chosen before, else the browser's, else English", () => {
    expect(preferredLanguage("", "zh", "en-GB")).toBe("zh");
    expect(preferredLanguage("", null, "zh-TW")).toBe("zh");
    expect(preferredLanguage("?lang=fr", null, "fr-FR")).toBe("en");
  });
});
