// What goes out on one socket: small packets at once, large ones in pieces that the client has to fetch first.
import type { Socket } from "node:net";
import type { MqttLimits } from "./limits.ts";

export class Writer {
  private readonly socket: Socket;
  private readonly limits: MqttLimits;
  private readonly whenUnread: () => void;
  /** Packets that wait for the end of a large one; null when none is being sent. */
  private behind: Buffer[] | null = null;
  private behindBytes = 0;
  private turn: Promise<void> = Promise.resolve();

  /** `whenUnread` is called when the client does not fetch what is written. */
  constructor(socket: Socket, limits: MqttLimits, whenUnread: () => void) {
    this.socket = socket;
    this.limits = limits;
    this.whenUnread = whenUnread;
  }

  /** Whether part of a packet is out and the rest is not: nothing but it may be written now. */
  get isWithinPacket(): boolean {
    return this.behind !== null;
  }

  write(bytes: Buffer): void {
    const { socket, limits } = this;
    if (!socket.writable) return;
    if (this.behind === null) socket.write(bytes);
    else {
      this.behind.push(bytes);
      this.behindBytes += bytes.length;
    }
    if (this.behindBytes > limits.unreadBytesMax) this.whenUnread();
    else if (this.behind === null && socket.writableLength > limits.unreadBytesMax) this.whenUnread();
  }

  /**
   * Sends one packet in pieces, one packet after the other. Resolves when the last piece is written or the connection
   * is gone; rejects when a piece could not be had: the connection is of no use then.
   */
  stream(pieces: AsyncIterable<Buffer>): Promise<void> {
    const sent = this.turn.then(() => this.send(pieces));
    this.turn = sent.catch(() => undefined);
    return sent;
  }

  private async send(pieces: AsyncIterable<Buffer>): Promise<void> {
    const { socket } = this;
    await this.fetched();
    this.behind = [];
    for await (const piece of pieces) {
      if (!socket.writable) return;
      if (!socket.write(piece)) await this.fetched();
    }
    const due = this.behind;
    this.behind = null;
    this.behindBytes = 0;
    for (const bytes of due) this.write(bytes);
  }

  /** Resolves when the client has fetched most of what was written, or is gone. */
  private async fetched(): Promise<void> {
    const { socket } = this;
    if (!socket.writable || !socket.writableNeedDrain) return;
    const timer = setTimeout(this.whenUnread, this.limits.fetchTimeMsMax);
    await new Promise<void>((resolve) => {
      socket.once("drain", resolve);
      socket.once("close", () => resolve());
    });
    clearTimeout(timer);
  }
}
