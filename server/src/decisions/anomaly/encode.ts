// A detector's state as text, exactly: what is restored goes on as if it had never stopped.
import { createDetectorState, type DetectorState } from "./detector.ts";

/** JSON of at most some twenty kilobytes. */
export function encodeDetectorState(state: DetectorState): string {
  return JSON.stringify(state, (_key, part: unknown) => (part instanceof Float64Array ? [...part] : part));
}

/** Null when the text is no state of this version: then the series is learnt anew. */
export function decodeDetectorState(text: string): DetectorState | null {
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
  const state = createDetectorState();
  if (!isRecord(given) || given["version"] !== state.version) return null;
  const { sensitivity } = given;
  if (sensitivity !== "low" && sensitivity !== "normal" && sensitivity !== "high") return null;
  state.sensitivity = sensitivity;
  return fill(state as unknown as Record<string, unknown>, given) ? state : null;
}

const isRecord = (part: unknown): part is Record<string, unknown> =>
  typeof part === "object" && part !== null && !Array.isArray(part);

/** Copies every number of the same shape into a fresh state; false where one is missing or none. */
function fill(into: Record<string, unknown>, given: Readonly<Record<string, unknown>>): boolean {
  return Object.entries(into).every(([key, known]) => {
    const part = given[key];
    if (known instanceof Float64Array) {
      if (!Array.isArray(part) || part.length !== known.length) return false;
      if (!part.every((one): one is number => Number.isFinite(one))) return false;
      known.set(part);
      return true;
    }
    if (isRecord(known)) return isRecord(part) && fill(known, part);
    if (typeof known !== "number") return true;
    into[key] = part;
    return Number.isFinite(part);
  });
}
