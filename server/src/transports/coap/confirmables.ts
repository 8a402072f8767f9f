// Our own confirmable messages: sent again with growing pauses until the peer acknowledges or rejects them.
import type { CoapLimits } from "./limits.ts";
import { type CoapAnswer, type Peer, writeMessage } from "./packets.ts";

export type Sent = "acknowledged" | "rejected" | "lost";

export interface CoapConfirmables {
  send(peer: Peer, answer: CoapAnswer, token: Buffer): Promise<Sent>;
  ping(peer: Peer): Promise<Sent>;
  settle(peer: Peer, messageId: number, isRejected: boolean): void;
  readonly count: number;
  /** Gives up all of them. */
  stop(): void;
}

/** RFC 7252, ACK_RANDOM_FACTOR: so that many devices that were told at once are not told again at once. */
const spread = 0.5;

export function createConfirmables(deps: {
  readonly limits: Pick<CoapLimits, "ackTimeoutMs" | "retransmitsMax" | "confirmablesMax">;
  readonly send: (peer: Peer, bytes: Buffer) => void;
  readonly nextMessageId: () => number;
}): CoapConfirmables {
  const { limits, nextMessageId } = deps;
  const waiting = new Map<string, (sent: Sent) => void>();
  let isStopped = false;

  function deliver(peer: Peer, messageId: number, bytes: Buffer): Promise<Sent> {
    const key = `${peer.key}/${messageId}`;
    if (isStopped || waiting.size >= limits.confirmablesMax || waiting.has(key))
      return Promise.resolve("lost");
    return new Promise((resolve) => {
      let timer: NodeJS.Timeout | undefined;
      const settle = (sent: Sent): void => {
        clearTimeout(timer);
        waiting.delete(key);
        resolve(sent);
      };
      waiting.set(key, settle);
      const transmit = (attempt: number, pauseMs: number): void => {
        deps.send(peer, bytes);
        const isLast = attempt >= limits.retransmitsMax;
        timer = setTimeout(() => {
          if (isLast) settle("lost");
          else transmit(attempt + 1, pauseMs * 2);
        }, pauseMs);
      };
      transmit(0, limits.ackTimeoutMs * (1 + Math.random() * spread));
    });
  }

  return {
    send: (peer, answer, token) => {
      const messageId = nextMessageId();
      return deliver(peer, messageId, writeMessage({ type: "confirmable", messageId, answer, token }));
    },
    ping: (peer) => {
      const messageId = nextMessageId();
      return deliver(peer, messageId, writeMessage({ type: "confirmable", messageId }));
    },
    settle: (peer, messageId, isRejected) =>
      waiting.get(`${peer.key}/${messageId}`)?.(isRejected ? "rejected" : "acknowledged"),
    get count() {
      return waiting.size;
    },
    stop: () => {
      isStopped = true;
      for (const settle of [...waiting.values()]) settle("lost");
    },
  };
}
