import { type Packet, type Parser, parser } from "mqtt-packet";

export interface Codec {
  /** Decodes exactly one whole packet; null when it breaks the protocol, and then `fault` says how. */
  decode(bytes: Buffer, protocolVersion: number): Packet | null;
  /** Of the packet decoded last. */
  readonly fault: string;
}

/**
 * One for all connections, since it only ever sees whole packets: a parser of its own would be a fifth of what an idle
 * connection costs. Never throws at what it reads.
 */
export function createCodec(): Codec {
  /** By protocol version: a parser keeps no other memory from one packet to the next. */
  const readers = new Map<number, Parser>();
  let packet: Packet | null = null;
  let fault = "";

  function readerOf(protocolVersion: number): Parser {
    const known = readers.get(protocolVersion);
    if (known !== undefined) return known;
    const reader = parser({ protocolVersion });
    reader.on("packet", (next) => {
      packet = next;
    });
    reader.on("error", (error: unknown) => {
      fault = error instanceof Error ? error.message : String(error);
    });
    readers.set(protocolVersion, reader);
    return reader;
  }

  return {
    get fault() {
      return fault;
    },
    decode: (bytes, protocolVersion) => {
      packet = null;
      fault = "";
      try {
        const left = readerOf(protocolVersion).parse(bytes);
        if (fault === "" && (left > 0 || packet === null)) fault = "The packet is not as long as it says.";
      } catch (error) {
        // Reading past the end of a packet that lies about its parts.
        fault = error instanceof Error ? error.message : String(error);
      }
      const decoded = packetOf(packet);
      // It may hold the rest of a broken packet; and a CONNECT, even a second one, changes the version it reads.
      if (fault !== "" || decoded === null || decoded.cmd === "connect") readers.delete(protocolVersion);
      return fault === "" ? decoded : null;
    },
  };
}

/** Set by a listener, which the compiler does not see. */
const packetOf = (packet: Packet | null): Packet | null => packet;
