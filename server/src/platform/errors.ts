import type { BilingualText, Problem, ProblemCode } from "@waremind/contract";

/** A refusal that a caller may show: what happened, to what, and what to do. Bugs are plain errors and crash loudly. */
export class DomainError extends Error {
  readonly code: ProblemCode;
  readonly sentence: BilingualText;
  readonly details: Record<string, unknown> | undefined;

  constructor(
    code: ProblemCode,
    sentence: BilingualText,
    details?: Record<string, unknown>,
    cause?: unknown,
  ) {
    super(sentence.en, cause === undefined ? undefined : { cause });
    this.name = "DomainError";
    this.code = code;
    this.sentence = sentence;
    this.details = details;
  }

  toProblem(): Problem {
    return {
      code: this.code,
      message: this.sentence,
      ...(this.details === undefined ? {} : { details: this.details }),
    };
  }
}

/** States what must hold; a failure is a bug. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`Assertion failed: ${message}`);
}
