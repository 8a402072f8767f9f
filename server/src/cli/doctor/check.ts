// One line of `waremind doctor`: what was looked at, how it is, and what to do about it.
import type { BilingualText } from "@waremind/contract";

/** `info`: neither good nor bad; `skip`: could not be looked at, for the reason that is said. */
export type CheckState = "ok" | "info" | "warn" | "fail" | "skip";

export interface CheckLine {
  /** Kebab-case, the same in every language. */
  readonly check: string;
  readonly state: CheckState;
  readonly message: BilingualText;
  /** What to do; with `warn` and `fail` always. */
  readonly advice?: BilingualText;
}

export const said = (en: string, zh: string): BilingualText => ({ en, zh });

export const ok = (check: string, message: BilingualText): CheckLine => ({ check, state: "ok", message });
export const info = (check: string, message: BilingualText): CheckLine => ({ check, state: "info", message });
export const skip = (check: string, message: BilingualText): CheckLine => ({ check, state: "skip", message });
export const warn = (check: string, message: BilingualText, advice: BilingualText): CheckLine => ({
  ...{ check, state: "warn", message, advice },
});
export const fail = (check: string, message: BilingualText, advice: BilingualText): CheckLine => ({
  ...{ check, state: "fail", message, advice },
});

/** A failed `fetch` says why only in its cause. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.message === "fetch failed" && error.cause instanceof Error) return reasonOf(error.cause);
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  return error.message === "" ? code : error.message;
}
