import type { Bench, Scope } from "./bench.ts";

export interface QuantityContext {
  readonly bench: Bench;
  readonly scope: Scope;
  readonly sentence: string;
  /** Properties that the words near the value ask for; undefined: nothing says so. */
  readonly cue: readonly string[] | undefined;
  /** The sentence speaks of a rule in general. */
  readonly isPolicy: boolean;
}
