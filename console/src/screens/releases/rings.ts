import type { RolloutView } from "@waremind/contract";

export type RingState = "done" | "serving" | "waiting" | "halted" | "unreached";
export interface RingPicture {
  readonly index: number;
  /** Share of all devices that this ring adds, 0 to 1. */
  readonly share: number;
  readonly deviceCount: number;
  readonly updated: number;
  readonly failed: number;
  readonly state: RingState;
  /** Share of the ring's devices that failed, 0 to 1. */
  readonly failureShare: number;
  /** Whether one more failure may stop it: enough failed to count, and their share is beyond the threshold. */
  readonly isBeyond: boolean;
}

/** The rings of a rollout as they are drawn. The shares of a rollout are cumulative; a ring's own is what it adds. */
export function ringPictures(rollout: RolloutView): readonly RingPicture[] {
  return rollout.rings.map((ring, index) => {
    const failureShare = ring.deviceCount === 0 ? 0 : ring.failed / ring.deviceCount;
    return {
      index,
      share: ring.share - (rollout.rings[index - 1]?.share ?? 0),
      deviceCount: ring.deviceCount,
      updated: ring.updated,
      failed: ring.failed,
      failureShare,
      state: stateOf(rollout, index),
      isBeyond: ring.failed >= rollout.failuresMin && failureShare > rollout.failureShareMax,
    };
  });
}

/** A ring that was passed by hand goes on beside the next one until each of its devices has settled. */
function stateOf(rollout: RolloutView, index: number): RingState {
  const ring = rollout.rings[index];
  const isSettled = ring === undefined || ring.updated + ring.failed >= ring.deviceCount;
  if (rollout.state === "finished" || (index < rollout.ring && isSettled)) return "done";
  if (index > rollout.ring) return rollout.state === "stopped" ? "unreached" : "waiting";
  return rollout.state === "running" ? "serving" : "halted";
}

/** `"5, 25, 100"` per cent as cumulative shares up to 1; null when they do not rise to 100. */
export function parseRings(text: string): readonly { readonly share: number }[] | null {
  const percents = text
    .split(/[,，;\s]+/u)
    .filter((part) => part !== "")
    .map(Number);
  const isRising = percents.every((one, index) => one > (percents[index - 1] ?? 0) && one <= 100);
  if (percents.length === 0 || percents.length > 10 || !isRising || percents.at(-1) !== 100) return null;
  return percents.map((one) => ({ share: one / 100 }));
}
