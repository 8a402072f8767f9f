import type { CheckedSentence, Fact, TextCheck } from "@waremind/contract";
import type { CheckText } from "../evidence/index.ts";
import type { Draft } from "./compose-answer.ts";
import type { Turn } from "./turn.ts";

/** What passed, and what was drafted but not said. */
export interface Delivered {
  readonly text: string;
  readonly outcome: Draft["outcome"];
  readonly sentences: readonly CheckedSentence[];
  readonly withheld: readonly CheckedSentence[];
}

/** Removing one sentence may leave another hanging on it; after this many passes nothing is left to say. */
const removalsMax = 3;

/** What a check must know of the message that is to leave. */
export type Told = Pick<Turn, "language" | "ledger" | "customerWords" | "actionsDone" | "now" | "customer">;

export interface Checking {
  readonly checkText: CheckText;
  readonly turn: Told;
}

export function check({ checkText, turn }: Checking, text: string): TextCheck {
  return checkText({
    text,
    language: turn.language,
    facts: turn.ledger.facts(),
    customerWords: turn.customerWords,
    actionsDone: turn.actionsDone,
    now: turn.now,
    timeZone: turn.customer.timeZone,
  });
}

/** The draft as it is when every claim of it stands; else null with what failed. */
export function passAsIs(
  checking: Checking,
  draft: Draft,
): { readonly delivered: Delivered | null; readonly result: TextCheck } {
  const result = check(checking, draft.text);
  return {
    result,
    delivered: result.passes ? { ...draft, sentences: result.sentences, withheld: [] } : null,
  };
}

/**
 * Takes the unsupported sentences out. What is left is sent only if it still answers: at least one claim in it is
 * supported by a fact. Null otherwise, with everything withheld.
 */
export function passWithoutUnsupported(
  checking: Checking,
  draft: Draft,
): { readonly delivered: Delivered | null; readonly withheld: readonly CheckedSentence[] } {
  const withheld: CheckedSentence[] = [];
  let text = draft.text;
  for (let removal = 0; removal <= removalsMax; removal += 1) {
    const result = check(checking, text);
    if (result.passes) {
      const stillAnswers = result.sentences.some(({ claims }) =>
        claims.some(({ verdict }) => verdict === "supported"),
      );
      return stillAnswers && text.trim() !== ""
        ? { delivered: { text, outcome: draft.outcome, sentences: result.sentences, withheld }, withheld }
        : { delivered: null, withheld };
    }
    withheld.push(...result.sentences.filter(({ isSupported }) => !isSupported));
    text = withoutUnsupported(text, result);
  }
  return { delivered: null, withheld };
}

function withoutUnsupported(text: string, result: TextCheck): string {
  const kept: string[] = [];
  let from = 0;
  for (const sentence of result.sentences.filter(({ isSupported }) => !isSupported)) {
    kept.push(text.slice(from, sentence.start));
    from = sentence.end;
  }
  kept.push(text.slice(from));
  return kept
    .join("")
    .replaceAll(/[ \t]{2,}/g, " ")
    .replaceAll(/\n[ \t]*(?:\n[ \t]*)+/g, "\n")
    .trim();
}

/** For the model's one repair: what did not stand, and the nearest fact that could be said instead. */
export function describeFaults(
  result: TextCheck,
  facts: readonly Fact[],
  renderFact: (fact: Fact) => string,
): string {
  const byId = new Map(facts.map((fact) => [fact.id, fact]));
  return result.sentences
    .flatMap(({ claims }) => claims)
    .filter(({ verdict }) => verdict === "unsupported")
    .map((claim) => {
      const nearest = claim.nearestFactId === undefined ? undefined : byId.get(claim.nearestFactId);
      const instead = nearest === undefined ? "" : ` The nearest known fact: ${renderFact(nearest)}.`;
      return `- "${claim.text}" (${claim.kind}: ${claim.fault ?? "no-fact"}).${instead}`;
    })
    .join("\n");
}
