// An open connection is there for a device or for provisioning; the session carries bytes for either.

import type { Ending } from "./endings.ts";
import type { Publish } from "./frames.ts";
import type { ClientTraits } from "./packets.ts";

/** What an open connection is there for. */
export interface Role {
  /** Whether it takes a message now; when it does not, it calls `proceed` of its line once it does again. */
  readonly mayHandle: boolean;
  /** Messages that are not acknowledged yet and will be. */
  readonly inflightCount: number;
  publish(publish: Publish): void;
  /** Answers the QoS granted, or why none is. */
  subscribe(filter: string, qos: number): 0 | 1 | "unknown" | "too-many";
  unsubscribe(filter: string): boolean;
  /** After all filters of one packet, when the answer to it is written. */
  subscriptionsChanged(): void;
  acknowledged(messageId: number, reasonCode: number): void;
  /** The acknowledgements that are due. */
  takeDue(): Buffer | null;
  sweep(): void;
  /** No more will be read. */
  stopReading(): void;
  ended(reason: string): void;
}

/** The connection as its role sees it. */
export interface Line {
  readonly traits: ClientTraits;
  readonly address: string;
  write(bytes: Buffer): void;
  /** Sends one packet in pieces; see Writer. */
  stream(pieces: AsyncIterable<Buffer>): Promise<void>;
  /** Fetches what `takeDue` has, later in this turn. */
  flushSoon(): void;
  /** Reads on, if nothing else forbids it. */
  proceed(): void;
  end(ending: Ending): void;
}
