// Whether this process can do its work now: each part of the product adds what it needs, and one answer joins them.
import type { BilingualText } from "@waremind/contract";
import type { Clock } from "./clock.ts";

/** A part that does not answer within this is not ready. */
const checkMsMax = 2_000;
/** Asking is free to anybody, so the parts are not asked more often than this. */
const answerKeptMs = 1_000;

/** Null when the part is ready, else why it is not. What it rejects with counts as not ready. */
export type ReadinessCheck = () => Promise<BilingualText | null> | BilingualText | null;

export interface PartReadiness {
  readonly part: string;
  readonly isReady: boolean;
  readonly reason?: BilingualText;
}

export interface Readiness {
  /** `part` is one kebab-case word, such as `store`; answers how to take it away again. */
  add(part: string, check: ReadinessCheck): () => void;
  check(): Promise<{ readonly isReady: boolean; readonly parts: readonly PartReadiness[] }>;
}

export function createReadiness({
  clock,
  limitMs = checkMsMax,
}: {
  readonly clock: Clock;
  /** Replaced by tests. */
  readonly limitMs?: number;
}): Readiness {
  const checks = new Map<string, ReadinessCheck>();
  let kept: { readonly at: number; readonly answer: ReturnType<Readiness["check"]> } | undefined;
  async function ask(): ReturnType<Readiness["check"]> {
    const parts = await Promise.all([...checks].map(([part, check]) => askPart(part, check, limitMs)));
    return { isReady: parts.every(({ isReady }) => isReady), parts };
  }
  return {
    add: (part, check) => {
      if (checks.has(part)) throw new Error(`The part ${part} says twice whether it is ready.`);
      checks.set(part, check);
      kept = undefined;
      return () => {
        checks.delete(part);
        kept = undefined;
      };
    },
    check: () => {
      const at = clock.now();
      if (kept === undefined || Math.abs(at - kept.at) >= answerKeptMs) kept = { at, answer: ask() };
      return kept.answer;
    },
  };
}

async function askPart(part: string, check: ReadinessCheck, limitMs: number): Promise<PartReadiness> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<BilingualText>((resolve) => {
    timer = setTimeout(resolve, limitMs, {
      en: `It did not answer within ${limitMs} ms.`,
      zh: `在 ${limitMs} 毫秒内没有回应。`,
    });
  });
  try {
    const reason = await Promise.race([Promise.resolve().then(check), late]);
    return reason === null ? { part, isReady: true } : { part, isReady: false, reason };
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return { part, isReady: false, reason: { en: text, zh: text } };
  } finally {
    clearTimeout(timer);
  }
}
