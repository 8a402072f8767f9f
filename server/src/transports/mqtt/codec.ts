import { type Packet, parser } from "mqtt-packet";

export interface Codec {
  /** Decodes exactly one whole packet; null when it breaks the protocol, and then `fault` says how. */
  decode(bytes: Buffer): Packet | null;
  readonly fault: string;
}

/** One per connection: the codec remembers the protocol version of the CONNECT. Never throws at what it reads. */
export function createCodec(): Codec {
  const reader = parser();
  let packet: Packet | null = null;
  let fault = "";
  reader.on("packet", (next) => {
    packet = next;
  });
  reader.on("error", (error: unknown) => {
    fault = error instanceof Error ? error.message : String(error);
  });
  return {
    get fault() {
      return fault;
    },
    decode: (bytes) => {
      packet = null;
      fault = "";
      try {
        const left = reader.parse(bytes);
        if (fault === "" && (left > 0 || packet === null)) fault = "The packet is not as long as it says.";
      } catch (error) {
        // Reading past the end of a packet that lies about its parts.
        fault = error instanceof Error ? error.message : String(error);
      }
      return fault === "" ? packet : null;
    },
  };
}
