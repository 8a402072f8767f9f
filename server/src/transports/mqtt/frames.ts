// Cuts a byte stream into MQTT packets without looking into them, so that a size is refused before it is buffered
// and the codec only ever sees one whole packet. A PUBLISH, nearly all of the traffic, is read here by hand.

const lengthBytesMax = 4;
const noBytes = Buffer.alloc(0);

export type FrameState = "whole" | "incomplete" | "too-large" | "malformed";

/**
 * The packets of one connection, one at a time. After `next` answered "whole", the packet is
 * `bytes.subarray(start, end)` and its variable header begins at `bodyStart`. Each chunk must be used up
 * (until "incomplete") before the following is added.
 */
export class Framer {
  bytes: Buffer = noBytes;
  start = 0;
  bodyStart = 0;
  end = 0;
  private position = 0;
  /** A packet that spans chunks, allocated once at its full size. */
  private assembling: Buffer | null = null;
  private filled = 0;
  /** The chunk after the bytes being read. */
  private following: Buffer | null = null;

  add(chunk: Buffer): void {
    if (this.assembling !== null) {
      this.following = chunk;
      return;
    }
    const left = this.bytes.length - this.position;
    // What is left is at most a fixed header, so joining costs one small copy.
    this.bytes = left === 0 ? chunk : Buffer.concat([this.bytes.subarray(this.position), chunk]);
    this.position = 0;
  }

  next(packetBytesMax: number): FrameState {
    if (this.assembling !== null && !this.fill(this.assembling)) return "incomplete";
    if (this.position === this.bytes.length && this.following !== null) this.follow(this.following);
    const { bytes, position } = this;
    if (position === bytes.length) this.letGo();
    if (bytes.length - position < 2) return "incomplete";
    let length = 0;
    let index = position + 1;
    for (let shift = 0; ; shift += 7) {
      if (index - position > lengthBytesMax) return "malformed";
      const byte = bytes[index];
      if (byte === undefined) return "incomplete";
      length += (byte & 0x7f) * 2 ** shift;
      index += 1;
      if (byte < 0x80) break;
    }
    if (index - position + length > packetBytesMax) return "too-large";
    if (index + length > bytes.length) {
      this.assemble(index - position + length);
      return "incomplete";
    }
    this.start = position;
    this.bodyStart = index;
    this.end = index + length;
    this.position = this.end;
    return "whole";
  }

  /** Starts a packet of `size` bytes with what has come of it. */
  private assemble(size: number): void {
    this.assembling = Buffer.allocUnsafe(size);
    this.filled = this.bytes.copy(this.assembling, 0, this.position);
    this.letGo();
  }

  /** What is read is not held until more comes: most connections are idle most of the time. */
  private letGo(): void {
    this.bytes = noBytes;
    this.position = 0;
  }

  /** Adds the next chunk to the packet being assembled; true when that packet is whole and next to be read. */
  private fill(packet: Buffer): boolean {
    const chunk = this.following;
    if (chunk === null) return false;
    const taken = chunk.copy(packet, this.filled);
    this.filled += taken;
    this.following = taken === chunk.length ? null : chunk.subarray(taken);
    if (this.filled < packet.length) return false;
    this.assembling = null;
    this.bytes = packet;
    this.position = 0;
    return true;
  }

  private follow(chunk: Buffer): void {
    this.bytes = chunk;
    this.position = 0;
    this.following = null;
  }
}

export const packetTypes = { publish: 3, pingreq: 12 } as const;

export interface Publish {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: number;
  /** 0 for QoS 0. */
  readonly messageId: number;
}

/**
 * Reads a whole PUBLISH. Null when it carries MQTT 5 properties, which are left to the codec; "malformed" when it
 * breaks the protocol.
 */
export function readPublish(framer: Framer, protocolVersion: number): Publish | "malformed" | null {
  const { bytes, start, bodyStart, end } = framer;
  const qos = ((bytes[start] ?? 0) >> 1) & 3;
  let at = bodyStart + 2;
  if (qos === 3 || at > end) return "malformed";
  const topicEnd = at + bytes.readUInt16BE(bodyStart);
  if (topicEnd > end) return "malformed";
  const topic = bytes.toString("utf8", at, topicEnd);
  at = topicEnd;
  let messageId = 0;
  if (qos > 0) {
    if (at + 2 > end) return "malformed";
    messageId = bytes.readUInt16BE(at);
    if (messageId === 0) return "malformed";
    at += 2;
  }
  if (protocolVersion === 5) {
    if (at >= end) return "malformed";
    if (bytes[at] !== 0) return null;
    at += 1;
  }
  return { topic, payload: bytes.subarray(at, end), qos, messageId };
}
