// The bus where several processes serve one shop: what one of them committed is told to the observers of all.
import { liveEventSchema } from "@waremind/contract";
import { z } from "zod";
import { type Bus, createBus } from "./bus.ts";
import type { Log } from "./log.ts";
import type { Nats } from "./nats.ts";

const relayedSchema = z.object({ from: z.string(), event: liveEventSchema });

/** At most once, over core NATS: an observer that missed an event reads again what it shows. */
export function createRelayedBus(
  nats: Nats,
  options: { readonly name: string; readonly processId: string; readonly log: Log },
): Bus {
  const local = createBus();
  const { processId, log } = options;
  const subject = `${options.name}.live`;
  nats.connection.subscribe(subject, {
    callback: (error, message) => {
      if (error !== null) return log.error({ err: error }, "Live events are no longer heard.");
      try {
        const { from, event } = relayedSchema.parse(message.json());
        if (from !== processId) local.publish(event);
      } catch (failure) {
        log.warn({ err: failure }, "A live event of another process could not be told.");
      }
    },
  });
  return {
    subscribe: local.subscribe,
    publish: (event) => {
      local.publish(event);
      // While NATS is away the client would keep them all.
      if (nats.isUp && !nats.connection.isClosed())
        nats.connection.publish(subject, JSON.stringify({ from: processId, event }));
    },
  };
}
