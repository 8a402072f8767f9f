import type { Composer } from "./language-types.ts";
import { createUnderstanding } from "./understand.ts";

/** The built-in, rule-based engine: always there, needs no model, and is labelled as rule-based wherever it speaks. */
export function createComposer(): Composer {
  return {
    label: { kind: "composer", name: "Waremind composer (rule-based)" },
    understand: createUnderstanding(),
  };
}
