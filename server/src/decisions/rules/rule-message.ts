// The text of an alarm from the message that a person wrote for its rule.
import type { BilingualText } from "@waremind/contract";

export const rulePlaceholders = ["device", "name", "key", "value", "unit"] as const;
export type RulePlaceholder = (typeof rulePlaceholders)[number];

const placeholder = /\{([^{}]*)\}/gu;

/** Names in braces, as often as they stand there. */
export function placeholdersOf(template: string): string[] {
  return [...template.matchAll(placeholder)].map((match) => match[1] ?? "");
}

/** Puts the parts in; what is in braces and unknown stays as it is written. */
export function fillRuleMessage(
  template: BilingualText,
  parts: Readonly<Record<RulePlaceholder, BilingualText>>,
): BilingualText {
  const fill = (language: "en" | "zh") =>
    template[language].replaceAll(placeholder, (whole, name: string) => {
      const known = rulePlaceholders.find((one) => one === name);
      return known === undefined ? whole : parts[known][language];
    });
  return { en: fill("en"), zh: fill("zh") };
}
