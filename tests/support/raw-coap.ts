// A CoAP client without manners: single datagrams, sent and received as they are.
import { createSocket, type Socket } from "node:dgram";
import { generate, type Packet, type ParsedPacket, parse } from "coap-packet";

export interface RawCoap {
  send(datagram: Buffer | Packet): void;
  /** The next message that came; waits for it. */
  next(): Promise<ParsedPacket>;
  /** Messages that came and were not asked for yet. */
  readonly unread: number;
  /** Sends a ping and waits for its reset: whatever was sent before has been handled. Others stay unread. */
  roundTrip(): Promise<void>;
  close(): void;
}

export async function openRawCoap(port: number): Promise<RawCoap> {
  const socket: Socket = createSocket("udp4");
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  const messages: ParsedPacket[] = [];
  let waiters: (() => void)[] = [];
  let pingId = 60_000;
  const resets = new Map<number, () => void>();
  socket.on("message", (datagram) => {
    const packet = parse(datagram);
    const pinged = packet.reset ? resets.get(packet.messageId) : undefined;
    if (pinged === undefined) messages.push(packet);
    else pinged();
    for (const waiter of waiters.splice(0)) waiter();
  });
  const send = (datagram: Buffer | Packet): void => {
    socket.send(Buffer.isBuffer(datagram) ? datagram : generate(datagram, 65_000), port, "127.0.0.1");
  };
  return {
    send,
    next: async () => {
      for (;;) {
        const message = messages.shift();
        if (message !== undefined) return message;
        await new Promise<void>((resolve) => waiters.push(resolve));
      }
    },
    get unread() {
      return messages.length;
    },
    roundTrip: () =>
      new Promise((resolve) => {
        pingId += 1;
        resets.set(pingId, resolve);
        send({ code: "0.00", confirmable: true, messageId: pingId });
      }),
    close: () => {
      waiters = [];
      socket.close();
    },
  };
}

export const pathOptions = (path: string): Packet["options"] =>
  path.split("/").map((segment) => ({ name: "Uri-Path", value: Buffer.from(segment) }));
