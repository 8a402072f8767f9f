import type { BilingualText } from "@waremind/contract";

export interface SuiteContext {
  /** The largest sizes; otherwise what every run of CI has time for, from the same seed. */
  readonly isFull: boolean;
  readonly seed: number;
  log(line: string): void;
  readonly signal: AbortSignal;
  /** A PostgreSQL to use; suites skip by name what needs one when it is absent. */
  readonly postgresqlUrl: string | undefined;
}

export interface SuiteOutcome {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** The measured figure in one line, with its unit. */
  readonly figure: string;
  readonly failures: readonly string[];
}

/** A named proof: it holds when nothing failed and at least one case passed. */
export interface Suite {
  readonly name: string;
  readonly title: BilingualText;
  /** What must hold, in one line. */
  readonly bar: string;
  run(context: SuiteContext): Promise<SuiteOutcome>;
}
