// The message layer of RFC 7252: every request is served once however often its datagram arrives, and what must
// arrive is sent until it is acknowledged.

import { randomInt } from "node:crypto";
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import type { ParsedPacket } from "coap-packet";
import type { Clock } from "../../platform/clock.ts";
import type { Log } from "../../platform/log.ts";
import { type CoapConfirmables, createConfirmables, type Sent } from "./confirmables.ts";
import { createExchanges, type Exchange, type Exchanges } from "./exchanges.ts";
import type { CoapLimits } from "./limits.ts";
import {
  type CoapAnswer,
  type CoapRequest,
  type Peer,
  readMessage,
  requestOf,
  writeMessage,
} from "./packets.ts";

export interface MessageLayer {
  /** Answers the port in use; rejects with EADDRINUSE when it is taken. */
  start(options: { readonly port: number; readonly host: string }): Promise<number>;
  /** Sends until it is acknowledged, rejected or given up. */
  sendConfirmable(peer: Peer, answer: CoapAnswer, token: Buffer): Promise<Sent>;
  /** Sends once. */
  sendOnce(peer: Peer, answer: CoapAnswer, token: Buffer): void;
  /** Asks a peer whether it is there: it rejects the empty message when it is. */
  ping(peer: Peer): Promise<Sent>;
  readonly counts: { readonly exchanges: number; readonly confirmables: number };
  /** Takes no more requests, sends the answers under way, closes. */
  stop(): Promise<void>;
}

export interface MessageLayerDependencies {
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: CoapLimits;
  /** Never rejects. */
  readonly answer: (request: CoapRequest) => Promise<CoapAnswer>;
  readonly overloaded: () => CoapAnswer;
}

const empty = Buffer.alloc(0);

export function createMessageLayer(deps: MessageLayerDependencies): MessageLayer {
  const { log, limits } = deps;
  const exchanges = createExchanges(deps);
  let socket: Socket | null = null;
  const leaving = new Set<Promise<void>>();
  const send = (peer: Peer, bytes: Buffer): void => {
    const { address, port } = peer;
    if (socket !== null) leaving.add(written(socket, bytes, { address, port }));
  };
  const written = (open: Socket, bytes: Buffer, to: { address: string; port: number }): Promise<void> => {
    const left = new Promise<void>((resolve) => {
      open.send(bytes, to.port, to.address, (error) => {
        leaving.delete(left);
        if (error !== null) log.debug({ err: error, ...to }, "a CoAP datagram could not be sent");
        resolve();
      });
    });
    return left;
  };
  let lastMessageId = randomInt(65_536);
  const nextMessageId = (): number => {
    lastMessageId = (lastMessageId + 1) % 65_536;
    return lastMessageId;
  };
  const confirmables = createConfirmables({ limits, send, nextMessageId });
  const reception = createReception(deps, { exchanges, confirmables, send, nextMessageId });

  return {
    start: async ({ port, host }) => {
      const opened = await open(port, host);
      socket = opened;
      opened.on("message", (datagram, remote) => {
        try {
          reception.take(datagram, remote);
        } catch (error) {
          // A datagram must never end the process; this is a bug to be found.
          log.error({ err: error }, "a CoAP datagram could not be handled");
        }
      });
      opened.on("error", (error) => log.error({ err: error }, "the CoAP socket failed"));
      exchanges.start();
      return opened.address().port;
    },
    sendConfirmable: confirmables.send,
    sendOnce: (peer, answer, token) =>
      send(peer, writeMessage({ type: "non-confirmable", messageId: nextMessageId(), token, answer })),
    ping: confirmables.ping,
    get counts() {
      return { exchanges: exchanges.count, confirmables: confirmables.count };
    },
    stop: async () => {
      await within(limits.stopTimeMsMax, reception.stop());
      confirmables.stop();
      exchanges.stop();
      // Closing a socket drops what it was only just given.
      await within(limits.stopTimeMsMax, Promise.all(leaving));
      const closing = socket;
      socket = null;
      if (closing !== null) await new Promise<void>((resolve) => closing.close(() => resolve()));
    },
  };
}

interface Means {
  readonly exchanges: Exchanges;
  readonly confirmables: CoapConfirmables;
  readonly send: (peer: Peer, bytes: Buffer) => void;
  readonly nextMessageId: () => number;
}

