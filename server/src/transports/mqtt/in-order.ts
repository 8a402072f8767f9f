// The messages of one connection between arrival and acknowledgement. Several commits may be under way at once and
// end in any order; acknowledgements leave in the order of arrival (MQTT-4.6.0-2).
import type { Receipt } from "../../flows/intake-sink.ts";

/** Whose messages they are: told when one is settled. */
export interface Holder {
  done(held: Held): void;
  notStored(error: unknown): void;
}

/** A message's place among the acknowledgements, and the receipt the store gives it. */
export class Held implements Receipt {
  /** 0 when nothing is to be acknowledged (QoS 0). */
  readonly messageId: number;
  isDone = false;
  /** How long it has waited for a limit in all. */
  waitedMs = 0;
  /** An acknowledgement other than plain success. */
  refusal: Buffer | null = null;
  private readonly holder: Holder;

  constructor(messageId: number, holder: Holder) {
    this.messageId = messageId;
    this.holder = holder;
  }

  stored(): void {
    this.holder.done(this);
  }

  notStored(error: unknown): void {
    this.holder.notStored(error);
  }
}

const successBytes = 4;
const compactAt = 256;

export class InOrder {
  private held: (Held | undefined)[] = [];
  private head = 0;
  private readonly holder: Holder;

  constructor(holder: Holder) {
    this.holder = holder;
  }

  /** How many messages are not answered yet. */
  get size(): number {
    return this.held.length - this.head;
  }

  hold(messageId: number): Held {
    const held = new Held(messageId, this.holder);
    this.held.push(held);
    return held;
  }

  /** Takes the acknowledgements that are due as one piece of bytes; null when none is. */
  takeDue(): Buffer | null {
    let index = this.head;
    let size = 0;
    for (let next = this.held[index]; next?.isDone === true; next = this.held[index]) {
      size += next.messageId === 0 ? 0 : (next.refusal?.length ?? successBytes);
      index += 1;
    }
    const bytes = size === 0 ? null : this.encode(index, size);
    this.forget(index);
    return bytes;
  }

  private encode(until: number, size: number): Buffer {
    const bytes = Buffer.allocUnsafe(size);
    let at = 0;
    for (let index = this.head; index < until; index += 1) {
      const held = this.held[index];
      if (held === undefined || held.messageId === 0) continue;
      if (held.refusal === null) {
        // PUBACK without a reason: the same four bytes in every version.
        bytes.writeUInt16BE(0x4002, at);
        bytes.writeUInt16BE(held.messageId, at + 2);
        at += successBytes;
      } else {
        at += held.refusal.copy(bytes, at);
      }
    }
    return bytes;
  }

  private forget(until: number): void {
    if (until === this.held.length) {
      this.held = [];
      this.head = 0;
      return;
    }
    this.held.fill(undefined, this.head, until);
    this.head = until;
    if (this.head < compactAt) return;
    this.held = this.held.slice(this.head);
    this.head = 0;
  }
}
