import type { Intent } from "./language-types.ts";

/** A wording that speaks for an intent: the pattern runs on normalised, spelling-corrected text. */
export interface Cue {
  readonly pattern: RegExp;
  /** How much it tells alone, 0..1; cues of one intent add up as independent hints. Negative: speaks against it. */
  readonly weight: number;
}

export type Cues = Readonly<Record<Intent, readonly Cue[]>>;
