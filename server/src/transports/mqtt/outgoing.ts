// Messages to one device: answers at QoS 0, pushes at the QoS it subscribed with, in a window it can follow.
import type { Delivered } from "../../flows/device-hub.ts";
import type { MqttLimits } from "./limits.ts";
import { type ClientTraits, messageTo } from "./packets.ts";

interface Pushed {
  readonly topic: string;
  readonly payload: string | Uint8Array;
  readonly resolve: (delivered: Delivered) => void;
}

interface Unacknowledged {
  readonly resolve: (delivered: Delivered) => void;
  sweeps: number;
}

const messageIdMax = 65_535;

export class Outgoing {
  private readonly traits: ClientTraits;
  private readonly limits: MqttLimits;
  private readonly write: (bytes: Buffer) => void;
  /** By message id. A slot stays taken until the client acknowledges, however late. */
  private readonly unacknowledged = new Map<number, Unacknowledged>();
  private waiting: Pushed[] = [];
  private lastMessageId = 0;
  private isOver = false;

  constructor(traits: ClientTraits, limits: MqttLimits, write: (bytes: Buffer) => void) {
    this.traits = traits;
    this.limits = limits;
    this.write = write;
  }

  /** How many messages wait for an acknowledgement or for room in the window. */
  get pendingCount(): number {
    return this.unacknowledged.size + this.waiting.length;
  }

  /** At QoS 0: over one TCP connection it arrives or the connection is gone. False: larger than the client takes. */
  reply(topic: string, payload: string | Uint8Array): boolean {
    const packet = messageTo(this.traits, { topic, payload, messageId: 0 });
    if (packet.length > this.traits.packetBytesMax) return false;
    if (!this.isOver) this.write(packet);
    return true;
  }

  push(topic: string, payload: string | Uint8Array, qos: 0 | 1): Promise<Delivered> {
    if (this.isOver) return Promise.resolve("not-taken");
    if (qos === 0) return Promise.resolve(this.reply(topic, payload) ? "written" : "not-taken");
    if (this.waiting.length >= this.limits.outgoingWaitingMax) return Promise.resolve("not-taken");
    return new Promise((resolve) => {
      this.waiting.push({ topic, payload, resolve });
      this.fillWindow();
    });
  }

  /** The client acknowledged; a reason of 0x80 and above says that it did not take the message. */
  acknowledged(messageId: number, reasonCode: number): void {
    const entry = this.unacknowledged.get(messageId);
    // An id we never used is not worth a connection.
    if (entry === undefined) return;
    this.unacknowledged.delete(messageId);
    entry.resolve(reasonCode >= 0x80 ? "not-taken" : "acknowledged");
    this.fillWindow();
  }

  /** Called at every sweep: what a client does not acknowledge in time counts as not taken. */
  sweep(): void {
    const sweepsMax = Math.ceil(this.limits.acknowledgeTimeMsMax / this.limits.sweepIntervalMs);
    for (const entry of this.unacknowledged.values()) {
      entry.sweeps += 1;
      if (entry.sweeps > sweepsMax) entry.resolve("not-taken");
    }
  }

  /** The connection is gone: nothing that waits will be acknowledged. */
  end(): void {
    this.isOver = true;
    for (const entry of this.unacknowledged.values()) entry.resolve("not-taken");
    for (const entry of this.waiting) entry.resolve("not-taken");
    this.unacknowledged.clear();
    this.waiting = [];
  }

  private fillWindow(): void {
    const window = Math.min(this.traits.receiveMaximum, this.limits.outgoingInflightMax);
    while (this.unacknowledged.size < window) {
      const next = this.waiting.shift();
      if (next === undefined) return;
      const messageId = this.nextMessageId();
      const packet = messageTo(this.traits, { topic: next.topic, payload: next.payload, messageId });
      if (packet.length > this.traits.packetBytesMax) {
        next.resolve("not-taken");
        continue;
      }
      this.unacknowledged.set(messageId, { resolve: next.resolve, sweeps: 0 });
      this.write(packet);
    }
  }

  /** Free ids abound: the window is far smaller than their number. */
  private nextMessageId(): number {
    do {
      this.lastMessageId = this.lastMessageId === messageIdMax ? 1 : this.lastMessageId + 1;
    } while (this.unacknowledged.has(this.lastMessageId));
    return this.lastMessageId;
  }
}
