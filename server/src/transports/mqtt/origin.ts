// What the handling of a message may do with the connection it came by.
import type { DeviceIdentity } from "../../devices/index.ts";
import type { DeviceDesk } from "../../flows/device-desk.ts";
import type { Delivered } from "../../flows/device-hub.ts";
import type { IntakeSink } from "../../flows/intake-sink.ts";
import type { Clock } from "../../platform/clock.ts";
import type { Log } from "../../platform/log.ts";
import type { Ending } from "./endings.ts";
import type { Publish } from "./frames.ts";
import type { Held } from "./in-order.ts";
import type { MqttLimits } from "./limits.ts";
import type { ClientTraits } from "./packets.ts";

/** A message that met a limit and waits for it to pass, with its connection read no further. */
export interface HeldBack {
  readonly held: Held;
  readonly publish: Publish;
  /** Asks the limit again; the message proceeds or is held back once more. */
  readonly again: () => void;
  /** It waited too long: it goes where its owner sees it. */
  readonly giveUp: () => void;
}

/** One connection of a device; the same object for all its messages. */
export interface PublishOrigin {
  /** As the registry knows the device now. */
  readonly identity: DeviceIdentity;
  readonly address: string;
  readonly traits: ClientTraits;
  readonly desk: DeviceDesk;
  readonly sink: IntakeSink;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: MqttLimits;
  /** Keeps the message's place among the acknowledgements. */
  hold(messageId: number): Held;
  /** The message may be acknowledged when those before it are. */
  done(held: Held): void;
  /** The message is settled once `stored` resolves; a rejection ends the connection without acknowledging it. */
  settle(held: Held, stored: Promise<void>): void;
  /** Reads the connection no further for `retryAfterMs` (bounded), then asks again. */
  holdBack(message: HeldBack, retryAfterMs: number): void;
  /**
   * Counts `work` among the requests under way until it ends; at `requestsUnderWayMax` the connection is read no
   * further. A rejection ends the connection.
   */
  serve(work: Promise<void>): void;
  /** An answer at QoS 0, subscribed or not; false when it is larger than the client takes (then nothing is sent). */
  reply(topic: string, payload: string | Uint8Array): boolean;
  /** A message at the given QoS; answers what became of it. Never rejects. */
  push(topic: string, payload: string | Uint8Array, qos: 0 | 1): Promise<Delivered>;
  /** The QoS granted to a filter, null when the client is not subscribed to exactly this one. */
  grantedQos(filter: string): 0 | 1 | null;
  /** Called after each SUBSCRIBE and UNSUBSCRIBE. */
  onSubscriptions(listener: () => void): void;
  /** Called once when the connection is over, with the reason that goes into the connection history. */
  onEnd(listener: (reason: string) => void): void;
  end(ending: Ending): void;
}
