// Requests by peer and message id, remembered for as long as the same datagram may arrive again.
import type { Clock } from "../../platform/clock.ts";
import type { CoapLimits } from "./limits.ts";
import type { Peer } from "./packets.ts";

export interface Exchange {
  readonly openedAt: number;
  readonly isConfirmable: boolean;
  /** The empty acknowledgement has left; the answer goes in a message of its own. */
  isAcknowledged: boolean;
  /** What is sent again when the request arrives again; null while it is being worked on. */
  reply: Buffer | null;
}

export interface Exchanges {
  find(peer: Peer, messageId: number): Exchange | null;
  /** Null when there is no room: every exchange is being worked on. */
  open(peer: Peer, messageId: number, isConfirmable: boolean): Exchange | null;
  close(exchange: Exchange, reply: Buffer): void;
  readonly count: number;
  start(): void;
  stop(): void;
}

export function createExchanges({
  clock,
  limits,
}: {
  readonly clock: Clock;
  readonly limits: Pick<CoapLimits, "exchangeMsMax" | "exchangesMax" | "requestsMax" | "sweepIntervalMs">;
}): Exchanges {
  // A Map keeps the order of insertion: the first ones are the oldest.
  const exchanges = new Map<string, Exchange>();
  let openCount = 0;
  let timer: NodeJS.Timeout | undefined;
  const isOver = (exchange: Exchange): boolean =>
    exchange.reply !== null && clock.now() - exchange.openedAt >= limits.exchangeMsMax;

  function sweep(): void {
    for (const [key, exchange] of exchanges) {
      if (isOver(exchange)) exchanges.delete(key);
      // Everything behind it is younger, but for those that are being worked on.
      else if (exchange.reply !== null) return;
    }
  }

  function makeRoom(): void {
    for (const [key, exchange] of exchanges) {
      if (exchanges.size < limits.exchangesMax) return;
      if (exchange.reply !== null) exchanges.delete(key);
    }
  }

  return {
    find: (peer, messageId) => {
      const exchange = exchanges.get(`${peer.key}/${messageId}`);
      return exchange === undefined || isOver(exchange) ? null : exchange;
    },
    open: (peer, messageId, isConfirmable) => {
      if (openCount >= Math.min(limits.requestsMax, limits.exchangesMax)) return null;
      makeRoom();
      const exchange: Exchange = { openedAt: clock.now(), isConfirmable, isAcknowledged: false, reply: null };
      const key = `${peer.key}/${messageId}`;
      exchanges.delete(key);
      exchanges.set(key, exchange);
      openCount += 1;
      return exchange;
    },
    close: (exchange, reply) => {
      exchange.reply = reply;
      openCount -= 1;
    },
    get count() {
      return exchanges.size;
    },
    start: () => {
      timer = setInterval(sweep, limits.sweepIntervalMs);
    },
    stop: () => {
      clearInterval(timer);
      exchanges.clear();
    },
  };
}
