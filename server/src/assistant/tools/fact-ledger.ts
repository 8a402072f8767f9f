import {
  type BilingualText,
  type Fact,
  type FactProperty,
  type FactSource,
  type FactValue,
  factProperties,
  type Money,
  type Subject,
} from "@waremind/contract";
import { DomainError } from "../../platform/errors.ts";

/** Facts of one answer; more than a person could follow, and a bound on what a model can gather. */
export const factsMax = 600;

export interface FactDraft {
  readonly subject: Subject;
  readonly property: FactProperty;
  readonly value: FactValue;
  readonly observedAt: number;
  /** Seconds until it may be said only with its age; null: it does not age. */
  readonly freshForSeconds: number | null;
  readonly source: FactSource;
}

/** The evidence of one answer under way: every tool writes here what it read, and nothing else can be said. */
export interface FactLedger {
  /** The same fact read twice is one fact. Refuses with `limit-reached` above `factsMax`. */
  add(draft: FactDraft): Fact;
  facts(): readonly Fact[];
}

export function createFactLedger(): FactLedger {
  const facts: Fact[] = [];
  const known = new Map<string, Fact>();
  return {
    add: (draft) => {
      const shape = factProperties[draft.property];
      if (shape.type !== draft.value.type) {
        throw new Error(`A fact ${draft.property} holds ${shape.type}, not ${draft.value.type}.`);
      }
      const key = JSON.stringify([draft.subject.id, draft.property, draft.value, draft.source]);
      const existing = known.get(key);
      if (existing !== undefined) return existing;
      if (facts.length >= factsMax) throw tooMany();
      const fact: Fact = { id: `f${facts.length + 1}`, ...draft };
      facts.push(fact);
      known.set(key, fact);
      return fact;
    },
    facts: () => facts,
  };
}

export const value = {
  number: (number: number, unit: string): FactValue => ({ type: "number", number, unit }),
  count: (number: number): FactValue => ({ type: "number", number, unit: "1" }),
  money: ({ amountMinor, currency }: Money): FactValue => ({ type: "money", amountMinor, currency }),
  instant: (at: number): FactValue => ({ type: "instant", at }),
  date: (date: string): FactValue => ({ type: "date", date }),
  status: (status: string): FactValue => ({ type: "status", status }),
  identifier: (text: string): FactValue => ({ type: "identifier", text }),
  text: (text: BilingualText): FactValue => ({ type: "text", text }),
} as const;

export const rowSource = (table: string, id: string): FactSource => ({ kind: "row", table, id });

function tooMany(): DomainError {
  return new DomainError(
    "limit-reached",
    {
      en: `One answer may rest on at most ${factsMax} facts; ask about one order at a time.`,
      zh: `一次回答最多依据 ${factsMax} 条事实，请一次只问一个订单。`,
    },
    { factsMax },
  );
}
