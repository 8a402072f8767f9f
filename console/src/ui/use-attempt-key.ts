import { useRef } from "react";
import { newKey } from "./new-key.ts";

interface AttemptKey {
  /** The key for this wish: the one of the last attempt when it asked for the same, else a new one. */
  readonly keyFor: (wish: unknown) => string;
  /** The wish was answered; the same one again is another act. */
  readonly answered: () => void;
}

/** Idempotency keys for a form: what is sent again because its answer was lost is not done twice. */
export function useAttemptKey(): AttemptKey {
  const last = useRef<{ readonly key: string; readonly text: string } | null>(null);
  return {
    keyFor: (wish) => {
      const text = JSON.stringify(wish);
      if (last.current?.text !== text) last.current = { key: newKey(), text };
      return last.current.key;
    },
    answered: () => {
      last.current = null;
    },
  };
}
