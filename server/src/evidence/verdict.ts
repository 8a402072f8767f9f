import type { ClaimFault, Fact } from "@waremind/contract";
import type { Bench } from "./bench.ts";

/** What a judge says of one claim. */
export interface Verdict {
  readonly facts: readonly Fact[];
  readonly fault?: ClaimFault;
  readonly nearest?: Fact;
  /** Set when the claim only stands if its age is stated next to it. */
  readonly needsAge?: boolean;
}

export const notFound: Verdict = { facts: [], fault: "no-fact" };

export function supportedBy(facts: readonly Fact[]): Verdict {
  return { facts };
}

export function refused(fault: ClaimFault, nearest: Fact | undefined): Verdict {
  return { facts: [], fault, ...(nearest === undefined ? {} : { nearest }) };
}

/** Fresh facts support at once; old ones only together with their age. */
export function supportedIfFresh(bench: Bench, matches: readonly Fact[]): Verdict {
  const fresh = matches.filter((fact) => bench.isFresh(fact));
  if (fresh.length > 0) return supportedBy(fresh);
  const [first] = matches;
  return {
    facts: matches,
    fault: "stale",
    needsAge: true,
    ...(first === undefined ? {} : { nearest: first }),
  };
}
