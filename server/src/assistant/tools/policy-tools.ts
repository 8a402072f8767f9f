import type { Fact, Money, Subject } from "@waremind/contract";
import { clauseIds, clauseText, type PolicyClause } from "../../guard/index.ts";
import type { ReadingDoors } from "../assistant-types.ts";
import type { Turn } from "../turn.ts";
import { value } from "./fact-ledger.ts";
import type { FactSheet } from "./fact-sheet.ts";

export type PolicyTopic = "refund" | "cancel" | "any";
const clausesShownMax = 12;

/** A shop's own clauses tell what they are about in their id and their titles. */
const topicPatterns: Readonly<Record<PolicyTopic, RegExp>> = {
  refund: /cold|excursion|refund|冷链|退款|赔付/i,
  cancel: /cancel|取消/i,
  any: /./,
};
const topicClauses: Readonly<Record<PolicyTopic, string | null>> = {
  refund: clauseIds.refund,
  cancel: clauseIds.cancel,
  any: null,
};

export interface PolicyTools {
  /** The clauses in force on a topic: title, text, and the limit in money where one is named. */
  policyClauses(topic: PolicyTopic): Promise<readonly FactSheet[]>;
}

export function createPolicyTools(doors: Pick<ReadingDoors, "guard">, turn: Turn): PolicyTools {
  return {
    policyClauses: async (topic) => {
      // What only binds the shop's own people is not for customers.
      const clauses = (await doors.guard.clauses()).filter(
        ({ parameters }) => parameters["audience"] !== "staff",
      );
      const pattern = topicPatterns[topic];
      const known = clauses.filter(({ id }) => id === topicClauses[topic]);
      const named = clauses.filter(({ id, title }) => pattern.test(`${id} ${title.en} ${title.zh}`));
      return (known.length > 0 ? known : named)
        .slice(0, clausesShownMax)
        .map((clause) => clauseSheet(turn, clause));
    },
  };
}

function clauseSheet(turn: Turn, clause: PolicyClause): FactSheet {
  const subject: Subject = { kind: "policy-clause", id: clause.id, label: clause.title.en };
  const base = {
    subject,
    observedAt: turn.now,
    freshForSeconds: null,
    source: { kind: "clause", clauseId: clause.id, version: clause.version } as const,
  };
  const limit = limitOf(clause);
  const facts: Fact[] = [
    turn.ledger.add({ ...base, property: "clause-title", value: value.text(clause.title) }),
    turn.ledger.add({ ...base, property: "clause-text", value: value.text(clauseText(clause)) }),
    ...(limit === null
      ? []
      : [turn.ledger.add({ ...base, property: "refund-limit", value: value.money(limit) })]),
  ];
  return { subject, facts, parts: [] };
}

function limitOf(clause: PolicyClause): Money | null {
  const { limitMinor, currency } = clause.parameters;
  return typeof limitMinor === "number" && typeof currency === "string"
    ? { amountMinor: limitMinor, currency }
    : null;
}