/** What comes in: signals for our own messages, and requests. */
function createReception(deps: MessageLayerDependencies, means: Means) {
  const { confirmables, send } = means;
  const serving = createServing(deps, means);
  let isStopping = false;

  function takeSignal(peer: Peer, packet: ParsedPacket): void {
    if (packet.ack || packet.reset) confirmables.settle(peer, packet.messageId, packet.reset);
    // An empty confirmable message is a ping.
    else if (packet.confirmable) send(peer, writeMessage({ type: "reset", messageId: packet.messageId }));
  }

  return {
    take: (datagram: Buffer, { address, port }: RemoteInfo): void => {
      // Port 0 cannot be answered; a forged datagram may bear it.
      if (port === 0) return;
      const peer: Peer = { address, port, key: `${address}:${port}` };
      const message = readMessage(datagram);
      if (message.kind === "broken" && message.isConfirmable) {
        send(peer, writeMessage({ type: "reset", messageId: message.messageId }));
      } else if (message.kind === "signal") {
        takeSignal(peer, message.packet);
      } else if (message.kind === "request" && !isStopping) {
        serving.take(peer, message.packet);
      }
    },
    /** Takes no more requests; resolves when those under way are answered. */
    stop: async (): Promise<void> => {
      isStopping = true;
      await serving.settled();
    },
  };
}

/** Serves every request once, and answers each of its datagrams. */
function createServing(
  deps: MessageLayerDependencies,
  { exchanges, confirmables, send, nextMessageId }: Means,
) {
  const underway = new Set<Promise<void>>();

  function acknowledgeEarly(peer: Peer, messageId: number, exchange: Exchange): void {
    exchange.isAcknowledged = true;
    send(peer, writeMessage({ type: "acknowledgement", messageId }));
  }

  /** The same datagram again: its answer again, or the word that it is being worked on. */
  function repeat(peer: Peer, messageId: number, exchange: Exchange): void {
    if (!exchange.isConfirmable) return;
    if (exchange.reply === null) acknowledgeEarly(peer, messageId, exchange);
    else if (exchange.reply.length > 0) send(peer, exchange.reply);
  }

  async function serve(request: CoapRequest, messageId: number, exchange: Exchange): Promise<void> {
    const { peer, token } = request;
    const timer = exchange.isConfirmable
      ? setTimeout(() => acknowledgeEarly(peer, messageId, exchange), deps.limits.piggybackMsMax)
      : undefined;
    const answer = await deps.answer(request);
    clearTimeout(timer);
    reply({ peer, messageId, token, exchange }, answer);
    answer.afterSent?.();
  }

  function reply({ peer, messageId, token, exchange }: Asked, answer: CoapAnswer): void {
    if (!exchange.isConfirmable) {
      send(peer, writeMessage({ type: "non-confirmable", messageId: nextMessageId(), token, answer }));
      exchanges.close(exchange, empty);
    } else if (exchange.isAcknowledged) {
      void confirmables.send(peer, answer, token);
      exchanges.close(exchange, writeMessage({ type: "acknowledgement", messageId }));
    } else {
      const bytes = writeMessage({ type: "acknowledgement", messageId, token, answer });
      send(peer, bytes);
      exchanges.close(exchange, bytes);
    }
  }

  /** There is no room to remember it, so it is not served. */
  function turnAway(peer: Peer, { confirmable, messageId, token }: ParsedPacket): void {
    const answer = deps.overloaded();
    send(
      peer,
      confirmable
        ? writeMessage({ type: "acknowledgement", messageId, token, answer })
        : writeMessage({ type: "non-confirmable", messageId: nextMessageId(), token, answer }),
    );
  }

  return {
    take: (peer: Peer, packet: ParsedPacket): void => {
      const { messageId, token } = packet;
      const known = exchanges.find(peer, messageId);
      if (known !== null) {
        repeat(peer, messageId, known);
        return;
      }
      const exchange = exchanges.open(peer, messageId, packet.confirmable);
      if (exchange === null) {
        turnAway(peer, packet);
        return;
      }
      const request = requestOf(packet, peer);
      if ("refusedWith" in request) {
        const answer = { code: request.refusedWith, payload: empty, options: [] };
        reply({ peer, messageId, token, exchange }, answer);
        return;
      }
      const served = serve(request, messageId, exchange)
        .catch((error: unknown) => {
          deps.log.error({ err: error }, "a CoAP request could not be answered");
          if (exchange.reply === null) exchanges.close(exchange, empty);
        })
        .finally(() => underway.delete(served));
      underway.add(served);
    },
    settled: async (): Promise<void> => {
      await Promise.all(underway);
    },
  };
}

interface Asked {
  readonly peer: Peer;
  readonly messageId: number;
  readonly token: Buffer;
  readonly exchange: Exchange;
}

function open(port: number, host: string): Promise<Socket> {
  const socket = createSocket(host.includes(":") ? "udp6" : "udp4");
  return new Promise((resolve, reject) => {
    socket.once("error", (error) => {
      socket.close();
      reject(error);
    });
    socket.bind(port, host, () => {
      socket.removeAllListeners("error");
      resolve(socket);
    });
  });
}

async function within(msMax: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, msMax);
  });
  await Promise.race([work, late]);
  clearTimeout(timer);
}
