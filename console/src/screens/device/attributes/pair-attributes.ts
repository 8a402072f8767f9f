import type { AttributeDelta, AttributeView } from "@waremind/contract";

/** How what we want and what the device says stand to each other. */
export type PairState = "matches" | "differs" | "unreported" | "reported-only" | "told";
export interface AttributePair {
  readonly key: string;
  readonly desired: AttributeView | null;
  readonly reported: AttributeView | null;
  readonly state: PairState;
}

/** Desired and reported attributes side by side; what differs stands first, then by key. */
export function pairAttributes(
  items: readonly AttributeView[],
  delta: readonly AttributeDelta[],
): readonly AttributePair[] {
  const differing = new Set(delta.map((one) => one.key));
  const find = (scope: AttributeView["scope"], key: string): AttributeView | null =>
    items.find((item) => item.scope === scope && item.key === key) ?? null;
  const keys = new Set(items.filter((item) => item.scope !== "server").map((item) => item.key));
  return [...keys]
    .map((key): AttributePair => {
      const desired = find("shared", key);
      const reported = find("client", key);
      return { key, desired, reported, state: stateOf(desired, reported, differing.has(key)) };
    })
    .toSorted((one, other) => order[one.state] - order[other.state] || one.key.localeCompare(other.key));
}

function stateOf(desired: AttributeView | null, reported: AttributeView | null, differs: boolean): PairState {
  if (desired === null) return "reported-only";
  // The offer of a release is no difference: its progress stands among the readings.
  if (reported === null) return differs ? "unreported" : "told";
  return differs ? "differs" : "matches";
}

const order: Record<PairState, number> = {
  differs: 0,
  unreported: 1,
  matches: 2,
  "reported-only": 3,
  told: 4,
};
