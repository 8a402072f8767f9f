/** What is known of a silent device besides its silence. */
export interface SilenceCircumstances {
  /** Its own session; null when its way in keeps none (HTTP, a gateway's child). */
  readonly session: { readonly isConnected: boolean; readonly changedAt: number } | null;
  /** The gateway it speaks through: when that was last heard, and its own session; null when it speaks for itself. */
  readonly gateway: {
    readonly isConnected: boolean;
    readonly heardAt: number;
    readonly silenceMs: number;
  } | null;
}

/**
 * Why nothing is heard at `at`. `gateway-down`: what it speaks through is away, or has itself been silent for `silenceMs`;
 * nothing is known of the device then. `offline`: its session ended and did not come back. `silent`: its way in is open and
 * it says nothing.
 */
export type SilenceCause = "gateway-down" | "offline" | "silent";

export function causeOfSilence(at: number, { session, gateway }: SilenceCircumstances): SilenceCause {
  if (gateway !== null && (!gateway.isConnected || at - gateway.heardAt > gateway.silenceMs))
    return "gateway-down";
  return session !== null && !session.isConnected && session.changedAt <= at ? "offline" : "silent";
}
